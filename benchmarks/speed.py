"""
What a request costs: this library beside plain requests, its peers, and the floor.

    pip install -r benchmarks/requirements.txt      # the peers
    python benchmarks/speed.py                      # ten minutes: the tables
    python benchmarks/speed.py --picture docs/speed.svg
    python benchmarks/speed.py --gate               # a minute: this library and requests; exit 1 above a bound

All clients in one process on one core, in turns and in random order; nginx on another core, with answers like AIC's. A
figure is the median over the rounds, its ratio the median of the ratios within a round (and their middle half).
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import count
from typing import NamedTuple

import requests
from clients import CLIENTS as ALL
from clients import OURS, PLAIN, Client, Requests, clients
from measuring import Call, Figures, compare, figures, pin
from picture import draw
from requests.adapters import HTTPAdapter
from stores import Place, grown
from web import ROUND_TRIP, Web, serving

import aic_requests

#: The highest ratio to plain requests that passes the gate; for waves, round trips.
MOST = {
    "first read, 1 KiB": 0.80,
    "repeated read, 1 KiB": 0.80,
    "json, 1 KiB": 0.80,
    "json, 32 KiB": 0.70,
    "json, 1 MiB": 0.70,
    "PUT with If-Match, 1 KiB": 0.80,
    "404 to exception": 0.80,
    "first read, under tracing": 1.02,
    "new TLS connection": 0.25,
    "8 threads, first read": 1 / 1.4,
    "8 threads, json, 32 KiB": 1 / 1.6,
    "a wave of 32 threads, 50 ms away": 1.6,
    "peak memory, json, 32 KiB": 1.00,
    "peak memory, json, 1 MiB": 1.00,
    "import": 1.15,
}

#: What the picture shows.
DRAWN = ("first read, 1 KiB", "json, 32 KiB", "PUT with If-Match, 1 KiB", "new TLS connection")


class Case(NamedTuple):
    """
    Something to measure.

    Attributes:
        calls: By client; the first is what the others are compared with.
        measure: Measures them, in so many rounds.
        unit: Of the cost.
        scale: From what was measured to the unit.
        absolute: What is bounded is the cost, and not the ratio.
    """

    calls: Mapping[str, Call]
    measure: Callable[[Mapping[str, Call], int], dict[str, Figures]]
    unit: str = "us"
    scale: float = 1.0
    absolute: bool = False

    def figures(self, rounds: int) -> dict[str, Figures]:
        """The figures, in the unit."""
        found = self.measure(self.calls, rounds)
        return {name: one._replace(cost=one.cost * self.scale) for name, one in found.items()}


def of_cpu(batch: int) -> Callable[[Mapping[str, Call], int], dict[str, Figures]]:
    """CPU for a call, in batches of so many."""
    return lambda calls, rounds: compare(calls, batch=batch, rounds=rounds)


def of_wall(calls: Mapping[str, Call], rounds: int) -> dict[str, Figures]:
    """Time on the wall, for one call a round."""
    return compare(calls, rounds=rounds, clock=time.perf_counter)


def of_children(calls: Mapping[str, Call], rounds: int) -> dict[str, Figures]:
    """CPU of the processes that a call starts."""

    def clock() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    return compare(calls, rounds=rounds, clock=clock)


def of_memory(calls: Mapping[str, Call], _rounds: int) -> dict[str, Figures]:
    """The most that a call takes at a time, on top of what there is; always the same."""
    return figures({name: [_peak(call)] for name, call in calls.items()})


def _peak(call: Call) -> float:
    for _ in range(3):
        call()
    tracemalloc.start()
    call()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - before


def cases(made: Mapping[str, Client], web: Web, cleanup: ExitStack) -> dict[str, Case]:
    """All that is measured, by name."""
    number = count()

    def new(client: Client) -> Call:
        return lambda: client.get(f"{web.url}/aic/1k/{next(number)}")

    def each(make: Callable[[Client], Call], without: str = "") -> dict[str, Call]:
        return {name: make(client) for name, client in made.items() if name != without}

    def of(what: str, path: str) -> dict[str, Call]:
        return each(lambda client: partial(getattr(client, what), f"{web.url}{path}"))

    both = {name: made[name] for name in (PLAIN, OURS)}
    threads = cleanup.enter_context(ThreadPoolExecutor(8))

    def at_once(what: Callable[[Client], Call]) -> dict[str, Call]:
        calls = {name: what(client) for name, client in both.items()}
        return {name: partial(_together, threads, call, 200) for name, call in calls.items()}

    kinds = {
        "first read, 1 KiB": Case(each(new), of_cpu(100)),
        "repeated read, 1 KiB": Case(of("get", "/aic/1k/same"), of_cpu(100)),
        "json, 1 KiB": Case(of("json", "/revalidated/1k/same"), of_cpu(100)),
        "json, 32 KiB": Case(of("json", "/revalidated/32k/same"), of_cpu(40)),
        "json, 1 MiB": Case(of("json", "/revalidated/1m/same"), of_cpu(4)),
        "PUT with If-Match, 1 KiB": Case(of("put", "/put/1"), of_cpu(100)),
        "404 to exception": Case(of("gone", "/gone/1"), of_cpu(100)),
        "first read, under tracing": Case({name: traced(new(client)) for name, client in both.items()}, of_cpu(100)),
        "new TLS connection": Case(
            each(lambda client: lambda: client.get(f"{web.secure}/closed/{next(number)}"), without="raw socket"),
            of_cpu(4),
        ),
        # By CPU: on one core, that is what bounds what they get through.
        "8 threads, first read": Case(at_once(new), of_cpu(1), "ms", 1e-3),
        "8 threads, json, 32 KiB": Case(
            at_once(lambda client: partial(client.json, f"{web.url}/revalidated/32k/same")), of_cpu(1), "ms", 1e-3
        ),
    }
    for size in (8, 32):
        pool = cleanup.enter_context(ThreadPoolExecutor(size))
        calls = {
            name: partial(_together, pool, partial(client.get, f"{web.far}/aic/1k/same"), size)
            for name, client in _for_waves(made, web).items()
        }
        kinds[f"a wave of {size} threads, 50 ms away"] = Case(
            calls, of_wall, "round trips", 1e-6 / ROUND_TRIP, absolute=True
        )
    for size, path in (("32 KiB", "32k"), ("1 MiB", "1m")):
        kinds[f"peak memory, json, {size}"] = Case(of("json", f"/revalidated/{path}/same"), of_memory, "KiB", 1 / 1024)
    compiled = cleanup.enter_context(tempfile.TemporaryDirectory())
    kinds["import"] = Case(_imports(made, compiled), of_children, "ms", 1e-3)
    return kinds


def _for_waves(made: Mapping[str, Client], web: Web) -> dict[str, Client]:
    """Clients for many threads; requests also with as many connections as ours."""
    roomy = requests.Session()
    roomy.mount("https://", HTTPAdapter(pool_maxsize=64))
    chosen = {name: made[name] for name in (PLAIN, OURS, "urllib3", "httpx") if name in made}
    return {**chosen, "requests, 64 connections": Requests(roomy, web.bundle)}


def _together(pool: ThreadPoolExecutor, call: Call, times: int) -> None:
    for done in [pool.submit(call) for _ in range(times)]:
        done.result()


def traced(call: Call) -> Call:
    """A call while somebody has wrapped requests' ``send``, as tracing does."""
    send = requests.Session.send

    def wrapper(self: requests.Session, request: requests.PreparedRequest, **named: object) -> requests.Response:
        return send(self, request, **named)  # type: ignore[arg-type]

    def measured() -> None:
        requests.Session.send = wrapper  # type: ignore[assignment]
        try:
            call()
        finally:
            requests.Session.send = send  # type: ignore[method-assign]

    return measured


def _imports(made: Mapping[str, Client], folder: str) -> dict[str, Call]:
    """Start Python, and import each; all compiled before, as pip leaves them."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    modules = {
        PLAIN: "requests",
        OURS: "aic_requests; aic_requests.AICSession",
        "urllib3": "urllib3",
        "httpx": "httpx",
        "CacheControl": "cachecontrol",
        "hishel, SQLite": "hishel.requests",
        "requests-cache, memory": "requests_cache",
    }
    return {
        name: partial(subprocess.run, [sys.executable, "-c", f"import {module}"], check=True, env=environment)
        for name, module in modules.items()
        if name in made
    }


def show(name: str, case: Case, found: Mapping[str, Figures]) -> None:
    """Print one table, the cheapest first."""
    print(f"\n{name}\n")
    for client, one in sorted(found.items(), key=lambda item: item[1].ratio):
        print(f"  {client:26} {one.cost:10,.2f} {case.unit:12} {one.ratio:5.2f} ({one.low:.2f} to {one.high:.2f})")


def weigh(names: list[str], place: Place, entries: int) -> None:
    """Print what resources of 1 KiB take in memory, and what a full garbage collection takes longer for them."""
    print("\nresources in memory, 1 KiB each\n")
    kinds = {OURS: ("MemoryStore", entries), "requests-cache, memory": ("requests-cache memory", 5_000)}
    for name, (kind, number) in kinds.items():
        if name in names:
            row = grown(kind, place, number)
            print(f"  {name:26} {number:10,}: a body and {row.memory:,.0f} bytes; a collection {row.pause:+.1f} ms")


def weight() -> str:
    """The size of what is installed."""
    folder = os.path.dirname(aic_requests.__file__)
    files = [os.path.join(where, name) for where, _, names in os.walk(folder) for name in names if name[-3:] == ".py"]
    return f"installed: {sum(map(os.path.getsize, files)) / 1024:,.0f} KiB of Python in {len(files)} files"


def main() -> int:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--only", nargs="+", metavar="CASE", help="cases whose name begins so")
    parser.add_argument("--picture", metavar="FILE", help="draw an SVG of four of the cases")
    parser.add_argument("--entries", type=int, default=1_000_000, help="resources to weigh the memory store with")
    parser.add_argument("--gate", action="store_true", help="two clients, fewer rounds; exit 1 above a bound")
    given = parser.parse_args()
    rounds = 9 if given.gate else given.rounds

    pin()
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        # It would take the place of the bundle that knows nginx here.
        os.environ.pop(name, None)
    above: list[str] = []
    drawn: dict[str, dict[str, Figures]] = {}
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Python {version}, requests {requests.__version__}; {weight()}")
    with tempfile.TemporaryDirectory() as folder, serving() as web, ExitStack() as cleanup:
        made = clients([PLAIN, OURS] if given.gate else list(ALL), web.bundle, folder)
        for name, case in cases(made, web, cleanup).items():
            if (given.only and not name.startswith(tuple(given.only))) or (given.gate and name not in MOST):
                continue
            if given.gate and case.absolute:
                case = case._replace(calls={OURS: case.calls[OURS]})
            found = case.figures(rounds)
            if given.gate and _is_above(name, case, found):
                # What is slower is so again, and over more rounds; what a busy machine has done is not.
                found = case.figures(3 * rounds)
            if _is_above(name, case, found):
                above.append(f"{name}: above {MOST[name]:.2f}")
            show(name, case, found)
            drawn[name] = found
        if not (given.gate or given.only):
            weigh(list(made), Place(folder, 0, web.url), given.entries)
    if given.picture:
        draw({name: drawn[name] for name in DRAWN}, f"Python {version}, requests {requests.__version__}", given.picture)
    print("", *above, sep="\n")
    return int(given.gate and bool(above))


def _is_above(name: str, case: Case, found: Mapping[str, Figures]) -> bool:
    mine = found[OURS]
    return name in MOST and (mine.cost if case.absolute else mine.ratio) > MOST[name]


if __name__ == "__main__":
    sys.exit(main())
