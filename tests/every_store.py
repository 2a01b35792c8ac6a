"""Every kind of store, for the tests that all of them pass."""

from collections.abc import Callable
from pathlib import Path

from aic_requests import MemoryStore, RedisStore, SQLiteStore, Store
from aic_requests.stores import Representation

from . import redis_server

PATH = "https://tenant.example.com/openidm/managed/alpha_user/42"

#: How to make each kind of store: in a folder, holding so many bytes at most. Another kind is another line.
STORES: dict[str, Callable[[Path, int], Store]] = {
    "memory": lambda folder, most: MemoryStore(max_bytes=most),
    "sqlite": lambda folder, most: SQLiteStore(folder / "store.db", max_bytes=most, no_store="keep"),
    "redis": lambda folder, most: RedisStore(
        redis_server.shared(), prefix=redis_server.prefix_of(folder), no_store="keep"
    ),
}

#: Those that hold no more bytes than they are told.
BOUNDED = [kind for kind in STORES if kind != "redis"]


def representation(text="x", size=100):
    return Representation('"7"', (f"ETag: {text}", "Content-Type: application/json"), (text * size).encode())
