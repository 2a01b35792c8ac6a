"""What stands between session and server: it sees what is really sent, and can make it go wrong."""

import http.client
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from aic_requests.testing import Fault

from ..forwarder import Forwarder, Message, reset
from ..wire import Sent

#: There are no tokens here, so nothing goes wrong.
_NONE = Fault(revoke=True)


@dataclass(frozen=True)
class Seen(Sent):
    """
    A request as it came over the wire, and what became of it.

    Attributes:
        answers: What the client was answered; empty as long as there is no answer, or none in one piece.
    """

    answers: list[Message] = field(default_factory=list)

    @property
    def status(self) -> int:
        """What the client was answered; 0: nothing, or nothing whole."""
        return self.answers[0].status if self.answers else 0

    @property
    def match(self) -> str | None:
        return self.header("If-Match")

    @property
    def none_match(self) -> str | None:
        return self.header("If-None-Match")

    def answered(self, name: str) -> str | None:
        """The first value of a header of the answer."""
        return next((value for key, value in self.answers[0].headers if key.lower() == name.lower()), None)


class Witness(Forwarder):
    """
    Passes requests on, those of one connection over one connection, and remembers them.

    Attributes:
        sent: What came, in its order.
        faults: What is to go wrong, in the words of the fake tenant; the first that fits a request strikes.
    """

    def __init__(self, target: str) -> None:
        self.sent: list[Seen] = []
        self.faults: list[Fault] = []
        self._meanwhile: list[tuple[str, int, Callable[[], object]]] = []
        super().__init__(target)

    def meanwhile(self, method: str, action: Callable[[], object], *, after: int = 0) -> None:
        """Do something right before the next request of that method is passed on, or before a later one."""
        self._meanwhile.append((method, after, action))

    def asked(self, method: str) -> list[Seen]:
        """The requests of one method."""
        return [seen for seen in self.sent if seen.method == method]

    def _answer(self, connection: socket.socket, sent: Sent, upstream: http.client.HTTPConnection) -> bool:
        seen = Seen(sent.method, sent.path, sent.headers, sent.body)
        with self._lock:
            self.sent.append(seen)
            fault = next((one for one in self.faults if one.strikes(sent)), _NONE)
            due = self._due(sent.method)
        for action in due:
            action()
        if fault.delay:
            threading.Event().wait(fault.delay)

        strikes = fault.status is not None or fault.connection is not None
        answer = Message(200, [], b'{"cut":"short"}')
        for _ in range((fault.commit or not strikes) + fault.twice):
            answer = self._forward(sent, upstream)
        if fault.status is not None:
            answer = Message(fault.status, *fault.message())
        return self._send(connection, seen, answer, fault.connection)

    def _send(self, connection: socket.socket, seen: Seen, answer: Message, broken: str | None) -> bool:
        message = answer.as_bytes()
        if broken == "reset":
            reset(connection)
        elif broken == "headers":
            # In the middle of a header line.
            connection.sendall(message[: message.index(b"\r\n\r\n") - 3])
        elif broken == "truncate":
            connection.sendall(message[: len(message) - max(1, len(answer.body) // 2)])
        elif broken is None:
            # Before it goes out: who has the answer may ask what it was.
            seen.answers.append(answer)
            connection.sendall(message)
        return broken is None

    def _due(self, method: str) -> list[Callable[[], object]]:
        """What is to be done before this request; counts."""
        due = [action for wanted, after, action in self._meanwhile if wanted == method and after == 0]
        self._meanwhile = [
            (wanted, after - (wanted == method), action)
            for wanted, after, action in self._meanwhile
            if wanted != method or after > 0
        ]
        return due
