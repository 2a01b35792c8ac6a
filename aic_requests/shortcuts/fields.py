"""What requests' case-insensitive dictionary holds, taken and given as a whole."""

from collections import OrderedDict
from typing import Any, TypeVar, cast

from requests.structures import CaseInsensitiveDict

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
    headers = cast("CaseInsensitiveDict[_Value]", object.__new__(CaseInsensitiveDict))
    headers.__dict__["_store"] = fields
    return headers
