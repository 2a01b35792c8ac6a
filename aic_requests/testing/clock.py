"""What time it is for a tenant."""

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """
    A tenant's time: the machine's, until a test sets it.

    Tokens end by it, entries of the logs are of it, and ``Date`` tells it. An assertion's own end is compared with the
    machine's time, by which the client has made it: a test that lets a token end is no test of a wrong clock.
    """

    def __init__(self) -> None:
        self._ahead = 0.0
        self._stopped: float | None = None

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def time(self) -> float:
        """The same in seconds since 1970."""
        return self._stopped if self._stopped is not None else time.time() + self._ahead

    def set(self, moment: datetime) -> None:
        """
        Stop at a moment. From there only :meth:`advance` and :meth:`set` move it.

        Args:
            moment: With its zone.

        Raises:
            ValueError: It has none.
        """
        if moment.tzinfo is None:
            raise ValueError(f"{moment} has no zone: say datetime(..., tzinfo=UTC)")
        self._stopped = moment.timestamp()

    def advance(self, seconds: float | timedelta) -> None:
        """Go on by so many seconds at once, whether it stands still or runs."""
        step = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        if self._stopped is None:
            self._ahead += step
        else:
            self._stopped += step
