"""What a client takes up: memory, the garbage collector's time, the disk, and time to import."""

import functools
import multiprocessing
import os
import resource
import subprocess
import sys
import tracemalloc
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import stores
from clients import KINDS, OfOurs
from measuring import Measure, Sampled, interleaved, pause, resident
from nginx import SMALL, Place
from packaging.requirements import Requirement

import aic_requests
from aic_requests.stores import Representation

#: Resources that each client reads.
STORED = 5_000


def peak(place: Place, path: str) -> Measure:
    """KiB that a read takes at most, beyond what the client holds before it."""

    def once(name: str, rounds: int) -> Sampled:
        client = KINDS[name].make(place, place.plain)
        client.parse(path)
        client.parse(path)
        tracemalloc.start()
        found = []
        for _ in range(rounds):
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            client.parse(path)
            found.append((tracemalloc.get_traced_memory()[1] - before) / 1024)
        tracemalloc.stop()
        return Sampled(found)

    return lambda names, rounds: {name: once(name, rounds) for name in names}


# In a process of its own each


class Kept(NamedTuple):
    """Bytes for a resource over its body, and milliseconds that a full collection takes longer."""

    over: float
    pause: float


def memory(place: Place) -> Measure:
    """Bytes for each resource that was read, over its body."""
    return lambda names, _: {name: Sampled([_kept(place, name).over]) for name in names}


def pauses(place: Place) -> Measure:
    """Milliseconds that a full collection takes longer for what was read."""
    return lambda names, _: {name: Sampled([_kept(place, name).pause]) for name in names}


@functools.cache
def _kept(place: Place, name: str) -> Kept:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(read_many, (place, name))


def read_many(place: Place, name: str) -> Kept:
    """Read as many, and see what has become of it."""
    client = KINDS[name].make(place, place.plain)
    for _ in range(100):
        client.read("/u/0")
    bare, before = min(pause() for _ in range(11)), resident()
    for number in range(1, STORED + 1):
        client.read(f"/u/{number}")
    after = resident()
    # Something new each time: what a collection has once seen through it may not look at again.
    longer = min([(client.read(f"/u/{STORED + more}"), pause())[1] for more in range(1, 12)]) - bare
    return Kept((after - before) / STORED - len(SMALL), max(longer, 0.0))


def filled(place: Place, entries: int) -> Measure:
    """The same pause for a store that is filled directly, with as many as one likes."""
    around = stores.Around(str(place.folder), 0, place.plain)

    def measure(names: list[str], _: int) -> dict[str, Sampled]:
        return {name: Sampled([max(stores.grown("MemoryStore", around, entries).pause or 0.0, 0.0)]) for name in names}

    return measure


# What is counted


class Counting(aic_requests.MemoryStore):
    """A store that counts what is written to it."""

    puts = 0

    def put(self, path: str, variant: bytes, representation: Representation) -> None:
        """As its base does, and count."""
        self.puts += 1
        super().put(path, variant, representation)


def writes(place: Place) -> Measure:
    """To the store, for 304s that change nothing but the transaction id."""

    def measure(names: list[str], _: int) -> dict[str, Sampled]:
        store = Counting()
        client = OfOurs(place, place.plain, store=store)
        for _ in range(101):
            client.read("/1k")
        assert store.puts > 0, "nothing was kept"
        return {name: Sampled([float(store.puts - 1)], place.last_answer()) for name in names}

    return measure


# What is installed


def imports(place: Place) -> Measure:
    """CPU of a Python that does nothing else, with everything compiled beforehand."""
    kept = {**os.environ, "PYTHONPYCACHEPREFIX": str(place.folder / "compiled")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)

    def children() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def run(statement: str) -> object:
        return subprocess.run([sys.executable, "-c", statement], check=True, env=kept)

    def measure(names: list[str], rounds: int) -> dict[str, Sampled]:
        calls = {name: functools.partial(run, KINDS[name].imported) for name in names}
        found = interleaved(calls, rounds, 1, clock=children)
        return {name: Sampled([one.cpu for one in found[name]]) for name in names}

    return measure


def installed(names: list[str], _: int) -> dict[str, Sampled]:
    """KiB of files, without what Python compiles."""
    return {name: Sampled([sum(map(_size, _needed(KINDS[name].distribution, set()))) / 1024]) for name in names}


def _needed(requirement: str, found: set[str]) -> set[str]:
    """It and all that it needs, with its extra."""
    wanted = Requirement(requirement)
    if wanted.name.lower() not in found:
        found.add(wanted.name.lower())
        extra = {"extra": next(iter(wanted.extras), "")}
        for need in metadata.requires(wanted.name) or ():
            marker = Requirement(need).marker
            if marker is None or marker.evaluate(extra):
                _needed(need, found)
    return found


def _size(distribution: str) -> int:
    if distribution == "aic-requests":  # whose checkout may be what is installed
        files = list(Path(aic_requests.__file__).parent.rglob("*.*"))
    else:
        files = [Path(str(file.locate())) for file in metadata.files(distribution) or ()]
    return sum(file.stat().st_size for file in files if file.suffix != ".pyc" and file.is_file())
