"""Where representations are kept between two reads."""

from .memory import MemoryStore
from .protocol import Representation, Size, Store
from .redis import RedisStore
from .sqlite import SQLiteStore

__all__ = ["MemoryStore", "RedisStore", "Representation", "SQLiteStore", "Size", "Store"]
