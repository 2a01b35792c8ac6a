"""What documents refer to: as their properties, in ``_fields``, and at paths of their own."""

from collections.abc import Callable

from .collection import Collection, Numbers, Stored
from .messages import Answer, Document, Headers, Refusal, same, to_json
from .pointers import parts_of
from .profiles import Behaviour, Profile
from .queries import query
from .reading import Reading
from .relationships import Change, Edge, Relationships, Side, reference


class References:
    """
    The references between a server's documents.

    Args:
        profile: Which there may be.
        numbers: Where ids come from.
        collection: The collection at a path; KeyError where there is none.
    """

    def __init__(self, profile: Profile, numbers: Numbers, collection: Callable[[str], Collection]) -> None:
        self._all = Relationships(profile.relationships, numbers.uuid, lambda path: self._found(path) is not None)
        self._numbers = numbers
        self._collection = collection

    def names(self, collection: Collection) -> list[str]:
        """The properties of a collection's documents that are references."""
        return [side.name for side in self._all.sides(collection.path)]

    def apart(self, collection: Collection, content: Document) -> tuple[Document, Document]:
        """A document's own properties, and its references."""
        names = self.names(collection)
        own = {name: value for name, value in content.items() if name not in names}
        return own, {name: value for name, value in content.items() if name in names}

    def filled(self, collection: Collection, resource_id: str) -> Document:
        """All that a document refers to, for a PATCH to start from."""
        return self._all.filled(collection.path, _path(collection, resource_id), str(collection.behaviour.first))

    def change(self, collection: Collection, resource_id: str, wanted: Document, *, new: bool = False) -> Change:
        """
        What becomes of a document's references.

        Raises:
            Refusal: 400 or 412, as :meth:`Relationships.change` has it.
        """
        change = self._all.change(collection.path, _path(collection, resource_id), wanted)
        if new:
            change.new.extend(self._all.defaults(collection.path))
        return change

    def store(
        self, collection: Collection, resource_id: str, content: Document, former: Stored | None, change: Change
    ) -> Stored:
        """Store a document, and what it refers to. Others move only if what they store themselves changes by it."""
        path = _path(collection, resource_id)
        others = {target for _, target in change.new} | {end for edge in change.lost for end in (edge.near, edge.far)}
        self._all.carry_out(change, path)
        now = self._put(collection, resource_id, content, former)
        for other in others - {path}:
            found = self._found(other)
            if found is not None:
                place, other_id, stored = found
                if not same(stored.content | self._all.effective(place.path, other), stored.content):
                    self._put(place, other_id, stored.content, stored)
        return now

    def put(self, collection: Collection, resource_id: str, document: Document) -> None:
        """
        Store a document and what it refers to, as somebody else would.

        Raises:
            ValueError: It refers to what is not there.
        """
        content, wanted = self.apart(collection, document)
        former = collection.documents.get(resource_id)
        try:
            change = self.change(collection, resource_id, wanted)
        except Refusal as refusal:
            raise ValueError(refusal.message) from None
        self.store(collection, resource_id, content, former, change)

    def link(self, collection: Collection, resource_id: str, wanted: Document) -> None:
        """
        Let a document refer to others from the start: no revision moves.

        Raises:
            ValueError: It refers to what is not there.
        """
        try:
            change = self.change(collection, resource_id, wanted)
        except Refusal as refusal:
            raise ValueError(refusal.message) from None
        path = _path(collection, resource_id)
        self._all.carry_out(change, path)
        for one in {path} | {target for _, target in change.new}:
            found = self._found(one)
            if found is not None:
                found[2].content.update(self._all.effective(found[0].path, one))

    def cut(self, collection: Collection, resource_id: str) -> None:
        """Take away the references from and to a document, granted or not."""
        self._all.cut(collection.path, _path(collection, resource_id))

    def forget(self, collection: Collection, resource_id: str) -> None:
        """
        Take away the references from and to a document that is about to be deleted.

        Raises:
            Refusal: 409; it is granted to others.
        """
        self._all.forget(collection.path, _path(collection, resource_id))

    def expanded(self, collection: Collection, resource_id: str, reading: Reading) -> Document:
        """The references that ``_fields`` asks for, and what it wants to see of what they refer to."""
        result: Document = {}
        pointers = [parts_of(field) for field in reading.parameters.get("_fields", "").split(",") if field]
        for side in self._all.sides(collection.path):
            mine = [parts[1:] for parts in pointers if parts[:1] == [side.name] or parts == ["*_ref"]]
            if mine:
                edges = self._all.at(side, _path(collection, resource_id))
                fields = [parts[0] for parts in mine if parts]
                shown = [self._along(edge, side, fields, collection.behaviour) for edge in edges]
                result[side.name] = shown if side.many else next(iter(shown), None)
        return result

    def named(self, segments: tuple[str, ...]) -> tuple[Side, str, str | None] | None:
        """Whether a path is that of a document's references, or of one of them: side, document's path, id."""
        for rest in (2, 3):
            place = "/" + "/".join(segments[:-rest])
            for side in self._all.sides(place):
                if len(segments) > rest and segments[1 - rest] == side.name:
                    return side, f"{place}/{segments[-rest]}", segments[-1] if rest == 3 else None
        return None

    def answer(self, side: Side, path: str, edge_id: str | None, reading: Reading) -> Answer:
        """
        Answer a request for a document's references, or for one of them: none has an ETag.

        Raises:
            Refusal: 400, 404; 501 for what was not observed.
        """
        found = self._found(path)
        if found is None:
            raise Refusal(404, f"Object {path} not found", rule="no such resource")
        collection, resource_id, stored = found
        kind = ("Content-Type", "application/json;charset=utf-8")
        headers: Headers = [*collection.behaviour.headers, kind]
        if edge_id is None and reading.operation == "query":
            return Answer(200, headers, to_json(self._listed(side, path, collection, reading)), "references")
        if edge_id is None and reading.operation == "create":
            change = Change(new=[(side, self._all.target(reading.body, side))])
            self.store(collection, resource_id, stored.content, stored, change)
            body = to_json(self._along(self._all.at(side, path)[-1], side, [], collection.behaviour))
            return Answer(201, headers, body, "a new reference")
        edge = next((one for one in self._all.at(side, path) if one.id == edge_id), None)
        if edge is None:
            raise Refusal(404, f"Object {edge_id} not found", rule="no such reference")
        if reading.operation not in ("read", "delete"):
            raise Refusal(501, "A reference can be read and deleted")
        body = to_json(self._along(edge, side, [], collection.behaviour))
        if reading.operation == "delete":
            self.store(collection, resource_id, stored.content, stored, Change(lost=[edge]))
        return Answer(200, headers, body, f"{reading.operation} of a reference")

    def _listed(self, side: Side, path: str, collection: Collection, reading: Reading) -> Document:
        rows = Collection(Behaviour("/", revision="none"), (), self._numbers, collection.lock)
        for edge in self._all.at(side, path):
            rows.write(edge.id, self._along(edge, side, [], collection.behaviour))
        envelope = query(rows, reading.parameters)
        for row in envelope["result"]:
            del row["_id"]
        return envelope

    def _along(self, edge: Edge, side: Side, fields: list[str], behaviour: Behaviour) -> Document:
        """A reference, and these fields of the other document."""
        shown = reference(edge, side, str(behaviour.first))
        found = self._found(edge.other(side))
        if found is None or not fields:
            return shown
        collection, resource_id, stored = found
        other = collection.shown(resource_id, stored)
        return shown | {name: value for name, value in other.items() if name in fields or "*" in fields}

    def _put(self, collection: Collection, resource_id: str, content: Document, former: Stored | None) -> Stored:
        now = collection.stored(resource_id, content, former)
        now.content.update(self._all.effective(collection.path, _path(collection, resource_id)))
        collection.documents[resource_id] = now
        return now

    def _found(self, path: str) -> tuple[Collection, str, Stored] | None:
        place, _, resource_id = path.rpartition("/")
        try:
            collection = self._collection(place)
        except KeyError:
            return None
        stored = collection.documents.get(resource_id)
        return None if stored is None else (collection, resource_id, stored)


def _path(collection: Collection, resource_id: str) -> str:
    return f"{collection.path}/{resource_id}"
