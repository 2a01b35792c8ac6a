"""JSON pointers as CREST reads them: the leading slash may be missing, and escapes are those of URLs."""

import re
from typing import Any, cast
from urllib.parse import unquote

from .messages import Document, Refusal

#: What Java's URI takes in a fragment: ASCII of these kinds, whole escapes, and letters beyond ASCII.
_PART = re.compile(r"(?:[A-Za-z0-9_.!~*'();:@&=+$,?\[\]-]|%[0-9A-Fa-f]{2}|[^\x00-\xa0])*")


def parts_of(pointer: str) -> list[str]:
    """
    ``/a/b%2Fc`` to ``["a", "b/c"]``; a slash at the end does not count, and nothing at all is the whole document.

    Raises:
        Refusal: 400; it holds what cannot stand in a URL.

    Source: OpenIdentityPlatform/commons JsonPointer.java.
    """
    parts = pointer.split("/")
    if parts[-1] == "":
        del parts[-1]
    if parts and parts[0] == "":
        del parts[0]
    if not all(map(_PART.fullmatch, parts)):
        raise Refusal(400, f"{pointer} is no JSON pointer")
    return [unquote(part) for part in parts]


def value_at(document: Document, parts: list[str]) -> Any:
    """What a pointer leads to; KeyError where there is nothing."""
    value: Any = document
    for part in parts:
        value = step(value, part)
    return value


def values_of(document: Document, parts: list[str]) -> list[Any]:
    """What a filter or a sort key looks at: of a list, each of its members."""
    try:
        value = value_at(document, parts)
    except KeyError:
        return []
    return cast("list[object]", value) if isinstance(value, list) else [value]


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
