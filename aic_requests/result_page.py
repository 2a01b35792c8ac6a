"""One page of a query's answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, cast

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ResultPage:
    """
    What one answer says.

    Attributes:
        rows: The rows; IDM's, AM's and ESV's stand in ``result``, those of ESV's secret versions in a bare array.
        cookie: What to ask the next page with, as the server wrote it; None: there is none.
        remaining: How many rows it says come after this page; None: it does not say.
        total: How many rows it says there are in all; None: it does not say.
        estimated: The total is an estimate.
        fault: Why this is no page, or not the whole of one; "" if it is.
        failed: What came instead of rows may hold the server's words about it.
        cut: What came is a piece of an answer.
    """

    rows: list[Row] = field(default_factory=list[Row])
    cookie: str | None = None
    remaining: int | None = None
    total: int | None = None
    estimated: bool = False
    fault: str = ""
    failed: bool = False
    cut: bool = False

    @classmethod
    def from_body(cls, body: bytes) -> Self:
        """
        Read a page. Never fails.

        Source: OpenIdentityPlatform/commons RequestRunner.java (visitQueryRequest), which writes -1 for what is not
        known; CrestAdapter.java, which looks for an ``error`` among the rows. IGA calls its total ``totalCount``.

        >>> ResultPage.from_body(b'{"result":[{"_id":"1"}],"pagedResultsCookie":"x","remainingPagedResults":-1}').cookie
        'x'
        """
        try:
            said: object = json.loads(body)
        except (ValueError, RecursionError):
            cut = body.lstrip()[:1] in (b"", b"{", b"[")
            return cls(fault="the answer is cut short" if cut else "the answer is no JSON", failed=not cut, cut=cut)
        if isinstance(said, list):
            return cls._of_rows(cast("list[object]", said), {})
        envelope = cast("dict[str, object]", said) if isinstance(said, dict) else {}
        if envelope.get("error") is not None:
            return cls(fault="the server failed while it answered", failed=True)
        rows = envelope.get("result")
        if not isinstance(rows, list):
            return cls(fault="the answer holds no list of rows", failed=True)
        return cls._of_rows(cast("list[object]", rows), envelope)

    @classmethod
    def _of_rows(cls, rows: list[object], envelope: Mapping[str, object]) -> Self:
        cookie = envelope.get("pagedResultsCookie")
        if isinstance(cookie, int) and not isinstance(cookie, bool):
            cookie = str(cookie)
        total = _number(envelope, "totalPagedResults")
        total = _number(envelope, "totalCount") if total is None else total
        fault = ""
        if not all(isinstance(row, dict) for row in rows):
            fault = "a row is no JSON object"
        elif not _is_text(cookie):
            fault = "the cookie is no text"
        elif (_number(envelope, "resultCount") or 0) > len(rows):
            fault = f"the server counts {envelope['resultCount']} rows on a page of {len(rows)}"
        return cls(
            rows=cast("list[Row]", rows),
            # An empty one asks for nothing.
            cookie=(cookie or None) if isinstance(cookie, str) else None,
            remaining=_number(envelope, "remainingPagedResults"),
            # AM may say 0 beside 144 rows.
            total=None if total is None or total < len(rows) else total,
            estimated=envelope.get("totalPagedResultsPolicy") == "ESTIMATE",
            fault=fault,
        )


def _is_text(cookie: object) -> bool:
    """Whether a cookie, if there is one, can be sent back: JSON can say half a character."""
    return cookie is None or (isinstance(cookie, str) and not any("\ud800" <= one <= "\udfff" for one in cookie))


def _number(envelope: Mapping[str, object], name: str) -> int | None:
    """A number of rows; None for -1, and for what is no number."""
    number = envelope.get(name)
    return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else None
