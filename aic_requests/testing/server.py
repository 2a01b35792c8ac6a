"""The door over a real loopback socket."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Protocol

from .faults import Fault
from .messages import Answer, Request
from .wire import sent


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


def _in_origin_form(target: str) -> str:
    """Path and query of a target, which clients send to a proxy with the origin, and servers must take (RFC 9112)."""
    scheme, found, rest = target.partition("://")
    return f"/{rest.partition('/')[2]}" if found and scheme.lower() in ("http", "https") else target


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP with one connection."""

    protocol_version = "HTTP/1.1"
    server: Server  # type: ignore[assignment]  # no other makes it

    def __getattr__(self, name: str) -> Callable[[], None]:
        # Whatever the method is called: the rules know what to say to it.
        if name.startswith("do_"):
            return self._one
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its base's name
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
            _in_origin_form(self.path),
            tuple(self.headers.items()),
            body,
            f"http://{self.headers.get('Host', '')}",
        )
        answer, fault = self.server.answer(request)
        coming = sent(answer, self.command, fault)
        for pause, piece in coming:
            time.sleep(pause)
            self.wfile.write(piece)
        if not coming or (fault is not None and fault.connection is not None):
            self._hang_up(reset=fault is not None and fault.connection == "reset")

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
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionError("the body ends before its end")
        return body

    def _hang_up(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            # Closing with a linger of nothing sends RST.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()
