"""What a user installs: the wheel and the sdist, and what they say of themselves."""

import os
import re
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
from aic_requests.shortcuts.genuine import READ

CHECKOUT = Path(__file__).parent.parent
VERSION = aic_requests.__version__


#: A packager may have the sources without their history.
IN_A_CHECKOUT = pytest.mark.skipif(not (CHECKOUT / ".git").exists(), reason="the sources are no checkout of git")


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout


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


@IN_A_CHECKOUT
def test_sdist_holds_what_a_packager_needs(sdist):
    """All that the repository has, so that a distribution can build and test it, and nothing that it has not."""
    top = {name.partition("/")[0] for name in sdist}
    assert top == {
        *(".ci", "aic_requests", "benchmarks", "docs", "examples", "tests"),
        *("README.md", "CHANGELOG.md", "LICENSE", "mkdocs.yml", "pyproject.toml", "tox.ini", ".gitignore", "PKG-INFO"),
    }
    # What is new and not yet added counts; what git ignores does not.
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "--", *(top - {"PKG-INFO"}))
    assert sdist - {"PKG-INFO"} == {name for name in listed.splitlines() if (CHECKOUT / name).exists()}
    assert {name.partition("/")[0] for name in git("ls-files").splitlines()} <= top
    assert [name for name in sdist if name.endswith((".jsonl", ".sqlite", ".pyc"))] == []


def test_it_is_as_small_as_we_say(distributions, wheel):
    """The start page of the documentation names two bounds, and they are near."""
    text = (CHECKOUT / "docs" / "index.md").read_text("utf-8")
    fetched, unpacked = map(int, re.search(r"Less than (\d+) KB to fetch, (\d+) KB unpacked", text).groups())
    [archive] = distributions.glob("*.whl")
    assert 0.6 * fetched < archive.stat().st_size / 1000 < fetched
    assert 0.6 * unpacked < sum(map(len, wheel.values())) / 1000 < unpacked


def test_metadata(metadata):
    """What installers and indexes read is right, and requests is all that is needed."""
    assert metadata["Name"] == "aic-requests"
    assert metadata["Version"] == VERSION
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert [need for need in metadata.get_all("Requires-Dist", []) if "extra ==" not in need] == ["requests>=2.33"]
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_the_pythons_that_are_named_are_tested(metadata):
    """The same in the classifiers, for tox, in the gate, and in no other."""
    named = set(re.findall(r":: (3\.\d+)$", "\n".join(metadata.get_all("Classifier")), re.MULTILINE))
    tox, gate = [(CHECKOUT / name).read_text("utf-8") for name in ("tox.ini", ".ci/run")]
    assert {f"3.{minor}" for minor in re.findall(r"\bpy3(\d+)", tox.partition("\n\n")[0])} == named
    assert set(re.search(r"for version in (.*); do", gate).group(1).split()) == named


def test_a_release_has_a_home(metadata):
    """Before there is one, nothing is released: then the changelog has no date for this version."""
    released = f"## [{VERSION}]" in (CHECKOUT / "CHANGELOG.md").read_text("utf-8")
    homes = {url.partition(",")[0] for url in metadata.get_all("Project-URL", [])}
    assert not released or homes >= {"Source", "Documentation", "Changelog", "Issues"}


@IN_A_CHECKOUT
def test_the_version_stands_in_one_place():
    """Nobody has to remember a second one; an older one in the changelog is another."""
    found = git("grep", "--fixed-strings", "--files-with-matches", f'"{VERSION}"')
    assert found.splitlines() == ["aic_requests/__init__.py"]


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


@IN_A_CHECKOUT
def test_the_commands_of_a_release(tmp_path):
    """
    docs/releasing.md, what of it can be done here, in a clone.

    Built twice, it is the same byte for byte, so that anybody can check what an index has against the sources; an index
    would take it, and what is installed works.
    """
    page = (CHECKOUT / "docs" / "releasing.md").read_text("utf-8")
    run = re.findall(r"<!-- not run: tests/test_packaging.py .*? -->\n```sh\n(.*?)```", page, re.DOTALL)
    assert len(run) == 3
    clone = tmp_path / "clone"
    git("clone", "--quiet", str(CHECKOUT), str(clone))
    nobody = {"NAME": "nobody", "EMAIL": "nobody@example.com"}
    environment = {f"GIT_COMMITTER_{name}": value for name, value in nobody.items()}
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(run)],
        cwd=clone,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every step went as told." in done.stdout
    assert git("-C", str(clone), "tag", "--list").split() == [f"v{VERSION}"]


def test_the_releases_of_requests_that_were_read():
    """The page compares the newest of them with what is new."""
    page = (CHECKOUT / "docs" / "releasing.md").read_text("utf-8")
    assert re.search(r'"requests==(.*?)\*"', page).group(1) == READ[-1]


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
    venv.create(tmp_path / "new")
    python = tmp_path / "new" / ("Scripts" if os.name == "nt" else "bin") / "python"
    wheel = next(distributions.glob("*.whl"))
    wanted = f"aic-requests[{extra}] @ {wheel.as_uri()}" if extra else str(wheel)
    # Our pip, told of the new environment: to give it a pip of its own takes seconds.
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", "--quiet", wanted], check=True)

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
