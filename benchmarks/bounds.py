"""What the gate holds: for each case, whose figure, in relation to whose, and how much it may be at most."""

from typing import NamedTuple

from clients import CACHE, OURS, OURS_SQLITE, REQUESTS
from footprint import STORED
from measuring import Sampled, ratio


class Bound(NamedTuple):
    """The most that a client may take: of what the other takes or, without another, in the unit of the case."""

    case: str
    most: float
    client: str = OURS
    beside: str | None = REQUESTS

    def found(self, samples: dict[str, Sampled]) -> float:
        """What it takes."""
        mine = samples[self.client].values
        return ratio(mine, samples[self.beside].values if self.beside else [1.0] * len(mine)).middle

    def __str__(self) -> str:
        return f"{self.case}, {self.client}" + (f" beside {self.beside}" if self.beside else "")


#: Each leaves room for a noisy machine and a slower Python.
BOUNDS = (
    Bound("first read, 1 KiB", 0.80),
    Bound("repeated read, 1 KiB", 0.80),
    Bound("repeated .json(), 1 KiB", 0.80),
    Bound("repeated .json(), 1 KiB", 0.45, beside=CACHE),
    Bound("repeated .json(), 1 KiB", 1.25, client=OURS_SQLITE, beside=OURS),
    Bound("repeated .json(), 32 KiB", 0.70),
    Bound("repeated .json(), 32 KiB", 0.45, beside=CACHE),
    Bound("repeated .json(), 1 MiB", 0.70),
    Bound("repeated .json(), 1 MiB", 0.72, beside=CACHE),
    Bound("PUT with If-Match", 0.80),
    Bound("404 to exception", 0.80),
    Bound("new TLS connection", 0.25),
    Bound("under tracing", 1.02),
    # A throughput of 1.4 and of 1.6.
    Bound("8 threads, repeated read, 1 KiB", 1 / 1.4),
    Bound("8 threads, .json(), 32 KiB", 1 / 1.6),
    Bound("32 threads in waves, 50 ms away", 1.6, beside=None),
    Bound("peak memory, .json(), 32 KiB", 1.00),
    Bound("peak memory, .json(), 1 MiB", 1.00),
    Bound("a stored resource, over its 1 KiB", 1536, beside=None),
    Bound(f"GC pause, {STORED:,} stored", 10, beside=None),
    Bound("writes to the store, 100 x 304", 0, beside=None),
    Bound("import", 1.15),
)
