"""CREST's PATCH: a list of operations, all or none."""

import copy
import math
from itertools import pairwise
from typing import Any, NamedTuple, cast

from .messages import Document, Refusal, same
from .pointers import index_of, parts_of, step, value_at

_WITH_VALUE = {"add", "replace", "increment", "transform"}
_WITH_FROM = {"copy", "move"}


class Operation(NamedTuple):
    """One operation of a patch: what to do, where, and with what or from where."""

    kind: str
    field: list[str]
    value: Any
    source: list[str]


def operations_of(body: Any) -> list[Operation]:
    """
    Read the body of a PATCH.

    Raises:
        Refusal: 400; it is no list of operations, whatever they would be applied to.

    Source: OpenIdentityPlatform/commons PatchOperation.java.
    """
    if not isinstance(body, list):
        raise Refusal(400, "The request could not be processed because it did not contain a list of patch operations")
    return [_read(operation) for operation in cast("list[object]", body)]


def _read(operation: Any) -> Operation:
    if not isinstance(operation, dict):
        raise Refusal(400, "A patch operation is an object")
    given = cast("Document", operation)
    kind, field, value, source = (given.get(name) for name in ("operation", "field", "value", "from"))
    if not isinstance(kind, str) or not isinstance(field, str) or not isinstance(source, str | None):
        raise Refusal(400, "A patch operation has an 'operation' and a 'field'")
    kind = kind.lower()
    if kind not in _WITH_VALUE | _WITH_FROM | {"remove"}:
        raise Refusal(400, f"{kind} is no patch operation")
    where, whence = parts_of(field), parts_of(source or "")
    if kind in _WITH_FROM:
        if value is not None or not whence:
            raise Refusal(400, f"{kind} takes 'from' and no 'value'")
    elif source is not None:
        raise Refusal(400, f"{kind} takes no 'from'")
    elif kind in _WITH_VALUE and value is None:
        raise Refusal(400, f"{kind} takes a 'value' that is not null")
    elif kind == "increment" and not _is_number(value):
        raise Refusal(400, "increment takes a number")
    return Operation(kind, where, value, whence)


def patched(
    document: Document, operations: list[Operation], *, inert: tuple[str, ...] = (), positions: bool = True
) -> Document:
    """
    Apply operations to a copy.

    Args:
        document: What to start from.
        operations: What to do, in order.
        inert: Operations that do nothing.
        positions: A field may name a member of a list by its number.

    Raises:
        Refusal: 400 or 409; an operation cannot be applied. Nothing is changed then.

    Source: OpenIdentityPlatform/commons MemoryBackend.java (patchInstance).
    """
    result = copy.deepcopy(document)
    for operation in operations:
        if not positions and index_of(operation.field[-1] if operation.field else "") is not None:
            raise Refusal(400, f"Position-based operation is not allowed: {'/'.join(operation.field)}")
        if operation.kind not in inert:
            _apply(result, operation)
    return result


def _apply(document: Document, operation: Operation) -> None:
    kind, field, value, source = operation
    if kind == "increment":
        _increment(document, field, value)
    elif kind == "remove":
        _remove(document, field, value)
    elif kind in _WITH_FROM:
        try:
            moved = copy.deepcopy(value_at(document, source))
        except KeyError:
            # OpenIDM: an absent source does nothing.
            return
        if kind == "move":
            _remove(document, source, None)
        _put(document, field, moved)
    elif kind == "transform":
        raise Refusal(400, "transform is for the configuration endpoint only")
    else:
        _put(document, field, copy.deepcopy(value))


def _put(document: Document, field: list[str], value: Any) -> None:
    """Set a value; objects that are missing on the way are made, and a list where the way ends in ``-``."""
    container: Any = document
    for part, after in pairwise(field):
        try:
            container = step(container, part)
        except KeyError:
            if index_of(part) is not None or index_of(after) is not None or not isinstance(container, dict):
                raise _not_there(field) from None
            missing: Any = [] if after == "-" else {}
            cast("Document", container)[part] = missing
            container = missing
    _put_into(container, field, value)


def _put_into(container: Any, field: list[str], value: Any) -> None:
    name = field[-1] if field else None
    if isinstance(container, dict) and name is not None:
        cast("Document", container)[name] = value
        return
    if isinstance(container, list) and name is not None:
        items = cast("list[object]", container)
        index = len(items) if name == "-" else index_of(name)
        if index is not None and index <= len(items):
            items[index : index + 1] = [value]
            return
    raise _not_there(field)


def _remove(document: Document, field: list[str], value: Any) -> None:
    try:
        container = value_at(document, field[:-1])
        found = step(container, field[-1] if field else "")
    except KeyError:
        # A missing field is no change.
        return
    if value is not None and isinstance(found, list):
        found[:] = [one for one in cast("list[object]", found) if not same(one, value)]
    elif value is None or same(found, value):
        del container[int(field[-1]) if isinstance(container, list) else field[-1]]


def _increment(document: Document, field: list[str], amount: Any) -> None:
    try:
        found = value_at(document, field)
    except KeyError:
        found = None
    if isinstance(found, list):
        items = cast("list[object]", found)
        items[:] = [_sum(item, amount, field) for item in items]
    else:
        # What is no number is refused before it is put anywhere.
        _put(document, field, _sum(found, amount, field))


def _sum(found: Any, amount: Any, field: list[str]) -> Any:
    if not _is_number(found):
        raise Refusal(400, f"The field {'/'.join(field)} is no number")
    try:
        total = found + amount
        finite = math.isfinite(total)
    except OverflowError:
        total, finite = None, False
    if not finite:
        raise Refusal(400, f"The field {'/'.join(field)} would be no number")
    return total


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _not_there(field: list[str]) -> Refusal:
    return Refusal(409, f"The field {'/'.join(field)} does not exist")
