"""Which request is sent again by itself, and when."""

import logging
import random
import time
from typing import TYPE_CHECKING, Any, Final, Self

from urllib3 import Retry
from urllib3.exceptions import MaxRetryError, ProtocolError, ResponseError

from .events import log_event
from .retry_after import wait_asked_for

if TYPE_CHECKING:
    from types import TracebackType

    from urllib3.connectionpool import ConnectionPool
    from urllib3.response import BaseHTTPResponse

#: Methods that change nothing, so that sending them twice is sending them once.
READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

#: Statuses after which a read is worth repeating. A write only after 429: the others do not say
#: whether it was carried out.
_PASSING = frozenset({429, 502, 503, 504})

#: Seconds. Where Retry-After asks for more, the answer is the caller's to deal with.
_LONGEST_RETRY_AFTER = 30.0

#: Seconds from the first failure to the last sending.
_LONGEST = 60.0


def pause_before(retry: int, *, base: float = 0.2, cap: float = 5.0) -> float:
    """
    Longest wait before a request is tried again.

    Callers draw uniformly between 0 and this ("full jitter"), so that two who met once do not meet again.

    Args:
        retry: 1 for the first retry.
        base: Seconds before the first retry; doubles with each one after it.
        cap: Seconds. The result never exceeds it.

    Returns:
        Seconds.

    Raises:
        ValueError: *retry* is below 1.

    Source: AWS Architecture Blog, "Exponential Backoff and Jitter".

    >>> [pause_before(n) for n in (1, 2, 3, 9)]
    [0.2, 0.4, 0.8, 5.0]
    """
    if retry < 1:
        raise ValueError(f"retry starts at 1, got {retry}")
    # The exponent is bounded too: 2.0 ** 2000 is no float.
    return min(cap, base * 2.0 ** min(retry - 1, 64))


class Retries(Retry):
    """
    urllib3's Retry with the rules of a CREST client.

    - Reads (GET, HEAD, OPTIONS): on connection errors, 429, 502, 503, 504; not on read time-outs and
      TLS errors, which will not get better.
    - Everything else: only when the request never left, or the answer is 429.
    - ``Retry-After`` is waited for up to 30 s; if it asks for more, the answer is handed out at once.
    - Full jitter, 60 s in all; the last answer survives.

    Args:
        total: Retries at most.
        options: As ``urllib3.Retry`` has them.

    Each retry is in ``response.raw.retries.history``, and a line at INFO in the log ``aic_requests``.
    """

    def __init__(self, total: bool | int | None = 4, **options: Any) -> None:
        options.setdefault("allowed_methods", READS)
        options.setdefault("raise_on_status", False)
        super().__init__(total, **options)
        self._first_failure: float | None = None
        self._pause = 0.0

    def new(self, **kw: Any) -> Self:
        """Copy, with the time of the first failure."""
        twin = super().new(**kw)
        twin._first_failure = self._first_failure
        return twin

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:  # noqa: ARG002  # urllib3 names it
        """Whether an answer with this status is worth another try."""
        repeatable = status_code == 429 or (status_code in _PASSING and method.upper() in READS)
        return bool(self.total) and bool(self.respect_retry_after_header) and repeatable

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: "BaseHTTPResponse | None" = None,
        error: Exception | None = None,
        _pool: "ConnectionPool | None" = None,
        _stacktrace: "TracebackType | None" = None,
    ) -> Self:
        """
        Count a failure and choose the pause.

        Raises:
            MaxRetryError: Enough. With an answer at hand, urllib3 hands that out instead.
            Exception: *error* itself, where it is not to be retried.
        """
        if error is not None and not self._is_connection_error(error) and not isinstance(error, ProtocolError):
            # Time-outs, TLS, proxies that refuse: as they are, which is what requests reports.
            raise error.with_traceback(_stacktrace)

        asked = self.get_retry_after(response) if response is not None else None
        after = super().increment(method, url, response, error, _pool, _stacktrace)
        after._pause = (asked or 0.0) + random.uniform(0, pause_before(len(after.history)))  # noqa: S311  # no secret
        now = time.monotonic()
        after._first_failure = now if self._first_failure is None else self._first_failure
        if (asked or 0) > _LONGEST_RETRY_AFTER or now + after._pause > after._first_failure + _LONGEST:
            raise MaxRetryError(_pool, url, error or ResponseError("too long to wait"))  # type: ignore[arg-type]  # urllib3 gives None, too
        log_event(
            logging.INFO,
            "retry",
            "retry %(attempt)d: %(method)s %(path)s %(why)s, waiting %(wait).2f s",
            attempt=len(after.history),
            method=method,
            path=(url or "").partition("?")[0],
            why=f"answered {response.status}" if response is not None else f"failed ({type(error).__name__})",
            wait=after._pause,
        )
        return after

    def get_retry_after(self, response: "BaseHTTPResponse") -> float | None:
        """Seconds that the answer asks to wait; None also where that cannot be read."""
        return wait_asked_for(response.headers)

    def sleep(self, response: "BaseHTTPResponse | None" = None) -> None:  # noqa: ARG002  # increment has seen it
        """Wait as long as :meth:`increment` has chosen."""
        time.sleep(self._pause)
