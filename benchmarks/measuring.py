"""Measuring side by side: in one process, in turns, so that a machine's drift is everybody's."""

import gc
import os
import random
import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

Call = Callable[[], object]


class Spent(NamedTuple):
    """Microseconds for a call: of CPU, and by the clock."""

    cpu: float
    wall: float


class Sampled(NamedTuple):
    """A figure for each round, and what is to be known of them."""

    values: list[float]
    note: str = ""


#: Names of clients and a number of rounds in; for each client what was found out.
Measure = Callable[[list[str], int], dict[str, Sampled]]


class Ratio(NamedTuple):
    """The middle half of many ratios, and the middle one."""

    low: float
    middle: float
    high: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.low:.2f}-{self.high:.2f})"


def interleaved(
    calls: Mapping[str, Call], rounds: int, batch: int, *, clock: Callable[[], float] = time.process_time
) -> dict[str, list[Spent]]:
    """What each call has spent in each round; a round is a batch of each, in random order. *clock* is that of CPU."""
    for call in calls.values():
        spent(call, batch, clock)
    # What the others hold is not looked through at the expense of whose turn it is.
    gc.collect()
    gc.freeze()
    found: dict[str, list[Spent]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name in random.sample(list(calls), len(calls)):
            found[name].append(spent(calls[name], batch, clock))
    gc.unfreeze()
    return found


def spent(call: Call, times: int, clock: Callable[[], float]) -> Spent:
    """For one call, of so many."""
    wall, cpu = time.perf_counter(), clock()
    for _ in range(times):
        call()
    cpu, wall = clock() - cpu, time.perf_counter() - wall
    return Spent(cpu / times * 1e6, wall / times * 1e6)


def ratio(mine: list[float], reference: list[float]) -> Ratio:
    """The ratios within each round; with a single round, that."""
    ratios = [one / other for one, other in zip(mine, reference, strict=True)]
    return Ratio(*statistics.quantiles(ratios, n=4)) if len(ratios) > 1 else Ratio(*ratios * 3)


def pinned(*, server: bool) -> None:
    """Keep this process to a core of its own: the servers to the last, the clients to the first."""
    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {(max if server else min)(os.sched_getaffinity(0))})


def pause() -> float:
    """Milliseconds of a full collection, of CPU: a busy machine is nobody's pause."""
    start = time.process_time()
    gc.collect()
    return (time.process_time() - start) * 1e3


def resident() -> int:
    """Bytes of this process in memory."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
