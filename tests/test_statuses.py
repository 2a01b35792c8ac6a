"""Every status has its exception, and the caller says which of them raise."""

import builtins

import pytest
import requests

import aic_requests
from aic_requests import (
    AICError,
    AICSession,
    BadGateway,
    BadRequest,
    ClientError,
    Conflict,
    Forbidden,
    GatewayTimeout,
    Gone,
    InternalServerError,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    NotImplementedByServer,
    NotModified,
    PreconditionFailed,
    PreconditionRequired,
    RequestTimeout,
    ServerError,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnprocessableContent,
    UnsupportedMediaType,
)
from aic_requests.statuses import EXCEPTION_NAMES

from .replay_server import always, head, http, replaying

#: The table of the contract, typed by hand: status, class, name, bases.
ROWS = [
    (304, NotModified, "NotModified", AICError),
    (400, BadRequest, "BadRequest", ClientError),
    (401, Unauthorized, "Unauthorized", ClientError),
    (403, Forbidden, "Forbidden", ClientError),
    (404, NotFound, "NotFound", ClientError),
    (405, MethodNotAllowed, "MethodNotAllowed", ClientError),
    (406, NotAcceptable, "NotAcceptable", ClientError),
    (408, RequestTimeout, "RequestTimeout", ClientError),
    (409, Conflict, "Conflict", ClientError),
    (410, Gone, "Gone", ClientError),
    (412, PreconditionFailed, "PreconditionFailed", ClientError),
    (415, UnsupportedMediaType, "UnsupportedMediaType", ClientError),
    (422, UnprocessableContent, "UnprocessableContent", ClientError),
    (428, PreconditionRequired, "PreconditionRequired", ClientError),
    (429, TooManyRequests, "TooManyRequests", ClientError),
    (500, InternalServerError, "InternalServerError", ServerError),
    (501, NotImplementedByServer, "NotImplementedByServer", ServerError),
    (502, BadGateway, "BadGateway", ServerError),
    (503, ServiceUnavailable, "ServiceUnavailable", ServerError),
    (504, GatewayTimeout, "GatewayTimeout", ServerError),
]
CREST_BODY = b'{"code":%d,"reason":"Some Reason","message":"some words"}'


@pytest.fixture
def server():
    with replaying() as server:
        yield server


def crest(status):
    """A CREST error, or what a 304 and a redirect are."""
    if status == 304:
        return head(304, [("Content-Type", "application/json"), ("Content-Length", "67")], reason="Not Modified")
    return http(status, [("Content-Type", "application/json")], CREST_BODY % status, reason="Some Phrase")


def ask(server, status, *, session=None, **options):
    """One GET, answered with a status."""
    server.answer = always(crest(status))
    with session or AICSession(server.url, retries=0) as session:
        return session.get("/x", **options)


@pytest.mark.parametrize(("status", "kind", "name", "base"), ROWS)
def test_one_class_per_row(server, status, kind, name, base):
    """Each row has a class of its own name, public, below its hundred's class, and met on the wire."""
    assert kind is getattr(aic_requests, name)
    assert kind.__name__ == name
    assert name in aic_requests.__all__
    assert issubclass(kind, base)
    assert issubclass(base, AICError)
    assert issubclass(base, requests.HTTPError)
    assert kind.__doc__.strip().startswith(f"{status}. ")
    assert kind.status_code == status

    response = ask(server, status, session=AICSession(server.url, retries=0, raise_for_status=False))
    error = AICError.from_response(response)
    assert type(error) is kind
    assert error.status_code == status
    assert error.response is response
    assert error.request is response.request


def test_table_and_classes_agree():
    """The table names exactly the rows of the contract, and no two rows share a class."""
    assert {status: name for status, _, name, _ in ROWS} == EXCEPTION_NAMES
    assert len({kind for _, kind, _, _ in ROWS}) == len(ROWS)


def test_no_class_without_a_row():
    """Whoever adds a class adds a row: only the bases, AmbiguousWrite and IncompleteQuery stand for none."""
    exported = {getattr(aic_requests, name) for name in aic_requests.__all__}
    errors = {kind for kind in exported if isinstance(kind, type) and issubclass(kind, AICError)}
    without = errors - {kind for _, kind, _, _ in ROWS}
    assert {kind.__name__ for kind in without} == {
        "AICError",
        "ClientError",
        "ServerError",
        "AmbiguousWrite",
        "IncompleteQuery",
    }


def test_no_builtin_is_shadowed():
    """``from aic_requests import *`` leaves Python's own exceptions alone; 501 is the tempting one."""
    assert not set(aic_requests.__all__) & set(dir(builtins))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (402, ClientError),
        (407, ClientError),
        (413, ClientError),
        (418, ClientError),  # scripts of IDM may throw any number
        (431, ClientError),
        (499, ClientError),
        (505, ServerError),
        (512, ServerError),  # AM's UMA resource sets: If-Match is missing
        (520, ServerError),
        (599, ServerError),
        (600, ServerError),
        (999, ServerError),
    ],
)
def test_statuses_without_a_row(server, status, kind):
    """Any other status of 400 and above raises the class of its hundred, and beyond 599 that of the server's fault."""
    with pytest.raises(AICError) as caught:
        ask(server, status)
    assert type(caught.value) is kind
    assert caught.value.status_code == status
    assert caught.value.code == status
    assert str(caught.value).startswith(f"{status} Some Phrase: GET /x: some words")


@pytest.mark.parametrize("status", [200, 201, 302])
def test_any_response_has_an_exception(server, status):
    """``from_response`` takes a success and a redirect too, for callers who raise themselves."""
    error = AICError.from_response(ask(server, status, allow_redirects=False))
    assert type(error) is AICError
    assert (error.status_code, error.message) == (status, "some words")


def test_not_modified_through_from_response(server):
    """The caller's own If-None-Match gets the bare 304; who wants an exception makes it."""
    response = ask(server, 304, headers={"If-None-Match": '"7"'})
    assert (response.status_code, response.content, response.from_cache) == (304, b"", False)
    error = AICError.from_response(response)
    assert type(error) is NotModified
    assert str(error).startswith("304 Not Modified: GET /x")


@pytest.mark.parametrize("status", [200, 204, 302, 304, 404, 512])
@pytest.mark.parametrize(
    ("raising", "raises"),
    [
        (True, {404, 512}),
        (False, set()),
        ((), set()),
        ({404}, {404}),
        ([512, 304], {512, 304}),
        (frozenset({200}), {200}),
        ((302,), {302}),
        (range(500, 600), {512}),
        ({404: "a dict is a container too"}, {404}),
    ],
    ids=str,
)
def test_raise_for_status(server, raising, raises, status):
    """True: 400 and above. False: none. A container: those that it names, be they errors or not."""
    session = AICSession(server.url, retries=0, raise_for_status=raising)
    options = {"headers": {"If-None-Match": '"7"'}, "allow_redirects": False}
    if status in raises:
        with pytest.raises(AICError) as caught:
            ask(server, status, session=session, **options)
        assert caught.value.response.status_code == status
        assert caught.value.status_code == status
    else:
        response = ask(server, status, session=session, **options)
        assert response.status_code == status


@pytest.mark.parametrize("wrong", [404, "404", b"404", None, 1, 4.04, object()])
def test_raise_for_status_takes_nothing_else(wrong):
    """What is neither a bool nor a container of numbers is named at once, and not after a request."""
    with pytest.raises(TypeError, match="raise_for_status"):
        AICSession("https://tenant.example.com", raise_for_status=wrong)


def test_our_own_304_never_raises(server):
    """A 304 to the session's own condition is a replayed 200, even where the container names 304."""
    answers = [http(200, [("ETag", '"7"')], b'{"_rev":"7"}'), crest(304)]
    server.answer = lambda received, wire: always(answers.pop(0))(received, wire)
    with AICSession(server.url, raise_for_status={304}) as session:
        session.get("/x")
        again = session.get("/x")
    assert (again.status_code, again.from_cache, again.json()) == (200, True, {"_rev": "7"})


def test_requests_own_way_still_works(server):
    """``response.raise_for_status()`` is requests' own and raises requests' own; ours is an HTTPError too."""
    response = ask(server, 404, session=AICSession(server.url, raise_for_status=False))
    with pytest.raises(requests.HTTPError) as caught:
        response.raise_for_status()
    assert type(caught.value) is requests.HTTPError
    with pytest.raises(requests.HTTPError):
        ask(server, 404)


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (418, ClientError), (503, ServiceUnavailable)])
def test_without_a_phrase(server, status, kind):
    """HTTP/2 and Tomcat send no phrase: that of the standard stands in the line."""
    server.answer = always(http(status, [], b""))
    with pytest.raises(kind) as caught, AICSession(server.url, retries=0) as session:
        session.get("/x")
    phrase = {404: "Not Found", 418: "I'm a Teapot", 503: "Service Unavailable"}[status]
    assert str(caught.value).startswith(f"{status} {phrase}: GET /x")
    assert caught.value.reason is None


def test_a_status_nobody_knows_without_a_phrase(server):
    """The number alone."""
    server.answer = always(http(599, [], b""))
    with pytest.raises(ServerError) as caught, AICSession(server.url) as session:
        session.get("/x")
    assert str(caught.value).startswith("599: GET /x")
