"""
A real OpenAM of our own: configured in a temporary folder, ready when the block begins, gone when it ends.

A JDK 17, 1 GB of memory, 110 MB of disk beside the cache of 400 MB. One to two minutes from nothing to ready.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

import requests

from .software import Software

#: OpenAM wants a name with a dot in it, for its cookies. Names under .localhost are this machine by RFC 6761, so nobody
#: else can own it; not every resolver knows that, hence :func:`resolving` here and HOSTS for the JVM. No root needed.
HOST = "openam.localhost"
CONTEXT = "/openam"

ADMIN = "amAdmin"
PASSWORD = "a-password-for-a-test"

#: Seconds from the start to a configured server, on the slowest machine. Usually one to two minutes.
PATIENCE = 600

EXPORTS = ("java.base/sun.security.x509=ALL-UNNAMED", "java.base/sun.security.tools.keytool=ALL-UNNAMED")

SERVER_XML = """\
<Server port="-1">
  <Service name="openam">
    <Connector address="127.0.0.1" port="{port}" protocol="HTTP/1.1"/>
    <Engine name="openam" defaultHost="localhost">
      <Host name="localhost" appBase="none" autoDeploy="false" deployOnStartup="false">
        <Context path="{context}" docBase={openam}/>
      </Host>
    </Engine>
  </Service>
</Server>
"""


class NotReady(RuntimeError):
    """OpenAM did not come up; the message ends with what it said last."""


@dataclass(frozen=True, slots=True)
class OpenAM:
    """Where it is."""

    url: str
    folder: Path

    def log(self, lines: int = 40) -> str:
        """The end of what it printed, and of what its configurator did."""
        said = [self.folder / "log", self.folder / "openam" / "install.log"]
        return "\n".join(
            f"--- {file.name}\n" + "\n".join(file.read_text("utf-8", "replace").splitlines()[-lines:])
            for file in said
            if file.exists()
        )


@contextmanager
def running(software: Software) -> Iterator[OpenAM]:
    """
    A fresh, configured OpenAM until the end of the block, whatever happens in it.

    Raises:
        NotReady: It ended, or did not answer in time.
    """
    folder = Path(tempfile.mkdtemp(prefix="openam-"))  # the keeper's to remove
    http, *directory = free_ports(4)
    server = OpenAM(f"http://{HOST}:{http}{CONTEXT}", folder)
    lay_out(folder, software, http)
    keeper = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("keeper.py")), str(folder), *command(folder, software)],
        stdin=subprocess.PIPE,
        start_new_session=True,  # an interrupt at the terminal is for the tests, which then end the block
    )
    try:
        with resolving(HOST):
            configure(server, directory)
            yield server
    finally:
        keeper.stdin.close()
        keeper.wait(60)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextmanager
def resolving(host: str) -> Iterator[None]:
    """Let this process find a host at 127.0.0.1, and no proxy between."""
    ask = socket.getaddrinfo
    proxies = {name: os.environ.get(name) for name in ("no_proxy", "NO_PROXY")}

    def answer(name, *args, **kwargs):
        return ask("127.0.0.1" if name == host else name, *args, **kwargs)

    socket.getaddrinfo = answer
    os.environ.update(dict.fromkeys(proxies, host))
    try:
        yield
    finally:
        socket.getaddrinfo = ask
        for name, value in proxies.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def lay_out(folder: Path, software: Software, port: int) -> None:
    """A Tomcat of its own (CATALINA_BASE) around the software that is only read."""
    for name in ("conf", "logs", "temp", "work"):
        (folder / name).mkdir()
    (folder / "conf" / "web.xml").write_bytes((software.tomcat / "conf" / "web.xml").read_bytes())
    (folder / "conf" / "server.xml").write_text(
        SERVER_XML.format(port=port, context=CONTEXT, openam=quoteattr(str(software.openam)))
    )
    # The JVM knows these names and no other: it asks no name server.
    (folder / "hosts").write_text(f"127.0.0.1 localhost {HOST} {socket.gethostname()}\n")


def command(folder: Path, software: Software) -> list[str]:
    jars = [software.tomcat / "bin" / name for name in ("bootstrap.jar", "tomcat-juli.jar")]
    return [
        "java",
        "-Xmx1g",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",  # it lives for minutes
        *(part for export in EXPORTS for part in ("--add-exports", export)),
        f"-Djdk.net.hosts.file={folder / 'hosts'}",
        f"-Djava.io.tmpdir={folder / 'temp'}",
        f"-Duser.home={folder}",
        f"-Dcatalina.home={software.tomcat}",
        f"-Dcatalina.base={folder}",
        f"-Dcom.iplanet.services.configpath={folder / 'openam'}",
        f"-Dcom.sun.identity.configuration.directory={folder / 'openam'}",
        *("-classpath", os.pathsep.join(map(str, jars))),
        str(Path(__file__).with_name("OnLoopback.java")),
        "start",
    ]


def configure(server: OpenAM, directory: list[int]) -> None:
    """Wait for the bare server, send it the one POST that configures it, wait until it lets its administrator in."""
    deadline = time.monotonic() + PATIENCE
    wait_until(server, deadline, "answers", lambda: requests.get(server.url, timeout=60).status_code < 500)
    answer = requests.post(
        f"{server.url}/config/configurator", data=settings(server, directory), timeout=deadline - time.monotonic()
    )
    if answer.status_code != 200:
        raise NotReady(f"configurator: {answer.status_code} {answer.text[:500]}\n{server.log()}")
    wait_until(server, deadline, "signs its administrator in", lambda: signs_in(server))


def wait_until(server: OpenAM, deadline: float, what: str, ready) -> None:
    while time.monotonic() < deadline:
        if (server.folder / "ended").exists():
            raise NotReady(f"java ended with {(server.folder / 'ended').read_text()}\n{server.log()}")
        try:
            if ready():
                return
        except requests.RequestException:
            pass
        time.sleep(0.5)
    raise NotReady(f"after {PATIENCE} s it is not so that OpenAM {what}\n{server.log()}")


def signs_in(server: OpenAM) -> bool:
    return requests.post(
        f"{server.url}/json/realms/root/authenticate",
        json={},
        headers={"X-OpenAM-Username": ADMIN, "X-OpenAM-Password": PASSWORD, "Accept-API-Version": "resource=2.0"},
        timeout=60,
    ).ok


def settings(server: OpenAM, directory: list[int]) -> dict[str, str]:
    """What the configurator asks, all of it."""
    url = server.url.removesuffix(CONTEXT)
    ldap, admin, jmx = map(str, directory)
    return {
        "SERVER_URL": url,
        "DEPLOYMENT_URI": CONTEXT,
        "BASE_DIR": str(server.folder / "openam"),
        "locale": "en_US",
        "PLATFORM_LOCALE": "en_US",
        "AM_ENC_KEY": "k" * 32,
        "ADMIN_PWD": PASSWORD,
        "ADMIN_CONFIRM_PWD": PASSWORD,
        "AMLDAPUSERPASSWD": f"{PASSWORD}-2",
        "AMLDAPUSERPASSWD_CONFIRM": f"{PASSWORD}-2",
        "COOKIE_DOMAIN": HOST,
        "acceptLicense": "true",
        "DATA_STORE": "embedded",
        "DIRECTORY_SSL": "SIMPLE",
        "DIRECTORY_SERVER": HOST,
        "DIRECTORY_PORT": ldap,
        "DIRECTORY_ADMIN_PORT": admin,
        "DIRECTORY_JMX_PORT": jmx,
        "ROOT_SUFFIX": "dc=openam,dc=example,dc=org",
        "DS_DIRMGRDN": "cn=Directory Manager",
        "DS_DIRMGRPASSWD": PASSWORD,
    }
