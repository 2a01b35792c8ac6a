"""A server in front of the tenant that differs from it where a test says so, over real sockets."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from .replay_server import HangUp, Received, Replay, head, replaying, write

#: Of one connection, or computed anew here.
_HOP = {"connection", "content-length", "transfer-encoding", "host"}


@dataclass(frozen=True)
class Reply:
    """
    An answer on its way back.

    Attributes:
        status: The HTTP status.
        headers: Without Content-Length.
        body: Bytes; of a 304 they go out only if there are any.
        late: Seconds before the body follows the headers.
        ends: The connection is closed afterwards.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    late: float = 0.0
    ends: bool = False

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def having(self, **headers: str | None) -> "Reply":
        """With other headers, or without: ``ETag='"7"'``, ``ETag=None``."""
        new = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = [pair for pair in self.headers if pair[0].lower() not in {name.lower() for name in new}]
        return replace(self, headers=(*kept, *((name, value) for name, value in new.items() if value is not None)))

    @property
    def document(self):
        return json.loads(self.body)

    def saying(self, document) -> "Reply":
        return replace(self, body=json.dumps(document).encode())


Forward = Callable[[Received], Reply]

#: Answers a request, with the tenant's help or without.
Alteration = Callable[[Received, Forward], Reply]


def without(received: Received, *names: str) -> Received:
    """The request without some headers."""
    lower = {name.lower() for name in names}
    return replace(received, headers=[pair for pair in received.headers if pair[0].lower() not in lower])


def refusal(status: int, message: str = "no", **more) -> Reply:
    """CREST's error."""
    body = json.dumps({"code": status, "reason": "No", "message": message} | more).encode()
    return Reply(status, (("Content-Type", "application/json"),), body)


@contextmanager
def altering(target: str, alteration: Alteration) -> Iterator[Replay]:
    """Serve in front of *target* until the end of the block."""

    def forward(received: Received) -> Reply:
        upstream = http.client.HTTPConnection(urlsplit(target).netloc, timeout=10)
        try:
            headers = {name: value for name, value in received.headers if name.lower() not in _HOP}
            upstream.request(received.method, received.target, received.body or None, headers)
            response = upstream.getresponse()
            kept = tuple(pair for pair in response.getheaders() if pair[0].lower() not in _HOP)
            return Reply(response.status, kept, response.read())
        finally:
            upstream.close()

    def answer(received: Received, wire) -> None:
        reply = alteration(received, forward)
        length = 67 if reply.status == 304 else len(reply.body)
        headers = [*reply.headers, ("Content-Length", str(length))]
        write(wire, head(reply.status, headers))
        time.sleep(reply.late)
        if received.method != "HEAD":
            write(wire, reply.body)
        if reply.ends:
            raise HangUp

    with replaying() as replay:
        replay.answer = answer
        yield replay
