"""Each client that is measured, used as its own documentation says; with conditional reads, where it can have them."""

import functools
import importlib.util
import json
import socket
import ssl
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import requests
import urllib3
from nginx import DOCUMENT, Place

from aic_requests import AICSession, SQLiteStore

#: How these are called in every table.
REQUESTS, CACHE, CONTROL, OURS = "requests", "requests-cache", "CacheControl", "aic-requests"
OURS_SQLITE = f"{OURS}, SQLite"
#: What a caller says who knows the revision of a document.
IF_MATCH = {"If-Match": '"7"'}


class Client(Protocol):
    """What each can do, at the server that it was made for."""

    def read(self, path: str) -> object:
        """GET; the body is in memory then."""

    def parse(self, path: str) -> object:
        """GET, and the document."""

    def write(self, path: str) -> object:
        """PUT a document under the revision that it has."""

    def miss(self, path: str) -> object:
        """GET what is not there: an exception, and the server's words out of it."""


class OfRequests:
    """A session of requests, or what is used like one. The caller has to say where, and the revision."""

    headers: Mapping[str, str] | None = IF_MATCH

    def __init__(self, session: requests.Session, place: Place, root: str) -> None:
        self.session, self.root = session, root
        self._get = session.get
        if root.startswith("https:"):
            self._get = functools.partial(session.get, verify=place.bundle)

    def read(self, path: str) -> object:
        return self._get(self.root + path).content

    def parse(self, path: str) -> object:
        return self._get(self.root + path).json()

    def write(self, path: str) -> object:
        response = self.session.put(self.root + path, json=DOCUMENT, headers=self.headers)
        response.raise_for_status()
        return response

    def miss(self, path: str) -> object:
        try:
            self._get(self.root + path).raise_for_status()
        except requests.HTTPError as error:
            assert error.response is not None
            return error.response.json()["message"]
        raise AssertionError("it was there")


class OfOurs(OfRequests):
    """It knows where, and the revision stands in the document."""

    headers = None

    def __init__(self, place: Place, root: str, **kept: Any) -> None:
        super().__init__(AICSession(root, **kept), place, root)
        self.root = ""


class Httpx:
    """httpx. It keeps nothing."""

    def __init__(self, place: Place, root: str) -> None:
        import httpx

        self._client = httpx.Client(base_url=root, verify=ssl.create_default_context(cafile=place.bundle))
        self._error = httpx.HTTPStatusError

    def read(self, path: str) -> object:
        return self._client.get(path).content

    def parse(self, path: str) -> object:
        return self._client.get(path).json()

    def write(self, path: str) -> object:
        return self._client.put(path, json=DOCUMENT, headers=IF_MATCH).raise_for_status()

    def miss(self, path: str) -> object:
        try:
            return self._client.get(path).raise_for_status()
        except self._error as error:
            return error.response.json()["message"]


class Urllib3:
    """What requests stands on, with a connection for each thread."""

    def __init__(self, place: Place, root: str) -> None:
        self._pool, self._root = urllib3.PoolManager(maxsize=32, ca_certs=place.bundle), root

    def read(self, path: str) -> object:
        return self._pool.request("GET", self._root + path).data

    def parse(self, path: str) -> object:
        return json.loads(self._pool.request("GET", self._root + path).data)

    def write(self, path: str) -> object:
        headers = {"Content-Type": "application/json", **IF_MATCH}
        return self._pool.request("PUT", self._root + path, body=json.dumps(DOCUMENT), headers=headers)

    def miss(self, path: str) -> object:
        response = self._pool.request("GET", self._root + path)
        try:
            raise urllib3.exceptions.HTTPError(json.loads(response.data)["message"])
        except urllib3.exceptions.HTTPError as error:
            return error


class Raw:
    """The floor: a socket for each thread, and of the answer only where it ends."""

    def __init__(self, place: Place, root: str) -> None:
        scheme, _, self._host = root.split("/")
        self._context = ssl.create_default_context(cafile=place.bundle) if scheme == "https:" else None
        self._threads = threading.local()

    def read(self, path: str) -> bytes:
        return self._ask(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())

    def parse(self, path: str) -> object:
        return json.loads(self.read(path))

    def write(self, path: str) -> object:
        body = json.dumps(DOCUMENT).encode()
        head = f'PUT {path} HTTP/1.1\r\nHost: {self._host}\r\nIf-Match: "7"\r\nContent-Length: {len(body)}\r\n\r\n'
        return self._ask(head.encode() + body)

    def miss(self, path: str) -> object:
        return self.parse(path)["message"]

    def _ask(self, request: bytes) -> bytes:
        connection = self._connected()
        connection.sendall(request)
        answer = bytearray(connection.recv(1 << 16))
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += connection.recv(1 << 16)
        size = int(answer.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        while len(answer) < end + 4 + size:
            answer += connection.recv(1 << 16)
        if b"Connection: close" in answer[:end]:
            connection.close()
            del self._threads.kept
        return bytes(answer[end + 4 :])

    def _connected(self) -> socket.socket:
        if not hasattr(self._threads, "kept"):
            name, _, port = self._host.partition(":")
            kept = socket.create_connection((name, int(port)))
            kept.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._threads.kept = self._context.wrap_socket(kept, server_hostname=name) if self._context else kept
        return self._threads.kept


# Sessions of requests that keep what they read, each database in a file of its own


def _file(place: Place) -> Path:
    return place.folder / f"{uuid.uuid4()}.db"


def _requests_cache(place: Place, root: str, *, sqlite: bool) -> Client:
    from requests_cache import CachedSession, SQLiteCache

    # The one setting with which it asks about what came with no-store.
    store: Any = SQLiteCache(_file(place), wal=True) if sqlite else "memory"
    return OfRequests(CachedSession(backend=store, always_revalidate=True), place, root)


def _cachecontrol(place: Place, root: str) -> Client:
    from cachecontrol import CacheControl
    from cachecontrol.heuristics import BaseHeuristic

    class Revalidating(BaseHeuristic):
        """A heuristic of the caller's own is how it is told to keep what came with no-store, and to ask about it."""

        def update_headers(self, response: object) -> dict[str, str]:  # noqa: ARG002  # its base's
            return {"cache-control": "no-cache"}

    return OfRequests(CacheControl(requests.Session(), heuristic=Revalidating()), place, root)


def _hishel(place: Place, root: str) -> Client:
    from hishel import SqliteStorage
    from hishel.requests import CacheAdapter

    session = requests.Session()
    # Without rfc=True it would serve what is stale, and not ask.
    session.mount(root, CacheAdapter(storage=SqliteStorage(database_path=_file(place)), rfc=True))
    return OfRequests(session, place, root)


class Kind(NamedTuple):
    """A client: what is installed for it and how it is imported (by a user), and how it is made for a server."""

    distribution: str
    imported: str
    make: Callable[[Place, str], Client]


KINDS = {
    REQUESTS: Kind("requests", "import requests", lambda place, root: OfRequests(requests.Session(), place, root)),
    OURS: Kind("aic-requests", "from aic_requests import AICSession", OfOurs),
    OURS_SQLITE: Kind(
        "aic-requests",
        "from aic_requests import AICSession",
        lambda place, root: OfOurs(place, root, store=SQLiteStore(_file(place), no_store="keep")),
    ),
    CACHE: Kind("requests-cache", "import requests_cache", functools.partial(_requests_cache, sqlite=False)),
    f"{CACHE}, SQLite": Kind(
        "requests-cache", "import requests_cache", functools.partial(_requests_cache, sqlite=True)
    ),
    CONTROL: Kind("CacheControl", "import cachecontrol", _cachecontrol),
    "hishel": Kind("hishel[requests]", "import hishel.requests", _hishel),
    "httpx": Kind("httpx", "import httpx", Httpx),
    "urllib3": Kind("urllib3", "import urllib3", Urllib3),
    "raw socket": Kind("", "import socket", Raw),
}


def present() -> list[str]:
    """Those that are installed; of the others it is said how to get them."""
    modules = {name: kind.imported.split()[1].partition(".")[0] for name, kind in KINDS.items()}
    missing = [name for name, module in modules.items() if importlib.util.find_spec(module) is None]
    for name in missing:
        print(f"left out: {name} (pip install {KINDS[name].distribution})")
    return [name for name in KINDS if name not in missing]
