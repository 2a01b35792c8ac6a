"""The genuine CREST code, its server and its client, built from published jars and run on this machine."""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
#: Kept between runs, and shared by the environments of tox.
BUILD = HERE.parent.parent / ".build" / "crest_server"
INSTALL = "install a JDK of version 17 or later and Maven (Debian: apt-get install openjdk-17-jdk-headless maven)"

#: It serves a few requests at a time, and starts faster without the second compiler.
JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx96m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=off")


def built() -> Path:
    """Where the classes and jars are; built where a source has changed since, or skipped where that cannot be done."""
    folder = BUILD / hashlib.sha256(sources()).hexdigest()[:16]
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        # Several environments of tox want it at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            demand("javac", "mvn")
            build(folder)
            folder.mkdir(exist_ok=True)
            (folder / "complete").touch()
    demand("java")
    return folder


def sources() -> bytes:
    return b"".join(source.read_bytes() for source in sorted([HERE / "pom.xml", *HERE.rglob("*.java")]))


def demand(*tools: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"the genuine CREST server needs {', '.join(missing)}: {INSTALL}")


def build(folder: Path) -> None:
    command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), f"-Dfolder={folder}", "package"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def java() -> list[str]:
    """The command that runs a class of these, whose name follows."""
    folder = built()
    return ["java", *JVM, "-cp", f"{folder / 'classes'}:{folder / 'lib'}/*"]


@contextmanager
def running() -> Iterator[str]:
    """The server's address, such as http://127.0.0.1:4711, for a block."""
    command = [*java(), "CrestServer"]
    # Its standard input is a pipe of ours: it ends when we do, however that happens.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            assert port.isdigit(), f"the CREST server did not start: {' '.join(command)}"
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()
