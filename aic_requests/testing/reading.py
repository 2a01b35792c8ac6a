"""What CREST makes of a request before it looks at any resource."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Literal, cast

from .messages import DEEPEST, Document, Refusal, Request, depth_of

Operation = Literal["create", "read", "update", "patch", "delete", "query", "action"]

_VERSION = re.compile(r"\s*(protocol|resource)\s*=\s*([0-9]{1,9})(?:\.([0-9]{1,9}))?\s*")
_QUERIES = {"_queryfilter", "_queryid", "_queryexpression"}
_OF_QUERIES = _QUERIES | {
    "_pagesize",
    "_pagedresultscookie",
    "_pagedresultsoffset",
    "_sortkeys",
    "_totalpagedresultspolicy",
}
_EVERYWHERE = {"_fields", "_prettyprint"}
_REPEATABLE = {"_fields", "_sortkeys"}
_BY_METHOD: dict[str, Operation] = {"PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Reading:
    """
    A request, understood.

    Attributes:
        operation: What is asked for; a PUT is an ``update`` until the resource is looked for.
        action: ``_action`` of an action.
        parameters: The query by lower-case name, repeated values joined by commas.
        match: If-Match without its quotes; None without one.
        any_match: It is a bare ``*``.
        none_match: If-None-Match without its quotes.
        body: The JSON body; None without one.
        protocol: ``Accept-API-Version``'s protocol, (2, 1) by default.
    """

    operation: Operation
    action: str
    parameters: dict[str, str]
    match: str | None
    any_match: bool
    none_match: str | None
    body: Any
    protocol: tuple[int, int]

    @classmethod
    def of(cls, request: Request) -> "Reading":
        """
        Read and check, in CREST's own order.

        Raises:
            Refusal: 400, 409, 412 or 501, before any resource is looked at.

        Source: OpenIdentityPlatform/commons HttpAdapter.java, HttpUtils.java.
        """
        method = request.method
        override = request.header("x-http-method-override")
        if method == "POST" and override:
            method = override.upper()
        if method not in ("GET", "POST", *_BY_METHOD):
            raise Refusal(501, f"Method {method} is not implemented", rule=f"unknown method {method}")

        protocol = _protocol(request.header("accept-api-version"))
        parameters = _parameters(request)
        operation, action = _operation(method, parameters, protocol)
        _check_content_type(request, method, operation)
        for name in ("if-modified-since", "if-unmodified-since"):
            if request.header(name) is not None:
                raise Refusal(409, f"{name} is not supported", rule=f"{name} on any request is 409")
        match, none_match = request.header("if-match"), request.header("if-none-match")
        _check_conditions(operation, match, none_match)
        _check_parameters(operation, parameters)
        return cls(
            operation,
            action,
            parameters,
            None if match is None else _unquoted(match),
            match is not None and match.strip() == "*",
            None if not none_match else _unquoted(none_match),
            _body(request, operation),
            protocol,
        )


def versions_of(header: str) -> dict[str, tuple[int, int]]:
    """
    The versions that ``Accept-API-Version`` asks for: of the ``protocol`` and of the ``resource``.

    Raises:
        Refusal: 400; it is malformed.
    """
    parts = [_VERSION.fullmatch(part) for part in header.split(",")]
    found = {part.group(1): (int(part.group(2)), int(part.group(3) or 0)) for part in parts if part}
    if len(found) != len(parts):
        raise Refusal(400, "Accept-API-Version is malformed")
    return found


def _protocol(header: str | None) -> tuple[int, int]:
    if header is None:
        return 2, 1
    major, minor = versions_of(header).get("protocol", (2, 1))
    # Each by itself: protocol=1.2 is refused too.
    if major > 2 or minor > 1:
        raise Refusal(400, f"Protocol {major}.{minor} is not supported")
    return major, minor


def _parameters(request: Request) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in request.parameters:
        name = name.lower() if name.startswith("_") else name
        if name in found and name not in _REPEATABLE:
            raise Refusal(400, f"The parameter {name} is there more than once")
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _operation(method: str, parameters: dict[str, str], protocol: tuple[int, int]) -> tuple[Operation, str]:
    if method == "GET":
        if "_crestapi" in parameters:
            raise Refusal(501, "No API description here")
        return ("query" if _QUERIES & parameters.keys() else "read"), ""
    if method == "POST":
        action = parameters.get("_action")
        if action is None and protocol < (2, 1):
            raise Refusal(400, "_action is missing")
        if action is None or action.lower() == "create":
            return "create", ""
        return "action", action
    return _BY_METHOD[method], ""


def _check_content_type(request: Request, method: str, operation: Operation) -> None:
    kind = request.header("content-type")
    if kind is not None and method != "GET":
        if kind.partition(";")[0].strip().lower() not in ("application/json", "multipart/form-data"):
            raise Refusal(400, "The request could not be processed because its Content-Type is not application/json")
    elif operation in ("create", "update", "patch"):
        raise Refusal(400, "The request could not be processed because it has no Content-Type")


def _check_conditions(operation: Operation, match: str | None, none_match: str | None) -> None:
    """Which header is legal where; the resource may not even exist."""
    illegal = {
        "create": match is not None or none_match is not None,
        "read": match is not None or (none_match is not None and _unquoted(none_match) == "*"),
        "update": match is not None and none_match is not None,
        "patch": none_match is not None,
        "delete": none_match is not None,
        "query": match is not None or none_match is not None,
        "action": match is not None or none_match is not None,
    }
    if illegal[operation]:
        raise Refusal(
            412, f"Preconditions are not supported on {operation}", rule=f"illegal precondition on {operation}"
        )
    if operation == "update" and none_match is not None and _unquoted(none_match) != "*":
        raise Refusal(400, "If-None-Match of an update is '*' or nothing")


def _check_parameters(operation: Operation, parameters: dict[str, str]) -> None:
    legal = set(_EVERYWHERE)
    if operation == "read":
        legal.add("_mimetype")
    elif operation == "query":
        legal |= _OF_QUERIES
    elif operation == "create":
        legal.add("_action")
    for name in parameters:
        if name.startswith("_") and (name not in legal if operation != "action" else name == "_mimetype"):
            raise Refusal(400, f"Unrecognized parameter {name}")


def _body(request: Request, operation: Operation) -> Any:
    if operation in ("read", "query", "delete"):
        return None
    if not request.body.strip():
        if operation == "action":
            return None
        raise Refusal(400, "The request could not be processed because it did not contain the required JSON content")
    try:
        body = json.loads(request.body, parse_constant=_no_number, parse_float=_finite)
        if depth_of(body) > DEEPEST:
            raise ValueError("nested too deeply")
    except (ValueError, RecursionError) as error:
        text = "The request could not be processed because the provided content is not valid JSON"
        raise Refusal(400, text, detail=str(error)) from None
    if operation in ("create", "update"):
        # A literal null is taken for an empty object.
        if body is not None and not isinstance(body, dict):
            raise Refusal(400, "The request could not be processed because it did not contain a JSON object")
        return cast("Document", body or {})
    return cast("object", body)


def _no_number(name: str) -> Any:
    """NaN and Infinity are Python's idea, not JSON's."""
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else cast("float", _no_number(text))


def _unquoted(value: str) -> str:
    """The outer quotes are cut off, and nothing else is understood: no lists, no weak tags."""
    value = value.strip()
    return value[1:-1] if len(value) >= 2 and value[0] == value[-1] == '"' else value
