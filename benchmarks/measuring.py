"""Clients side by side: batches in random order, and ratios within a round, so that a machine's drift cancels out."""

import os
import random
import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

Call = Callable[[], object]

#: Seconds.
Clock = Callable[[], float]


class Figures(NamedTuple):
    """
    What one client costs.

    Attributes:
        cost: Of a call, the median over the rounds; microseconds, where a clock was asked.
        low, ratio, high: To the first client, in the same round: the middle half of the rounds, and their median.
    """

    cost: float
    low: float
    ratio: float
    high: float


def compare(
    calls: Mapping[str, Call], *, batch: int = 1, rounds: int, clock: Clock = time.process_time
) -> dict[str, Figures]:
    """Measure every client against the first, by the CPU of this process or by another clock."""
    for call in calls.values():
        _batch(call, batch, clock)
    costs: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name in random.sample(list(calls), len(calls)):
            costs[name].append(_batch(calls[name], batch, clock))
    return figures(costs)


def figures(costs: Mapping[str, list[float]]) -> dict[str, Figures]:
    """Sum up what was measured of each client, round by round."""
    first = next(iter(costs.values()))
    return {name: _figures(first, mine) for name, mine in costs.items()}


def _batch(call: Call, times: int, clock: Clock) -> float:
    start = clock()
    for _ in range(times):
        call()
    return (clock() - start) / times * 1e6


def _figures(first: list[float], mine: list[float]) -> Figures:
    ratios = [one / other for other, one in zip(first, mine, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return Figures(statistics.median(mine), low, middle, high)


def pin(which: Callable[[set[int]], int] = min) -> None:
    """Keep this process, and what it starts, on one core: *which* of those it may use. Not everywhere possible."""
    if hasattr(os, "sched_setaffinity") and len(_CORES) > 1:
        os.sched_setaffinity(0, {which(_CORES)})


_CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}
