"""update(): read, change, write, until the change is in once."""

import threading
import uuid

import pytest
import requests

from aic_requests import (
    AICError,
    AmbiguousWrite,
    Forbidden,
    MemoryStore,
    NotFound,
    PreconditionFailed,
    ServiceUnavailable,
)
from aic_requests.testing import Fault

from .place import TYPICAL, WITHOUT_REVISION, places


def count(document):
    document["count"] += 1


def count_with_mark(document):
    return document | {"count": document["count"] + 1, "ids": [*document["ids"], str(uuid.uuid4())]}


@pytest.fixture
def counter(place):
    """The path of a counter at 5."""
    return place.create({"count": 5, "ids": []})


def asked(place):
    """Methods and conditions, as they went out."""
    return [(seen.method, seen.none_match if seen.method == "GET" else seen.match) for seen in place.sent]


def writes(place):
    return place.witness.asked("PUT")


def test_it_reads_changes_and_writes(place, session, counter):
    """One read, one write under the revision that was read; the result is what the server stored."""
    tag = place.tag(counter)
    result = session.update(counter, count)
    assert result == place.read(counter)
    assert result["count"] == 6
    assert asked(place) == [("GET", None), ("PUT", tag)]


def test_what_it_wrote_is_known(place, session, counter):
    """The next write goes out under it, and the next read is a plain one."""
    session.update(counter, count)
    tag = place.tag(counter)
    assert session.get(counter).json()["count"] == 6
    session.put(counter, json={"count": 7})
    assert asked(place)[-2:] == [("GET", None), ("PUT", tag)]


def test_no_change_no_write(place, session, counter):
    """However nothing was changed."""
    before = place.read(counter)
    for change in (lambda d: None, lambda d: d, lambda d: dict(d), lambda d: {**d, "_rev": "0"}):
        assert session.update(counter, change) == before
    assert writes(place) == []


def test_a_conflict_is_read_again_past_the_store(place, session, counter):
    """Somebody writes between read and write: both changes are in, by the server's own word."""
    session.get(counter)
    tag = place.tag(counter)
    place.witness.meanwhile("PUT", lambda: place.write(counter, {"count": 50, "ids": ["other"]}))
    result = session.update(counter, count)
    assert (result["count"], result["ids"]) == (51, ["other"])
    assert result == place.read(counter)
    first = tag if place.kind.tagged else None
    assert [condition for method, condition in asked(place) if method == "GET"] == [None, first, None]
    assert [seen.status for seen in writes(place)] == [412, 200]


def test_the_same_write_of_another_counts_too(place, session, counter):
    """
    Two writers count from 5 to 6 at once: in the end it is 7.

    Where content is compared first, both are told 200, the second with an echo of its own revision; elsewhere 412.
    """
    place.witness.meanwhile("PUT", lambda: place.write(counter, {"count": 6, "ids": []}))
    assert session.update(counter, count)["count"] == 7
    assert place.read(counter)["count"] == 7
    assert [seen.status for seen in writes(place)] == [200 if place.kind.compares_content else 412, 200]


def test_a_change_that_another_has_made_ends_without_a_write(place, session, counter):
    """It is as asked for, and change finds nothing more to do."""
    place.witness.meanwhile("PUT", lambda: place.write(counter, {"count": 5, "ids": [], "mail": "new"}))
    result = session.update(counter, lambda d: d | {"mail": "new"})
    assert result == place.read(counter)
    assert len(writes(place)) == 1


@pytest.mark.parametrize("change", [count_with_mark, lambda d: d | {"count": 6}], ids=["mark", "set"])
def test_a_write_delivered_twice_is_one_write(place, session, counter, change):
    """A gateway repeats it and hands out the second answer, which speaks of a conflict that is none."""
    place.witness.faults.append(Fault(method="PUT", twice=True))
    result = session.update(counter, change)
    assert result["count"] == 6
    assert result == place.read(counter)
    assert len(writes(place)) == 1


#: A write that comes to nothing, as far as its writer can see.
LOST = (
    {"connection": "drop"},
    {"connection": "reset"},
    {"connection": "truncate"},
    {"connection": "headers"},
    {"status": 500},
    {"status": 502},
    {"status": 503},
    {"status": 504},
)


def test_lost_before_the_commit(place, session, counter):
    """Nobody has written since: the same document goes out again, and change is not called again."""
    for number, fault in enumerate(LOST):
        calls = []
        place.witness.faults.append(Fault(method="PUT", **fault))
        assert session.update(counter, lambda d, calls=calls: calls.append(1) or count(d))["count"] == 6 + number, fault
        assert len(calls) == 1, fault
        first, second = writes(place)[-2:]
        assert (first.body, first.match) == (second.body, second.match), fault
    assert place.read(counter)["count"] == 5 + len(LOST)


def test_lost_after_the_commit_with_a_mark(place, session, counter):
    """Our id is there: it has arrived, and nothing is written again."""
    for number, fault in enumerate(LOST):
        place.witness.faults.append(Fault(method="PUT", commit=True, **fault))
        result = session.update(counter, count_with_mark)
        assert result == place.read(counter), fault
        assert result["count"] == 6 + number, fault
    assert len(writes(place)) == len(LOST)


def test_lost_after_the_commit_with_nothing_more_to_do(place, session, counter):
    """Whoever wrote it, it is as asked for."""
    place.witness.faults.append(Fault(method="PUT", commit=True, connection="drop"))
    assert session.update(counter, lambda d: d | {"mail": "new"})["mail"] == "new"
    assert len(writes(place)) == 1


def test_a_plain_counter_after_a_lost_answer_is_ambiguous(place, session, counter):
    """6 may be ours or another's: both documents are at hand, and nothing is written again."""
    place.witness.faults.append(Fault(method="PUT", commit=True, status=502))
    with pytest.raises(AmbiguousWrite) as caught:
        session.update(counter, count)
    assert caught.value.sent["count"] == 6
    assert caught.value.found == place.read(counter)
    assert caught.value.found["count"] == 6
    assert caught.value.__cause__.status_code == 502
    assert len(writes(place)) == 1


@TYPICAL
@pytest.mark.parametrize("commit", [True, False])
def test_lost_and_something_else_is_there(place, session, counter, commit):
    """Another has written: whether over ours or instead of it cannot be told."""
    place.witness.faults.append(Fault(method="PUT", commit=commit, connection="drop"))
    place.witness.meanwhile("GET", lambda: place.write(counter, {"count": 100, "ids": []}), after=1)
    with pytest.raises(AmbiguousWrite) as caught:
        session.update(counter, count)
    assert (caught.value.sent["count"], caught.value.found["count"]) == (6, 100)
    assert place.read(counter)["count"] == 100


@TYPICAL
def test_lost_and_overwritten_by_one_who_kept_our_mark(place, session, counter):
    """A later writer has gone on from ours: it has arrived, and his is not undone."""

    def go_on():
        document = place.read(counter)
        place.write(counter, {"count": document["count"] + 10, "ids": document["ids"]})

    place.witness.faults.append(Fault(method="PUT", commit=True, connection="drop"))
    place.witness.meanwhile("GET", go_on, after=1)
    assert session.update(counter, count_with_mark)["count"] == 16
    assert place.read(counter)["count"] == 16


@TYPICAL
@pytest.mark.parametrize("commit", [True, False])
def test_lost_and_gone(place, session, counter, commit):
    """Deleted before or after our write: nobody knows, and it is not created anew."""
    place.witness.faults.append(Fault(method="PUT", commit=commit, connection="drop"))
    place.witness.meanwhile("GET", lambda: place.delete(counter), after=1)
    with pytest.raises(AmbiguousWrite) as caught:
        session.update(counter, count)
    assert caught.value.found is None
    assert not place.exists(counter)


@TYPICAL
def test_lost_and_the_read_back_fails_too(place, session, counter):
    """Found is None, and the failure is the cause."""
    place.witness.faults += [Fault(method="PUT", commit=True, status=504), Fault(method="GET", after=1, status=403)]
    with pytest.raises(AmbiguousWrite) as caught:
        session.update(counter, count)
    assert caught.value.found is None
    assert isinstance(caught.value.__cause__, Forbidden)


@pytest.mark.parametrize("change", [count, count_with_mark], ids=["plain", "mark"])
def test_the_first_sending_may_land_late(place, session, counter, change):
    """
    Lost, sent again, and then both arrive: the second is told of a conflict with the first.

    Its own mark tells so; without one it is ambiguous. In no case does it count twice.
    """

    def land():
        first = writes(place)[0]
        headers = {"Content-Type": "application/json", "If-Match": first.match}
        place.ask("PUT", counter, data=first.body, headers=headers).raise_for_status()

    place.witness.faults.append(Fault(method="PUT", connection="drop"))
    place.witness.meanwhile("PUT", land, after=1)
    if change is count:
        with pytest.raises(AmbiguousWrite):
            session.update(counter, change)
    else:
        assert session.update(counter, change)["count"] == 6
    assert place.read(counter)["count"] == 6


@TYPICAL
def test_an_answer_cut_short_is_lost(place, session, counter):
    """A 200 without revision and document may be what is left of an echo."""
    place.witness.faults.append(Fault(method="PUT", status=200))
    assert session.update(counter, count)["count"] == 6
    assert len(writes(place)) == 2


@TYPICAL
def test_a_read_that_breaks_is_repeated(place, session, counter):
    """Reading is harmless: whatever is left of an answer, it is asked for again."""
    for fault in ({"status": 200}, {"connection": "truncate", "commit": True}, {"connection": "headers"}):
        place.witness.faults.append(Fault(method="GET", **fault))
        before = place.read(counter)["count"]
        assert session.update(counter, count)["count"] == before + 1, fault
    assert len(writes(place)) == 3


@TYPICAL
def test_a_read_that_fails_is_raised(place, counter):
    """Nothing was written: the read's own error."""
    place.witness.faults.append(Fault(method="GET", status=503, times=9))
    with pytest.raises(ServiceUnavailable):
        place.session(retries=0).update(counter, count)
    assert writes(place) == []


@TYPICAL
def test_a_refusal_is_raised(place, counter):
    """As its own exception, at once, whatever raise_for_status says."""
    session = place.session(raise_for_status=False)
    for status in (400, 403, 409, 501):
        place.witness.faults.append(Fault(method="PUT", status=status))
        with pytest.raises(AICError) as caught:
            session.update(counter, count)
        assert caught.value.status_code == status
    with pytest.raises(NotFound):
        session.update(place.path(), count)
    assert len(writes(place)) == 4
    assert place.read(counter)["count"] == 5


@TYPICAL
def test_the_callers_exception_passes(place, session, counter):
    """And nothing is written."""
    with pytest.raises(ZeroDivisionError):
        session.update(counter, lambda d: 1 / 0)
    with pytest.raises(ValueError, match="_id"):
        session.update(counter, lambda d: d | {"_id": "other"})
    assert writes(place) == []


def test_a_missing_resource_is_created(place, session):
    """Without missing= it is NotFound; with it, it is created under If-None-Match: *, and the caller's stays his."""
    path, start = place.path(), {"count": 0}
    with pytest.raises(NotFound):
        session.update(path, count)
    result = session.update(path, count, missing=start)
    assert (result, result["count"], start) == (place.read(path), 1, {"count": 0})
    assert [(seen.match, seen.none_match) for seen in writes(place)] == [(None, "*")]
    assert session.update(path, count, missing=start)["count"] == 2


def test_missing_with_a_change_that_changes_nothing_still_creates(place, session):
    """It was not there."""
    path = place.path()
    assert session.update(path, lambda d: None, missing={"count": 3}) == place.read(path)
    assert place.read(path)["count"] == 3


def test_somebody_creates_it_first(place, session):
    """Then change starts from what he has created."""
    path = place.path()
    place.witness.meanwhile("PUT", lambda: place.create({"count": 40}, path))
    assert session.update(path, count, missing={"count": 0})["count"] == 41


def test_somebody_deletes_it_meanwhile(place, session, counter):
    """Between read and write: NotFound, or created anew where missing= allows it."""
    place.witness.meanwhile("PUT", lambda: place.delete(counter))
    with pytest.raises(NotFound):
        session.update(counter, count)
    assert not place.exists(counter)
    place.create({"count": 7}, counter)
    place.witness.meanwhile("PUT", lambda: place.delete(counter))
    assert session.update(counter, count, missing={"count": 0})["count"] == 1


@pytest.mark.parametrize("commit", [True, False])
def test_a_lost_create(place, session, commit):
    """Read back: there with our mark, or not there and sent again; once in either case."""
    path = place.path()
    place.witness.faults.append(Fault(method="PUT", commit=commit, connection="drop"))
    assert session.update(path, count_with_mark, missing={"count": 0, "ids": []})["count"] == 1
    assert len(place.read(path)["ids"]) == 1
    assert len(writes(place)) == 2 - commit


@TYPICAL
def test_an_html_404_is_not_missing(place, session, counter):
    """A server that is starting up says it of resources that are there: nothing is created over them."""
    html = (("Content-Type", "text/html"),)
    place.witness.faults.append(Fault(method="GET", status=404, headers=html, body=b"<html>starting</html>"))
    with pytest.raises(NotFound):
        session.update(counter, count, missing={"count": 0})
    assert writes(place) == []


@pytest.mark.parametrize("theirs", [10, 1], ids=["conflict", "echo"])
def test_giving_up_raises_the_conflict(place, session, counter, theirs):
    """After so many attempts: PreconditionFailed, stale; after an echo, which was a 200 on the wire, too."""

    def interfere():
        place.write(counter, {"count": place.read(counter)["count"] + theirs, "ids": []})

    for number in range(2):
        place.witness.meanwhile("PUT", interfere, after=number)
    with pytest.raises(PreconditionFailed) as caught:
        session.update(counter, count, attempts=2)
    assert caught.value.cause_of_failure == "stale"
    assert caught.value.sent == {"If-Match": writes(place)[-1].match}
    assert place.read(counter)["count"] == 5 + 2 * theirs
    assert len(writes(place)) == 2


@TYPICAL
def test_giving_up_in_doubt_is_ambiguous(place, session, counter):
    """What was sent may still land."""
    place.witness.faults.append(Fault(method="PUT", connection="drop", times=9))
    with pytest.raises(AmbiguousWrite) as caught:
        session.update(counter, count, attempts=3)
    assert isinstance(caught.value.__cause__, requests.ConnectionError)
    assert caught.value.found["count"] == 5
    assert len(writes(place)) == 3


@TYPICAL
def test_no_write_is_begun_after_the_deadline(place, session, counter):
    """A conflict after it is the last word."""
    place.witness.faults.append(Fault(method="PUT", delay=0.1))
    place.witness.meanwhile("PUT", lambda: place.write(counter, {"count": 50, "ids": []}))
    with pytest.raises(PreconditionFailed):
        session.update(counter, count, deadline=0.05)
    assert len(writes(place)) == 1


@places(lambda kind: not kind.revisioned, WITHOUT_REVISION)
def test_without_a_revision_nothing_can_be_guarded(place, session, counter):
    """Refused with an explanation, nothing written; where nothing is to be changed there is nothing to guard either."""
    with pytest.raises(ValueError, match="no revision"):
        session.update(counter, count)
    assert writes(place) == []
    assert place.read(counter)["count"] == 5


@TYPICAL
def test_options_reach_read_and_write(place, session, counter):
    """Headers, params and auth go with both, and with the read after a conflict."""
    place.witness.meanwhile("PUT", lambda: place.write(counter, {"count": 50, "ids": []}))
    session.update(
        counter, count, headers={"Accept-API-Version": "resource=1.0"}, params={"realm": "alpha"}, auth=("a", "b")
    )
    assert len(place.sent) == 4
    for seen in place.sent:
        assert seen.path == f"{counter}?realm=alpha"
        assert seen.header("Accept-API-Version") == "resource=1.0"
        assert seen.header("Authorization").startswith("Basic ")


@TYPICAL
def test_it_works_without_a_store_and_with_a_shared_one(place, counter):
    """Conditional reads are no part of it."""
    store = MemoryStore()
    for given in (None, store, store):
        place.session(store=given).update(counter, count)
    assert place.read(counter)["count"] == 8


@TYPICAL
def test_documents_of_all_kinds_survive(place, session):
    """What change does not touch is written back as it was: letters, numbers, nests, and a mebibyte of text."""
    content = {"text": 'é 日本 😀 "\\', "list": [1, None, True, 2.5], "nested": {"a": {"b": []}}, "": ""}
    for name, size in (("a b", 10), ("a/b", 10), ("日本", 2**20)):
        stored = content | {"long": "x" * size}
        path = place.create({"count": 5, **stored}, place.path(name))
        session.update(path, count)
        document = place.read(path)
        assert {key: document[key] for key in stored} == stored, name
        assert (document["_id"], document["count"]) == (name, 6)


def in_threads(number, work):
    threads = [threading.Thread(target=work, args=(one,)) for one in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_sixteen_writers_lose_nothing(place, counter):
    """Each increment counts once, whatever is compared first, whether the writers share a session or not."""
    shared = place.session()
    each = [shared] * 8 + [place.session() for _ in range(8)]
    in_threads(16, lambda one: each[one].update(counter, count, attempts=500, deadline=None))
    assert place.read(counter)["count"] == 21


def test_sixteen_writers_over_a_bad_line(place, counter):
    """
    Answers lost before and after the commit, connections broken, and others writing all the time.

    Each increment that was acknowledged is in, once; what is in besides was reported as ambiguous.
    """
    for number, fault in enumerate(LOST):
        for commit in (True, False):
            place.witness.faults.append(Fault(method="PUT", after=number, commit=commit, **fault))
    session = place.session()
    told = []

    def work(_):
        try:
            session.update(counter, count_with_mark, attempts=500, deadline=None)
        except AmbiguousWrite:
            told.append("ambiguous")
        else:
            told.append("done")

    in_threads(16, work)
    document = place.read(counter)
    assert document["count"] - 5 == len(document["ids"]) == len(set(document["ids"]))
    assert told.count("done") <= len(document["ids"]) <= len(told) == 16
    assert "done" in told
