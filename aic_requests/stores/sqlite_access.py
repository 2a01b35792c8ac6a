"""One connection to the file of a SQLiteStore, used in turns; whatever goes wrong on it goes no further."""

import contextlib
import errno
import os
import sqlite3
import time
from collections.abc import Callable
from threading import RLock
from typing import Concatenate, Final, ParamSpec, TypeVar
from weakref import WeakSet

from .sqlite_file import StoreFile
from .trouble import Trouble, Unusable

P = ParamSpec("P")
T = TypeVar("T")

#: SQLite's result codes, without their extension, in words.
_CODES: Final = {
    sqlite3.SQLITE_BUSY: ("locked", "Another process holds it; it is asked again by and by."),
    sqlite3.SQLITE_LOCKED: ("locked", "Another process holds it; it is asked again by and by."),
    sqlite3.SQLITE_READONLY: ("read-only", "Make the file and its folder writable."),
    sqlite3.SQLITE_PERM: ("read-only", "Make the file and its folder writable."),
    sqlite3.SQLITE_CANTOPEN: ("not to be opened", "Make the file and its folder writable."),
    sqlite3.SQLITE_IOERR: ("not to be read or written (I/O error)", "Look at the disk; it is asked again by and by."),
    sqlite3.SQLITE_FULL: ("full", "Make room on the disk."),
    sqlite3.SQLITE_CORRUPT: ("corrupt", "Remove it, and it is made anew."),
    sqlite3.SQLITE_NOTADB: ("corrupt", "Remove it, and it is made anew."),
    # What is written in good order breaks no rule of the tables, unless they are damaged.
    sqlite3.SQLITE_CONSTRAINT: ("corrupt", "Remove it, and it is made anew."),
    sqlite3.SQLITE_ERROR: ("corrupt", "Remove it, and it is made anew."),
}

_ERRNOS: Final = {
    errno.ENOENT: ("gone, folder and all", "Make the folder."),
    errno.ENOTDIR: ("gone, folder and all", "Make the folder."),
    errno.EACCES: ("read-only", "Make the file and its folder writable."),
    errno.EPERM: ("read-only", "Make the file and its folder writable."),
    errno.EROFS: ("read-only", "Make the file and its folder writable."),
    errno.ENOSPC: ("full", "Make room on the disk."),
    errno.EDQUOT: ("full", "Make room on the disk."),
    errno.EFBIG: ("full", "Make room on the disk."),
}

#: All that a file can bring about, the last ones by what a damaged row holds.
_FAILURES: Final = (Unusable, sqlite3.Error, OSError, MemoryError, OverflowError, TypeError, ValueError)

#: Failures that leave the connection as it is.
_PASSING: Final = frozenset({"locked", "full", "read-only"})

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
        self._at: tuple[int, int] | None = None
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
                self._failed(error, time.monotonic() - began)
                return None
            self._trouble.over()
            return done

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
        if self._connection is not None and self._watched():
            return self._connection
        self._let_go()
        self._connection, self._at = self._file.connect()
        return self._connection

    def _watched(self) -> bool:
        """Whether the connection is still one to what lies at the path."""
        try:
            return self._file.check() == self._at and self._file.index_is_whole()
        except FileNotFoundError:
            return False
        except Unusable:
            # In place: SQLite sees by the inode where another file has come, and writes nothing into that.
            self._file.disown()
            raise

    def _let_go(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _failed(self, error: Exception, took: float) -> None:
        kind, advice = _in_words(error)
        if kind == "corrupt" and not isinstance(error, Unusable):
            self._file.spoil()
        if kind not in _PASSING or (self._connection is not None and self._connection.in_transaction):
            self._let_go()
        self._trouble.met(kind, advice, took=took)


def _in_words(error: Exception) -> tuple[str, str]:
    """What has gone wrong, and what to do."""
    if isinstance(error, Unusable):
        return error.kind, error.advice
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in _CODES:
            return _CODES[code & 0xFF]
    if isinstance(error, OSError) and error.errno in _ERRNOS:
        return _ERRNOS[error.errno]
    if isinstance(error, TypeError | ValueError):
        return _CODES[sqlite3.SQLITE_CORRUPT]
    return f"failing ({type(error).__name__}: {error})", "It is asked again by and by."


_forking = RLock()
_stopped: list[Access] = []


def _before_fork() -> None:
    """No connection crosses a fork. Source: https://sqlite.org/howtocorrupt.html, section 2.6."""
    _forking.acquire()
    while new := [access for access in list(_accesses) if access not in _stopped]:
        for access in new:
            access.stop()
            _stopped.append(access)


def _after_fork() -> None:
    while _stopped:
        _stopped.pop().go_on()
    _forking.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
