"""What is measured, each case of all its clients at once."""

import functools
from collections.abc import Callable, Iterator
from itertools import count
from typing import NamedTuple

import footprint
import requests
import threads
from clients import CACHE, CONTROL, KINDS, OURS, REQUESTS, Client
from measuring import Measure, Sampled, interleaved
from nginx import Place


class Case(NamedTuple):
    """
    One case.

    Attributes:
        name: What it is.
        unit: Of its figures.
        measure: What finds them out.
        clients: Who can take part.
        rounds: As many as are of use.
    """

    name: str
    unit: str
    measure: Measure
    clients: tuple[str, ...] = tuple(KINDS)
    rounds: int = 1000


#: Those that keep things in memory, and those that keep nothing.
_PLAIN = tuple(name for name in KINDS if "SQLite" not in name)
_MEMORY = tuple(name for name in _PLAIN if name != "hishel")
_KEEPING = (OURS, CACHE, CONTROL)
_SIZES = {"1 KiB": "/1k", "32 KiB": "/32k", "1 MiB": "/1m"}


def cases(place: Place, entries: int) -> Iterator[Case]:
    """All of them, in the order of the table; *entries* are so many resources that a store is filled with."""
    number = count()
    yield Case("first read, 1 KiB", "us", _cpu(place, lambda client: client.read(f"/u/{next(number)}")))
    yield Case("repeated read, 1 KiB", "us", _cpu(place, lambda client: client.read("/1k")))
    for size, path in _SIZES.items():
        batch = {"1 KiB": 100, "32 KiB": 40, "1 MiB": 4}[size]
        yield Case(f"repeated .json(), {size}", "us", _cpu(place, lambda client, p=path: client.parse(p), batch=batch))
    yield Case("PUT with If-Match", "us", _cpu(place, lambda client: client.write("/put")))
    yield Case("404 to exception", "us", _cpu(place, lambda client: client.miss("/gone")))
    closing = _cpu(place, lambda client: client.read("/closing"), root=place.tls, batch=4)
    yield Case("new TLS connection", "us", closing)
    yield Case("under tracing", "us", _cpu(place, _traced), (REQUESTS, OURS))
    reading = threads.throughput(place, lambda client: client.read("/1k"))
    yield Case("8 threads, repeated read, 1 KiB", "us wall", reading, _MEMORY)
    parsing = threads.throughput(place, lambda client: client.parse("/32k"))
    yield Case("8 threads, .json(), 32 KiB", "us wall", parsing, _MEMORY)
    for many in (8, 32):
        yield Case(f"{many} threads in waves, 50 ms away", "round trips", threads.waves(place, many), _MEMORY, 12)
    for size in ("32 KiB", "1 MiB"):
        yield Case(f"peak memory, .json(), {size}", "KiB", footprint.peak(place, _SIZES[size]), rounds=3)
    yield Case("a stored resource, over its 1 KiB", "bytes", footprint.memory(place), _KEEPING, 1)
    yield Case(f"GC pause, {footprint.STORED:,} stored", "ms", footprint.pauses(place), _KEEPING, 1)
    yield Case(f"GC pause, {entries:,} stored", "ms", footprint.filled(place, entries), (OURS,), 1)
    yield Case("writes to the store, 100 x 304", "puts", footprint.writes(place), (OURS,), 1)
    yield Case("import", "us", footprint.imports(place), _PLAIN, 20)
    yield Case("installed, with all it needs", "KiB", footprint.installed, _PLAIN[:-1], 1)


def _cpu(place: Place, use: Callable[[Client], object], *, root: str = "", batch: int = 100) -> Measure:
    """CPU of one request after the other."""

    def measure(names: list[str], rounds: int) -> dict[str, Sampled]:
        calls = {name: functools.partial(use, KINDS[name].make(place, root or place.plain)) for name in names}
        notes = {name: _answer(place, call) for name, call in calls.items()}
        found = interleaved(calls, rounds, batch)
        return {name: Sampled([one.cpu for one in found[name]], notes[name]) for name in names}

    return measure


def _answer(place: Place, call: Callable[[], object]) -> str:
    """What the server says to the third of the same."""
    for _ in range(3):
        call()
    return place.last_answer()


def _traced(client: Client) -> object:
    """As tracing does it: something of its own stands in the place of a method."""
    send = requests.Session.send
    requests.Session.send = lambda self, request, **named: send(self, request, **named)  # type: ignore[method-assign]
    try:
        return client.read("/1k")
    finally:
        requests.Session.send = send  # type: ignore[method-assign]
