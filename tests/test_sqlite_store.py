"""The file of a SQLiteStore: whose it is, what becomes of it, and what lies in it."""

import contextlib
import logging
import os
import pickle
import random
import select
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aic_requests import SQLiteStore
from aic_requests.stores import Representation, Size, sqlite_file

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


def eventually(store, path=PATH, seconds=20.0):
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


def test_another_users_file_is_left_alone(file, warnings, monkeypatch):
    """He may have put it there to read what comes into it."""
    with another(file) as store:
        store.put(PATH, b"me", KEPT)
    if os.geteuid() == 0:
        os.chown(file, 65534, 65534)
    else:
        monkeypatch.setattr("os.geteuid", lambda: 65534)
    before = appearance(file)
    with another(file) as store:
        assert store.get(PATH, b"me") is None
        store.put(PATH, b"me", KEPT)
    assert appearance(file) == before
    assert len(warnings()) == 1
    assert "another user's" in warnings()[0]


# What may become of it


def locked(file, way="BEGIN IMMEDIATE"):
    """Somebody who holds the file."""
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute(way)
    if way.startswith("PRAGMA"):
        holder.execute("DELETE FROM secret WHERE 0")
        holder.execute("BEGIN IMMEDIATE")
    return holder


@pytest.mark.parametrize("way", ["BEGIN IMMEDIATE", "PRAGMA locking_mode = EXCLUSIVE"])
def test_a_locked_file_costs_little_and_one_warning(file, store, warnings, way):
    """A twentieth of a second, and then a tenth of the time at most; reads go on where they can. Then all is well."""
    store.put(PATH, b"me", KEPT)
    store.close()
    holder = locked(file, way)
    began = time.monotonic()
    for number in range(500):
        found = store.get(PATH, b"me")
        assert found == (KEPT if way.startswith("BEGIN") else None)
        store.put(f"{PATH}{number}", b"me", KEPT)
    assert time.monotonic() - began < 5
    assert len(warnings()) == 1
    assert "locked" in warnings()[0]
    holder.close()
    assert eventually(store)
    assert len(warnings()) == 1

    holder = locked(file)
    store.put(PATH, b"me", KEPT)
    holder.close()
    assert len(warnings()) == 2


def test_a_store_made_while_the_file_is_locked_works_for_itself(file):
    """It has a key of its own, and keeps it; later ones share what the file has."""
    with another(file) as first:
        pass
    holder = locked(file, "PRAGMA locking_mode = EXCLUSIVE")
    with another(file) as store:
        key = store.key
        assert key != first.key
        holder.close()
        assert eventually(store)
        assert store.key == key
        with another(file) as later:
            assert later.key == first.key
            assert later.get(PATH, b"me") is None


@pytest.mark.parametrize("deed", ["drop", "put", "clear", "put of what may not be kept"])
def test_what_could_not_be_dropped_is_not_served(file, deed):
    """A server may say of it that it is current: where revisions start anew. Others find it until it is dropped."""
    with another(file) as others, contextlib.closing(SQLiteStore(file)) as store:
        for path in (PATH, f"{PATH}3"):
            store.put(path, b"me", representation("a"))
        holder = locked(file)
        {
            "drop": lambda: store.drop(PATH),
            "put": lambda: store.put(PATH, b"me", representation("b")),
            "clear": store.clear,
            "put of what may not be kept": lambda: store.put(
                PATH, b"me", Representation('"8"', ("Cache-Control: no-store",), b"{}")
            ),
        }[deed]()
        assert store.get(PATH, b"me") is None
        assert (store.get(f"{PATH}3", b"me") is None) == (deed == "clear")
        assert others.get(PATH, b"me") == representation("a")
        holder.close()
        assert store.get(PATH, b"me") is None
        assert eventually(store, f"{PATH}4")
        assert others.get(PATH, b"me") is None
        store.put(PATH, b"me", representation("c"))
        assert store.get(PATH, b"me") == representation("c")


def test_very_much_that_could_not_be_dropped(file):
    """Then nothing is served; it is forgotten all the same, and memory does not grow."""
    with another(file) as store:
        store.put("/kept", b"me", KEPT)
        holder = locked(file)
        for number in range(10_002):
            store.drop(f"/{number}")
        assert store.get("/kept", b"me") is None
        holder.close()
        assert eventually(store, "/1")
        assert store.size().entries == 1


LIMITED = """
import logging, resource, signal, sys, time
from aic_requests import SQLiteStore
from aic_requests.stores import Representation
logging.basicConfig(format="%(message)s")
kept = lambda number: Representation(f'"{number}"', (), str(number).encode() * 3000)
store = SQLiteStore(sys.argv[1], no_store="keep")
store.put("/0", b"me", kept(0))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
before = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
for number in range(1, 500):
    store.put(f"/{number}", b"me", kept(number))
    assert store.get("/0", b"me") == kept(0)
    found = store.get(f"/{number}", b"me")
    assert found in (None, kept(number))
assert found is None
resource.setrlimit(resource.RLIMIT_FSIZE, before)
end = time.monotonic() + 20
while store.get("/499", b"me") is None and time.monotonic() < end:
    store.put("/499", b"me", kept(499))
assert store.get("/499", b"me") == kept(499)
assert store.get("/0", b"me") == kept(0)
store.close()
print("done")
"""


def test_a_disk_that_is_full(file):
    """What is there is read on; one warning. When there is room again, it is used."""
    done = subprocess.run([sys.executable, "-c", LIMITED, str(file)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "done\n", done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


READ_ONLY = """
import logging, os, sys
from aic_requests import SQLiteStore
from aic_requests.stores import Representation, sqlite_access, sqlite_file
if os.geteuid() == 0:  # to whom modes say nothing
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
logging.basicConfig(format="%(message)s")
os.chdir(sys.argv[1])
store = SQLiteStore(sys.argv[2], no_store="keep")
for _ in range(20):
    assert store.get("/0", b"me") in (None, Representation('"0"', (), b"0"))
    store.put("/1", b"me", Representation('"1"', (), b"1"))
    store.drop("/0")
    assert store.get("/1", b"me") is None
print("done")
"""


@pytest.mark.parametrize("what", ["file", "folder", "both", "no file"])
def test_read_only(tmp_path, what):
    """Misses at worst, and one warning; nothing is raised."""
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "store.db"
    if what != "no file":
        with another(file) as store:
            store.put("/0", b"me", Representation('"0"', (), b"0"))
    if os.geteuid() == 0:
        for one in (folder, *folder.iterdir()):
            os.chown(one, 65534, 65534)
        for above in (tmp_path, *tmp_path.parents):
            if not above.stat().st_mode & 0o001:
                above.chmod(above.stat().st_mode | 0o011)
    if what in ("file", "both"):
        file.chmod(0o400)
    if what != "file":
        folder.chmod(0o500)
    command = [sys.executable, "-c", READ_ONLY, str(folder), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    folder.chmod(0o700)
    assert done.stdout == "done\n", done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "writable" in done.stderr


def test_a_folder_that_is_gone(tmp_path, warnings):
    """Before, or meanwhile; when it is there again, so is the store."""
    folder = tmp_path / "folder"
    with another(folder / "store.db") as store:
        assert store.get(PATH, b"me") is None
        assert len(warnings()) == 1
        folder.mkdir()
        assert eventually(store)
        shutil.rmtree(folder)
        store.put(PATH, b"me", KEPT)
        assert store.get(PATH, b"me") is None
        assert len(warnings()) == 2
        folder.mkdir()
        assert eventually(store)
        assert len(warnings()) == 2


@pytest.mark.parametrize("rest", [("",), ("", "-wal", "-shm")])
def test_a_file_that_is_removed_is_made_anew(file, store, warnings, rest):
    """At once, with the key that this store has, so that others who had the former one find what it keeps."""
    with another(file) as other:
        for _ in range(3):
            store.put(PATH, b"me", KEPT)
            assert other.get(PATH, b"me") == KEPT
            for beside in rest:
                os.unlink(f"{file}{beside}")
            assert store.get(PATH, b"me") is None
            assert other.get(PATH, b"me") is None
        store.put(PATH, b"me", KEPT)
        assert other.get(PATH, b"me") == KEPT
        assert warnings() == []
    with another(file) as later:
        assert later.get(PATH, b"me") == KEPT


def test_half_a_file(file, store, warnings):
    """No wrong byte comes out of it; one warning. A whole one in its place is used again."""
    bodies = {f"{PATH}{number}": representation(str(number), 2000) for number in range(100)}
    for path, body in bodies.items():
        store.put(path, b"me", body)
    store.close()
    whole = file.read_bytes()
    store.get(PATH, b"me")
    file.write_bytes(whole[: len(whole) // 2])
    for path, body in bodies.items():
        assert store.get(path, b"me") in (None, body)
    for path, body in bodies.items():
        store.put(path, b"me", body)
        assert store.get(path, b"me") in (None, body)
    assert len(warnings()) == 1
    assert "corrupt" in warnings()[0]
    file.write_bytes(whole)
    assert eventually(store)
    assert len(warnings()) == 1
    with another(file) as later:
        assert later.get(PATH, b"me") == KEPT


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bytes(file, seed, warnings):
    """Wherever in the file: what comes out of it is right, or nothing; and nothing is raised."""
    chance = random.Random(seed)
    bodies = {f"{PATH}{number}": representation(str(number), 500 * (number % 20)) for number in range(30)}
    with another(file) as store:
        for path, body in bodies.items():
            store.put(path, b"me", body)
    content = bytearray(file.read_bytes())
    for _ in range(chance.choice([1, 10, 200])):
        content[chance.randrange(100, len(content))] = chance.randrange(256)
    file.write_bytes(content)
    with another(file) as store:
        for path, body in bodies.items():
            assert store.get(path, b"me") in (None, body)
            store.put(path, b"me", body)
            assert store.get(path, b"me") in (None, body)
        store.size()
        store.drop(PATH)
        store.clear()
    assert len(warnings()) <= 2
    assert all("corrupt" in warning or "damaged" in warning for warning in warnings())


@pytest.mark.parametrize(
    "what",
    ["log cut", "log gone", "log garbage", "index cut", "index half", "index gone", "index garbage", "both gone"],
)
def test_whatever_becomes_of_the_files_beside_it(tmp_path, what):
    """An index cut short would kill the process that looks at it; wrong bytes never come out."""
    code = """
import os, random, sys
from aic_requests import SQLiteStore
from aic_requests.stores import Representation
kept = lambda number: Representation(f'"{number}"', (), str(number).encode() * 2000)
path, what = sys.argv[1:]
stores = [SQLiteStore(path, no_store="keep") for _ in range(2)]
for number in range(20):
    for store in stores:
        store.put(f"/{number}", b"me", kept(number))
{
    "log cut": lambda: os.truncate(path + "-wal", 0),
    "log gone": lambda: os.unlink(path + "-wal"),
    "log garbage": lambda: open(path + "-wal", "r+b").write(random.Random(1).randbytes(50_000)),
    "index cut": lambda: os.truncate(path + "-shm", 0),
    "index half": lambda: os.truncate(path + "-shm", 10_000),
    "index gone": lambda: os.unlink(path + "-shm"),
    "index garbage": lambda: open(path + "-shm", "r+b").write(random.Random(1).randbytes(32_768)),
    "both gone": lambda: [os.unlink(path + "-wal"), os.unlink(path + "-shm")],
}[what]()
for number in range(40):
    for store in stores:
        assert store.get(f"/{number}", b"me") in (None, kept(number))
        store.put(f"/{number}", b"me", kept(number))
        assert store.get(f"/{number}", b"me") in (None, kept(number))
        store.drop(f"/{number + 1}")
for store in stores:
    store.close()
print("done")
"""
    command = [sys.executable, "-c", code, str(tmp_path / "store.db"), what]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_a_damaged_entry_is_told_and_replaced(file, store, warnings):
    """SQLite does not see it; its own digest does."""
    store.put(PATH, b"me", KEPT)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as someone:
        someone.execute("UPDATE representation SET packed = CAST(replace(packed, 'kept', 'bent') AS BLOB)")
        assert someone.execute("SELECT instr(packed, 'bent') FROM representation").fetchone() != (0,)
    assert store.get(PATH, b"me") is None
    assert len(warnings()) == 1
    store.put(PATH, b"me", KEPT)
    assert store.get(PATH, b"me") == KEPT


@pytest.mark.parametrize("value", ["'text'", "7", "7.5", "x''", "zeroblob(1000)"])
def test_a_row_may_hold_anything(file, store, value):
    """A miss, and it is replaced."""
    store.put(PATH, b"me", KEPT)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as someone:
        someone.execute(f"UPDATE representation SET packed = {value}")
    assert store.get(PATH, b"me") is None
    store.put(PATH, b"me", KEPT)
    assert store.get(PATH, b"me") == KEPT


# What it holds


def test_what_was_written_first_goes_first(file):
    """A read writes nothing, so it keeps nothing alive; what is written anew is new."""
    with another(file, max_bytes=20_000) as store:
        for number in range(10):
            store.put(f"{PATH}{number}", b"me", representation(size=1000))
        for number in range(10, 20):
            store.get(f"{PATH}0", b"me")
            store.put(f"{PATH}1", b"me", representation("new", 300))
            store.put(f"{PATH}{number}", b"me", representation(size=1000))
        assert store.get(f"{PATH}0", b"me") is None
        assert store.get(f"{PATH}1", b"me") == representation("new", 300)
        assert None not in [store.get(f"{PATH}{number}", b"me") for number in range(10, 20)]


def test_pages_count_where_bodies_fill_them_badly(file):
    """One body of a little more than half a page takes a whole one."""
    with another(file, max_bytes=2_000_000) as store:
        for number in range(900):
            store.put(f"{PATH}{number}", b"me", representation(size=2100))
        assert file.stat().st_size <= 2_000_000 + 2**20
        assert store.size().entries > 500


def test_the_files_stay_within_their_bounds(file):
    """Entries of all sizes, written again and again in any order: the file takes 1 MiB more at most, the log one."""
    chance = random.Random(1)
    most = 2_000_000
    largest = 0
    with another(file, max_bytes=most) as store:
        for _ in range(3000):
            size = chance.choice([10, 500, 1500, 3000, 5000, 50_000 if chance.random() < 0.3 else 0])
            store.put(f"{PATH}{chance.randrange(1500)}", b"me", representation(size=size))
            if chance.random() < 0.1:
                store.drop(f"{PATH}{chance.randrange(1500)}")
            assert store.size().bytes <= most
            largest = max(largest, file.stat().st_size)
        assert store.size().bytes > most * 0.5
        assert largest <= most + 2**20
        assert os.stat(f"{file}-wal").st_size <= 2**20 + 200_000
        with contextlib.closing(sqlite3.connect(file)) as someone:
            counted = someone.execute("SELECT count(*), sum(cost) FROM representation").fetchone()
            assert store.size() == Size(*counted)
            assert someone.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_size_is_what_the_file_takes(file):
    """As near as pages allow, for small bodies and large ones."""
    for size in (100, 800, 10_000):
        with another(file) as store:
            store.clear()
            for number in range(500):
                store.put(f"{PATH}{number}", b"me", representation(size=size))
        assert 0.75 < store.size().bytes / file.stat().st_size < 1.05, size
        store.close()


def test_a_smaller_bound_makes_room(file):
    """With the next write."""
    with another(file) as store:
        for number in range(100):
            store.put(f"{PATH}{number}", b"me", representation(size=1000))
    with another(file, max_bytes=20_000) as store:
        store.put(PATH, b"me", KEPT)
        assert store.size().bytes <= 20_000
        assert store.get(PATH, b"me") == KEPT


def test_what_is_dropped_is_overwritten(file, store):
    """Not a trace of it is in the file once that is closed; the whole of it is gone with clear, whose room is free."""
    for number in range(100):
        store.put(f"{PATH}{number}", b"me", representation(f"secret{number}x", 600))
    store.close()
    assert b"secret7x" in file.read_bytes()
    full = file.stat().st_size
    store.drop(f"{PATH}7")
    store.put(f"{PATH}8", b"me", KEPT)
    store.close()
    content = file.read_bytes()
    assert b"secret7x" not in content
    assert b"secret8x" not in content
    assert b"secret9x" in content
    store.clear()
    assert b"secret9x" not in b"".join(Path(f"{file}{beside}").read_bytes() for beside in BESIDE)
    assert file.stat().st_size < full / 10


def test_reading_writes_nothing(file, store):
    """Not a byte, in neither file; of the index it is SQLite's own affair."""
    for number in range(10):
        store.put(f"{PATH}{number}", b"me", KEPT)
    before = [appearance(file)[f"store.db{beside}"] for beside in ("", "-wal")]
    for _ in range(3):
        for number in range(10):
            assert store.get(f"{PATH}{number}", b"me") == KEPT
        store.get("/nothing", b"me")
        store.size()
        store.drop("/nothing")
    assert [appearance(file)[f"store.db{beside}"] for beside in ("", "-wal")] == before


def test_what_is_marked_no_store_is_refused(file):
    """Unless the caller has said that it may lie there. What it outdates goes all the same."""
    marked = KEPT._replace(headers=(*KEPT.headers, "Cache-Control: private, No-Store"))
    with contextlib.closing(SQLiteStore(file)) as careful, another(file) as told:
        careful.put(PATH, b"me", marked)
        assert careful.size() == Size(0, 0)
        careful.put(PATH, b"me", KEPT)
        careful.put(PATH, b"you", KEPT)
        careful.put(PATH, b"me", marked)
        assert careful.get(PATH, b"me") is None
        assert careful.get(PATH, b"you") == KEPT
        told.put(PATH, b"me", marked)
        assert told.get(PATH, b"me") == marked


# Threads, processes, forks


def test_threads_at_one_file(file, warnings, monkeypatch):
    """What one has written, each reads whole; nobody is told that it is locked."""
    # A busy machine may stop a thread that holds the lock. A lock that no waiting helps against is told of at once.
    monkeypatch.setattr(sqlite_file, "_PATIENCE", 10.0)
    before = open_files()
    with another(file, max_bytes=300_000) as store:

        def work(seed):
            chance = random.Random(seed)
            for _ in range(200):
                number = chance.randrange(30)
                body = representation(str(number), 500)
                store.put(f"{PATH}{number}", b"me", body)
                found = store.get(f"{PATH}{number}", b"me")
                assert found in (None, body)
                if chance.random() < 0.3:
                    store.close()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        assert warnings() == []
        assert open_files() - before < 100


def open_files():
    """How many files this process has open, where that can be told."""
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


def test_dead_threads_leave_no_connection(file, store):
    """A connection belongs to the store and not to a thread."""
    folder = Path("/proc/self/fd") if os.path.isdir("/proc/self/fd") else Path("/dev/fd")
    store.get(PATH, b"me")
    before = len(os.listdir(folder))
    for _ in range(50):
        thread = threading.Thread(target=lambda: store.put(PATH, b"me", KEPT))
        thread.start()
        thread.join()
    assert len(os.listdir(folder)) <= before + 4


def test_a_store_that_nobody_holds_lets_go(file):
    """Without a close, and without a word of Python's about it."""
    store = SQLiteStore(file, no_store="keep")
    store.put(PATH, b"me", KEPT)
    del store
    assert [one.name for one in file.parent.iterdir()] == ["store.db"]


def test_a_fork_has_connections_of_its_own(file, store):
    """Both sides go on, whatever the parent's threads were doing; what either writes, the other reads."""
    store.put(PATH, b"me", KEPT)
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number = (number + 1) % 50
            store.put(f"/parent/{number}", b"me", representation(str(number), 700))

    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            pool.submit(write)
        children = []
        for child in range(8):
            pid = os.fork()
            if pid == 0:
                status = 1
                with contextlib.suppress(BaseException):
                    found, until = {}, time.monotonic() + 30
                    # So many at once may have to wait too long now and then.
                    while list(found.values()) != [KEPT] * 30 and time.monotonic() < until:
                        for number in range(30):
                            if found.get(number) is None:
                                store.put(f"/child/{child}/{number}", b"me", KEPT)
                                found[number] = store.get(f"/child/{child}/{number}", b"me")
                        time.sleep(0.01)
                    store.close()
                    status = 0 if list(found.values()) == [KEPT] * 30 else 2
                os._exit(status)
            children.append(pid)
        statuses = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
        stop.set()
    assert statuses == [0] * 8
    found = [store.get(f"/child/{child}/{number}", b"me") for child in range(8) for number in range(30)]
    assert set(found) <= {None, KEPT}
    assert found.count(KEPT) > 120
    with contextlib.closing(sqlite3.connect(file)) as someone:
        assert someone.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_fork_inherits_no_connection(file, store):
    """Else its closing, or its end, could do to the file what nobody has asked for."""
    store.put(PATH, b"me", KEPT)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            links = []
            for one in os.listdir("/proc/self/fd"):
                with contextlib.suppress(OSError):
                    links.append(os.readlink(f"/proc/self/fd/{one}"))
            os.write(writing, str([link for link in links if link.endswith(("-wal", "-shm"))]).encode())
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(reading, 1000) == b"[]"
    os.close(reading)
    os.close(writing)
    assert store.get(PATH, b"me") == KEPT


def interrupted(function, line, call):
    """Whether Ctrl-C came, before that line of a function of ours, while something was called."""

    def lines(frame, event, _):
        if event == "line" and frame.f_lineno == frame.f_code.co_firstlineno + line:
            sys.settrace(before)
            raise KeyboardInterrupt
        return lines

    before = sys.gettrace()
    sys.settrace(lambda frame, *_: lines if frame.f_code.co_name == function else None)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("function", ["_writing", "_keep", "_drop", "do", "_connected", "_watched", "check"])
def test_ctrl_c_harms_nothing(file, store, warnings, function):
    """Wherever it comes: the file and its log stay for all, the store goes on, and what was to be dropped is."""
    with another(file) as other:
        came = 0
        for line in range(1, 30):
            for path in (PATH, "/other"):
                store.put(path, b"me", KEPT)
            beside = (Path(f"{file}-wal").stat().st_ino, Path(f"{file}-shm").stat().st_ino)
            dropped = interrupted(function, line, lambda: store.drop(PATH))
            kept = interrupted(function, line, lambda: store.put("/third", b"me", KEPT))
            came += dropped or kept
            assert store.get(PATH, b"me") is None
            assert store.get("/other", b"me") == other.get("/other", b"me") == KEPT
            assert (Path(f"{file}-wal").stat().st_ino, Path(f"{file}-shm").stat().st_ino) == beside
            other.put("/theirs", b"me", KEPT)
            assert other.get("/theirs", b"me") == KEPT
        assert came
        store.put(PATH, b"me", KEPT)
        assert store.get(PATH, b"me") == other.get(PATH, b"me") == KEPT
    assert warnings() == []


@pytest.mark.parametrize("wrong", ["no such table", "no number"])
def test_only_damage_takes_the_log_from_others(file, store, wrong):
    """An error of this process alone leaves the file, its log and its index where they are."""

    def work(connection):
        if wrong == "no number":
            raise ValueError(wrong)
        connection.execute("SELECT * FROM nothing")

    with another(file) as other:
        other.put(PATH, b"me", KEPT)
        before = [Path(f"{file}{rest}").stat().st_ino for rest in BESIDE]
        store._writing.do(work)
        assert [Path(f"{file}{rest}").stat().st_ino for rest in BESIDE] == before
        assert other.get(PATH, b"me") == KEPT
        assert eventually(store)


def test_a_logging_handler_may_use_the_store(file, store, caplog):
    """A handler has a lock of its own: what is told is told out of turn, or two threads wait for each other."""
    taken, asking = threading.Lock(), threading.Event()

    class Ships(logging.Handler):
        def emit(self, record):
            asking.set()
            if not taken.acquire(timeout=20.0):
                raise AssertionError("the other thread waits for its turn at the store")
            taken.release()

    def uses():
        with taken:
            asking.wait(20.0)
            found.append(store.get(PATH, b"me"))

    store.put(PATH, b"me", KEPT)
    found = []
    handler = Ships()
    logging.getLogger("aic_requests").addHandler(handler)
    try:
        thread = threading.Thread(target=uses)
        thread.start()
        while not taken.locked():
            time.sleep(0.001)
        store._reading.do(lambda connection: connection.execute("SELECT * FROM nothing"))
        thread.join(30.0)
    finally:
        logging.getLogger("aic_requests").removeHandler(handler)
    assert not thread.is_alive()
    assert len(found) == 1


_INTO_THE_BACKGROUND = """
import os, sys, tempfile
from aic_requests import SQLiteStore
from aic_requests.stores import Representation
from aic_requests.stores.sqlite_file import _OPEN
one = Representation('"1"', (), b"{}")
first = SQLiteStore(sys.argv[1], no_store="keep")
first.put("/", b"me", one)
numbers = list(_OPEN.values())
first.close()
os.closerange(3, 256)
own = tempfile.TemporaryFile(buffering=0)
for number in numbers:
    if number != own.fileno():
        os.dup2(own.fileno(), number)
second = SQLiteStore(sys.argv[1] + "2", no_store="keep")
second.put("/", b"me", one)
assert second.get("/", b"me") == one
assert first.get("/", b"me") == one
for number in numbers:
    os.write(number, b"mine")
first.put("/2", b"me", one)
assert first.get("/2", b"me") == one
"""


def test_a_program_that_closes_all_descriptors_keeps_its_own(file):
    """Going into the background closes them all; a number that we had is the program's then, and left open."""
    ran = subprocess.run(
        [sys.executable, "-c", _INTO_THE_BACKGROUND, file], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")


_BORN_MEANWHILE = """
import sys
from aic_requests import SQLiteStore
from aic_requests.stores import Representation
one = Representation('"1"', (), b"{}")
print("ready", flush=True)
while True:
    store = SQLiteStore(sys.argv[1], no_store="keep")
    store.put("/theirs", b"me", one)
    if store.get("/theirs", b"me") == one:
        break
    store.close()
print("kept", flush=True)
sys.stdin.read()
print("kept" if store.get("/theirs", b"me") == one else "lost", flush=True)
"""


def test_processes_that_start_at_once_keep_one_log(file, monkeypatch):
    """Who has seen no file does not take the log from another process that has made one since."""
    looks, lexists = [], os.path.lexists

    def slow(path):
        there = lexists(path)
        looks.append(there)
        # The last look before it is made is whether a log lies there without its file.
        if len(looks) == 3:
            other.stdin.write("\n")
            assert other.stdout.readline() == "ready\n"
            select.select([other.stdout], [], [], 1.0)
        return there

    code = "import sys; sys.stdin.readline()\n" + _BORN_MEANWHILE
    command = [sys.executable, "-c", code, file]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as other:
        monkeypatch.setattr(os.path, "lexists", slow)
        with another(file) as store:
            assert other.stdout.readline() == "kept\n"
            assert eventually(store)
            found = store.get("/theirs", b"me")
            rest, _ = other.communicate()
    assert looks[:3] == [False] * 3
    assert found is not None
    assert rest == "kept\n"


def test_a_folder_that_somebody_holds_costs_little(file, warnings):
    """Whoever has locked the folder for long keeps nobody waiting for long; then it is made after all."""
    fcntl = pytest.importorskip("fcntl", reason="Windows locks no folder")
    holder = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX)
        began = time.monotonic()
        store = SQLiteStore(file, no_store="keep")
        assert store.get(PATH, b"me") is None
        assert time.monotonic() - began < 5.0
        assert not file.exists()
        assert len(warnings()) == 1
    finally:
        os.close(holder)
    assert eventually(store)
    store.close()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_folder_that_may_only_be_written_to(tmp_path):
    """It cannot be opened, so not locked; the file is made all the same (root opens every folder)."""
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o300)
    try:
        with another(folder / "store.db") as store:
            assert eventually(store)
    finally:
        folder.chmod(0o700)


_ANOTHER_PROCESS = """
import sys
from aic_requests import SQLiteStore
from aic_requests.stores import Representation
store = SQLiteStore(sys.argv[1], no_store="keep")
for line in sys.stdin:
    what, path, validator = line.split()
    if what == "put":
        store.put(path, b"me", Representation(validator, (), b"{}"))
    found = store.get(path, b"me")
    print(found and found.validator, flush=True)
"""


@pytest.mark.parametrize("removed", [("-wal", "-shm"), ("-shm",)])
@pytest.mark.parametrize("stores", [1, 2])
def test_a_log_that_is_removed_is_opened_anew_by_all(file, store, removed, stores):
    """Each connection of the process lets go of the removed one, so that it sees again what other processes write."""
    with contextlib.ExitStack() as stack:
        ours = [store, *(stack.enter_context(another(file)) for _ in range(stores - 1))]
        for one in ours:
            one.put(PATH, b"me", KEPT)
            assert one.get(PATH, b"me") == KEPT
        for rest in removed:
            os.unlink(f"{file}{rest}")
        command = [sys.executable, "-c", _ANOTHER_PROCESS, file]
        other = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        )
        stack.callback(other.stdin.close)

        def ask(what, validator="-"):
            other.stdin.write(f"{what} {PATH} {validator}\n")
            return other.stdout.readline().strip()

        ask("put", "first")
        for one in ours:
            assert eventually(one)
        assert ask("put", "theirs") == "theirs"
        assert [one.get(PATH, b"me").validator for one in ours] == ["theirs"] * stores
        ours[-1].drop(PATH)
        assert ask("get") == "None"
        assert [one.get(PATH, b"me") for one in ours] == [None] * stores
