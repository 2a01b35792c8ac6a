"""What a query asks for: its parameters, checked before the first page is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, cast
from urllib.parse import parse_qsl, urlencode

from requests import PreparedRequest

from .headers import CONDITIONS, as_text
from .operations import QUERY_PARAMETERS

COOKIE: Final = "_pagedResultsCookie"
OFFSET: Final = "_pagedResultsOffset"


@dataclass(frozen=True, slots=True)
class QueryParameters:
    """
    The parameters of a query.

    Attributes:
        path: The collection, without a query.
        always: What goes with every page.
        start: What asks for the first page: a cookie, an offset, or nothing.
    """

    path: str
    always: tuple[tuple[str, str], ...]
    start: dict[str, str]

    @classmethod
    def of(
        cls, path: str, query_filter: str, *, fields: Sequence[str], sort_keys: Sequence[str], params: Any = None
    ) -> Self:
        """
        Put together what a caller gives.

        Args:
            path: May bring parameters of its own.
            query_filter: The filter; "true" also stands for none given.
            fields: For ``_fields``.
            sort_keys: For ``_sortKeys``.
            params: As requests has it.

        Raises:
            TypeError: Something is of another type than it must be.
            ValueError: Something is empty, is given in two ways, or cannot be encoded.
        """
        if not isinstance(cast("object", path), str):
            raise TypeError(f"the path of a collection is text, not {type(path).__name__}")
        place, _, query = path.partition("#")[0].partition("?")
        given = [*parse_qsl(query, keep_blank_values=True), *_pairs(params)]
        names = [name.lower() for name, _ in given]
        if "_pagesize" in names:
            raise ValueError("a query has its page size from page_size=, not from _pageSize")
        start = {name: value for name, value in given if name in (COOKIE, OFFSET)}
        _check_start(start, names)

        chosen = [
            *_selection(query_filter, [name for name in names if name in QUERY_PARAMETERS]),
            *_listed("_fields", fields, names),
            *_listed("_sortKeys", sort_keys, names),
        ]
        always = (*chosen, *[pair for pair in given if pair[0] not in start])
        # Here, and not at the first page, for what cannot be written in a URL.
        urlencode(always)
        return cls(place, always, start)


def headers_without_conditions(options: Mapping[str, Any]) -> dict[str, str | bytes | None]:
    """
    The headers of every page: the caller's, and none of a precondition, be it the session's own default.

    A precondition is 412 on any query, If-Modified-Since 409. Source: OpenIdentityPlatform/commons HttpAdapter.java
    (doQuery).

    Raises:
        ValueError: The caller gives one.
    """
    headers: Mapping[str | bytes, str | bytes | None] = options.get("headers") or {}
    named = {as_text(name): value for name, value in headers.items()}
    for name, value in named.items():
        if name.lower() in CONDITIONS and value is not None:
            raise ValueError(f"{name} cannot go with a query: no server takes a precondition there")
    return {**named, **dict.fromkeys(CONDITIONS)}


def _pairs(params: Any) -> list[tuple[str, str]]:
    """Parameters as requests would send them: names and values."""
    prepared = PreparedRequest()
    prepared.prepare_url("http://any/", params)
    return parse_qsl((prepared.url or "").partition("?")[2], keep_blank_values=True)


def _check_start(start: Mapping[str, str], names: Sequence[str]) -> None:
    """Refuse what asks for two pages at once, or for none."""
    if sum(name in (COOKIE.lower(), OFFSET.lower()) for name in names) != len(start) or len(start) > 1:
        raise ValueError(f"a query begins at one page: give one of {COOKIE} and {OFFSET}, once")
    offset = start.get(OFFSET, "0")
    if not (offset.isascii() and offset.isdecimal()):
        raise ValueError(f"{OFFSET} is a number of rows")
    if start.get(COOKIE) == "":
        raise ValueError(f"{COOKIE} is empty: without a cookie, leave it out")


def _selection(query_filter: str, instead: Sequence[str]) -> list[tuple[str, str]]:
    """What chooses the rows: the filter, unless params bring another way."""
    if not isinstance(cast("object", query_filter), str):
        raise TypeError(f"a query filter is text, not {type(query_filter).__name__}")
    if query_filter.startswith("/") and " " not in query_filter:
        raise ValueError(
            f"a query filter is such as 'userName eq \"bob\"' and stands behind the path, got {query_filter!r}"
        )
    if not query_filter.strip():
        raise ValueError('a query filter is not empty: for all rows it is "true"')
    if not instead:
        return [("_queryFilter", query_filter)]
    if query_filter != "true" or len(instead) > 1:
        raise ValueError("a query has one of query_filter, _queryFilter, _queryId and _queryExpression")
    return []


def _listed(name: str, values: Sequence[str], names: Sequence[str]) -> list[tuple[str, str]]:
    """A parameter whose value is a list."""
    one = isinstance(values, str | bytes)
    values = tuple(values)
    if one or not all(isinstance(cast("object", value), str) for value in values):
        raise TypeError(f"{name} takes a list of names, such as ('userName', 'mail')")
    if not values:
        return []
    if name.lower() in names:
        raise ValueError(f"{name} is given twice, as an argument and in params")
    if not all(value.strip() for value in values):
        raise ValueError(f"{name} holds an empty name")
    return [(name, ",".join(values))]
