"""The genuine server told to fail by itself, and a session that speaks to it without anything between."""

import threading
import uuid

import pytest
import requests
from requests.auth import AuthBase

from aic_requests import AICSession, AmbiguousWrite, BadGateway, PreconditionFailed, ServiceUnavailable, maybe_applied

from .place import places

GENUINE = places(lambda kind: kind.profile is None)


class Faulty(AuthBase):
    """
    Asks for a fault with every request of one method, the way an auth signs it.

    Args:
        what: As the genuine server reads it; ``times=`` are counted for this object alone.
    """

    def __init__(self, what, *, method="PUT"):
        self.what = f"{what};key={uuid.uuid4()}"
        self.method = method

    def __call__(self, request):
        if request.method == self.method:
            request.headers["X-Fault"] = self.what
        return request


@pytest.fixture
def direct(place):
    """A session without a witness."""
    with AICSession(place.server) as session:
        yield session


@pytest.fixture
def path(place):
    """A counter at 5."""
    return place.create({"count": 5, "ids": []})


def count(document):
    document["count"] += 1


def count_with_mark(document):
    return document | {"count": document["count"] + 1, "ids": [*document["ids"], str(uuid.uuid4())]}


@GENUINE
@pytest.mark.parametrize("what", ["drop", "status=502"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_write_whose_answer_is_lost(place, direct, path, what, when):
    """It may have been carried out, or not; it is not sent again, and who has a right revision finds out."""
    document = direct.get(path).json()
    changed = document | {"count": 6}
    with pytest.raises((requests.ConnectionError, BadGateway)) as caught:
        direct.put(path, json=changed, auth=Faulty(f"{what};when={when}"))
    assert maybe_applied(caught.value)
    assert place.read(path)["count"] == (6 if when == "after" else 5)
    if when == "after":
        with pytest.raises(PreconditionFailed):
            direct.put(path, json=changed)
    else:
        direct.put(path, json=changed)
    assert direct.get(path).json() == place.read(path)


@GENUINE
@pytest.mark.parametrize("what", ["drop", "drop;when=after", "status=503;retry-after=0", "status=502;when=after"])
def test_a_read_that_goes_wrong_is_asked_again(place, direct, path, what):
    """As often as it takes, up to four times; what came in the end is kept as any other."""
    auth = Faulty(f"{what};times=4", method="GET")
    response = direct.get(path, auth=auth)
    assert (response.json(), response.from_cache) == (place.read(path), False)
    assert direct.get(path, auth=auth).from_cache is place.kind.tagged


@GENUINE
def test_a_server_that_stays_away_is_an_error(direct, path):
    """The fifth 503 is the caller's, with what it says of the time."""
    with pytest.raises(ServiceUnavailable) as caught:
        direct.get(path, auth=Faulty("status=503;retry-after=1", method="GET"))
    assert caught.value.retry_after == 1.0


@GENUINE
def test_half_a_body_is_not_kept(place, direct, path):
    """
    It is an error, and the next read is whole.

    Behind a compressing server half a body arrives in good order, and only the JSON in it ends too early.
    """
    auth = Faulty("truncate;times=1", method="GET")
    if place.kind.compresses:
        with pytest.raises(requests.exceptions.JSONDecodeError):
            direct.get(path, auth=auth).json()
    else:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            direct.get(path, auth=auth)
    assert direct.cache_info().entries == 0
    response = direct.get(path, auth=auth)
    assert (response.json(), response.from_cache) == (place.read(path), False)


@places(lambda kind: kind.profile is None and not kind.compresses)
@pytest.mark.parametrize(("etag", "hits"), [('"{rev}-gzip"', True), ('W/"{rev}"', False), ("no tag", False)])
def test_what_is_in_front_rewrites_the_tag(place, direct, path, etag, hits):
    """
    A coding suffix comes off; a weak tag asks in vain, and what is no tag not at all.

    That may cost a body and never the guard of a write, which takes the _rev of the body then.
    """
    tag = place.tag(path)
    direct.headers["X-Fault"] = "etag=" + etag.replace("{rev}", tag.strip('"'))
    direct.get(path)
    response = direct.get(path)
    assert (response.json(), response.from_cache) == (place.read(path), hits and place.kind.tagged)
    assert direct.put(path, json={"count": 6}).request.headers["If-Match"] == tag
    assert place.read(path)["count"] == 6


@GENUINE
@pytest.mark.parametrize("what", ["drop", "status=500", "status=502", "status=504"])
def test_update_over_lost_answers(place, direct, path, what):
    """Lost before the commit it is sent again, lost after it our mark is found: once in either case."""
    for number, when in enumerate(("before", "after"), 1):
        auth = Faulty(f"{what};when={when};times=1")
        result = direct.update(path, count_with_mark, auth=auth)
        assert result == place.read(path)
        assert (result["count"], len(result["ids"])) == (5 + number, number)


@GENUINE
def test_update_without_a_mark_is_ambiguous(place, direct, path):
    """6 may be another's: nothing is written again, and both documents are at hand."""
    with pytest.raises(AmbiguousWrite) as caught:
        direct.update(path, count, auth=Faulty("drop;when=after;times=1"))
    assert (caught.value.sent["count"], caught.value.found) == (6, place.read(path))
    assert place.read(path)["count"] == 6


@GENUINE
def test_update_when_the_answer_does_not_come_in_time(place, direct, path):
    """The first sending lands late, beside the second one: it counts once all the same."""
    auth = Faulty("delay=0.4;times=1")
    result = direct.update(path, count_with_mark, auth=auth, timeout=(5, 0.2))
    assert (result["count"], len(result["ids"])) == (6, 1)
    # The server works on it after we have hung up.
    threading.Event().wait(0.5)
    assert place.read(path) == result


@GENUINE
def test_a_read_that_does_not_come_in_time_is_the_callers(direct, path):
    """A time-out will not get better by asking again."""
    with pytest.raises(requests.ReadTimeout):
        direct.get(path, auth=Faulty("delay=0.4;times=1", method="GET"), timeout=(5, 0.2))
    assert direct.get(path).json()["count"] == 5


@GENUINE
def test_nine_writers_over_a_bad_line(place, direct, path):
    """The server drops and refuses, before and after the commit: what was acknowledged is in, once."""
    told = []

    def work(what):
        try:
            direct.update(path, count_with_mark, attempts=500, deadline=None, auth=Faulty(f"{what};times=2"))
        except AmbiguousWrite:
            told.append("ambiguous")
        else:
            told.append("done")

    faults = [f"{what};when={when}" for what in ("drop", "status=502", "status=503") for when in ("before", "after")]
    threads = [threading.Thread(target=work, args=(what,)) for what in [*faults, "delay=0.05", "delay=0", "delay=0"]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    document = place.read(path)
    assert document["count"] - 5 == len(document["ids"]) == len(set(document["ids"]))
    assert told.count("done") <= len(document["ids"]) <= len(told) == 9
    assert "done" in told
