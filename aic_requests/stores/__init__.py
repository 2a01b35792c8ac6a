"""Where representations are kept between two reads."""

from .memory import MemoryStore
from .protocol import Representation, Size, Store

__all__ = ["MemoryStore", "Representation", "Size", "Store"]
