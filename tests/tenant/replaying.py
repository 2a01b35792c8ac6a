"""Recorded exchanges, asked of the tenant again, and what differs."""

import gzip
import http.client
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

#: Texts for people, which every server words as it likes.
_TEXTS = ("message", "detail")


@dataclass(frozen=True, slots=True)
class Message:
    """An answer: its body is JSON where it is some, else text, and None where there is none."""

    status: int
    headers: list[tuple[str, str]]
    body: Any

    def all(self, name: str) -> list[str]:
        """What the lines of a header say."""
        return [value for key, value in self.headers if key.lower() == name]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it was sent, and its answer."""

    case: str
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: str | None
    answer: Message


def told_apart(exchanges: Iterable[Recorded]) -> Iterator[tuple[str, Recorded]]:
    """Each with a name of its own: the second ``bump`` is ``bump 2``."""
    seen: Counter[str] = Counter()
    for one in exchanges:
        seen[one.case] += 1
        yield (one.case if seen[one.case] == 1 else f"{one.case} {seen[one.case]}"), one


@dataclass
class Aliases:
    """The ids that the recorded server gave, by those that the tenant gave in their place; each has one partner."""

    known: dict[str, str] = field(default_factory=dict)

    def learn(self, expected: Any, got: Any) -> None:
        """Pair the ids that stand at the same places of two bodies."""
        if isinstance(expected, dict) and isinstance(got, dict):
            for name in expected:
                self.learn(expected[name], got.get(name))
        elif isinstance(expected, list) and isinstance(got, list):
            for one, other in zip(expected, got, strict=False):
                self.learn(one, other)
        elif isinstance(expected, str) and isinstance(got, str) and _UUID.fullmatch(expected) and _UUID.fullmatch(got):
            if expected not in self.known and got not in self.known.values():
                self.known[expected] = got

    def text(self, value: str) -> str:
        """A recorded text with the tenant's ids."""
        return _UUID.sub(lambda found: self.known.get(found.group(), found.group()), value)

    def body(self, value: Any) -> Any:
        """A recorded body with the tenant's ids."""
        if isinstance(value, dict):
            return {name: self.body(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.body(inner) for inner in value]
        return self.text(value) if isinstance(value, str) else value


def parsed(body: str | None) -> Any:
    """A body as JSON if it is some."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body


def ask(tenant: Any, recorded: Recorded, aliases: Aliases) -> Message:
    """Send a recorded request to a tenant over its socket, with nothing added."""
    connection = http.client.HTTPConnection(tenant.url.removeprefix("http://"), timeout=5)
    connection.putrequest(recorded.method, aliases.text(recorded.path), skip_accept_encoding=True)
    content = None if recorded.body is None else aliases.text(recorded.body).encode()
    for name, value in recorded.headers:
        if name.lower() not in ("host", "content-length", "connection"):
            connection.putheader(name, aliases.text(value))
    if content is not None:
        connection.putheader("Content-Length", str(len(content)))
    connection.endheaders(content)
    response = connection.getresponse()
    read = response.read()
    connection.close()
    if response.getheader("content-encoding") == "gzip":
        read = gzip.decompress(read)
    return Message(response.status, response.getheaders(), parsed(read.decode("utf-8", "replace")))


def differences(recorded: Recorded, got: Message, aliases: Aliases, headers: tuple[str, ...]) -> str:
    """What is not as recorded, in words; "" if all is. Texts may differ, ids if they do so throughout."""
    want = recorded.answer
    wrong = [f"status {got.status}, not {want.status}"] if got.status != want.status else []
    aliases.learn(want.body, got.body)
    for name in headers:
        expected, found = spelled(name, [aliases.text(one) for one in want.all(name)]), spelled(name, got.all(name))
        # A 304's Content-Type describes nothing.
        if expected != found and not (name == "content-type" and want.status == got.status == 304):
            wrong.append(f"{name} {found}, not {expected}")
    expected, found = without_texts(aliases.body(want.body)), without_texts(got.body)
    if expected != found:
        wrong.append(f"body {found}, not {expected}")
    return "; ".join(wrong)


def spelled(name: str, values: list[str]) -> list[str]:
    """The lines of a header, so that what means the same looks the same."""
    if name == "location":
        # http.client reads a header as Latin-1, a recording as UTF-8.
        return [unquote(utf8(value).split("/", 3)[3]) for value in values]
    if name == "set-cookie":
        return sorted(value.partition("=")[0] for value in values)
    if name in ("allow", "vary"):
        return sorted(part.strip().lower() for value in values for part in value.split(","))
    return [value.lower().replace(" ", "") if name == "content-type" else value for value in values]


def utf8(value: str) -> str:
    """A header's bytes as UTF-8."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except ValueError:
        return value


def without_texts(body: Any) -> Any:
    """A body without what is said to people; what a policy found stays."""
    if isinstance(body, dict):
        return {
            name: without_texts(value)
            for name, value in body.items()
            if name not in _TEXTS or (name == "detail" and isinstance(value, dict) and value)
        }
    return [without_texts(one) for one in body] if isinstance(body, list) else body
