"""Whether a write that failed may have been carried out."""

import ssl
from collections.abc import Iterator
from typing import cast

from requests import exceptions as requests_errors
from urllib3 import exceptions as urllib3_errors

#: Raised before anything is sent: something about the request is wrong.
_NEVER_SENT = (
    requests_errors.InvalidURL,
    requests_errors.MissingSchema,
    requests_errors.InvalidSchema,
    requests_errors.InvalidHeader,
    requests_errors.InvalidProxyURL,
    requests_errors.ConnectTimeout,
)

#: No connection, so nothing went over it. Name look-ups and refused connections are of these.
_NOT_CONNECTED = (urllib3_errors.NewConnectionError, urllib3_errors.ConnectTimeoutError, ssl.SSLCertVerificationError)

#: Set on an error of signing in: the request that wanted to be signed has not been carried out.
_OF_SIGNING_IN = "aic_signing_in"


def of_signing_in(error: requests_errors.RequestException) -> None:
    """Note on an error that it befell the call for a token, and not the request that needs one."""
    setattr(error, _OF_SIGNING_IN, True)


def maybe_applied(error: BaseException) -> bool:
    """
    Tell whether the server may have carried out the write that raised this.

    Where it may, sending the write again may do it twice: read the resource first. ``session.update``
    does so by itself.

    Args:
        error: Any exception of a request, of requests' own too.

    Returns:
        False where the server cannot have carried it out:
        the request was not sent (a wrong URL or header, an unknown host, a refused connection, a
        connect time-out, a certificate that is not trusted, no token to sign it with), or the server refused it
        (4xx, 429 and 412 among them, and 501).

        True where it may have:
        the connection broke after sending, the answer did not come in time or not in one piece, or
        somebody on the way, or the server itself, failed while it was at work (500, 502, 503, 504 and
        the rest of 5xx; OpenIDM answers 503 to a connector's time-out, after which the write may
        still be carried out). So it is for anything this function does not know.

    Raises:
        TypeError: It is no exception.

    >>> from aic_requests import NotFound
    >>> maybe_applied(NotFound("no such user"))
    False
    """
    if not isinstance(cast("object", error), BaseException):
        raise TypeError(f"maybe_applied takes the exception that a write has raised, not {type(error).__name__}")
    if isinstance(error, _NEVER_SENT) or getattr(error, _OF_SIGNING_IN, False):
        return False
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None) or getattr(error, "status_code", None)
    if isinstance(error, requests_errors.HTTPError) and isinstance(status, int):
        return status >= 500 and status != 501
    if isinstance(error, requests_errors.InvalidJSONError):
        # The body to send was no JSON; but "no JSON" of an answer comes after the write.
        return isinstance(error, requests_errors.JSONDecodeError)
    return not any(isinstance(reason, _NOT_CONNECTED) or _is_refusal_of_proxy(reason) for reason in _reasons(error))


def _reasons(error: BaseException) -> Iterator[BaseException]:
    """The error and those that requests and urllib3 have wrapped in it."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        reason = waiting.pop()
        if isinstance(reason, BaseException) and id(reason) not in seen:
            seen.add(id(reason))
            yield reason
            waiting += [*reason.args, getattr(reason, "reason", None), getattr(reason, "original_error", None)]


def _is_refusal_of_proxy(error: BaseException) -> bool:
    """http.client's own error where a proxy does not open the tunnel that a request would go through."""
    return isinstance(error, OSError) and str(error).startswith("Tunnel connection failed")
