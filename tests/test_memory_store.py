"""What is a memory store's own: whom it forgets first, what it costs, and that nothing leaves the process."""

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


def test_size_is_what_it_costs():
    """The count is never less than what Python takes, and a resource costs its body plus 0.8 KB at most."""
    headers = tuple(f"X-Header-{number}: {'v' * 40}" for number in range(12))
    store = MemoryStore()
    bodies = [bytes([number % 251]) * 1024 for number in range(5000)]
    # The bodies themselves are made outside of what is measured.
    tracemalloc.start()
    for number, body in enumerate(bodies):
        own = (f'ETag: "{number}"', f"Content-Length: {number}", *headers)
        store.put(f"{PATH}{number}", number.to_bytes(16, "big"), Representation(f'"{number}"', own, body))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    each = used / len(bodies)
    assert each < 800
    assert store.size().bytes >= used + 1024 * len(bodies)


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
