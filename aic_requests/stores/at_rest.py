"""A representation as bytes, for stores that outlive the process."""

import json
from hashlib import blake2b
from typing import Final, cast

from .protocol import Representation

#: The form of the bytes. Whoever changes it, changes this: the old form then reads as a miss.
_FORM: Final = b"\x01"

_DIGEST: Final = 16

#: Headers that describe a representation. Nothing else is written down: a server may repeat a credential in any other
#: one, and AM's carry names that a tenant chooses. What a server sends with every answer, it sends with its 304 too.
_LASTING: Final = frozenset(
    {
        "cache-control",
        "content-api-version",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-type",
        "etag",
        "expires",
        "last-modified",
        "pragma",
        "vary",
    }
)


def pack(representation: Representation, *, name: bytes, key: bytes) -> bytes:
    """
    Write a representation down: its validator, the headers that describe it, its body.

    Args:
        representation: What to keep.
        name: What it is kept under; it cannot be read under another name.
        key: The store's secret.

    Returns:
        A version, a digest of all that follows, then a JSON array of texts (its length before it), and the body.
    """
    headers = [line for line in representation.headers if line.partition(":")[0].lower() in _LASTING]
    head = json.dumps([representation.validator, *headers]).encode("ascii")
    rest = b"".join((len(head).to_bytes(4, "big"), head, representation.body))
    return b"".join((_FORM, _digest(rest, name, key), rest))


def unpack(packed: object, *, name: bytes, key: bytes) -> Representation | None:
    """
    Read what :func:`pack` wrote.

    Returns:
        The representation; None where anything is amiss: another form, another name, another key, a byte too few, too
        many or changed. Half an entry is never served.
    """
    if not isinstance(packed, bytes) or packed[:1] != _FORM:
        return None
    rest = packed[1 + _DIGEST :]
    if packed[1 : 1 + _DIGEST] != _digest(rest, name, key):
        return None
    # From here on, somebody who has the key has written it. He may still be no version of this library.
    end = 4 + int.from_bytes(rest[:4], "big")
    try:
        texts: object = json.loads(rest[4:end]) if end <= len(rest) else None
    except ValueError:
        return None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in cast("list[object]", texts)):
        return None
    validator, *headers = cast("list[str]", texts) or [""]
    if not validator or not all(": " in line for line in headers):
        return None
    return Representation(validator, tuple(headers), rest[end:])


def name_of(path: str, *, key: bytes) -> bytes:
    """The name of a resource at rest: paths hold the names of people."""
    return blake2b(path.encode("utf-8", "surrogatepass"), key=key, person=b"path", digest_size=_DIGEST).digest()


def _digest(rest: bytes, name: bytes, key: bytes) -> bytes:
    digest = blake2b(len(name).to_bytes(4, "big"), key=key, person=b"at rest", digest_size=_DIGEST)
    digest.update(name)
    digest.update(rest)
    return digest.digest()
