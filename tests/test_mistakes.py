"""The likeliest mistakes: each says what was wrong and what to do, and shows no secret."""

import json
import traceback

import pytest
import requests

from aic_requests import (
    AICSession,
    BadRequest,
    LogAPIKeyAuth,
    MemoryStore,
    RedisStore,
    ServiceAccountAuth,
    SQLiteStore,
    maybe_applied,
    query_filter,
)
from aic_requests.testing import Fault, ServiceAccount, Tenant

from .keys import ACCOUNT, private_jwk

USERS = "/openidm/managed/alpha_user"
BOB = f"{USERS}/42"
SECRET = "s3cr3t"


@pytest.fixture
def tenant():
    with Tenant(documents={USERS: [{"_id": "42", "userName": "bob"}]}) as tenant:
        yield tenant


def bearer(token):
    """An auth of a caller's own, who has read the token from a file."""

    def auth(request):
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return auth


def later(name, value, session=None):
    """Set it on a session that is there already, and use it."""
    session = session or AICSession("https://tenant.example.com")
    setattr(session, name, value)
    session.get(BOB)


#: What was done, and what is said.
OFFLINE = {
    "no scheme": (
        lambda: AICSession("tenant.example.com"),
        "base_url does not start with https:// (or http://); it is a prefix such as",
    ),
    "a password in the URL": (lambda: AICSession(f"https://me:{SECRET}@a.example.com"), "pass auth= instead"),
    "a query in the URL": (lambda: AICSession("https://a.example.com?x=1"), "pass params= instead"),
    "a URL as bytes": (lambda: AICSession(b"https://tenant.example.com"), "a text such as"),
    "a file for a store": (lambda: AICSession(store="cache.db"), 'SQLiteStore("cache.db")'),
    "a class for a store": (lambda: AICSession(store=MemoryStore), "got the class MemoryStore, not an object of it"),
    "a dict for a store": (lambda: AICSession(store={}), "one of your own or None, got dict"),
    "a token for an auth": (lambda: AICSession(auth=SECRET), 'session.headers["Authorization"] = f"Bearer {token}"'),
    "a list for an auth": (lambda: AICSession(auth=["user", SECRET]), '("user", "password")'),
    "a class for an auth": (lambda: AICSession(auth=LogAPIKeyAuth), "got the class LogAPIKeyAuth, not an object of it"),
    "a token for an auth, later": (lambda: later("auth", SECRET), "auth is ServiceAccountAuth(...)"),
    "a token for an auth, once": (lambda: AICSession().get("https://a.example.com", auth=SECRET), "auth is"),
    "a time-out as text": (lambda: AICSession(timeout="5"), "timeout is seconds, a pair of them"),
    "three time-outs": (lambda: AICSession(timeout=(1, 2, 3)), "timeout is seconds, a pair of them"),
    "no time at all": (lambda: AICSession(timeout=0), "or None, got 0"),
    "a time-out as text, once": (lambda: AICSession().get("https://a.example.com", timeout="5"), "int, float or None"),
    "a path without a base": (
        lambda: AICSession().get(f"{BOB}?secret={SECRET}"),
        f"'{BOB}' is no absolute URL, and the session has no base_url for it",
    ),
    "a password with a euro": (
        lambda: AICSession("https://127.0.0.1:9", auth=("me", f"{SECRET}\u20ac")).get(BOB),
        'pass it as bytes, ("user".encode(), "password".encode())',
    ),
    "a number for a revision": (
        lambda: AICSession("https://a.example.com").put(BOB, json={}, headers={"If-Match": 7}),
        "the header 'if-match' is no text",
    ),
    "a status for many": (lambda: AICSession(raise_for_status=404), "a container of statuses"),
    "statuses as text": (lambda: AICSession(raise_for_status=["404"]), "a container of statuses such as {404}, got"),
    "a file that is memory": (lambda: SQLiteStore(":memory:"), "MemoryStore() keeps things in memory"),
    "a URL for a file": (lambda: SQLiteStore("sqlite:///cache.db"), "path is the name of a file"),
    "no file": (lambda: SQLiteStore(None), "path is the name of a file, such as 'cache.db', not NoneType"),
    "bytes as text": (lambda: MemoryStore(max_bytes="64"), "max_bytes is a number of bytes, not str"),
    "less than no bytes": (lambda: MemoryStore(max_bytes=-1), "0 or more, got -1"),
    "a Redis without a scheme": (lambda: RedisStore("localhost:6379"), "such as 'redis://localhost:6379/0'"),
    "retries as text": (lambda: AICSession(retries="3"), "a urllib3.Retry, a number or None"),
    "a key that is not there": (lambda: ServiceAccountAuth("id", "no.jwk"), "No such file"),
    "a key before its id": (lambda: ServiceAccountAuth("key.jwk", ACCOUNT), "jwk (the second argument) is neither"),
    "a key in the place of its id": (
        lambda: ServiceAccountAuth(private_jwk(), ACCOUNT),
        "service_account_id is a text, not dict",
    ),
    "a list of scopes": (
        lambda: ServiceAccountAuth("id", private_jwk(), scope=["fr:am:*"]),
        "scope is a text, not list",
    ),
    "a public key": (lambda: ServiceAccountAuth("id", {"kty": "RSA", "n": "x", "e": "AQAB"}), "the private one"),
    "a key of another kind": (lambda: ServiceAccountAuth("id", {"kty": "EC", "d": SECRET}), "RSA"),
    "a path for the token endpoint": (
        lambda: ServiceAccountAuth("id", private_jwk(), token_url="/am/oauth2/access_token"),
        "an absolute URL such as",
    ),
    "a service account on a plain session": (
        lambda: requests.get("https://a.example.com", auth=ServiceAccountAuth("id", private_jwk()), timeout=1),
        "needs token_url here",
    ),
    "an empty log key": (lambda: LogAPIKeyAuth("", SECRET), "key is empty"),
    "a filter with a null": (lambda: query_filter("mail eq {}", None), "ask for !(field pr)"),
    "a placeholder in quotes": (lambda: query_filter('mail eq "{}"', "x"), "leave them out"),
    "a value too few": (lambda: query_filter("a eq {} and b eq {}", 1), "2 placeholders, and there are 1 values"),
    "a filter that is a list": (lambda: query_filter("a eq {}", [1]), "not list"),
    "a filter before its path": (
        lambda: AICSession().query("true", USERS),
        f"stands behind the path, got '{USERS}'",
    ),
    "a dict for a filter": (lambda: AICSession().query(USERS, {"userName": "bob"}), "a query filter is text, not dict"),
    "rows as text": (lambda: AICSession().query(USERS, page_size="10"), "page_size is a number of rows, not str"),
    "a change before its path": (lambda: AICSession().update(dict, BOB), "the path of a resource is text, not type"),
    "a flag for a document": (lambda: AICSession().update(BOB, dict, missing=True), "missing is a document to start"),
    "a deadline as text": (lambda: AICSession().update(BOB, dict, deadline="60"), "deadline is a number of seconds"),
    "no writes": (
        lambda: AICSession().update(BOB, dict, attempts=0),
        "attempts is a number of writes, 1 or more, got 0",
    ),
    "a status for an error": (lambda: maybe_applied("412"), "the exception that a write has raised, not str"),
    "a list of documents": (lambda: Tenant(documents=[{"_id": "42"}]), "lists by the path of their collection"),
    "an id for an account": (lambda: Tenant(service_accounts=[ACCOUNT]), "a list of ServiceAccount(id, jwk)"),
    "a status as text": (lambda: Fault("GET", status="502"), "from 200 to 599, not '502'"),
    "a delay as text": (lambda: Fault("GET", delay="1"), "delay is in seconds, not '1'"),
    "a dict for a change": (lambda: AICSession().update(BOB, {"mail": "x"}), "a function of the document"),
    "an update of a query": (lambda: AICSession().update(f"{USERS}?_queryFilter=true", dict), "one resource"),
    "an update of some fields": (
        lambda: AICSession().update(BOB, dict, params={"_fields": "mail"}),
        "would write back a part of the resource and erase the rest",
    ),
    "an update with a precondition": (
        lambda: AICSession().update(BOB, dict, headers={"If-Match": "*"}),
        "guards its writes itself",
    ),
    "no rows a page": (lambda: AICSession().query(USERS, page_size=0), "1 or more, got 0"),
    "a field for many": (lambda: AICSession().query(USERS, fields="mail"), "a list of names, such as"),
}

ONLINE = {
    "another tenant's URL": (
        lambda session: session.get("https://other.example.com/x"),
        "is another origin than the session's",
        "Use another session",
    ),
    "a token with a line break": (
        lambda session: session.get(BOB, headers={"authorization": f"Bearer {SECRET}\n"}),
        "the header 'authorization' is no text that can be sent",
    ),
    "a token with a line break, of the session": (
        lambda session: later("headers", {"X-Number": "1", "authorization": f"Bearer {SECRET}\n"}, session),
        "the header 'authorization' is",
    ),
    "an auth that brings a line break": (
        lambda session: session.get(BOB, auth=bearer(f"{SECRET}\n")),
        "the header 'Authorization' is no text that can be sent",
    ),
    "an auth that brings a euro": (
        lambda session: session.get(BOB, auth=bearer(f"{SECRET}\u20ac")),
        "the header 'Authorization' is no text that can be sent",
    ),
    "a path twice": (lambda session: session.get(f"/openidm{BOB}"), "404 Not Found: GET /openidm/openidm/managed"),
    "a query of an instance": (lambda session: list(session.query(BOB)), "cannot be queried"),
    "a read of a collection": (lambda session: session.get(USERS), "read of a collection"),
    "a form for a document": (lambda session: session.put(BOB, data={"a": 1}), "Content-Type is not application/json"),
    "a precondition on an action": (
        lambda session: session.post(BOB, params={"_action": "x"}, headers={"If-Match": "*"}),
        "leave the header out",
    ),
    "a create of what is there": (
        lambda session: session.put(BOB, json={}, headers={"If-None-Match": "*"}),
        "it exists already: read and update it",
    ),
    "a change of _id": (lambda session: session.update(BOB, lambda user: user | {"_id": "43"}), "leave _id as it is"),
    "a change that returns a list": (lambda session: session.update(BOB, lambda user: [user]), "returns a dict"),
    "a revision that is none": (lambda session: session.put(BOB, json={"_rev": 'a"b'}), "read the resource again"),
}


@pytest.mark.parametrize(("make", "said"), OFFLINE.values(), ids=list(OFFLINE))
def test_without_a_server(make, said):
    """Before anything is sent."""
    with pytest.raises((ValueError, TypeError)) as caught:
        make()
    assert said in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value, limit=0))


@pytest.mark.parametrize(("make", "said"), [(one, said) for one, *said in ONLINE.values()], ids=list(ONLINE))
def test_with_a_server(tenant, make, said):
    """In the server's words, and with what to do where they do not say."""
    with pytest.raises((requests.RequestException, ValueError, TypeError)) as caught:
        make(AICSession(tenant.url))
    for words in said:
        assert words in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value, limit=0))


def test_a_login_page_for_an_answer(tenant):
    """HTML in a 200 is no document, and says so where a document is needed."""
    page = b"<html><title>Sign in</title></html>"
    tenant.faults.append(Fault("GET", status=200, headers=(("Content-Type", "text/html"),), body=page, times=9))
    session = AICSession(tenant.url)
    with pytest.raises(requests.RequestException, match="200 without a JSON object"):
        session.update(BOB, dict)
    with pytest.raises(requests.RequestException, match=r"Sign in.*the answer is no JSON"):
        list(session.query(USERS))


@pytest.mark.parametrize("error", [ValueError("no number"), requests.exceptions.MissingSchema("of the hook")])
def test_what_a_hook_raises(tenant, error):
    """Is the caller's own, and comes as it is."""

    def hook(response, **_):
        raise error

    with pytest.raises(type(error)) as caught:
        AICSession(tenant.url).get(BOB, hooks={"response": hook})
    assert caught.value is error


@pytest.mark.parametrize("query", ["userName eq bob smith", 'userName eq "o"hara"', "userName eq {}"])
def test_a_value_that_nobody_quoted(tenant, query):
    """The server says that the filter is none; a note says who quotes values."""
    with pytest.raises(BadRequest) as caught:
        list(AICSession(tenant.url).query(USERS, query))
    assert any("query_filter()" in note for note in caught.value.__notes__)


@pytest.mark.parametrize(("seconds", "said"), [(400, "ahead of"), (-400, "behind")])
def test_a_clock_that_is_wrong(monkeypatch, seconds, said):
    """The server's refusal does not name the clock; the exception does."""
    key = private_jwk()
    with Tenant(service_accounts=[ServiceAccount(ACCOUNT, key)]) as tenant:
        auth = ServiceAccountAuth(ACCOUNT, json.dumps(key))
        now = auth._clock.time
        monkeypatch.setattr(auth._clock, "time", lambda: now() + seconds)
        refused = b'{"error":"invalid_grant","error_description":"JWT is not valid"}'
        tenant.faults.append(Fault("POST", "/am/oauth2/access_token", status=400, body=refused, times=9))
        with pytest.raises(requests.RequestException, match=f"{said} the server's"):
            AICSession(tenant.url, auth=auth).get(BOB)
