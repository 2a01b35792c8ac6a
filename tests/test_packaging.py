"""What a user installs: the wheel and the sdist, and what they say of themselves."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

import aic_requests

CHECKOUT = Path(__file__).parent.parent
VERSION = aic_requests.__version__


def build(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "build", "--outdir", str(folder), str(CHECKOUT)], check=True)
    return folder


@pytest.fixture(scope="module")
def distributions(tmp_path_factory) -> Path:
    """A folder with the sdist and the wheel that was built from it, as an index would get them."""
    return build(tmp_path_factory.mktemp("dist"))


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
        *("aic_requests", "docs", "tests", "examples", "benchmarks"),
        *("README.md", "CHANGELOG.md", "LICENSE", "mkdocs.yml", "pyproject.toml", "tox.ini", "PKG-INFO", ".gitignore"),
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
    assert needs.keys() == {"jwt", "redis", "testing", "dev"}
    assert needs["testing"] == {"pyjwt[crypto]>=2.4", "pytest>=8"}
    assert needs["jwt"] <= needs["testing"]


def test_the_pytest_plugin_is_found(wheel):
    """Pytest loads it by this, and everybody who has the package has it: one module, no more."""
    entries = wheel[f"aic_requests-{VERSION}.dist-info/entry_points.txt"].decode()
    assert entries.split() == ["[pytest11]", "aic_requests", "=", "aic_requests.pytest_plugin"]


def test_built_again_it_is_the_same(distributions, tmp_path):
    """Byte for byte, so that anybody can check what an index has against the sources."""
    again = {path.name: path.read_bytes() for path in build(tmp_path).iterdir()}
    assert {path.name: path.read_bytes() for path in distributions.iterdir()} == again
    assert len(again) == 2


def test_an_index_would_take_it(distributions):
    """The description renders, and nothing is missing."""
    files = [str(path) for path in distributions.iterdir()]
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], check=True)


#: What each extra is for, and the extras that bring it too.
EXTRAS = {
    "jwt": ("aic_requests.ServiceAccountAuth('id', {'kty': 'RSA'})", {"jwt", "testing"}),
    "redis": ("aic_requests.RedisStore('redis://127.0.0.1:9')", {"redis"}),
    "testing": (
        "aic_requests.testing.Tenant(service_accounts=[aic_requests.testing.ServiceAccount('id', {})])",
        {"jwt", "testing"},
    ),
}


@pytest.mark.parametrize("extra", [None, *EXTRAS])
def test_each_extra_alone(distributions, tmp_path, extra):
    """In a new environment the package works, with what the extra is for; what the others are for names theirs."""
    venv.create(tmp_path / "new", with_pip=True)
    python = tmp_path / "new" / ("Scripts" if os.name == "nt" else "bin") / "python"
    wheel = next(distributions.glob("*.whl"))
    wanted = f"aic-requests[{extra}] @ {wheel.as_uri()}" if extra else str(wheel)
    subprocess.run([python, "-m", "pip", "install", "--quiet", wanted], check=True)

    def said(code: str) -> str:
        # Away from the checkout, so that it is the installed package that runs.
        done = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    assert said("import aic_requests; print(aic_requests.__version__)") == f"{VERSION}\n"
    walked = subprocess.run([python, "-m", "aic_requests"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "304" in walked.stdout
    for name, (code, bringing) in EXTRAS.items():
        missing = f'pip install "aic-requests[{name}]"' in said(f"import aic_requests.testing; {code}")
        assert missing is (extra not in bringing)
