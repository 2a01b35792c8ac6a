"""The file of a SQLiteStore: whose it is, what becomes of it, and what lies in it."""

import contextlib
import logging
import os
import pickle
import random
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from aic_requests import SQLiteStore
from aic_requests.stores import Size

from .every_store import PATH, representation

KEPT = representation("kept")
BESIDE = ("", "-wal", "-shm")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
def store(file):
    with contextlib.closing(SQLiteStore(file, no_store="keep")) as store:
        yield store


@pytest.fixture
def warnings(caplog):
    """What has been said, by the library's logger."""
    caplog.set_level(logging.WARNING)
    return lambda: [record.getMessage() for record in caplog.records if record.name == "aic_requests"]


def another(file, **options):
    """A store of the same file, to be closed at the end."""
    return contextlib.closing(SQLiteStore(file, no_store="keep", **options))


def eventually(store, path=PATH, seconds=2.0):
    """What is kept, once the store has rested."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        store.put(path, b"me", KEPT)
        if store.get(path, b"me") == KEPT:
            return True
        time.sleep(0.001)
    return False


def somebody_elses(path):
    """A database that is not ours, in use: with a log beside it."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("CREATE TABLE theirs (text)")
    connection.executemany("INSERT INTO theirs VALUES (?)", [(str(number) * 500,) for number in range(500)])
    connection.close()
    return path


def appearance(path):
    """All that can be seen of a file and of those beside it."""
    seen = {}
    for one in sorted(path.parent.glob(f"{path.name}*")):
        now = one.lstat()
        content = one.read_bytes() if one.is_file() else None
        seen[one.name] = (now.st_ino, now.st_mode, now.st_size, now.st_mtime_ns, now.st_nlink, content)
    return seen


# The file


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_nobody_else_may_read_it(tmp_path, umask):
    """It and what lies beside it, from the first byte, whatever the umask."""
    seen = set()
    before = os.umask(umask)
    try:
        watched = threading.Event()

        def watch():
            while not watched.is_set():
                with contextlib.suppress(FileNotFoundError):
                    seen.update(one.stat().st_mode & 0o177 for one in tmp_path.iterdir())

        with ThreadPoolExecutor(1) as pool:
            pool.submit(watch)
            with another(tmp_path / "store.db") as store:
                store.put(PATH, b"me", KEPT)
                modes = {name.name: stat.S_IMODE(name.stat().st_mode) for name in tmp_path.iterdir()}
                assert store.get(PATH, b"me") == KEPT
            watched.set()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm"), 0o600)
    assert seen <= {0}


def test_a_file_that_others_may_read_is_taken_from_them(file):
    """Somebody has copied it carelessly, say."""
    with another(file) as store:
        store.put(PATH, b"me", KEPT)
        for beside in BESIDE:
            os.chmod(f"{file}{beside}", 0o666)
        with another(file) as second:
            assert second.get(PATH, b"me") == KEPT
            assert {os.stat(f"{file}{beside}").st_mode & 0o777 for beside in BESIDE} == {0o600}
    file.chmod(0o644)
    assert store.get(PATH, b"me") == KEPT
    assert file.stat().st_mode & 0o777 == 0o600
    store.close()


def test_it_says_what_it_is(file, store):
    """To `file`, to SQLite's own tools, and to versions to come."""
    head = file.read_bytes()[:100]
    assert head[68:72] == b"AICr"
    assert head[60:64] == b"\0\0\0\1"
    assert head[18:20] == b"\2\2"  # WAL


def test_nothing_else_is_left_in_the_folder(file, store):
    """Neither while it is used, nor after."""
    store.put(PATH, b"me", KEPT)
    assert {one.name for one in file.parent.iterdir()} == {f"store.db{beside}" for beside in BESIDE}
    store.close()
    assert [one.name for one in file.parent.iterdir()] == ["store.db"]


def test_a_relative_path_stays_where_it_is(tmp_path, monkeypatch):
    """Wherever the program goes."""
    monkeypatch.chdir(tmp_path)
    with another("store.db") as store:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        store.put(PATH, b"me", KEPT)
        store.close()
        assert store.get(PATH, b"me") == KEPT
        assert pickle.loads(pickle.dumps(store)).path == str(tmp_path / "store.db")
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(
    "name", ["a b", "a%20b", "a?mode=memory", "a#b", ":memory:", "\u20ac", "a\udcffb", "a'b", "a;b"]
)
def test_any_name_is_a_file_of_that_name(tmp_path, name):
    """SQLite has URIs and names of its own."""
    with another(tmp_path / name) as store:
        store.put(PATH, b"me", KEPT)
    assert os.listdir(tmp_path) == [name]
    with another(tmp_path / name) as store:
        assert store.get(PATH, b"me") == KEPT


@pytest.mark.parametrize(
    "options", [{"max_bytes": -1}, {"no_store": "maybe"}, {"no_store": True}, {"no_store": None}], ids=str
)
def test_a_wrong_argument_is_an_error_and_makes_no_file(file, options):
    """As a slip of the pen."""
    with pytest.raises(ValueError, match=next(iter(options))):
        SQLiteStore(file, **options)
    assert not file.exists()


def test_what_is_kept_is_found_later(file):
    """By another store of the same file, whose key is the same; also out of a pickle."""
    with another(file) as store:
        store.put(PATH, b"me", KEPT)
    with another(file) as later:
        assert later.key == store.key
        assert later.get(PATH, b"me") == KEPT
        assert later.size() == store.size()
        twin = pickle.loads(pickle.dumps(later))
        assert (twin.path, twin.max_bytes, twin.no_store) == (later.path, later.max_bytes, "keep")
        assert twin.get(PATH, b"me") == KEPT
        twin.close()


def test_import_does_not_need_sqlite():
    """A Python may be built without it: whoever makes a store is told so, by name."""
    code = (
        "import sys; sys.modules['_sqlite3'] = None; import aic_requests; from aic_requests import SQLiteStore\n"
        "assert 'sqlite3' not in sys.modules\n"
        "try: SQLiteStore('x')\n"
        "except ImportError as error: assert 'sqlite3' in str(error)\n"
        "else: raise SystemExit('no error')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# What is not ours


@pytest.mark.parametrize(
    "what", ["garbage", "empty", "text", "short", "database", "newer", "folder", "link", "dangling", "pipe"]
)
@pytest.mark.parametrize("moment", ["before", "meanwhile in place", "meanwhile instead"])
def test_what_is_not_ours_is_left_alone(file, tmp_path, warnings, what, moment):
    """Not a byte of it is written, nothing is made beside it; misses, one warning, and all is well when it is gone."""
    with another(file) as ours:
        ours.put(PATH, b"me", KEPT)
    newer = bytearray(file.read_bytes())
    newer[63] = 2
    content = {
        "garbage": random.Random(1).randbytes(50_000),
        "empty": b"",
        "text": b"SQLite is not what this is.\n" * 10,
        "short": b"SQLite format 3\0",
        "database": somebody_elses(tmp_path / "theirs").read_bytes(),
        "newer": bytes(newer),
    }
    if moment == "before":
        file.unlink()
    else:
        store = SQLiteStore(file, no_store="keep")
        for number in range(20):
            store.put(f"{PATH}{number}", b"me", KEPT)
        assert store.get(PATH, b"me") == KEPT

    place = tmp_path / "made"
    if what in content:
        if moment == "meanwhile in place":
            file.write_bytes(content[what])
        else:
            place.write_bytes(content[what])
            place.chmod(0o644)
            os.replace(place, file)
    else:
        file.unlink(missing_ok=True)
        {
            "folder": file.mkdir,
            "link": lambda: file.symlink_to(tmp_path / "theirs"),
            "dangling": lambda: file.symlink_to(tmp_path / "nowhere"),
            "pipe": lambda: os.mkfifo(file, 0o644),
        }[what]()
    before = appearance(file)[file.name]
    theirs = appearance(tmp_path / "theirs")

    if moment == "before":
        store = SQLiteStore(file, no_store="keep")
    for number in range(20):
        assert store.get(f"{PATH}{number}", b"me") is None
        store.put(f"{PATH}{number}", b"me", KEPT)
        store.drop(f"{PATH}{number + 1}")
        time.sleep(0.001)
    assert store.size() == Size(0, 0)
    store.clear()
    assert store.key == store.key
    store.close()
    assert len(warnings()) == 1
    assert str(file) in warnings()[0]
    assert appearance(file) == {file.name: before}
    assert appearance(tmp_path / "theirs") == theirs
    assert not (tmp_path / "nowhere").exists()

    file.rmdir() if what == "folder" else file.unlink()
    assert eventually(store)
    store.close()


def test_a_database_in_use_keeps_its_log(file, tmp_path, store, warnings):
    """Where another's database takes the place of ours with its log, neither loses anything."""
    theirs = sqlite3.connect(somebody_elses(tmp_path / "theirs"), isolation_level=None)
    theirs.execute("PRAGMA journal_mode = WAL")
    theirs.execute("INSERT INTO theirs VALUES ('in the log')")
    store.put(PATH, b"me", KEPT)
    for beside in BESIDE:
        os.replace(tmp_path / f"theirs{beside}", f"{file}{beside}")
    before = appearance(file)
    assert store.get(PATH, b"me") is None
    store.put(PATH, b"me", KEPT)
    store.close()
    assert appearance(file) == before
    assert len(warnings()) == 1
    theirs.close()
    with contextlib.closing(sqlite3.connect(file)) as later:
        assert later.execute("SELECT count(*) FROM theirs").fetchone() == (501,)


def test_looking_at_it_takes_no_lock_off_it(file, tmp_path):
    """POSIX drops a process's locks when it closes a file: those of a database that the program has open too."""
    theirs = sqlite3.connect(somebody_elses(file), isolation_level=None)
    theirs.execute("BEGIN EXCLUSIVE")
    with another(file) as store:
        assert store.get(PATH, b"me") is None
    code = f"import sqlite3; sqlite3.connect({str(file)!r}, timeout=0).execute('INSERT INTO theirs VALUES (1)')"
    tried = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "database is locked" in tried.stderr
    theirs.close()


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can make another user's file; run as root"
)
def test_another_users_file_is_left_alone(file, warnings):
    """He may have put it there to read what comes into it."""
    with another(file) as store:
        store.put(PATH, b"me", KEPT)
    os.chown(file, 65534, 65534)
    before = appearance(file)
    with another(file) as store:
        assert store.get(PATH, b"me") is None
        store.put(PATH, b"me", KEPT)
    assert appearance(file) == before
    assert len(warnings()) == 1
    assert "another user's" in warnings()[0]
