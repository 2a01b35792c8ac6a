"""Queries: filter, sort, page."""

import base64
import binascii
import re
from typing import Any
from urllib.parse import quote, unquote

from .collection import Collection
from .filters import parse
from .messages import Document, Refusal
from .pointers import parts_of, values_of

_SELECTORS = ("_queryfilter", "_queryid", "_queryexpression")
_INTEGER = re.compile(r"[+-]?[0-9]{1,10}")
_POLICIES = {"NONE", "ESTIMATE", "EXACT"}


def query(collection: Collection, parameters: dict[str, str]) -> Document:
    """
    Answer a query with CREST's envelope; rows are whole documents.

    Raises:
        Refusal: 400, 403, 501, or the empty 500 of a malformed cookie.

    Source: OpenIdentityPlatform/commons RequestRunner.java (visitQueryRequest).
    """
    if sum(name in parameters for name in _SELECTORS) != 1:
        raise Refusal(400, "Exactly one of _queryFilter, _queryId and _queryExpression")
    behaviour = collection.behaviour
    test = parse(_filter_of(parameters, behaviour.query_ids), cased=behaviour.cased)
    size = _number(parameters, "_pagesize")
    offset = _number(parameters, "_pagedresultsoffset")
    policy = parameters.get("_totalpagedresultspolicy", "NONE").upper()
    cookie = parameters.get("_pagedresultscookie")
    limit = behaviour.max_page_size
    if behaviour.paging == "refused" and ("_pagesize" in parameters or parameters.get("_queryfilter") != "true"):
        raise Refusal(501, "Neither pages nor filters are supported here")
    if behaviour.paging == "ignored":
        size = offset = 0
    if policy not in _POLICIES:
        raise Refusal(400, "_totalPagedResultsPolicy is NONE, ESTIMATE or EXACT")
    if cookie is not None and offset:
        raise Refusal(400, "_pagedResultsOffset and _pagedResultsCookie together")
    if limit is not None and size > limit:
        raise Refusal(400, f"The page size must not exceed {limit}")

    rows = [collection.read(one) for one in collection.ids()]
    rows = [row for row in rows if test(row)]
    keys = parameters["_sortkeys"].split(",") if "_sortkeys" in parameters else []
    if not all(keys):
        raise Refusal(400, "A sort key is empty")
    for key in reversed(keys) if behaviour.sorts else ():
        rows = _sorted(rows, parts_of(key[1:] if key[0] in "+-" else key), descending=key[0] == "-")

    if parameters.get("_queryid") == "query-all-ids":
        names = ("_id",) if behaviour.bare_ids else ("_id", "_rev")
        rows = [{name: row[name] for name in names if name in row} for row in rows]

    start = _start(cookie, behaviour.paging) if size and cookie is not None else offset
    page = rows[start : start + size] if size else rows[start:]
    rest = max(0, len(rows) - start - len(page))
    gives_cookie = size and rest and (behaviour.paging != "sorted" or keys)
    counts = bool(size) and ("_queryfilter" not in parameters or behaviour.counts_filtered)
    exact = policy != "NONE" and counts
    return {
        "result": page,
        "resultCount": len(page),
        "pagedResultsCookie": _cookie(start + len(page), keys, behaviour.paging) if gives_cookie else None,
        "totalPagedResultsPolicy": "EXACT" if exact else "NONE",
        "totalPagedResults": len(rows) if exact else -1,
        "remainingPagedResults": rest if _tells_rest(behaviour.paging, size) else -1,
    }


def _filter_of(parameters: dict[str, str], known: tuple[str, ...]) -> str:
    if "_queryfilter" in parameters:
        return parameters["_queryfilter"]
    if not known:
        raise Refusal(501, "Only _queryFilter is known here")
    if "_queryexpression" in parameters:
        raise Refusal(403, "Access denied", rule="no query expressions from outside")
    if parameters["_queryid"] not in known:
        raise Refusal(400, f"The query {parameters['_queryid']} is not known")
    return "true"


def _number(parameters: dict[str, str], name: str) -> int:
    """A Java integer; less than nothing is no limit."""
    text = parameters.get(name, "0")
    if not _INTEGER.fullmatch(text) or not -(1 << 31) <= int(text) < 1 << 31:
        raise Refusal(400, f"{name} is no number")
    return max(0, int(text))


def _sorted(rows: list[Document], parts: list[str], *, descending: bool) -> list[Document]:
    """By the least of a field's values; where there is none, last in either direction."""
    ranked = [(min(map(_rank, values_of(row, parts)), default=None), row) for row in rows]
    there = [(rank, row) for rank, row in ranked if rank is not None]
    there.sort(key=lambda one: one[0], reverse=descending)
    return [row for _, row in there] + [row for rank, row in ranked if rank is None]


def _rank(value: Any) -> tuple[int, Any]:
    """Unlike types apart."""
    if isinstance(value, bool):
        return (0, value)
    if isinstance(value, int | float):
        return (1, value)
    return (2, value.lower()) if isinstance(value, str) else (3, str(value))


def _tells_rest(paging: str, size: int) -> bool:
    return paging == "remaining" or (paging == "none" and size > 0)


def _cookie(offset: int, keys: list[str], paging: str) -> str | None:
    if paging in ("none", "remaining"):
        return None
    if paging == "sorted":
        signed = ",".join(_signed(key) for key in keys)
        return base64.b64encode(f"{offset}:{signed}".encode()).decode()
    if paging == "connector":
        # It looks percent-encoded and is not: it goes back as it is.
        return quote(base64.b64encode(f"{offset}".encode()).decode() + ":0", safe="")
    return str(offset)


def _signed(key: str) -> str:
    """A sort key as Java writes it."""
    sign, pointer = (key[0], key[1:]) if key[0] in "+-" else ("+", key)
    return sign + "".join(f"/{quote(part)}" for part in parts_of(pointer))


def _start(cookie: str, paging: str) -> int:
    try:
        if paging == "sorted":
            text, _, keys = base64.b64decode(cookie, validate=True).decode().partition(":")
            if not keys:
                raise ValueError(cookie)
        elif paging == "connector":
            text = base64.b64decode(unquote(cookie).removesuffix(":0")).decode()
        else:
            text = cookie
        return _whole(text)
    except (ValueError, binascii.Error):
        # MemoryBackend falls over it.
        status, message = (500, "") if paging == "sorted" else (400, "The paging cookie is malformed")
        raise Refusal(status, message, rule="malformed paging cookie") from None


def _whole(text: str) -> int:
    """A number of rows: ASCII digits, and not too many of them."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(text)
    return int(text)
