"""The adapter that a session mounts by default."""

from typing import TYPE_CHECKING, Final, cast

from requests import PreparedRequest, Response
from urllib3 import Retry

from .retries import Retries
from .shortcuts import HTTPAdapter
from .whole_number import whole_number

if TYPE_CHECKING:
    from requests import _types as _t

#: Seconds to wait for a connection, and for each piece of the answer. Also stands for "no timeout
#: was given", compared by identity: ``timeout=None`` means none.
DEFAULT_TIMEOUT: Final = (5.0, 60.0)


#: Connections kept for the next request: twice as many as Python's own pool of threads has workers at most. With
#: requests' 10, each wave of 32 requests throws 22 away and makes them anew.
CONNECTIONS: Final = 64


class Transport(HTTPAdapter):
    """requests' own adapter, which does not send a body again that can be read only once."""

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: "_t.TimeoutType" = None,
        verify: "_t.VerifyType" = True,
        cert: "_t.CertType" = None,
        proxies: dict[str, str] | None = None,
    ) -> Response:
        """Send a request, as ``HTTPAdapter.send`` does."""
        if can_be_read_again(request.body):
            return super().send(request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=proxies)
        # urllib3 would send a consumed generator as an empty body. A connection that could not be made
        # has consumed nothing.
        # Of the caller's own class: what it checks of a certificate is checked for this body too.
        once = object.__new__(type(self))
        once.__dict__.update(self.__dict__)
        once.max_retries = self.max_retries.new(status_forcelist=(), respect_retry_after_header=False, read=False)
        return HTTPAdapter.send(
            once, request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=proxies
        )


def retries_of(retries: Retry | int | None) -> Retry:
    """
    Read the ``retries`` of a session.

    Args:
        retries: urllib3's own object, a number of retries under our rules, or None (or 0) for none.

    Raises:
        TypeError: It is something else.
        ValueError: It is a negative number.
    """
    if isinstance(retries, Retry):
        return retries
    if isinstance(retries, bool) or not isinstance(cast("object", retries), int | None):
        raise TypeError(f"retries is a urllib3.Retry, a number or None, got {type(retries).__name__}")
    total = whole_number("retries", retries or 0, of="retries", least=0)
    # As requests has it: not even a read is repeated.
    return Retries(total) if total else Retry(0, read=False)


def can_be_read_again(body: object) -> bool:
    """Bytes and text can; a file can if it seeks; anything else is read once."""
    return body is None or isinstance(body, bytes | bytearray | str) or hasattr(body, "seek")
