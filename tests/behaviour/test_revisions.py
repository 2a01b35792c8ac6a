"""Which revision a write goes out under, and what the server says to it."""

import threading

import pytest
import requests

from aic_requests import AICError, NotFound, PreconditionFailed, maybe_applied
from aic_requests.testing import Fault

from .place import TYPICAL, WITHOUT_REVISION, places

REPLACE = [{"operation": "replace", "field": "/n", "value": 9}]
#: A method, and a body that changes something.
WRITES = pytest.mark.parametrize(("method", "body"), [("PUT", {"n": 9}), ("PATCH", REPLACE), ("DELETE", None)])
#: Where the first write answers with a new revision instead of the end.
REPLACEMENTS = pytest.mark.parametrize(("method", "body"), [("PUT", {"n": 9}), ("PATCH", REPLACE)])


def guards(place, method):
    """What the writes of one method went out under."""
    return [seen.match for seen in place.witness.asked(method)]


def in_another_thread(action, *arguments, **options):
    thread = threading.Thread(target=action, args=arguments, kwargs=options)
    thread.start()
    thread.join()


@WRITES
def test_a_write_goes_out_under_what_this_thread_read(place, session, method, body):
    """Without the quotes' content being touched, and without a compressing server's suffix; and it is carried out."""
    path = place.create({"n": 1})
    tag = place.tag(path)
    session.get(path)
    assert session.request(method, path, json=body).status_code == 200
    assert guards(place, method) == [tag]
    assert (place.read(path)["n"] == 9) if body else not place.exists(path)


@WRITES
def test_what_somebody_else_has_changed_is_not_overwritten(place, session, method, body):
    """412, stale: nothing is written, nothing is sent again, and reading again is the cure."""
    path = place.create({"n": 1})
    tag = place.tag(path)
    session.get(path)
    place.write(path, {"n": 2})
    for _ in range(2):
        with pytest.raises(PreconditionFailed) as caught:
            session.request(method, path, json=body)
        assert (caught.value.cause_of_failure, caught.value.sent) == ("stale", {"If-Match": tag})
        assert place.read(path)["n"] == 2
    assert guards(place, method) == [tag, tag]
    assert session.get(path).json()["n"] == 2
    assert session.request(method, path, json=body).status_code == 200


@WRITES
def test_what_was_never_read_goes_out_without(place, session, method, body):
    """Nothing is invented: another resource's reading, or a query's, is not this one's."""
    path, other = place.create({"n": 1}), place.create({"n": 1})
    session.get(other)
    session.get(place.collection, params={"_queryFilter": "true"})
    assert session.request(method, path, json=body).status_code == 200
    assert guards(place, method) == [None]


def test_several_writes_after_one_reading(place, session):
    """Each goes out under the revision that the one before has made; somebody else's ends it."""
    path = place.create({"n": 1})
    tags = [place.tag(path)]
    session.get(path)
    for n in (2, 3):
        session.put(path, json={"n": n})
        tags.append(place.tag(path))
        session.patch(path, json=[{"operation": "replace", "field": "/n", "value": n * 10}])
        tags.append(place.tag(path))
    assert len(set(tags)) == 5
    assert [seen.match for seen in place.sent if seen.method != "GET"] == tags[:-1]
    place.write(path, {"n": 100})
    with pytest.raises(PreconditionFailed):
        session.delete(path)
    assert place.read(path)["n"] == 100


def test_reading_again_after_a_304_teaches_too(place, session):
    """What is served from memory is as current as what was sent."""
    path = place.create({"n": 1})
    session.get(path)
    session.get(path)
    session.put(path, json={"n": 2})
    assert place.read(path)["n"] == 2
    assert guards(place, "PUT")[0] is not None


@REPLACEMENTS
def test_another_threads_reading_is_not_mine(place, session, method, body):
    """The code that writes here has not seen it; once it has read it too, from the store or not, it has."""
    path = place.create({"n": 1})
    tag = place.tag(path)
    in_another_thread(session.get, path)
    session.request(method, path, json=body)
    tags = [None, place.tag(path)]
    assert tags[1] != tag
    in_another_thread(session.get, path)
    assert session.get(path).from_cache is place.kind.tagged
    session.delete(path)
    assert [seen.match for seen in place.sent if seen.method != "GET"] == tags


def test_another_principals_reading_is_not_mine(place, session):
    """He may have seen other fields."""
    for other in (
        {"headers": {"Authorization": "Bearer bob"}},
        {"auth": ("bob", "pw")},
        {"headers": {"iPlanetDirectoryPro": "bob"}},
        {"headers": {"X-OpenIDM-RunAs": "bob"}},
    ):
        path = place.create({"n": 1})
        tag = place.tag(path)
        session.get(path, **other)
        session.patch(path, json=REPLACE)
        with pytest.raises(PreconditionFailed):
            session.patch(path, json=[{"operation": "replace", "field": "/n", "value": 10}], **other)
        assert guards(place, "PATCH")[-2:] == [None, tag], other


@places(lambda kind: kind.sets_cookies)
def test_a_cookie_does_not_make_another_principal(place, session):
    """The very answer that teaches sets one, and the next write goes out guarded."""
    del session.headers["X-OpenIDM-NoSession"]
    path = place.create({"n": 1})
    tag = place.tag(path)
    session.get(path)
    session.put(path, json={"n": 2})
    assert place.sent[-1].header("Cookie").startswith("session-jwt=")
    assert guards(place, "PUT") == [tag]


def test_the_documents_own_rev_comes_before_what_was_seen(place, session):
    """It says which state the document was made from: an older one is refused, and the error says whose it was."""
    path = place.create({"n": 1})
    old = session.get(path).json()
    place.write(path, {"n": 2})
    new = session.get(path).json()
    with pytest.raises(PreconditionFailed, match="document's own _rev") as caught:
        session.put(path, json=old | {"n": 3})
    assert (caught.value.cause_of_failure, caught.value.sent) == ("stale", {"If-Match": f'"{old["_rev"]}"'})
    assert place.read(path)["n"] == 2
    session.put(path, json=new | {"n": 3})
    assert place.read(path)["n"] == 3
    assert guards(place, "PUT") == [f'"{old["_rev"]}"', f'"{new["_rev"]}"']


def test_a_documents_rev_guards_where_nothing_was_read(place, session):
    """A document that came by another way, from a file or another thread."""
    path = place.create({"n": 1})
    document = place.read(path)
    session.put(path, json=document | {"n": 2})
    with pytest.raises(PreconditionFailed):
        place.session().put(path, json=document | {"n": 3})
    assert place.read(path)["n"] == 2


def test_a_document_of_what_is_gone(place, session):
    """404, and the message tells what else to try: drop _rev, or create."""
    path = place.create({"n": 1})
    document = place.read(path)
    place.delete(path)
    with pytest.raises(NotFound, match="document's own _rev"):
        session.put(path, json=document | {"n": 2})
    assert not place.exists(path)
    session.put(path, json={"n": 2})
    assert place.read(path)["n"] == 2


@TYPICAL
def test_a_rev_that_cannot_be_sent_is_an_error(place, session):
    """Nothing goes out, guarded or not; with the caller's own word it does."""
    path = place.create({"n": 1})
    for rev in ('6"', "6\r\nX-Evil: 1", "é"):
        with pytest.raises(ValueError, match="_rev"):
            session.put(path, json={"n": 2, "_rev": rev})
    assert place.sent == []
    session.put(path, json={"n": 2, "_rev": 'é"'}, headers={"If-Match": None})
    assert place.read(path)["n"] == 2


@TYPICAL
def test_a_rev_that_is_no_text_is_none(place, session):
    """Then what this thread saw counts."""
    path = place.create({"n": 1})
    tag = place.tag(path)
    session.get(path)
    session.put(path, json={"n": 2, "_rev": 7})
    assert guards(place, "PUT") == [tag]


def test_the_callers_header_wins(place, session):
    """Over the document and over what was seen, in any spelling; None means none this time: the last writer wins."""
    path = place.create({"n": 1})
    document = session.get(path).json()
    place.write(path, {"n": 2})
    now = place.tag(path)
    session.put(path, json=document | {"n": 3}, headers={"if-match": now})
    session.put(path, json=document | {"n": 4}, headers={"If-Match": "*"})
    session.put(path, json=document | {"n": 5}, headers={"If-Match": None})
    assert place.read(path)["n"] == 5
    session.patch(path, json=REPLACE, headers={"IF-MATCH": None})
    assert place.read(path)["n"] == 9
    with pytest.raises(PreconditionFailed) as caught:
        session.put(path, json={"n": 6}, headers={"If-Match": f'"{document["_rev"]}"'})
    assert caught.value.cause_of_failure == "stale"
    assert [seen.match for seen in place.sent if seen.method != "GET"] == [
        now,
        "*",
        None,
        None,
        f'"{document["_rev"]}"',
    ]


def test_a_create_under_if_none_match(place, session):
    """It never goes out with an If-Match, whatever was read or stands in the document; what is there is not touched."""
    path = place.path()
    answer = session.put(path, json={"n": 1}, headers={"If-None-Match": "*"})
    assert answer.status_code == 201
    document = session.get(path).json()
    with pytest.raises(PreconditionFailed) as caught:
        session.put(path, json=document | {"n": 2}, headers={"If-None-Match": "*"})
    assert (caught.value.cause_of_failure, caught.value.sent) == ("exists", {"If-None-Match": "*"})
    assert guards(place, "PUT") == [None, None]
    assert place.read(path)["n"] == 1
    session.put(path, json={"n": 3})
    assert place.read(path)["n"] == 3


def test_a_create_by_put_teaches(place, session):
    """The next write goes out under what it made."""
    path = place.path()
    session.put(path, json={"n": 1}, headers={"If-None-Match": "*"})
    tag = place.tag(path)
    place.write(path, {"n": 2})
    with pytest.raises(PreconditionFailed):
        session.put(path, json={"n": 3})
    assert guards(place, "PUT") == [None, tag]


@pytest.mark.parametrize("params", [{}, {"_action": "create"}])
def test_a_create_by_post_teaches_by_id(place, session, params):
    """
    Its path comes from _id, since Location may lack a part of it; the POST itself goes out without a condition.

    A compressing server may put its suffix into that tag too.
    """
    created = session.post(place.collection, params=params, json={"n": 1, "_rev": "7"})
    assert created.status_code == 201
    path = place.path(created.json()["_id"])
    tag = place.tag(path)
    session.patch(path, json=REPLACE)
    assert place.read(path)["n"] == 9
    assert (place.sent[0].match, place.sent[0].none_match) == (None, None)
    assert guards(place, "PATCH") == [tag]


def test_never_on_post(place):
    """CREST answers 412 to any condition on a create or an action, so none is sent, whatever was read there."""
    session = place.session(raise_for_status={412})
    path = place.create()
    session.get(path)
    for url in (path, f"{path}?_action=doIt", f"{place.collection}?_action=doIt"):
        session.post(url, json={"_rev": "7"})
        assert (place.sent[-1].match, place.sent[-1].none_match) == (None, None)


def test_rows_teach_nothing(place, session):
    """A row's _rev need not be the resource's: after a query a write goes out without."""
    path = place.create({"n": 1})
    rows = session.get(place.collection, params={"_queryFilter": "true"}).json()["result"]
    assert [row["_rev"] for row in rows] == [place.read(path)["_rev"]]
    session.put(path, json={"n": 2})
    session.patch(place.collection + "/" + rows[0]["_id"], json=REPLACE, headers={"If-Match": None})
    assert guards(place, "PUT") == [None]


@REPLACEMENTS
def test_an_answer_in_parts_teaches(place, session, method, body):
    """_fields changes the body and not the revision, of reads and of writes; nor does the spelling of the path."""
    path = place.create({"n": 1, "m": 2}, place.path("a:b~c"))
    tags = [place.tag(path)]
    session.get(f"{place.collection}/a:b%7Ec", params={"_fields": "m,_rev"})
    session.request(method, f"{path}?_fields=m,_rev", json=body)
    tags.append(place.tag(path))
    session.delete(path, params={"_fields": "m"})
    assert [seen.match for seen in place.sent if seen.method != "GET"] == tags


@TYPICAL
def test_a_streamed_read_teaches_its_tag(place, session):
    """The header is there before the body is read; where the revision stands in the body alone, nobody has seen it."""
    path = place.create({"n": 1})
    tag = place.tag(path)
    session.get(path, stream=True).close()
    session.put(path, json={"n": 2})
    assert guards(place, "PUT") == [tag if place.kind.tagged else None]


@TYPICAL
def test_without_a_store_writes_are_guarded_all_the_same(place):
    """Revisions are no cache."""
    session = place.session(store=None)
    path = place.create({"n": 1})
    session.get(path)
    place.write(path, {"n": 2})
    with pytest.raises(PreconditionFailed):
        session.put(path, json={"n": 3})
    session.cache_clear()
    assert place.read(path)["n"] == 2


@TYPICAL
def test_clearing_the_store_leaves_writes_guarded(place, session):
    """Nor are they lost with it."""
    path = place.create({"n": 1})
    tag = place.tag(path)
    session.get(path)
    session.cache_clear()
    session.close()
    session.put(path, json={"n": 2})
    assert guards(place, "PUT") == [tag]


def test_delete_forgets(place, session):
    """What is gone has no revision; created anew it starts without one."""
    path = place.create({"n": 1})
    tag = place.tag(path)
    session.get(path)
    assert session.delete(path).json()["n"] == 1
    session.put(path, json={"n": 2})
    assert [seen.match for seen in place.sent if seen.method != "GET"] == [tag, None]


def test_crests_404_forgets(place, session):
    """Somebody else has deleted it: once that was read, the next write creates it anew."""
    path = place.create({"n": 1})
    session.get(path)
    place.delete(path)
    with pytest.raises(NotFound):
        session.get(path)
    session.put(path, json={"n": 2})
    assert guards(place, "PUT") == [None]
    assert place.read(path)["n"] == 2


@TYPICAL
def test_another_404_forgets_nothing(place, session):
    """A server that is starting up says it of resources that are there."""
    path = place.create({"n": 1})
    tag = place.tag(path)
    session.get(path)
    for body in (b"<html>starting</html>", b""):
        html = (("Content-Type", "text/html"),)
        place.witness.faults.append(Fault(method="GET", status=404, headers=html, body=body))
        with pytest.raises(NotFound):
            session.get(path)
    session.put(path, json={"n": 2})
    assert guards(place, "PUT") == [tag]


@WRITES
def test_a_write_to_what_is_gone(place, session, method, body):
    """404 under a revision: nothing is created, and the revision is forgotten."""
    path = place.create({"n": 1})
    session.get(path)
    place.delete(path)
    with pytest.raises(NotFound):
        session.request(method, path, json=body)
    assert not place.exists(path)
    session.put(path, json={"n": 2})
    assert guards(place, "PUT")[-1] is None


@REPLACEMENTS
def test_writing_what_somebody_else_has_just_written(place, session, method, body):
    """
    The state is what was asked for, and the answer depends on what is compared first.

    Content first: 200, an echo of the stale revision, which teaches nothing: the next write is refused.
    Revisions first: 412 at once.
    """
    path = place.create({"n": 1})
    tag = place.tag(path)
    session.get(path)
    place.write(path, {"n": 9})
    if place.kind.compares_content:
        answer = session.request(method, path, json=body)
        assert (answer.status_code, answer.json()["n"]) == (200, 9)
        assert f'"{answer.json()["_rev"]}"' == tag != place.tag(path)
    else:
        with pytest.raises(PreconditionFailed):
            session.request(method, path, json=body)
    with pytest.raises(PreconditionFailed) as caught:
        session.put(path, json={"n": 10})
    assert caught.value.sent == {"If-Match": tag}
    assert place.read(path)["n"] == 9
    assert session.get(path).json() == place.read(path)
    session.put(path, json={"n": 10})
    assert place.read(path)["n"] == 10


@places(lambda kind: kind.compares_content and kind.tagged)
def test_an_echo_is_no_validator(place, session):
    """Its revision names no state: the next read is a plain one, and what it brings is kept."""
    path = place.create({"n": 1})
    session.get(path)
    session.put(path, json={"n": 1}, headers={"If-Match": '"12345"'})
    assert place.sent[-1].answered("ETag") == '"12345"'
    response = session.get(path)
    assert (place.sent[-1].none_match, response.json()) == (None, place.read(path))
    assert session.get(path).from_cache


def test_an_any_match_teaches_what_it_made(place, session):
    """A star is no revision; the answer's is."""
    path = place.create({"n": 1})
    session.put(path, json={"n": 2}, headers={"If-Match": "*"})
    tag = place.tag(path)
    session.put(path, json={"n": 3})
    assert guards(place, "PUT") == ["*", tag]


def test_a_write_whose_answer_is_lost_is_not_repeated(place, session):
    """It may have been carried out, and who asks is told so; the guard still is what was read."""
    for fault in (
        {"connection": "drop"},
        {"connection": "drop", "commit": True},
        {"connection": "reset", "commit": True},
        {"status": 502},
        {"status": 503, "commit": True},
        {"status": 504, "commit": True},
    ):
        path = place.create({"n": 1})
        tag = place.tag(path)
        session.get(path)
        before = len(place.sent)
        place.witness.faults.append(Fault(method="PUT", **fault))
        with pytest.raises(requests.RequestException) as caught:
            session.put(path, json={"n": 2})
        assert maybe_applied(caught.value), fault
        if fault.get("commit"):
            with pytest.raises(PreconditionFailed):
                session.put(path, json={"n": 3})
        else:
            session.put(path, json={"n": 3})
        assert [seen.match for seen in place.sent[before:]] == [tag, tag], fault
        assert place.read(path)["n"] == (2 if fault.get("commit") else 3), fault


@TYPICAL
def test_a_write_that_was_not_taken_is_sent_again(place, session):
    """429 says that nothing was done: the same goes out again, under the same revision."""
    path = place.create({"n": 1})
    tag = place.tag(path)
    session.get(path)
    place.witness.faults.append(Fault(method="PATCH", status=429, times=2, headers=(("Retry-After", "0"),)))
    session.patch(path, json=REPLACE)
    assert place.read(path)["n"] == 9
    assert guards(place, "PATCH") == [tag] * 3


@TYPICAL
def test_what_was_sent_can_be_seen(place, session):
    """The response's request shows the condition, and the caller's own prepared request does not."""
    path = place.create({"n": 1})
    tag = place.tag(path)
    session.get(path)
    prepared = session.prepare_request(requests.Request("PUT", path, json={"n": 2}))
    assert session.send(prepared).request.headers["If-Match"] == tag
    assert "If-Match" not in prepared.headers


def test_any_id_is_guarded(place, session):
    """Whatever has to be percent-encoded."""
    for name in ("a b", "a/b", "日本:é"):
        path = place.create({"n": 1}, place.path(name))
        tag = place.tag(path)
        session.get(path)
        session.put(path, json={"n": 2})
        assert place.sent[-1].match == tag, name
        place.write(path, {"n": 3})
        with pytest.raises(PreconditionFailed):
            session.delete(path)


@places(lambda kind: kind.takes_ids)
def test_a_create_by_post_teaches_any_id(place, session):
    """The id of the body, percent-encoded, is the path of the next write."""
    for name in ("a b", "a/b", "é", "a:b"):
        session.post(place.collection, json={"_id": name, "n": 1})
        path = place.path(name)
        tag = place.tag(path)
        session.delete(path)
        assert place.sent[-1].match == tag, name


@TYPICAL
def test_large_documents_are_guarded_too(place, session):
    """A mebibyte there and back."""
    path = place.create({"text": "x" * 2**20})
    document = session.get(path).json()
    session.put(path, json=document | {"n": 1})
    assert place.read(path)["text"] == "x" * 2**20
    with pytest.raises(PreconditionFailed):
        session.put(path, json=document | {"n": 2})


def test_sixteen_threads_write_over_nothing_they_have_not_seen(place, session):
    """
    Each reads and writes what nobody else would write; every 200 is in, every other one is a 412.

    Then no write has gone over another: there are as many marks as there were successes.
    """
    path = place.create({"marks": []})
    done = []

    def work(number):
        for turn in range(2):
            document = session.get(path).json()
            try:
                session.put(path, json={"marks": [*document["marks"], f"{number}.{turn}"]})
            except PreconditionFailed as error:
                assert error.cause_of_failure == "stale"
            else:
                done.append(f"{number}.{turn}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(place.read(path)["marks"]) == sorted(done)
    assert done
    assert [seen.status for seen in place.witness.asked("PUT")].count(200) == len(done)


@places(lambda kind: not kind.revisioned, WITHOUT_REVISION)
@WRITES
def test_without_a_revision_nothing_is_guarded(place, session, method, body):
    """Reads are in full, writes go out bare, and the last one wins: there is nothing to send."""
    path = place.create({"n": 1})
    for _ in range(2):
        assert session.get(path).json()["n"] == 1
    place.write(path, {"n": 2})
    session.request(method, path, json=body)
    assert [(seen.match, seen.none_match) for seen in place.sent] == [(None, None)] * 3


def test_a_malformed_or_weak_condition_is_the_callers_affair(place, session):
    """It goes out as it is, nothing is written, and it is an error: which one is the server's to say."""
    path = place.create({"n": 1})
    for condition in ('W/"0"', '"abc"', '"1", "2"'):
        with pytest.raises(AICError) as caught:
            session.put(path, json={"n": 2}, headers={"If-Match": condition})
        assert caught.value.status_code in (409, 412, 500)
        assert place.sent[-1].match == condition
    assert place.read(path)["n"] == 1
