"""JSON pointers as CREST reads them: the leading slash may be missing."""

from collections.abc import Iterator
from typing import Any, cast

from .messages import Document, Refusal


def parts_of(pointer: str) -> list[str]:
    """``/a/b~1c`` to ``["a", "b/c"]``."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("/").split("/")]


def values_at(value: Any, pointer: str) -> Iterator[Any]:
    """What a filter looks at: of a list, each of its members."""
    found = [value]
    for part in parts_of(pointer):
        deeper: list[Any] = []
        for one in found:
            for item in cast("list[object]", one) if isinstance(one, list) else [one]:
                if isinstance(item, dict) and part in item:
                    deeper.append(cast("Document", item)[part])
        found = deeper
    for one in found:
        if isinstance(one, list):
            yield from cast("list[object]", one)
        else:
            yield one


def index_of(part: str) -> int | None:
    """A list index, or None: ASCII digits and few of them."""
    return int(part) if part.isascii() and part.isdigit() and len(part) < 10 else None


def step(container: Any, part: str) -> Any:
    """One step down; KeyError where there is nothing."""
    if isinstance(container, dict):
        return cast("Document", container)[part]
    index = index_of(part)
    if isinstance(container, list) and index is not None and index < len(cast("list[object]", container)):
        return cast("list[object]", container)[index]
    raise KeyError(part)


def parent_of(document: Document, pointer: str, *, make: bool = False) -> tuple[Any, str]:
    """The container that a pointer ends in, and the last part; missing objects on the way are made if asked."""
    *way, last = parts_of(pointer)
    container: Any = document
    for part in way:
        if make and isinstance(container, dict) and not isinstance(cast("Document", container).get(part), dict | list):
            cast("Document", container)[part] = {}
        try:
            container = step(container, part)
        except KeyError:
            raise Refusal(400, f"The field {pointer} is not there") from None
    return container, last
