"""CREST's PATCH: a list of operations, all or none."""

import copy
import math
from typing import Any, cast

from .messages import Document, Refusal, same
from .pointers import index_of, parent_of, parts_of, step

_WITH_VALUE = {"add", "replace", "increment", "transform"}
_WITH_FROM = {"copy", "move"}


def patched(document: Document, operations: Any, *, inert: tuple[str, ...] = (), positions: bool = True) -> Document:
    """
    Apply operations to a copy.

    Args:
        document: What to start from.
        operations: The body of the request.
        inert: Operations that do nothing.
        positions: A field may name a member of a list by its number.

    Raises:
        Refusal: 400; an operation is none, or cannot be applied. Nothing is changed then.

    Source: OpenIdentityPlatform/commons PatchOperation.java, JsonPatch of MemoryBackend.
    """
    result = copy.deepcopy(document)
    for kind, *rest in operations_of(operations):
        if not positions and index_of(parts_of(rest[0])[-1]) is not None:
            raise Refusal(400, f"Position-based operation is not allowed: {rest[0]}")
        if kind not in inert:
            _apply(result, kind, *rest)
    return result


def operations_of(body: Any) -> list[tuple[str, str, Any, str]]:
    """
    Read a list of operations: kind, field, value and source of each.

    Raises:
        Refusal: 400; it is none.
    """
    if not isinstance(body, list):
        raise Refusal(400, "The request could not be processed because it did not contain a list of patch operations")
    return [_read(operation) for operation in cast("list[object]", body)]


def _read(operation: Any) -> tuple[str, str, Any, str]:
    """Check one operation: its kind, field, value and source."""
    if not isinstance(operation, dict):
        raise Refusal(400, "A patch operation is an object")
    given = cast("Document", operation)
    kind = str(given.get("operation", "")).lower()
    field, source = given.get("field"), given.get("from")
    if kind not in _WITH_VALUE | _WITH_FROM | {"remove"} or not isinstance(field, str):
        raise Refusal(400, "A patch operation has an 'operation' and a 'field'")
    if kind in _WITH_FROM:
        if "value" in given or not isinstance(source, str):
            raise Refusal(400, f"{kind} takes 'from' and no 'value'")
    elif "from" in given:
        raise Refusal(400, f"{kind} takes no 'from'")
    elif kind in _WITH_VALUE and given.get("value") is None:
        raise Refusal(400, f"{kind} takes a 'value' that is not null")
    return kind, field, copy.deepcopy(given.get("value")), source or ""


def _apply(document: Document, kind: str, field: str, value: Any, source: str) -> None:
    if kind == "increment":
        _increment(document, field, value)
    elif kind == "remove":
        _remove(document, field, value)
    elif kind in _WITH_FROM:
        container, name = parent_of(document, source)
        try:
            moved = copy.deepcopy(step(container, name))
        except KeyError:
            # OpenIDM: an absent source does nothing.
            return
        if kind == "move":
            _remove(document, source, None)
        _put(document, field, moved)
    elif kind == "transform":
        raise Refusal(400, "transform is for the configuration endpoint only")
    else:
        _put(document, field, value, append=kind == "add")


def _put(document: Document, field: str, value: Any, *, append: bool = False) -> None:
    container, name = parent_of(document, field, make=True)
    if isinstance(container, list):
        items = cast("list[object]", container)
        index = index_of(name)
        if name == "-":
            items.append(value)
        elif index is not None and index < len(items):
            if append:
                items.insert(index, value)
            else:
                items[index] = value
        else:
            raise Refusal(400, f"The field {field} is not there")
    elif isinstance(container, dict):
        cast("Document", container)[name] = value
    else:
        raise Refusal(400, f"The field {field} is not there")


def _remove(document: Document, field: str, value: Any) -> None:
    try:
        container, name = parent_of(document, field)
        found = step(container, name)
    except (Refusal, KeyError):
        # A missing field is no change.
        return
    if value is not None and isinstance(found, list):
        found[:] = [one for one in cast("list[object]", found) if not same(one, value)]
    elif value is None or same(found, value):
        del container[int(name) if isinstance(container, list) else name]


def _increment(document: Document, field: str, value: Any) -> None:
    container, name = parent_of(document, field)
    try:
        found = step(container, name)
    except KeyError:
        found = None
    numbers = [isinstance(one, int | float) and not isinstance(one, bool) for one in (found, value)]
    if not all(numbers):
        raise Refusal(400, f"The field {field} or the value is no number")
    try:
        total = found + value
        finite = math.isfinite(total)
    except OverflowError:
        total, finite = None, False
    if not finite:
        raise Refusal(400, f"The field {field} would be no number")
    container[int(name) if isinstance(container, list) else name] = total
