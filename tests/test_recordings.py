"""What real servers said, said again over a real socket: the session reports it and alters nothing."""

import contextlib
import gzip
import json
import pickle
import re
from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from aic_requests import (
    AICError,
    AICSession,
    BadRequest,
    Conflict,
    Forbidden,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    NotImplementedByServer,
    NotModified,
    PreconditionFailed,
    PreconditionRequired,
    Unauthorized,
    UnprocessableContent,
    UnsupportedMediaType,
)

from .recordings import recordings
from .replay_server import HangUp, Received, Replay, chunk, head, replaying, write

#: By hand, from the contract: not what the library would say.
CLASSES = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    412: PreconditionFailed,
    415: UnsupportedMediaType,
    422: UnprocessableContent,
    428: PreconditionRequired,
    500: InternalServerError,
    501: NotImplementedByServer,
}

#: What was blotted out of the recorded requests, and what goes out in its place.
PLAUSIBLE = {
    "<user agent>": "frodo/4.0",
    "<transaction id>": "frodo-3c1f7b52",
    "<token id>": "AQIC5wM2LY4Sfcz-token-id-kJ8sQ2",
    "<TOKEN>": "AQIC5wM2LY4Sfcx-token-Vh3nB7",
    "<JWT>": "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJzdmMifQ.c2ln-jwt-Zp4xW9",
    "<PW>": "pw-Quoxai4Eek1",
    "REDACTED": "redacted-ieY7Phoh2Aer",
    "UkVEQUNURUQ=": "cmVkYWN0ZWQtb25jZS1hcw==",
    "<9000 a>": "a" * 9000,
}
HARMLESS = {"<user agent>", "<transaction id>", "<9000 a>"}
#: A whole header, or the value of a cookie.
WHOLE = re.compile(r"<redacted(?::\d+ chars)?>")
WHOLE_SECRET = "whole-Ohb3aeGhai7u"
PLACEHOLDER = re.compile("|".join(re.escape(text) for text in PLAUSIBLE))

#: Computed again by whoever sends: the recorders measured bodies that were altered since.
OF_THE_MESSAGE = {"content-length", "transfer-encoding", "connection"}

#: What the session adds by itself, unless given.
ADDED = {"x-forgerock-transactionid", "x-requested-with"}

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Exchange:
    """A recorded request and its answer, ready to be sent and said again."""

    label: str
    method: str
    target: str
    request_headers: dict[str, str]
    request_body: bytes | None
    secrets: frozenset[str]
    status: int
    reason: str
    headers: Headers
    body: bytes

    def say(self, received: Received, wire: BinaryIO) -> None:
        """Answer as the recorded server did, repeated headers and all."""
        fields, body = list(self.headers), self.body
        if header(fields, "content-encoding") == "gzip":
            body = gzip.compress(body, mtime=0)
        if received.method == "HEAD" or self.status == 304:
            # No body, whatever length they claim.
            framed = b""
        elif header(fields, "transfer-encoding") == "chunked":
            framed = (chunk(body) if body else b"") + chunk(b"")
        else:
            fields = [(name, value) for name, value in fields if name.lower() != "content-length"]
            fields.append(("Content-Length", str(len(body))))
            framed = body
        write(wire, head(self.status, fields, reason=self.reason) + framed)
        if header(fields, "connection") == "close":
            raise HangUp


def header(fields: Headers, name: str) -> str | None:
    values = [value for key, value in fields if key.lower() == name]
    return ", ".join(values) if values else None


def filled_in(text: str, secrets: set[str]) -> str:
    """A recorded text with something plausible where the recorder blotted it out."""

    def plausible(match: re.Match[str]) -> str:
        value = PLAUSIBLE[match.group()]
        if match.group() not in HARMLESS:
            secrets.add(value)
        return value

    if WHOLE.search(text):
        secrets.add(WHOLE_SECRET)
    return PLACEHOLDER.sub(plausible, WHOLE.sub(WHOLE_SECRET, text))


def exchange(
    label: str, request: tuple[str, str, Headers, str | None], answer: tuple[int, str, Headers, bytes]
) -> Exchange:
    method, target, headers, body = request
    secrets: set[str] = set()
    sent: dict[str, str] = {}
    for name, value in headers:
        if name.lower() not in OF_THE_MESSAGE:
            text = filled_in(value, secrets)
            # requests has one line for a name: repeats are joined, as RFC 9110 has it.
            sent[name] = f"{sent[name]}, {text}" if name in sent else text
    target = filled_in(target, secrets)
    content = None if body is None else filled_in(body, secrets).encode()
    return Exchange(label, method, target, sent, content, frozenset(secrets), *answer)


def aic_exchange(line: dict[str, Any]) -> Exchange:
    """A line of the corpus. Its bodies are decoded; their lengths are those of other bodies."""
    asked, said = line["request"], line["response"]
    parts = urlsplit(asked["url"])
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    undone = line.get("content_coding_undone") == "br"
    headers = [
        (name, value)
        for name, value in said["headers"]
        if name not in OF_THE_MESSAGE and not (undone and name == "content-encoding")
    ]
    request = asked["method"], target, asked["headers"], asked["body"]
    return exchange(line["id"], request, (said["status"], said["reason"], headers, said["body"].encode()))


def idm_exchange(line: dict[str, Any]) -> Exchange:
    """A line of the walk over OpenIDM. JSON bodies were kept as JSON."""
    body = line["body"]
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    request = line["method"], line["path"], line["request_headers"], line["request_body"]
    label = f"{line['repo']}: {line['label']}"
    return exchange(label, request, (line["status"], line["reason"], line["response_headers"], text.encode()))


def am_exchange(line: dict[str, Any]) -> Exchange:
    """A line of the walk over OpenAM, whose Tomcat sends no phrase with its statuses."""
    request = line["method"], line["path"], list(line["request_headers"].items()), line["request_body"]
    answer = line["status"], "", line["response_headers"], line["response_body"].encode()
    return exchange(line["tag"], request, answer)


# What is expected, worked out from the recorded bytes alone.


class Title(HTMLParser):
    """The title of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = False
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.inside = tag == "title"

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.text += data


def fields_of(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def words_of(body: bytes) -> str:
    """The server's own words: a field of the JSON, the title of the page, or the text."""
    fields = fields_of(body)
    if fields:
        return fields.get("message") or fields.get("error_description") or fields.get("errorMessage") or ""
    text = body.decode()
    if text.lstrip().lower().startswith(("<!doctype html", "<html")):
        page = Title()
        page.feed(text)
        return page.text.strip()
    return text.strip()


def added_by_session(recorded: Exchange) -> set[str]:
    """What the session may send beyond what requests does: its two headers, and the revision in the document."""
    given = {name.lower() for name in recorded.request_headers}
    added = ADDED - given
    if recorded.method == "PUT" and not given & {"if-match", "if-none-match"}:
        revision = fields_of(recorded.request_body or b"").get("_rev")
        if isinstance(revision, str) and revision:
            added.add("if-match")
    return added


# The comparison


@dataclass
class Replayed:
    """One exchange, sent by a plain session and by ours."""

    recorded: Exchange
    plain: requests.Response
    ours: requests.Response
    error: AICError | None
    received: Received

    def check(self) -> None:
        self.check_request()
        self.check_unaltered()
        if self.recorded.status < 400:
            assert self.error is None
            assert self.ours.from_cache is False
        else:
            assert self.error is not None
            self.check_error(self.error)
        if self.recorded.status == 304:
            assert type(AICError.from_response(self.ours)) is NotModified

    def check_request(self) -> None:
        """What was recorded went out, and nothing else but what is promised."""
        assert self.received.method == self.recorded.method
        assert self.received.body == (self.recorded.request_body or b"")
        for name, value in self.recorded.request_headers.items():
            assert self.received.header(name) == value, name
        by_plain = {name.lower() for name in self.plain.request.headers}
        by_ours = {name.lower() for name, _ in self.received.headers} - {"host"}
        assert by_ours - by_plain == added_by_session(self.recorded)
        assert by_plain - {"host"} <= by_ours

    def check_unaltered(self) -> None:
        """Status, headers, body and cookies are what plain requests has, and the body is the recorded one."""
        ours, plain = self.ours, self.plain
        assert (ours.status_code, ours.reason) == (plain.status_code, plain.reason)
        assert (ours.status_code, ours.reason) == (self.recorded.status, self.recorded.reason)
        assert list(ours.headers.items()) == list(plain.headers.items())
        assert list(ours.raw.headers.items()) == list(plain.raw.headers.items())
        for name, _ in self.recorded.headers:
            if name.lower() not in OF_THE_MESSAGE:
                assert ours.headers[name] == header(self.recorded.headers, name.lower())
        assert ours.content == plain.content
        assert ours.content == (b"" if self.recorded.method == "HEAD" else self.recorded.body)
        assert (ours.encoding, ours.text, ours.url) == (plain.encoding, plain.text, plain.url)
        assert ours.cookies.items() == plain.cookies.items()
        assert json_of(ours) == json_of(plain)

    def check_error(self, error: AICError) -> None:
        recorded = self.recorded
        fields = fields_of(recorded.body)
        assert type(error) is CLASSES[recorded.status]
        assert error.status_code == recorded.status
        assert error.message == words_of(recorded.body)
        assert error.code == fields.get("code")
        assert error.reason == (fields.get("reason") or fields.get("error") or recorded.reason or None)
        assert error.detail == fields.get("detail")
        assert error.cause == fields.get("cause")
        detail = fields.get("detail")
        failed = detail.get("failedPolicyRequirements", []) if isinstance(detail, dict) else []
        assert error.failed_policies == failed
        named = header(recorded.headers, "x-forgerock-transactionid")
        assert error.transaction_id == (named or self.received.header("x-forgerock-transactionid"))
        assert error.retry_after is None
        assert error.response is self.ours
        self.check_line(str(error))
        self.check_secrets(error)

    def check_line(self, line: str) -> None:
        assert line.isprintable()
        assert line.startswith(f"{self.recorded.status} ")
        words = " ".join(words_of(self.recorded.body).split())
        assert words[:500] in line
        assert f"{self.recorded.method} {urlsplit(self.ours.url).path}" in line
        query = self.recorded.target.partition("?")[2]
        if query:
            assert query not in line
            assert not [name for name, value in parse_qsl(query) if value and f"{name}={value}" in line]

    def check_secrets(self, error: AICError) -> None:
        pickled = pickle.dumps(error)
        for secret in self.recorded.secrets:
            assert secret not in f"{error} {error!r} {error.args}", secret
            assert secret.encode() not in pickled, secret
        again = pickle.loads(pickled)
        assert (type(again), str(again)) == (type(error), str(error))
        assert again.response.content == self.ours.content


def json_of(response: requests.Response) -> object:
    try:
        return response.json()
    except requests.exceptions.JSONDecodeError as error:
        return type(error)


def replay(server: Replay, recorded: Exchange) -> Replayed:
    """
    Send a recorded request with a plain session and with ours.

    Both are new for every exchange: ours would otherwise send revisions and validators that it saw before, and
    both would send cookies. So what goes out is what was recorded.
    """
    server.answer = recorded.say
    # Redirects lead to the recorded host: they are handed back, not followed.
    options: dict[str, Any] = {
        "headers": recorded.request_headers,
        "data": recorded.request_body,
        "allow_redirects": False,
        "timeout": 10,
    }
    with requests.Session() as session:
        plain = session.request(recorded.method, server.url + recorded.target, **options)
    error = None
    with AICSession(server.url) as session:
        try:
            ours = session.request(recorded.method, recorded.target, **options)
        except AICError as raised:
            assert raised.response is not None
            error, ours = raised, raised.response
    by_plain, by_ours = server.received[-2:]
    assert by_ours.target == by_plain.target
    return Replayed(recorded, plain, ours, error, by_ours)


def replay_all(exchanges: list[Exchange]) -> Counter[int]:
    """Replay and check them all; the count of their statuses."""
    count: Counter[int] = Counter()
    wrong = []
    with replaying() as server:
        for number, recorded in enumerate(exchanges):
            try:
                replay(server, recorded).check()
            except (AssertionError, requests.RequestException) as error:
                wrong.append(f"{number} {recorded.label} ({recorded.status} {recorded.method}): {error!r}")
            count[recorded.status] += 1
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:20])
    return count


def test_aic_tenants():
    """507 exchanges of AIC tenants and their kin: each with its class, its words, and nothing altered."""
    lines = recordings("corpus/aic_exchanges.jsonl")
    count = replay_all([aic_exchange(line) for line in lines])
    assert count == {
        **{200: 377, 201: 34, 302: 2},
        **{400: 20, 401: 1, 403: 16, 404: 35, 409: 6, 412: 2, 422: 1},
        **{500: 12, 501: 1},
    }
    assert count.total() == len(lines) == 507


def test_openidm():
    """766 exchanges of a real OpenIDM, on two repositories: the same."""
    lines = recordings("idm-observed.jsonl")
    count = replay_all([idm_exchange(line) for line in lines])
    assert count == {
        **{200: 392, 201: 70, 304: 32},
        **{400: 86, 401: 10, 403: 30, 404: 41, 405: 2, 409: 25, 412: 60, 428: 2},
        **{500: 10, 501: 6},
    }
    assert count.total() == len(lines) == 766


def test_openam():
    """672 exchanges of a real OpenAM that were answered, among 685 lines: the same."""
    lines = recordings("am-observed.jsonl")
    count = replay_all([am_exchange(line) for line in lines if "status" in line])
    assert count == {
        **{200: 308, 201: 34, 304: 10},
        **{400: 123, 401: 44, 403: 17, 404: 74, 405: 6, 409: 6, 412: 27, 415: 2},
        **{500: 5, 501: 16},
    }
    assert count.total() == 672
    assert len(lines) == 685


def test_openam_without_an_answer():
    """9 more got no answer at all: requests' own exception, and no status is made up. 4 lines sum up races."""
    lines = [line for line in recordings("am-observed.jsonl") if "status" not in line]
    unanswered = [line for line in lines if "error" in line]
    assert len(unanswered) == 9
    assert sum("winners_201_per_trial" in line for line in lines) == len(lines) - 9 == 4
    with replaying() as server:
        server.answer = hang_up
        for line in unanswered:
            for session in (requests.Session(), AICSession(retries=0)):
                with session, pytest.raises(requests.ConnectionError) as caught:
                    session.request(line["method"], server.url + line["path"], data=b"{}", timeout=10)
                assert not isinstance(caught.value, AICError)
    assert len(server.received) == 18


def hang_up(received: Received, wire: BinaryIO) -> None:
    raise HangUp


@pytest.mark.parametrize("outcome", [201, 412])
def test_openam_races(outcome):
    """Of the writers who raced, the winner gets the document and every other a 412 that says who was first."""
    outcomes = [
        seen for line in recordings("am-observed.jsonl") for seen in line.get("outcomes", []) if seen[0] == outcome
    ]
    assert outcomes
    with replaying() as server, AICSession(server.url) as session:
        for status, words, _ in outcomes:
            body = words.encode()
            server.answer = lambda received, wire, status=status, body=body: write(
                wire, head(status, [("Content-Length", str(len(body)))]) + body
            )
            expected = contextlib.nullcontext() if status == 201 else pytest.raises(PreconditionFailed)
            with expected as caught:
                session.put("/openam/json/realms/root/x", json={}, headers={"If-None-Match": "*"})
            if caught is not None:
                assert caught.value.cause_of_failure == "exists"
                assert caught.value.message == words_of(body)
