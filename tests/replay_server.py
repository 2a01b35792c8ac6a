"""A real socket that answers with raw bytes: what a server once said, to the letter."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import parse_headers
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import BinaryIO


@dataclass(frozen=True)
class Received:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class HangUp(Exception):
    """Raised by an answer: the connection ends here."""


#: Writes the answer to a request. Raises HangUp to close the connection.
Answer = Callable[[Received, BinaryIO], None]


@dataclass
class Replay:
    """
    Where the server is, what it says, and what it heard.

    Attributes:
        answer: Says what comes next; a test replaces it as it goes.
        connections: How many were accepted.
        open: How many of them have not been closed yet.
    """

    url: str = ""
    answer: Answer = lambda received, wire: None
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    all_closed: threading.Condition = field(default_factory=threading.Condition)
    open: int = 0

    def wait_until_closed(self, seconds: float = 5) -> bool:
        """Whether every connection has been closed, by either side, within some seconds."""
        with self.all_closed:
            return self.all_closed.wait_for(lambda: self.open == 0, seconds)


def http(status: int, headers: list[tuple[str, str]], body: bytes, *, reason: str = "") -> bytes:
    """An answer as bytes, with the length of its body."""
    return head(status, [*headers, ("Content-Length", str(len(body)))], reason=reason) + body


def head(status: int, headers: list[tuple[str, str]], *, reason: str = "") -> bytes:
    """A status line and headers; latin-1, as HTTP/1 has it."""
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def chunk(body: bytes) -> bytes:
    """One chunk of a chunked body; that of b"" is the last."""
    return b"%x\r\n%b\r\n" % (len(body), body)


def always(answer: bytes) -> Answer:
    """Say the same to everybody."""
    return lambda received, wire: write(wire, answer)


def write(wire: BinaryIO, answer: bytes) -> None:
    wire.write(answer)
    wire.flush()


@contextmanager
def replaying() -> Iterator[Replay]:
    """Serve on a port of its own until the end of the block."""
    replay = Replay()

    class Handler(StreamRequestHandler):
        disable_nagle_algorithm = True
        wbufsize = 65536

        def setup(self) -> None:
            with replay.all_closed:
                replay.connections += 1
                replay.open += 1
            super().setup()

        def handle(self) -> None:
            with suppress(HangUp, ConnectionError):
                while received := _received(self.rfile):
                    replay.received.append(received)
                    replay.answer(received, self.wfile)

        def finish(self) -> None:
            with suppress(OSError):
                self.request.shutdown(socket.SHUT_RDWR)
            with suppress(OSError):
                super().finish()
            with replay.all_closed:
                replay.open -= 1
                replay.all_closed.notify_all()

    class Server(ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        replay.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield replay
        finally:
            server.shutdown()


def _received(wire: BinaryIO) -> Received | None:
    """The next request; None where the client has hung up."""
    line = wire.readline(65537)
    if not line.strip():
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = parse_headers(wire)
    if "chunked" in headers.get("Transfer-Encoding", ""):
        body = b""
        while size := int(wire.readline(), 16):
            body += wire.read(size)
            wire.readline()
        wire.readline()
    else:
        body = wire.read(int(headers.get("Content-Length", 0)))
    return Received(method, target, headers.items(), body)
