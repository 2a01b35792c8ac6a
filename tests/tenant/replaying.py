"""Recorded exchanges, asked of the tenant again, and what differs."""

import gzip
import http.client
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_WORD = re.compile(r"[\w%.-]+")

#: Texts for people, which every server words as it likes.
_TEXTS = ("message", "detail")

#: What a container refuses to serve by itself is one page or another.
_PAGE = "<a page>"


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
    """Each with a name of its own: of several ``bump`` the second is ``bump 2``."""
    exchanges = list(exchanges)
    total, seen = Counter(one.case for one in exchanges), Counter[str]()
    for one in exchanges:
        seen[one.case] += 1
        yield (one.case if total[one.case] == 1 else f"{one.case} {seen[one.case]}"), one


@dataclass
class Aliases:
    """
    What the recorded server made up, by what the tenant made up in its place: each has one partner for good.

    Args:
        properties: Those whose values are made up, besides whatever looks like a UUID.
    """

    properties: tuple[str, ...] = ()
    known: dict[str, str] = field(default_factory=dict)

    def learn(self, expected: Any, got: Any, name: str = "") -> None:
        """Pair what stands at the same places of two bodies."""
        if isinstance(expected, dict) and isinstance(got, dict):
            for key in expected:
                self.learn(expected[key], got.get(key), key)
        elif isinstance(expected, list) and isinstance(got, list):
            for one, other in zip(expected, got, strict=False):
                self.learn(one, other, name)
        elif isinstance(expected, str) and isinstance(got, str):
            made_up = name in self.properties or (_UUID.fullmatch(expected) and _UUID.fullmatch(got))
            if made_up and expected not in self.known and got not in self.known.values():
                self.known[expected] = got

    def text(self, value: str) -> str:
        """A recorded header, path or body with what the tenant made up instead."""
        return _WORD.sub(lambda found: self._word(found.group()), value)

    def _word(self, word: str) -> str:
        plain = unquote(word)
        if plain in self.known:
            return self.known[plain] if plain == word else quote(self.known[plain], safe="")
        return _UUID.sub(lambda found: self.known.get(found.group(), found.group()), word)

    def body(self, value: Any) -> Any:
        """The same of a body that was read."""
        if isinstance(value, dict):
            return {name: self.body(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.body(inner) for inner in value]
        if not isinstance(value, str):
            return value
        return self.known.get(value, _UUID.sub(lambda found: self.known.get(found.group(), found.group()), value))


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


def differences(
    recorded: Recorded, got: Message, aliases: Aliases, headers: tuple[str, ...], *, partly: bool = False
) -> dict[str, str]:
    """
    What is not as recorded, by ``status``, ``body`` and header. Texts may differ, and names that are made up do.

    Args:
        recorded: What was asked and answered.
        got: What the tenant answered.
        aliases: Of what is made up; this answer's is learnt.
        headers: Which are compared.
        partly: Of a body only what both sides show, what was sent and what begins with ``_``: a schema adds
            properties and leaves some out. Lists of texts may be in any order, and an empty text is none.
    """
    want = recorded.answer
    wrong = {"status": f"{got.status}, not {want.status}"} if got.status != want.status else {}
    if want.status == got.status:
        aliases.learn(want.body, got.body)
        for expected, found in zip(want.all("etag"), got.all("etag"), strict=False):
            aliases.learn(expected.strip('"'), found.strip('"'), "_rev")
    for name in (*headers, "content-length") if want.status == 304 else headers:
        expected, found = spelled(name, [aliases.text(one) for one in want.all(name)]), spelled(name, got.all(name))
        # A 304's Content-Type describes nothing.
        if expected != found and not (name == "content-type" and want.status == got.status == 304 and found):
            wrong[name] = f"{found}, not {expected}"
    expected, found = without_texts(aliases.body(want.body)), without_texts(got.body)
    if partly:
        sent = parsed(recorded.body)
        expected, found = common(expected, found, sent), common(found, expected, {})
    if expected != found:
        wrong["body"] = f"{found}, not {expected}"
    return wrong


def spelled(name: str, values: list[str]) -> list[str]:
    """The lines of a header, so that what means the same looks the same."""
    if name == "location":
        # http.client reads a header as Latin-1, a recording as UTF-8.
        return [unquote(utf8(value).split("/", 3)[3]) for value in values]
    if name == "set-cookie":
        return sorted(value.partition("=")[0] for value in values)
    if name in ("allow", "vary"):
        return sorted(part.strip().lower() for value in values for part in value.split(","))
    if name == "content-api-version":
        return sorted({value.rpartition("resource=")[2] for value in values})
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
    if isinstance(body, list):
        return [without_texts(one) for one in body]
    return _PAGE if isinstance(body, str) and body.lower().startswith(("<html", "<!doctype html")) else body


def common(body: Any, other: Any, sent: Any) -> Any:
    """What a body has in common with another, and what was sent."""
    if isinstance(body, dict) and isinstance(other, dict):
        kept = other.keys() | (sent.keys() if isinstance(sent, dict) else set())
        return {
            name: common(value, other.get(name), None)
            for name, value in body.items()
            if (name in kept and (name in other or value is not None)) or name in ("_id", "_rev")
        }
    if isinstance(body, list):
        if all(isinstance(one, str) for one in body):
            return sorted(body)
        others = other if isinstance(other, list) and len(other) == len(body) else [None] * len(body)
        return [common(one, another, None) for one, another in zip(body, others, strict=True)]
    return None if body == "" else body


def judge(
    exchanges: list[tuple[str, Recorded]], differing: dict[str, dict[str, str]], wanted: dict[str, tuple[str, str]]
) -> None:
    """
    Nothing differs but what is wanted, and all of that does.

    Args:
        exchanges: What was asked, by name.
        differing: What differs, by the same names.
        wanted: By name, or by the case of several: in what they may differ, and why. Each does somehow, and each of
            these somewhere.
    """
    cases = {name: one.case for name, one in exchanges}
    keys = {name: name if name in wanted else case for name, case in cases.items()}
    allowed = {key: set(kinds.split()) for key, (kinds, _) in wanted.items()}
    unwanted = {
        name: {kind: text for kind, text in wrong.items() if kind not in allowed.get(keys[name], ())}
        for name, wrong in differing.items()
    }
    assert {name: wrong for name, wrong in unwanted.items() if wrong} == {}
    assert [name for name, key in keys.items() if key in wanted and name not in differing] == []
    found: dict[str, set[str]] = {key: set() for key in wanted}
    for name, wrong in differing.items():
        found[keys[name]] |= wrong.keys()
    assert found == allowed, "a difference that is no difference any more"
