"""What a user installs: the wheel and the sdist, and what they say of themselves."""

import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

import aic_requests

CHECKOUT = Path(__file__).parent.parent
VERSION = aic_requests.__version__


@pytest.fixture(scope="module")
def distributions(tmp_path_factory) -> Path:
    """A folder with the sdist and the wheel that was built from it, as an index would get them."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", str(folder), str(CHECKOUT)], check=True)
    return folder


@pytest.fixture(scope="module")
def wheel(distributions) -> dict[str, bytes]:
    """The wheel's files by name."""
    with zipfile.ZipFile(distributions / f"aic_requests-{VERSION}-py3-none-any.whl") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def sdist(distributions) -> set[str]:
    """Names of the sdist's files, without its top folder."""
    with tarfile.open(distributions / f"aic_requests-{VERSION}.tar.gz") as archive:
        return {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}


@pytest.fixture(scope="module")
def metadata(wheel) -> Message:
    return Parser().parsestr(wheel[f"aic_requests-{VERSION}.dist-info/METADATA"].decode())


def test_wheel_holds_the_package_and_nothing_else(wheel):
    """Every module of the checkout, `py.typed`, the licence: no tests, no data, no second top-level name."""
    package = {
        path.relative_to(CHECKOUT).as_posix()
        for path in (CHECKOUT / "aic_requests").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    information = {name for name in wheel if name.startswith(f"aic_requests-{VERSION}.dist-info/")}
    assert set(wheel) - information == package
    assert {"aic_requests/py.typed", "aic_requests/testing/__init__.py"} <= package
    assert f"aic_requests-{VERSION}.dist-info/licenses/LICENSE" in information


def test_sdist_holds_what_a_packager_needs(sdist):
    """Sources, tests and examples, so that a distribution can build and test it; nothing of the gate, no recordings."""
    assert {"aic_requests/py.typed", "tests/test_packaging.py", "README.md", "CHANGELOG.md", "LICENSE"} <= sdist
    top = {name.partition("/")[0] for name in sdist}
    assert top <= {
        *("aic_requests", "docs", "tests", "examples"),
        *("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "tox.ini", "PKG-INFO", ".gitignore"),
    }
    assert [name for name in sdist if name.endswith((".jsonl", ".sqlite", ".pyc"))] == []


def test_metadata(metadata):
    """What installers and indexes read is right, and requests is all that is needed."""
    assert metadata["Name"] == "aic-requests"
    assert metadata["Version"] == VERSION
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert [need for need in metadata.get_all("Requires-Dist", []) if "extra ==" not in need] == ["requests>=2.33"]
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_extras(metadata):
    """Each has all that it needs, and none is of another: what is written here is what the README names."""
    needs = {extra: set() for extra in metadata.get_all("Provides-Extra", [])}
    for need in metadata.get_all("Requires-Dist", []):
        name, _, extra = need.partition("; extra == ")
        if extra:
            needs[extra.strip("'\"")].add(name)
    assert needs.keys() >= {"jwt", "testing", "dev"}
    assert needs["testing"] == {"pyjwt[crypto]>=2.4", "pytest>=8"}
    assert needs["jwt"] <= needs["testing"]


def test_the_pytest_plugin_is_found(wheel):
    """Pytest loads it by this, and everybody who has the package has it: one module, no more."""
    entries = wheel[f"aic_requests-{VERSION}.dist-info/entry_points.txt"].decode()
    assert entries.split() == ["[pytest11]", "aic_requests", "=", "aic_requests.pytest_plugin"]
