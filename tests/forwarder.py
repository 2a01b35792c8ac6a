"""Something between client and server, over real sockets, that passes requests on."""

import contextlib
import http.client
import socket
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from .listener import Listener
from .wire import Sent

#: Headers that say how a message was framed on one connection, and nothing to the next one.
_OF_THE_CONNECTION = {"transfer-encoding", "connection"}


@dataclass(frozen=True)
class Message:
    """An answer on its way back."""

    status: int
    headers: Iterable[tuple[str, str]] = ()
    body: bytes = b""
    reason: str = "Answered"

    def as_bytes(self) -> bytes:
        """In one piece. A 304 keeps the Content-Length it came with: CREST's promises a body that never comes."""
        lines = [f"HTTP/1.1 {self.status} {self.reason}"]
        for name, value in self.headers:
            if name.lower() not in _OF_THE_CONNECTION and (name.lower() != "content-length" or self.status == 304):
                lines.append(f"{name}: {value}")
        if self.status != 304:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if self.status == 304 else self.body)


class Forwarder:
    """
    Has a port of its own. What is answered is the heirs' affair.

    Args:
        target: ``http://host:port`` of the server.
    """

    def __init__(self, target: str) -> None:
        self._target = target.removeprefix("http://")
        self._lock = threading.Lock()
        self.connections = 0
        listener = Listener(self._serve)
        self.url = f"http://{listener.address}"
        self.close = listener.close

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self.connections += 1
        with (
            contextlib.suppress(http.client.HTTPException),
            contextlib.closing(self._upstream()) as upstream,
            connection.makefile("rb") as lines,
        ):
            while (sent := read_request(lines)) is not None:
                if not self._answer(connection, sent, upstream):
                    return

    def _answer(self, connection: socket.socket, sent: Sent, upstream: http.client.HTTPConnection) -> bool:
        """Answer one request; False ends the connection."""
        raise NotImplementedError

    def _upstream(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._target, timeout=10)

    def _forward(self, sent: Sent, upstream: http.client.HTTPConnection) -> Message:
        """Ask the server the same: nothing is added, nothing left out."""
        upstream.putrequest(sent.method, sent.path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.headers:
            upstream.putheader(name, value.encode("latin-1"))
        upstream.endheaders(sent.body or None)
        answer = upstream.getresponse()
        return Message(answer.status, answer.getheaders(), answer.read(), answer.reason)


def read_request(lines: BinaryIO) -> Sent | None:
    """One request; None at the end of the connection."""
    first = lines.readline().split()
    if len(first) < 2:
        return None
    headers = []
    while (line := lines.readline().strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name, value.strip()))
    size = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    return Sent(first[0].decode(), first[1].decode(), headers, lines.read(size))


def reset(connection: socket.socket) -> None:
    """Have the connection end with a TCP reset when it is closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
