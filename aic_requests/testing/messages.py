"""What goes in at a door and what comes out."""

import json
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

Document = dict[str, Any]
Headers = list[tuple[str, str]]

#: Headers and parameters with one of these in their name hold secrets; a record shows that they were there.
_SECRET = ("authorization", "cookie", "key", "secret", "password", "token", "iplanetdirectorypro", "session")

#: How deeply a document may be nested.
DEEPEST = 100

PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    412: "Precondition Failed",
    428: "Precondition Required",
    500: "Internal Server Error",
    501: "Not Implemented",
}


@dataclass(frozen=True, slots=True)
class Request:
    """
    A request as it came in. Its repr shows neither headers nor body nor query: secrets may be in each.

    Attributes:
        method: As sent.
        target: Path and query, still escaped.
        headers: Name and value in the order they came, repeats kept.
        body: Bytes; empty without one.
        base: Scheme and authority, for ``Location``.
    """

    method: str
    target: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    base: str = ""

    def header(self, name: str) -> str | None:
        """The first value of a header: of two lines CREST reads one."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def cookie(self, name: str) -> str | None:
        """The value of a cookie."""
        pairs = (part.strip().partition("=") for part in (self.header("cookie") or "").split(";"))
        return next((value for key, _, value in pairs if key == name), None)

    @property
    def path(self) -> str:
        """The path, still escaped."""
        return self.target.partition("?")[0]

    @property
    def segments(self) -> tuple[str, ...]:
        """The path in parts, unescaped one by one: ``a%2Fb`` is one part."""
        return tuple(unquote(part) for part in self.path.split("/") if part)

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The query in order."""
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """
    An answer before it goes out.

    Attributes:
        status: The HTTP status.
        headers: Name and value.
        body: Bytes.
        rule: What decided, in words.
    """

    status: int
    headers: Headers
    body: bytes
    rule: str

    def content(self, method: str) -> bytes:
        """What goes over the wire as the body of the answer to a method."""
        return b"" if method == "HEAD" or self.status == 304 else self.body

    def dated(self, date: str) -> "Answer":
        """With a date, if it has none."""
        known = any(name.lower() == "date" for name, _ in self.headers)
        return self if known else replace(self, headers=[("Date", date), *self.headers])

    def tagged(self, how: str) -> "Answer":
        """With an ETag that something on the way has made another: ``weak``, ``none``, or a suffix."""
        if how == "none":
            return replace(self, headers=[one for one in self.headers if one[0].lower() != "etag"])
        headers = [(name, _altered(value, how) if name.lower() == "etag" else value) for name, value in self.headers]
        return replace(self, headers=headers)


def _altered(tag: str, how: str) -> str:
    if how == "weak":
        return tag if tag.startswith("W/") else f"W/{tag}"
    return f'{tag[:-1]}{how}"' if tag.endswith('"') else tag + how


class Refusal(Exception):  # it is an answer
    """A rule says no."""

    def __init__(self, status: int, message: str, *, rule: str = "", detail: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.rule: str = rule or message
        self.detail = detail

    def body(self, *, kind: str = "code") -> bytes:
        """The error body of a kind: CREST's is ``reason``; ESVs have ``code`` and message, IGA but a ``message``."""
        said: Document = {} if kind == "message" else {"code": self.status}
        if kind == "reason":
            said["reason"] = PHRASES.get(self.status, "Error")
        said["message"] = self.message
        if self.detail is not None:
            said["detail"] = self.detail
        return to_json(said)


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    A request that was answered. Its repr shows no body and no secret.

    Attributes:
        method: HTTP method.
        path: Path, escaped.
        query: Query, escaped; secrets are shown as ``***``.
        headers: What was sent; secrets are shown likewise.
        status: What was answered; 0 where a fault gave no answer.
        rule: What decided, such as ``If-Match "7", the resource is at "9"``.
        body: What was sent.
        answered: Headers of the answer.
        size: Bytes of the answer's body.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    status: int
    rule: str
    body: bytes = field(repr=False)
    answered: dict[str, str] = field(repr=False)
    size: int = 0

    @property
    def target(self) -> str:
        """Path and query, as they can be shown."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @classmethod
    def of(cls, request: Request, answer: "Answer | None", rule: str, secret: str = "") -> "Exchange":
        """Record an exchange; *secret* is one more header that holds a secret, AM's session by the name it has here."""
        hidden = (*_SECRET, secret.lower()) if secret else _SECRET
        shown = {
            name: "***" if any(word in name.lower() for word in hidden) else value for name, value in request.headers
        }
        path, _, query = request.target.partition("?")
        query = "&".join(_hidden(part) for part in query.split("&"))
        return cls(
            request.method,
            path,
            query,
            shown,
            0 if answer is None else answer.status,
            rule,
            request.body,
            {} if answer is None else dict(answer.headers),
            0 if answer is None else len(answer.body),
        )


def _hidden(parameter: str) -> str:
    """A parameter without its value, where its name tells of a secret; CREST's own, as ``_sortKeys``, do not."""
    name = parameter.partition("=")[0]
    return f"{name}=***" if not name.startswith("_") and any(word in name.lower() for word in _SECRET) else parameter


def same(one: object, other: object) -> bool:
    """Whether two values are the same JSON: 1 is neither 1.0 nor true."""
    return to_json(one, in_order=True) == to_json(other, in_order=True)


def depth_of(value: object) -> int:
    """How deeply a value is nested, counted without recursion."""
    deepest, left = 0, [(value, 0)]
    while left:
        one, depth = left.pop()
        deepest = max(deepest, depth)
        if isinstance(one, dict):
            left.extend((inner, depth + 1) for inner in cast("Document", one).values())
        elif isinstance(one, list):
            left.extend((inner, depth + 1) for inner in cast("list[object]", one))
    return deepest


def to_json(value: object, *, pretty: bool = False, in_order: bool = False) -> bytes:
    """JSON as CREST writes it: no blanks, UTF-8."""
    if pretty:
        return json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "surrogatepass")
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=in_order)
    return text.encode("utf-8", "surrogatepass")
