"""
What each store costs, beside the memory store and the backends of requests-cache.

    python benchmarks/stores.py                      # some minutes
    python benchmarks/stores.py --entries 1000000    # the growth of it: half an hour, 4 GB

It needs an nginx (apt-get install nginx-light; pip install trustme). Redis needs a redis-server (apt-get install
redis-server) and redis-py (pip install "aic-requests[redis]"); requests-cache is none of this library's dependencies
(pip install requests-cache). What is absent is left out, by name.

A read that is revalidated: all stores in one process, batches in random order, the server in another process; the ratio
is the median over the rounds of the ratio within a round. Everything else: a process for each store.
"""

import argparse
import importlib.util
import multiprocessing
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests
from measuring import Ratio, interleaved, pause, ratio, resident
from nginx import HEADERS, nginx
from nginx import SMALL as BODY

from aic_requests import AICSession, MemoryStore, RedisStore, SQLiteStore, Store
from aic_requests.stores import Representation

LINES = tuple(f"{name}: {value}" for name, value in HEADERS.items())
SPAWN = multiprocessing.get_context("spawn")
PROCESSES = 4


@dataclass(frozen=True)
class Around:
    """Where things are for one run: a folder, a port of a Redis, the web server."""

    folder: str
    redis: int
    base: str


class Ours:
    """A store of this library."""

    def __init__(self, kind: str, around: Around) -> None:
        most = 1 << 40
        self.store: Store = {
            "MemoryStore": lambda: MemoryStore(max_bytes=most),
            "SQLiteStore": lambda: SQLiteStore(f"{around.folder}/ours.db", max_bytes=most, no_store="keep"),
            "RedisStore": lambda: RedisStore(
                # A busy machine is no slow server.
                f"redis://127.0.0.1:{around.redis}/0?socket_timeout=10",
                no_store="keep",
            ),
        }[kind]()
        self.session: requests.Session = AICSession(around.base, store=self.store)

    def keep(self, number: int) -> None:
        """Keep the representation of one resource."""
        headers = (f'ETag: "{number}"', f"Content-Length: {len(BODY)}", "Content-Type: application/json", *LINES)
        kept = Representation(f'"{number}"', headers, b"%012d" % number + BODY[12:])
        self.store.put(_path(number), number.to_bytes(16, "big"), kept)

    def find(self, number: int) -> bool:
        """Look one up."""
        return self.store.get(_path(number), number.to_bytes(16, "big")) is not None

    def bound(self) -> bool:
        """Let it grow no more."""
        if hasattr(self.store, "max_bytes"):
            self.store.max_bytes = self.store.size().bytes
        return hasattr(self.store, "max_bytes")


class Theirs:
    """A backend of requests-cache."""

    def __init__(self, kind: str, around: Around) -> None:
        from requests_cache import CachedSession, RedisCache, SQLiteCache

        backend: Any = {
            "requests-cache memory": lambda: "memory",
            "requests-cache SQLite": lambda: SQLiteCache(f"{around.folder}/theirs.db", wal=True),
            "requests-cache Redis": lambda: RedisCache(port=around.redis, db=1),
        }[kind]()
        self.session: requests.Session = CachedSession(backend=backend, always_revalidate=True)
        self._cache = self.session.cache  # type: ignore[attr-defined]
        self._response = requests.get(f"{around.base}/1k", timeout=10)

    def keep(self, number: int) -> None:
        """Keep the answer of one resource."""
        self._response._content = b"%012d" % number + BODY[12:]
        self._response.url = self._response.request.url = _path(number)
        self._cache.save_response(self._response, f"{number:032}")

    def find(self, number: int) -> bool:
        """Look one up."""
        return self._cache.get_response(f"{number:032}") is not None

    def bound(self) -> bool:
        """It has none in bytes."""
        return False


KINDS: dict[str, type[Ours] | type[Theirs]] = {
    "MemoryStore": Ours,
    "SQLiteStore": Ours,
    "RedisStore": Ours,
    "requests-cache memory": Theirs,
    "requests-cache SQLite": Theirs,
    "requests-cache Redis": Theirs,
}


@dataclass
class Row:
    """What is known of one store. Microseconds, but where it says otherwise."""

    kind: str
    entries: int = 0
    read: float = 0.0
    ratio: Ratio | None = None
    wall: float = 0.0
    find: float = 0.0
    keep: float = 0.0
    memory: float | None = None
    pause: float | None = None
    stored: float | None = None
    evict: tuple[float, float] | None = None
    rate: float | None = None


def _path(number: int) -> str:
    return f"https://tenant.example.com/openidm/managed/alpha_user/{number:08}-9a5b-4a39-a6a3-3f3a5e8bd9d1"


# Growth, in a process of its own


def grown(kind: str, around: Around, entries: int) -> Row:
    """Fill a store in a process of its own, and see what it has become."""
    with SPAWN.Pool(1) as pool:
        return pool.apply(grow, (kind, around, entries))


def grow(kind: str, around: Around, entries: int) -> Row:
    """Fill a store, and see what it has become."""
    one = KINDS[kind](kind, around)
    # What is made on first use is not the entries' doing.
    one.keep(0)
    one.find(0)
    redis_before = _redis_memory(around)
    bare, before = min([pause() for _ in range(11)]), resident()
    start = time.perf_counter()
    for number in range(1, entries + 1):
        one.keep(number)
    row = Row(kind, entries, keep=(time.perf_counter() - start) / entries * 1e6)
    after = resident()
    # Something new each time: what a collection has once seen through it may not look at again.
    row.pause = min([(one.keep(number), pause())[1] for number in range(1, 12)]) - bare
    if "emory" in kind:
        row.memory = (after - before) / entries - len(BODY)
    elif "Redis" in kind:
        row.stored = (_redis_memory(around) - redis_before) / entries
    else:
        row.stored = sum(file.stat().st_size for file in Path(around.folder).glob("*.db*")) / entries
    chosen = [random.randint(1, entries) for _ in range(2000 if "Redis" in kind else 10_000)]
    start = time.perf_counter()
    assert sum(one.find(number) for number in chosen) == len(chosen)
    row.find = (time.perf_counter() - start) / len(chosen) * 1e6
    if one.bound():
        row.evict = _eviction(one, entries)
    return row


def _eviction(one: Ours | Theirs, entries: int) -> tuple[float, float]:
    """Mean and longest time to keep one more where another has to go; a tenth of all, so that the rare occurs."""
    times = []
    for number in range(entries + 1, entries + max(1000, entries // 10)):
        start = time.perf_counter()
        one.keep(number)
        times.append((time.perf_counter() - start) * 1e6)
    return statistics.mean(times), max(times)


def _redis_memory(around: Around) -> int:
    if not around.redis:
        return 0
    import redis

    with redis.Redis(port=around.redis) as client:
        return int(client.info("memory")["used_memory"])


# Several processes at once


def look_up(kind: str, around: Around, entries: int, seconds: float, told: Connection) -> None:
    """Look up as fast as it goes, with a write among a hundred."""
    one = KINDS[kind](kind, around)
    one.find(1)
    told.send(None)
    told.recv()
    done, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        for _ in range(99):
            one.find(random.randint(1, entries))
        one.keep(random.randint(1, entries))
        done += 100
    told.send(done / seconds)


def rate(kind: str, around: Around, entries: int) -> float:
    """Lookups and writes a second of all processes together."""
    pipes = [SPAWN.Pipe() for _ in range(PROCESSES)]
    children = [SPAWN.Process(target=look_up, args=(kind, around, entries, 2.0, pipe[1])) for pipe in pipes]
    for child in children:
        child.start()
    for here, _ in pipes:
        here.recv()
    for here, _ in pipes:
        here.send(None)
    total = sum(here.recv() for here, _ in pipes)
    for child in children:
        child.join()
    return total


# Reads that are revalidated, side by side


def read(rows: list[Row], around: Around, rounds: int, batch: int) -> None:
    """Fill in what a read costs that ends in a 304."""
    calls: dict[str, Callable[[], object]] = {}
    for row in rows:
        session = KINDS[row.kind](row.kind, around).session
        calls[row.kind] = _reading(session, f"{around.base}/1k")
        assert [calls[row.kind]() for _ in range(3)][-1], f"{row.kind} does not revalidate"
    found = interleaved(calls, rounds, batch)
    cpu = {kind: [one.cpu for one in of] for kind, of in found.items()}
    for row in rows:
        row.read, row.ratio = statistics.median(cpu[row.kind]), ratio(cpu[row.kind], cpu[rows[0].kind])
        row.wall = statistics.median(one.wall for one in found[row.kind])


def _reading(session: requests.Session, url: str) -> Callable[[], object]:
    def call() -> object:
        response = session.get(url)
        assert response.content == BODY
        return getattr(response, "from_cache", False)

    return call


# All of it


@contextmanager
def redis_server(folder: str) -> Iterator[int]:
    """The port of a Redis for a block; 0 where there is none."""
    program = shutil.which("redis-server")
    if program is None or importlib.util.find_spec("redis") is None:
        yield 0
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # It goes with the benchmark, even where that is killed.
    guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"]
    with subprocess.Popen([*guard, program, *options], stdout=subprocess.DEVNULL) as process:
        try:
            for _ in range(500):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.01)
            yield port
        finally:
            process.terminate()


def present(around: Around, only: list[str]) -> list[str]:
    """The stores that can take part; the others are named."""
    missing = {kind: "not asked for" for kind in KINDS if kind not in ["MemoryStore", *only]}
    for kind, of in KINDS.items():
        if kind in missing:
            continue
        if "Redis" in kind and not around.redis:
            missing[kind] = 'apt-get install redis-server; pip install "aic-requests[redis]"'
        if of is Theirs and importlib.util.find_spec("requests_cache") is None:
            missing[kind] = "pip install requests-cache"
    for kind, command in missing.items():
        print(f"left out: {kind} ({command})")
    return [kind for kind in KINDS if kind not in missing]


def measured(rows: list[Row], around: Around, given: argparse.Namespace) -> None:
    """Fill in the rows."""
    for row in rows:
        print(f"... {row.kind}", file=sys.stderr)
        entries = given.entries if KINDS[row.kind] is Ours else min(given.entries, given.theirs)
        row.__dict__.update(grown(row.kind, around, entries).__dict__)
        if "emory" not in row.kind:
            row.rate = rate(row.kind, around, entries)
    read(rows, around, given.rounds, given.batch)


def show(rows: list[Row]) -> None:
    """Print the table."""
    print(
        f"\n{'':22} | a revalidated read              | {'':>9} | {'find':>6} {'keep':>6} | {'over':>7} {'stored':>7} "
        f"{'gc':>7} | evicting       | {PROCESSES} processes"
    )
    print(
        f"{'':22} | {'wall':>6} {'CPU':>6}  {'ratio':16} | {'entries':>9} | {'us':>6} {'us':>6} | {'body, B':>7} "
        f"{'B each':>7} {'ms':>7} | {'us':>6} {'max ms':>7} | calls/s"
    )
    for row in rows:
        mean, longest = row.evict or (None, None)
        print(
            f"{row.kind:22} | {row.wall:6.0f} {row.read:6.0f}  {row.ratio!s:16} | {row.entries:9,} | "
            f"{row.find:6.1f} {row.keep:6.1f} | {_of(row.memory):>7} {_of(row.stored):>7} {_of(row.pause, 1):>7} | "
            f"{_of(mean, 1):>6} {_of(longest and longest / 1e3, 1):>7} | {_of(row.rate):>7}"
        )


def _of(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=20_000, help="resources in each store of this library")
    parser.add_argument("--theirs", type=int, default=5_000, help="at most so many in each of requests-cache")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS), help="beside MemoryStore")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--batch", type=int, default=100)
    given = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder, nginx(Path(folder)) as place, redis_server(folder) as port:
        around = Around(folder, port, place.plain)
        rows = [Row(kind) for kind in present(around, given.only)]
        measured(rows, around, given)
        show(rows)


if __name__ == "__main__":
    main()
