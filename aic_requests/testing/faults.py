"""What goes wrong, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from .messages import Document, Request


@dataclass(slots=True)
class Fault:
    """
    Something that goes wrong with some requests.

    Attributes:
        method: Which method; "*" any.
        path: Which paths, as a shell pattern: ``/openidm/managed/*``.
        times: How often; it counts down.
        after: How many matching requests go well first; it counts down too.
        status: Answer with this status instead.
        headers: Headers of that answer.
        body: Body of that answer.
        commit: Whether the request is carried out all the same.
        connection: ``drop`` closes the connection without an answer, ``reset`` does so with a TCP reset,
            ``truncate`` in the middle of the answer's body, ``headers`` in the middle of its headers.
        delay: Seconds to wait before answering.
        twice: The request is carried out twice, as by a gateway that repeats it; the second answer counts.
        meanwhile: What somebody else writes just before: documents by their path, None for one that is deleted. With
            ``after=1`` on a query, between its first page and its second.
        revoke: Every token that the token endpoint has given so far is dead from now on, for this request too.
    """

    method: str = "*"
    path: str = "*"
    times: int = 1
    after: int = 0
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    commit: bool = False
    connection: Literal["drop", "reset", "truncate", "headers"] | None = None
    delay: float = 0.0
    twice: bool = False
    meanwhile: Mapping[str, Document | None] = field(default_factory=dict[str, Document | None])
    revoke: bool = False

    def strikes(self, request: Request) -> bool:
        """Whether it is this request's turn; counts."""
        if self.method not in ("*", request.method) or not fnmatchcase(request.path, self.path) or self.times <= 0:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True
