"""The file of a SQLiteStore: made, looked at before SQLite touches it, and watched."""

import contextlib
import os
import secrets
import sqlite3
import stat
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Final, NamedTuple

from .trouble import Unusable

if sys.platform != "win32":
    import fcntl

#: "AICr", and the version of the tables below.
APPLICATION: Final = 0x41494372
VERSION: Final = 1

_HEAD: Final = f"""
PRAGMA synchronous = OFF;
PRAGMA page_size = 4096;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""

_TABLES: Final = """
CREATE TABLE secret (key BLOB NOT NULL);
CREATE TABLE held (entries INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO held VALUES (0, 0);
CREATE TABLE representation (
    number INTEGER PRIMARY KEY,
    name BLOB NOT NULL,
    variant BLOB NOT NULL,
    cost INTEGER NOT NULL,
    packed BLOB NOT NULL,
    UNIQUE (name, variant)
);
CREATE TRIGGER kept AFTER INSERT ON representation BEGIN
    UPDATE held SET entries = entries + 1, bytes = bytes + new.cost;
END;
CREATE TRIGGER gone AFTER DELETE ON representation BEGIN
    UPDATE held SET entries = entries - 1, bytes = bytes - old.cost;
END;
"""

#: Of every connection. No memory map: a file cut short under one kills the process. Nothing spills into temporary files
#: elsewhere. What is dropped is overwritten. The log is written back every MiB, and cut to that.
_SETTINGS: Final = """
PRAGMA mmap_size = 0;
PRAGMA temp_store = MEMORY;
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA synchronous = NORMAL;
PRAGMA secure_delete = ON;
PRAGMA wal_autocheckpoint = 256;
PRAGMA journal_size_limit = 1048576;
"""

#: Seconds to wait for a lock. Writers hold it for well under a millisecond.
_PATIENCE: Final = 0.05

#: Seconds to wait for others that make a file in the same folder. It happens once, and they take well under one.
_BIRTH: Final = 0.25

#: Kinds of trouble, and what to do.
CORRUPT: Final = ("corrupt", "Remove it, and it is made anew.")
WITHOUT_ITS_LOG: Final = ("without its log", "Somebody has removed it; the file is opened anew.")

#: Files whose first bytes have been looked at, by device and inode; they stay open. POSIX takes *all* locks of a
#: process off a file as soon as it closes one of its descriptors, and SQLite's locks, this library's and those of
#: others in the process, would be gone. Source: https://sqlite.org/howtocorrupt.html, section 2.2.
_OPEN: Final[dict[tuple[int, int], int]] = {}

_Mark = tuple[int, int, int, int, int]
_Place = tuple[int, int]


class Places(NamedTuple):
    """The files of a connection, by device and inode: another may have come into the place of each."""

    file: _Place
    log: _Place
    log_index: _Place


class StoreFile:
    """
    One path, and what lies there.

    Args:
        path: Absolute.
        key: The secret to write into a file that is made here.
    """

    def __init__(self, path: str, key: bytes) -> None:
        self.path: str = path
        self.key: bytes = key
        self._uri = f"{Path(path).as_uri()}?mode=rw"
        self._log = f"{path}-wal"
        self._index = f"{path}-shm"
        self._good: _Mark | None = None
        self._spoiled: _Mark | None = None
        # By device and inode: SQLite maps it once for all connections of the process.
        self._index_sizes: dict[_Place, int] = {}

    def connect(self) -> tuple[sqlite3.Connection, Places]:
        """
        Open the file; make it where there is none.

        Returns:
            A connection, and the files that it is for.

        Raises:
            Unusable: It is none of ours, or cannot be used.
            OSError: Likewise.
            sqlite3.Error: Likewise.
        """
        if not os.path.lexists(self.path):
            self._make()
        at = self.check()
        for beside in (self._log, self._index, f"{self.path}-journal"):
            with contextlib.suppress(FileNotFoundError):
                _make_private(beside)
        connection = sqlite3.connect(
            self._uri, uri=True, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            connection.executescript(_SETTINGS)
            # The first reading opens the log and its index.
            connection.execute("SELECT bytes FROM held").fetchone()
            return connection, self._places(at)
        except BaseException:
            connection.close()
            raise

    def check(self) -> tuple[int, int]:
        """
        Look whether it is still what it was; where it has changed, whether it is ours.

        Returns:
            Device and inode.

        Raises:
            Unusable: It is none of ours, or known to be corrupt.
            FileNotFoundError: It is gone.
        """
        now = _mark(self.path)
        if now != self._good:
            if now == self._spoiled:
                raise Unusable(*CORRUPT)
            _must_be_regular(now[2])
            _must_be_ours(_head(self.path))
            _make_private(self.path)
            # chmod may have changed it, and it alone.
            self._good = (*now[:2], os.lstat(self.path).st_mode, *now[3:])
        return now[:2]

    def index_now(self) -> _Place | None:
        """Device and inode of the log's index that lies there now; None: there is none, or none of a file."""
        try:
            return _at(self._index) if os.path.lexists(self.path) else None
        except FileNotFoundError:
            return None

    def index_is_whole(self, places: Places) -> bool:
        """
        Whether the index of the log, which SQLite maps into memory, is as it was.

        Looking at one that has been cut short kills the process (SIGBUS): it gets its length back, and SQLite makes it
        anew from the log. False: another one lies there.
        """
        now = os.lstat(self._index)
        at = now.st_dev, now.st_ino
        if at != places.log_index:
            return False
        size = self._index_sizes.get(at, 0)
        if now.st_size < size:
            os.truncate(self._index, size)
        else:
            self._index_sizes[at] = now.st_size
        return True

    def spoil(self, places: Places | None) -> None:
        """Note that the file is corrupt: it is not used again until it changes."""
        self.disown(places)
        with contextlib.suppress(OSError):
            self._spoiled = _mark(self.path)
            self._good = None

    def disown(self, places: Places | None) -> None:
        """Make sure that nothing of our log is written into the file any more: it is another's, or corrupt."""
        if places is None:
            return
        with contextlib.suppress(OSError):
            if _at(self._log) == places.log:
                os.truncate(self._log, 0)
                os.unlink(self._log)
            if _at(self._index) == places.log_index:
                os.unlink(self._index)

    def _places(self, at: _Place) -> Places:
        try:
            log, index = _at(self._log), os.lstat(self._index)
        except FileNotFoundError:
            # SQLite goes on with the removed ones, as long as this process has any connection to the file.
            raise Unusable(*WITHOUT_ITS_LOG) from None
        places = Places(at, log, (index.st_dev, index.st_ino))
        self._index_sizes = {places.log_index: max(index.st_size, self._index_sizes.get(places.log_index, 0))}
        return places

    def _make(self) -> None:
        """Make a file of ours, all at once: it is whole as soon as it has its name, and nobody else's is replaced."""
        unborn = f"{self.path}.{secrets.token_hex(8)}.new"
        try:
            _write_new(unborn, self.key)
            # Who has seen no file must not remove the log of one that has been made since.
            with _alone_in(os.path.dirname(self.path)):
                self._clear_the_place()
                # Another process may have been first.
                with contextlib.suppress(FileExistsError):
                    os.link(unborn, self.path)
        finally:
            for rest in ("", "-journal", "-wal", "-shm"):
                with contextlib.suppress(OSError):
                    os.unlink(unborn + rest)

    def _clear_the_place(self) -> None:
        """Remove a log without its file, as SQLite does itself: the new file is not what it is a log of."""
        if not os.path.lexists(self.path):
            for rest in (self._log, self._index):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(rest)


@contextlib.contextmanager
def _alone_in(folder: str) -> Generator[None]:
    """Keep others from making a file in the same folder, where it can be locked."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        # Windows opens no folder; one may be writable and not readable.
        yield
        return
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Lock a folder; raise Unusable where somebody holds it for long."""
    if sys.platform == "win32":
        return
    end = time.monotonic() + _BIRTH
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise Unusable("locked", "Another process holds its folder; it is asked again by and by.") from None
            time.sleep(0.002)
        except OSError:
            # Some network filesystems know no such locks.
            return
        else:
            return


def _write_new(path: str, key: bytes) -> None:
    """Write an empty store into a file that nobody knows yet."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        # The umask may have taken too much.
        os.chmod(path, 0o600)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.executescript(_HEAD + _TABLES)
            connection.execute("INSERT INTO secret VALUES (?)", (key,))
            if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
                raise Unusable("on a filesystem without shared memory", "Choose a local disk.")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mark(path: str) -> _Mark:
    """What changes when the file does."""
    now = os.lstat(path)
    return now.st_dev, now.st_ino, now.st_mode, now.st_size, now.st_mtime_ns


def _at(path: str) -> tuple[int, int]:
    return _mark(path)[:2]


def _make_private(path: str) -> None:
    """See that a file is this user's, and take it from everybody else's eyes."""
    now = os.lstat(path)
    _must_be_regular(now.st_mode)
    if hasattr(os, "geteuid") and now.st_uid != os.geteuid():
        raise Unusable("another user's", "Choose another path, in a folder that only you can write to.")
    if now.st_mode & 0o077 and os.name == "posix":
        os.chmod(path, stat.S_IMODE(now.st_mode) & 0o700)


def _must_be_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise Unusable("no regular file", "Choose another path.")


def _head(path: str) -> bytes:
    """The first 100 bytes of a file."""
    descriptor = _held(_at(path))
    if descriptor is None:
        for key in list(_OPEN):
            # Of a file without a name nobody needs the locks, and it would keep its place on the disk.
            nameless = _held(key)
            if nameless is not None and os.fstat(nameless).st_nlink == 0 and _OPEN.pop(key, None) is not None:
                os.close(nameless)
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        now = os.fstat(descriptor)
        _OPEN[now.st_dev, now.st_ino] = descriptor
    return os.pread(descriptor, 100, 0)


def _held(at: tuple[int, int]) -> int | None:
    """
    The open descriptor of a file, by its device and inode.

    A program that goes into the background closes all descriptors, and the number may by now be a file of its own: then
    it is forgotten, and not closed.
    """
    descriptor = _OPEN.get(at)
    if descriptor is None:
        return None
    with contextlib.suppress(OSError):
        now = os.fstat(descriptor)
        if (now.st_dev, now.st_ino) == at:
            return descriptor
    _OPEN.pop(at, None)
    return None


def _must_be_ours(head: bytes) -> None:
    """Source: https://sqlite.org/fileformat.html, section 1.3."""
    if head[:16] != b"SQLite format 3\0" or int.from_bytes(head[68:72], "big") != APPLICATION:
        raise Unusable("not a file of this library, and left alone", "Choose another path, or remove it.")
    if int.from_bytes(head[60:64], "big") > VERSION:
        raise Unusable("of a newer version of this library, and left alone", "Update, or choose another path.")
