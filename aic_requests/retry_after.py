"""The ``Retry-After`` header."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def wait_asked_for(headers: Mapping[str, str]) -> float | None:
    """
    Read how long an answer asks to wait.

    Args:
        headers: Those of the answer (lookup must ignore case).

    Returns:
        Seconds, counted by the server's own clock; None where it does not say, or not so that it can be read.
    """
    header = headers.get("Retry-After")
    return None if header is None else seconds_of(header, now=now_of(headers.get("Date")))


def seconds_of(header: str | None, *, now: datetime) -> float | None:
    """
    Read ``Retry-After``, which is a number of seconds or a date.

    Args:
        header: Its value.
        now: The time to count a date from; with a time zone.

    Returns:
        Seconds, 0 at least; None where there is none or it can't be read.

    Source: RFC 9110, section 10.2.3.

    >>> seconds_of("30", now=datetime(2026, 11, 24, tzinfo=UTC))
    30.0
    >>> seconds_of("Tue, 24 Nov 2026 00:01:00 GMT", now=datetime(2026, 11, 24, tzinfo=UTC))
    60.0
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 12:
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        # A date without a zone (-0000) is meant as UTC.
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())


def now_of(date: str | None) -> datetime:
    """
    The server's own time, by the ``Date`` of its answer; ours where it says none.

    So a wrong clock here does not turn a date into a pause of hours.
    """
    try:
        now = parsedate_to_datetime(date or "")
    except (ValueError, IndexError, OverflowError):
        return datetime.now(UTC)
    return now if now.tzinfo else now.replace(tzinfo=UTC)
