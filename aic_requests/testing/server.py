"""The door over a real loopback socket."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Protocol

from .faults import Fault
from .messages import Answer, Request

#: A slow body comes in so many.
PIECES = 8


class Handle(Protocol):
    """Answers a request, in time or not at all: :meth:`Tenant.handle`."""

    def __call__(self, request: Request, *, patience: float | None = None) -> tuple[Answer | None, Fault | None]:
        """Wait no longer than *patience*, in seconds."""
        ...


class Server:
    """
    An HTTP/1.1 server on a free port of 127.0.0.1, a thread a connection.

    Args:
        handle: Answers a request; no answer closes the connection.
    """

    def __init__(self, handle: Handle, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self._handle = handle
        self._connections: set[socket.socket] = set()
        self._stopped = False
        self.url: str = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def start(self) -> None:
        """Accept connections, in the background."""
        threading.Thread(target=self._accept, name="tenant", daemon=True).start()

    def stop(self) -> None:
        """Close the door, and every connection."""
        self._stopped = True
        # Shutting it down wakes the accept; closing alone would not.
        for one in (self._listener, *list(self._connections)):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, address = self._listener.accept()
            except OSError:
                return
            self._connections.add(connection)
            if self._stopped:
                # It came in while the others were closed.
                connection.close()
                return
            threading.Thread(target=self._serve, args=(connection, address), daemon=True).start()

    def _serve(self, connection: socket.socket, address: tuple[str, int]) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Handler(connection, address, self)  # type: ignore[arg-type]  # needs no server of the library's
        except OSError:
            pass  # the other side is gone
        finally:
            self._connections.discard(connection)
            connection.close()

    def answer(self, request: Request) -> tuple[Answer | None, Fault | None]:
        """Ask the rules."""
        return self._handle(request)


def pieces(body: bytes) -> list[bytes]:
    """A body in pieces, fewer than :data:`PIECES` if it is very short."""
    size = max(1, -(-len(body) // PIECES))
    return [body[start : start + size] for start in range(0, len(body), size)]


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP with one connection."""

    protocol_version = "HTTP/1.1"
    server: Server  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Callable[[], None]:
        # Whatever the method is called: the rules know what to say to it.
        if name.startswith("do_"):
            return self._one
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _one(self) -> None:
        try:
            body = self._body()
        except ValueError:
            # Where the next request begins cannot be told.
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.close_connection = True
            return
        request = Request(
            self.command,
            self.path,
            tuple(self.headers.items()),
            body,
            f"http://{self.headers.get('Host', '')}",
        )
        answer, fault = self.server.answer(request)
        connection = None if fault is None else fault.connection
        if (
            answer is None
            or connection in ("drop", "reset")
            or (connection == "truncate" and not answer.content(self.command))
        ):
            self._hang_up(reset=connection == "reset")
            return
        message = self._message(answer)
        if connection == "headers":
            # In the middle of a header line.
            message = message[: message.index(b"\r\n\r\n") - 3]
        elif connection == "truncate":
            message = message[: len(message) - max(1, len(answer.body) // 2)]
        self._write(message, 0.0 if fault is None else fault.slow)
        if connection is not None:
            self._hang_up(reset=False)

    def _write(self, message: bytes, slow: float) -> None:
        """The whole answer at once, or its body in pieces."""
        head, end, body = message.partition(b"\r\n\r\n") if slow else (message, b"", b"")
        self.wfile.write(head + end)
        for piece in pieces(body):
            time.sleep(slow / PIECES)
            self.wfile.write(piece)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            body = b""
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return body
        length = int(self.headers.get("Content-Length") or 0)
        if length < 0:
            raise ValueError(length)
        return self.rfile.read(length)

    def _message(self, answer: Answer) -> bytes:
        """The whole answer in one piece."""
        try:
            phrase = HTTPStatus(answer.status).phrase
        except ValueError:
            phrase = ""
        lines = [f"HTTP/1.1 {answer.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        if answer.status != 304 and not any(name.lower() == "content-length" for name, _ in answer.headers):
            lines.append(f"Content-Length: {len(answer.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + answer.content(self.command)

    def _hang_up(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            # Closing with a linger of nothing sends RST.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()
