"""Every kind of store, for the tests that all of them pass."""

from collections.abc import Callable
from pathlib import Path

from aic_requests import MemoryStore, SQLiteStore, Store
from aic_requests.stores import Representation

PATH = "https://tenant.example.com/openidm/managed/alpha_user/42"

#: How to make each kind of store: in a folder, holding so many bytes at most. Another kind is another line.
STORES: dict[str, Callable[[Path, int], Store]] = {
    "memory": lambda folder, most: MemoryStore(max_bytes=most),
    "sqlite": lambda folder, most: SQLiteStore(folder / "store.db", max_bytes=most, no_store="keep"),
}


def representation(text="x", size=100):
    return Representation('"7"', (f"ETag: {text}", "Content-Type: application/json"), (text * size).encode())
