"""The credentials of the environment."""

import os
from typing import Final

#: For ``--help``.
CREDENTIALS: Final = """\
credentials come from the environment:
  AIC_TOKEN                     a bearer token; if set, it is the one used
  AIC_USERNAME, AIC_PASSWORD    PingIDM's own X-OpenIDM-Username and X-OpenIDM-Password"""


def headers_of_the_environment() -> dict[str, str]:
    """
    The headers that carry a caller's credential; none where the environment has none.

    Raises:
        ValueError: A credential makes no sense. Its value is not repeated: this ends up on a screen.
    """
    token, name, password = map(_credential, ("AIC_TOKEN", "AIC_USERNAME", "AIC_PASSWORD"))
    if token:
        return {"Authorization": f"Bearer {token}"}
    if name and password:
        # Without the last, each answer sets a cookie that makes the next read another one.
        return {"X-OpenIDM-Username": name, "X-OpenIDM-Password": password, "X-OpenIDM-NoSession": "true"}
    if name or password:
        raise ValueError("AIC_USERNAME and AIC_PASSWORD belong together, and one of them is not set")
    return {}


def _credential(variable: str) -> str:
    """A credential that can stand in a header."""
    value = os.environ.get(variable, "").strip()
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        value = "\n"
    if value and not value.isprintable():
        raise ValueError(f"{variable} holds a character that cannot stand in a header")
    return value
