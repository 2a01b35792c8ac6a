"""The key of AIC's logs."""

from typing import Any

from requests import PreparedRequest, Response
from requests.auth import AuthBase

from .departure import leave_behind
from .headers import HARMLESS

_NAMES = ("x-api-key", "x-api-secret")


class LogAPIKeyAuth(AuthBase):
    """
    An API key for ``/monitoring/logs``: ``session.get("/monitoring/logs", auth=LogAPIKeyAuth(key, secret))``.

    It goes out alone: whatever else on the request may be a credential (a session's Authorization, cookies, any
    header that is not known to be harmless) is taken off. It never follows a redirect to another origin, on a plain
    ``requests.Session`` either.

    Args:
        key: What the admin console calls ``api_key_id``.
        secret: ``api_key_secret``.

    Raises:
        ValueError: One of them is empty or cannot stand in a header; the message shows neither.

    A pickle of it holds both: it could not work without.

    Source: AIC documentation, "Get audit and debug logs" (``x-api-key``, ``x-api-secret``).
    """

    def __init__(self, key: str, secret: str) -> None:
        self._key = _checked("key", key)
        self._secret = _checked("secret", secret)

    def __repr__(self) -> str:
        return "LogAPIKeyAuth('***', '***')"

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Sign a request."""
        for name in [name for name, _ in r.headers.lower_items() if name not in HARMLESS]:
            del r.headers[name]
        r.headers.update(zip(_NAMES, (self._key, self._secret), strict=True))
        r.register_hook("response", self.stay_home)
        return r

    def stay_home(self, response: Response, **_: Any) -> Response:
        """The response hook: keep the key from going abroad."""
        leave_behind(response, _NAMES)
        return response


def _checked(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text, got {type(value).__name__}")
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError(f"{name} is empty or holds a character that cannot stand in a header")
    return value
