"""What a store could not make sure of."""

import time
from collections.abc import Callable
from typing import Final

#: Seconds until nothing that was sent and not answered can still arrive: Linux goes on sending what a closed
#: connection has left for up to 100 s (tcp_orphan_retries).
LATE: Final = 120.0

#: About 15 MB.
_MOST: Final = 100_000


class Doubts:
    """
    Names of resources that may still be kept as they were, although they had to be forgotten or replaced.

    Args:
        clock: Seconds that only grow.

    Safe under threads, since each of its steps is a single one of a dictionary.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: When each can be settled at the earliest.
        self._since: dict[bytes, float] = {}

    def __contains__(self, name: bytes) -> bool:
        return name in self._since

    @property
    def too_many(self) -> bool:
        """Whether to forget everything rather than to remember each."""
        return len(self._since) > _MOST

    def add(self, name: bytes, *, late: bool = False) -> None:
        """Doubt a name; *late*: something was sent that may still arrive, after what is sent next."""
        self._since[name] = max(self._since.get(name, 0.0), self._clock() + LATE if late else 0.0)

    def can_settle(self, name: bytes) -> bool:
        """Whether forgetting it now would settle it."""
        return self._since.get(name, 0.0) <= self._clock()

    def settle(self, name: bytes) -> None:
        """It has been forgotten."""
        if name in self._since and self.can_settle(name):
            self._since.pop(name, None)

    def settle_all(self) -> None:
        """Everything has been forgotten."""
        for name in list(self._since):
            self.settle(name)
