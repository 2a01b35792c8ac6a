"""What goes wrong, as data."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime
from email.utils import format_datetime
from fnmatch import fnmatchcase
from typing import Any, Literal, Self, cast, get_args

from .messages import Document, Headers, Request, to_json

Connection = Literal["drop", "reset", "truncate", "headers"]
Tag = Literal["weak", "-gzip", "--gzip", "none"]

_METHODS = ("*", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_HTML = ("Content-Type", "text/html; charset=utf-8")
_JSON = ("Content-Type", "application/json;charset=utf-8")
_PAGE = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1><p>proxy</p></body></html>\n"
#: As AIC writes it.
_ENDED: Document = {"code": 401, "reason": "Unauthorized", "message": "Access Denied"}


@dataclass(slots=True, repr=False)
class Fault:
    """
    Something that goes wrong with some requests.

    Attributes:
        method: Which method; "*" any.
        path: Which paths, as a shell pattern: ``/openidm/managed/*``. The query does not count.
        times: How often; it counts down.
        after: How many matching requests go well first; it counts down too.
        status: Answer with this status instead.
        headers: Headers of that answer: a mapping, or pairs.
        body: Body of that answer: bytes, text, or what is written as JSON.
        retry_after: ``Retry-After`` of that answer: seconds, or a moment (with its zone), which is written as a date.
        commit: Whether the request is carried out all the same.
        connection: ``drop`` closes the connection without an answer, ``reset`` does so with a TCP reset,
            ``truncate`` in the middle of the answer's body, ``headers`` in the middle of its headers.
        delay: Seconds to wait before answering.
        slow: Seconds that the answer's body takes, in eight pieces.
        tag: What something on the way makes of the ETag: ``weak`` (nginx, HAProxy), ``-gzip`` (Apache) or ``--gzip``
            (Jetty) at its end, ``none`` of it left (Envoy).
        twice: The request is carried out twice, as by a gateway that repeats it; the second answer counts.
        meanwhile: What somebody else writes just before: documents by their path, None for one that is deleted. With
            ``after=1`` on a query, between its first page and its second.
        revoke: Every token that the token endpoint has given so far is dead from now on, for this request too.
        struck: How often it has struck.

    Raises:
        ValueError: There is no such fault, or it would change nothing.
    """

    method: str = "*"
    path: str = "*"
    times: int = 1
    after: int = 0
    status: int | None = None
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    body: bytes | str | Mapping[str, Any] | Sequence[Any] = b""
    retry_after: float | datetime | None = None
    commit: bool = False
    connection: Connection | None = None
    delay: float = 0.0
    slow: float = 0.0
    tag: Tag | None = None
    twice: bool = False
    meanwhile: Mapping[str, Document | None] = field(default_factory=dict[str, Document | None])
    revoke: bool = False
    struck: int = field(default=0, init=False, compare=False)

    @classmethod
    def proxy_page(
        cls, method: str = "*", path: str = "*", *, status: int = 502, times: int = 1, after: int = 0
    ) -> Self:
        """Make a proxy that answers with a page of its own, in HTML; the request never gets through."""
        page = _PAGE.format(f"{status} from the proxy")
        return cls(method, path, times, after, status=status, headers=(_HTML,), body=page)

    @classmethod
    def ended_token(cls, method: str = "*", path: str = "*", *, times: int = 1, after: int = 0) -> Self:
        """Let a token end just before a request: it is answered 401 as AIC does, and no token given so far is good."""
        return cls(method, path, times, after, status=401, body=_ENDED, revoke=True)

    def __post_init__(self) -> None:
        self._check_which()
        self._check_answer()
        for name in ("delay", "slow"):
            seconds: object = getattr(self, name)
            if not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
                raise ValueError(f"{name} is in seconds, not {seconds!r}")
        _check_known("connection", self.connection, (None, *get_args(Connection)))
        _check_known("tag", self.tag, (None, *get_args(Tag)))
        for path in self.meanwhile:
            if not path.startswith("/") or path.count("/") < 2:
                raise ValueError(f"meanwhile names documents by their path, not {path!r}")
        what = (self.status, self.connection, self.delay, self.slow, self.tag, self.twice, self.meanwhile, self.revoke)
        if not any(what):
            raise ValueError("a fault that changes nothing: say status=, connection=, delay=, or another of them")

    def _check_which(self) -> None:
        _check_known("method", self.method, _METHODS)
        if not self.path.startswith(("/", "*")):
            raise ValueError(f"path begins with a slash or an asterisk, not as {self.path!r}")
        for name in ("times", "after"):
            value: object = getattr(self, name)
            if not isinstance(value, int) or value < 0:
                raise ValueError(f"{name} is a number of requests, not {value!r}")

    def _check_answer(self) -> None:
        if self.status is None:
            if self.headers or self.body or self.retry_after is not None:
                raise ValueError("headers, body and retry_after are those of an answer: say its status")
        elif not isinstance(cast("object", self.status), int) or not 200 <= self.status <= 599:
            raise ValueError(f"status is an HTTP status from 200 to 599, not {self.status!r}")
        if isinstance(self.retry_after, datetime):
            if self.retry_after.tzinfo is None:
                raise ValueError(f"retry_after has no zone: {self.retry_after}")
        elif not isinstance(cast("object", self.retry_after), int | float | None) or (self.retry_after or 0) < 0:
            raise ValueError(f"retry_after is in seconds, not {self.retry_after!r}")

    def __repr__(self) -> str:
        """What was ordered, and how often it has struck; bodies by their size."""
        said = [repr(self.method), repr(self.path)]
        for one in fields(self)[2:]:
            value = getattr(self, one.name)
            usual = one.default_factory() if one.default_factory is not MISSING else one.default
            if value != usual and one.name in ("body", "headers", "meanwhile"):
                said.append(f"{one.name}=({len(value)})")
            elif value != usual:
                said.append(f"{one.name}={value!r}")
        return f"Fault({', '.join(said)}){'' if self.struck else ' never struck'}"

    def strikes(self, request: Request) -> bool:
        """Whether it is this request's turn; counts."""
        if self.method not in ("*", request.method) or not fnmatchcase(request.path, self.path) or self.times <= 0:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        self.struck += 1
        return True

    def message(self) -> tuple[Headers, bytes]:
        """Headers and body of the answer that it gives instead."""
        pairs = self.headers.items() if isinstance(self.headers, Mapping) else self.headers
        headers: Headers = list(pairs)
        names = {name.lower() for name, _ in headers}
        if not isinstance(self.body, bytes | str) and "content-type" not in names:
            headers.append(_JSON)
        if self.retry_after is not None:
            headers.append(("Retry-After", _written(self.retry_after)))
        if isinstance(self.body, bytes):
            return headers, self.body
        return headers, self.body.encode() if isinstance(self.body, str) else to_json(self.body)


def _check_known(name: str, value: object, known: Sequence[object]) -> None:
    if value not in known:
        raise ValueError(f"{name} is one of {', '.join(map(repr, known))}, not {value!r}")


def _written(retry_after: float | datetime) -> str:
    if isinstance(retry_after, datetime):
        return format_datetime(retry_after.astimezone(UTC), usegmt=True)
    return str(math.ceil(retry_after))
