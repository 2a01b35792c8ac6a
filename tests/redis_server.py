"""A genuine Redis of the tests' own: on this machine, in a folder of its own, gone with the tests."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

import pytest

INSTALL = "there is no redis-server here: apt-get install redis-server"


class RedisProcess:
    """One redis-server. It writes nothing to disk unless it is told to; PORT in an option is its port."""

    def __init__(self, folder: Path, *options: str) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip(INSTALL)
        self.folder = folder
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        #: For tests in which nothing is slow but this machine.
        self.patient_url = f"{self.url}?socket_timeout=10&socket_connect_timeout=10"
        # It goes with the tests, even where these are killed.
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        self._command = [
            *guard,
            *(program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder)),
            *("--save", "", "--appendonly", "no", "--daemonize", "no"),
            *(option.replace("PORT", str(self.port)) for option in options),
        ]
        self.start()

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            # In a group of its own: Ctrl-C is the tests' affair.
            self.process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.01)
            else:
                return
        raise AssertionError("redis-server does not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """For a block, it takes connections and answers nothing."""
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def ask(self, *command: object, password: str | None = None):
        """Ask it something directly."""
        import redis

        with redis.Redis(port=self.port, password=password) as client:
            return client.execute_command(*command)

    def everything(self) -> bytes:
        """All that is in it: names, fields and values, as text for a search."""
        import redis

        with redis.Redis(port=self.port) as client:
            found = [
                (name, client.hgetall(name) if client.type(name) == b"hash" else client.get(name))
                for name in client.scan_iter()
            ]
        return b"\n".join(_flat(found))


def _flat(value) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    else:
        for one in value.items() if isinstance(value, dict) else value:
            yield from _flat(one)


@contextmanager
def running(*options: str) -> Iterator[RedisProcess]:
    """A server for a block."""
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    server = None
    try:
        server = RedisProcess(folder, *options)
        yield server
    finally:
        if server is not None:
            server.kill()
        # The server may be removing its own files still.
        shutil.rmtree(folder, ignore_errors=True)


@cache
def shared() -> str:
    """The URL of a server for all tests of this process, who each take a prefix of their own."""
    import atexit

    block = running()
    server = block.__enter__()
    atexit.register(block.__exit__, None, None, None)
    return server.patient_url


def prefix_of(folder: Path) -> str:
    """A test's own prefix: the same as long as its folder is."""
    return f"test {folder}:"
