"""Where representations are kept between two reads."""

from importlib import import_module
from typing import TYPE_CHECKING

from .memory import MemoryStore
from .protocol import Representation, Size, Store

if TYPE_CHECKING:
    from .redis import RedisStore
    from .sqlite import SQLiteStore

__all__ = ["MemoryStore", "RedisStore", "Representation", "SQLiteStore", "Size", "Store"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a store that lasts when it is asked for: most sessions have none (PEP 562)."""
        home = {"RedisStore": ".redis", "SQLiteStore": ".sqlite"}.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(home, __name__), name)
