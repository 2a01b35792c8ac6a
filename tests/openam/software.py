"""The published OpenAM and Tomcat, unpacked once into the build folder."""

import os
import shutil
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".build" / "openam"

#: Pinned: what the tests say is what these two do.
OPENAM = "org.openidentityplatform.openam:openam-server:16.0.5:war"
TOMCAT = "org.apache.tomcat:tomcat:10.1.47:tar.gz"
UNPACK = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack"

#: The embedded directory, zipped inside the war. No setting of the configurator says where it listens.
DIRECTORY = Path("WEB-INF", "template", "opendj", "opendj.zip")
LISTENING = {
    b"ds-cfg-listen-address: 0.0.0.0": b"ds-cfg-listen-address: 127.0.0.1",
    # JMX, which has no address of its own and is switched on whether one wants it or not.
    b"ds-cfg-listen-port: 1689": b"ds-cfg-listen-port: 1689\nds-cfg-listen-address: 127.0.0.1",
}


@dataclass(frozen=True, slots=True)
class Software:
    """Where the two are. Every server runs from them; all it writes of its own is in a folder of its own."""

    openam: Path
    tomcat: Path


def missing_tools() -> str:
    """How to install what this machine lacks; "" where nothing is missing."""
    tools = {"javac": "openjdk-17-jdk-headless", "mvn": "maven"}
    packages = [package for tool, package in tools.items() if shutil.which(tool) is None]
    return f"apt-get install -y {' '.join(packages)}" if packages else ""


def software() -> Software:
    """
    Fetch what is not there yet: 350 MB, once.

    Raises:
        RuntimeError: Maven failed; the message is what it said.
    """
    openam = unpacked(OPENAM, listening_here)
    tomcat = unpacked(TOMCAT, lambda folder: None)
    return Software(openam, next(tomcat.glob("apache-tomcat-*")))


def unpacked(artifact: str, prepare) -> Path:
    """The folder of an artifact of Maven Central; what is half done never stands under its name."""
    _, name, version, _ = artifact.split(":")
    folder = CACHE / f"{name}-{version}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            new = unpack(artifact, Path(work))
            prepare(new)
            if not folder.exists():
                os.rename(new, folder)

    return folder


def unpack(artifact: str, work: Path) -> Path:
    """Let Maven fetch an artifact and unpack it; what it leaves beside (markers) stays in *work* too."""
    folder = work / "new"
    maven = subprocess.run(
        ["mvn", "-B", "-q", UNPACK, f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"],
        cwd=work,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if maven.returncode:
        raise RuntimeError(f"Maven could not fetch {artifact}:\n{maven.stdout[-4000:]}")
    return folder


def listening_here(openam: Path) -> None:
    """Bind the directory inside the war to 127.0.0.1."""
    old = openam / DIRECTORY
    new = old.with_suffix(".new")
    left = set(LISTENING)
    with zipfile.ZipFile(old) as before, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as after:
        for entry in before.infolist():
            content = before.read(entry)
            if entry.filename.endswith("config.ldif"):
                for everywhere, here in LISTENING.items():
                    if everywhere in content:
                        left.discard(everywhere)
                        content = content.replace(everywhere, here)
            after.writestr(entry, content)
    assert not left, f"{old} does not say {left}: would it listen on every interface?"
    os.replace(new, old)
