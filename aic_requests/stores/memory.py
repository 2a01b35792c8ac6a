"""A store in this process, gone with it."""

import secrets
import sys
from collections import OrderedDict
from threading import Lock

from .protocol import Representation, Size

#: Bytes that Python spends on a resource besides its texts: tuples, the heads of strings, the slot
#: in the dictionary. Measured with tracemalloc; tests/test_stores.py holds it to that.
_OVERHEAD = 500

#: The same for each further variant of it.
_VARIANT_OVERHEAD = 350

#: Variants of one resource. A server that sets a new cookie with every answer makes a new variant
#: of it each time; the newest few are all that can be found again.
_MAX_VARIANTS = 32

#: Header lines that are each resource's own.
_OWN = ("etag:", "content-length:")

_Variants = tuple[tuple[bytes, str, tuple[str, ...], bytes], ...]


class MemoryStore:
    """
    Representations in memory: bounded in bytes, least recently used out first, safe under threads.

    Args:
        max_bytes: Bytes of bodies, headers and keys to hold at most. What is larger is not kept.

    Raises:
        ValueError: *max_bytes* is negative.

    It pickles as an empty store of the same bound: what one process read is not sent to others.
    """

    def __init__(self, *, max_bytes: int = 64 * 1024 * 1024) -> None:
        if max_bytes < 0:
            raise ValueError(f"max_bytes is a number of bytes, 0 or more, got {max_bytes}")
        self.max_bytes: int = max_bytes
        self._start()

    def _start(self) -> None:
        self._key = secrets.token_bytes(32)
        self._lock = Lock()
        # By path, so that a write finds every variant at once. Plain tuples of text: one object a
        # resource, and nothing that the garbage collector has to walk.
        self._resources: OrderedDict[str, _Variants] = OrderedDict()
        self._bytes = 0
        self._entries = 0

    @property
    def key(self) -> bytes:
        """The secret that variants are hashed with; new for every store."""
        return self._key

    def get(self, path: str, variant: bytes) -> Representation | None:
        """What is kept of this variant, or None."""
        with self._lock:
            for name, validator, headers, body in self._resources.get(path, ()):
                if name == variant:
                    self._resources.move_to_end(path)
                    return Representation(validator, headers, body)
        return None

    def put(self, path: str, variant: bytes, representation: Representation) -> None:
        """Keep a representation, instead of the former one; make room if it takes that."""
        # Most header lines are the same for all resources of a server: one copy serves them all.
        headers = tuple(
            [line if line.lower().startswith(_OWN) else sys.intern(line) for line in representation.headers]
        )
        entry = (variant, representation.validator, headers, representation.body)
        with self._lock:
            former = self._take(path)
            # The newest last. What is too large to keep still replaces what it has outdated.
            now = (*(kept for kept in former if kept[0] != variant), entry)[-_MAX_VARIANTS:]
            while now and _cost(path, now) > self.max_bytes:
                now = now[1:]
            if now:
                self._resources[path] = now
                self._entries += len(now)
                self._bytes += _cost(path, now)
            while self._bytes > self.max_bytes:
                self._take(next(iter(self._resources)))

    def drop(self, path: str) -> None:
        """Forget every variant of a resource."""
        with self._lock:
            self._take(path)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._resources.clear()
            self._bytes = self._entries = 0

    def size(self) -> Size:
        """How much is held now."""
        with self._lock:
            return Size(self._entries, self._bytes)

    def close(self) -> None:
        """Forget all: what a session read is gone with it."""
        self.clear()

    def _take(self, path: str) -> _Variants:
        """Take a resource out. The caller holds the lock."""
        variants = self._resources.pop(path, ())
        self._entries -= len(variants)
        self._bytes -= _cost(path, variants)
        return variants

    def __getstate__(self) -> dict[str, int]:
        return {"max_bytes": self.max_bytes}

    def __setstate__(self, state: dict[str, int]) -> None:
        self.__init__(max_bytes=state["max_bytes"])  # type: ignore[misc]  # a new store of the same bound


def _cost(path: str, variants: _Variants) -> int:
    """Bytes of a resource and its variants, their keys and headers counted."""
    if not variants:
        return 0
    texts = sum(
        len(variant) + len(etag) + sum(map(len, headers)) + len(body) for variant, etag, headers, body in variants
    )
    return _OVERHEAD + len(path) + texts + _VARIANT_OVERHEAD * (len(variants) - 1)
