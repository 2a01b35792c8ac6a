"""A representation as bytes, for stores that outlive the process."""

from hashlib import blake2b
from typing import Final

from .protocol import Representation

#: The form of the bytes. Whoever changes it, changes this: the old form then reads as a miss.
_FORM: Final = b"\x01"

_DIGEST: Final = 16

#: Bytes before what the digest covers.
_HEAD: Final = len(_FORM) + _DIGEST

_NUL: Final = "\0"

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
        A version, a digest of all that follows, then the texts (their length before them, a NUL between two), and
        the body. No header may hold a NUL (RFC 9110, section 5.5); a line that does is left out.
    """
    headers = [line for line in representation.headers if line.partition(":")[0].lower() in _LASTING]
    texts = [representation.validator.replace(_NUL, ""), *(line for line in headers if _NUL not in line)]
    head = _NUL.join(texts).encode("utf-8", "surrogatepass")
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
    if packed[1:_HEAD] != _digest(memoryview(packed)[_HEAD:], name, key):
        return None
    # From here on, somebody who has the key has written it. He may still be no version of this library.
    start = _HEAD + 4
    end = start + int.from_bytes(packed[_HEAD:start], "big")
    if end > len(packed):
        return None
    try:
        validator, *headers = packed[start:end].decode("utf-8", "surrogatepass").split(_NUL)
    except UnicodeDecodeError:
        return None
    if not validator or [line for line in headers if ": " not in line]:
        return None
    return Representation(validator, tuple(headers), packed[end:])


def name_of(path: str, *, key: bytes) -> bytes:
    """The name of a resource at rest: paths hold the names of people."""
    return blake2b(path.encode("utf-8", "surrogatepass"), key=key, person=b"path", digest_size=_DIGEST).digest()


def _digest(rest: bytes | memoryview, name: bytes, key: bytes) -> bytes:
    digest = blake2b(len(name).to_bytes(4, "big"), key=key, person=b"at rest", digest_size=_DIGEST)
    digest.update(name)
    digest.update(rest)
    return digest.digest()
