"""An answer as the bytes that go out, whole or broken off: what both doors lead to."""

from email.utils import formatdate
from http import HTTPStatus

from .messages import Answer


def written(answer: Answer, method: str, connection: str | None = None) -> bytes:
    """
    The whole answer in one piece, or as much of it as a fault lets through.

    Args:
        answer: What to say.
        method: What was asked: the answer to a HEAD has no body.
        connection: :attr:`Fault.connection`; ``headers`` ends in the middle of a header line, ``truncate`` in the
            middle of the body.
    """
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = ""
    lines = [f"HTTP/1.1 {answer.status} {phrase}", f"Date: {formatdate(usegmt=True)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if answer.status != 304 and not any(name.lower() == "content-length" for name, _ in answer.headers):
        lines.append(f"Content-Length: {len(answer.body)}")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
    body = b"" if method == "HEAD" or answer.status == 304 else answer.body
    if connection == "headers":
        return head[: head.index(b"\r\n\r\n") - 3]
    message = head + body
    return message[: len(message) - max(1, len(body) // 2)] if connection == "truncate" else message
