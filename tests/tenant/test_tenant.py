"""The tenant as a whole: its documents, its journal, its doors, its threads."""

import http.client
import json
import socket
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import requests

from aic_requests.testing import AIC, CREST, OPENAM, OPENIDM, Tenant
from aic_requests.testing.messages import Request

USERS = "/openidm/managed/alpha_user"
JSON = {"Content-Type": "application/json"}


def asked(connection, method, path, body=None, **headers):
    """One request over a connection that stays open: status, ETag, JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is None:
        connection.request(method, path, headers=named)
    else:
        connection.request(method, path, json.dumps(body).encode(), JSON | named)
    response = connection.getresponse()
    content = response.read()
    return response.status, response.getheader("ETag"), json.loads(content) if content else None


def connected(tenant):
    return http.client.HTTPConnection(tenant.url.removeprefix("http://"), timeout=10)


def in_threads(number, work):
    """Let so many threads begin together; their results."""
    barrier = threading.Barrier(number)

    def begin(which):
        barrier.wait(10)
        return work(which)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(begin, range(number)))


# Documents


def test_documents_are_there_at_first():
    """By the path of their collection, under their ``_id``, each with a first revision of the server's own."""
    tenant = Tenant(CREST, documents={"/users": [{"_id": "b", "n": 1, "_rev": "77"}, {"_id": "a", "n": 2}]})
    users = tenant.collection("/users")
    assert users.ids() == list(users) == ["b", "a"]
    assert users.read("b") == {"_id": "b", "_rev": "0", "n": 1}


def test_a_test_may_write_behind_the_clients_back():
    """``write`` creates and replaces and moves the revision, ``delete`` removes; both tell of what is not there."""
    users = Tenant(CREST).collection("/users")
    assert users.write("a", {"n": 1}) == {"_id": "a", "_rev": "0", "n": 1}
    assert users.write("a", {"m": 2, "_id": "z"}) == {"_id": "a", "_rev": "1", "m": 2}
    users.delete("a")
    assert users.ids() == []
    with pytest.raises(KeyError):
        users.read("a")
    with pytest.raises(KeyError):
        users.delete("a")


@pytest.mark.parametrize("path", ["/users/u", "/nowhere", "", "/openidm/managed"])
def test_no_collection_there(path):
    """A path that the profile has no collection at is a KeyError that names it."""
    with pytest.raises(KeyError, match="no collection at"):
        Tenant(CREST).collection(path)


def test_a_collection_is_one_however_its_path_is_written():
    """With or without slashes around it."""
    tenant = Tenant(AIC)
    assert tenant.collection(USERS) is tenant.collection(USERS.strip("/") + "/")


def test_nobody_can_alias_what_is_stored():
    """What goes in and what comes out are copies, however deep."""
    given = {"_id": "a", "deep": {"list": [1]}}
    tenant = Tenant(CREST, documents={"/users": [given]})
    users = tenant.collection("/users")
    given["deep"]["list"].append(2)
    users.read("a")["deep"]["list"].append(3)
    written = {"deep": {"list": [1]}}
    users.write("a", written)["deep"]["list"].append(4)
    written["deep"]["list"].append(5)
    users.ids().append("b")
    assert users.ids() == ["a"]
    assert users.read("a")["deep"] == {"list": [1]}


def test_the_same_seed_gives_the_same_answers():
    """Ids and opaque revisions come from the seed, and from nothing else."""

    def told(seed):
        tenant = Tenant(AIC, seed=seed)
        tenant.clock.set(datetime(2026, 11, 24, tzinfo=UTC))
        with requests.Session() as session:
            session.mount("https://", tenant.adapter())
            response = session.post("https://tenant.example.com" + USERS, json={"userName": "bob"})
            return response.json(), dict(response.headers)

    assert told(3) == told(3)
    assert told(3) != told(4)


# The journal


def test_the_journal_says_what_was_asked_and_what_decided():
    """Method, path, query, headers, body; status, headers and size of the answer; the rule in words."""
    with Tenant(CREST, documents={"/users": [{"_id": "u", "n": 1}]}) as tenant:
        requests.get(f"{tenant.url}/users/u?_fields=n", headers={"X-Mine": "1"}, timeout=5)
        requests.put(f"{tenant.url}/users/u", json={"n": 2}, headers={"If-Match": '"9"'}, timeout=5)
        read, write = tenant.requests
    assert (read.method, read.path, read.query, read.status) == ("GET", "/users/u", "_fields=n", 200)
    assert (read.headers["X-Mine"], read.answered["ETag"], read.body) == ("1", '"0"', b"")
    assert read.size == len(b'{"_id":"u","_rev":"0","n":1}')
    assert (write.status, write.body) == (412, b'{"n": 2}')
    assert write.rule == 'If-Match "9", the resource is at "0"'


def test_the_journal_shows_no_secret():
    """Secret headers and parameters are not kept at all; bodies can be asked for, and are not printed."""
    secrets = {
        "Authorization": "Bearer hush-1",
        "Cookie": "session-jwt=hush-2",
        "X-OpenIDM-Password": "hush-3",
        "x-api-key": "hush-4",
        "x-api-secret": "hush-5",
        "iPlanetDirectoryPro": "hush-6",
        "X-OpenIDM-Reauth-Password": "hush-7",
    }
    with Tenant(OPENIDM) as tenant:
        url = f"{tenant.url}/openidm/managed/user?_action=create&access_token=hush-8&_sortKeys=shown"
        requests.post(url, json={"password": "hush-9"}, headers=secrets, timeout=5)
        (one,) = tenant.requests
    assert "hush" not in repr(one)
    assert "hush" not in repr(one.headers)
    assert "session-jwt" not in repr(one)
    assert set(secrets) <= set(one.headers)
    assert one.query == "_action=create&access_token=***&_sortKeys=shown"


def test_a_session_is_a_secret_whatever_its_header_is_called():
    """AM's session comes in a header that each tenant names for itself."""
    tenant = Tenant(replace(OPENAM, sessions="6ac6499e9da2071"), tokens={"hush": "ann"})
    request = Request("GET", "/am/json/realms/root/users/a?token=hush", (("6ac6499e9da2071", "hush"),), b"hush")
    assert tenant.handle(request)[0].status == 404
    assert "hush" not in repr(tenant.requests[0])
    assert "hush" not in repr(request)


def test_the_journal_has_an_end():
    """The last 10,000."""
    assert Tenant().requests.maxlen == 10_000


# The doors


def test_it_listens_inside_with_only():
    """Outside there is no url, before as after."""
    tenant = Tenant()
    with pytest.raises(RuntimeError, match="inside"):
        _ = tenant.url
    with tenant:
        assert tenant.url.startswith("http://127.0.0.1:")
    with pytest.raises(RuntimeError, match="inside"):
        _ = tenant.url


def test_it_is_entered_once_at_a_time():
    """Two doors to the street would be one that nobody closes."""
    with Tenant() as tenant, pytest.raises(RuntimeError, match=f"listens already, at {tenant.url}"), tenant:
        pass


def test_it_listens_where_it_is_told_to():
    """On a port of one's choice; one that is taken is an OSError."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            Tenant().listen(port)
    tenant = Tenant()
    tenant.listen(port)
    assert tenant.url == f"http://127.0.0.1:{port}"
    tenant.close()
    tenant.close()


def test_it_can_be_entered_again():
    """On a new port, with the documents it had."""
    tenant = Tenant(CREST)
    for _ in range(3):
        with tenant:
            assert requests.put(f"{tenant.url}/users/u", json={}, timeout=5).status_code in (200, 201)
    assert tenant.collection("/users").read("u")["_rev"] == "2"


def test_starting_and_stopping_takes_no_time():
    """Under 10 ms, so that each test may have a tenant of its own."""
    taken = []
    for _ in range(21):
        start = time.perf_counter()
        with Tenant():
            pass
        taken.append(time.perf_counter() - start)
    assert statistics.median(taken) < 0.010


def test_closing_frees_the_port_and_the_threads():
    """Connections that are open are closed, nobody listens, and no thread is left."""
    before = set(threading.enumerate())
    with Tenant(CREST) as tenant:
        open_ones = [connected(tenant) for _ in range(8)]
        for one in open_ones:
            assert asked(one, "GET", "/users/u")[0] == 404
        port = int(tenant.url.rpartition(":")[2])
    for one in open_ones:
        assert one.sock.recv(1) == b""
        one.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    until = time.monotonic() + 5
    while set(threading.enumerate()) - before and time.monotonic() < until:
        time.sleep(0.01)
    assert set(threading.enumerate()) - before == set()
    socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.parametrize(
    "head",
    [
        b"PUT /users/u HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"PUT /users/u HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"PUT /users/u HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_a_length_that_is_none_ends_the_connection(head):
    """400 and closed: where the next request would begin cannot be told."""
    with Tenant(CREST) as tenant, socket.create_connection(("127.0.0.1", int(tenant.url.rpartition(":")[2]))) as wire:
        wire.settimeout(5)
        wire.sendall(head)
        answer = b""
        while piece := wire.recv(4096):
            answer += piece
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert tenant.collection("/users").ids() == []


# Many at once


def test_many_connections_stay_open():
    """32 threads, each on one connection of its own, 30 requests each: all answered, none mixed up."""
    with Tenant(CREST) as tenant:

        def work(which):
            connection = connected(tenant)
            connection.connect()
            socket_of_mine = connection.sock
            for number in range(10):
                assert asked(connection, "PUT", f"/users/u{which}", {"n": number})[0] in (200, 201)
                assert asked(connection, "GET", f"/users/u{which}")[2]["n"] == number
                assert asked(connection, "GET", "/users/none")[0] == 404
            assert connection.sock is socket_of_mine
            connection.close()
            return which

        assert in_threads(32, work) == list(range(32))
        assert len(tenant.requests) == 960


def test_a_create_race_has_one_winner():
    """PUT with ``If-None-Match: *`` from 16 threads at once: one 201, the others 412."""
    with Tenant(CREST) as tenant:
        for number in range(5):

            def work(which, place=f"/users/r{number}"):
                connection = connected(tenant)
                status = asked(connection, "PUT", place, {"who": which}, If_None_Match="*")[0]
                connection.close()
                return status

            assert sorted(in_threads(16, work)) == [201] + [412] * 15


def counted(tenant, path, marked):
    """16 threads, 5 increments each, every one under If-Match and again until it is told 200; the counter then."""

    def work(which):
        connection = connected(tenant)
        for number in range(5):
            while True:
                _, tag, document = asked(connection, "GET", path)
                # Others read the same before this one writes.
                time.sleep(0.0005)
                changed = {"n": document["n"] + 1} | ({"by": f"{which}-{number}"} if marked else {})
                if asked(connection, "PUT", path, changed, If_Match=tag)[0] == 200:
                    break
        connection.close()

    in_threads(16, work)
    return tenant.collection(path.rpartition("/")[0]).read("c")["n"]


@pytest.mark.parametrize("profile", [CREST, OPENIDM])
def test_guarded_increments_with_a_mark_lose_nothing(profile):
    """Where each writer's content is its own, If-Match guards: 80 of 80."""
    path = "/users/c" if profile is CREST else "/openidm/managed/thing/c"
    with Tenant(profile, documents={path.rpartition("/")[0]: [{"_id": "c", "n": 0}]}) as tenant:
        assert counted(tenant, path, marked=True) == 80


def test_guarded_increments_of_a_plain_counter_lose_nothing_on_plain_crest():
    """Where revisions are compared first, equal content is no trap."""
    with Tenant(CREST, documents={"/users": [{"_id": "c", "n": 0}]}) as tenant:
        assert counted(tenant, "/users/c", marked=False) == 80


def test_guarded_increments_of_a_plain_counter_are_lost_on_idm():
    """
    IDM compares content before revisions: two that send the same are both told 200, and one increment is gone.

    Each of the lost ones was told: its answer echoes the revision that it sent.
    """
    path = "/openidm/managed/thing/c"
    with Tenant(OPENIDM, documents={"/openidm/managed/thing": [{"_id": "c", "n": 0}]}) as tenant:
        left = counted(tenant, path, marked=False)
        writes = [one for one in tenant.requests if one.method == "PUT" and one.status == 200]
        echoed = [one for one in writes if one.headers["If-Match"] == one.answered["ETag"]]
        assert len(writes) == 80
        assert len(echoed) == 80 - left
        assert left < 80


def test_patch_increments_need_no_revision():
    """Read and write are one step inside the server: 16 threads lose nothing."""
    with Tenant(CREST, documents={"/users": [{"_id": "c", "n": 0}]}) as tenant:

        def work(_which):
            connection = connected(tenant)
            for _ in range(5):
                body = [{"operation": "increment", "field": "n", "value": 1}]
                assert asked(connection, "PATCH", "/users/c", body)[0] == 200
            connection.close()

        in_threads(16, work)
        assert tenant.collection("/users").read("c") == {"_id": "c", "_rev": "80", "n": 80}
