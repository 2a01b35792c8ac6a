"""Identity governance (IGA) in CREST's words: how it is asked for lists."""

import json
from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlencode

from .messages import Document, Refusal, Request

_OPERATORS = {"EQUALS": "eq", "CONTAINS": "co", "STARTS_WITH": "sw", "GT": "gt", "GTE": "ge", "LT": "lt", "LTE": "le"}
#: Its own, beside CREST's.
_OWN = {"querystring", "_querystring", "pagesize", "pagenumber", "_uselowlevelapi"}


def in_crest(request: Request, collection: bool) -> Request:
    """
    The same request as CREST has it; as it was where it is the same there.

    Args:
        request: A request for a place of IGA's.
        collection: It is for a collection, and not for a resource.

    Raises:
        Refusal: 400; a search is none.

    Source: recorded. ``targetFilter`` has more operators than were recorded (EQUALS, AND); those are of its own docs.
    """
    parameters = [(name, value) for name, value in request.parameters if name.lower() not in _OWN]
    own = {name.lower(): value for name, value in request.parameters if name.lower() in _OWN}
    searches = request.method == "POST" and request.path.rstrip("/").endswith("/search")
    if searches or (request.method == "GET" and collection):
        names = {name.lower() for name, _ in parameters}
        if searches or "_queryfilter" not in names:
            parameters.append(("_queryFilter", _searched(request) if searches else "true"))
        if "pagesize" in own:
            parameters.append(("_pageSize", own["pagesize"]))
            parameters.append(("_pagedResultsOffset", str(_number(own, "pagenumber") * _number(own, "pagesize"))))
    path = request.path.rstrip("/").removesuffix("/search") if searches else request.path
    target = f"{path}?{urlencode(parameters)}" if parameters else path
    if not searches:
        return replace(request, target=target)
    headers = tuple((name, value) for name, value in request.headers if name.lower() != "content-type")
    return replace(request, method="GET", target=target, headers=headers, body=b"")


def _searched(request: Request) -> str:
    """The filter of a search."""
    try:
        asked = cast("object", json.loads(request.body or b"{}"))
        target = cast("Document", asked).get("targetFilter") if isinstance(asked, dict) else None
        return "true" if not target else _filter(target)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refusal(400, "targetFilter is malformed", rule="a search that is none") from None


def _filter(target: Any) -> str:
    operator, operand = target["operator"].upper(), target["operand"]
    if operator in ("AND", "OR"):
        return "(" + f" {operator.lower()} ".join(map(_filter, operand)) + ")"
    if operator == "NOT":
        return f"!({_filter(operand[0])})"
    return f"{operand['targetName']} {_OPERATORS[operator]} {json.dumps(operand['targetValue'])}"


def _number(parameters: dict[str, str], name: str) -> int:
    text = parameters.get(name, "0")
    if not text.isascii() or not text.isdigit():
        raise Refusal(400, f"{name} is no number")
    return int(text)
