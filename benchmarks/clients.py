"""The clients that are compared, each used as its documentation says."""

import importlib.util
import json
import socket
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from aic_requests import AICSession, NotFound

#: What is sent to PUT.
DOCUMENT = {"_id": "42", "_rev": "7", "text": "x" * 950}


class Client(ABC):
    """A client over one connection."""

    @abstractmethod
    def get(self, url: str) -> bytes:
        """Read a body."""

    @abstractmethod
    def json(self, url: str) -> Any:
        """Read a document."""

    @abstractmethod
    def put(self, url: str) -> None:
        """Write a document under its revision."""

    @abstractmethod
    def gone(self, url: str) -> object:
        """Read what is not there: an exception, and what the server says."""


class Requests(Client):
    """A ``requests.Session``, or what stands in for one."""

    def __init__(self, session: requests.Session, bundle: str) -> None:
        self.session = session
        session.verify = bundle

    def get(self, url: str) -> bytes:
        return self.session.get(url).content

    def json(self, url: str) -> Any:
        return self.session.get(url).json()

    def put(self, url: str) -> None:
        self.session.put(url, json=DOCUMENT, headers={"If-Match": '"7"'}).raise_for_status()

    def gone(self, url: str) -> object:
        try:
            self.session.get(url).raise_for_status()
        except requests.HTTPError as error:
            assert error.response is not None
            return error.response.json()["message"]


class Ours(Requests):
    """This library."""

    def put(self, url: str) -> None:
        self.session.put(url, json=DOCUMENT)

    def gone(self, url: str) -> object:
        try:
            self.session.get(url)
        except NotFound as error:
            return error.message


class Urllib3(Client):
    """What all of them but httpx and the socket stand on."""

    def __init__(self, bundle: str) -> None:
        self.pool = urllib3.PoolManager(maxsize=64, ca_certs=bundle)

    def get(self, url: str) -> bytes:
        return self.pool.request("GET", url).data

    def json(self, url: str) -> Any:
        return json.loads(self.get(url))

    def put(self, url: str) -> None:
        assert self.pool.request("PUT", url, json=DOCUMENT, headers={"If-Match": '"7"'}).status == 200

    def gone(self, url: str) -> object:
        answer = self.pool.request("GET", url)
        return answer.json()["message"] if answer.status == 404 else None


class HTTPX(Client):
    """Another family; it has one TLS context for all connections, too."""

    def __init__(self, bundle: str) -> None:
        import httpx

        self.refusal = httpx.HTTPStatusError
        limits = httpx.Limits(max_keepalive_connections=64)
        self.client = httpx.Client(verify=ssl.create_default_context(cafile=bundle), limits=limits)

    def get(self, url: str) -> bytes:
        return self.client.get(url).content

    def json(self, url: str) -> Any:
        return self.client.get(url).json()

    def put(self, url: str) -> None:
        self.client.put(url, json=DOCUMENT, headers={"If-Match": '"7"'}).raise_for_status()

    def gone(self, url: str) -> object:
        try:
            self.client.get(url).raise_for_status()
        except self.refusal as error:
            return error.response.json()["message"]


class Socket(Client):
    """The floor: bytes made beforehand, and as little looked at in the answer as can be."""

    def __init__(self, _bundle: str) -> None:
        self._connection: socket.socket | None = None

    def get(self, url: str) -> bytes:
        return self._ask("GET", url)

    def json(self, url: str) -> Any:
        return json.loads(self._ask("GET", url))

    def put(self, url: str) -> None:
        self._ask("PUT", url, json.dumps(DOCUMENT).encode())

    def gone(self, url: str) -> object:
        return json.loads(self._ask("GET", url))["message"]

    def _ask(self, method: str, url: str, body: bytes = b"") -> bytes:
        parts = urlsplit(url)
        if self._connection is None:
            self._connection = socket.create_connection((parts.hostname or "", parts.port or 80))
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = f"{method} {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._connection.sendall(head.encode() + body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._connection.recv(65536)
        fields, _, found = answer.partition(b"\r\n\r\n")
        size = int(fields.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        pieces, got = [found], len(found)
        while got < size:
            pieces.append(self._connection.recv(262144))
            got += len(pieces[-1])
        return b"".join(pieces)


def _cache_control(session: requests.Session) -> requests.Session:
    from cachecontrol import CacheControl

    return CacheControl(session)


def _hishel(folder: str) -> requests.Session:
    from hishel import SqliteStorage
    from hishel.requests import CacheAdapter

    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, CacheAdapter(storage=SqliteStorage(database_path=f"{folder}/hishel.db"), rfc=True))
    return session


def _requests_cache(backend: str, folder: str) -> requests.Session:
    from requests_cache import CachedSession

    return CachedSession(f"{folder}/requests-cache", backend=backend, always_revalidate=True)


PLAIN = "requests"
OURS = "aic-requests"

#: By name: how it is made for a bundle and a folder of its own, and what has to be installed for it.
CLIENTS: dict[str, tuple[Callable[[str, str], Client], str]] = {
    PLAIN: (lambda bundle, _: Requests(requests.Session(), bundle), ""),
    OURS: (lambda bundle, _: Ours(AICSession(), bundle), ""),
    "raw socket": (lambda bundle, _: Socket(bundle), ""),
    "urllib3": (lambda bundle, _: Urllib3(bundle), ""),
    "httpx": (lambda bundle, _: HTTPX(bundle), "httpx"),
    "CacheControl": (lambda bundle, _: Requests(_cache_control(requests.Session()), bundle), "cachecontrol"),
    "hishel, SQLite": (lambda bundle, folder: Requests(_hishel(folder), bundle), "hishel"),
    "requests-cache, memory": (
        lambda bundle, folder: Requests(_requests_cache("memory", folder), bundle),
        "requests_cache",
    ),
    "requests-cache, SQLite": (
        lambda bundle, folder: Requests(_requests_cache("sqlite", folder), bundle),
        "requests_cache",
    ),
}


def clients(names: list[str], bundle: str, folder: str) -> dict[str, Client]:
    """Make those that can be made; the others are named."""
    made: dict[str, Client] = {}
    for name in names:
        make, needed = CLIENTS[name]
        if needed and importlib.util.find_spec(needed) is None:
            print(f"left out: {name} (pip install -r benchmarks/requirements.txt)")
            continue
        own = Path(folder, str(len(made)))
        own.mkdir()
        made[name] = make(bundle, str(own))
    return made
