"""What every example takes from the environment, and how it ends."""

import argparse
import os
import sys
from collections.abc import Callable
from urllib.parse import quote

import requests

from aic_requests import AICError, AICSession, LogAPIKeyAuth, ServiceAccountAuth

_EPILOG = """\
from the environment:
  AIC_BASE_URL                  the tenant, unless --base-url names it
  AIC_SERVICE_ACCOUNT, AIC_JWK  the id of a service account, and its key: JSON, or the path of its file
  AIC_TOKEN                     or a bearer token
  AIC_USERNAME, AIC_PASSWORD    or, for self-hosted IDM, its X-OpenIDM-Username and X-OpenIDM-Password
"""


def parser(doc: str | None, epilog: str = _EPILOG) -> argparse.ArgumentParser:
    """A parser that knows the tenant."""
    made = argparse.ArgumentParser(description=doc, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--base-url", default=os.environ.get("AIC_BASE_URL"), help="the tenant (default: AIC_BASE_URL)")
    return made


def parser_for_users(doc: str | None) -> argparse.ArgumentParser:
    """A parser that knows where the users are, too."""
    made = parser(doc)
    made.add_argument(
        "--users", metavar="PATH", default="/openidm/managed/alpha_user", help="their collection (default: %(default)s)"
    )
    return made


def at_least(least: int) -> Callable[[str], int]:
    """For ``type=`` of an argument: a number that is not below this."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {least} on")
        return int(text)

    return number


def resource(collection: str, resource_id: str) -> str:
    """
    The path of a resource: whatever is in its id, the path stays in its collection.

    Raises:
        ValueError: No resource has such an id.
    """
    if resource_id in ("", ".", "..") or not resource_id.isprintable():
        raise ValueError(f"{resource_id!r} is no _id")
    return f"{collection.rstrip('/')}/{quote(resource_id, safe='')}"


def session(base_url: str | None) -> AICSession:
    """
    A session for the tenant, with the credentials in the environment.

    Raises:
        ValueError: There is no tenant, or a credential makes no sense.
    """
    made = AICSession(tenant_of(base_url))
    token, (name, password) = _credential("AIC_TOKEN"), user()
    account, key = _credential("AIC_SERVICE_ACCOUNT"), os.environ.get("AIC_JWK", "").strip()
    if account and key:
        made.auth = ServiceAccountAuth(account, key)
    elif account or key:
        raise ValueError("AIC_SERVICE_ACCOUNT and AIC_JWK belong together, and one of them is not set")
    elif token:
        made.headers["Authorization"] = f"Bearer {token}"
    elif name and password:
        made.headers.update({"X-OpenIDM-Username": name, "X-OpenIDM-Password": password})
        # Else each answer sets a cookie, with which nothing is found in memory again.
        made.headers["X-OpenIDM-NoSession"] = "true"
    return made


def session_for_logs(base_url: str | None) -> AICSession:
    """
    A session for the tenant's logs, with the key in the environment.

    Raises:
        ValueError: There is no tenant, or no key.
    """
    made = AICSession(tenant_of(base_url))
    key, secret = map(_credential, ("AIC_LOG_API_KEY", "AIC_LOG_API_SECRET"))
    if not key or not secret:
        raise ValueError("which key? Set AIC_LOG_API_KEY and AIC_LOG_API_SECRET")
    made.auth = LogAPIKeyAuth(key, secret)
    return made


def tenant_of(base_url: str | None) -> str:
    """
    Where the tenant is.

    Raises:
        ValueError: Nobody has said so.
    """
    if not base_url:
        raise ValueError("which tenant? Give --base-url, or set AIC_BASE_URL")
    return base_url


def user() -> tuple[str, str]:
    """
    Name and password; two empty texts if there are none.

    Raises:
        ValueError: One without the other.
    """
    name, password = _credential("AIC_USERNAME"), _credential("AIC_PASSWORD")
    if bool(name) != bool(password):
        raise ValueError("AIC_USERNAME and AIC_PASSWORD belong together, and one of them is not set")
    return name, password


def _credential(variable: str) -> str:
    # Checked here, since the error of requests would repeat it.
    value = os.environ.get(variable, "").strip()
    if value and not (value.isascii() and value.isprintable()):
        raise ValueError(f"{variable} holds a character that cannot stand in a header")
    return value


def run(main: Callable[[], int]) -> None:
    """Run a script. What stops it is one line on stderr, and exit status 2."""
    try:
        status = main()
    except KeyboardInterrupt:
        status = 130
    except AICError as error:
        status = _complain(str(error))
    except requests.RequestException as error:
        # Their own words may hold a whole URL.
        status = _complain(f"no answer, or one that broke on the way ({type(error).__name__}): is the address right?")
    except (ValueError, OSError) as error:
        status = _complain(str(error))
    sys.exit(status)


def _complain(words: str) -> int:
    print(words, file=sys.stderr)
    return 2
