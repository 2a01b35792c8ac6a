"""The door without a socket."""

import http.client
import io
import time
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, cast
from urllib.parse import urlsplit

from requests import PreparedRequest, Response, exceptions
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse, Timeout
from urllib3.exceptions import ProtocolError

from .messages import Request
from .server import Handle
from .wire import written


class TenantAdapter(HTTPAdapter):
    """
    Answers a session's requests by the tenant's rules, in this thread.

    Args:
        handle: Answers a request.
    """

    def __init__(self, handle: Handle) -> None:
        super().__init__()
        self._handle = handle

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002
        timeout: Any = None,
        verify: Any = True,  # noqa: ARG002
        cert: Any = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> Response:
        """
        Answer a request.

        Raises:
            requests.ConnectionError: A fault broke the connection.
            requests.ReadTimeout: The answer took longer than the caller waits.
        """
        method = request.method or ""
        patience = _patience(timeout)
        start = time.monotonic()
        answer, fault = self._handle(_asked(request))
        if patience is not None and time.monotonic() - start > patience:
            raise exceptions.ReadTimeout(f"Read timed out. (read timeout={patience})", request=request)
        connection = None if fault is None else fault.connection
        try:
            if connection == "reset":
                raise ConnectionResetError(104, "Connection reset by peer")
            heard = b"" if answer is None or connection == "drop" else written(answer, method, connection)
            raw = _heard(heard, method, request.url)
        except (OSError, HTTPException) as error:
            raise exceptions.ConnectionError(ProtocolError("Connection aborted.", error), request=request) from error
        return self.build_response(request, raw)


def _patience(timeout: Any) -> float | None:
    """Seconds that the caller waits for an answer; None: for ever."""
    if isinstance(timeout, Timeout):
        timeout = timeout.read_timeout
    wanted = cast("Any", timeout[1] if isinstance(timeout, tuple) else timeout)
    return float(wanted) if isinstance(wanted, int | float) else None


def _asked(request: PreparedRequest) -> Request:
    """What the server would see of it."""
    parts = urlsplit(request.url or "")
    headers = tuple((str(name), _text(value)) for name, value in request.headers.items())
    host = _text(request.headers.get("Host") or parts.netloc.rpartition("@")[2])
    if "Host" not in request.headers:
        headers = (("Host", host), *headers)
    path = "/" + request.path_url.lstrip("/")
    return Request(request.method or "", path, headers, _bytes_of(request.body), f"{parts.scheme}://{host}")


class _Wire:
    """A socket of which all that will come is there."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, *_: object) -> io.BytesIO:
        """What http.client reads from."""
        return io.BytesIO(self._content)


def _heard(content: bytes, method: str, url: str | None) -> HTTPResponse:
    """
    An answer read as urllib3 reads one from a socket, so that what is broken breaks here in the same way.

    Raises:
        OSError: There is none, or it is broken off.
        http.client.HTTPException: It is no HTTP.
    """
    response = http.client.HTTPResponse(_Wire(content), method=method, url=url)  # type: ignore[arg-type]
    response.begin()
    return HTTPResponse(
        # Its types leave out what urllib3 itself puts there.
        cast("Any", response),
        headers=cast("Any", response.msg.items()),
        status=response.status,
        reason=response.reason,
        version=response.version,
        preload_content=False,
        decode_content=False,
        original_response=cast("Any", response),
        enforce_content_length=True,
        request_method=method,
        request_url=url,
    )


def _bytes_of(body: object) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes):
        return body
    read = getattr(body, "read", None)
    if read is not None:
        return _bytes_of(read())
    return b"".join(_bytes_of(part) for part in body)  # type: ignore[attr-defined]


def _text(value: str | bytes) -> str:
    """A header's value as it would arrive: what is not ISO 8859-1 is no header, and http.client says so."""
    return value.decode("latin-1") if isinstance(value, bytes) else value.encode("latin-1").decode("latin-1")
