"""A representation as bytes, without the header lines that most of them share."""

from collections.abc import Iterator
from struct import Struct

from .protocol import Representation

#: Header lines that are each resource's own.
_OWN = ("etag:", "content-length:")

#: The number of no shared line: the next of the resource's own.
_ANOTHER = 255

#: Stands between texts. It is nowhere in UTF-8.
_BETWEEN = b"\xff"

#: Lines longer than this are not shared: a server that makes new ones with every answer would fill the table.
_LONGEST = 256

#: Lengths of variant, texts, line numbers and body.
_LENGTHS = Struct("<IIIQ")


class Lines:
    """The first 255 header lines that come, by number: most are the same for all resources of a server."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._numbers: dict[str, int] = {}

    def split(self, headers: tuple[str, ...]) -> tuple[bytes, list[str]]:
        """The numbers of some lines, and those that have none."""
        numbers = bytes([self._number(line) for line in headers])
        return numbers, [line for line, number in zip(headers, numbers, strict=True) if number == _ANOTHER]

    def join(self, numbers: bytes, own: list[str]) -> tuple[str, ...]:
        """The lines again."""
        lines, others = self._lines, iter(own)
        return tuple([next(others) if number == _ANOTHER else lines[number] for number in numbers])

    def _number(self, line: str) -> int:
        number = self._numbers.get(line)
        if number is None:
            number = len(self._lines)
            if number == _ANOTHER or len(line) > _LONGEST or line[:15].lower().startswith(_OWN):
                return _ANOTHER
            self._numbers[line] = number
            self._lines.append(line)
        return number


def pack(variant: bytes, representation: Representation, lines: Lines) -> bytes:
    """A record. Records can stand one behind the other."""
    numbers, own = lines.split(representation.headers)
    texts = _BETWEEN.join([text.encode("utf-8", "surrogatepass") for text in (representation.validator, *own)])
    lengths = _LENGTHS.pack(len(variant), len(texts), len(numbers), len(representation.body))
    return b"".join((lengths, variant, texts, numbers, representation.body))


def records(packed: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The variant of each record, where the record starts, and where it ends."""
    start = 0
    while start < len(packed):
        variant, texts, numbers, body = _LENGTHS.unpack_from(packed, start)
        first = start + _LENGTHS.size
        end = first + variant + texts + numbers + body
        yield packed[first : first + variant], start, end
        start = end


def find(variant: bytes, packed: bytes) -> int | None:
    """Where the record of a variant starts, or None."""
    for name, start, _ in records(packed):
        if name == variant:
            return start
    return None


def unpack(packed: bytes, start: int, lines: Lines) -> Representation:
    """The representation in a record."""
    variant, texts, numbers, body = _LENGTHS.unpack_from(packed, start)
    first = start + _LENGTHS.size + variant
    second = first + texts
    third = second + numbers
    validator, *own = [text.decode("utf-8", "surrogatepass") for text in packed[first:second].split(_BETWEEN)]
    return Representation(validator, lines.join(packed[second:third], own), packed[third : third + body])
