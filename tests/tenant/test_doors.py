"""The socket and the adapter lead to the same rules."""

import gc
import io
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest
import requests

from aic_requests.testing import AIC, CREST, OPENAM, OPENIDM, OPENIDM_ORIENTDB, Tenant, sample

PLACES = {
    "aic": (
        "/openidm/managed/alpha_user",
        "/openidm/managed/alpha_role",
        "/openidm/config",
        "/openidm/system/ldap/account",
        "/openidm/info/login",
        "/am/json/realms/root/realms/alpha/realm-config/agents/OAuth2Client",
        "/environment/variables",
        "/environment/secrets",
        "/environment/secrets/a/versions",
        "/iga/governance/glossary",
        "/openidm/managed/alpha_user/a/roles",
        "/monitoring/logs",
        "/nowhere",
    ),
    "crest": ("/users", "/groups", "/users", ""),
    "openidm": ("/openidm/managed/user", "/openidm/managed/role", "/openidm/config", "/openidm/info/login"),
    "sample": ("/openidm/managed/user", "/openidm/managed/role", "/openidm/managed/user/a/reports", "/openidm/config"),
    "openam": (
        "/am/json/realms/root/users",
        "/am/json/realms/root/realm-config/agents/OAuth2Client",
        "/am/json/realms/root/realm-config/services/x",
        "/am/json/realms/root/scripts",
        "/am/json/global-config/sites",
    ),
}
_SAMPLE = sample(OPENIDM_ORIENTDB)
_USER, *_OTHERS = _SAMPLE.behaviours
PROFILES = {
    "aic": AIC,
    "crest": CREST,
    "openidm": OPENIDM,
    "sample": replace(_SAMPLE, behaviours=(replace(_USER, required=(), policies=()), *_OTHERS)),
    "openam": OPENAM,
}
IDS = ("", "", "a", "a", "b", "b", "c", "d%2Fe", "f%20%C3%A9", "g%0D%0AX-Bad:%201", "%F0%9F%98%80", "a/b", "a%00")
METHODS = ("GET",) * 8 + ("PUT",) * 8 + ("POST",) * 4 + ("PATCH",) * 5 + ("DELETE",) * 2
ODD_METHODS = ("HEAD", "TRACE", "OPTIONS", "BREW", "get")
CONDITIONS = ("*", '"*"', "0", '"0"', '"1"', 'W/"1"', '"1", "2"', '""', "", '"abc"', '"1--gzip"', '"a\u00e9"')
FILTERS = (
    "true",
    "false",
    'userName eq "bob"',
    'userName sw "b" and age gt 3',
    '!(tags eq "x") or age pr',
    'userName eq "x\\" or true"',
    "age eq",
    "((",
    "age lt NaN",
    'userName eq "\u00e9"',
)
PARAMETERS = (
    ("_fields", "userName,deep/er"),
    ("_fields", "/tags/0,,nothing"),
    ("_prettyPrint", "true"),
    ("_queryId", "query-all"),
    ("_pageSize", "2"),
    ("_pageSize", "101"),
    ("_pageSize", "-1"),
    ("_pageSize", "\u00b2"),
    ("_pagedResultsCookie", "1"),
    ("_pagedResultsCookie", "-1"),
    ("_pagedResultsOffset", "1"),
    ("_sortKeys", "-age,userName"),
    ("_sortKeys", ""),
    ("_totalPagedResultsPolicy", "exact"),
    ("_totalPagedResultsPolicy", "SOME"),
    ("_mimeType", "text/plain"),
    ("_mimeType", "image/png\r\nX-Bad: 1"),
    ("_action", "create"),
    ("_action", "nope"),
    ("_action", "clear"),
    ("_action", "patch"),
    ("_fields", "*,*_ref,reports/sn,manager"),
    ("_crestapi", ""),
    ("_unheardOf", "1"),
    ("ordinary", "1"),
)
REFERENCE = {"_ref": "managed/user/b"}
VALUES = (
    REFERENCE,
    [REFERENCE],
    None,
    True,
    0,
    -3,
    1.5,
    "",
    "bob",
    "B\u00e9",
    "\ud800",
    [],
    ["x", "y"],
    {"er": 1},
    {"er": {"est": "z"}},
)
FIELDS = (
    "userName",
    "age",
    "tags",
    "deep/er",
    "/tags/0",
    "/tags/-",
    "tags/\u00b2",
    "_rev",
    "_id",
    "",
    "a/b/c/d",
    "manager",
    "/reports/-",
    "reports",
)
HEADERS = (
    ("Accept-API-Version", "protocol=2.1,resource=1.0"),
    ("Accept-API-Version", "protocol=2.0"),
    ("Accept-API-Version", "protocol=1.0"),
    ("Accept-API-Version", "protocol=1.2"),
    ("Accept-API-Version", "protocol=\u00b2"),
    ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("X-HTTP-Method-Override", "GET"),
    ("X-HTTP-Method-Override", "delete"),
    ("X-HTTP-Method-Override", "HEAD"),
    ("Content-Type", "text/plain"),
    ("Content-Type", "application/json-patch+json"),
    ("X-ForgeRock-TransactionId", "mine"),
    ("X-OpenIDM-NoSession", "true"),
    ("Accept-Encoding", "identity"),
)


@pytest.mark.parametrize("kind", PROFILES)
def test_both_doors_give_the_same_answers(kind):
    """Of two tenants with the same seed, whatever is asked: status, headers, body, and the reason in the journal."""
    random = Random(f"doors of {kind}")
    profile, places = PROFILES[kind], PLACES[kind]
    with Tenant(profile, seed=7) as listening, requests.Session() as over_socket, requests.Session() as direct:
        other = Tenant(profile, seed=7)
        for tenant in (listening, other):
            tenant.clock.set(datetime(2026, 11, 24, 12, tzinfo=UTC))
        over_socket.trust_env = direct.trust_env = False
        direct.mount(listening.url, other.adapter())
        statuses = set()
        seen = {}
        for number in range(1_200):
            asked = generated(random, places, seen)
            first, second = answered(over_socket, listening.url, asked), answered(direct, listening.url, asked)
            assert first == second, (number, asked)
            statuses.add(first[0])
            seen.setdefault(asked[1], []).extend(value for name, value in first[1] if name == "ETag")
        assert [one.rule for one in listening.requests] == [one.rule for one in other.requests]
    assert {200, 201, 304, 400, 404, 409, 412, 501} <= statuses


def test_the_doors_see_bodies_of_every_kind_alike():
    """Text, bytes, a file and a generator's pieces (chunked) arrive as the same bytes."""
    bodies = ('{"a":"\u00e9"}', b'{"a":1}', io.BytesIO(b'{"a":2}'), [b'{"a"', b":3}"])
    with Tenant(CREST) as tenant, requests.Session() as session:
        session.mount("https://", tenant.adapter())
        for url in (tenant.url, "https://tenant.example.com"):
            for body in bodies:
                data = iter(body) if isinstance(body, list) else body
                if isinstance(body, io.BytesIO):
                    body.seek(0)
                response = session.post(f"{url}/users", data=data, headers={"Content-Type": "application/json"})
                assert response.status_code == 201
        kept = [one.body for one in tenant.requests]
    assert kept[:4] == kept[4:] == ['{"a":"\u00e9"}'.encode(), b'{"a":1}', b'{"a":2}', b'{"a":3}']


def test_cookies_come_through_both_doors():
    """What a real server sets, a session keeps, whichever door it used."""
    with Tenant(OPENIDM) as tenant:
        for url in (tenant.url, "https://tenant.example.com"):
            with requests.Session() as session:
                session.mount("https://", tenant.adapter())
                session.get(f"{url}/openidm/info/login")
                assert "session-jwt" in session.cookies


def generated(random, places, seen):
    """A request: mostly sensible, sometimes not."""
    method = random.choice(METHODS) if random.random() < 0.97 else random.choice(ODD_METHODS)
    resource = random.choice(IDS)
    if method in ("PUT", "PATCH", "DELETE") and random.random() < 0.8:
        resource = random.choice(("a", "b", "c"))
    if method == "POST" and random.random() < 0.8:
        resource = ""
    path = random.choice(places) + ("/" + resource if resource else "")
    headers = {}
    if random.random() < 0.4:
        former = seen.get(path, [])[-2:]
        value = random.choice(former) if former and random.random() < 0.7 else random.choice(CONDITIONS)
        name = "If-None-Match" if method == "GET" else random.choice(("If-Match", "If-Match", "If-None-Match"))
        headers[name] = value.encode("latin-1", "replace")
    if random.random() < 0.25:
        name, value = random.choice(HEADERS)
        headers[name] = value.encode("latin-1", "replace")
    parameters = []
    if method == "GET" and random.random() < 0.5:
        parameters.append(("_queryFilter", random.choice(FILTERS)))
    while random.random() < 0.3:
        parameters.append(random.choice(PARAMETERS))
    body = None
    if method in ("PUT", "POST", "PATCH") or random.random() < 0.02:
        body = document(random) if method != "PATCH" else operations(random)
        if random.random() < 0.05:
            body = random.choice((b"", b"null", b"[]", b"{", b"{} {}", b'{"a":NaN}', b"[" * 500 + b"]" * 500, b"\xff"))
        headers.setdefault("Content-Type", b"application/json")
    return method, path, parameters, headers, body


def document(random):
    names = ("userName", "age", "tags", "deep", "_id", "_rev")
    content = {name: random.choice(VALUES) for name in random.sample(names, random.randrange(5))}
    if random.random() < 0.8:
        content["userName"] = random.choice(("bob", "ann", "jo\u00e9", str(random.randrange(50))))
    return json.dumps(content).encode()


def operations(random):
    kinds = ("add", "replace", "remove", "increment", "copy", "move", "transform", "test")
    result = []
    for _ in range(random.randrange(4)):
        kind = random.choice(kinds)
        one = {"operation": kind, "field": random.choice(FIELDS)}
        if kind in ("copy", "move"):
            one["from"] = random.choice(FIELDS)
        elif random.random() < 0.9:
            one["value"] = random.choice(VALUES)
        result.append(one)
    return json.dumps(result).encode()


def answered(session, url, asked):
    """Status, headers and body as they came, without what only a server on a wire says."""
    method, path, parameters, headers, body = asked
    request = requests.Request(method, url + path, params=parameters, data=body, headers=headers)
    prepared = session.prepare_request(request)
    prepared.method = method
    response = session.send(prepared, allow_redirects=False, timeout=5)
    session.cookies.clear()
    shown = [(name, value) for name, value in response.raw.headers.items() if name != "Connection"]
    return response.status_code, shown, response.content


def test_an_answer_that_nobody_reads(monkeypatch):
    """Over the adapter, where no socket is left open, it is collected without a word, in whatever order."""
    complaints = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    users = [{"_id": str(number), "userName": "x" * 1000} for number in range(100)]
    with Tenant(documents={"/openidm/managed/alpha_user": users}) as tenant, requests.Session() as session:
        session.mount("https://tenant.example.com", tenant.adapter())
        url = "https://tenant.example.com"
        for _ in range(5):
            response = session.get(f"{url}/openidm/managed/alpha_user?_queryFilter=true", stream=True)
            response.raw._original_response.cycle = response.cycle = response
            del response
            gc.collect()
    assert complaints == []
