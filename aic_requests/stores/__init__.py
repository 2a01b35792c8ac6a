"""Where representations are kept between two reads."""

from .memory import MemoryStore
from .protocol import Representation, Size, Store
from .redis import RedisStore

__all__ = ["MemoryStore", "RedisStore", "Representation", "Size", "Store"]
