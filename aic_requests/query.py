"""Page after page, until it is known that there is no other."""

from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPException
from typing import Any

from requests import RequestException, Response, Session
from urllib3.exceptions import HTTPError as Urllib3Error

from .errors import BadRequest, IncompleteQuery
from .page_reader import PageReader
from .query_parameters import COOKIE, OFFSET, QueryParameters
from .result_page import ResultPage, Row
from .update import Clock
from .whole_number import whole_number

#: What can go wrong on the way. requests lets some errors of the layers below through.
_FAILURES = (RequestException, Urllib3Error, HTTPException, OSError)

#: What a caller may say of every request. A query has no body, and is read page by page anyway.
_OPTIONS = frozenset(
    {"params", "headers", "cookies", "auth", "timeout", "allow_redirects", "proxies", "hooks", "verify", "cert"}
)

#: Empty pages in a row after which no other is asked for. A directory that filters after paging gives some; a server
#: whose cookies never end (seen on CREST's own MemoryBackend) gives nothing else.
_EMPTY_PAGES = 1000


class Query(Iterator[Row]):
    """
    One run of ``session.query``, which says what it promises.

    Attributes:
        rows: How many rows have been handed out.
        total: How many there are in all, where the server says so; None: it does not.
        position: The parameters that ask for the page of the last row; after an error, for the page that failed.
            ``params=query.position`` begins another query with that page.
    """

    def __init__(
        self,
        session: Session,
        path: str,
        query_filter: str,
        *,
        page_size: int,
        fields: Sequence[str],
        sort_keys: Sequence[str],
        options: Mapping[str, Any],
        clock: Clock,
    ) -> None:
        _check(page_size, options)
        parameters = QueryParameters.of(
            path, query_filter, fields=fields, sort_keys=sort_keys, params=options.get("params")
        )
        self._reader = PageReader(session, parameters, size=page_size, options=options, clock=clock)
        self.position: dict[str, str] = parameters.start
        self._first = self.position
        self.rows: int = 0
        self.total: int | None = None
        self._left: Iterator[Row] = iter(())
        self._following: dict[str, str] | None = self.position
        # Rows before the first of ours; None: behind a cookie, nobody can tell.
        self._start = None if COOKIE in self.position else int(self.position.get(OFFSET, "0"))
        self._pages = 0
        self._empty = 0
        self._cookies: set[str] = set()
        self._ids: list[object] = []
        self._least_total: int | None = None
        self._owed = 0
        self._by_offset = False
        self._doubtful = False

    def __repr__(self) -> str:
        return f"<Query: an iterator over rows, {self.rows} handed out>"

    def __next__(self) -> Row:
        row = next(self._left, None)
        while row is None:
            self._turn()
            row = next(self._left, None)
        self.rows += 1
        return row

    def _turn(self) -> None:
        """
        Ask for the next page.

        After an error the same page is asked for again: who goes on all the same must not take it for the end.
        """
        if self._following is None:
            raise StopIteration
        try:
            self.position = self._following
            if self._doubtful and self._is_the_end():
                self._following = None
                raise StopIteration
            self._doubtful = False
            self._cookies.add(self.position.get(COOKIE, ""))
            page, response = self._reader.read(self.position)
        except _FAILURES as error:
            self._tell(error)
            raise
        self._check(page, response)
        self._take(page)

    # What a page says

    def _check(self, page: ResultPage, response: Response) -> None:
        """
        Refuse a page that does not go on where the last one ended; none of its rows is handed out.

        Raises:
            IncompleteQuery: It is none.
        """
        why = page.fault
        if page.cookie in self._cookies:
            why = why or "its cookie came before"
        if not page.rows and page.cookie is not None and self._empty + 1 >= _EMPTY_PAGES:
            why = why or f"{_EMPTY_PAGES} empty pages in a row"
        if self._by_offset and page.rows and _ids_of(page.rows) == self._ids:
            why = why or f"{self._owed or 'other'} rows remain, and another offset gives the same ones"
        if page.cookie is None:
            owed = self._owed_after(page, self.rows + len(page.rows))
            owed = self._owed if owed is None else owed
            if owed > 0 and self._by_offset and not page.rows:
                why = why or f"{owed} rows remain, and are not given"
            if owed > 0 and self._start is None:
                why = why or f"{owed} rows remain behind it, and it has no cookie"
        if why:
            raise self._incomplete(response, why, failed=page.failed)

    def _take(self, page: ResultPage) -> None:
        """Hand out the rows of a page, and see from it what follows."""
        self._pages += 1
        self._left = iter(page.rows)
        self._empty = 0 if page.rows else self._empty + 1
        after = self.rows + len(page.rows)
        owed = self._owed_after(page, after)
        self._count(page, after)
        self._owed = max(0, self._owed - len(page.rows)) if owed is None else owed
        self._following = None
        if page.cookie is not None:
            self._following = {COOKIE: page.cookie}
            self._by_offset = False
            return

        self._ids = _ids_of(page.rows)
        first = self._pages == 1 and self._start is not None
        self._doubtful = first and owed is None and bool(page.rows) and self._may_go_on(page, after)
        unknown = self._by_offset and owed is None and bool(page.rows)
        if self._doubtful or unknown or self._owed > 0:
            self._following = {OFFSET: str((self._start or 0) + after)}
            self._by_offset = True

    def _owed_after(self, page: ResultPage, after: int) -> int | None:
        """
        How many rows the server says come after so many of ours; None: it does not say.

        Of several totals the least counts: others may add rows to pages that have passed, and those are no loss.
        """
        if page.total is not None and not page.estimated:
            self._least_total = page.total if self._least_total is None else min(page.total, self._least_total)
        said = [] if page.remaining is None else [page.remaining]
        if self._least_total is not None and self._start is not None:
            said.append(max(0, self._least_total - self._start - after))
        return max(said, default=None)

    def _count(self, page: ResultPage, after: int) -> None:
        """Note how many rows there are in all, for whoever shows the progress. AM may say fewer than it gives."""
        if page.total is not None and page.total >= after:
            self.total = page.total
        elif page.remaining is not None and self._start is not None:
            self.total = self._start + after + page.remaining

    def _may_go_on(self, page: ResultPage, after: int) -> bool:
        """Whether a page without a cookie may be the first of many: it is full, or a part of an estimated total."""
        more = page.total is not None and page.estimated and page.total > (self._start or 0) + after
        return len(page.rows) == self._reader.size or more

    def _is_the_end(self) -> bool:
        """
        Whether the server gives cookies at all, so that their lack on a full page is the end of the rows.

        CREST's own MemoryBackend gives none for a query without sort keys, and says nowhere that rows remain. A page
        of one row tells: of two rows, one must be asked for with a cookie.
        """
        size = 1 if len(self._ids) > 1 else 2
        page, response = self._reader.read(self._first, size=size)
        if page.fault:
            raise self._incomplete(response, page.fault, failed=page.failed)
        if size == 2:
            return len(page.rows) < size
        # With more rows than were asked for, it does not page at all.
        return page.cookie is not None or len(page.rows) > size

    # What went wrong

    def _incomplete(self, response: Response, why: str, *, failed: bool = False) -> IncompleteQuery:
        return IncompleteQuery.after(self.rows, response, why, cookie=self.position.get(COOKIE), failed=failed)

    def _tell(self, error: Exception) -> None:
        """Say how far the query came."""
        if isinstance(error, IncompleteQuery):
            return
        error.__dict__.update(rows=self.rows, cookie=self.position.get(COOKIE))
        error.add_note(f"The query had handed out {self.rows} rows.")
        if isinstance(error, BadRequest) and not self.rows:
            error.add_note("A value in a filter that may hold a quote or a blank is one for query_filter().")


def _ids_of(rows: Sequence[Row]) -> list[object]:
    """What tells rows apart."""
    return [row.get("_id", row) for row in rows]


def _check(page_size: int, options: Mapping[str, Any]) -> None:
    """Refuse what cannot be meant."""
    whole_number("page_size", page_size, of="rows")
    foreign = options.keys() - _OPTIONS
    if foreign:
        raise TypeError(f"query makes its requests itself and takes no {', '.join(sorted(foreign))}")
