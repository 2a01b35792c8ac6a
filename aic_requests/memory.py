"""What a session remembers between its requests."""

import secrets
from threading import Lock
from typing import NamedTuple

from .seen import SeenRevisions
from .shortcuts import Documents
from .stores import Store


class CacheInfo(NamedTuple):
    """
    How conditional reads went, in the manner of ``functools.lru_cache``.

    Attributes:
        hits: Reads answered 304 and served from the store.
        misses: Reads that could have been and were answered in full.
        bytes_saved: Bytes of bodies that did not have to travel.
        entries: Representations in the store.
        bytes: Bytes they take, headers and keys counted, and what was parsed of them.
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
        documents: What was parsed of the representations.
        key: Secret of the hashes of identities; the store's own where there is one.
    """

    def __init__(self, store: Store | None) -> None:
        self.store: Store | None = store
        self.seen: SeenRevisions = SeenRevisions()
        # A quarter of what the store may hold, where it says so.
        self.documents: Documents = Documents(min(Documents.MOST, getattr(store, "max_bytes", Documents.MOST * 4) // 4))
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
            return CacheInfo(self._hits, self._misses, self._bytes_saved, entries, size + self.documents.size())

    def close(self) -> None:
        """Let go of what the store holds in this process."""
        if self.store is not None:
            self.store.close()
        self.documents.clear()

    def clear(self) -> None:
        """Forget representations and counts. What the threads have seen of revisions stays."""
        if self.store is not None:
            self.store.clear()
        self.documents.clear()
        with self._lock:
            self._hits = self._misses = self._bytes_saved = 0
