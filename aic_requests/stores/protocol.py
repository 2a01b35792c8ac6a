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
    Keeps representations for a session. Safe under threads; a failure is a miss, never an exception.

    A representation is found by the resource's path and by the variant of it: who read it, with
    which query and which Accept headers, hashed.
    """

    @property
    def key(self) -> bytes:
        """The secret that variants are hashed with; it lives as long as the store."""
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
