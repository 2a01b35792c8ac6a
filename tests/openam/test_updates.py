"""``session.update`` against AM: what it guards, and what the server does not let it guard."""

import threading

import pytest

from aic_requests import AmbiguousWrite, BadRequest, PreconditionFailed
from aic_requests.transport import Transport

from .conftest import new_url, site_of
from .signing_in import session_of
from .test_writes import SCOPES, at_once, client, client_of

__all__ = ["client"]

WRITERS = 6
MARKS = 3


class OneWriteAtATime(Transport):
    """Lets no two PUTs be at the server at once; reads come and go between them."""

    def __init__(self, turn):
        super().__init__()
        self._turn = turn

    def send(self, request, *args, **kwargs):
        if request.method != "PUT":
            return super().send(request, *args, **kwargs)
        with self._turn:
            return super().send(request, *args, **kwargs)


def secondary(mark):
    """A change of a site, which takes only what can be written of it. Done twice it is done once."""

    def change(document):
        if mark in document["secondaryURLs"]:
            return None
        return {"url": document["url"], "secondaryURLs": [*document["secondaryURLs"], mark]}

    return change


def written_by_many(openam, token, path, change, turn=None):
    """Every writer's every change, one session a writer: the marks of what update() says is in, and the others."""
    marks = [[new_url() for _ in range(MARKS)] for _ in range(WRITERS)]
    doubtful = set()

    def write(number):
        with session_of(openam, token) as session:
            if turn is not None:
                session.mount("http://", OneWriteAtATime(turn))
            for mark in marks[number]:
                try:
                    stored = session.update(path, change(mark), attempts=60, deadline=120)
                    # Alone at the server, the answer shows this very write; else it may show a later one.
                    assert turn is None or mark in stored["secondaryURLs"]
                except AmbiguousWrite:
                    # Writes that meet inside OpenAM are now and then its 500 "Could not update site".
                    doubtful.add(mark)

    at_once(WRITERS, write)
    return {mark for some in marks for mark in some} - doubtful, doubtful


def test_a_guarded_resource_loses_nothing(openam, admin, admin_token, site):
    """Sites: every writer's every change is in, once, though all of them met all the time."""
    marks, doubtful = written_by_many(openam, admin_token, site, secondary, threading.Lock())
    kept = admin.get(site).json()["secondaryURLs"]
    assert not doubtful
    assert sorted(kept) == sorted(marks)
    assert len(kept) == WRITERS * MARKS


def test_the_guard_has_a_gap(openam, admin, admin_token, site, observe):
    """
    OpenAM compares the revision and then writes: of two PUTs within the same milliseconds both may be told 200.

    So without the turns of the test above a change can get lost, and no client can know: what this shows is that
    nothing is doubled or invented, and how many are kept.
    """
    marks, doubtful = written_by_many(openam, admin_token, site, secondary)
    kept = admin.get(site).json()["secondaryURLs"]
    assert len(kept) == len(set(kept))
    assert set(kept) <= marks | doubtful
    assert kept
    observe(
        f"update() by {WRITERS} writers of one site, all at once: {len(set(kept) & marks)} of {len(marks)} changes "
        f"kept, {len(doubtful)} ambiguous"
    )


def test_several_may_win_under_one_revision(openam, admin, admin_token, site, observe):
    """The same gap in the open: eight PUTs under one If-Match; at least one is told 200, the others 412 or 500."""
    winners = []
    for _ in range(4):
        tag = admin.get(site).headers["ETag"]

        def write(number, tag=tag):
            body = site_of(site.rpartition("/")[2], new_url())
            with session_of(openam, admin_token, raise_for_status=False) as session:
                return session.put(site, json=body, headers={"If-Match": tag}).status_code

        said = at_once(8, write)
        assert set(said) <= {200, 412, 500}
        assert 200 in said
        winners.append((said.count(200), said.count(500)))
    observe(f"8 writers of one site under one If-Match, told 200 and 500: {winners}")


def test_an_unguarded_resource_keeps_the_last_writer(openam, admin, admin_token, client, observe):
    """Realm configuration ignores If-Match: update() is a plain read and write there, and the last one wins."""

    def scope(mark):
        def change(document):
            document[SCOPES] = [*document[SCOPES], f"[{len(document[SCOPES])}]={mark}"]

        return change

    marks, doubtful = written_by_many(openam, admin_token, client, scope)
    kept = {entry.partition("=")[2] for entry in admin.get(client).json()[SCOPES]} - {"profile"}
    assert not doubtful
    assert kept <= marks
    assert kept
    observe(f"update() by {WRITERS} writers of one client, unguarded: {len(kept)} of {len(marks)} changes kept")


def test_a_lost_update_in_slow_motion(admin, colleague, client):
    """The same with two who take turns: the second one's stale document is taken, the first one's change is gone."""

    def meanwhile(document):
        if "[1]=first" not in colleague.get(client).json()[SCOPES]:
            colleague.put(client, json=client_of("profile", "first"))
        document[SCOPES] = [*document[SCOPES], "[1]=second"]

    admin.update(client, meanwhile)
    assert sorted(admin.get(client).json()[SCOPES]) == ["[0]=profile", "[1]=second"]


def test_a_conflict_in_slow_motion(admin, colleague, site):
    """On a site the same two keep both: the second one is told, reads again, and changes what is there now."""
    seen = []
    first, second = new_url(), new_url()

    def change(document):
        seen.append(document["secondaryURLs"])
        if len(seen) == 1:
            colleague.update(site, secondary(first))
        return secondary(second)(document)

    assert set(admin.update(site, change)["secondaryURLs"]) == {first, second}
    assert seen == [[], [first]]


def test_giving_up_is_stale(admin, colleague, site):
    """Where others always come first, update() ends with the 412 and with their document in place."""
    mine = new_url()

    def change(document):
        colleague.update(site, secondary(new_url()))
        return secondary(mine)(document)

    with pytest.raises(PreconditionFailed) as caught:
        admin.update(site, change, attempts=2)
    assert caught.value.cause_of_failure == "stale"
    assert mine not in admin.get(site).json()["secondaryURLs"]


def test_a_site_has_fields_that_cannot_be_written_back(admin, site):
    """A change that returns the whole document is AM's 400: ``id`` and ``servers`` are its own."""
    with pytest.raises(BadRequest, match="Only url, secondaryURLs and _id are valid in write"):
        admin.update(site, lambda document: {**document, "secondaryURLs": [new_url()]})


def test_a_user_has_fields_that_cannot_be_written_back(admin, user):
    """A user's whole document is AM's 500 for its time stamps, said in as many words; the field alone is a 200."""

    def whole(document):
        document["mail"] = ["after@example.org"]

    with pytest.raises(AmbiguousWrite, match=r"500 Internal Server Error: PUT .*: Entry "):
        admin.update(user, whole, attempts=1)
    assert admin.get(user).json()["mail"] == ["before@example.org"]
    admin.update(user, lambda document: {"mail": ["after@example.org"]})
    assert admin.get(user).json()["mail"] == ["after@example.org"]


def test_a_change_that_changes_nothing_is_done(admin, site):
    """The site's answer repeats the revision (a hash of its content): read back, unmoved, done."""
    before = admin.get(site).json()
    assert admin.update(site, lambda document: site_of(site.rpartition("/")[2])) == before
