"""Errors, sessions and stores travel to other processes; secrets do not leave with the errors."""

import copy
import json
import logging
import multiprocessing
import pickle
import traceback
from concurrent.futures import ProcessPoolExecutor

import pytest
import requests
import urllib3
from requests.auth import HTTPBasicAuth, HTTPDigestAuth

import aic_requests
from aic_requests import (
    AICError,
    AICSession,
    AmbiguousWrite,
    BadRequest,
    CacheInfo,
    ForeignOrigin,
    MemoryStore,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    TooManyRequests,
    raise_for_status,
)

from .replay_server import always, head, http, replaying, write

#: Quoting changes nothing in it: no way out can hide it by spelling it differently.
SECRET = "s3cr3tXyzzy0123456789"
BASIC = "bWU6czNjcjN0WHl6enkwMTIzNDU2Nzg5"  # base64 of me:SECRET

JSON = ("Content-Type", "application/json")
COPIES = [
    *((lambda error, n=n: pickle.loads(pickle.dumps(error, n))) for n in range(pickle.HIGHEST_PROTOCOL + 1)),
    copy.copy,
    copy.deepcopy,
]
COPY_NAMES = [*(f"pickle{n}" for n in range(pickle.HIGHEST_PROTOCOL + 1)), "copy", "deepcopy"]
EVIDENCE = ["status_code", "code", "reason", "message", "detail", "cause", "transaction_id", "retry_after"]


@pytest.fixture
def server():
    with replaying() as server:
        yield server


def caught_from(session, method="GET", path="/x", **options):
    with pytest.raises(AICError) as caught:
        session.request(method, path, **options)
    return caught.value


def refused(server, status, body, method="GET", path="/x", headers=(), **options):
    """The error of one request."""
    server.answer = always(http(status, [JSON, *headers], json.dumps(body).encode(), reason="Phrase"))
    with AICSession(server.url, retries=0) as session:
        return caught_from(session, method, path, **options)


def assert_same(again, error):
    """The copy says all that the error does, but for what it must not."""
    assert type(again) is type(error)
    assert (str(again), again.args) == (str(error), error.args)
    for name in EVIDENCE:
        assert getattr(again, name) == getattr(error, name), name
    assert again.failed_policies == error.failed_policies
    assert again.response is not None
    assert again.response.status_code == error.response.status_code
    assert again.response.json() == error.response.json()
    assert again.response.request.method == again.request.method == error.request.method


# Errors


@pytest.mark.parametrize("copied", COPIES, ids=COPY_NAMES)
def test_errors_copy(server, copied):
    """Every way to copy keeps class, line, attributes, answer, and the harmless part of the request."""
    failures = [{"property": "mail", "policyRequirements": []}]
    body = {
        **{"code": 429, "reason": "R", "message": "m", "detail": {"failedPolicyRequirements": failures}},
        "cause": {"message": "c"},
    }
    fields = [("Retry-After", "7"), ("X-ForgeRock-TransactionId", "t1")]
    error = refused(server, 429, body, headers=fields, params={"_fields": "x"})
    again = copied(error)
    assert type(again) is TooManyRequests
    assert_same(again, error)
    assert again.request.url == f"{server.url}/x?_fields=***"
    assert again.response.headers["Retry-After"] == "7"
    # A copy of the copy is the same again.
    assert_same(copied(again), again)


@pytest.mark.parametrize("copied", COPIES, ids=COPY_NAMES)
@pytest.mark.parametrize(
    ("status", "kind", "headers", "cause"),
    [
        (412, PreconditionFailed, {"If-Match": '"7"'}, "stale"),
        (412, PreconditionFailed, {"If-None-Match": "*"}, "exists"),
        (428, PreconditionRequired, {}, None),
    ],
)
def test_preconditions_copy(server, copied, status, kind, headers, cause):
    """``sent`` and ``cause_of_failure`` go along."""
    server.answer = always(http(status, [JSON], b'{"code":%d}' % status))
    with AICSession(server.url) as session:
        error = caught_from(session, "PUT", json={}, headers=headers)
    again = copied(error)
    assert type(again) is kind
    assert again.sent == error.sent == headers
    assert getattr(again, "cause_of_failure", None) == cause
    assert_same(again, error)


@pytest.mark.parametrize("copied", COPIES, ids=COPY_NAMES)
def test_ambiguous_write_copies(copied):
    """Both documents go along, without what stands under names of secrets."""
    error = AmbiguousWrite("lost", sent={"mail": "a", "password": "x"}, found=None)
    again = copied(error)
    assert (str(again), again.sent, again.found) == ("lost", {"mail": "a", "password": "***"}, None)
    assert (again.request, again.response) == (None, None)


@pytest.mark.parametrize("copied", COPIES, ids=COPY_NAMES)
def test_every_class_copies(copied):
    """An error made by hand, of any class, too: the message is all it needs."""
    kinds = {value for value in vars(aic_requests).values() if isinstance(value, type)}
    for kind in sorted(kinds, key=lambda kind: kind.__name__):
        if issubclass(kind, AICError | ForeignOrigin):
            again = copied(kind("words"))
            assert (type(again), str(again)) == (kind, "words")


def test_what_the_caller_adds_goes_along(server):
    """Notes, and attributes of the caller's own."""
    error = refused(server, 404, {"message": "m"})
    error.add_note("while reading bob")
    error.mine = 5
    again = pickle.loads(pickle.dumps(error))
    assert (again.__notes__, again.mine) == (["while reading bob"], 5)


def test_history_goes_along(server):
    """The hops before the error, without the values of their queries."""

    def answer(received, wire):
        if received.target == "/old":
            write(wire, http(302, [("Location", "/new?code=abc"), ("Set-Cookie", "s=1")], b""))
        else:
            write(wire, http(404, [JSON], b'{"message":"m"}'))

    server.answer = answer
    with AICSession(server.url) as session:
        again = pickle.loads(pickle.dumps(caught_from(session, path="/old")))
    (hop,) = again.response.history
    assert (hop.status_code, hop.url, hop.headers["Location"]) == (302, f"{server.url}/old", "/new?code=***")
    assert again.response.url == f"{server.url}/new?code=***"


def test_unread_bodies_go_along(server):
    """A streamed error has been read by the time it is raised."""
    error = refused(server, 404, {"message": "m"}, stream=True)
    assert pickle.loads(pickle.dumps(error)).response.json() == {"message": "m"}


@pytest.mark.parametrize("depth", [10, 100, 400, 900])
@pytest.mark.parametrize("copied", [COPIES[-3], copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
def test_deep_details_copy(server, copied, depth):
    """However deep the server nests its detail: what could be read can be copied."""
    body = b'{"message":"m","detail":' + b"[" * depth + b"]" * depth + b"}"
    server.answer = always(http(400, [JSON], body))
    with AICSession(server.url) as session:
        error = caught_from(session)
    assert type(copied(error)) is BadRequest


def test_not_everything_is_lost_without_a_response():
    """Errors of requests' making around ours: a response alone pickles as requests has it."""
    error = NotFound("words", response=None)
    assert pickle.loads(pickle.dumps(error)).response is None


# Other processes


def raise_in_worker(url):
    with AICSession(url) as session:
        session.get("/x", headers={"X-OpenIDM-Password": SECRET})


def describe_in_worker(error):
    return type(error).__name__, str(error), error.message, error.response.status_code, error.request.url


def get_in_worker(session):
    return session.get("/x").json(), session.cache_info()


@pytest.fixture(scope="module")
def pool():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def test_out_of_a_worker(server, pool):
    """A worker's error arrives as what it is, its secrets stay where they were."""
    server.answer = always(http(404, [JSON], b'{"code":404,"message":"Object u1 not found"}', reason="Not Found"))
    with pytest.raises(NotFound) as caught:
        pool.submit(raise_in_worker, server.url).result()
    error = caught.value
    assert str(error).startswith("404 Not Found: GET /x: Object u1 not found")
    assert (error.code, error.response.status_code, error.request.method) == (404, 404, "GET")
    assert "X-OpenIDM-Password" not in error.request.headers
    assert server.received[0].header("X-OpenIDM-Password") == SECRET
    assert leaks(error) == []


def test_into_a_worker(server, pool):
    """And the other way."""
    error = refused(server, 409, {"code": 409, "message": "m"}, path="/x?token=abcdef")
    said = pool.submit(describe_in_worker, error).result()
    assert said == ("Conflict", str(error), "m", 409, f"{server.url}/x?token=***")


def test_sessions_in_a_worker(server, pool):
    """A session works in another process as it did in this one, with an empty store of its own."""
    server.answer = always(http(200, [JSON, ("ETag", '"1"')], b'{"_id":"x"}'))
    with AICSession(server.url, auth=("me", "pw")) as session:
        session.get("/x")
        document, info = pool.submit(get_in_worker, session).result()
    assert document == {"_id": "x"}
    assert (info.hits, info.misses) == (0, 1)
    assert server.received[1].header("Authorization") == server.received[0].header("Authorization")
    assert server.received[1].header("If-None-Match") is None


# Sessions and stores


@pytest.mark.parametrize("copied", COPIES[2:], ids=COPY_NAMES[2:])
def test_sessions_keep_their_settings(copied):
    """All that the constructor took, and all that requests' sessions keep."""
    session = AICSession(
        "https://tenant.example.com/am",
        auth=("me", "pw"),
        raise_for_status=frozenset({404, 409}),
        timeout=(1.5, 2.5),
        retries=urllib3.Retry(3, backoff_factor=0.25),
        store=MemoryStore(max_bytes=12_345),
    )
    session.headers["Accept-API-Version"] = "resource=1.0"
    session.cookies.set("a", "b")
    session.hooks["response"].append(raise_for_status)
    session.verify = "/ca.pem"
    session.cert = ("/c.pem", "/k.pem")
    session.max_redirects = 3
    session.trust_env = False
    again = copied(session)
    assert type(again) is AICSession
    assert again.base_url == "https://tenant.example.com/am"
    assert (again.auth, again.timeout) == (("me", "pw"), (1.5, 2.5))
    assert again.raise_for_status == {404, 409}
    assert again.get_adapter("https://tenant.example.com").max_retries.total == 3
    assert again.headers == session.headers
    assert again.cookies.get_dict() == {"a": "b"}
    assert again.hooks == {"response": [raise_for_status]}
    assert (again.verify, again.cert, again.max_redirects) == ("/ca.pem", ("/c.pem", "/k.pem"), 3)
    assert again.trust_env is False
    assert again.cache_info() == CacheInfo(0, 0, 0, 0, 0)


def test_sessions_travel_with_an_empty_store(server):
    """What a session has read and counted stays with it, and what its threads have seen of revisions."""
    server.answer = always(http(200, [JSON, ("ETag", '"1"')], b'{"_id":"x","of":"reading"}'))
    with AICSession(server.url) as session:
        session.get("/x")
        assert session.cache_info().entries == 1
        pickled = pickle.dumps(session)
        assert b"reading" not in pickled
        with pickle.loads(pickled) as again:
            assert again.cache_info() == CacheInfo(0, 0, 0, 0, 0)
            again.put("/x", json={})
            assert server.received[-1].header("If-Match") is None
            again.get("/x")
            assert again.cache_info().entries == 1
        assert session.cache_info().entries == 1


def test_sessions_without_a_store():
    """None stays None."""
    again = pickle.loads(pickle.dumps(AICSession(store=None)))
    assert again.cache_info() == CacheInfo(0, 0, 0, 0, 0)


def test_stores_travel_empty():
    """A store of the same bound, with a key of its own."""
    store = MemoryStore(max_bytes=777)
    again = pickle.loads(pickle.dumps(store))
    assert (again.max_bytes, again.size()) == (777, (0, 0))
    assert again.key != store.key


# Every carrier of a secret, by every way out


def with_stored_cookie(session):
    session.cookies.set("iPlanetDirectoryPro", SECRET)
    return {}


def with_session_header(session):
    session.headers["6ac6499e9da2071"] = SECRET
    return {}


def with_session_auth(session):
    session.auth = ("me", SECRET)
    return {}


def with_session_params(session):
    session.params = {"_prettyPrint": "true", "access_token": SECRET}
    return {}


CARRIERS = {
    "bearer": lambda session: {"headers": {"Authorization": f"Bearer {SECRET}"}},
    "bearer as bytes": lambda session: {"headers": {b"Authorization": f"Bearer {SECRET}".encode()}},
    "no scheme": lambda session: {"headers": {"Authorization": SECRET}},
    "basic": lambda session: {"auth": ("me", SECRET)},
    "basic object": lambda session: {"auth": HTTPBasicAuth("me", SECRET)},
    "basic of the session": with_session_auth,
    "digest": lambda session: {"auth": HTTPDigestAuth("me", SECRET)},
    "proxy": lambda session: {"headers": {"Proxy-Authorization": f"Basic {BASIC}"}},
    "cookies": lambda session: {"cookies": {"iPlanetDirectoryPro": SECRET}},
    "cookie header": lambda session: {"headers": {"Cookie": f"a=1; session-jwt={SECRET}"}},
    "stored cookie": with_stored_cookie,
    "api key": lambda session: {"headers": {"x-api-key": SECRET}},
    "api secret": lambda session: {"headers": {"x-api-secret": SECRET}},
    "IDM password": lambda session: {"headers": {"X-OpenIDM-Username": "me", "X-OpenIDM-Password": SECRET}},
    "IDM password again": lambda session: {"headers": {"X-OpenIDM-Reauth-Password": SECRET}},
    "AM password": lambda session: {"headers": {"X-OpenAM-Password": SECRET}},
    "AM session": lambda session: {"headers": {"iPlanetDirectoryPro": SECRET}},
    "AM session, other name": with_session_header,
    "query token": lambda session: {"params": {"tokenId": SECRET, "_action": "logout"}},
    "query token in the path": lambda session: {"path": f"/x?access_token={SECRET}"},
    "query token of the session": with_session_params,
    "query code": lambda session: {"params": {"code": SECRET}},
    "query password": lambda session: {"params": {"password": SECRET}},
    "fragment": lambda session: {"path": f"/x#access_token={SECRET}"},
    "certificate": lambda session: {"cert": (f"{SECRET}.pem", f"{SECRET}.key")},
    "JSON password": lambda session: {"method": "POST", "json": {"userName": "bob", "password": SECRET}},
    "JSON PATCH": lambda session: {
        "method": "PATCH",
        "json": [{"operation": "replace", "field": "/password", "value": SECRET}],
    },
    "form secret": lambda session: {"method": "POST", "data": {"client_id": "x", "client_secret": SECRET}},
    "form assertion": lambda session: {"method": "POST", "data": f"grant_type=x&assertion={SECRET}"},
    "form password": lambda session: {"method": "POST", "data": {"username": "me", "password": SECRET}},
    "upload": lambda session: {"method": "POST", "files": {"password": ("a", SECRET)}},
}

#: Carriers that tell the server nothing that it could repeat. Of an upload it is not known what is secret in it.
NEVER_ECHOED = {"certificate", "digest", "fragment", "upload"}


def echo(status, basic=SECRET):
    """A refusal that repeats the secret wherever an answer has a place for it."""
    body = {
        "code": status,
        "reason": f"reason {SECRET}",
        "message": f"message {SECRET} {basic} {SECRET}",
        "detail": {"failureReasons": [{"given": SECRET}, basic], SECRET: SECRET},
        "cause": {"message": f"cause {SECRET}"},
    }
    fields = [
        JSON,
        ("X-Echo", SECRET),
        ("X-Echo", f"Bearer {SECRET}, Basic {basic}"),
        ("Warning", f'199 - "{SECRET}"'),
        ("X-ForgeRock-TransactionId", f"t-{SECRET}"),
        ("Content-Location", f"/x/{SECRET}?token={SECRET}#{SECRET}"),
        ("Set-Cookie", f"again={SECRET}; Path=/"),
    ]
    return http(status, fields, json.dumps(body).encode(), reason=f"Phrase {SECRET}")


def quiet(status, headers=()):
    """A refusal that repeats nothing."""
    return http(status, [JSON, *headers], b'{"code":%d,"message":"no"}' % status, reason="Phrase")


def echo_of_basic(status):
    """The same, and what stood for both in Basic."""
    return echo(status, BASIC)


def challenged(answer):
    """The answer, after a digest challenge."""

    def challenge(received, wire):
        if received.header("Authorization"):
            write(wire, answer)
        else:
            fields = [("WWW-Authenticate", 'Digest realm="r", nonce="n0nce", qop="auth", algorithm=SHA-256')]
            write(wire, http(401, fields, b""))

    return challenge


def texts(value, seen=None):
    """Every text in an object and in what it holds, as deep as it goes."""
    seen = set() if seen is None else seen
    if isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, str):
        yield value
    elif id(value) not in seen:
        seen.add(id(value))
        inner = []
        if isinstance(value, dict):
            inner = [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple | set | frozenset):
            inner = list(value)
        elif hasattr(value, "__dict__"):
            inner = [vars(value), *value.args] if isinstance(value, BaseException) else [vars(value)]
        for one in inner:
            yield from texts(one, seen)


def attributes(error):
    """What the error says about the answer, apart from request and response, which are the caller's own."""
    return [getattr(error, name) for name in EVIDENCE] + [getattr(error, "sent", None)]


WAYS_OUT = {
    "str": str,
    "repr": repr,
    "args": lambda error: error.args,
    "attributes": attributes,
    "traceback": lambda error: traceback.format_exception(error),
    **{f"pickle{n}": lambda error, n=n: pickle.dumps(error, n) for n in range(pickle.HIGHEST_PROTOCOL + 1)},
    "unpickled": lambda error: pickle.loads(pickle.dumps(error)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "copy of a copy": lambda error: copy.deepcopy(pickle.loads(pickle.dumps(copy.copy(error)))),
}


def leaks(error):
    """The ways by which the secret gets out."""
    return [way for way, out in WAYS_OUT.items() if any(SECRET in text or BASIC in text for text in texts(out(error)))]


def plain_with_hook():
    session = requests.Session()
    session.hooks["response"].append(raise_for_status)
    return session


def fail_with(server, carrier, answer, *, make=AICSession, **options):
    """The error of a request that carries the secret."""
    server.answer = challenged(answer) if carrier == "digest" else always(answer)
    with make() as session:
        options = {"path": "/x", **CARRIERS[carrier](session), **options}
        options["path"] = server.url + options["path"]
        return caught_from(session, **options)


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("stream", [False, True], ids=["read", "streamed"])
def test_no_carrier_leaks(server, caplog, tmp_path, monkeypatch, carrier, stream):
    """Whatever carries the secret to the server, no way leads out of the error and its copies; nor do we log it."""
    monkeypatch.chdir(tmp_path)
    for suffix in ("pem", "key"):
        (tmp_path / f"{SECRET}.{suffix}").touch()
    with caplog.at_level(logging.DEBUG):
        for status in (400, 401, 412, 500):
            error = fail_with(server, carrier, quiet(status), stream=stream)
            assert error.status_code == status
            assert leaks(error) == []
    ours = [record for record in caplog.records if record.name.startswith("aic_requests")]
    assert not [record for record in ours if SECRET in record.getMessage()]


@pytest.mark.parametrize("carrier", [name for name in CARRIERS if name not in NEVER_ECHOED])
def test_no_echo_leaks(server, carrier):
    """Nor where the server repeats it in its words, its detail, its headers, its phrase."""
    make_answer = echo_of_basic if carrier.startswith(("basic", "proxy")) else echo
    for status in (400, 412):
        error = fail_with(server, carrier, make_answer(status))
        assert error.status_code == status
        assert leaks(error) == []


@pytest.mark.parametrize("carrier", ["bearer", "basic", "cookies", "query token", "IDM password"])
def test_no_leak_from_a_plain_session(server, carrier):
    """The same for the hook of a plain session."""
    assert leaks(fail_with(server, carrier, echo(400), make=plain_with_hook)) == []


def test_no_leak_of_user_info(server):
    """A URL with user and password, as requests takes it."""
    server.answer = always(echo(400))
    with plain_with_hook() as session:
        url = server.url.replace("http://", f"http://me:{SECRET}@")
        assert leaks(caught_from(session, path=f"{url}/x")) == []


def test_no_leak_of_what_the_server_gave(server):
    """A cookie that comes with the refusal is a credential of the next request."""
    server.answer = always(quiet(401, [("Set-Cookie", f"session={SECRET}; Path=/"), ("set-cookie2", SECRET)]))
    with AICSession(server.url) as session:
        assert leaks(caught_from(session)) == []


def test_no_leak_through_redirects(server):
    """Nor do the hops before the refusal tell: their cookies, their locations, their requests."""

    def answer(received, wire):
        if received.target == "/old":
            fields = [("Location", f"/new?code={SECRET}#{SECRET}"), ("Set-Cookie", f"session={SECRET}; Path=/")]
            write(wire, http(302, fields, b""))
        else:
            write(wire, echo(403))

    server.answer = answer
    with AICSession(server.url) as session:
        error = caught_from(session, path="/old", headers={"Authorization": f"Bearer {SECRET}"})
    assert len(error.response.history) == 1
    assert leaks(error) == []


def test_no_leak_of_a_304(server):
    """Nor a 304 that the caller asked for as an exception."""
    server.answer = always(head(304, [("Set-Cookie", f"session={SECRET}"), ("X-Echo", SECRET)]))
    with AICSession(server.url, raise_for_status={304}) as session:
        error = caught_from(session, headers={"If-None-Match": '"1"', "Authorization": f"Bearer {SECRET}"})
    assert leaks(error) == []


def test_no_leak_of_documents():
    """Nor the two documents of a lost write."""
    document = {"userName": "bob", "password": SECRET, "devices": [{"clientSecret": SECRET}]}
    error = AmbiguousWrite("lost", sent=document, found=document)
    assert [way for way in leaks(error) if way != "attributes"] == []


def test_the_original_keeps_what_the_caller_sent(server):
    """The error in hand has request and response as they were: the caller's own, to look at and to send again."""
    error = fail_with(server, "IDM password", echo(400))
    pickle.dumps(error)
    copy.copy(error)
    assert error.request.headers["X-OpenIDM-Password"] == SECRET
    assert error.response.headers["Warning"] == f'199 - "{SECRET}"'
    assert SECRET in error.response.text
