"""Whether a body that the server marked ``no-store`` may be written down."""

import re
from typing import Final, Literal, cast, get_args

from .protocol import Representation

#: "refuse": what is marked ``no-store`` is not kept. "keep": it is, by the caller's word.
NoStore = Literal["refuse", "keep"]

_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')

#: Stricter than the grammar (RFC 9111, section 5.2) on purpose: also where somebody wrote ";" or nothing for ",", or
#: left a quote open.
_MARK: Final = re.compile(r'(?<![^\s,;"])no-store(?![^\s,;="])', re.IGNORECASE)


def checked(no_store: str) -> NoStore:
    """
    Check what a store's caller says about ``no-store``.

    Raises:
        ValueError: It is neither "refuse" nor "keep".
    """
    if no_store not in get_args(NoStore):
        raise ValueError(f'no_store is "refuse" or "keep", got {no_store!r}')
    return cast("NoStore", no_store)


def forbids_keeping(representation: Representation) -> bool:
    """
    Whether the server has marked a representation ``Cache-Control: no-store``.

    >>> forbids_keeping(Representation('"7"', ("cache-control: private, No-Store",), b""))
    True
    >>> forbids_keeping(Representation('"7"', ("Cache-Control: max-age=60",), b""))
    False
    """
    for line in representation.headers:
        name, _, value = line.partition(":")
        if name.lower() == "cache-control" and _MARK.search(_QUOTED.sub("", value)):
            return True
    return False
