"""What a store is to its sessions: the same for each kind of store, on each kind of server."""

import pickle

import pytest

from aic_requests import PreconditionFailed

from ..every_store import BOUNDED, STORES
from .place import TYPICAL


@pytest.fixture(params=STORES)
def make(request, tmp_path):
    """Makes a store that holds so many bytes at most."""
    return lambda most=2**26: STORES[request.param](tmp_path, most)


bounded = pytest.mark.parametrize("make", BOUNDED, indirect=True)


def reads(place):
    return [seen.none_match for seen in place.witness.asked("GET")]


def test_two_sessions_share_what_either_has_read(place, make):
    """The same caller is found again; another one is not."""
    store = make()
    path = place.create()
    first, second = place.session(store=store), place.session(store=store)
    stranger = place.session(store=store, auth=("bob", "pw"))
    first.get(path)
    assert second.get(path).from_cache is place.kind.tagged
    assert stranger.get(path).from_cache is False
    asked = place.tag(path) if place.kind.tagged else None
    assert reads(place) == [None, asked, None]
    assert store.size().entries == (2 if place.kind.tagged else 0)


def test_a_write_by_one_session_is_seen_by_the_other(place, make):
    """It drops what both have; and what one has read guards the other no more than before."""
    store = make()
    path = place.create({"n": 1})
    first, second = place.session(store=store), place.session(store=store)
    first.get(path)
    second.get(path)
    first.put(path, json={"n": 2})
    assert store.size().entries == 0
    with pytest.raises(PreconditionFailed):
        second.put(path, json={"n": 3})
    assert second.get(path).json()["n"] == 2
    second.put(path, json={"n": 3})
    assert first.get(path).json() == place.read(path)


def test_a_hit_in_a_shared_store_teaches(place, make):
    """Who is served what another session has read has seen its revision."""
    store = make()
    path = place.create({"n": 1})
    tag = place.tag(path)
    place.session(store=store).get(path)
    second = place.session(store=store)
    assert second.get(path).from_cache is place.kind.tagged
    second.put(path, json={"n": 2})
    assert place.sent[-1].match == tag


@bounded
def test_a_store_that_is_too_small_forgets(place, make):
    """What has fallen out is read in full, and is right; the bound holds."""
    store = make(15_000)
    session = place.session(store=store)
    paths = [place.create({"n": n, "text": "x" * 4000}) for n in range(5)]
    for path in [*paths, *paths]:
        assert session.get(path).json() == place.read(path)
        assert store.size().bytes <= 15_000
    assert session.get(paths[-1]).from_cache is place.kind.tagged
    assert session.get(paths[0]).from_cache is False


@bounded
@TYPICAL
def test_what_does_not_fit_is_read_each_time(place, make):
    """Nor does it leave an older self behind."""
    store = make(3_000)
    session = place.session(store=store)
    path = place.create({"n": 1})
    session.get(path)
    place.write(path, {"n": 2, "text": "x" * 10_000})
    for _ in range(2):
        response = session.get(path)
        assert (response.json()["n"], response.from_cache) == (2, False)
    assert store.size().entries == 0
    place.write(path, {"n": 3})
    assert session.get(path).json()["n"] == 3


@TYPICAL
def test_a_closed_session_has_forgotten_and_works(place, make):
    """In memory what was read is gone with it; in any case the next reading is right."""
    store = make()
    path = place.create({"n": 1})
    with place.session(store=store) as session:
        session.get(path)
    place.write(path, {"n": 2})
    assert session.get(path).json()["n"] == 2
    session.get(path)
    assert session.cache_info().entries == int(place.kind.tagged)


@TYPICAL
def test_without_a_store_nothing_is_conditional(place):
    """store=None: plain reads."""
    session = place.session(store=None)
    path = place.create()
    for _ in range(2):
        assert session.get(path).from_cache is False
    assert reads(place) == [None, None]
    assert session.cache_info() == (0, 0, 0, 0, 0)


@TYPICAL
def test_a_pickled_session_goes_on(place, make):
    """It reads and guards as a new one does: what this thread has seen does not travel, nor does what was read."""
    session = place.session(store=make())
    path = place.create({"n": 1})
    session.get(path)
    with pickle.loads(pickle.dumps(session)) as twin:
        assert twin.get(path).json() == place.read(path)
        assert twin.get(path).from_cache is place.kind.tagged
        place.write(path, {"n": 2})
        with pytest.raises(PreconditionFailed):
            twin.put(path, json={"n": 3})
        assert twin.get(path).json()["n"] == 2
