"""A store in this process, gone with it."""

import secrets
from threading import Lock

from ..whole_number import whole_number
from .packed import Lines, find, pack, records, unpack
from .protocol import Representation, Size

#: Bytes that Python spends on a resource besides its texts: the heads of two strings, the slot in the
#: dictionary just after it has grown. Measured with tracemalloc; tests/test_stores.py holds it to that.
_OVERHEAD = 256

#: Variants of one resource. A server that sets a new cookie with every answer makes a new variant
#: of it each time; the newest few are all that can be found again.
_MAX_VARIANTS = 32

#: Room is made for so many puts at once: a share of the bound. A dictionary keeps the slots of what has been
#: taken out, so finding the oldest takes long (milliseconds at a million), finding its followers does not.
_SHARE = 100


class MemoryStore:
    """
    Representations in memory: bounded in bytes, least recently used out first, safe under threads.

    Args:
        max_bytes: Bytes of bodies, headers and keys to hold at most. What is larger is not kept.

    Raises:
        ValueError: *max_bytes* is negative.
        TypeError: It is no int.

    Where room is needed, it is made for the next hundredth of the bound too. It pickles as an empty store of the
    same bound: what one process read is not sent to others.
    """

    def __init__(self, *, max_bytes: int = 64 * 1024 * 1024) -> None:
        self.max_bytes: int = whole_number("max_bytes", max_bytes, of="bytes", least=0)
        self._key = secrets.token_bytes(32)
        self._lock = Lock()
        self._forget_all()

    def _forget_all(self) -> None:
        # By path, so that a write finds every variant at once; the least recently used first. Text and bytes alone:
        # a dictionary with a new tuple in it is walked by the garbage collector, 60 ms for a million.
        self._resources: dict[str, bytes] = {}
        self._lines = Lines()
        self._bytes = 0
        self._entries = 0

    @property
    def key(self) -> bytes:
        """The secret that variants are hashed with; new for every store."""
        return self._key

    def get(self, path: str, variant: bytes) -> Representation | None:
        """What is kept of this variant, or None."""
        with self._lock:
            resource = self._resources.get(path, b"")
            start = find(variant, resource)
            if start is None:
                return None
            self._resources[path] = self._resources.pop(path)
            lines = self._lines
        return unpack(resource, start, lines)

    def put(self, path: str, variant: bytes, representation: Representation) -> None:
        """Keep a representation, instead of the former one; make room if it takes that."""
        with self._lock:
            former = self._take(path)
            # The newest last. What is too large to keep still replaces what it has outdated.
            now = [former[start:end] for name, start, end in records(former) if name != variant]
            now = [*now, pack(variant, representation, self._lines)][-_MAX_VARIANTS:]
            while now and _cost(path, sum(map(len, now))) > self.max_bytes:
                del now[0]
            if now:
                resource = b"".join(now)
                self._make_room(_cost(path, len(resource)))
                self._resources[path] = resource
                self._entries += len(now)
                self._bytes += _cost(path, len(resource))

    def drop(self, path: str) -> None:
        """Forget every variant of a resource."""
        with self._lock:
            self._take(path)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._forget_all()

    def size(self) -> Size:
        """How much is held now."""
        with self._lock:
            return Size(self._entries, self._bytes)

    def close(self) -> None:
        """Forget all: what a session read is gone with it."""
        self.clear()

    # The caller of these holds the lock.

    def _take(self, path: str) -> bytes:
        """Take a resource out."""
        resource = self._resources.pop(path, b"")
        if resource:
            self._entries -= sum(1 for _ in records(resource))
            self._bytes -= _cost(path, len(resource))
        return resource

    def _make_room(self, needed: int) -> None:
        """Take out the least recently used until so many bytes fit."""
        if self._bytes + needed <= self.max_bytes:
            return
        too_many = self._bytes + needed - self.max_bytes + self.max_bytes // _SHARE
        oldest: list[str] = []
        for path, resource in self._resources.items():
            if too_many <= 0:
                break
            oldest.append(path)
            too_many -= _cost(path, len(resource))
        for path in oldest:
            self._take(path)

    def __getstate__(self) -> dict[str, int]:
        return {"max_bytes": self.max_bytes}

    def __setstate__(self, state: dict[str, int]) -> None:
        self.__init__(max_bytes=state["max_bytes"])  # type: ignore[misc]  # a new store of the same bound


def _cost(path: str, size: int) -> int:
    """Bytes of a resource and its variants, their keys and headers counted."""
    return _OVERHEAD + len(path) + size
