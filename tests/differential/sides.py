"""Two servers that are asked the same, and what is the same in their answers."""

import gzip
import http.client
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

#: What a request says of the server's own names: ``<now users/u1>`` is the revision that this side has last shown of
#: it, ``<former users/u1>`` the one before, ``<made users 0>`` the first id that this side has given in a collection.
_NAME = re.compile(r"<(now|former|made) ([a-z]+)[/ ]([^>]+)>")
_OPAQUE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d+")

#: Headers that say nothing of CREST: of the moment, of the connection, of the container.
_IGNORED = {"date", "server", "transfer-encoding", "connection", "content-length"}


@dataclass(frozen=True)
class Ask:
    """
    A request for both sides.

    Attributes:
        path: Below the servers' context, escaped, with its query.
        headers: In order; a name may occur twice.
        body: None: there is none, and no Content-Length either.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Collection and id of the resource, as they stand in the path."""
        collection, _, resource = self.path.partition("?")[0].strip("/").partition("/")
        return collection, resource

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True)
class Answer:
    """An answer without what two servers may say in other words; revisions and ids by the order of their appearance."""

    status: int
    headers: dict[str, list[str]]
    body: Any


class Names:
    """What a server has called things: revisions by their resource, and ids of its own making."""

    def __init__(self) -> None:
        self._revisions: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._made: dict[str, list[str]] = defaultdict(list)

    def named(self, text: str) -> str:
        """A text in this server's own names."""
        return _NAME.sub(lambda name: self._name(*name.groups()), text)

    def _name(self, kind: str, collection: str, rest: str) -> str:
        if kind == "made":
            made = self._made[collection]
            return made[int(rest)] if int(rest) < len(made) else "none"
        seen = self._revisions[collection, rest]
        at = -1 if kind == "now" else -2
        return seen[at] if len(seen) >= -at else "0"

    def learn(self, ask: Ask, status: int, body: Any) -> None:
        """Take the names from an answer."""
        if status not in (200, 201) or not isinstance(body, dict) or not isinstance(body.get("_rev"), str):
            return
        collection, resource = ask.place
        if status == 201 and ask.method == "POST" and body["_id"] not in self._made[collection]:
            self._made[collection].append(body["_id"])
        seen = self._revisions[collection, resource]
        if not seen or seen[-1] != body["_rev"]:
            seen.append(body["_rev"])


class Side:
    """
    One of the two servers.

    Args:
        address: ``http://host:port`` and the context, such as ``/crest``.
    """

    def __init__(self, address: str) -> None:
        host, _, context = address.removeprefix("http://").partition("/")
        self._context = f"/{context}" if context else ""
        self._connection = http.client.HTTPConnection(host, timeout=20)
        self.forget()

    def forget(self) -> None:
        """Begin anew: what was seen is not named any more."""
        self._names = Names()
        self._known: dict[str, str] = {}
        self._asked_of = ""

    def close(self) -> None:
        self._connection.close()

    def ask(self, ask: Ask) -> Answer:
        """Send it over a real socket, in this side's own names."""
        try:
            self._connection.putrequest(
                ask.method, self._context + self._names.named(ask.path), skip_accept_encoding=True
            )
            for name, value in ask.headers:
                self._connection.putheader(name, self._names.named(value).encode("utf-8"))
            if ask.body is not None:
                self._connection.putheader("Content-Length", str(len(ask.body)))
            self._connection.endheaders(ask.body)
            response = self._connection.getresponse()
            content = response.read()
        except (http.client.HTTPException, OSError) as error:
            self._connection.close()
            return Answer(0, {}, type(error).__name__)
        if response.getheader("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        body = _parsed(content)
        self._asked_of = ask.place[0]
        self._names.learn(ask, response.status, body)
        shown = self._anonymous(_without_texts(body))
        if isinstance(shown, dict) and isinstance(shown.get("result"), list) and "_sortkeys" not in ask.path.lower():
            # Nobody promises an order that was not asked for; MemoryBackend's is that of a hash table.
            shown["result"].sort(key=lambda row: row["_id"])
        return Answer(response.status, self._headers(response), shown)

    def _headers(self, response: http.client.HTTPResponse) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name, value in response.getheaders():
            name = name.lower()
            if name == "location":
                value = "/" + value.split("/", 3)[3]
                head, _, last = value.rpartition("/")
                value = f"{head}/{self._id(last)}"
            if name == "content-type":
                value = value.lower().replace(" ", "")
            if name not in _IGNORED:
                found[name].append(str(self._anonymous(value)))
        if response.status == 304:
            found["content-length"] = [response.getheader("Content-Length", "none")]
        return {name: sorted(values) for name, values in found.items()}

    def _anonymous(self, value: Any) -> Any:
        """Opaque revisions and ids of the server's own making, by the order of their appearance."""
        if isinstance(value, dict):
            return {name: self._id(inner) if name == "_id" else self._anonymous(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._anonymous(inner) for inner in value]
        if isinstance(value, str):
            return _OPAQUE.sub(lambda found: self._alias("revision", found.group()), value)
        return value

    def _id(self, value: Any) -> Any:
        # Ids of the clients' making are no numbers.
        # Each collection counts for itself.
        return self._alias(f"id of {self._asked_of}", value) if isinstance(value, str) and value.isdigit() else value

    def _alias(self, kind: str, value: str) -> str:
        known = sum(name.startswith(kind + " ") for name in self._known)
        return self._known.setdefault(f"{kind} {value}", f"{kind}#{known}")


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content


def _without_texts(body: Any) -> Any:
    """An error without its words, which are nobody's contract."""
    if isinstance(body, dict) and "code" in body and "reason" in body:
        return {name: value for name, value in body.items() if name not in ("message", "detail")}
    return body


def differences(real: Answer, fake: Answer) -> dict[str, tuple[Any, Any]]:
    """What is not the same, by name: ``status``, ``body`` or the name of a header; first the real server's."""
    wrong: dict[str, tuple[Any, Any]] = {}
    if real.status != fake.status:
        wrong["status"] = real.status, fake.status
    for name in sorted(real.headers.keys() | fake.headers.keys()):
        if real.headers.get(name) != fake.headers.get(name):
            wrong[name] = real.headers.get(name), fake.headers.get(name)
    # 1 is neither 1.0 nor true, and the order of members is no one's promise.
    if json.dumps(real.body, sort_keys=True, default=repr) != json.dumps(fake.body, sort_keys=True, default=repr):
        wrong["body"] = real.body, fake.body
    return wrong
