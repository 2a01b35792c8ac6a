"""The version of a resource, as CREST counts it."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, Self

#: What can stand between the quotes of an ETag: visible ASCII and blanks, no quote.
#: Wider than RFC 9110's etagc by the blank, since CREST reads everything up to the last quote.
_SENDABLE = re.compile(r"[\x20\x21\x23-\x7e]+")

#: Servers that compress put the coding into the tag: Jetty ``--gzip``, Apache ``-gzip``.
#: A revision sent back with it is a 412 or worse (409 and 500 on OpenIDM).
_CODINGS = ("gzip", "br", "deflate", "zstd")
_CODING_SUFFIX = re.compile(rf"--?(?:{'|'.join(_CODINGS)})$")


class Revision(NamedTuple):
    """
    A revision: the value of ``_rev``, the ETag without its quotes.

    Attributes:
        value: Opaque text. AIC's IDM sends ``<uuid>-<counter>``, AM a signed 32-bit hash.
    """

    value: str

    @classmethod
    @lru_cache(maxsize=64)  # asked several times about each answer
    def from_etag(cls, header: str | None) -> Self | None:
        """
        Read a revision from an ``ETag`` header.

        Returns:
            None where there is no strong tag. A weak one (IGA's are hashes of the body) never
            equals a revision.

        >>> Revision.from_etag('"7--gzip"')
        Revision(value='7')
        >>> Revision.from_etag('W/"7"') is None
        True
        """
        if header is None:
            return None
        header = header.strip()
        if len(header) < 2 or header[0] != '"' or header[-1] != '"':
            return None

        value = header[1:-1]
        if value.endswith(_CODINGS):
            value = _CODING_SUFFIX.sub("", value)
        return cls(value) if _SENDABLE.fullmatch(value) else None

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Self | None:
        """
        Read a revision from ``_rev`` of a JSON document.

        Returns:
            None where ``_rev`` is missing, empty or no string (IGA's is a number that has nothing
            to do with its ETag).

        Raises:
            ValueError: ``_rev`` cannot stand in a header. Leaving it out would send a write
                without the guard its author believes in.
        """
        value = document.get("_rev")
        if not isinstance(value, str) or not value:
            return None
        if not _SENDABLE.fullmatch(value):
            raise ValueError(
                "_rev of the document cannot be sent as If-Match (it holds a quote, a line break, a control or a "
                "non-ASCII character): read the resource again, or pass the If-Match header yourself"
            )
        return cls(value)

    @property
    def etag(self) -> str:
        """The revision as CREST wants it in ``If-Match``: in double quotes."""
        return f'"{self.value}"'


def validator_of(etag: str | None) -> str | None:
    """
    What to send as ``If-None-Match`` next time.

    A strong tag goes back as CREST knows it, without the coding suffix of a compressing server; a
    weak one as it came (IGA compares those).

    >>> validator_of('"7--gzip"'), validator_of('W/"18-x"'), validator_of("7")
    ('"7"', 'W/"18-x"', None)
    """
    revision = Revision.from_etag(etag)
    if revision is not None:
        return revision.etag
    if etag is not None and etag.startswith('W/"') and etag.endswith('"') and _SENDABLE.fullmatch(etag[3:-1]):
        return etag
    return None
