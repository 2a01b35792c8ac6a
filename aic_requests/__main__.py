"""``python -m aic_requests``: the walk."""

import argparse
import os
import sys
from collections.abc import Sequence

from requests import RequestException

from .session import AICSession
from .testing import Tenant
from .walk import Deviation, page_for, read_only_walk, walk

_ENVIRONMENT = """\
credentials for --base-url come from the environment:
  AIC_TOKEN                     a bearer token
  AIC_USERNAME, AIC_PASSWORD    for PingIDM's own X-OpenIDM-Username and X-OpenIDM-Password
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the walk.

    Returns:
        0 if every step went as told, 1 if not, 2 if the arguments make no sense (argparse exits with it).
    """
    parser = argparse.ArgumentParser(
        prog="python -m aic_requests",
        description="Shows what the library does, on a tenant of its own. With --base-url it only reads, on a real "
        "tenant, and changes nothing there.",
        epilog=_ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--base-url", help="a real tenant, such as https://tenant.example.com")
    parser.add_argument("--path", default="/openidm/info/login", help="what to read there (default: %(default)s)")
    given = parser.parse_args(arguments)
    try:
        session = None if given.base_url is None else _session(given.base_url)
    except ValueError as error:
        parser.error(str(error))

    page = page_for(sys.stdout)
    try:
        if session is None:
            with Tenant() as tenant:
                walk(tenant, page)
        else:
            read_only_walk(session, given.path, page)
    except (Deviation, RequestException) as error:
        print(f"\nThis did not go as told: {_without_url(error)}", file=sys.stderr)
        return 1
    page.say()
    page.say("Every step went as told.")
    return 0


def _session(base_url: str) -> AICSession:
    session = AICSession(base_url)
    token, name, password = (os.environ.get(key) for key in ("AIC_TOKEN", "AIC_USERNAME", "AIC_PASSWORD"))
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    elif name and password:
        session.headers.update({"X-OpenIDM-Username": name, "X-OpenIDM-Password": password})
        # Without it, each answer sets a cookie that makes the next read another one.
        session.headers["X-OpenIDM-NoSession"] = "true"
    return session


def _without_url(error: Exception) -> str:
    """Our own words are one safe line; those of requests may hold a whole URL."""
    if type(error).__module__.startswith("aic_requests"):
        return str(error)
    return f"{type(error).__name__}: no answer from the server. Is the address right, and can it be reached?"


if __name__ == "__main__":
    sys.exit(main())
