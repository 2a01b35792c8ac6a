"""One connection to the file of a SQLiteStore, used in turns; whatever goes wrong on it goes no further."""

import contextlib
import errno
import os
import sqlite3
import time
from collections.abc import Callable, Generator
from threading import RLock
from typing import Concatenate, Final, ParamSpec, TypeVar
from weakref import WeakSet

from .sqlite_file import CORRUPT, WITHOUT_ITS_LOG, Places, StoreFile
from .trouble import Trouble, Unusable

P = ParamSpec("P")
T = TypeVar("T")

#: Kinds of trouble, and what to do.
_LOCKED: Final = ("locked", "Another process holds it; it is asked again by and by.")
_READ_ONLY: Final = ("read-only", "Make the file and its folder writable.")
_FULL: Final = ("full", "Make room on the disk.")
_GONE: Final = ("gone, folder and all", "Make the folder.")

#: SQLite's result codes, without their extension, in words.
_CODES: Final = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: ("not to be opened", "Make the file and its folder writable."),
    sqlite3.SQLITE_IOERR: ("not to be read or written (I/O error)", "Look at the disk; it is asked again by and by."),
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CORRUPT: CORRUPT,
    sqlite3.SQLITE_NOTADB: CORRUPT,
    # What is written in good order breaks no rule of the tables, unless they are damaged.
    sqlite3.SQLITE_CONSTRAINT: CORRUPT,
    sqlite3.SQLITE_ERROR: CORRUPT,
}

_ERRNOS: Final = {
    errno.ENOENT: _GONE,
    errno.ENOTDIR: _GONE,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.EROFS: _READ_ONLY,
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
}

#: All that a file can bring about, the last ones by what a damaged row holds.
_FAILURES: Final = (Unusable, sqlite3.Error, OSError, MemoryError, OverflowError, TypeError, ValueError)

#: What says that the file itself is damaged, and will be for everybody. Anything else may be of this process alone, and
#: is no reason to take the log from the others.
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

#: Failures that leave the connection as it is.
_PASSING: Final = frozenset({_LOCKED[0], _FULL[0], _READ_ONLY[0]})

#: How often a file is opened whose log is replaced meanwhile, again and again.
_OPENINGS: Final = 5

_accesses: WeakSet["Access"] = WeakSet()


class Access:
    """
    A connection to a file that threads take turns at.

    Args:
        file: The file.
        trouble: Where failures are told.

    It opens when it is used. It never crosses a fork: it is closed before, and opened again on both sides.
    """

    def __init__(self, file: StoreFile, trouble: Trouble) -> None:
        self._file = file
        self._trouble = trouble
        # The same thread may come again while it has its turn: out of a signal handler that forks.
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._places: Places | None = None
        _accesses.add(self)

    def do(self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Do some *work* with the connection: what it returns, or None where the file cannot be used now."""
        with self._lock:
            if self._trouble.rests:
                return None
            began = time.monotonic()
            try:
                done = work(self._connected(), *args, **kwargs)
            except _FAILURES as error:
                kind, advice = self._failed(error)
            except BaseException:
                # Ctrl-C comes anywhere, also within a transaction.
                self._let_go()
                raise
            else:
                self._trouble.over()
                return done
        # Out of turn: a logging handler has a lock of its own, and may be one that uses the store.
        self._trouble.met(kind, advice, took=time.monotonic() - began)
        return None

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                with contextlib.suppress(Unusable, sqlite3.Error, OSError):
                    self._watched()
                self._let_go()

    def stop(self) -> None:
        """Take the turn, let go, and keep the turn until :meth:`go_on`."""
        self._lock.acquire()
        self.close()

    def go_on(self) -> None:
        """End what :meth:`stop` began."""
        self._lock.release()

    def _connected(self) -> sqlite3.Connection:
        """The connection to what lies at the path now."""
        # A transaction that is still open has been interrupted where nobody could end it.
        if self._connection is not None and not self._connection.in_transaction and self._watched():
            return self._connection
        for _ in range(_OPENINGS):
            self._let_go()
            index = self._file.index_now()
            with self._no_other_index(index):
                self._connection, self._places = self._file.connect()
                # Otherwise it was replaced while it was opened, perhaps by a thread that let go of the file.
                if index in (None, self._places.log_index):
                    return self._connection
        raise Unusable(*WITHOUT_ITS_LOG)

    @contextlib.contextmanager
    def _no_other_index(self, index: tuple[int, int] | None) -> Generator[None]:
        """
        Let the whole process go of an index of the log that has been removed or replaced.

        SQLite has one for all connections of a process to a file: a new connection would get the removed one too, and
        see nothing of what other processes write.
        """
        others = [access for access in _known() if access is not self and access._is_of_another(index, self)]
        with contextlib.ExitStack() as turns:
            for access in others:
                if not access._lock.acquire(blocking=False):
                    raise Unusable(*WITHOUT_ITS_LOG)
                turns.callback(access._lock.release)
            # All of them, before any is opened anew.
            for access in others:
                access._let_go()
            yield

    def _is_of_another(self, index: tuple[int, int] | None, access: "Access") -> bool:
        """Whether this is connected to the same path, with another index of the log."""
        same = self._file.path == access._file.path and self._connection is not None
        return same and self._places is not None and self._places.log_index != index

    def _watched(self) -> bool:
        """Whether the connection is still one to what lies at the path."""
        try:
            places = self._places
            return places is not None and self._file.check() == places.file and self._file.index_is_whole(places)
        except FileNotFoundError:
            return False
        except Unusable:
            # In place: SQLite sees by the inode where another file has come, and writes nothing into that.
            self._file.disown(self._places)
            raise

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _failed(self, error: Exception) -> tuple[str, str]:
        """Do what a failure takes; say what it is, and what to do."""
        kind, advice = _in_words(error)
        if _code(error) in _DAMAGE:
            self._file.spoil(self._places)
        if kind not in _PASSING or (self._connection is not None and self._connection.in_transaction):
            self._let_go()
        return kind, advice


def _code(error: Exception) -> int | None:
    """SQLite's result code, without its extension."""
    code = getattr(error, "sqlite_errorcode", None) if isinstance(error, sqlite3.Error) else None
    return None if code is None else code & 0xFF


def _in_words(error: Exception) -> tuple[str, str]:
    """What has gone wrong, and what to do."""
    if isinstance(error, Unusable):
        return error.kind, error.advice
    code = _code(error)
    if code in _CODES:
        return _CODES[code]
    if isinstance(error, OSError) and error.errno in _ERRNOS:
        return _ERRNOS[error.errno]
    if isinstance(error, TypeError | ValueError):
        return CORRUPT
    return f"failing ({type(error).__name__}: {error})", "It is asked again by and by."


def _known() -> list[Access]:
    while True:
        # A thread that makes a store meanwhile is no reason to fail; a lock would have to be taken across forks.
        with contextlib.suppress(RuntimeError):
            return list(_accesses)


_forking = RLock()
_stopped: list[Access] = []


def _before_fork() -> None:
    """No connection crosses a fork. Source: https://sqlite.org/howtocorrupt.html, section 2.6."""
    _forking.acquire()
    while new := [access for access in _known() if access not in _stopped]:
        for access in new:
            access.stop()
            _stopped.append(access)


def _after_fork() -> None:
    while _stopped:
        _stopped.pop().go_on()
    _forking.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
