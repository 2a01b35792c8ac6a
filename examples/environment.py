"""What every example reads from the environment, and how it ends."""

import argparse
import os
import sys
from collections.abc import Callable

import requests

from aic_requests import AICSession

#: Where a managed user lives. Another realm has another collection.
USERS = "/openidm/managed/alpha_user"


def parser(doc: str | None) -> argparse.ArgumentParser:
    """A parser that knows the tenant."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--base-url", default=os.environ.get("AIC_BASE_URL"), help="the tenant (default: AIC_BASE_URL)")
    return made


def session(base_url: str | None) -> AICSession:
    """A session for the tenant, with the bearer token in AIC_TOKEN if there is one."""
    if not base_url:
        sys.exit("Which tenant? Give --base-url, or set AIC_BASE_URL.")
    made = AICSession(base_url)
    if token := os.environ.get("AIC_TOKEN"):
        made.headers["Authorization"] = f"Bearer {token}"
    return made


def run(main: Callable[[], int]) -> None:
    """Run a script: an error of the server or the network is one line and exit status 1."""
    try:
        sys.exit(main())
    except (requests.RequestException, ValueError, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
