"""The door without a socket."""

import http.client
import io
import time
from collections import deque
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
from .wire import sent


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
        stream: bool = False,  # noqa: ARG002  # requests names these
        timeout: Any = None,
        verify: Any = True,  # noqa: ARG002
        cert: Any = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> Response:
        """
        Answer a request.

        Raises:
            requests.ConnectionError: A fault broke the connection.
            requests.ReadTimeout: A fault delays the answer longer than *timeout* allows.
        """
        method, patience = request.method or "", _read_timeout(timeout)
        try:
            answer, fault = self._handle(_asked(request), patience=patience)
        except TimeoutError:
            raise exceptions.ReadTimeout("Read timed out.", request=request) from None
        try:
            if fault is not None and fault.connection == "reset":
                raise ConnectionResetError(104, "Connection reset by peer")
            raw = _heard(_Wire(sent(answer, method, fault), patience), method, request.url)
        except (OSError, HTTPException) as error:
            raise exceptions.ConnectionError(ProtocolError("Connection aborted.", error), request=request) from error
        return self.build_response(request, raw)


def _read_timeout(timeout: object) -> float | None:
    """Seconds, of whatever requests takes for a time-out."""
    if isinstance(timeout, Timeout):
        timeout = timeout.read_timeout
    read = cast("tuple[object, object]", timeout)[1] if isinstance(timeout, tuple) else timeout
    return read if isinstance(read, int | float) else None


def _asked(request: PreparedRequest) -> Request:
    """What the server would see of it."""
    parts = urlsplit(request.url or "")
    headers = tuple((str(name), _text(value)) for name, value in request.headers.items())
    host = _text(request.headers.get("Host") or parts.netloc.rpartition("@")[2])
    if "Host" not in request.headers:
        headers = (("Host", host), *headers)
    path = "/" + request.path_url.lstrip("/")
    return Request(request.method or "", path, headers, _bytes_of(request.body), f"{parts.scheme}://{host}")


class _Wire(io.RawIOBase):
    """A socket on which everything comes that will come, in its time."""

    def __init__(self, coming: list[tuple[float, bytes]], patience: float | None) -> None:
        self._coming = deque(coming)
        self._patience = patience

    def makefile(self, *_: object) -> io.BufferedReader:
        """What http.client reads from."""
        return _Reader(self)

    def readable(self) -> bool:
        """It is read from."""
        return True

    def readinto(self, buffer: Any) -> int:
        """
        Take the next bytes.

        Raises:
            TimeoutError: They do not come in time.
        """
        if not self._coming:
            return 0
        pause, piece = self._coming.popleft()
        if self._patience is not None and pause > self._patience:
            time.sleep(self._patience)
            raise TimeoutError("timed out")
        time.sleep(pause)
        size = min(len(buffer), len(piece))
        buffer[:size] = piece[:size]
        if piece[size:]:
            self._coming.appendleft((0.0, piece[size:]))
        return size


class _Reader(io.BufferedReader):
    """
    What http.client reads from.

    Where an answer that nobody has read is collected as garbage, this may be closed before the answer is, and
    Python 3.13 would complain that it cannot be flushed.
    """

    def flush(self) -> None:
        """There is nothing to write."""


def _heard(wire: _Wire, method: str, url: str | None) -> HTTPResponse:
    """
    An answer read as urllib3 reads one from a socket, so that what is broken breaks here in the same way.

    Raises:
        OSError: There is none, or it is broken off.
        http.client.HTTPException: It is no HTTP.
    """
    response = http.client.HTTPResponse(wire, method=method, url=url)  # type: ignore[arg-type]  # only its makefile is used
    response.begin()
    # Whether it holds a body against its Content-Length is urllib3's own default, which was another one before 2.0.
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
    return b"".join(_bytes_of(part) for part in body)  # type: ignore[attr-defined]  # a stream


def _text(value: str | bytes) -> str:
    """A header's value as it would arrive: what is not ISO 8859-1 is no header, and http.client says so."""
    return value.decode("latin-1") if isinstance(value, bytes) else value.encode("latin-1").decode("latin-1")
