"""What a server refuses, and in which words it is raised: judged by what plain HTTP is answered to the same."""

import pytest
import requests

import aic_requests
from aic_requests import (
    AICError,
    BadRequest,
    Conflict,
    InternalServerError,
    NotFound,
    NotImplementedByServer,
    PreconditionFailed,
    ServiceUnavailable,
    TooManyRequests,
)
from aic_requests.testing import Fault

from .place import TYPICAL, places

JSON = {"Content-Type": "application/json"}
THEN = "Tue, 24 Nov 2026 00:00:00 GMT"

#: Method, what follows the collection's path (None: a resource that is there), options, and what it is refused with.
REFUSALS = [
    ("PUT", None, {"data": b'{"n":', "headers": JSON}, BadRequest),
    ("PUT", None, {"data": b"", "headers": JSON}, BadRequest),
    ("PUT", None, {"json": [1]}, BadRequest),
    ("PUT", None, {"json": {}, "headers": {"If-None-Match": '"5"'}}, BadRequest),
    ("PUT", None, {"data": {"n": "1"}}, BadRequest),
    ("PUT", None, {"data": "text", "headers": {"Content-Type": "text/plain"}}, BadRequest),
    ("PUT", None, {"json": {}, "params": {"_action": "x"}}, BadRequest),
    ("PATCH", None, {"json": {"n": 1}}, BadRequest),
    ("PATCH", None, {"json": [{"op": "replace", "path": "/n", "value": 1}]}, BadRequest),
    ("GET", None, {"params": {"_pageSize": "1"}}, BadRequest),
    ("GET", None, {"params": {"_unknown": "1"}}, BadRequest),
    ("GET", None, {"headers": {"Accept-API-Version": "protocol=9.9"}}, BadRequest),
    ("GET", "", {}, BadRequest),
    ("GET", "", {"params": {"_queryFilter": "n eq"}}, BadRequest),
    ("GET", "", {"params": {"_queryFilter": "true", "_queryId": "x"}}, BadRequest),
    ("GET", "", {"params": {"_queryFilter": "true", "_pageSize": "x"}}, BadRequest),
    ("GET", "/none", {}, NotFound),
    ("GET", "/no%2Fsuch%20%C3%A9", {}, NotFound),
    ("PUT", "/none", {"json": {}, "headers": {"If-Match": '"1"'}}, NotFound),
    ("PATCH", "/none", {"json": []}, NotFound),
    ("DELETE", "/none", {}, NotFound),
    ("GET", "-elsewhere/one", {}, NotFound),
    ("GET", None, {"headers": {"If-Modified-Since": THEN}}, Conflict),
    ("PUT", None, {"json": {}, "headers": {"If-Unmodified-Since": THEN}}, Conflict),
    ("HEAD", None, {}, NotImplementedByServer),
    ("FOO", None, {}, NotImplementedByServer),
    ("GET", None, {"params": {"_crestapi": ""}}, NotImplementedByServer),
]


@pytest.fixture
def path(place):
    """A resource that is there."""
    return place.create({"n": 1})


def check(error, said, method, path):
    """Whether an error says what the server said to a plain request."""
    body = said.json() if said.content else {}
    assert error.status_code == error.response.status_code == said.status_code
    assert (error.code, error.reason) == (body.get("code"), body.get("reason", said.reason))
    assert (error.message, error.detail) == (body.get("message", ""), body.get("detail"))
    assert error.response.content == said.content
    assert str(error).startswith(f"{said.status_code} {said.reason}: {method} {path}")
    # On one line, whatever the server's words are broken into.
    assert " ".join(error.message.split()) in str(error)
    assert str(error).isprintable()


def test_every_refusal_is_its_own_exception(place, session, path):
    """With status, code, reason, detail and the very words of the server; nothing was done, the connection survives."""
    for number, (method, below, options, expected) in enumerate(REFUSALS):
        target = path if below is None else place.collection + below
        said = place.ask(method, target, **options)
        with pytest.raises(requests.HTTPError) as caught:
            session.request(method, target, stream=number % 2 == 0, **options)
        assert type(caught.value) is expected, (method, target, options, said.content)
        assert expected.status_code == said.status_code
        check(caught.value, said, method, target)
        assert not aic_requests.maybe_applied(caught.value)
    assert len(place.sent) == len(REFUSALS)
    assert place.witness.connections == 1
    assert place.read(path)["n"] == 1


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"_queryId": "unknown"}, (NotImplementedByServer, BadRequest)),
        ({"_queryFilter": "true", "_pageSize": "1", "_sortKeys": ""}, (BadRequest,)),
    ],
    ids=str,
)
def test_what_servers_refuse_in_their_own_way(place, session, params, expected):
    """Whichever status it is, the exception is that one's."""
    said = place.ask("GET", place.collection, params=params)
    with pytest.raises(expected) as caught:
        session.get(place.collection, params=params)
    check(caught.value, said, "GET", place.collection)


def test_an_unknown_action(place, session, path):
    """501 from CREST, 400 from IDM's managed objects."""
    said = place.ask("POST", place.collection, params={"_action": "doIt"})
    with pytest.raises((NotImplementedByServer, BadRequest)) as caught:
        session.post(place.collection, params={"_action": "doIt"})
    check(caught.value, said, "POST", place.collection)


@places(lambda kind: kind.crashes)
def test_a_malformed_cookie_is_a_500_without_a_word(place, session, path):
    """An exception that nobody has thought of: an empty body, and an error that is none the less whole."""
    params = {"_queryFilter": "true", "_pageSize": "1", "_sortKeys": "n", "_pagedResultsCookie": "no cookie"}
    said = place.ask("GET", place.collection, params=params)
    with pytest.raises(InternalServerError) as caught:
        session.get(place.collection, params=params)
    assert said.content == b""
    check(caught.value, said, "GET", place.collection)
    assert len(place.sent) == 1


ONE = {"json": {"n": 2}}
NONE = {"json": [{"operation": "replace", "field": "/n", "value": 2}]}
ILLEGAL = [
    ("GET", None, {}, {"If-Match": '"1"'}),
    ("GET", None, {}, {"If-None-Match": "*"}),
    ("GET", "", {"params": {"_queryFilter": "true"}}, {"If-Match": '"1"'}),
    ("GET", "", {"params": {"_queryFilter": "true"}}, {"If-None-Match": '"1"'}),
    ("POST", "", ONE, {"If-Match": '"1"'}),
    ("POST", "", ONE, {"If-None-Match": "*"}),
    ("POST", "", {"params": {"_action": "clear"}}, {"If-Match": "*"}),
    ("PATCH", None, NONE, {"If-None-Match": '"1"'}),
    ("PATCH", None, NONE, {"If-None-Match": "*"}),
    ("DELETE", None, {}, {"If-None-Match": '"1"'}),
    ("PUT", None, ONE, {"If-Match": '"1"', "If-None-Match": "*"}),
]


def test_a_condition_that_is_illegal_there(place, session, path):
    """412, not_supported: the cure is to leave it out, and reading again would not help."""
    for method, below, options, headers in ILLEGAL:
        target = path if below is None else place.collection + below
        said = place.ask(method, target, headers=headers, **options)
        with pytest.raises(PreconditionFailed, match="leave the header out") as caught:
            session.request(method, target, headers=headers, **options)
        check(caught.value, said, method, target)
        assert (caught.value.cause_of_failure, caught.value.sent) == ("not_supported", headers), (method, headers)
    assert place.read(path)["n"] == 1


@pytest.mark.parametrize(("method", "options"), [("PUT", ONE), ("PATCH", NONE), ("DELETE", {})])
def test_a_condition_that_is_not_met(place, session, path, method, options):
    """412, stale: the cure is to read again; it is raised for what the session added as for the caller's own."""
    tag = place.tag(path)
    session.get(path)
    place.write(path, {"n": 3})
    for headers in ({}, {"If-Match": tag}):
        said = place.ask(method, path, **options, headers={"If-Match": tag})
        with pytest.raises(PreconditionFailed, match="read it again") as caught:
            session.request(method, path, **options, headers=headers)
        check(caught.value, said, method, path)
        assert (caught.value.cause_of_failure, caught.value.sent) == ("stale", {"If-Match": tag})


def test_what_exists_is_not_created(place, session, path):
    """412, exists: the cure is to update it."""
    headers = {"If-None-Match": "*"}
    said = place.ask("PUT", path, json={"n": 2}, headers=headers)
    with pytest.raises(PreconditionFailed, match="exists already") as caught:
        session.put(path, json={"n": 2}, headers=headers)
    check(caught.value, said, "PUT", path)
    assert (caught.value.cause_of_failure, caught.value.sent) == ("exists", headers)


@places(lambda kind: kind.takes_ids)
def test_an_id_that_is_taken(place, session):
    """412 to a create without a condition: somebody was there first."""
    place.create({"n": 1}, place.path("taken"))
    said = place.ask("POST", place.collection, json={"_id": "taken"})
    with pytest.raises(PreconditionFailed, match="try again") as caught:
        session.post(place.collection, json={"_id": "taken"})
    check(caught.value, said, "POST", place.collection)
    assert (caught.value.cause_of_failure, caught.value.sent) == ("raced", {})


@TYPICAL
def test_a_server_that_is_not_there_yet(place, path):
    """503 with Retry-After: a read is asked again, a write is not; the error says how long to wait."""
    session = place.session()
    place.witness.faults.append(Fault(method="GET", status=503, headers=(("Retry-After", "0"),)))
    assert session.get(path).json()["n"] == 1
    place.witness.faults.append(Fault(method="PUT", status=503, headers=(("Retry-After", "7"),)))
    with pytest.raises(ServiceUnavailable) as caught:
        session.put(path, json={"n": 2})
    assert (caught.value.retry_after, caught.value.code, caught.value.message) == (7.0, None, "")
    assert aic_requests.maybe_applied(caught.value)
    assert [seen.method for seen in place.sent] == ["GET", "GET", "PUT"]
    assert place.read(path)["n"] == 1


@TYPICAL
def test_a_server_that_stays_away(place, path):
    """After four more tries the last answer is raised, as it came; so is one that asks for too much patience."""
    session = place.session()
    html = (("Content-Type", "text/html"),)
    page = b"<html><title>Down</title></html>"
    place.witness.faults.append(Fault(method="GET", status=503, times=5, headers=html, body=page))
    with pytest.raises(ServiceUnavailable, match="Down"):
        session.get(path)
    assert len(place.sent) == 5
    assert session.get(path).json()["n"] == 1
    place.witness.faults.append(Fault(method="GET", status=429, headers=(("Retry-After", "3600"),)))
    with pytest.raises(TooManyRequests) as caught:
        session.get(path)
    assert (caught.value.retry_after, len(place.sent)) == (3600.0, 7)


@TYPICAL
def test_which_statuses_raise_is_the_callers_to_say(place, path):
    """None, or those of a container; the others are handed back as requests would."""
    missing = place.path("none")
    assert place.session(raise_for_status=False).get(missing).status_code == 404
    some = place.session(raise_for_status={412})
    assert some.get(missing).status_code == 404
    with pytest.raises(PreconditionFailed):
        some.get(path, headers={"If-Match": "*"})


@TYPICAL
def test_the_rules_work_on_a_plain_session(place, plain, path):
    """As a response hook: the same exceptions, with the same words."""
    for method, below, options, expected in REFUSALS[::4]:
        target = path if below is None else place.collection + below
        said = place.ask(method, target, **options)
        with pytest.raises(AICError) as caught:
            plain.request(method, place.server + target, hooks={"response": aic_requests.raise_for_status}, **options)
        assert type(caught.value) is expected
        check(caught.value, said, method, target)
