"""
AICSession beside plain requests and the libraries that people use in its place, over a real nginx.

    python benchmarks/peers.py                 the table, and the picture of the README: some minutes
    python benchmarks/peers.py --readme        the same, and the README's own table
    python benchmarks/peers.py --gate          less than a minute; fails where a bound is not held (bounds.py)

It needs an nginx (apt-get install nginx-light), and `pip install -r benchmarks/requirements.txt`. A client that is not
installed is left out, by name.

All clients of a case are in one process, batches of each in random order, and nginx is on a core of its own, where
there is one. A ratio is that to plain requests: the median, over the rounds, of the ratio within a round (and the
middle half of them); a machine's drift cancels out. What is answered, 200 or 304, stands behind. The server far away is
a relay in another process, which hands on each piece 25 ms later, to nginx and back; to connect takes a round trip.
"""

import argparse
import os
import platform
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from bounds import BOUNDS, Bound
from cases import Case, cases
from clients import KINDS, OURS, REQUESTS, present
from measuring import Sampled, pinned, ratio
from nginx import nginx, version
from picture import picture

HERE = Path(__file__).parent
#: What the README's table shows, beside plain requests and ours.
SHOWN = tuple(name for name in KINDS if "SQLite" not in name and name not in (REQUESTS, OURS))
_MARKS = ("<!-- benchmarks/peers.py --readme -->\n", "<!-- until here -->\n")

Results = dict[str, tuple[Case, dict[str, Sampled]]]


def compared(case: Case, samples: dict[str, Sampled]) -> Iterator[str]:
    """The lines of one case."""
    first = next(iter(samples))
    for name, sampled in samples.items():
        beside = f"{ratio(sampled.values, samples[first].values)}" if samples[first].values[0] else ""
        title, unit = (case.name, case.unit) if name == first else ("", "")
        yield f"{title:34} {unit:11} {name:22} {_figure(sampled.values):>11}   {beside:20} {sampled.note}".rstrip()


def table(results: Results) -> str:
    """The README's: ratios to plain requests; where those have nothing to show, the figures themselves."""
    rows = [["", REQUESTS, f"**{OURS}**", *SHOWN], ["---", *["---:"] * (len(SHOWN) + 2)]]
    for case, samples in results.values():
        cells = {name: _cell(one, samples.get(REQUESTS)) for name, one in samples.items()}
        title = case.name if REQUESTS in samples else f"{case.name}, {case.unit}"
        unit = f"{_figure(samples[REQUESTS].values)} {case.unit}" if REQUESTS in samples else ""
        rows.append([title, unit, f"**{cells[OURS]}**", *(cells.get(name, "") for name in SHOWN)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(sampled: Sampled, beside: Sampled | None) -> str:
    return f"{ratio(sampled.values, beside.values).middle:.2f}" if beside else _figure(sampled.values)


def _figure(values: list[float]) -> str:
    middle = statistics.median(values)
    return f"{middle:,.{2 if 0 < middle < 100 else 0}f}"


def surroundings() -> str:
    """On what it was measured."""
    names = sorted({kind.distribution.partition("[")[0] for kind in KINDS.values()} - {"", OURS}, key=str.lower)
    installed = {one.metadata["Name"].lower(): one.version for one in metadata.distributions()}
    versions = [f"{name} {installed[name.lower()]}" for name in names if name.lower() in installed]
    return f"Python {platform.python_version()}, {', '.join(versions)}, {version()}, {processors()}"


def processors() -> str:
    """How many, and which."""
    try:
        named = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text("utf-8"))
    except OSError:
        named = None
    return f"{os.cpu_count()} cores" + (f" ({named[1]})" if named else "")


def measure(all_cases: Iterator[Case], rounds: int) -> Results:
    """Everything, of everybody who is there; it is printed as it comes."""
    results: Results = {}
    installed = present()
    for case in all_cases:
        samples = case.measure([name for name in installed if name in case.clients], min(rounds, case.rounds))
        results[case.name] = (case, samples)
        print(*compared(case, samples), sep="\n", flush=True)
    return results


def write_readme(results: Results) -> None:
    """Put the table, and on what it was measured, between the marks."""
    file = HERE.parent / "README.md"
    before, _, rest = file.read_text("utf-8").partition(_MARKS[0])
    _, _, after = rest.partition(_MARKS[1])
    text = f"{table(results)}\nMeasured with {surroundings()}.\n"
    file.write_text(f"{before}{_MARKS[0]}{text}{_MARKS[1]}{after}", "utf-8")


# The gate


def gate(all_cases: Iterator[Case], rounds: int) -> list[str]:
    """Measure what has a bound; say which are not held."""
    installed = present()
    failures: list[str] = []
    for case in all_cases:
        bounds = [one for one in BOUNDS if one.case == case.name and {one.client, one.beside or OURS} <= {*installed}]
        if bounds:
            failures += held(case, bounds, min(rounds, case.rounds))
    return failures


def held(case: Case, bounds: list[Bound], rounds: int) -> Iterator[str]:
    """What is above its bound."""
    wanted = {name for bound in bounds for name in (bound.client, bound.beside)}
    names = [name for name in KINDS if name in wanted]
    samples = case.measure(names, rounds)
    if any(bound.found(samples) > bound.most for bound in bounds):
        # What is slower is so again, and over more rounds; what a busy machine has done is not.
        samples = case.measure(names, 3 * rounds)
    for bound in bounds:
        found = bound.found(samples)
        print(f"{bound!s:70} {found:8.2f}   at most {bound.most:.2f}", flush=True)
        if found > bound.most:
            yield f"{bound}: {found:.2f} is above {bound.most:.2f}"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--entries", type=int, default=1_000_000, help="resources that a store is filled with")
    parser.add_argument("--only", metavar="WORDS", nargs="+", help="cases with these in their names")
    parser.add_argument("--picture", type=Path, help="where to draw it; benchmarks/speed.svg, but with --only nowhere")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    parser.add_argument("--gate", action="store_true", help="fewer rounds; exit with 1 if a bound is not held")
    given = parser.parse_args()
    if given.only and given.readme:
        parser.error("the README shows all cases: --readme without --only")
    with tempfile.TemporaryDirectory() as folder, nginx(Path(folder)) as place:
        pinned(server=False)
        wanted = (
            case for case in cases(place, given.entries) if any(words in case.name for words in given.only or [""])
        )
        if given.gate:
            failures = gate(wanted, min(given.rounds, 9))
            print(*failures, sep="\n")
            return int(bool(failures))
        results = measure(wanted, given.rounds)
    print(f"\n{surroundings()}")
    file = given.picture or (None if given.only else HERE / "speed.svg")
    if file:
        file.write_text(picture({name: samples for name, (_, samples) in results.items()}), "utf-8")
    if given.readme:
        write_readme(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
