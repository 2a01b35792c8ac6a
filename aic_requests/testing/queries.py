"""Queries: filter, sort, page."""

import base64
import binascii
from operator import itemgetter
from typing import Any
from urllib.parse import quote, unquote

from .collection import Collection
from .filters import parse
from .messages import Document, Refusal
from .pointers import values_at

_SELECTORS = ("_queryfilter", "_queryid", "_queryexpression")
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
    if cookie and offset:
        raise Refusal(400, "_pagedResultsOffset and _pagedResultsCookie together")
    if limit is not None and size > limit:
        raise Refusal(400, f"The page size must not exceed {limit}")

    rows = [collection.read(one) for one in collection.ids()]
    rows = [row for row in rows if test(row)]
    keys = [key for key in parameters.get("_sortkeys", "").split(",") if key]
    if "_sortkeys" in parameters and not keys:
        raise Refusal(400, "_sortKeys is empty")
    for key in reversed(keys) if behaviour.sorts else ():
        name = key.lstrip("+-")
        rows = [
            row
            for _, _, row in sorted(
                ((_rank(row, name), at, row) for at, row in enumerate(rows)),
                key=itemgetter(0),
                reverse=key.startswith("-"),
            )
        ]

    if parameters.get("_queryid") == "query-all-ids":
        names = ("_id",) if behaviour.bare_ids else ("_id", "_rev")
        rows = [{name: row[name] for name in names if name in row} for row in rows]

    start = _start(cookie, behaviour.paging) if cookie else offset
    page = rows[start : start + size] if size else rows[start:]
    rest = max(0, len(rows) - start - len(page))
    gives_cookie = size and rest and (behaviour.paging != "sorted" or keys)
    if not size or ("_queryfilter" in parameters and not behaviour.counts_filtered):
        policy = "NONE"
    exact = policy == "EXACT"
    return {
        "result": page,
        "resultCount": len(page),
        "pagedResultsCookie": _cookie(start + len(page), keys, behaviour.paging) if gives_cookie else None,
        "totalPagedResultsPolicy": policy,
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
    try:
        text = parameters.get(name, "0")
        number = _whole(text.removeprefix("-"))
    except ValueError:
        raise Refusal(400, f"{name} is no number") from None
    # Less than nothing is no limit.
    return 0 if text.startswith("-") else number


def _rank(row: Document, pointer: str) -> tuple[int, Any]:
    """Missing values last, unlike types apart."""
    value = next(values_at(row, pointer), None)
    if value is None:
        return (3, "")
    if isinstance(value, bool | int | float):
        return (0, value)
    return (1, value.lower()) if isinstance(value, str) else (2, str(value))


def _tells_rest(paging: str, size: int) -> bool:
    return paging == "remaining" or (paging == "none" and size > 0)


def _cookie(offset: int, keys: list[str], paging: str) -> str | None:
    if paging in ("none", "remaining"):
        return None
    if paging == "sorted":
        signed = ",".join(key if key[0] in "+-" else f"+/{key}" for key in keys)
        signed = ",".join(key if key.startswith("+/") else f"{key[0]}/{key[1:]}" for key in signed.split(","))
        return base64.b64encode(f"{offset}:{signed}".encode()).decode()
    if paging == "connector":
        # It looks percent-encoded and is not: it goes back as it is.
        return quote(base64.b64encode(f"{offset}".encode()).decode() + ":0", safe="")
    return str(offset)


def _start(cookie: str, paging: str) -> int:
    try:
        if paging == "sorted":
            text = base64.b64decode(cookie, validate=True).decode().partition(":")[0]
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
