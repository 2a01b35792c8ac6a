"""The benchmarks run, and the picture is one."""

import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def _nginx():
    if not (shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")):
        pytest.skip("nginx is not installed: apt-get install nginx-light")


def test_the_table_and_the_picture(tmp_path):
    """One round of the cases in the picture: a table each, and an SVG that names this library and its ratios."""
    picture = tmp_path / "speed.svg"
    options = ["--rounds", "1", "--only", "first read, 1", "json, 32", "PUT", "new TLS", "--picture", str(picture)]
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "speed.py", *options], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    shown = [line.split()[-4] for line in done.stdout.splitlines() if line.split()[:1] == ["aic-requests"]]
    assert len(shown) == 4
    texts = [element.text for element in ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("aic-requests") == 4
    assert set(shown) <= set(texts)
