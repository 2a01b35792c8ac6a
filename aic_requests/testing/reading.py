"""What CREST makes of a request before it looks at any resource."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Literal, cast

from .messages import DEEPEST, Document, Refusal, Request, depth_of
from .patching import operations_of
from .pointers import parts_of

Operation = Literal["create", "read", "update", "patch", "delete", "query", "action"]

_VERSION = re.compile(r"(protocol|resource)=([0-9]{1,9})(?:\.([0-9]{1,9}))?")
_COMMA = re.compile(r"\s*,\s*")
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
        body: The JSON body; None without one. Of a patch, its operations.
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

    @property
    def creates(self) -> bool:
        """Whether a PUT may create: with ``If-None-Match: *``, or without any condition since protocol 2."""
        unconditional = self.match is None and self.protocol >= (2, 0)
        return self.operation == "update" and (self.none_match is not None or unconditional)

    @classmethod
    def of(cls, request: Request) -> "Reading":
        """
        Read and check, in CREST's own order.

        Raises:
            Refusal: 400, 409, 412 or 501, before any resource is looked at.

        Source: OpenIdentityPlatform/commons HttpAdapter.java, HttpUtils.java.
        """
        method = method_of(request)
        if method not in ("GET", "POST", *_BY_METHOD):
            raise Refusal(501, f"Method {method} is not implemented", rule=f"unknown method {method}")

        protocol = _protocol(request.header("accept-api-version"))
        parameters = _parameters(request)
        operation, action = _operation(request, method, parameters, protocol)
        match, none_match = request.header("if-match"), request.header("if-none-match")
        if method == "PUT" and none_match is not None and _unquoted(none_match) != "*":
            raise Refusal(400, "If-None-Match of an update is '*' or nothing")
        _check_content_type(request)
        for name in ("if-modified-since", "if-unmodified-since"):
            if request.header(name) is not None:
                raise Refusal(409, f"{name} is not supported", rule=f"{name} on any request is 409")
        _check_conditions(operation, match, none_match)
        _check_parameters(request, operation, parameters)
        return cls(
            operation,
            action,
            parameters,
            None if match is None else _unquoted(match),
            match is not None and match.strip() == "*",
            None if not (none_match and none_match.strip()) else _unquoted(none_match),
            _body(request, operation),
            protocol,
        )


def method_of(request: Request) -> str:
    """The method that counts: a POST may name another."""
    override = request.header("x-http-method-override")
    return override if request.method == "POST" and override is not None else request.method


def versions_of(header: str) -> dict[str, tuple[int, int]]:
    """
    The versions that ``Accept-API-Version`` asks for: of the ``protocol`` and of the ``resource``.

    Raises:
        Refusal: 400; it is malformed.
    """
    parts = [_VERSION.fullmatch(part) for part in _COMMA.split(header)] if header else []
    found = {part.group(1): (int(part.group(2)), int(part.group(3) or 0)) for part in parts if part}
    if len(found) != len(parts):
        raise Refusal(400, "Accept-API-Version is malformed")
    return found


def _protocol(header: str | None) -> tuple[int, int]:
    if not header:
        return 2, 1
    major, minor = versions_of(header).get("protocol", (2, 1))
    # Each by itself: protocol=1.2 is refused too.
    if major > 2 or minor > 1:
        raise Refusal(400, f"Protocol {major}.{minor} is not supported")
    return major, minor


def _parameters(request: Request) -> dict[str, str]:
    """Repeated and comma-separated values joined, as Java splits them: empty ones at the end do not count."""
    found: dict[str, str] = {}
    for exact, value in request.parameters:
        name = exact.lower() if exact.startswith("_") else exact
        if name in _REPEATABLE:
            value = value.rstrip(",") or ("/" if not value and name == "_fields" else value)
            value = f"{found[name]},{value}" if name in found else value
        # In another spelling a name may come again: for these the first counts, otherwise the last.
        if name not in found or name not in ("_action", "_prettyprint"):
            found[name] = value
    return found


def _operation(
    request: Request, method: str, parameters: dict[str, str], protocol: tuple[int, int]
) -> tuple[Operation, str]:
    if method == "GET":
        if "_crestapi" in parameters:
            raise Refusal(501, "No API description here")
        return ("query" if _QUERIES & parameters.keys() else "read"), ""
    if method == "POST":
        _check_repeats([one for one in request.parameters if one[0].lower() == "_action"])
        action = parameters.get("_action")
        if action is None and protocol < (2, 1):
            raise Refusal(400, "_action is missing")
        if action is None or action.lower() == "create":
            return "create", ""
        return "action", action
    return _BY_METHOD[method], ""


def _check_content_type(request: Request) -> None:
    kind = request.header("content-type")
    if (
        kind is not None
        and request.method != "GET"
        and kind.partition(";")[0].strip().lower() not in ("application/json", "multipart/form-data")
    ):
        raise Refusal(400, "The request could not be processed because its Content-Type is not application/json")


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


def _check_repeats(parameters: list[tuple[str, str]]) -> None:
    names = [name for name, _ in parameters if name.lower() not in _REPEATABLE]
    for name in names:
        if names.count(name) > 1:
            raise Refusal(400, f"The parameter {name} is there more than once")


def _check_parameters(request: Request, operation: Operation, parameters: dict[str, str]) -> None:
    legal = set(_EVERYWHERE)
    if operation == "read":
        legal.add("_mimetype")
    elif operation == "query":
        legal |= _OF_QUERIES
    elif operation == "create":
        legal.add("_action")
    # In their order: one exception is no refusal but a mishap, and whichever comes first counts.
    for name in parameters:
        _check_repeats([one for one in request.parameters if one[0].lower() == name.lower()])
        if operation == "read" and name == "_mimetype":
            _check_raw(request, parameters)
        if name.startswith("_") and (name not in legal if operation != "action" else name == "_mimetype"):
            raise Refusal(400, f"Unrecognized parameter {name}")
    for field in parameters.get("_fields", "").split(","):
        parts_of(field)


def _check_raw(request: Request, parameters: dict[str, str]) -> None:
    """``_mimeType`` asks for one field as it is, and for one kind of it."""
    fields = [name for name, _ in request.parameters if name == "_fields"]
    if "," in parameters["_mimetype"].rstrip(","):
        raise Refusal(400, "Only one mime type value allowed")
    if not fields:
        raise Refusal(500, "_mimeType without _fields")
    if len(fields) != 1:
        raise Refusal(400, "The mime type parameter requires only 1 field to be specified")


def _body(request: Request, operation: Operation) -> Any:
    if operation in ("read", "query", "delete"):
        return None
    if request.header("content-type") is None and operation != "action":
        raise Refusal(400, "The request could not be processed because it has no Content-Type")
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
    return operations_of(body) if operation == "patch" else cast("object", body)


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
