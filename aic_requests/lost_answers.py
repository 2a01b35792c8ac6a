"""What became of a write whose answer was lost, as far as a read-back can tell."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

Document = dict[str, Any]
Change = Callable[[Document], Document | None]

#: Shorter texts are words that anybody may write; an id of one's own is longer.
_SHORTEST_MARK = 8


class Fate(Enum):
    """What to believe of a write."""

    ARRIVED = "it is there"
    NOT_YET = "nothing has been written since: send the same again"
    UNKNOWN = "something else is there, or an equal write of somebody else's"


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    A write as it was tried.

    Attributes:
        base: What the change started from.
        revision: The revision of *base*; None for a create.
        sent: What was sent.
    """

    base: Document
    revision: str | None
    sent: Document

    def fate(self, found: Document | None, revision: str | None, change: Change) -> Fate:
        """
        Tell what became of it, by what a read-back found.

        Args:
            found: The resource now; None if there is none.
            revision: Its revision.
            change: The caller's change, which may be called on copies of *base* and *found*.

        The rules, in order, and why each is sound:

        - Nothing there: a create has not arrived; anything else has been deleted since, and nobody knows
          whether before or after it was written.
        - The revision has not moved: nobody has written, so this has not been written either. The first
          sending may still arrive: both go out under the same If-Match, so only one of them can win.
        - A mark of ours is there (:meth:`left_its_mark`): nobody else can have written it.
        - All that was altered is there, and the change finds nothing more to do: whoever wrote it, the
          resource is as the caller wants it, and doing it again would not change it.
        - Otherwise it cannot be told. The server may have spelt it another way, computed it, dropped it
          (read-only fields) or not returned it (passwords), or another writer has come after us: to
          call that success could lose the change, to send it again could do it twice.
        """
        if found is None:
            return Fate.NOT_YET if self.revision is None else Fate.UNKNOWN
        if self.revision is not None and revision == self.revision:
            return Fate.NOT_YET
        if self.left_its_mark(found, change):
            return Fate.ARRIVED
        if self._is_there(found) and same(changed(found, change), found):
            return Fate.ARRIVED
        return Fate.UNKNOWN

    def left_its_mark(self, found: Document, change: Change) -> bool:
        """
        Tell whether *found* holds something that only this attempt can have written.

        A change that gives its work a fresh id (``uuid.uuid4()``) writes another one each time it is
        called. So what this attempt added, what another call on the same document does not add, and
        what is there now, was written by this attempt. A change without an id adds the same each time.
        """
        candidates = (_marks(self.sent) - _marks(self.base)) & _marks(found)
        # Only then is the change called once more.
        return bool(candidates) and bool(candidates - _marks(changed(self.base, change)))

    def _is_there(self, found: Document) -> bool:
        """Whether each field that was altered is now as it was sent. A create alters them all."""
        before = {} if self.revision is None else self.base
        return all(
            same(self.sent.get(name), found.get(name)) and (name in self.sent) == (name in found)
            for name in before.keys() | self.sent.keys()
            if name != "_rev" and not same(before.get(name), self.sent.get(name))
        )


def changed(document: Mapping[str, Any], change: Change) -> Document:
    """
    What *change* makes of a copy of the document: what it returns, or the copy as it left it.

    Raises:
        TypeError: It returned something else than a dict, or what is no JSON.
        ValueError: It altered ``_id``: the server would rename the resource.
    """
    mine = copy.deepcopy(dict(document))
    returned = change(mine)
    made = mine if returned is None else returned
    if not isinstance(cast("object", made), dict):
        raise TypeError(f"change returns a dict, or None for the document as it left it, got {type(made).__name__}")
    if not same(made.get("_id", document.get("_id")), document.get("_id")):
        raise ValueError("change altered _id, and the server would rename the resource: leave _id as it is")
    json.dumps(made)
    return made


def same(one: object, other: object) -> bool:
    """
    Whether two JSON values are the same to a server; of documents, ``_rev`` does not count.

    By their JSON, since Python takes True and 1 for equal and a server does not.

    >>> same({"a": 1, "_rev": "7"}, {"a": 1}), same({"a": 1}, {"a": True})
    (True, False)
    """
    return json.dumps(_without_rev(one), sort_keys=True) == json.dumps(_without_rev(other), sort_keys=True)


def _without_rev(value: object) -> object:
    if isinstance(value, dict):
        return {name: inner for name, inner in cast("Document", value).items() if name != "_rev"}
    return value


def _marks(document: Document) -> set[str]:
    """Every text and number in a document, and every name, that is long enough to be an id."""
    return {text for text in _texts(document) if len(text) >= _SHORTEST_MARK}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in cast("Document", value).items():
            # _rev is the server's, never ours.
            if name != "_rev":
                yield name
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _texts(inner)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)
