"""A server that writes down every byte of a request, and answers by its path."""

import contextlib
import gzip
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from ..listener import Listener

_BODY = b'{"_id":"42"}'
_JSON = b"Content-Type: application/json;charset=UTF-8\r\n"


def _answer(fields: bytes, body: bytes = _BODY, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status, len(body), fields, body)


#: By a word in the path.
ANSWERS = {
    b"cookies": _answer(_JSON + b"Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/deep\r\nX-Two: 1\r\nX-Two: 2\r\n"),
    b"gone": _answer(_JSON, b'{"code":404}', b"404 Not Found"),
    b"away": _answer(b"Location: /cookies/there?x=1\r\n", b"", b"302 Found"),
    b"kept": _answer(b"Location: /plain\r\n", b"", b"307 Temporary Redirect"),
    b"zip": _answer(_JSON + b"Content-Encoding: gzip\r\n", gzip.compress(_BODY, mtime=0)),
    b"text": _answer(b"Content-Type: text/plain\r\n", "ü".encode("latin-1")),
    b"odd": _answer(b"X-Empty:\r\nX-Tab:\t a \t\r\nx-folded: a\r\n  b\r\nX-\xe9: \xfc\r\nno colon\r\nX-Late: 1\r\n"),
    b"nothing": b"HTTP/1.1 204 No Content\r\n\r\n",
    b"chunks": b"HTTP/1.1 200 OK\r\n" + _JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"twice": b"HTTP/1.1 100 Continue\r\n\r\n" + _answer(_JSON),
}


@contextmanager
def scribing() -> Iterator[tuple[str, list[bytes]]]:
    """Its address, and what it got: each request as one text."""
    written: list[bytes] = []

    def converse(connection: socket.socket) -> None:
        connection.settimeout(5)
        with connection.makefile("rb") as file:
            while request := _read(file):
                written.append(request)
                head = request.partition(b"\r\n")[0]
                answer = next((text for word, text in ANSWERS.items() if word in head), _answer(_JSON))
                if head.startswith(b"HEAD"):
                    # Without the body, but with the answer that follows an interim one.
                    first, blank, rest = answer.partition(b"\r\n\r\n")
                    if b" 100 " in first:
                        rest = rest.partition(blank)[0] + blank
                        answer = first + blank + rest
                    else:
                        answer = first + blank
                connection.sendall(answer)

    with contextlib.closing(Listener(converse)) as listener:
        yield f"http://{listener.address}", written


def _read(file) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = file.readline()
        if not line:
            return b""
        head += line
    lower = head.lower()
    if b"\r\ncontent-length:" in lower:
        return head + file.read(int(lower.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]))
    if b"\r\ntransfer-encoding: chunked" in lower:
        while True:
            size = file.readline()
            head += size + file.read(int(size, 16) + 2)
            if int(size, 16) == 0:
                break
    return head
