"""What a store does about trouble: say so once, and rest."""

import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import Final

from ..events import log_event

#: After a failure a store rests this many times as long as the failure took, so that one that is down for long takes
#: a tenth of the time at most, and one that is back is soon used again.
_REST: Final = 10.0


class Unusable(Exception):
    """
    What a store is kept in cannot be used as it is.

    Attributes:
        kind: Why, in a few words.
        advice: What to do.
    """

    def __init__(self, kind: str, advice: str) -> None:
        super().__init__(kind)
        self.kind: str = kind
        self.advice: str = advice


class Trouble:
    """
    The failures of one store, or of one half of it that can fail alone. Safe under threads.

    Args:
        where: Names the store for the reader: its path, its host; never a password.
        clock: Seconds that only grow.

    Each kind of trouble is told once, by a warning of the logger ``aic_requests``, and again only when the store has
    worked in between. No Python warning: ``-W error`` would make it an exception.
    """

    def __init__(self, where: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.where: str = where
        self._clock = clock
        self._lock = Lock()
        # Who has met what: halves of one store share it.
        self._met: set[tuple[Trouble, str]] = set()
        self._is_met = False
        self._rests_until = 0.0

    def other_half(self) -> "Trouble":
        """For the half of the same store that can fail alone. What one half has told, the other does not repeat."""
        other = Trouble(self.where, clock=self._clock)
        other._lock, other._met = self._lock, self._met
        return other

    @property
    def rests(self) -> bool:
        """Whether the store should not be asked now: a miss, at no cost."""
        return self._rests_until > 0.0 and self._clock() < self._rests_until

    def met(self, kind: str, advice: str, *, took: float) -> None:
        """
        Take note of a failure.

        Args:
            kind: In a word or a few, such as "locked"; one warning for each.
            advice: What the reader can do.
            took: Seconds that it cost.
        """
        with self._lock:
            self._rests_until = self._clock() + _REST * took
            told = any(kind == known for _, known in self._met)
            self._met.add((self, kind))
            self._is_met = True
        if not told:
            log_event(
                logging.WARNING,
                "store failure",
                "%(store)s is %(kind)s: reads go to the server in full meanwhile. %(advice)s",
                store=self.where,
                kind=kind,
                advice=advice,
            )

    def over(self) -> None:
        """Take note that it works: the next failure is news again."""
        if self._is_met:
            with self._lock:
                self._met.difference_update([one for one in self._met if one[0] is self])
                self._is_met = False
                self._rests_until = 0.0
