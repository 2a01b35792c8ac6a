"""The door without a socket."""

import io
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPMessage
from typing import Any, cast
from urllib.parse import urlsplit

from requests import PreparedRequest, Response, exceptions
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import ProtocolError

from .messages import Answer, Request
from .server import Handle


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
        timeout: Any = None,  # noqa: ARG002
        verify: Any = True,  # noqa: ARG002
        cert: Any = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> Response:
        """
        Answer a request.

        Raises:
            requests.ConnectionError: A fault broke the connection.
        """
        parts = urlsplit(request.url or "")
        asked = Request(
            request.method or "",
            "/" + request.path_url.lstrip("/"),
            tuple((str(name), _text(value)) for name, value in request.headers.items()),
            _bytes_of(request.body),
            f"{parts.scheme}://{_text(request.headers.get('Host') or parts.netloc)}",
        )
        answer, fault = self._handle(asked)
        connection = None if fault is None else fault.connection
        if answer is None or connection is not None:
            error = ConnectionResetError(104, "Connection reset by peer") if connection == "reset" else EOFError()
            raise exceptions.ConnectionError(ProtocolError("Connection aborted.", error), request=request)
        return self.build_response(request, _raw(answer, request.method or ""))


def _raw(answer: Answer, method: str) -> HTTPResponse:
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
    body = b"" if method == "HEAD" or answer.status == 304 else answer.body
    return HTTPResponse(
        io.BytesIO(body),
        headers=cast("Any", headers),
        status=answer.status,
        reason=phrase,
        preload_content=False,
        enforce_content_length=False,
        # requests reads cookies from here.
        original_response=_Original(message),  # type: ignore[arg-type]
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
