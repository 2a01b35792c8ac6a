"""The door without a socket."""

import io
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPMessage
from typing import Any, cast
from urllib.parse import urlsplit

from requests import PreparedRequest, Response, exceptions
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse, Timeout
from urllib3.exceptions import ProtocolError

from .messages import Answer, Request
from .server import PIECES, Handle, pieces


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
            requests.ReadTimeout: A fault delays the answer longer than *timeout* allows.
        """
        parts = urlsplit(request.url or "")
        asked = Request(
            request.method or "",
            "/" + request.path_url.lstrip("/"),
            tuple((str(name), _text(value)) for name, value in request.headers.items()),
            _bytes_of(request.body),
            f"{parts.scheme}://{_text(request.headers.get('Host') or parts.netloc)}",
        )
        patience = _read_timeout(timeout)
        try:
            answer, fault = self._handle(asked, patience=patience)
        except TimeoutError:
            raise exceptions.ReadTimeout("Read timed out.", request=request) from None
        connection = None if fault is None else fault.connection
        if (
            answer is None
            or connection in ("drop", "reset", "headers")
            or (connection is not None and not answer.content(asked.method))
        ):
            error = ConnectionResetError(104, "Connection reset by peer") if connection == "reset" else EOFError()
            raise exceptions.ConnectionError(ProtocolError("Connection aborted.", error), request=request)
        slow = 0.0 if fault is None else fault.slow
        raw = _raw(answer, request.method or "", cut=connection == "truncate", slow=slow, patience=patience)
        return self.build_response(request, raw)


def _read_timeout(timeout: object) -> float | None:
    """Seconds, of whatever requests takes for a time-out."""
    if isinstance(timeout, Timeout):
        timeout = timeout.read_timeout
    read = cast("tuple[object, object]", timeout)[1] if isinstance(timeout, tuple) else timeout
    return read if isinstance(read, int | float) else None


class _Body(io.BytesIO):
    """A body that takes its time."""

    def __init__(self, content: bytes, slow: float, patience: float | None) -> None:
        super().__init__(content)
        self._size = len(pieces(content)[0]) if content else 1
        self._pause = slow / PIECES if slow else 0.0
        self._patience = patience

    def read(self, amount: int | None = -1, /) -> bytes:
        if not self._pause:
            return super().read(amount)
        given = b""
        while (amount is None or amount < 0 or len(given) < amount) and self.tell() < len(self.getbuffer()):
            if self._patience is not None and self._pause > self._patience:
                time.sleep(self._patience)
                raise TimeoutError("the body is slow")
            time.sleep(self._pause)
            given += super().read(self._size if amount is None or amount < 0 else min(self._size, amount - len(given)))
        return given


def _raw(answer: Answer, method: str, *, cut: bool, slow: float, patience: float | None) -> HTTPResponse:
    headers = [(name, value.encode("latin-1", "replace").decode("latin-1")) for name, value in answer.headers]
    if answer.status != 304 and not any(name.lower() == "content-length" for name, _ in headers):
        headers.append(("Content-Length", str(len(answer.body))))
    message = HTTPMessage()
    for name, value in headers:
        message[name] = value
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = ""
    body = answer.content(method)
    # Of a body that is cut urllib3 notices what it notices over a socket: before 2.0, nothing.
    held: dict[str, Any] = {} if cut else {"enforce_content_length": False}
    return HTTPResponse(
        _Body(body[: len(body) - max(1, len(body) // 2)] if cut else body, slow, patience),
        headers=cast("Any", headers),
        status=answer.status,
        reason=phrase,
        preload_content=False,
        # requests reads cookies from here.
        original_response=_Original(message),  # type: ignore[arg-type]
        **held,
    )


class _Original:
    """What http.client would have left behind."""

    def __init__(self, message: HTTPMessage) -> None:
        self.msg = message

    def isclosed(self) -> bool:
        """Nothing to close."""
        return True

    def close(self) -> None:
        """Nothing to close."""


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
    return value.decode("latin-1") if isinstance(value, bytes) else value
