"""What every store keeps, and what it costs."""

import gc
import pickle
import threading
import tracemalloc

import pytest

from aic_requests import MemoryStore
from aic_requests.stores import Representation, Size

PATH = "https://tenant.example.com/openidm/managed/alpha_user/42"


def representation(text="x", size=100):
    return Representation('"7"', (f"ETag: {text}", "Content-Type: application/json"), (text * size).encode())


@pytest.fixture
def store():
    return MemoryStore()


def test_what_was_put_is_found(store):
    """By path and variant, and only by both."""
    store.put(PATH, b"me", representation())
    assert store.get(PATH, b"me") == representation()
    assert store.get(PATH, b"you") is None
    assert store.get(PATH + "3", b"me") is None


def test_the_newest_counts(store):
    """A representation takes the place of the former one."""
    store.put(PATH, b"me", representation("a"))
    store.put(PATH, b"me", representation("b"))
    assert store.get(PATH, b"me") == representation("b")
    assert store.size().entries == 1


def test_drop_forgets_every_variant_of_one_resource(store):
    """Whoever read it, with whatever query; the neighbour stays."""
    for variant in (b"me", b"you", b"fields"):
        store.put(PATH, variant, representation())
    store.put(PATH + "3", b"me", representation())
    store.drop(PATH)
    assert [store.get(PATH, variant) for variant in (b"me", b"you", b"fields")] == [None] * 3
    assert store.get(PATH + "3", b"me") is not None
    assert store.size().entries == 1


@pytest.mark.parametrize("way", ["clear", "close"])
def test_an_emptied_store_is_empty_and_usable(store, way):
    """No byte is counted any more, and the next put is kept."""
    store.put(PATH, b"me", representation())
    getattr(store, way)()
    assert store.size() == Size(0, 0)
    store.put(PATH, b"me", representation())
    assert store.get(PATH, b"me") is not None


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


def test_what_is_too_large_is_not_kept_and_its_former_self_is_gone():
    """Nothing else has to go for it; what it outdates is not served any more."""
    store = MemoryStore(max_bytes=10_000)
    store.put(PATH, b"me", representation("a"))
    store.put(PATH + "3", b"me", representation("b"))
    store.put(PATH, b"me", representation("c", 20_000))
    assert store.get(PATH, b"me") is None
    assert store.get(PATH + "3", b"me") == representation("b")


def test_a_large_variant_makes_room_among_its_own_first():
    """The bound holds for one resource with many variants too."""
    store = MemoryStore(max_bytes=10_000)
    for number in range(50):
        store.put(PATH, b"%d" % number, representation(size=4000))
        assert store.size().bytes <= 10_000
    assert store.get(PATH, b"49") is not None


def test_variants_of_one_resource_are_bounded(store):
    """A server that sets a new cookie with every answer makes a variant each time."""
    for number in range(1000):
        store.put(PATH, b"%d" % number, representation())
    assert store.size().entries < 100


def test_keeping_nothing_is_possible():
    """A bound of 0 keeps nothing; less is an error."""
    store = MemoryStore(max_bytes=0)
    store.put(PATH, b"me", representation())
    assert store.size() == Size(0, 0)
    with pytest.raises(ValueError, match="max_bytes"):
        MemoryStore(max_bytes=-1)


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


def test_threads_do_not_spoil_the_count():
    """Many threads put, get and drop: in the end the count is exact, and the bound was kept."""
    store = MemoryStore(max_bytes=100_000)

    def work(seed):
        for number in range(500):
            path = f"{PATH}{(number * seed) % 50}"
            store.put(path, b"%d" % (number % 3), representation(size=number))
            store.get(path, b"1")
            if number % 7 == 0:
                store.drop(path)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 <= store.size().bytes <= 100_000
    for number in range(50):
        store.drop(f"{PATH}{number}")
    assert store.size() == Size(0, 0)


def test_a_pickle_holds_the_bound_and_nothing_that_was_read(store):
    """What one process read is not sent to another, nor is the key."""
    store.put(PATH, b"me", representation("secret-body"))
    pickled = pickle.dumps(store)
    assert b"secret-body" not in pickled
    assert store.key not in pickled
    again = pickle.loads(pickled)
    assert again.max_bytes == store.max_bytes
    assert again.size() == Size(0, 0)
    assert again.key != store.key
