"""
Run requests' own test suite with AICSession in place of `requests.Session`.

    python tests/upstream                     what follows goes to pytest, such as -k redirect
    python tests/upstream --plain [...]       the same with requests' own Session, to compare

The tests come from the sdist of the installed requests and are kept in .build/upstream.
"""

import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent.parent / ".build" / "upstream"

#: They connect to 10.255.255.1 and expect silence. Without a route there is an error at once instead.
NEED_A_ROUTED_NETWORK = (
    "tests/test_requests.py::TestTimeout::test_connect_timeout",
    "tests/test_requests.py::TestTimeout::test_total_timeout_connect",
)

#: The tests bring certificates of their own, so a bundle of this machine must not stand in for them.
NOT_FOR_THE_TESTS = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}


def fetch(release: str) -> Path:
    """The unpacked sdist of this release of requests."""
    folder = CACHE / f"requests-{release}"
    if not folder.exists():
        sdist = CACHE / f"requests-{release}.tar.gz"
        download = ("download", "--quiet", "--no-deps", "--no-binary", "requests", "--dest", str(CACHE))
        subprocess.run([sys.executable, "-m", "pip", *download, f"requests=={release}"], check=True)
        with tarfile.open(sdist) as archive:
            archive.extractall(CACHE, filter="data")

    return folder


def main(arguments: list[str]) -> int:
    """Pytest's exit code."""
    plain = "--plain" in arguments
    options = [
        *("--quiet", "-p", "no:cacheprovider", "--disable-warnings"),
        *(() if plain else ("-p", "aic_in_place_of_session")),
        *(f"--deselect={test}" for test in NEED_A_ROUTED_NETWORK),
        *(argument for argument in arguments if argument != "--plain"),
    ]
    environment = {name: value for name, value in os.environ.items() if name not in NOT_FOR_THE_TESTS}
    environment["PYTHONPATH"] = str(HERE)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests", *options], cwd=fetch(version("requests")), env=environment
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
