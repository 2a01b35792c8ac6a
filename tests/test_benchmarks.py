"""The benchmarks run, and the gate among them says what is too slow."""

import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
README = (BENCHMARKS.parent / "README.md").read_text("utf-8")


@pytest.fixture
def peers(tmp_path):
    """The command, for as long as it needs a server."""
    if shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin") is None:
        pytest.skip("there is no nginx here: apt-get install nginx-light")

    def run(*options: str) -> str:
        command = [sys.executable, BENCHMARKS / "peers.py", "--rounds", "1", *options]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    return run


@pytest.fixture
def the_gate(monkeypatch):
    """Its modules, which stand in no package."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import peers

    yield peers
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and Path(sys.modules[name].__file__).parent == BENCHMARKS:
            del sys.modules[name]


@pytest.fixture
def cases(the_gate, tmp_path):
    """All cases, of which none is measured."""
    nowhere = sys.modules["nginx"].Place(tmp_path, *["http://127.0.0.1:9"] * 3, "")
    return list(the_gate.cases(nowhere, 1_000_000))


def test_it_measures_and_draws(peers, tmp_path):
    """Each client that is installed has a figure, and the answer that it is about; the picture has a bar for each."""
    said = peers("--only", "PUT", ".json(), 1 KiB", "404", "--picture", str(tmp_path / "drawn.svg"))
    for client, answers in {"requests": "200 200 200 404", "aic-requests": "304 200 404"}.items():
        found = re.findall(rf" {client} .*\) +(\d+)$", said, re.MULTILINE)
        assert set(found) == set(answers.split()), said
    drawn = ElementTree.parse(tmp_path / "drawn.svg").getroot()
    bars = drawn.findall(".//{http://www.w3.org/2000/svg}rect")
    texts = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("aic-requests") == 2
    assert len(bars) == sum(re.fullmatch(r"\d+\.\d\d", text) is not None for text in texts) >= 6


def test_the_gate_lets_pass_what_holds_its_bounds(peers):
    """A 304 that changes nothing is no write to the store, whatever the machine does meanwhile."""
    assert re.search(r"writes to the store.* 0\.00 +at most 0\.00", peers("--gate", "--only", "writes"))


@pytest.mark.parametrize(("slow", "failures"), [([0.5], 0), ([1.5, 1.5], 1), ([1.5, 0.5], 0)])
def test_the_gate_stops_what_is_slow(the_gate, slow, failures):
    """But asks again, over more rounds, before it says so."""
    asked = []

    def measure(names, rounds):
        asked.append(rounds)
        ours = slow[len(asked) - 1]
        return {"requests": the_gate.Sampled([1.0] * rounds), "aic-requests": the_gate.Sampled([ours] * rounds)}

    bounds = [the_gate.Bound("a case", 1.0)]
    found = list(the_gate.held(the_gate.Case("a case", "us", measure), bounds, 4))
    assert len(found) == failures
    assert all("a case, aic-requests beside requests: 1.50 is above 1.00" in line for line in found)
    assert asked == [4, 12][: len(slow)]


def test_every_bound_is_of_a_case(the_gate, cases):
    """Or it would hold nothing."""
    clients = {case.name: set(case.clients) for case in cases}
    for bound in the_gate.BOUNDS:
        assert {bound.client, bound.beside or bound.client} <= clients[bound.case], bound


def test_the_readme_shows_every_case(cases):
    """By name, as it was measured; and the picture is there."""
    for case in cases:
        assert f"\n| {case.name}" in README
    [picture] = re.findall(r"!\[.*\]\((.*)\)", README)
    assert (BENCHMARKS.parent / picture).is_file()


def test_the_readmes_words_are_its_figures():
    """About so much of the CPU: in the middle of those for a request."""
    told = re.search(r"A request takes about (0\.\d) of the CPU", " ".join(README.split()))
    figures = re.findall(r"^\| [^|]* \| [\d,]+ us \| \*\*(0\.\d\d)\*\* \|(?! +\|)", README, re.MULTILINE)
    # Reads of any size, PUT, 404; a new connection is told apart.
    assert len(figures) == 8
    assert round(statistics.median(map(float, figures[:-1])), 1) == float(told[1])
