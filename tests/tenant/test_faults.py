"""What goes wrong, as data: each field of a fault, over the socket and over the adapter."""

import http.client
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import requests

from aic_requests.testing import CREST, Fault, ServiceAccount, Tenant

from ..keys import ACCOUNT, private_jwk
from .test_tokens import ask

PLACE = "/users/u"
FIRST = {"_id": "u", "n": 1}


@pytest.fixture
def tenant():
    with Tenant(CREST, documents={"/users": [FIRST]}) as one:
        yield one


@pytest.fixture(params=["socket", "adapter"])
def door(request, tenant):
    """A function that asks the tenant through one of its doors."""
    with requests.Session() as session:
        session.trust_env = False
        if request.param == "adapter":
            session.mount(tenant.url, tenant.adapter())

        def ask(method, path=PLACE, **options):
            return session.request(method, tenant.url + path, **{"timeout": 5, **options})

        yield ask


def counted(tenant):
    return tenant.collection("/users").read("u")["n"]


@pytest.mark.parametrize("connection", ["drop", "reset"])
@pytest.mark.parametrize(("commit", "left"), [(False, 1), (True, 2)])
def test_the_connection_ends_without_an_answer(tenant, door, connection, commit, left):
    """``drop`` and ``reset``: the client cannot tell whether the request was carried out; ``commit`` decides."""
    tenant.faults.append(Fault(method="PUT", connection=connection, commit=commit))
    with pytest.raises(requests.ConnectionError):
        door("PUT", json={"n": 2})
    assert counted(tenant) == left
    assert door("PUT", json={"n": 3}).status_code == 200
    assert tenant.requests[0].status == 0
    assert tenant.requests[0].rule.startswith(f"fault: {connection}")


def test_a_reset_is_one_on_the_wire(tenant):
    """``reset`` sends RST where ``drop`` sends FIN."""
    tenant.faults += [Fault(connection="reset"), Fault(connection="drop")]
    for error in (ConnectionResetError, http.client.RemoteDisconnected):
        connection = http.client.HTTPConnection(tenant.url.removeprefix("http://"), timeout=5)
        connection.request("GET", PLACE)
        with pytest.raises(ConnectionResetError) as broken:
            connection.getresponse()
        assert type(broken.value) is error
        connection.close()


@pytest.mark.parametrize(("commit", "left"), [(False, 1), (True, 2)])
def test_an_answer_is_cut_in_its_body(tenant, door, commit, left):
    """``truncate``: the status arrives, and of the body a part."""
    tenant.faults.append(Fault(connection="truncate", commit=commit))
    response = door("PUT", json={"n": 2}, stream=True)
    assert response.status_code == 200
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        response.content  # noqa: B018
    assert counted(tenant) == left


@pytest.mark.parametrize(("commit", "left"), [(False, 1), (True, 2)])
def test_an_answer_is_cut_in_its_headers(tenant, commit, left):
    """``headers``: the connection ends inside a header line, before any body."""
    tenant.faults.append(Fault(connection="headers", commit=commit))
    connection = http.client.HTTPConnection(tenant.url.removeprefix("http://"), timeout=5)
    connection.request("PUT", PLACE, b'{"n":2}', {"Content-Type": "application/json"})
    raw = b""
    while piece := connection.sock.recv(65536):
        raw += piece
    connection.close()
    assert raw.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in raw
    assert not raw.endswith(b"\r\n")
    assert counted(tenant) == left


def test_cut_headers_are_what_the_client_makes_of_them(tenant, door):
    """http.client takes the end of a connection for the end of the headers; over the adapter, too."""
    tenant.faults.append(Fault(connection="headers"))
    response = door("GET")
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(("commit", "left"), [(False, 1), (True, 2)])
def test_another_status_is_answered(tenant, door, commit, left):
    """``status`` with ``headers`` and ``body`` takes the place of the answer; the request is carried out on demand."""
    fault = Fault(status=503, headers=(("Retry-After", "2"), ("X-A", "1"), ("X-A", "2")), body=b"busy", commit=commit)
    tenant.faults.append(fault)
    response = door("PUT", json={"n": 2})
    assert (response.status_code, response.reason) == (503, "Service Unavailable")
    assert (response.headers["Retry-After"], response.headers["X-A"]) == ("2", "1, 2")
    assert response.content == b"busy"
    assert counted(tenant) == left


@pytest.mark.parametrize("status", [204, 299, 429, 502, 504, 512, 599])
def test_any_status_can_be_had(tenant, door, status):
    """Those without a phrase too, and the connection goes on."""
    tenant.faults.append(Fault(status=status))
    assert door("GET").status_code == status
    assert door("GET").status_code == 200


def test_an_answer_is_late(tenant, door):
    """``delay`` in seconds: nothing else changes."""
    tenant.faults.append(Fault(delay=0.05))
    start = time.monotonic()
    assert door("PUT", json={"n": 2}).status_code == 200
    assert time.monotonic() - start >= 0.05
    assert counted(tenant) == 2


def test_a_delay_holds_up_nobody_else(tenant):
    """A late answer keeps its own connection waiting only."""
    tenant.faults.append(Fault(path="/users/late", delay=3))
    late = http.client.HTTPConnection(tenant.url.removeprefix("http://"), timeout=5)
    late.request("GET", "/users/late")
    start = time.monotonic()
    assert requests.get(tenant.url + PLACE, timeout=5).status_code == 200
    assert time.monotonic() - start < 2
    late.close()


def test_a_time_out_may_have_been_carried_out(tenant):
    """A client that gives up does not stop the server."""
    tenant.faults.append(Fault(delay=0.15))
    with pytest.raises(requests.ReadTimeout):
        requests.put(tenant.url + PLACE, json={"n": 2}, timeout=0.05)
    until = time.monotonic() + 5
    while counted(tenant) == 1 and time.monotonic() < until:
        time.sleep(0.01)
    assert counted(tenant) == 2


def test_a_gateway_repeats(tenant, door):
    """``twice``: carried out two times, and the second answer counts."""
    tenant.faults.append(Fault(twice=True))
    patch = [{"operation": "increment", "field": "n", "value": 1}]
    assert door("PATCH", json=patch).json()["n"] == 3
    tenant.faults.append(Fault(twice=True))
    assert door("PATCH", json=patch, headers={"If-Match": '"2"'}).status_code == 412
    assert counted(tenant) == 4


def test_twice_and_unheard(tenant, door):
    """Faults combine: delivered twice, and no answer to either."""
    tenant.faults.append(Fault(twice=True, connection="drop", commit=True))
    with pytest.raises(requests.ConnectionError):
        door("PATCH", json=[{"operation": "increment", "field": "n", "value": 1}])
    assert counted(tenant) == 3


def test_so_many_times_and_not_before(tenant, door):
    """``after`` requests go well, then ``times`` go wrong, then all go well; both count down."""
    fault = Fault(status=503, after=2, times=3)
    tenant.faults.append(fault)
    assert [door("GET").status_code for _ in range(7)] == [200, 200, 503, 503, 503, 200, 200]
    assert (fault.after, fault.times) == (0, 0)


@pytest.mark.parametrize(
    ("fault", "method", "path", "strikes"),
    [
        (Fault(status=503), "GET", PLACE, True),
        (Fault(status=503, method="GET"), "GET", PLACE, True),
        (Fault(status=503, method="PUT"), "GET", PLACE, False),
        (Fault(status=503, path="/users/*"), "GET", PLACE, True),
        (Fault(status=503, path="/users/?"), "GET", PLACE, True),
        (Fault(status=503, path="/users"), "GET", PLACE, False),
        (Fault(status=503, path=PLACE), "GET", PLACE + "?_fields=n", True),
        (Fault(status=503, path="/groups/*"), "GET", PLACE, False),
        (Fault(status=503, times=0), "GET", PLACE, False),
    ],
)
def test_which_requests_it_strikes(tenant, door, fault, method, path, strikes):
    """By method and by path as a shell pattern; the query does not count. What it does not fit is not counted."""
    fault, before = replace(fault), fault.times
    tenant.faults.append(fault)
    assert (door(method, path).status_code == 503) is strikes
    assert fault.times == before - strikes


def test_the_first_that_fits_strikes(tenant, door):
    """One fault a request, in the order of the list; one that waits by ``after`` lets the next have its turn."""
    tenant.faults += [Fault(status=503, after=1), Fault(status=502), Fault(status=504)]
    assert [door("GET").status_code for _ in range(4)] == [502, 503, 504, 200]


def test_somebody_else_writes_just_before(tenant, door):
    """``meanwhile``: before the request that it strikes, and no other; what is gone can be deleted again."""
    tenant.faults.append(Fault(after=1, times=2, meanwhile={"/users/new": {"n": 2}, PLACE: None}))
    assert door("GET").json()["n"] == 1
    assert door("GET").status_code == 404
    assert door("GET", "/users/new").json() == {"_id": "new", "_rev": "1", "n": 2}
    assert door("GET", "/users/new").json()["_rev"] == "1"


@pytest.mark.parametrize(
    ("meanwhile", "seen"),
    [
        ({"/users/u0": None}, ["u0", "u1", "u3"]),
        ({"/users/u00": {"n": -1}}, ["u0", "u1", "u1", "u2", "u3"]),
        ({"/users/u9": {"n": 9}}, ["u0", "u1", "u2", "u3", "u9"]),
        ({"/users/u1": {"n": 5}}, ["u0", "u1", "u3", "u1"]),
    ],
)
def test_data_that_changes_between_pages(tenant, door, meanwhile, seen):
    """Rows move over the edge of a page: one is missed, or comes twice."""
    users = tenant.collection("/users")
    users.delete("u")
    for number in range(4):
        users.write(f"u{number}", {"n": number})
    tenant.faults.append(Fault("GET", "/users", after=1, meanwhile=meanwhile))
    rows, cookie = [], {}
    while cookie is not None:
        query = {"_queryFilter": "true", "_sortKeys": "n", "_pageSize": "2", **cookie}
        page = door("GET", "/users", params=query).json()
        rows += [row["_id"] for row in page["result"]]
        cookie = page["pagedResultsCookie"] and {"_pagedResultsCookie": page["pagedResultsCookie"]}
    assert rows == seen


# What is on the way


def test_a_slow_body(tenant, door):
    """``slow``: the status is there at once, the body in pieces over so many seconds."""
    tenant.faults.append(Fault(slow=0.8))
    start = time.monotonic()
    response = door("GET", stream=True)
    assert response.status_code == 200
    assert time.monotonic() - start < 0.6
    assert response.json() == {**FIRST, "_rev": "0"}
    assert time.monotonic() - start >= 0.6


@pytest.mark.parametrize("fault", [{"delay": 1}, {"slow": 2.4}])
def test_a_client_that_does_not_wait(tenant, door, fault):
    """It gives up at its own time-out, over either door; what it has asked for is carried out all the same."""
    tenant.faults.append(Fault("PUT", **fault))
    start = time.monotonic()
    with pytest.raises((requests.ReadTimeout, requests.ConnectionError), match="timed out"):
        door("PUT", json={"n": 2}, timeout=0.1)
    assert time.monotonic() - start < 0.8
    if "delay" in fault:
        assert counted(tenant) == 1
    until = time.monotonic() + 5
    while counted(tenant) == 1 and time.monotonic() < until:
        time.sleep(0.01)
    assert counted(tenant) == 2


@pytest.mark.parametrize(
    ("tag", "seen"), [("weak", 'W/"0"'), ("-gzip", '"0-gzip"'), ("--gzip", '"0--gzip"'), ("none", None)]
)
def test_a_tag_that_becomes_another(tenant, door, tag, seen):
    """``tag``: what nginx, Apache, Jetty and Envoy make of an ETag; once."""
    tenant.faults.append(Fault(tag=tag))
    assert door("GET").headers.get("ETag") == seen
    assert door("GET").headers["ETag"] == '"0"'


def test_a_page_of_a_proxy(tenant, door):
    """HTML and no JSON, before the request gets anywhere."""
    tenant.faults.append(Fault.proxy_page("PUT", "/users/*", status=503))
    response = door("PUT", json={"n": 2})
    assert (response.status_code, response.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert response.text.startswith("<!DOCTYPE html>")
    assert "503 from the proxy" in response.text
    assert counted(tenant) == 1


def test_a_body_as_it_is_at_hand(tenant, door):
    """Bytes, text, or what is written as JSON and says so; headers as a mapping or as pairs."""
    tenant.faults += [
        Fault(status=409, body={"code": 409, "message": "no"}),
        Fault(status=409, body=["a"], headers={"Content-Type": "application/x"}),
        Fault(status=409, body="\u00e9", headers=(("X-A", "1"), ("X-A", "2"))),
    ]
    first, second, third = (door("GET") for _ in range(3))
    assert (first.json()["message"], first.headers["Content-Type"]) == ("no", "application/json;charset=utf-8")
    assert (second.json(), second.headers["Content-Type"]) == (["a"], "application/x")
    assert (third.content, third.headers["X-A"]) == ("\u00e9".encode(), "1, 2")


@pytest.mark.parametrize(("retry_after", "seen"), [(2, "2"), (0, "0"), (1.2, "2")])
def test_how_long_to_wait(tenant, door, retry_after, seen):
    """``retry_after`` in seconds, whole ones on the wire."""
    tenant.faults.append(Fault(status=429, retry_after=retry_after))
    assert door("GET").headers["Retry-After"] == seen


def test_an_answer_without_a_body_is_cut_before_it_begins(tenant, door):
    """Over both doors there is nothing then."""
    tenant.faults.append(Fault(status=204, connection="truncate"))
    with pytest.raises(requests.ConnectionError):
        door("GET")


# What is ordered


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"method": "GTE", "status": 503}, "method is one of .*'GET'.*, not 'GTE'"),
        ({"method": "get", "status": 503}, "method is one of"),
        ({"path": "users/*", "status": 503}, "path begins with a slash"),
        ({"path": "", "status": 503}, "path begins with a slash"),
        ({"times": -1, "status": 503}, "times is a number of requests, not -1"),
        ({"times": 1.5, "status": 503}, "times is a number of requests"),
        ({"after": -1, "status": 503}, "after is a number of requests"),
        ({"status": 42}, "status is an HTTP status from 200 to 599, not 42"),
        ({"status": 600}, "status is an HTTP status"),
        ({"status": 100}, "status is an HTTP status"),
        ({"connection": "dropped"}, "connection is one of None, 'drop', 'reset', .*, not 'dropped'"),
        ({"tag": "gzip"}, "tag is one of"),
        ({"delay": -1}, "delay is in seconds, not -1"),
        ({"delay": float("inf")}, "delay is in seconds"),
        ({"slow": float("nan")}, "slow is in seconds"),
        ({"retry_after": 2}, "say its status"),
        ({"body": b"x"}, "say its status"),
        ({"headers": {"A": "b"}, "delay": 1}, "say its status"),
        ({"status": 503, "retry_after": -1}, "retry_after is in seconds"),
        ({"status": 503, "retry_after": datetime(2026, 11, 24)}, "retry_after has no zone"),  # noqa: DTZ001
        ({"meanwhile": {"users/u": None}}, "meanwhile names documents by their path"),
        ({"meanwhile": {"/users": None}}, "meanwhile names documents by their path"),
        ({}, "a fault that changes nothing"),
        ({"method": "PUT", "times": 3, "commit": True}, "a fault that changes nothing"),
    ],
)
def test_a_fault_that_is_none(wrong, said):
    """A typo is told when the fault is made, and not by a test that passes."""
    with pytest.raises(ValueError, match=said):
        Fault(**wrong)


def test_what_a_fault_tells_of_itself(tenant, door):
    """What was ordered, what is left of it, and whether it has struck; no body, no document."""
    fault = Fault("PUT", "/users/*", times=2, status=503, body=b"hush", meanwhile={"/users/x": {"password": "hush"}})
    assert repr(fault) == "Fault('PUT', '/users/*', times=2, status=503, body=(4), meanwhile=(1)) never struck"
    tenant.faults.append(fault)
    door("PUT", json={})
    door("PUT", json={})
    assert fault.struck == 2
    said = "Fault('PUT', '/users/*', times=0, status=503, body=(4), meanwhile=(1), struck=2)"
    assert repr(fault) == said


@pytest.mark.parametrize("kind", ["socket", "adapter"])
def test_a_token_that_ends(kind):
    """401 as AIC says it, and every token given before is dead: a client that gets another is let in."""
    with Tenant(service_accounts=[ServiceAccount(ACCOUNT, private_jwk("k1"))]) as tenant, requests.Session() as session:
        session.trust_env = False
        if kind == "adapter":
            session.mount(tenant.url, tenant.adapter())
        login = f"{tenant.url}/openidm/info/login"
        session.headers["Authorization"] = f"Bearer {ask(tenant).json()['access_token']}"
        tenant.faults.append(Fault.ended_token("GET", after=1))
        answers = [session.get(login, timeout=5) for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 401, 401]
        assert answers[1].json() == {"code": 401, "reason": "Unauthorized", "message": "Access Denied"}
        session.headers["Authorization"] = f"Bearer {ask(tenant).json()['access_token']}"
        assert session.get(login, timeout=5).status_code == 200


ORDERED = {
    "status": {"status": 503, "body": {"code": 503}, "retry_after": 2},
    "no content": {"status": 204},
    "not modified": {"status": 304},
    "page": {"status": 502, "headers": {"Content-Type": "text/html"}, "body": "<html>"},
    "drop": {"connection": "drop"},
    "reset, committed": {"connection": "reset", "commit": True},
    "truncate": {"connection": "truncate", "commit": True},
    "truncate what was not carried out": {"connection": "truncate"},
    "truncate another answer": {"connection": "truncate", "status": 500, "body": b"x" * 100},
    "weak": {"tag": "weak"},
    "slow": {"slow": 0.02},
    "too slow": {"slow": 8},
    "late": {"delay": 1},
    "twice": {"twice": True},
    "meanwhile": {"meanwhile": {PLACE: {"n": 7}}},
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
@pytest.mark.parametrize("ordered", ORDERED)
def test_a_fault_is_the_same_through_both_doors(ordered, method, stream):
    """The same answer, or the same exception at the same step; and the same in the journal."""
    outcomes = []
    for kind in ("socket", "adapter"):
        with Tenant(CREST, documents={"/users": [FIRST]}) as tenant, requests.Session() as session:
            session.trust_env = False
            tenant.clock.set(datetime(2026, 11, 24, 12, tzinfo=UTC))
            if kind == "adapter":
                session.mount(tenant.url, tenant.adapter())
            tenant.faults.append(Fault(**ORDERED[ordered]))
            outcome = []
            try:
                options = {"json": {"n": 2}} if method == "PUT" else {}
                response = session.request(method, tenant.url + PLACE, stream=stream, timeout=0.4, **options)
                outcome += [response.status_code, dict(response.headers)]
                outcome.append(response.content)
            except requests.RequestException as error:
                outcome.append(type(error))
            said = [] if ordered == "late" else [(one.status, one.rule, one.size) for one in tenant.requests]
            outcomes.append([*outcome, said])
    assert outcomes[0] == outcomes[1]
