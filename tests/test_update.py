"""update(): read, change, write, until the change is in once."""

import json
import threading
import uuid

import pytest
import requests
import urllib3

from aic_requests import (
    AICError,
    AICSession,
    AmbiguousWrite,
    BadRequest,
    Forbidden,
    MemoryStore,
    NotFound,
    PreconditionFailed,
    ServiceUnavailable,
)
from aic_requests.update import Clock, Update

from .wire import serving

JSON = ("Content-Type", "application/json")


class Crest:
    """One resource as OpenIDM keeps it: content is compared before revisions. A script of faults comes first."""

    def __init__(self, document=None, compares_content=True, names_current=False):
        self.lock = threading.Lock()
        self.document = document
        self.revision = 7
        self.compares_content = compares_content
        self.names_current = names_current
        self.faults = []

    def write(self, **fields):
        """Somebody else's write."""
        self.document = {**(self.document or {}), **fields}
        self.revision += 1

    def answer(self, document, status=200, revision=None):
        shown = {"_id": "x", "_rev": revision or str(self.revision), **document}
        return status, [JSON, ("ETag", f'"{shown["_rev"]}"')], json.dumps(shown).encode()

    def error(self, status):
        return status, [JSON], json.dumps({"code": status, "reason": "r", "message": "m"}).encode()

    def __call__(self, sent):
        with self.lock:
            fault = self.faults.pop(0) if sent.method == "PUT" and self.faults else None
            return fault(sent) if fault else self.serve(sent)

    def serve(self, sent):
        if sent.method == "GET":
            if self.document is None:
                return self.error(404)
            if sent.header("If-None-Match") == f'"{self.revision}"':
                return 304, [], b""
            return self.answer(self.document)
        new = {name: value for name, value in json.loads(sent.body).items() if name not in ("_id", "_rev")}
        match = sent.header("If-Match")
        if sent.header("If-None-Match") == "*":
            if self.document is not None:
                return self.error(412)
        elif self.document is None:
            return self.error(404)
        elif match is not None:
            if self.compares_content and new == self.document:
                status, headers, body = self.answer(
                    self.document, revision=None if self.names_current else match.strip('"')
                )
                return status, [*headers, ("X-Not-Modified", "true")] if self.names_current else headers, body
            if match != f'"{self.revision}"':
                return self.error(412)
        self.document = new
        self.revision += 1
        return self.answer(new, 201 if sent.header("If-None-Match") else 200)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr("aic_requests.update.Clock", lambda: Clock(sleep=lambda seconds: None))
    monkeypatch.setattr("aic_requests.retries.time.sleep", lambda seconds: None)


@pytest.fixture
def crest():
    return Crest({"count": 5, "ids": []})


@pytest.fixture
def wire(crest):
    with serving(crest) as wire:
        yield wire


@pytest.fixture
def session(wire):
    return AICSession(wire.url)


def count(document):
    document["count"] += 1


def count_with_mark(document):
    return document | {"count": document["count"] + 1, "ids": [*document["ids"], str(uuid.uuid4())]}


def writes(wire):
    return [sent for sent in wire.sent if sent.method == "PUT"]


def test_it_reads_changes_and_writes(session, wire, crest):
    """One read, one write under the revision read; the result is what the server stored."""
    assert session.update("/x", count) == {"_id": "x", "_rev": "8", "count": 6, "ids": []}
    assert [(sent.method, sent.header("If-Match")) for sent in wire.sent] == [("GET", None), ("PUT", '"7"')]
    assert crest.document["count"] == 6


def test_returning_and_changing_in_place_are_the_same(session, crest):
    """As the caller likes."""
    session.update("/x", lambda document: document | {"count": 9})
    assert crest.document["count"] == 9


@pytest.mark.parametrize("change", [lambda d: None, lambda d: d, lambda d: dict(d), lambda d: {**d, "_rev": "0"}])
def test_no_change_no_write(session, wire, change):
    """However nothing was changed."""
    assert session.update("/x", change)["count"] == 5
    assert writes(wire) == []


def test_a_conflict_is_read_again_past_the_store(session, wire, crest):
    """After a 412 change sees what the other has written, by the server's own word."""

    def interfere(sent):
        crest.write(count=50)
        return crest.serve(sent)

    crest.faults = [interfere]
    assert session.update("/x", count)["count"] == 51
    reads = [sent.header("If-None-Match") for sent in wire.sent if sent.method == "GET"]
    assert reads == [None, None]


def test_an_echo_is_a_conflict(session, crest, wire):
    """Two writers of the same content are both told 200; the second has to change again."""

    def same_write_by_another(sent):
        crest.write(count=6)
        return crest.serve(sent)

    crest.faults = [same_write_by_another]
    assert session.update("/x", count)["count"] == 7
    assert len(writes(wire)) == 2


def test_what_was_not_modified_is_a_conflict_whatever_revision_it_names(wire, session, crest):
    """AIC says X-Not-Modified: an equal write of somebody else's under a stale If-Match is not ours, so both count."""
    crest.names_current = True
    crest.faults = [lambda sent: (crest.write(count=6), crest.serve(sent))[1]]
    assert session.update("/x", count)["count"] == 7
    assert crest.document["count"] == 7


def test_the_body_says_no_revision(session, wire):
    """The header does; REST2LDAP refuses a body with _rev in it (400)."""
    session.update("/x", count)
    assert wire.sent[-1].header("If-Match") == '"7"'
    assert json.loads(wire.sent[-1].body) == {"_id": "x", "count": 6, "ids": []}


def test_an_echo_without_movement_means_nothing_to_change(session, crest, wire):
    """The server dropped or computed what was sent: done, with what it has."""
    crest.faults = [lambda sent: crest.answer(crest.document)]
    assert session.update("/x", lambda d: d | {"computed": 1}) == {"_id": "x", "_rev": "7", "count": 5, "ids": []}
    assert len(writes(wire)) == 1


def test_a_write_delivered_twice_is_one_write(session, crest, wire):
    """A gateway repeats it and hands out the second answer: with a mark that is told apart."""

    def twice(sent):
        crest.serve(sent)
        return crest.serve(sent)

    for compares_content in (True, False):
        crest.compares_content = compares_content
        crest.faults = [twice]
        before = crest.document["count"]
        assert session.update("/x", count_with_mark)["count"] == before + 1
    assert len(writes(wire)) == 2


def lose(crest, *, before=False, answer=None):
    """A fault: the write is (or is not) carried out, and the answer is another."""

    def fault(sent):
        if not before:
            crest.serve(sent)
        return answer or crest.error(502)

    return fault


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_lost_before_the_commit(session, crest, wire, status):
    """Nobody has written since: the same document goes out again, and change is not called again."""
    calls = []
    crest.faults = [lose(crest, before=True, answer=crest.error(status))]
    assert session.update("/x", lambda d: calls.append(1) or d | {"count": d["count"] + 1})["count"] == 6
    assert len(calls) == 1
    first, second = writes(wire)
    assert (first.body, first.header("If-Match")) == (second.body, second.header("If-Match"))


def test_lost_after_the_commit_with_a_mark(session, crest, wire):
    """Our id is there: it has arrived."""
    crest.faults = [lose(crest)]
    assert session.update("/x", count_with_mark)["count"] == 6
    assert len(writes(wire)) == 1


def test_lost_after_the_commit_with_nothing_more_to_do(session, crest, wire):
    """Whoever wrote it, it is as asked for."""
    crest.faults = [lose(crest)]
    assert session.update("/x", lambda d: d | {"mail": "new"})["mail"] == "new"
    assert len(writes(wire)) == 1


def test_a_plain_counter_after_a_lost_answer_is_ambiguous(session, crest):
    """6 may be ours or another's: both documents are at hand, and nothing is written again."""
    crest.faults = [lose(crest)]
    with pytest.raises(AmbiguousWrite) as caught:
        session.update("/x", count)
    assert caught.value.sent["count"] == caught.value.found["count"] == 6
    assert crest.document["count"] == 6
    assert caught.value.__cause__.status_code == 502


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            (500, [JSON], b'{"code":500,"reason":"Internal Server Error","message":"Entry"}'),
            "Server Error: PUT /x: Entry",
        ),
        ((200, [], b""), "PUT /x: the answer was lost; "),
    ],
)
def test_an_ambiguous_write_says_what_the_server_said(session, crest, answer, words):
    """AM says in a 500 what it does not take: the message repeats it, and where nothing was said it says so."""
    crest.faults = [lambda sent: answer] * 3
    with pytest.raises(AmbiguousWrite) as caught:
        session.update("/x", count, attempts=3)
    assert words in str(caught.value)
    assert "compare .sent with .found" in str(caught.value)
    assert crest.document["count"] == 5


def test_something_else_is_there(session, crest):
    """Another has written: whether over ours or instead of it cannot be told."""

    def lost_and_overwritten(sent):
        crest.write(count=100)
        return crest.error(504)

    crest.faults = [lost_and_overwritten]
    with pytest.raises(AmbiguousWrite) as caught:
        session.update("/x", count)
    assert (caught.value.sent["count"], caught.value.found["count"]) == (6, 100)


def test_gone_after_a_lost_answer(session, crest):
    """Deleted before or after our write: nobody knows."""

    def lost_and_deleted(sent):
        crest.document = None
        return crest.error(502)

    crest.faults = [lost_and_deleted]
    with pytest.raises(AmbiguousWrite) as caught:
        session.update("/x", count)
    assert caught.value.found is None


def test_the_read_back_fails_too(session, crest, wire):
    """Found is None, and the failure is the cause."""

    def broken(sent):
        if sent.method == "GET" and writes(wire):
            return crest.error(403)
        return crest.error(502) if sent.method == "PUT" else crest.serve(sent)

    wire_answer = crest.__class__.__call__
    crest.__class__.__call__ = lambda self, sent: broken(sent)
    try:
        with pytest.raises(AmbiguousWrite) as caught:
            session.update("/x", count)
    finally:
        crest.__class__.__call__ = wire_answer
    assert caught.value.found is None
    assert isinstance(caught.value.__cause__, Forbidden)


def test_the_first_sending_may_land_late(session, crest, wire):
    """Sent again after a lost answer, a 412 may be the work of the first sending: no second increment."""

    def lands_late(sent):
        crest.serve(writes(wire)[0])
        return crest.serve(sent)

    for compares_content in (True, False):
        crest.__init__({"count": 5, "ids": []}, compares_content)
        wire.sent.clear()
        crest.faults = [lose(crest, before=True), lands_late]
        assert session.update("/x", count_with_mark)["count"] == 6
        assert crest.document["count"] == 6
        wire.sent.clear()
        crest.faults = [lose(crest, before=True), lands_late]
        with pytest.raises(AmbiguousWrite):
            session.update("/x", count)
        assert crest.document["count"] == 7


def test_an_answer_cut_short_is_lost(session, crest, wire):
    """A 200 without revision and document may be what is left of an echo."""
    crest.faults = [lambda sent: (200, [], b"")]
    assert session.update("/x", count)["count"] == 6
    assert len(writes(wire)) == 2


def test_a_412_after_a_retry_on_the_way_is_lost(wire, crest):
    """A caller's own Retry may have delivered it before."""
    crest.compares_content = False
    crest.faults = [lose(crest, answer=crest.error(503))]
    policy = urllib3.Retry(2, status_forcelist=[503], allowed_methods=None, raise_on_status=False)
    with pytest.raises(AmbiguousWrite):
        AICSession(wire.url, retries=policy).update("/x", count)
    assert crest.document["count"] == 6


@pytest.mark.parametrize("status", [400, 403, 409, 501])
def test_a_refusal_is_raised(session, crest, wire, status):
    """As its own exception, at once, whatever raise_for_status says."""
    session.raise_for_status = False
    crest.faults = [lambda sent: crest.error(status)]
    with pytest.raises(AICError) as caught:
        session.update("/x", count)
    assert caught.value.status_code == status
    assert len(writes(wire)) == 1


def test_a_refusal_in_doubt_is_ambiguous(session, crest):
    """After a lost answer a refusal of the second sending says nothing about the first."""

    def lost_then_moved(sent):
        crest.write(count=9)
        return crest.error(403)

    crest.faults = [lose(crest, before=True), lost_then_moved]
    with pytest.raises(AmbiguousWrite):
        session.update("/x", count)


def test_the_callers_exception_passes(session, wire):
    """And nothing is written."""
    with pytest.raises(ZeroDivisionError):
        session.update("/x", lambda d: 1 / 0)
    assert writes(wire) == []


@pytest.mark.parametrize(
    ("change", "error"),
    [(lambda d: d | {"_id": "y"}, ValueError), (lambda d: "x", TypeError), (lambda d: [], TypeError)],
)
def test_what_a_change_may_not_do(session, wire, change, error):
    """Rename the resource, or make something else than a document: nothing is written."""
    with pytest.raises(error):
        session.update("/x", change)
    assert writes(wire) == []


@pytest.mark.parametrize(
    ("path", "options", "error"),
    [
        ("/x", {"params": {"_fields": "count"}}, ValueError),
        ("/x", {"params": {"_FIELDS": "count"}}, ValueError),
        ("/x", {"params": [("_fields", "count")]}, ValueError),
        ("/x", {"params": "_fields=count"}, ValueError),
        ("/x?_fields=count", {}, ValueError),
        ("/x", {"headers": {"If-Match": '"1"'}}, ValueError),
        ("/x", {"headers": {"if-none-match": "*"}}, ValueError),
        ("/x", {"attempts": 0}, ValueError),
        ("/x", {"json": {}}, TypeError),
        ("/x", {"data": "x"}, TypeError),
        ("/x", {"stream": True}, TypeError),
        ("/x", {"no_such_option": 1}, TypeError),
    ],
)
def test_what_makes_no_sense_is_refused(session, wire, path, options, error):
    """_fields would erase the rest; the guard and the body are update's own."""
    with pytest.raises(error):
        session.update(path, count, **options)
    assert wire.sent == []


def test_options_reach_read_and_write(session, wire):
    """Headers, params and auth go with both."""
    session.update(
        "/x", count, headers={"Accept-API-Version": "resource=1.0"}, params={"realm": "alpha"}, auth=("a", "b")
    )
    assert [sent.path for sent in wire.sent] == ["/x?realm=alpha"] * 2
    assert [sent.header("Accept-API-Version") for sent in wire.sent] == ["resource=1.0"] * 2
    assert all(sent.header("Authorization") for sent in wire.sent)


def test_without_a_revision_nothing_can_be_guarded():
    """ESVs and IDM's configuration: refused with an explanation, nothing written."""
    esv = serving(lambda sent: (200, [JSON], b'{"_id":"esv-x","value":"1"}'))
    with esv as wire, pytest.raises(ValueError, match="no revision"):
        AICSession(wire.url).update("/x", lambda d: d | {"value": "2"})
    assert writes(wire) == []


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"[]", b'"x"', b"{}"])
def test_what_is_no_document_is_an_error(body):
    """A login page with 200, an array: nothing is written."""
    with serving(lambda sent: (200, [("ETag", '"1"')], body)) as wire, pytest.raises(AICError, match="JSON object"):
        AICSession(wire.url).update("/x", lambda d: d)
    assert writes(wire) == []


def test_a_missing_resource(session, crest, wire):
    """Without missing= it is NotFound; with it, it is created under If-None-Match: *."""
    crest.document = None
    with pytest.raises(NotFound):
        session.update("/x", count)
    start = {"count": 0}
    assert session.update("/x", count, missing=start)["count"] == 1
    assert writes(wire)[0].header("If-None-Match") == "*"
    assert writes(wire)[0].header("If-Match") is None
    assert start == {"count": 0}


def test_missing_with_a_change_that_changes_nothing_still_creates(session, crest):
    """It was not there."""
    crest.document = None
    session.update("/x", lambda d: None, missing={"count": 3})
    assert crest.document == {"count": 3}


def test_somebody_created_it_first(session, crest):
    """Then change starts from what he has created."""
    crest.document = None

    def created_by_another(sent):
        crest.document = {"count": 40}
        return crest.serve(sent)

    crest.faults = [created_by_another]
    assert session.update("/x", count, missing={"count": 0})["count"] == 41


def test_somebody_deleted_it(session, crest):
    """Between read and write: NotFound, or created anew where missing= allows it."""

    def deleted(sent):
        crest.document = None
        return crest.serve(sent)

    crest.faults = [deleted]
    with pytest.raises(NotFound):
        session.update("/x", count)
    crest.document = {"count": 5}
    crest.faults = [deleted]
    assert session.update("/x", count, missing={"count": 0})["count"] == 1


def test_a_lost_create(session, crest, wire):
    """Read back: there with our mark, or not there and sent again."""
    crest.document = None
    crest.faults = [lose(crest)]
    assert session.update("/x", count_with_mark, missing={"count": 0, "ids": []})["count"] == 1
    crest.document = None
    crest.faults = [lose(crest, before=True)]
    assert session.update("/x", count, missing={"count": 0})["count"] == 1


def test_an_html_404_is_not_missing():
    """A booting server or a proxy says it of resources that are there."""
    booting = serving(lambda sent: (404, [("Content-Type", "text/html")], b"<html>404</html>"))
    with booting as wire, pytest.raises(NotFound):
        AICSession(wire.url).update("/x", count, missing={"count": 0})
    assert writes(wire) == []


def test_giving_up_raises_the_conflict(session, crest, wire):
    """After so many attempts: PreconditionFailed, stale; after an echo too."""

    def interfere(sent):
        crest.write(count=crest.document["count"] + 10)
        return crest.serve(sent)

    crest.faults = [interfere] * 9
    with pytest.raises(PreconditionFailed) as caught:
        session.update("/x", count, attempts=3)
    assert caught.value.cause_of_failure == "stale"
    assert len(writes(wire)) == 3

    def same_write_by_another(sent):
        crest.write(count=crest.document["count"] + 1)
        return crest.serve(sent)

    crest.faults = [same_write_by_another] * 9
    with pytest.raises(PreconditionFailed) as caught:
        session.update("/x", count, attempts=2)
    assert (caught.value.cause_of_failure, caught.value.status_code) == ("stale", 412)
    assert caught.value.sent["If-Match"].startswith('"')


def test_giving_up_in_doubt_is_ambiguous(session, crest):
    """What was sent may still land."""
    crest.faults = [lose(crest, before=True)] * 9
    with pytest.raises(AmbiguousWrite) as caught:
        session.update("/x", count, attempts=3)
    assert isinstance(caught.value.__cause__, AICError)


def test_the_deadline_ends_it(wire, crest):
    """No write is begun after it, and no pause goes beyond it."""
    now = [0.0]
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        now[0] += seconds

    def interfere(sent):
        crest.write(count=crest.document["count"] + 10)
        return crest.serve(sent)

    crest.faults = [interfere] * 99
    clock = Clock(now=lambda: now[0], sleep=sleep, draw=lambda most: most)
    run = Update(
        AICSession(wire.url), "/x", count, missing=None, attempts=99, deadline=3.0, options={}, clock=clock
    ).run
    with pytest.raises(PreconditionFailed):
        run()
    assert pauses == [0.2, 0.4, 0.8, 1.6, 0.0][: len(pauses)] or sum(pauses) <= 3.0
    assert now[0] <= 3.0


def test_a_refused_write_never_left(crest, wire, session):
    """The connection refused at the write: requests' own error, and nothing is in doubt."""

    class Unplugged(requests.adapters.HTTPAdapter):
        def send(self, request, **kwargs):
            if request.method == "PUT":
                raise requests.ConnectionError(urllib3.exceptions.NewConnectionError(None, "refused"))
            return super().send(request, **kwargs)

    session.mount("http://", Unplugged())
    with pytest.raises(requests.ConnectionError) as caught:
        session.update("/x", count)
    assert not isinstance(caught.value, AmbiguousWrite)


def test_a_read_that_fails_is_raised(crest):
    """Nothing was written: the read's own error."""
    with serving(lambda sent: crest.error(503)) as wire, pytest.raises(ServiceUnavailable):
        AICSession(wire.url, retries=0).update("/x", count)
    with serving(lambda sent: crest.error(400)) as wire, pytest.raises(BadRequest):
        AICSession(wire.url).update("/x", count)


def test_a_read_that_breaks_is_repeated(crest):
    """Reading is harmless: an answer that was cut short is asked for again, a few times."""
    left = [3]

    def answer(sent):
        left[0] -= sent.method == "GET"
        return (200, [], b"") if left[0] >= 0 and sent.method == "GET" else crest(sent)

    with serving(answer) as wire:
        assert AICSession(wire.url).update("/x", count)["count"] == 6
        left[0] = 99
        with pytest.raises(requests.ConnectionError, match="cut short"):
            AICSession(wire.url).update("/x", count)
    assert len(writes(wire)) == 1


def test_it_works_without_a_store_and_with_a_shared_one(wire, crest):
    """Conditional reads are no part of it."""
    for store in (None, MemoryStore()):
        AICSession(wire.url, store=store).update("/x", count)
    assert crest.document["count"] == 7


@pytest.mark.parametrize("change", [count, count_with_mark])
def test_sixteen_writers(crest, wire, change):
    """Each increment counts once, on a server that compares content first."""
    crest.document = {"count": 0, "ids": []}

    def work():
        session = AICSession(wire.url)
        for _ in range(5):
            session.update("/x", change, attempts=200, deadline=None)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert crest.document["count"] == 80
