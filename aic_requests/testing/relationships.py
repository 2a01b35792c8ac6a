"""References between documents. They belong to neither: a change from one side does not move the other's revision."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from .messages import Document, Refusal
from .profiles import Relationship


@dataclass(frozen=True, slots=True)
class Side:
    """
    A relationship as the documents at one end of it have it.

    Attributes:
        relationship: Which it is.
        forward: These documents refer; else they are referred to.
        place: Where they are.
        name: Their property.
        far: Where the others are.
        many: The property is a list.
    """

    relationship: Relationship
    forward: bool
    place: str
    name: str
    far: str
    many: bool

    @classmethod
    def of(cls, one: Relationship) -> Iterator["Side"]:
        """One side, or both."""
        yield cls(one, True, one.place, one.name, one.far, one.many)
        if one.reverse is not None:
            yield cls(one, False, one.far, one.reverse, one.place, True)


@dataclass(frozen=True, slots=True)
class Edge:
    """One reference: paths of the document that refers and of the other."""

    id: str
    relationship: Relationship
    near: str
    far: str

    def of(self, side: Side, path: str) -> bool:
        """Whether a document has this reference on a side."""
        return self.relationship is side.relationship and (self.near if side.forward else self.far) == path

    def other(self, side: Side) -> str:
        """The path of the document at the other end."""
        return self.far if side.forward else self.near


@dataclass(slots=True)
class Change:
    """References to take away, and paths to refer to, by side."""

    lost: list[Edge] = field(default_factory=list[Edge])
    new: list[tuple[Side, str]] = field(default_factory=list[tuple[Side, str]])

    def __bool__(self) -> bool:
        return bool(self.lost or self.new)


class Relationships:
    """
    The references of a server.

    Args:
        relationships: Which there may be.
        new_id: Gives ids.
        exists: Whether a document is at a path.

    Source: OpenIDM RelationshipProvider.java; OpenIDM 7.0.1 as observed.
    """

    def __init__(
        self, relationships: tuple[Relationship, ...], new_id: Callable[[], str], exists: Callable[[str], bool]
    ) -> None:
        self._sides = [side for one in relationships for side in Side.of(one)]
        self._edges: list[Edge] = []
        self._new_id = new_id
        self._exists = exists

    def sides(self, place: str) -> list[Side]:
        """What the documents at a place have."""
        return [side for side in self._sides if side.place == place]

    def at(self, side: Side, path: str) -> list[Edge]:
        """What a document has on a side."""
        return [edge for edge in self._edges if edge.of(side, path)]

    def filled(self, place: str, path: str, revision: str) -> Document:
        """All that a document refers to, for a PATCH to start from."""
        found: Document = {}
        for side in self.sides(place):
            references = [reference(edge, side, revision) for edge in self.at(side, path)]
            if side.many or references:
                found[side.name] = references if side.many else references[0]
        return found

    def effective(self, place: str, path: str) -> Document:
        """What a document stores of its references."""
        return {
            side.relationship.effective: [{"_ref": relative(edge.other(side))} for edge in self.at(side, path)]
            for side in self.sides(place)
            if side.forward and side.relationship.effective is not None
        }

    def defaults(self, place: str) -> list[tuple[Side, str]]:
        """What a new document refers to."""
        sides = [side for side in self.sides(place) if side.forward and side.relationship.default is not None]
        return [(side, f"/openidm/{side.relationship.default}") for side in sides]

    def change(self, place: str, path: str, wanted: Document) -> Change:
        """
        What becomes of a document's references.

        Args:
            place: Where it is.
            path: Its path.
            wanted: What its properties are to say; those that are missing stay.

        Raises:
            Refusal: 400 where something is no reference, or to nothing, or a list is to go; 412 for a second
                reference to the same.
        """
        change = Change()
        for side in self.sides(place):
            if side.name not in wanted:
                continue
            value = wanted[side.name]
            if side.many and not isinstance(value, list):
                raise Refusal(400, f"Cannot delete collection: /{side.name}")
            items = _items(cast("object", value))
            now = {edge.id: edge for edge in self.at(side, path)}
            kept = {edge_id for edge_id in map(_id_of, items) if edge_id in now}
            there = {now[edge_id].other(side) for edge_id in kept}
            for item in items:
                if _id_of(item) not in now:
                    target = self.target(item, side)
                    if target in there:
                        raise Refusal(412, "Duplicate relationship", rule="a second reference to the same")
                    there.add(target)
                    change.new.append((side, target))
            change.lost.extend(edge for edge_id, edge in now.items() if edge_id not in kept)
        return change

    def target(self, item: object, side: Side) -> str:
        """
        The path that a reference names.

        Raises:
            Refusal: 400; it names none that may be there.
        """
        named = cast("Document", item).get("_ref") if isinstance(item, dict) else None
        path = f"/openidm/{str(named).removeprefix('/')}"
        if not isinstance(named, str) or not path.startswith(f"{side.far}/") or not self._exists(path):
            raise Refusal(400, f"The referenced relationship '{named}', does not exist")
        return path

    def carry_out(self, change: Change, path: str) -> list[Edge]:
        """Change a document's references; gives those that are new."""
        for edge in change.lost:
            self._edges.remove(edge)
        new = [
            Edge(self._new_id(), side.relationship, *((path, target) if side.forward else (target, path)))
            for side, target in change.new
        ]
        self._edges.extend(new)
        return new

    def forget(self, place: str, path: str) -> None:
        """
        Take away the references from and to a document that is deleted.

        Raises:
            Refusal: 409; it is granted to others.
        """
        for side in self.sides(place):
            if side.relationship.granted and not side.forward and self.at(side, path):
                raise Refusal(409, "Cannot delete what is currently granted", rule="others refer to it")
        self.cut(place, path)

    def cut(self, place: str, path: str) -> None:
        """Take them away, granted or not."""
        gone = [edge for side in self.sides(place) for edge in self.at(side, path)]
        self._edges = [edge for edge in self._edges if all(edge is not one for one in gone)]


def reference(edge: Edge, side: Side, revision: str) -> Document:
    """A reference as IDM writes it."""
    named = relative(edge.other(side))
    said: Document = {"_ref": named}
    if edge.relationship.in_full:
        said["_refResourceCollection"], _, said["_refResourceId"] = named.rpartition("/")
    return said | {"_refProperties": {"_id": edge.id, "_rev": revision}}


def relative(path: str) -> str:
    """A path as references name it."""
    return path.removeprefix("/openidm/")


def _items(value: object) -> list[object]:
    if isinstance(value, list):
        return cast("list[object]", value)
    return [] if value is None else [value]


def _id_of(item: Any) -> str | None:
    properties = cast("Document", item).get("_refProperties") if isinstance(item, dict) else None
    edge_id = cast("Document", properties).get("_id") if isinstance(properties, dict) else None
    return edge_id if isinstance(edge_id, str) else None
