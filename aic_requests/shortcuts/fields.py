"""What requests' case-insensitive dictionary holds, taken and given as a whole."""

from collections import OrderedDict
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

_REQUESTS_OWN: Final[type] = CaseInsensitiveDict

_Value = TypeVar("_Value")

#: By the name in lower case, the name and the value.
Fields = OrderedDict[str, tuple[str, _Value]]


def fields_of(headers: "CaseInsensitiveDict[_Value]") -> Fields[_Value]:
    """The fields themselves, not a copy; those of a plain dictionary, where a caller has put one in that place."""
    if not isinstance(cast("object", headers), CaseInsensitiveDict):
        return fields_of(CaseInsensitiveDict(cast("Any", headers)))
    fields: Fields[_Value] = cast("Any", headers)._store
    return fields


def headers_of(fields: Fields[_Value]) -> "CaseInsensitiveDict[_Value]":
    """
    A dictionary of these fields, which are its own from now on.

    >>> headers_of(OrderedDict(etag=("ETag", '"7"')))["ETAG"]
    '"7"'
    """
    headers = cast("CaseInsensitiveDict[_Value]", object.__new__(_REQUESTS_OWN))
    headers.__dict__["_store"] = fields
    return headers


def encoding_of(fields: Fields[str]) -> str | None:
    """What requests reads from ``Content-Type``, and from nothing else."""
    return _encoding(fields["content-type"][1]) if "content-type" in fields else None


@lru_cache(maxsize=64)
def _encoding(content_type: str) -> str | None:
    return get_encoding_from_headers(CaseInsensitiveDict({"content-type": content_type}))


def copied(headers: "CaseInsensitiveDict[_Value]") -> "CaseInsensitiveDict[_Value]":
    """A copy, without a call for each field."""
    # Condition: requests' own class.
    return headers_of(fields_of(headers).copy()) if headers.__class__ is _REQUESTS_OWN else headers.copy()
