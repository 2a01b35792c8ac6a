"""Query filters, with the values quoted."""

import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from enum import Enum
from string import Formatter
from uuid import UUID

#: Stands for a value while a template is read. No filter has one, so no template may.
_VALUE = "\0"

#: A parenthesis, a text in quotes of either kind, or whatever stands up to the next blank or parenthesis.
_TOKEN = re.compile(r"""[ ]*(?:[()]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^"'() ][^() ]*)""", re.DOTALL)
_NO_FIELD = frozenset({"(", ")", "!", "and", "or", "pr"})

_PLACE = "a placeholder stands for a value, apart from its neighbours, as in 'userName eq {}'"


def query_filter(template: str, *values: object) -> str:
    r"""
    Put values into a query filter, so that no value can change what the filter means.

    Args:
        template: The filter, with ``{}`` for each value: ``userName eq {} and age gt {}``. No quotes around it: they
            are put there where they belong. Field names and operators stand here, and never come from values. A brace
            of the filter's own is doubled.
        values: One for each ``{}``: text, int, float, bool, datetime (with its zone; written as ISO 8601 in UTC), date,
            UUID, or an enumeration of these.

    Returns:
        The value of ``_queryFilter``, for :meth:`AICSession.query` or ``params=``.

    Raises:
        TypeError: A value is None (ask for ``!(field pr)``: the grammar has no null), bytes, or of any other type.
        ValueError: The number of values is another than that of placeholders; a placeholder has a name, a number or a
            format, stands in quotes or elsewhere than after an operator; a quote is not closed; a number is none of
            Java's (long, double); a datetime has no zone; a text cannot be encoded.

    Source: OpenIdentityPlatform/commons QueryFilterParser.java. Its texts are not JSON: a backslash takes the next
    character as it is, and nothing else is special between the quotes.

    >>> query_filter("userName eq {} and age gt {}", 'o"hara', 30)
    'userName eq "o\\"hara" and age gt 30'
    """
    literals = _literals_of(template)
    if len(values) != len(literals) - 1:
        raise ValueError(f"the template has {len(literals) - 1} placeholders, and there are {len(values)} values")
    _check(_VALUE.join(literals))
    written = [_written(value) for value in values]
    return "".join(part for pair in zip(literals, [*written, ""], strict=True) for part in pair)


def _literals_of(template: str) -> list[str]:
    """What stands before, between and behind the placeholders."""
    literals = [""]
    try:
        for literal, name, form, conversion in Formatter().parse(template):
            literals[-1] += literal
            if name is None:
                continue
            if name or form or conversion:
                raise ValueError(f"{{{name}}} is more than {{}}")
            literals.append("")
    except ValueError as error:
        raise ValueError(f"{error}: only {{}} is a placeholder here, and a brace of one's own is doubled") from None
    if any(_VALUE in literal for literal in literals):
        raise ValueError("the template holds a NUL")
    return literals


def _check(text: str) -> None:
    """Refuse a template in which a value would be anything but the right side of a comparison."""
    before, last = "(", "("
    for token in _tokens_of(text):
        if _VALUE in token:
            if token[0] in "\"'":
                raise ValueError(f"a placeholder in quotes: leave them out, {_PLACE}")
            if token != _VALUE or not _are_field_and_operator(before, last):
                raise ValueError(_PLACE)
        before, last = last, token


def _tokens_of(text: str) -> Iterable[str]:
    at, end = 0, len(text.rstrip(" "))
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError("a quote in the template is not closed")
        at = match.end()
        yield match.group().lstrip(" ")


def _are_field_and_operator(*tokens: str) -> bool:
    return not any(token[0] in "\"'" or _VALUE in token or token.lower() in _NO_FIELD for token in tokens)


def _written(value: object) -> str:
    """A value as the grammar has it."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _integer(int(value))
    if isinstance(value, float):
        return _number(float(value))
    return _quoted(_text_of(value))


def _integer(value: int) -> str:
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError("an integer in a filter has 64 bits at most, as Java's long: beyond it, give a float")
    return str(value)


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"a filter has no {value}")
    # What has no point is read as an integer, and 1e+16 is none.
    digits, exponent, power = repr(value).partition("e")
    return (digits if "." in digits else f"{digits}.0") + exponent + power


def _text_of(value: object) -> str:
    """The text that a value is compared as."""
    if isinstance(value, str):
        # What a subclass shows is not always what it is.
        return str.__str__(value)
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date | UUID):
        return str(value)
    if value is None:
        raise TypeError("a filter has no null: ask for !(field pr), which is true where there is no value")
    raise TypeError(f"a value is text, a number, a bool, a datetime, a date or a UUID, not {type(value).__name__}")


def _moment(value: datetime) -> str:
    """As IDM and AM write it: UTC, milliseconds (or as many digits as it has), Z."""
    if value.utcoffset() is None:
        raise ValueError("a datetime without a zone is no moment: give it one, such as datetime.UTC")
    digits = "microseconds" if value.microsecond % 1000 else "milliseconds"
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=digits) + "Z"


def _quoted(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text with a lone surrogate cannot be sent") from None
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
