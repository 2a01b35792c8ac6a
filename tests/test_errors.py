"""What an error carries and says, whatever came over the wire."""

import contextlib
import gzip
import json
import logging
import threading
import time
import tracemalloc
import zlib
from types import SimpleNamespace

import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from requests import PreparedRequest, Request, Response
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from aic_requests import (
    AICError,
    AICSession,
    BadRequest,
    Forbidden,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    ServerError,
    Unauthorized,
    raise_for_status,
)

from .replay_server import HangUp, always, chunk, head, http, replaying, write

JSON = [("Content-Type", "application/json;charset=utf-8")]
NOT_FOUND = b'{"code":404,"reason":"Not Found","message":"Object u1 not found"}'
KIB = 1024


@pytest.fixture
def server():
    with replaying() as server:
        yield server


@pytest.fixture
def session(server):
    with AICSession(server.url, retries=0, timeout=5) as session:
        yield session


def plain_with_hook():
    session = requests.Session()
    session.hooks["response"].append(raise_for_status)
    return session


def caught_from(session, method="GET", path="/x", **options):
    with pytest.raises(AICError) as caught:
        session.request(method, path, **options)
    return caught.value


def response_of(body=b"", status=400, *, headers=(), request=None):
    """A response as an adapter builds it, its body read."""
    response = Response()
    response.status_code = status
    response._content = body
    response._content_consumed = True
    response.headers = CaseInsensitiveDict(headers)
    response.encoding = get_encoding_from_headers(response.headers)
    response.request = request or Request("GET", "http://h/x").prepare()
    response.url = response.request.url
    return response


# What it carries


def test_every_attribute(server, session):
    """Status, the body's fields, the id for the server's logs, the seconds to wait, request and response."""
    body = {
        **{"code": 503, "reason": "Service Unavailable", "message": "Starting", "detail": {"a": [1]}},
        "cause": {"message": "x"},
    }
    fields = [*JSON, ("X-ForgeRock-TransactionId", "server-7"), ("Retry-After", "9")]
    server.answer = always(http(503, fields, json.dumps(body).encode(), reason="Nope"))
    error = caught_from(session, params={"_fields": "mail"})
    assert (error.status_code, error.code, error.reason) == (503, 503, "Service Unavailable")
    assert (error.message, error.detail, error.cause) == ("Starting", {"a": [1]}, {"message": "x"})
    assert (error.transaction_id, error.retry_after) == ("server-7", 9.0)
    assert error.request is error.response.request
    assert error.request.url == f"{server.url}/x?_fields=mail"
    assert error.response.json() == body
    assert str(error) == "503 Nope: GET /x: Starting [transaction server-7]"
    assert error.args == (str(error),)


@pytest.mark.parametrize(
    ("sent", "answered", "expected"),
    [
        ({}, [("X-ForgeRock-TransactionId", "theirs")], "theirs"),
        ({"X-ForgeRock-TransactionId": "ours"}, [("X-ForgeRock-TransactionId", "theirs/0")], "theirs/0"),
        ({"X-ForgeRock-TransactionId": "ours"}, [], "ours"),
        ({"x-forgerock-transactionid": b"ours"}, [], "ours"),
        ({"X-ForgeRock-TransactionId": None}, [], None),
    ],
)
def test_transaction_id(server, session, sent, answered, expected):
    """What the answer names, else what was sent with the request, else nothing."""
    server.answer = always(http(404, answered, b""))
    assert caught_from(session, headers=sent).transaction_id == expected


def test_transaction_id_of_the_session(server, session):
    """Without one of the caller's, the session's own: it is in the line, to be found in the server's logs."""
    server.answer = always(http(404, [], b""))
    error = caught_from(session)
    assert error.transaction_id == server.received[0].header("X-ForgeRock-TransactionId")
    assert error.transaction_id in str(error)


@pytest.mark.parametrize(
    ("status", "reason", "headers", "body", "expected"),
    [
        (404, "Not Found", JSON, NOT_FOUND, "404 Not Found: GET /x: Object u1 not found"),
        # The status counts, not the code inside.
        (405, "Method Not Allowed", JSON, b'{"code":501,"message":"m"}', "405 Method Not Allowed: GET /x: m"),
        (404, "Not Found", JSON, b"", "404 Not Found: GET /x"),
        (500, "", JSON, b"", "500 Internal Server Error: GET /x"),
        # OAuth's error names the kind, its description the case.
        (
            *(400, "Bad Request", JSON),
            b'{"error":"invalid_grant","error_description":"JWT has expired"}',
            "400 Bad Request: GET /x: invalid_grant: JWT has expired",
        ),
        (400, "Bad Request", JSON, b'{"error":"server_error"}', "400 Bad Request: GET /x: server_error"),
        (401, "", JSON, b'{"errorMessage":"Failed"}', "401 Unauthorized: GET /x: Failed"),
        (403, "Forbidden", [("Content-Type", "text/plain")], b"Forbidden\n", "403 Forbidden: GET /x: Forbidden"),
        (403, "Forbidden", [], b"<html><title>403</title>", "403 Forbidden: GET /x: 403"),
    ],
)
def test_the_line(server, session, status, reason, headers, body, expected):
    """One line: status, phrase, method, path, the server's words, transaction id."""
    server.answer = always(http(status, [*headers, ("X-ForgeRock-TransactionId", "t1")], body, reason=reason))
    assert str(caught_from(session)) == f"{expected} [transaction t1]"


def test_the_line_names_the_path_and_no_query_value(server, session):
    """The path as it went out; no query, no fragment, no host."""
    server.answer = always(http(404, JSON, NOT_FOUND))
    error = caught_from(session, "DELETE", "/openidm/managed/a b/\u00e9?_fields=mail&token=Secret12#there")
    assert str(error).startswith(
        "404 Not Found: DELETE /openidm/managed/a%20b/%C3%A9: Object u1 not found [transaction "
    )


def test_method_not_allowed_names_a_delete(server, session):
    """A header whose value is a method does not blot the method out of the line."""
    server.answer = always(http(405, JSON, b'{"code":405,"message":"DELETE is not allowed"}'))
    error = caught_from(session, "POST", headers={"X-HTTP-Method-Override": "DELETE"})
    assert type(error) is MethodNotAllowed
    assert error.message == "DELETE is not allowed"


def test_failed_policies(server, session):
    """A policy failure is a 403, of a PATCH and of a PUT, and says which policies failed."""
    failures = [{"property": "mail", "policyRequirements": [{"policyRequirement": "VALID_EMAIL_ADDRESS_FORMAT"}]}]
    body = {"code": 403, "message": "Policy validation failed", "detail": {"failedPolicyRequirements": failures}}
    server.answer = always(http(403, JSON, json.dumps(body).encode()))
    error = caught_from(session, "PUT", json={})
    assert type(error) is Forbidden
    assert error.failed_policies == failures


# 412 and 428


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected", "sent"),
    [
        ("PUT", "/u/1", {"If-Match": '"7"'}, "stale", {"If-Match": '"7"'}),
        ("PATCH", "/u/1", {"If-Match": '"7"'}, "stale", {"If-Match": '"7"'}),
        ("DELETE", "/u/1", {"If-Match": "*"}, "stale", {"If-Match": "*"}),
        ("PUT", "/u/1", {"If-None-Match": "*"}, "exists", {"If-None-Match": "*"}),
        ("PUT", "/u/1", {"if-none-match": b"*"}, "exists", {"If-None-Match": "*"}),
        ("GET", "/u/1", {"If-Match": '"7"'}, "not_supported", {"If-Match": '"7"'}),
        ("GET", "/u?_queryFilter=true", {"If-None-Match": '"7"'}, "not_supported", {"If-None-Match": '"7"'}),
        ("POST", "/u?_action=create", {"If-None-Match": "*"}, "not_supported", {"If-None-Match": "*"}),
        ("POST", "/u/1?_action=x", {"If-Match": "*"}, "not_supported", {"If-Match": "*"}),
        ("PATCH", "/u/1", {"If-None-Match": "*"}, "not_supported", {"If-None-Match": "*"}),
        (
            *("PUT", "/u/1", {"If-Match": '"7"', "If-None-Match": "*"}, "not_supported"),
            {"If-Match": '"7"', "If-None-Match": "*"},
        ),
        ("PUT", "/u/1", {}, "raced", {}),
        ("DELETE", "/u/1", {}, "raced", {}),
        ("POST", "/u?_action=create", {}, "raced", {}),
    ],
)
def test_four_causes_of_a_412(server, session, method, path, headers, expected, sent):
    """Stale, exists, not supported, raced: told apart by what was asked for and under which condition."""
    server.answer = always(http(412, JSON, b'{"code":412,"reason":"Precondition Failed","message":"m"}'))
    error = caught_from(session, method, path, headers=headers)
    assert type(error) is PreconditionFailed
    assert (error.cause_of_failure, error.sent) == (expected, sent)
    cure = {
        "stale": "read it again",
        "exists": "read and update it",
        "not_supported": "leave the header out",
        "raced": "read it, then write",
    }
    assert cure[expected] in str(error)
    assert [other for other in cure.values() if other in str(error)] == [cure[expected]]


def test_stale_names_what_the_session_added(server, session):
    """``sent`` is what went out, the session's own revision included."""
    server.answer = always(http(200, [*JSON, ("ETag", '"41"')], b'{"_id":"1","_rev":"41"}'))
    session.get("/u/1")
    server.answer = always(http(412, JSON, b'{"code":412}'))
    error = caught_from(session, "PUT", "/u/1", json={"mail": "x"})
    assert (error.cause_of_failure, error.sent) == ("stale", {"If-Match": '"41"'})
    assert error.request.headers["If-Match"] == '"41"'


@pytest.mark.parametrize("headers", [{}, {"If-Match": "*"}])
def test_428_says_what_to_send(server, session, headers):
    """The cure stands in the message: both headers, and how to come by a revision."""
    server.answer = always(http(428, JSON, b'{"code":428,"reason":"Precondition Required","message":"m"}'))
    error = caught_from(session, "PUT", "/u/1", json={}, headers=headers)
    assert type(error) is PreconditionRequired
    assert error.sent == headers
    for piece in ("If-Match", "_rev", "If-None-Match: *", "read"):
        assert piece in str(error)


@pytest.mark.parametrize("status", [404, 412])
def test_document_from_elsewhere(server, session, status):
    """A refused If-Match that came from the document's own _rev is named as the cause, with both cures."""
    server.answer = always(http(status, JSON, b'{"code":%d,"message":"m"}' % status))
    error = caught_from(session, "PUT", "/u/1", json={"_id": "1", "_rev": "99"})
    assert server.received[-1].header("If-Match") == '"99"'
    assert "drop _rev" in str(error)
    assert "If-None-Match: *" in str(error)


@pytest.mark.parametrize(
    ("method", "document", "headers"),
    [
        ("PUT", {"_id": "1"}, {}),
        ("PUT", {"_id": "1", "_rev": "99"}, {"If-Match": '"5"'}),
        ("PUT", {"_id": "1", "_rev": "99"}, {"If-None-Match": "*"}),
        ("PUT", {"_id": "1", "_rev": 99}, {}),
        ("POST", {"_id": "1", "_rev": "99"}, {}),
        ("PATCH", [{"_rev": "99"}], {"If-Match": '"99"'}),
        ("PUT", None, {}),
    ],
)
@pytest.mark.parametrize("status", [404, 412])
def test_document_has_nothing_to_do_with_it(server, session, status, method, document, headers):
    """No such cure where the condition is another's, or there is none."""
    server.answer = always(http(status, JSON, b'{"code":%d,"message":"m"}' % status))
    error = caught_from(session, method, "/u/1", json=document, headers=headers)
    assert "drop _rev" not in str(error)


# Bodies over the wire


def endless(received, wire):
    """A body without an end; the client has to hang up."""
    write(wire, head(500, [("Transfer-Encoding", "chunked")]))
    with contextlib.suppress(OSError):
        while True:
            write(wire, chunk(b"x" * 8 * KIB))
    raise HangUp


@pytest.mark.parametrize("make", [AICSession, plain_with_hook], ids=["AICSession", "hook"])
def test_endless_body_closes_the_connection(server, make):
    """64 KiB are kept, the rest is not waited for, and the connection is closed; the session works on."""
    server.answer = endless
    with make() as session:
        error = caught_from(session, path=f"{server.url}/x", stream=True)
        assert type(error) is InternalServerError
        assert error.response.content == b"x" * 64 * KIB
        assert server.wait_until_closed()
        server.answer = always(http(200, [], b"fine"))
        assert session.get(f"{server.url}/y").content == b"fine"
    assert server.connections == 2


@pytest.mark.parametrize("make", [AICSession, plain_with_hook], ids=["AICSession", "hook"])
@pytest.mark.parametrize("size", [0, 10, 64 * KIB, 100 * KIB])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_short_rest_is_drained(server, make, size, framing):
    """What remains of a short body is read, so that the next request has the same connection."""
    body = (NOT_FOUND + b" " * size)[: max(size, len(NOT_FOUND))]
    chunks = [chunk(body[at : at + 5000]) for at in range(0, len(body), 5000)]
    chunked = head(404, [*JSON, ("Transfer-Encoding", "chunked")]) + b"".join([*chunks, chunk(b"")])
    server.answer = always(http(404, JSON, body) if framing == "length" else chunked)
    with make() as session:
        for _ in range(3):
            error = caught_from(session, path=f"{server.url}/x", stream=True)
            assert error.response.content == body[: 64 * KIB]
            assert error.message == "Object u1 not found"
    assert len(server.received) == 3
    assert server.connections == 1


def test_unstreamed_bodies_are_whole(server, session):
    """Without ``stream`` requests has read the body: all of it is there, and the connection is reused."""
    words = "\u00e9" * 500_000
    server.answer = always(http(400, JSON, json.dumps({"message": words}, ensure_ascii=False).encode()))
    for _ in range(2):
        error = caught_from(session)
        assert error.message == words
        assert error.response.json() == {"message": words}
        assert len(str(error)) < 1000
    assert server.connections == 1


def test_gzip_bomb_is_bounded(server, session):
    """A small body that unpacks to 200 MB is not unpacked."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(KIB * KIB)) for _ in range(200)) + packer.flush()
    server.answer = always(http(500, [("Content-Encoding", "gzip")], bomb))
    tracemalloc.start()
    try:
        error = caught_from(session, stream=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert error.response.content == bytes(64 * KIB)
    assert peak < 32 * KIB * KIB


#: A body that breaks off. Of chunks, urllib3 hands on those that came; of a length, all or nothing, by its version.
BEGUN = b'{"code":503,"mess'
CUT = {
    "chunked": (head(503, [*JSON, ("Transfer-Encoding", "chunked")]) + chunk(BEGUN), {BEGUN}),
    "length": (head(503, [*JSON, ("Content-Length", "5000")]) + BEGUN, {BEGUN, b""}),
}


@pytest.mark.parametrize("framing", CUT)
def test_body_cut_in_the_middle(server, session, framing):
    """Of a streamed body that breaks off, what came is kept; the status is what the caller hears of."""
    said, kept = CUT[framing]

    def answer(received, wire):
        write(wire, said)
        raise HangUp

    server.answer = answer
    error = caught_from(session, stream=True)
    assert error.status_code == 503
    assert error.response.content in kept
    assert error.message == error.response.text


def test_unstreamed_body_cut_in_the_middle(server, session):
    """Without ``stream`` requests reads the body before anybody else: the exception is its own, as in requests."""

    def answer(received, wire):
        write(wire, CUT["chunked"][0])
        raise HangUp

    server.answer = answer
    for other in (requests.Session(), session):
        with other, pytest.raises(requests.exceptions.ChunkedEncodingError):
            other.get(f"{server.url}/x")


@pytest.mark.parametrize("framing", CUT)
def test_stalled_body(server, session, framing):
    """A streamed body that stalls is given up after the read time-out, and the status is told."""
    said, kept = CUT[framing]
    released = threading.Event()

    def answer(received, wire):
        write(wire, said)
        released.wait(5)
        raise HangUp

    server.answer = answer
    began = time.monotonic()
    try:
        error = caught_from(session, stream=True, timeout=0.1)
    finally:
        released.set()
    assert time.monotonic() - began < 2
    assert error.status_code == 503
    assert error.response.content in kept


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ([("Content-Encoding", "gzip")], b"not gzip at all", ""),
        ([("Content-Encoding", "deflate")], b"\xff\xff\xff\xff", ""),
        ([("Content-Encoding", "gzip")], gzip.compress(NOT_FOUND, mtime=0)[:-12], None),
        ([("Content-Encoding", "gzip")], gzip.compress(NOT_FOUND, mtime=0), "Object u1 not found"),
        ([("Content-Encoding", "rot13")], NOT_FOUND, "Object u1 not found"),
        ([("Transfer-Encoding", "chunked")], b"zz\r\nnot a chunk\r\n", ""),
    ],
)
def test_undecodable_body(server, session, headers, body, expected):
    """A body that does not unpack costs the words, not the status."""

    def answer(received, wire):
        fields = headers if headers[0][0] == "Transfer-Encoding" else [*headers, ("Content-Length", str(len(body)))]
        write(wire, head(404, fields) + body)
        raise HangUp

    server.answer = answer
    error = caught_from(session, stream=True)
    assert type(error) is NotFound
    assert expected is None or error.message == expected


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        # JSON is UTF-8, whatever is announced; text is what is announced, if it is not UTF-8.
        ("application/json;charset=iso-8859-1", '{"message":"\u00e9"}'.encode(), "\u00e9"),
        ("application/json;charset=utf-8", '{"message":"\u00e9"}'.encode("latin-1"), "\u00e9"),
        ("application/json", '{"message":"\u20ac"}'.encode(), "\u20ac"),
        ("application/json", b'\xef\xbb\xbf{"message":"x"}', "x"),
        ("text/plain;charset=iso-8859-1", "\u00e9".encode("latin-1"), "\u00e9"),
        ("text/plain;charset=windows-1252", "\u20ac".encode("cp1252"), "\u20ac"),
        ("text/plain;charset=utf-16", "\u00e9\u20ac".encode("utf-16"), "\u00e9\u20ac"),
        ("text/plain", "\u00e9".encode("latin-1"), "\u00e9"),
        ("text/plain;charset=no-such-charset", "\u00e9".encode("latin-1"), "\u00e9"),
        ("text/plain;charset=utf-8", b"\xff", "\u00ff"),
        ("text/plain;charset=base64", b"\xff", "\u00ff"),
        ("text/plain;charset=idna", b"\xff", "\u00ff"),
        ("text/plain;charset=undefined", b"\xff", "\u00ff"),
        ("text/plain;charset=a\x00b", b"\xff", "\u00ff"),
        ("text/plain;charset=\xe9", b"\xff", "\u00ff"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_charsets(server, session, content_type, body, expected, stream):
    """Words in any charset, in a wrong one, and in one that there is not."""
    server.answer = always(http(400, [("Content-Type", content_type)], body))
    error = caught_from(session, stream=stream)
    assert type(error) is BadRequest
    assert error.message == expected


def test_body_consumed_by_the_caller(server):
    """Whoever has read the stream himself still gets the status; a half-read one gives its rest."""
    server.answer = always(http(404, JSON, NOT_FOUND))
    with AICSession(server.url, raise_for_status=False) as session:
        response = session.get("/x", stream=True)
        assert b"".join(response.iter_content(10)) == NOT_FOUND
        error = AICError.from_response(response)
        assert (type(error), error.message) == (NotFound, "")

        response = session.get("/x", stream=True)
        next(response.iter_content(10))
        assert type(AICError.from_response(response)) is NotFound

        response = session.get("/x", stream=True)
        response.close()
        assert type(AICError.from_response(response)) is NotFound


def test_twice_is_the_same(server):
    """An exception may be made again of the same response."""
    server.answer = always(http(404, JSON, NOT_FOUND))
    with AICSession(server.url, raise_for_status=False) as session:
        response = session.get("/x", stream=True)
    first, second = AICError.from_response(response), AICError.from_response(response)
    assert (str(first), first.message, first.response) == (str(second), second.message, second.response)


# As a hook of a plain session


@pytest.mark.parametrize("stream", [False, True])
def test_hook_on_a_plain_session(server, stream):
    """The same class, words and evidence as AICSession's; below 400 the response."""
    with plain_with_hook() as session:
        server.answer = always(http(200, [], b"fine"))
        assert session.get(server.url, stream=stream).content == b"fine"
        server.answer = always(http(404, [*JSON, ("X-ForgeRock-TransactionId", "t")], NOT_FOUND, reason="Not Found"))
        error = caught_from(session, path=f"{server.url}/x", stream=stream)
    assert type(error) is NotFound
    assert str(error) == "404 Not Found: GET /x: Object u1 not found [transaction t]"
    assert error.response.content == NOT_FOUND
    assert server.connections == 1


def test_hook_reads_whole_bodies(server):
    """Without ``stream`` a long body is there in full, as it would be without the hook."""
    body = json.dumps({"message": "x" * 300_000}).encode()
    server.answer = always(http(400, JSON, body))
    with plain_with_hook() as session:
        assert caught_from(session, path=server.url).response.content == body


def test_hook_lets_304_and_redirects_pass(server):
    """A 304 is handed back, and a redirect is followed to the error at its end."""

    def answer(received, wire):
        if received.target == "/old":
            write(wire, http(302, [("Location", "/new")], b""))
        elif received.target == "/same":
            write(wire, head(304, []))
        else:
            write(wire, http(404, JSON, NOT_FOUND))

    server.answer = answer
    with plain_with_hook() as session:
        assert session.get(f"{server.url}/same").status_code == 304
        error = caught_from(session, path=f"{server.url}/old")
    assert error.response.url == f"{server.url}/new"


def test_hook_by_itself():
    """A function of a response: an error raises, anything else comes back."""
    fine = response_of(status=204)
    assert raise_for_status(fine) is fine
    with pytest.raises(BadRequest):
        raise_for_status(response_of(status=400), timeout=3, verify=True)


# Redirects


@pytest.mark.parametrize("stream", [False, True])
def test_history_after_redirects(server, session, stream):
    """An error at the end of redirects knows every hop, and its request is the last one."""

    def answer(received, wire):
        onward = {"/a": "/b?token=x", "/b?token=x": "/c"}.get(received.target)
        if onward:
            write(wire, http(302, [("Location", onward)], b"moved"))
        else:
            write(wire, http(404, JSON, NOT_FOUND, reason="Not Found"))

    server.answer = answer
    error = caught_from(session, path="/a", stream=stream)
    assert [hop.status_code for hop in error.response.history] == [302, 302]
    assert [hop.url for hop in error.response.history] == [f"{server.url}/a", f"{server.url}/b?token=x"]
    assert error.request.url == f"{server.url}/c"
    assert str(error).startswith("404 Not Found: GET /c: Object u1 not found")
    assert server.connections == 1


# Hostile words


@pytest.mark.parametrize(
    "words",
    [
        "two\r\nlines",
        "a\x00b\x07",
        "\x1b[31mred\x1b[0m \x9b31m",
        "\x1b]0;title\x07",
        "\u202eesrever \u2066",
        "\u2028separator\u2029",
        "lone \ud800 surrogate \udfff",
        "\ufeff",
        "x" * KIB * KIB,
        "\n" * 1000 + "end",
    ],
    ids=lambda words: ascii(words)[:20],
)
@pytest.mark.parametrize("where", ["message", "reason", "error", "error_description"])
def test_one_printable_line(server, session, words, where):
    """Whatever the server says, the line is one, short, and does nothing to a terminal; ``message`` keeps it."""
    server.answer = always(http(400, JSON, json.dumps({where: words}).encode()))
    error = caught_from(session)
    assert str(error).isprintable()
    assert len(str(error)) < 1200
    str(error).encode()
    said = {"message": error.message, "error_description": error.message}.get(where, error.reason)
    assert said == words


@pytest.mark.parametrize("phrase", ["", "\x1b[31m", "x" * 30_000, "caf\xe9"])
def test_hostile_phrase_and_transaction_id(server, session, phrase):
    """The phrase of the status line and the transaction id stand in the line, and are as little trusted."""
    server.answer = always(http(499, [("X-ForgeRock-TransactionId", phrase)], b"", reason=phrase))
    error = caught_from(session)
    assert str(error).isprintable()
    assert len(str(error)) < 1500


def test_logs_nothing(server, session, caplog):
    """The library leaves logging to the caller, who has the exception."""
    server.answer = always(http(404, JSON, NOT_FOUND))
    with caplog.at_level(logging.DEBUG):
        caught_from(session)
    assert not [record for record in caplog.records if record.name.startswith("aic_requests")]


# Responses that nobody received


def test_without_request():
    """A response made by hand has no request: what is known is told."""
    response = Response()
    response.status_code = 404
    error = AICError.from_response(response)
    assert (type(error), str(error), error.request) == (NotFound, "404 Not Found", None)


@pytest.mark.parametrize("method", [None, "GET", "PUT"])
@pytest.mark.parametrize("status", [404, 412, 428])
def test_with_an_empty_request(method, status):
    """Nor does a request that was never filled in do harm."""
    request = PreparedRequest()
    request.method = method
    assert AICError.from_response(response_of(status=status, request=request)).status_code == status


def test_without_a_status():
    """A response without a status is none; its exception says nothing, and does not fail."""
    assert type(AICError.from_response(Response())) is AICError


def test_made_by_hand():
    """The message is all that an error needs; the classes' own attributes are there from the start."""
    for kind in (AICError, NotFound, PreconditionFailed, PreconditionRequired, ServerError):
        error = kind("words")
        assert (str(error), error.message, error.detail, error.failed_policies) == ("words", "words", None, [])
    assert PreconditionFailed().sent == PreconditionRequired().sent == {}
    assert Unauthorized().status_code == 401
    assert PreconditionFailed("a").sent is not PreconditionFailed("b").sent


class Raw(SimpleNamespace):
    """The raw side of a response that fails as it is told to."""

    def stream(self, size, decode_content):
        yield b"some"
        raise self.failure

    def close(self):
        raise self.failure


@pytest.mark.parametrize("failure", [OSError("x"), ValueError("x"), RuntimeError("x"), MemoryError()], ids=repr)
def test_raw_side_that_fails(failure):
    """Adapters of others fail in ways of their own: the status is what the caller hears of."""
    response = response_of(status=500)
    response._content = False
    response._content_consumed = False
    response.raw = Raw(failure=failure)
    error = AICError.from_response(response)
    assert (type(error), error.message) == (InternalServerError, "some")


#: JSON of every kind, and text that looks like it.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(
    st.sampled_from(["code", "reason", "message", "detail", "cause", "error", "error_description", "errorMessage"]),
    VALUES,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=100).map(str.encode),
    st.one_of(VALUES, FIELDS).map(lambda value: json.dumps(value).encode()),
    st.lists(st.sampled_from(["<title>", "</title>", "<script>", "<!--", "-->", "<", ">", "a", "&#39;", "&"])).map(
        lambda pieces: "".join(pieces).encode()
    ),
)
LATIN = st.text(st.characters(max_codepoint=255), max_size=30)
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Date", "Content-Type", "X-ForgeRock-TransactionId", "ETag", "Location", "X-A"]),
    LATIN | LATIN.map("text/plain;charset={}".format) | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ [\d:+ ]+"),
)
SENT = st.dictionaries(
    st.sampled_from(["Authorization", "Cookie", "X-A", "If-Match", "If-None-Match", "X-OpenIDM-Password"]),
    LATIN | LATIN.map("Basic {}".format) | LATIN.map("a={}; b".format) | st.binary(max_size=20),
)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(
    body=BODIES,
    status=st.integers(-5, 1200),
    headers=HEADERS,
    sent=SENT,
    method=st.sampled_from(["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "FOO"]),
    query=st.text(max_size=30),
    sent_body=st.none() | BODIES,
)
@example(b"\xff", 400, {"Content-Type": "text/plain;charset=undefined"}, {}, "GET", "", None)
@example(b"\xff", 400, {"Content-Type": "text/plain;charset=\x00"}, {}, "GET", "", None)
@example(b'{"message":"x"}', 412, {}, {"Cookie": '="message"'}, "PUT", "token=%22message%22", b'{"_rev":7}')
def test_never_fails(body, status, headers, sent, method, query, sent_body):
    """Whatever came, and whatever was sent: an error of the right class, with one printable line."""
    request = Request(method, "http://h/x").prepare()
    request.url = f"http://h/x?{query}"
    request.headers = CaseInsensitiveDict(sent)
    request.body = sent_body
    error = AICError.from_response(response_of(body, status, headers=headers, request=request))
    assert error.status_code == status
    assert str(error).isprintable()
    assert isinstance(error.message, str)
    assert isinstance(error.failed_policies, list)
