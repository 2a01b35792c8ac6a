"""How a document, and a refusal, are written down."""

import base64
import binascii
import copy
from typing import Any, cast

from .collection import Collection, Stored
from .messages import Answer, Document, Headers, Refusal, Request, to_json
from .pointers import parts_of, value_at
from .profiles import Behaviour
from .reading import Reading, method_of

JSON = ("Content-Type", "application/json;charset=utf-8")


def chosen(document: Document, behaviour: Behaviour, reading: Reading) -> Document:
    """The fields asked for. An unknown one is left out; ``_id`` and ``_rev`` are always there."""
    if "_fields" not in reading.parameters:
        return document
    # A revision that only the body knows is a field like any other.
    always = [behaviour.id_name] if behaviour.revision == "inside" else [behaviour.id_name, "_rev"]
    if reading.protocol < (2, 0):
        always = []
    result: Document = {name: document[name] for name in always if name in document}
    for field in reading.parameters["_fields"].split(","):
        parts = [] if field == "*" and behaviour.star else parts_of(field)
        try:
            value = value_at(document, parts)
        except KeyError:
            continue
        # A nested field comes back under its last name; an empty one stands for all.
        result |= copy.deepcopy({parts[-1]: value} if parts else document)
    return result


def raw_field(collection: Collection, resource_id: str, stored: Stored, reading: Reading) -> Answer:
    """``_mimeType``: one field as it is, or decoded from base64 where it is no text."""
    kind = reading.parameters["_mimetype"]
    fields = [field for field in reading.parameters.get("_fields", "").split(",") if field]
    value = collection.shown(resource_id, stored).get(fields[0])
    body = b"" if value is None else _in_java(value).encode("utf-8", "surrogatepass")
    if not kind.startswith("text/"):
        try:
            body = base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))
        except (binascii.Error, ValueError):
            body = b""
    charset = ";charset=utf-8" if kind.startswith("text/") else ";charset=UTF-8"
    headers: Headers = [*collection.behaviour.headers, ("Content-Type", kind + charset)]
    tag = collection.tag(resource_id, stored)
    return Answer(200, [*headers, ("ETag", tag)] if tag else headers, body, "raw field")


def _in_java(value: Any) -> str:
    """A value as Java's toString has it."""
    if isinstance(value, dict):
        inner = (f"{name}={_in_java(one)}" for name, one in cast("Document", value).items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_in_java, cast("list[object]", value))) + "]"
    return str(value) if isinstance(value, str | float) else to_json(value).decode()


def is_pretty(reading: Reading) -> bool:
    """Whether the answer is to be easy to read."""
    return reading.parameters.get("_prettyprint", "").lower() == "true"


def not_modified(revision: str) -> Answer:
    """CREST's 304: a bare answer that promises 67 bytes which the container drops."""
    return Answer(304, [JSON, ("Content-Length", "67")], b"", f"still at {revision}")


def refused(refusal: Refusal, request: Request, behaviour: Behaviour, challenge: str | None) -> Answer:
    """A refusal as this kind of server writes it."""
    if refusal.status == 401 and challenge is not None:
        return Answer(401, [("WWW-Authenticate", challenge)], b"", refusal.rule)
    if refusal.status == 500 and not refusal.message:
        return Answer(500, [], b"", refusal.rule)
    kind = next((value for name, value in request.parameters if name.lower() == "_mimetype"), None)
    raw = kind is not None and method_of(request).upper() == "GET"
    content_type = ("Content-Type", f"{kind};charset=UTF-8") if raw else JSON
    body = b"" if request.method == "HEAD" else refusal.body(kind=behaviour.errors)
    return Answer(refusal.status, [*behaviour.headers, content_type], body, refusal.rule)
