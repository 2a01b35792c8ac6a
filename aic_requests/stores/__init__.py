"""Where representations are kept between two reads."""

from .memory import MemoryStore
from .protocol import Representation, Size, Store
from .sqlite import SQLiteStore

__all__ = ["MemoryStore", "Representation", "SQLiteStore", "Size", "Store"]
