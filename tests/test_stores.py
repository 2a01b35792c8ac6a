"""What every store keeps, and what it costs."""

import pickle
import threading

import pytest

from aic_requests.stores import Representation, Size

from .every_store import BOUNDED, PATH, STORES, representation


@pytest.fixture(params=STORES)
def make(request, tmp_path):
    """Makes a store that holds so many bytes at most."""
    made = []

    def one(most=2**26):
        made.append(STORES[request.param](tmp_path, most))
        return made[-1]

    yield one
    for store in made:
        store.close()


@pytest.fixture
def store(make):
    return make()


bounded = pytest.mark.parametrize("make", BOUNDED, indirect=True)


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


def test_all_of_it_comes_back(store):
    """The tag, each header in its order, each byte of the body."""
    kept = Representation(
        'W/"7-x"',
        ("content-type: text/html; charset=latin-1", "ETag: \xe9\u20ac", "Vary: a", "Vary: b", "Cache-Control: "),
        bytes(range(256)) * 100,
    )
    store.put(PATH, b"me", kept)
    store.put(PATH, b"you", kept._replace(headers=(), body=b""))
    assert store.get(PATH, b"me") == kept
    assert store.get(PATH, b"you") == kept._replace(headers=(), body=b"")


@pytest.mark.parametrize("path", ["", "/", "a\0b", "\u20ac\udc80", "x" * 10_000, "'; DROP TABLE x; --", "%"])
def test_any_path_is_a_path(store, path):
    """It is a name and nothing else."""
    store.put(path, b"me", representation("a"))
    store.put(path + "/x", b"me", representation("b"))
    assert store.get(path, b"me") == representation("a")
    store.drop(path)
    assert store.get(path, b"me") is None
    assert store.get(path + "/x", b"me") == representation("b")


def test_the_key_lives_as_long_as_the_store(store):
    """Whatever it is used for, closed and opened again."""
    key = store.key
    assert len(key) >= 16
    store.put(PATH, b"me", representation())
    store.clear()
    store.close()
    assert store.key == key


def test_clear_forgets_all(store):
    """No byte is counted any more, and the next put is kept."""
    for number in range(10):
        store.put(f"{PATH}{number}", b"me", representation())
    assert store.size().entries == 10
    assert store.size().bytes > 1000
    store.clear()
    assert store.size() == Size(0, 0)
    assert store.get(f"{PATH}3", b"me") is None
    store.put(PATH, b"me", representation())
    assert store.get(PATH, b"me") is not None


def test_a_closed_store_opens_again(store):
    """Twice closed, too; what it then says is right."""
    store.put(PATH, b"me", representation("a"))
    store.close()
    store.close()
    assert store.get(PATH, b"me") in (None, representation("a"))
    store.put(PATH, b"me", representation("b"))
    assert store.get(PATH, b"me") == representation("b")
    store.drop(PATH)
    store.close()
    assert store.get(PATH, b"me") is None


@bounded
def test_it_is_bounded_in_bytes(make):
    """Bodies, headers and keys count; the newest is there."""
    store = make(20_000)
    for number in range(100):
        store.put(f"{PATH}{number}", b"me", representation(size=1000))
        assert store.size().bytes <= 20_000
        assert store.get(f"{PATH}{number}", b"me") is not None
    assert store.get(f"{PATH}1", b"me") is None
    assert 5 < store.size().entries < 20


@bounded
def test_keeping_nothing_is_possible(make):
    """A bound of 0 keeps nothing."""
    store = make(0)
    store.put(PATH, b"me", representation())
    assert store.get(PATH, b"me") is None
    assert store.size() == Size(0, 0)


def test_drop_forgets_every_variant_of_one_resource(store):
    """Whoever read it, with whatever query; the neighbour stays."""
    for variant in (b"me", b"you", b"fields"):
        store.put(PATH, variant, representation())
    store.put(PATH + "3", b"me", representation())
    store.drop(PATH)
    assert [store.get(PATH, variant) for variant in (b"me", b"you", b"fields")] == [None] * 3
    assert store.get(PATH + "3", b"me") is not None
    assert store.size().entries == 1


@bounded
def test_what_is_too_large_is_not_kept_and_its_former_self_is_gone(make):
    """Nothing else has to go for it; what it outdates is not served any more."""
    store = make(10_000)
    store.put(PATH, b"me", representation("a"))
    store.put(PATH + "3", b"me", representation("b"))
    store.put(PATH, b"me", representation("c", 20_000))
    assert store.get(PATH, b"me") is None
    assert store.get(PATH + "3", b"me") == representation("b")


@bounded
def test_a_large_variant_makes_room_among_its_own_first(make):
    """The bound holds for one resource with many variants too."""
    store = make(10_000)
    for number in range(50):
        store.put(PATH, b"%d" % number, representation(size=4000))
        assert store.size().bytes <= 10_000
    assert store.get(PATH, b"49") is not None


def test_variants_of_one_resource_are_bounded(store):
    """A server that sets a new cookie with every answer makes a variant each time."""
    for number in range(1000):
        store.put(PATH, b"%d" % number, representation())
    assert store.size().entries < 100


@bounded
def test_threads_do_not_spoil_the_count(make):
    """Many threads put, get and drop: in the end the count is exact, and the bound was kept."""
    store = make(100_000)

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


def test_a_pickle_holds_nothing_that_was_read(store):
    """Nor the key; what comes out of it is a store that works."""
    store.put(PATH, b"me", representation("secret-body"))
    pickled = pickle.dumps(store)
    assert b"secret-body" not in pickled
    assert store.key not in pickled
    again = pickle.loads(pickled)
    again.put(PATH, b"me", representation("b"))
    assert again.get(PATH, b"me") == representation("b")
    again.close()
