"""A proxy between client and tenant, over real sockets, where things go wrong by a seed."""

import contextlib
import http.client
import random
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from .forwarder import Forwarder, Message, reset
from .wire import Sent

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

BAD_GATEWAY = Message(502, [("Content-Type", "text/html")], b"<html>502</html>")


class FaultProxy(Forwarder):
    """
    Forwards each request over a connection of its own, or does what the seed says.

    Args:
        target: ``http://host:port`` of the tenant.
        seed: The nth request meets the same fault for the same seed.
        faults: Some of :data:`FAULTS`, and how often in a hundred.
    """

    def __init__(self, target: str, *, seed: int, faults: dict[str, int] = FAULTS, stall: float = 0.6) -> None:
        self._seed = seed
        self._faults = faults
        self._stall = stall
        self._count = 0
        self.happened: Counter[str] = Counter()
        self.methods: Counter[str] = Counter()
        super().__init__(target)

    def _answer(self, connection: socket.socket, sent: Sent, _upstream: http.client.HTTPConnection) -> bool:
        fault = self._next(sent.method)
        if fault == "drop before the request":
            return False
        if fault == "drop after the request":
            threading.Thread(target=self._forward_alone, args=(sent,), daemon=True).start()
            return False
        early = {
            "429": Message(429, [("Retry-After", "0")], b'{"code":429}'),
            "502 before the commit": BAD_GATEWAY,
            "503 with Retry-After": Message(503, [("Retry-After", "1")], b'{"code":503}'),
            "503": Message(503),
        }.get(fault)
        if early is not None:
            connection.sendall(early.as_bytes())
            return True

        answer = self._forward_alone(sent)
        if fault == "deliver twice":
            answer = self._forward_alone(sent)
        elif fault == "502 after the commit":
            answer = BAD_GATEWAY
        elif fault == "504 after the commit":
            answer = Message(504)
        message = answer.as_bytes()
        head = message.index(b"\r\n\r\n")
        if fault == "drop after the commit":
            return False
        if fault == "reset after the commit":
            reset(connection)
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

    def _forward_alone(self, sent: Sent) -> Message:
        with contextlib.closing(self._upstream()) as upstream:
            return self._forward(sent, upstream)


@contextmanager
def faulty(target: str, *, seed: int, faults: dict[str, int] = FAULTS) -> Iterator[FaultProxy]:
    """A proxy for a block."""
    proxy = FaultProxy(target, seed=seed, faults=faults)
    try:
        yield proxy
    finally:
        proxy.close()
