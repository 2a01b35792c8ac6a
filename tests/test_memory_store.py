"""What is a memory store's own: whom it forgets first, what it costs, and that nothing leaves the process."""

import gc
import pickle
import tracemalloc

import pytest

from aic_requests import MemoryStore
from aic_requests.stores import Representation, Size

from .every_store import PATH, representation


@pytest.fixture
def store():
    return MemoryStore()


def test_it_is_bounded_in_bytes_and_forgets_the_least_recently_used():
    """Bodies, headers and keys count; a read keeps an entry alive."""
    store = MemoryStore(max_bytes=20_000)
    for number in range(10):
        store.put(f"{PATH}{number}", b"me", representation(size=1000))
    for number in range(10, 100):
        assert store.get(f"{PATH}0", b"me") is not None
        store.put(f"{PATH}{number}", b"me", representation(size=1000))
        assert store.size().bytes <= 20_000
    assert store.get(f"{PATH}99", b"me") is not None
    assert store.get(f"{PATH}1", b"me") is None
    assert 5 < store.size().entries < 20


def typical(number):
    """What IDM sends with 1 KiB, of one resource of many."""
    headers = tuple(f"X-Header-{number}: {'v' * 40}" for number in range(12))
    own = (f'ETag: "{number}"', f"Content-Length: {number}", *headers)
    return Representation(f'"{number}"', own, b"%d" % (number % 10) * 1024)


def fill(store, entries):
    for number in range(entries):
        store.put(f"{PATH}-{number:08}-4000-8000-0123456789ab", number.to_bytes(16, "big"), typical(number))


@pytest.mark.parametrize("entries", [1000, 1500, 6000])
def test_size_is_what_it_costs(entries):
    """The count is never less than what Python takes; a resource costs its body plus 0.5 KB, with headers and key."""
    store = MemoryStore()
    store.put(PATH, b"", typical(0))  # has the lines that all share
    before = store.size().bytes
    tracemalloc.start()
    fill(store, entries)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / entries - 1024 < 500
    assert store.size().bytes - before >= used


def test_the_garbage_collector_has_nothing_to_walk():
    """However much is kept: no object of an entry is the collector's, nor the dictionary they stand in."""
    store = MemoryStore()
    store.put(PATH, b"", typical(0))
    gc.collect()
    before = len(gc.get_objects())
    fill(store, 5000)
    assert len(gc.get_objects()) - before < 100
    assert [found for found in gc.get_objects() if isinstance(found, dict) and len(found) >= 5000] == []


LINES = ("ETag: x", "X-Empty: ", "X: \x00\xff\n", "X-Wide: \u20ac\ud800", "Y: " + "y" * 5000)


@pytest.mark.parametrize(
    "kept",
    [
        Representation("", (), b""),
        Representation('W/"\xff"', LINES, b"\xff\x00"),
        Representation('"7"', LINES * 300, b"x"),
        *(Representation('"7"', tuple(f"X-{n}-{m}: {n}" for m in range(50)), b"%d" % n) for n in range(10)),
    ],
    ids=lambda kept: f"{len(kept.headers)}-{kept.body!r}",
)
def test_what_comes_out_is_what_went_in(store, kept):
    """Whatever a header holds, and however many different lines have come before."""
    for number in range(10):
        store.put(PATH, b"%d" % number, Representation("", tuple(f"X-{number}-{m}: 1" for m in range(40)), b""))
    store.put(PATH, b"me", kept)
    assert store.get(PATH, b"me") == kept


def test_a_negative_bound_is_an_error():
    """As a slip of the pen."""
    with pytest.raises(ValueError, match="max_bytes"):
        MemoryStore(max_bytes=-1)


def test_a_closed_store_has_forgotten(store):
    """What a session read is gone with it."""
    store.put(PATH, b"me", representation())
    store.close()
    assert store.size() == Size(0, 0)


def test_a_pickle_holds_the_bound_and_nothing_that_was_read(store):
    """What one process read is not sent to another, nor is the key."""
    store.put(PATH, b"me", representation("secret-body"))
    again = pickle.loads(pickle.dumps(store))
    assert again.max_bytes == store.max_bytes
    assert again.size() == Size(0, 0)
    assert again.key != store.key
