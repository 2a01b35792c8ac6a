"""A proxy between client and tenant, over real sockets, where things go wrong by a seed."""

import contextlib
import http.client
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

#: What can go wrong, and how often in a hundred requests; the rest goes well.
FAULTS = {
    "drop before the request": 2,
    "drop after the request": 2,
    "drop after the commit": 3,
    "drop within the headers": 2,
    "drop within the body": 2,
    "reset after the commit": 2,
    "stall": 1,
    "429": 2,
    "502 before the commit": 2,
    "502 after the commit": 2,
    "503 with Retry-After": 2,
    "503": 1,
    "504 after the commit": 2,
    "deliver twice": 3,
}

Message = tuple[int, bytes, bytes]


class FaultProxy:
    """
    Forwards each request over a connection of its own, or does what the seed says.

    Args:
        target: ``http://host:port`` of the tenant.
        seed: The nth request meets the same fault for the same seed.
        faults: Some of :data:`FAULTS`, and how often in a hundred.
    """

    def __init__(self, target: str, *, seed: int, faults: dict[str, int] = FAULTS, stall: float = 0.6) -> None:
        self._target = target.removeprefix("http://")
        self._seed = seed
        self._faults = faults
        self._stall = stall
        self._count = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.happened: Counter[str] = Counter()
        self.methods: Counter[str] = Counter()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError, http.client.HTTPException), connection, connection.makefile("rb") as lines:
            while (request := read_request(lines)) is not None:
                if not self._answer(connection, *request):
                    return

    def _answer(self, connection: socket.socket, method: str, path: str, headers: dict[str, str], body: bytes) -> bool:
        """Answer one request; False ends the connection."""
        fault = self._next(method)
        if fault == "drop before the request":
            return False
        if fault == "drop after the request":
            threading.Thread(target=self._forward, args=(method, path, headers, body), daemon=True).start()
            return False
        early = {
            "429": (429, b"Retry-After: 0\r\n", b'{"code":429}'),
            "502 before the commit": (502, b"Content-Type: text/html\r\n", b"<html>502</html>"),
            "503 with Retry-After": (503, b"Retry-After: 1\r\n", b'{"code":503}'),
            "503": (503, b"", b""),
        }.get(fault)
        if early is not None:
            connection.sendall(as_bytes(early))
            return True

        answer = self._forward(method, path, headers, body)
        if fault == "deliver twice":
            answer = self._forward(method, path, headers, body)
        elif fault == "502 after the commit":
            answer = 502, b"Content-Type: text/html\r\n", b"<html>502</html>"
        elif fault == "504 after the commit":
            answer = 504, b"", b""
        message = as_bytes(answer)
        head = message.index(b"\r\n\r\n")
        if fault == "drop after the commit":
            return False
        if fault == "reset after the commit":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if fault == "stall":
            threading.Event().wait(self._stall)
            return False
        if fault == "drop within the headers":
            connection.sendall(message[: random.Random(self._count).randint(5, head)])
            return False
        if fault == "drop within the body":
            connection.sendall(message[: max(head + 4, len(message) - 5)])
            return False
        connection.sendall(message)
        return True

    def _next(self, method: str) -> str:
        with self._lock:
            self._count += 1
            self.methods[method] += 1
            draw = random.Random(f"{self._seed}:{self._count}").uniform(0, 100)
            struck = "none"
            for fault, share in self._faults.items():
                if 0 <= draw < share:
                    struck = fault
                draw -= share
            self.happened[struck] += 1
            return struck

    def _forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Message:
        upstream = http.client.HTTPConnection(self._target, timeout=10)
        try:
            upstream.request(method, path, body or None, headers)
            response = upstream.getresponse()
            kept = b"".join(
                f"{name}: {value}\r\n".encode("latin-1")
                for name, value in response.getheaders()
                if name.lower() not in ("content-length", "transfer-encoding", "connection")
            )
            return response.status, kept, response.read()
        finally:
            upstream.close()


def read_request(lines) -> tuple[str, str, dict[str, str], bytes] | None:
    """One request; None at the end of the connection."""
    first = lines.readline().split()
    if len(first) < 2:
        return None
    headers = {}
    while (line := lines.readline().strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers[name] = value.strip()
    size = next((int(value) for name, value in headers.items() if name.lower() == "content-length"), 0)
    return first[0].decode(), first[1].decode(), headers, lines.read(size)


def as_bytes(answer: Message) -> bytes:
    status, headers, body = answer
    length = b"" if status == 304 else b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 %d Answered\r\n%s%s\r\n%s" % (status, headers, length, b"" if status == 304 else body)


@contextmanager
def faulty(target: str, *, seed: int, faults: dict[str, int] = FAULTS) -> Iterator[FaultProxy]:
    """A proxy for a block."""
    proxy = FaultProxy(target, seed=seed, faults=faults)
    try:
        yield proxy
    finally:
        proxy.close()
