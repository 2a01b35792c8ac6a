"""Threads that share one client: by the clock."""

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from clients import KINDS, Client
from measuring import Measure, Sampled, interleaved
from nginx import ROUND_TRIP, Place

#: Requests of each thread, one after the other.
_EACH = 20


def throughput(place: Place, use: Callable[[Client], object]) -> Measure:
    """Microseconds for a request of 8 threads at a server that is near: what one core can do."""

    def work(client: Client) -> None:
        for _ in range(_EACH):
            use(client)

    return _together(place, place.plain, 8, work, 1 / _EACH / 8)


def waves(place: Place, threads: int) -> Measure:
    """Round trips for as many requests as threads at once, all awaited, over TLS; and again."""
    return _together(place, place.far, threads, lambda client: client.read("/1k"), 1e-6 / ROUND_TRIP)


def _together(place: Place, root: str, threads: int, work: Callable[[Client], object], unit: float) -> Measure:
    def measure(names: list[str], rounds: int) -> dict[str, Sampled]:
        with ThreadPoolExecutor(threads) as pool:

            def all_at_once(client: Client) -> None:
                for _ in pool.map(work, [client] * threads):
                    pass

            calls = {name: functools.partial(all_at_once, KINDS[name].make(place, root)) for name in names}
            found = interleaved(calls, rounds, 1)
        return {name: Sampled([one.wall * unit for one in found[name]]) for name in names}

    return measure
