"""The documents at one place, and their revisions."""

import copy
import hashlib
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from threading import RLock
from typing import TYPE_CHECKING, Any, cast

from .messages import Document, to_json
from .profiles import Behaviour

if TYPE_CHECKING:
    from .references import References

#: In milliseconds; November 2026.
_LONG_AGO = 1_795_000_000_000


@dataclass(slots=True)
class Stored:
    """A document without ``_id`` and ``_rev``, and its revision; None where there are none."""

    content: Document
    revision: str | None


class Numbers:
    """Where ids and opaque revisions come from: the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311  # no secret
        self._counter: count[int] = count(1)
        self.node: str = self.uuid()

    def uuid(self) -> str:
        """A new id."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def number(self) -> str:
        """Any number."""
        return str(self._random.getrandbits(31))

    def next(self) -> int:
        """A number that all objects of a node share."""
        return next(self._counter)


class Collection:
    """
    Documents by id. What goes in and out is a copy.

    Tests may look into it and write "behind the client's back": :meth:`read`, :meth:`write`, :meth:`delete`.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        place: tuple[str, ...],
        numbers: Numbers,
        lock: RLock,
        references: "References | None" = None,
    ) -> None:
        self.behaviour = behaviour
        self.path: str = "/" + "/".join(place)
        self.documents: dict[str, Stored] = {}
        self._numbers = numbers
        self._references = references
        self.lock: RLock = lock
        self._created: count[int] = count()

    def ids(self) -> list[str]:
        """The ids, in the order of creation."""
        with self.lock:
            return list(self.documents)

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids())

    def read(self, resource_id: str) -> Document:
        """
        A document as a read shows it.

        Raises:
            KeyError: There is none.
        """
        with self.lock:
            return self.shown(resource_id, self.seen(self.documents[resource_id]))

    def write(self, resource_id: str, document: Document) -> Document:
        """
        Create or replace a document, as somebody else would; the revision moves.

        Raises:
            ValueError: It refers to a document that is not there.
        """
        with self.lock:
            if self._references is None:
                self.documents[resource_id] = self.stored(resource_id, document, self.documents.get(resource_id))
            else:
                self._references.put(self, resource_id, document)
            return self.read(resource_id)

    def delete(self, resource_id: str) -> None:
        """
        Remove a document and what refers to it, as somebody else would.

        Raises:
            KeyError: There is none.
        """
        with self.lock:
            del self.documents[resource_id]
            if self._references is not None:
                self._references.cut(self, resource_id)

    def new_id(self) -> str:
        """An id as the server gives it."""
        return str(next(self._created)) if self.behaviour.paging == "sorted" else self._numbers.uuid()

    def stored(self, resource_id: str, document: Document, former: Stored | None) -> Stored:
        """What a document becomes: a copy of its content, with what the server adds, under the next revision."""
        behaviour = self.behaviour
        hidden = ("_id", "_rev", behaviour.id_name)
        content = {name: value for name, value in document.items() if name not in hidden}
        content = copy.deepcopy(
            (dict(behaviour.defaults) if former is None else {}) | content | dict(behaviour.computed)
        )
        if behaviour.lists:
            content = {name: _listed(name, value) for name, value in content.items()}
        return Stored(content, self._next_revision(resource_id, content, former))

    def seen(self, stored: Stored) -> Stored:
        """A document as one answer tells of it: a fleeting revision is another one every time."""
        fleeting = self.behaviour.revision == "fleeting"
        return replace(stored, revision=self._numbers.number()) if fleeting else stored

    def shown(self, resource_id: str, stored: Stored) -> Document:
        """A document with ``_id`` and ``_rev``, as this kind of server shows it."""
        head: Document = {self.behaviour.id_name: resource_id}
        if stored.revision is not None:
            head["_rev"] = int(stored.revision) if self.behaviour.revision == "weak" else stored.revision
        shown = {name: value for name, value in stored.content.items() if name not in self.behaviour.private}
        return head | copy.deepcopy(shown)

    def tag(self, resource_id: str, stored: Stored) -> str | None:
        """The ETag of a document, whatever part of it is shown; None where this kind of server sends none."""
        if self.behaviour.revision == "weak":
            return weak_tag(to_json(self.shown(resource_id, stored)))
        return None if stored.revision is None or self.behaviour.revision == "inside" else f'"{stored.revision}"'

    def _next_revision(self, resource_id: str, content: Document, former: Stored | None) -> str | None:
        kind = self.behaviour.revision
        if kind == "none":
            return None
        if kind in ("opaque", "inside"):
            return f"{self._numbers.node}-{self._numbers.next()}"
        if kind == "time":
            return str(_LONG_AGO + self._numbers.next())
        if kind == "fleeting":
            return self._numbers.number()
        if kind == "hash":
            return hash_of(self.shown(resource_id, Stored(content, None)))
        return str(self.behaviour.first if former is None else int(former.revision or 0) + 1)


def weak_tag(body: bytes) -> str:
    """Express's ETag: length and hash of a body."""
    return f'W/"{len(body):x}-{hashlib.sha256(body).hexdigest()[:12]}"'


def hash_of(content: Document) -> str:
    """A signed 32-bit hash, as AM's revisions are."""
    crc = zlib.crc32(to_json(content, in_order=True))
    return str(crc - (1 << 32) if crc >= 1 << 31 else crc)


def _listed(name: str, value: Any) -> Any:
    return cast("object", value) if isinstance(value, list) or name in ("username", "realm") else [value]
