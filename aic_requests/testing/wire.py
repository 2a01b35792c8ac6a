"""An answer as the bytes that go out, whole or broken off: what both doors lead to."""

from http import HTTPStatus

from .faults import Fault
from .messages import Answer

#: A slow body comes in so many.
PIECES = 8


def sent(answer: Answer | None, method: str, fault: Fault | None) -> list[tuple[float, bytes]]:
    """
    What goes out: seconds to wait, and the bytes that follow. Nothing at all where the connection ends instead.

    Args:
        answer: What to say.
        method: What was asked: the answer to a HEAD has no body.
        fault: What goes wrong on the way: its ``connection`` and its ``slow``.
    """
    connection = None if fault is None else fault.connection
    if answer is None or connection in ("drop", "reset"):
        return []
    head = _head(answer)
    body = answer.content(method)
    if connection == "headers":
        # In the middle of a header line.
        return [(0.0, head[: head.index(b"\r\n\r\n") - 3])]
    if connection == "truncate":
        if not body:
            return []
        body = body[: len(body) - max(1, len(body) // 2)]
    if fault is None or not fault.slow:
        return [(0.0, head + body)]
    size = max(1, -(-len(body) // PIECES))
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return [(0.0, head), *((fault.slow / PIECES, piece) for piece in pieces)]


def _head(answer: Answer) -> bytes:
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = ""
    lines = [f"HTTP/1.1 {answer.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if answer.status != 304 and not any(name.lower() == "content-length" for name, _ in answer.headers):
        lines.append(f"Content-Length: {len(answer.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
