"""What a tenant holds at first: given by a test, or read from a JSON file."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, cast

from .logs import PLACE
from .messages import Document

if TYPE_CHECKING:
    from .collection import Collection
    from .rules import Rules


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document for a collection, and where it was found, for whoever has to correct it."""

    where: str
    path: str
    document: Document = field(repr=False)


def documents_of(source: "Mapping[str, Iterable[Document]] | str | PathLike[str]") -> list[Loaded]:
    """
    The documents in a mapping or in a JSON file of the same form: lists by the path of their collection.

    Raises:
        OSError: The file cannot be read.
        TypeError: It is neither.
        ValueError: It is no JSON, or has another form; the message names the file and the place in it.
    """
    if isinstance(source, Mapping):
        return [
            Loaded(f"documents[{path!r}][{number}]", path, document)
            for path, documents in source.items()
            for number, document in enumerate(documents)
        ]
    if not isinstance(cast("object", source), str | PathLike):
        raise TypeError(
            "documents are lists by the path of their collection, such as "
            f"{{'/openidm/managed/alpha_user': [{{'_id': '42'}}]}}, not {type(source).__name__}"
        )
    return list(_in_file(fspath(source)))


def put(rules: "Rules", loaded: Iterable[Loaded]) -> None:
    """
    Put documents where they belong; what they refer to may be among them, in any order.

    Raises:
        KeyError: There is no such collection here. Nothing was put.
        ValueError: One has no id, or that of another (nothing was put), or refers to what is not there.
    """
    with rules.lock:
        placed = list(_placed(rules, loaded))
        for one, collection, resource_id in placed:
            if collection is not None:
                own, _ = rules.references.apart(collection, one.document)
                collection.write(resource_id, own)
        for one, collection, resource_id in placed:
            try:
                if collection is None:
                    rules.logs.add(one.document)
                else:
                    _, wanted = rules.references.apart(collection, one.document)
                    rules.references.link(collection, resource_id, wanted)
            except ValueError as error:
                raise ValueError(f"{one.where}: {error}") from None


def _placed(rules: "Rules", loaded: Iterable[Loaded]) -> Iterator[tuple[Loaded, "Collection | None", str]]:
    """Each document with its collection, None for the logs, and its id."""
    seen: set[tuple[str, str]] = set()
    for one in loaded:
        if rules.profile.logs is not None and one.path.rstrip("/") == PLACE:
            yield one, None, ""
            continue
        try:
            collection = rules.collection(one.path)
        except KeyError as error:
            raise KeyError(f"{one.where}: {error.args[0]}") from None
        name = collection.behaviour.id_name
        resource_id: object = one.document.get(name)
        if not isinstance(resource_id, str) or not (resource_id or collection.behaviour.single):
            raise ValueError(f"{one.where}: it has no {name} that is a text")
        if (collection.path, resource_id) in seen:
            raise ValueError(f"{one.where}: another before it has the {name} {resource_id!r}")
        seen.add((collection.path, resource_id))
        yield one, collection, resource_id


def _in_file(name: str) -> Iterator[Loaded]:
    try:
        with open(name, encoding="utf-8") as file:
            content = json.load(file, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise ValueError(f"{name}, line {error.lineno}, column {error.colno}: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name}: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{name}: it holds {_kind(content)}, not an object of lists by path")
    for path, documents in cast("dict[str, object]", content).items():
        if not isinstance(documents, list):
            raise ValueError(f"{name}, {path}: it holds {_kind(documents)}, not a list of documents")
        for number, document in enumerate(cast("list[object]", documents)):
            where = f"{name}, {path}[{number}]"
            if not isinstance(document, dict):
                raise ValueError(f"{where}: it is {_kind(document)}, not a document")
            yield Loaded(where, path, cast("Document", document))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that comes twice JSON would keep one, and the other's documents would be missing."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} is there twice")
    return found


def _kind(value: object) -> str:
    names: dict[object, str] = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        type(None): "null",
    }
    return names.get(type(value), "a number")
