"""A store in a file, for the processes of one machine."""

import os
import secrets
import weakref
from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from ..whole_number import whole_number
from .at_rest import name_of, pack, unpack
from .no_store import NoStore, checked, forbids_keeping
from .owed import Owed
from .protocol import Representation, Size
from .trouble import Trouble, Unusable

if TYPE_CHECKING:
    # A Python may be built without it, and whoever does not use it need not wait for it.
    import sqlite3

    from .sqlite_access import Access

#: Bytes of a page of the file.
_PAGE: Final = 4096

#: Bytes that an entry takes in the file besides what is packed: its row, its place in the index.
_OVERHEAD: Final = 120

#: Bytes by which the pages in use may be more than the sum of the entries before more of these have to go: the tables'
#: own pages, and what is free within pages. With the pages that one more entry takes, that is 1 MiB.
_SLACK: Final = 1024 * 1024 - 16 * _PAGE

#: Variants of one resource, as in memory.
_MAX_VARIANTS: Final = 32


class SQLiteStore:
    """
    Representations in a file, shared by the threads and processes of one machine, and found again later.

    Args:
        path: The file. It is made where there is none, for its owner's eyes only (0600), with two more beside it while
            it is open (``-wal``, ``-shm``). Its folder must exist, on a local disk, and should be writable for you
            alone. A file that is not this library's, of a newer version, or another user's, is left as it is.
        max_bytes: Bytes of bodies, headers and keys to hold at most; what was written first goes first, since a read
            writes nothing. What is larger is not kept. The file takes up to 1 MiB more, the log beside it another
            one, or as much as the largest body.
        no_store: "refuse": what the server marks ``Cache-Control: no-store`` is not kept. IDM marks all that it
            answers, so that nothing of IDM's is kept. "keep": your word that it may lie in this file.

    Raises:
        ValueError: *path* is a URL or ":memory:", *max_bytes* is negative, or *no_store* is neither of the two; nothing
            is made then.
        TypeError: *path* is no name of a file, or *max_bytes* no int.
        ImportError: This Python has no sqlite3.

    Whatever becomes of the file, nothing is raised: see :class:`Store`. It is looked at with every use, so that one
    that is removed is made anew, and one that comes back is used again.

    What lies in it. Bodies and the headers that describe them, in clear. No request header, no cookie, no other header
    of the answer. Paths, queries and callers only as keyed hashes; the key lies in the same file, so that the same
    caller finds in another process what he has read in this one: by an equal ``Authorization``, or by a lasting name
    (``auth.identity``). So whoever can read the file reads all bodies. He cannot read a token or a path out of it, but
    he can test a guess: a path, a service account's id, a weak password. A token is too long to be guessed.

    ``key`` is read once, when the store is made. Where the file cannot be read then, it is a random one: this store
    works for itself, and finds nothing of others.

    It pickles as its path and options. ``close()`` keeps what the file holds; ``clear()`` empties and shortens it.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_bytes: int = 256 * 1024 * 1024,
        no_store: NoStore = "refuse",
    ) -> None:
        self.path: str = os.path.abspath(_checked(path))
        self.max_bytes: int = whole_number("max_bytes", max_bytes, of="bytes", least=0)
        self.no_store: NoStore = checked(no_store)

        from .sqlite_access import Access
        from .sqlite_file import StoreFile

        random = secrets.token_bytes(32)
        file = StoreFile(self.path, random)
        where = f"SQLiteStore {self.path}"
        trouble = Trouble(where)
        # Apart, so that reading goes on where writing waits for a lock, for the disk, or fails.
        self._reading = Access(file, trouble)
        self._writing = Access(file, trouble.other_half())
        # Never over: where one entry is damaged, others may be.
        self._damage = Trouble(where)
        self._owed = Owed()
        self._key: bytes = self._reading.do(_key) or random
        # A file that is made anew is found by whoever knew the former one.
        file.key = self._key
        weakref.finalize(self, _close, self._reading, self._writing)

    @property
    def key(self) -> bytes:
        """The secret that variants are hashed with; it lies in the file."""
        return self._key

    def get(self, path: str, variant: bytes) -> Representation | None:
        """What is kept of this variant, or None."""
        name = name_of(path, key=self._key)
        if name in self._owed:
            return None
        packed = self._reading.do(_find, name, variant)
        if packed is None:
            return None
        found = unpack(packed, name=name + variant, key=self._key)
        if found is None:
            self._damage.met("damaged in places", "They are written anew with the next answer.", took=0.0)
        return found

    def put(self, path: str, variant: bytes, representation: Representation) -> None:
        """Keep a representation, instead of the former one; make room if it takes that."""
        name = name_of(path, key=self._key)
        packed: bytes | None = None
        if self.no_store == "keep" or not forbids_keeping(representation):
            packed = pack(representation, name=name + variant, key=self._key)
        elif self._reading.do(_is_there, name, variant) is False:
            return
        # What may not or cannot be kept still takes the place of what it has outdated.
        done = None
        try:
            done = self._writing.do(_keep, self._owed, name, variant, packed, self.max_bytes)
        finally:
            if not done:
                self._owed.add(name)

    def drop(self, path: str) -> None:
        """Forget every variant of a resource."""
        name = name_of(path, key=self._key)
        done = None
        try:
            done = self._writing.do(_drop, self._owed, name)
        finally:
            # Failed, or interrupted.
            if not done:
                self._owed.add(name)

    def clear(self) -> None:
        """Forget all, in every process, and give the disk back its room."""
        self._owed.add_all()
        self._writing.do(_empty, self._owed)

    def size(self) -> Size:
        """How much the file holds now."""
        return self._reading.do(_size) or Size(0, 0)

    def close(self) -> None:
        """Let go of the file, which keeps what it holds."""
        _close(self._reading, self._writing)

    def __repr__(self) -> str:
        return f"SQLiteStore({self.path!r}, max_bytes={self.max_bytes}, no_store={self.no_store!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "max_bytes": self.max_bytes, "no_store": self.no_store}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # the same file, opened anew


def _checked(path: object) -> str:
    """The name of a file, as others than SQLite mean it."""
    if not isinstance(path, str | bytes | os.PathLike):
        raise TypeError(f"path is the name of a file, such as 'cache.db', not {type(path).__name__}")
    name = os.fsdecode(cast("str | os.PathLike[str]", path))
    if name == ":memory:" or name.startswith(("file:", "sqlite:")):
        raise ValueError(f"path is the name of a file, not {name!r}; MemoryStore() keeps things in memory")
    return name


# What is done with a connection. What returns a bool says that it is done.


def _key(connection: "sqlite3.Connection") -> bytes:
    [key] = connection.execute("SELECT key FROM secret").fetchone()
    if not isinstance(key, bytes) or len(key) != 32:
        from .sqlite_file import CORRUPT

        raise Unusable(*CORRUPT)
    return key


def _find(connection: "sqlite3.Connection", name: bytes, variant: bytes) -> object:
    row = connection.execute(
        "SELECT packed FROM representation WHERE name = ? AND variant = ?", (name, variant)
    ).fetchone()
    return None if row is None else row[0]


def _is_there(connection: "sqlite3.Connection", name: bytes, variant: bytes) -> bool:
    there = "SELECT 1 FROM representation WHERE name = ? AND variant = ?"
    return connection.execute(there, (name, variant)).fetchone() is not None


def _size(connection: "sqlite3.Connection") -> Size:
    entries, size = connection.execute("SELECT entries, bytes FROM held").fetchone()
    return Size(int(entries), int(size))


def _keep(
    connection: "sqlite3.Connection", owed: Owed, name: bytes, variant: bytes, packed: bytes | None, max_bytes: int
) -> bool:
    with _writing(connection, owed):
        connection.execute("DELETE FROM representation WHERE name = ? AND variant = ?", (name, variant))
        cost = _OVERHEAD + len(variant) + len(packed or b"")
        if packed is not None and cost <= max_bytes:
            connection.execute(
                "DELETE FROM representation WHERE number IN"
                " (SELECT number FROM representation WHERE name = ? ORDER BY number DESC LIMIT -1 OFFSET ?)",
                (name, _MAX_VARIANTS - 1),
            )
            _make_room(connection, cost, max_bytes)
            connection.execute(
                "INSERT INTO representation (name, variant, cost, packed) VALUES (?, ?, ?, ?)",
                (name, variant, cost, packed),
            )
    return True


def _drop(connection: "sqlite3.Connection", owed: Owed, name: bytes) -> bool:
    with _writing(connection, owed):
        connection.execute("DELETE FROM representation WHERE name = ?", (name,))
    return True


def _empty(connection: "sqlite3.Connection", owed: Owed) -> bool:
    with _writing(connection, owed):
        connection.execute("DELETE FROM representation")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return True


@contextmanager
def _writing(connection: "sqlite3.Connection", owed: Owed) -> Generator[None]:
    """A transaction, which also drops what could not be dropped before. One that fails ends with its connection."""
    connection.execute("BEGIN IMMEDIATE")
    due = owed.now()
    if due is None:
        connection.execute("DELETE FROM representation")
    elif due:
        connection.executemany("DELETE FROM representation WHERE name = ?", [(name,) for name in due])
    yield
    connection.execute("COMMIT")
    owed.paid(due)


def _make_room(connection: "sqlite3.Connection", cost: int, max_bytes: int) -> None:
    """Let go of what was written first, until there is room for so many bytes."""
    [held] = connection.execute("SELECT bytes FROM held").fetchone()
    [pages] = connection.execute("PRAGMA page_count").fetchone()
    [free] = connection.execute("PRAGMA freelist_count").fetchone()
    over = max(held + cost - max_bytes, (pages - free) * _PAGE + cost - max_bytes - _SLACK)
    if over <= 0:
        return
    last = -1
    with closing(connection.execute("SELECT number, cost FROM representation ORDER BY number")) as oldest:
        for number, size in oldest:
            last = number
            over -= size
            if over <= 0:
                break
    connection.execute("DELETE FROM representation WHERE number <= ?", (last,))


def _close(*accesses: "Access") -> None:
    for access in accesses:
        access.close()
