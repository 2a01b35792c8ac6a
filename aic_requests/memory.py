"""What a session remembers between its requests."""

import secrets
from threading import Lock
from typing import NamedTuple

from .seen import SeenRevisions
from .stores import Store


class CacheInfo(NamedTuple):
    """
    How conditional reads went, in the manner of ``functools.lru_cache``.

    Attributes:
        hits: Reads answered 304 and served from the store.
        misses: Reads that could have been and were answered in full.
        bytes_saved: Bytes of bodies that did not have to travel.
        entries: Representations in the store.
        bytes: Bytes they take, headers and keys counted.
    """

    hits: int
    misses: int
    bytes_saved: int
    entries: int
    bytes: int


class WorkingMemory:
    """
    Kept representations, seen revisions, and the count of hits. Safe under threads.

    Attributes:
        store: Where representations are kept; None: nowhere.
        seen: The revisions each thread has seen.
        key: Secret of the hashes of identities; the store's own where there is one.
    """

    def __init__(self, store: Store | None) -> None:
        self.store: Store | None = store
        self.seen: SeenRevisions = SeenRevisions()
        self.key: bytes = secrets.token_bytes(32) if store is None else store.key
        self._lock = Lock()
        self._hits = self._misses = self._bytes_saved = 0

    def count_hit(self, saved: int) -> None:
        """A read was answered 304; *saved* bytes stayed where they were."""
        with self._lock:
            self._hits += 1
            self._bytes_saved += saved

    def count_miss(self) -> None:
        """A read that could have been answered 304 came in full."""
        with self._lock:
            self._misses += 1

    def info(self) -> CacheInfo:
        """The counts, and the size of the store."""
        entries, size = (0, 0) if self.store is None else self.store.size()
        with self._lock:
            return CacheInfo(self._hits, self._misses, self._bytes_saved, entries, size)

    def clear(self) -> None:
        """Forget representations and counts. What the threads have seen of revisions stays."""
        if self.store is not None:
            self.store.clear()
        with self._lock:
            self._hits = self._misses = self._bytes_saved = 0
