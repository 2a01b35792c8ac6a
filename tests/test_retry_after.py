"""How long to wait, whatever the header says."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from aic_requests import AICError, AICSession, ServiceUnavailable, TooManyRequests
from aic_requests.retry_after import now_of, seconds_of

from .replay_server import always, http, replaying

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("0", 0.0),
        ("30", 30.0),
        (" 30 ", 30.0),
        ("007", 7.0),
        ("86400", 86_400.0),
        # Dates, in all three spellings of HTTP, and in the past.
        ("Tue, 24 Nov 2026 12:01:00 GMT", 60.0),
        ("Tuesday, 24-Nov-26 12:01:00 GMT", 60.0),
        ("Tue Nov 24 12:01:00 2026", 60.0),
        ("Tue, 24 Nov 2026 13:01:00 +0100", 60.0),
        ("Tue, 24 Nov 2026 12:01:00 -0000", 60.0),
        ("Tue, 24 Nov 2026 11:59:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)
def test_readable(header, expected):
    """Seconds, or a date counted from now; a moment that has passed is 0."""
    assert seconds_of(header, now=NOW) == expected


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", " ", "soon", "-5", "+5", "1.5", "1e3", "0x10", "5, 10", "5;q=1", "\u0663", "\u00b2", "inf", "nan"),
        *(
            "9" * 12,
            "9" * 5000,
            "\x00",
            "Nov 2026",
            "Tue, 99 Nov 2026 12:00:00 GMT",
            "Tue, 24 Nov 99999 00:00 GMT",
        ),
        *("Tue, 24 Nov 2026 12:00:00 +9999", "Tue, 24 Nov 2026 99:99:99 GMT"),
    ],
)
def test_unreadable(header):
    """Whatever is neither, is nothing: no wait is made up, and nothing fails."""
    assert seconds_of(header, now=NOW) is None


@pytest.mark.parametrize("date", ["Tue, 24 Nov 2026 12:00:00 GMT", "Tue, 24 Nov 2026 12:00:00 -0000"])
def test_now_is_the_servers(date):
    """The answer's own Date, with or without a zone."""
    assert now_of(date) == NOW


@pytest.mark.parametrize("date", [None, "", "yesterday", "Tue, 99 Nov 2026 12:00:00 GMT"])
def test_now_is_ours_without_one(date):
    """Ours, where the server names none that can be read."""
    assert abs(now_of(date) - datetime.now(UTC)) < timedelta(minutes=1)
    assert now_of(date).tzinfo is not None


def test_another_zone():
    """Zones are reckoned with on both sides."""
    here = NOW.astimezone(timezone(timedelta(hours=5)))
    assert seconds_of("Tue, 24 Nov 2026 12:01:00 GMT", now=here) == 60.0


@pytest.mark.parametrize(
    ("status", "kind", "headers", "expected"),
    [
        (429, TooManyRequests, [("Retry-After", "7")], 7.0),
        (503, ServiceUnavailable, [("retry-after", "120")], 120.0),
        # A wrong clock on this machine changes nothing: the server's own date counts.
        (
            *(503, ServiceUnavailable),
            [("Date", "Tue, 24 Nov 1998 12:00:00 GMT"), ("Retry-After", "Tue, 24 Nov 1998 12:00:30 GMT")],
            30.0,
        ),
        (429, TooManyRequests, [("Retry-After", "a while")], None),
        (429, TooManyRequests, [("Retry-After", "5"), ("Retry-After", "10")], None),
        (429, TooManyRequests, [], None),
    ],
)
def test_on_the_error(status, kind, headers, expected):
    """The error says how many seconds, on a status that waits and on any other."""
    with replaying() as server, AICSession(server.url, retries=0) as session:
        server.answer = always(http(status, headers, b"{}"))
        with pytest.raises(kind) as caught:
            session.get("/x")
        assert caught.value.retry_after == expected
        server.answer = always(http(409, headers, b"{}"))
        with pytest.raises(AICError) as caught:
            session.get("/x")
        assert caught.value.retry_after == expected
