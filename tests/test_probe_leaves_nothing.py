"""Whatever goes wrong with the probe, it removes what it has made, or says what is left."""

import os
import signal
import uuid
from collections import deque
from dataclasses import replace

import pytest

from aic_requests.testing import AIC, Fault, Tenant

from .altering_proxy import Reply, altering, refusal
from .test_probe import USERS, altered_profile, asked, of

#: More than it sends.
LAST = 50

FAULTS = {
    "drop": {"connection": "drop"},
    "drop after the commit": {"connection": "drop", "commit": True},
    "500 after the commit": {"status": 500, "commit": True, "body": b'{"code":500}'},
    "429": {"status": 429, "headers": (("Retry-After", "0"),)},
    "delivered twice": {"twice": True},
}
UNGUARDED = altered_profile(ignores_match=True)


@pytest.mark.parametrize(
    ("profile", "fault", "step"),
    [
        (AIC, "drop after the commit", 1),
        (AIC, "500 after the commit", 1),
        (AIC, "delivered twice", 1),
        (AIC, "drop", 3),
        (AIC, "429", 3),
        (UNGUARDED, "drop after the commit", 3),
    ],
)
def test_any_request_may_fail(profile, fault, step):
    """Each request of the run in its turn: nothing stays behind, and nobody else's document is touched."""
    with Tenant(profile, documents={USERS: [{"_id": "42", "userName": "bob"}]}) as tenant:
        users = tenant.collection(USERS)
        before = users.read("42")
        for nth in range(0, LAST, step):
            struck = Fault(after=nth, **FAULTS[fault])
            tenant.faults[:] = [struck]
            report = asked(tenant.url, patience=0.002)
            assert (users.ids(), report.left) == (["42"], ()), nth
            if struck.times:
                break
        assert nth > 35
        assert users.read("42") == before


@pytest.mark.parametrize(
    "fault",
    [
        {"connection": "reset", "commit": True},
        {"connection": "truncate", "commit": True},
        {"connection": "headers", "commit": True},
        {"status": 408, "commit": True},
        {"status": 503, "headers": (("Content-Type", "text/html"),), "body": b"<html>"},
        {"status": 200, "body": b"{}"},
    ],
)
def test_a_write_may_fail_in_other_ways(fault):
    """The creates and the deletes above all."""
    with Tenant() as tenant:
        for method in ("PUT", "DELETE"):
            for nth in range(3):
                tenant.faults[:] = [Fault(method, after=nth, **fault)]
                report = asked(tenant.url, patience=0.002)
                lied = method == "DELETE" and fault.get("body") == b"{}"
                assert report.left == ()
                assert bool(tenant.collection(USERS).ids()) <= lied


@pytest.mark.parametrize(("status", "tries"), [(403, 2), (401, 2), (500, 5), (429, 5), (405, 5)])
def test_what_cannot_be_removed_is_named(status, tries):
    """With its URL and the server's words. A refusal for good is not repeated; a failure is, a few times."""
    with Tenant() as tenant:
        body = b'{"code":%d,"message":"not today"}' % status
        tenant.faults.append(Fault("DELETE", times=99, status=status, body=body))
        report = asked(tenant.url)
        made = tenant.collection(USERS).ids()
        sent = [one.path for one in tenant.requests if one.method == "DELETE"]
        there = f"{tenant.url}{USERS}/"
    assert {one.url for one in report.left} == {f"{there}{resource_id}" for resource_id in made}
    assert len(made) == 2
    assert all("not today" in one.why for one in report.left)
    assert report.status == (2 if status == 401 else 1)
    # The question about deleting sends one more to the first.
    assert max(map(sent.count, sent)) <= tries


def test_a_removal_that_demands_a_revision():
    """428 and 412 are answered with the current revision, and that only for what the probe has made."""
    with Tenant(altered_profile(demands_revision=True)) as tenant:
        assert asked(tenant.url).left == ()
        assert tenant.collection(USERS).ids() == []


def is_create(received):
    return received.method == "PUT" and received.header("If-None-Match") == "*"


def is_upsert(received):
    return received.method == "PUT" and received.header("If-None-Match") == received.header("If-Match") is None


@pytest.mark.parametrize("held_back", [is_create, is_upsert])
def test_a_create_that_comes_late(held_back):
    """Ctrl-C before its answer came, and it is carried out when the probe has already looked for it once."""
    waiting: deque = deque()

    def late(received, forward):
        if held_back(received) and not waiting:
            waiting.append(received)
            os.kill(os.getpid(), signal.SIGINT)
            return Reply(504, (), b"")
        reply = forward(received)
        if len(waiting) == 1 and reply.status == 404:
            waiting.append(forward(waiting[0]))
        return reply

    with Tenant() as tenant, altering(tenant.url, late) as front:
        report = asked(front.url)
        assert waiting[1].status == 201
        assert tenant.collection(USERS).ids() == []
    assert (report.stopped, report.left) == ("interrupted", ())


def test_what_may_be_somebody_elses_is_not_removed():
    """The answer to the create was lost, and what is there now holds another text than was sent."""

    def replacing(received, forward):
        if received.method == "PUT":
            forward(replace(received, body=received.body.replace(b"Made and removed", b"Written by somebody")))
            return refusal(502)
        return forward(received)

    with Tenant() as tenant, altering(tenant.url, replacing) as front:
        report = asked(front.url)
        (made,) = tenant.collection(USERS).ids()
        assert "DELETE" not in {one.method for one in tenant.requests}
    (left,) = report.left
    assert left.url.endswith(made)
    assert "look at it first" in left.why


# What is not the probe's


TAKEN = uuid.UUID("a1c940be-0000-4000-8000-000000000000")


@pytest.mark.parametrize("hidden", [False, True], ids=["seen", "seen too late"])
def test_a_resource_with_the_same_id_is_not_touched(hidden, monkeypatch):
    """If chance gives an id that is taken, the first read says so; if the read misses it, the create does."""
    monkeypatch.setattr(uuid, "uuid4", lambda: TAKEN)
    with Tenant(documents={USERS: [{"_id": str(TAKEN), "userName": "bob"}]}) as tenant:
        before = tenant.collection(USERS).read(str(TAKEN))
        if hidden:
            tenant.faults.append(Fault("GET", status=404, body=b'{"code":404}'))
        report = asked(tenant.url)
        assert tenant.collection(USERS).read(str(TAKEN)) == before
        methods = [one.method for one in tenant.requests]
    assert methods == (["GET", "PUT", "GET"] if hidden else ["GET"])
    assert (report.status, report.left) == (2, ())
    assert ("exists already" if hidden else "there is a resource") in report.stopped


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (refusal(401, "Access Denied"), "does not know who is asking"),
        (refusal(403, "Access denied"), "the collection cannot be read: 403 Forbidden: Access denied"),
        (refusal(400, "no collection"), "the collection cannot be read: 400 Bad Request: no collection"),
        (Reply(302, (("Location", "/login?goto=s3cr3t"),), b""), "the collection cannot be read: 302 Found"),
        (Reply(200, (("Content-Type", "text/html"),), b"<title>Sign in</title>"), "a page for people"),
        (Reply(404, (("Content-Type", "text/html"),), b"<title>Starting</title>"), "a page for people"),
        (Reply(503, (), b""), "503 Service Unavailable"),
    ],
)
def test_a_server_that_lets_nobody_in_is_sent_nothing_but_a_read(reply, said):
    """One request, its words, and no Location, which may carry a token."""
    with Tenant() as tenant, altering(tenant.url, lambda *_: reply) as front:
        report = asked(front.url)
        assert [one.method for one in front.received] == ["GET"]
    assert said in report.stopped
    assert "s3cr3t" not in report.stopped
    assert (report.status, report.left) == (2, ())


def test_a_document_that_is_refused():
    """The server's words, with the policies that failed, and where to look."""
    with Tenant(altered_profile(required=("userName", "shoeSize"))) as tenant:
        report = asked(tenant.url)
        assert [one.method for one in tenant.requests] == ["GET", "PUT", "GET"]
    assert "Policy validation failed (shoeSize: REQUIRED). See --document" in report.stopped
    assert report.status == 2


def test_a_token_that_ends_on_the_way():
    """Stops at once; nothing can be removed then, and that is said."""
    with Tenant(tokens=None) as tenant:
        tenant.faults.append(Fault(after=20, times=999, status=401, body=b'{"code":401,"message":"Access Denied"}'))
        report = asked(tenant.url)
        made = tenant.collection(USERS).ids()
    assert "or no longer" in report.stopped
    assert [one.url.rpartition("/")[2] for one in report.left] == made != []
    assert of(report, "differs") == set()


# Interruptions


@pytest.mark.parametrize("after_it", [False, True], ids=["before it arrives", "before its answer arrives"])
def test_an_interruption_at_any_request(after_it):
    """Ctrl-C while the nth request is out: what was made is removed, and the report says how far it came."""
    for nth in range(LAST):
        count = iter(range(10_000))

        def interrupting(received, forward, nth=nth, count=count):
            reply = forward(received) if after_it else None
            if next(count) == nth:
                os.kill(os.getpid(), signal.SIGINT)
            return reply or forward(received)

        with Tenant() as tenant, altering(tenant.url, interrupting) as front:
            report = asked(front.url, patience=0.03)
            assert (tenant.collection(USERS).ids(), report.left) == ([], ()), nth
            if next(count) <= nth:
                break
        assert report.stopped == "interrupted" or nth > 35
    assert nth > 35


def test_two_interruptions_end_the_removal_too():
    """Whoever wants out gets out, and is told what is left."""
    count = iter(range(10_000))

    def insisting(received, forward):
        if next(count) == 12 or received.method == "DELETE":
            os.kill(os.getpid(), signal.SIGINT)
            return refusal(500)
        return forward(received)

    with Tenant() as tenant, altering(tenant.url, insisting) as front:
        report = asked(front.url)
        made = tenant.collection(USERS).ids()
    assert [one.url.rpartition("/")[2] for one in report.left] == made != []
    assert {one.why for one in report.left} == {"interrupted"}


def test_an_error_of_the_probes_own_names_what_is_left():
    """It is raised, with a note of what could not be removed."""

    def failing(name):
        if name == "etag":
            raise RuntimeError("a defect")

    with Tenant() as tenant:
        with pytest.raises(RuntimeError, match="a defect") as caught:
            asked(tenant.url, progress=failing)
        assert tenant.collection(USERS).ids() == []
        assert not hasattr(caught.value, "__notes__")
        tenant.faults.append(Fault("DELETE", times=99, status=403))
        with pytest.raises(RuntimeError, match="a defect") as caught:
            asked(tenant.url, progress=failing)
        (made,) = tenant.collection(USERS).ids()
        there = f"{tenant.url}{USERS}/{made}"
    assert caught.value.__notes__ == [f"left behind: DELETE {there}"]
