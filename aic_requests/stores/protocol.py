"""What a session needs of a store."""

from typing import NamedTuple, Protocol


class Representation(NamedTuple):
    """
    A kept answer: a 200 to a read.

    Attributes:
        validator: What to send as ``If-None-Match``.
        headers: The headers of the answer, ``name: value`` each, without those of the moment.
        body: The body, content coding undone.
    """

    validator: str
    headers: tuple[str, ...]
    body: bytes


class Size(NamedTuple):
    """How much a store holds: resources' representations, and bytes with all that belongs to them."""

    entries: int
    bytes: int


class Store(Protocol):
    """
    Keeps representations for a session. Safe under threads.

    A representation is found by the resource's path and by the variant of it: who read it, with
    which query and which Accept headers, hashed.

    One rule for all that can go wrong with what a store is kept in. Locked, full, corrupt, read-only, of a newer
    version, gone, or slow: it is a miss, and nothing is kept. It never raises, it does not take longer than a request,
    and it never serves what it is not sure of. Each kind of trouble is told once, by a warning of the logger
    ``aic_requests`` that says where and what to do, and again when it comes back after the store has worked. It is no
    Python warning, which ``-W error`` would turn into an exception.

    A store may be stale: the server is asked about everything that it serves, so that this costs an answer in full and
    is never a wrong one. What a :meth:`drop` could not remove, the same store does not serve, however, since a server
    may count a resource that was created anew from the same first revision.
    """

    @property
    def key(self) -> bytes:
        """The secret that variants are hashed with; the same as long as this object lives, whatever goes wrong."""
        ...

    def get(self, path: str, variant: bytes) -> Representation | None:
        """What is kept, or None."""
        ...

    def put(self, path: str, variant: bytes, representation: Representation) -> None:
        """Keep a representation, instead of the former one."""
        ...

    def drop(self, path: str) -> None:
        """Forget every variant of a resource."""
        ...

    def clear(self) -> None:
        """Forget all."""
        ...

    def size(self) -> Size:
        """How much is held now."""
        ...

    def close(self) -> None:
        """Let go of what the process holds. A closed store opens again when it is used."""
        ...
