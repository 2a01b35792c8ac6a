"""CREST's query filters: ``userName eq "bob" and !(age lt 18)``."""

import json
import re
from collections.abc import Callable
from typing import Any

from .messages import Document, Refusal
from .pointers import values_at

Test = Callable[[Document], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<paren>[()])|(?P<string>"(?:[^"\\]|\\.)*")|(?P<not>!)|(?P<word>[^\s()"!]+))""", re.VERBOSE | re.DOTALL
)
_DEEPEST = 50
_OPERATORS = {"eq", "co", "sw", "gt", "ge", "lt", "le"}


def parse(text: str, *, cased: bool = False) -> Test:
    """
    Read a filter.

    Args:
        text: The value of ``_queryFilter``.
        cased: Upper case is another than lower.

    Returns:
        A test of a document.

    Raises:
        Refusal: 400; it is no filter.

    Source: OpenIdentityPlatform/commons QueryFilterParser.java.
    """
    parser = _Parser(text, cased=cased)
    test = parser.either()
    parser.expect_end()
    return test


class _Parser:
    """Recursive descent: or, and, not, then a comparison, a literal or parentheses."""

    def __init__(self, text: str, *, cased: bool) -> None:
        self._tokens = _tokens(text)
        self._cased = cased
        self._at = 0
        self._depth = 0

    def either(self) -> Test:
        """``a or b``."""
        tests = [self.both()]
        while self._accept("or"):
            tests.append(self.both())
        return lambda document: any(test(document) for test in tests)

    def both(self) -> Test:
        """``a and b``."""
        tests = [self.negation()]
        while self._accept("and"):
            tests.append(self.negation())
        return lambda document: all(test(document) for test in tests)

    def negation(self) -> Test:
        """``!a``."""
        if self._accept("!"):
            test = self._deeper(self.negation)
            return lambda document: not test(document)
        return self.primary()

    def _deeper(self, read: Callable[[], Test]) -> Test:
        """Nesting has an end, so that no filter can exhaust the stack."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _wrong()
        test = read()
        self._depth -= 1
        return test

    def primary(self) -> Test:
        """``(a)``, ``true``, ``field pr``, ``field eq value``."""
        if self._accept("("):
            test = self._deeper(self.either)
            self._expect(")")
            return test
        pointer = self._next()
        if pointer in ("true", "false") and self._peek() not in {*_OPERATORS, "pr"}:
            return lambda _document: pointer == "true"
        if pointer[0] in '()"!':
            raise _wrong()
        operator = self._next()
        if operator == "pr":
            return lambda document: any(value is not None for value in values_at(document, pointer))
        if operator not in _OPERATORS:
            raise _wrong()
        wanted, cased = _literal(self._next()), self._cased
        return lambda document: any(_matches(value, operator, wanted, cased) for value in values_at(document, pointer))

    def expect_end(self) -> None:
        """Nothing may follow."""
        if self._at != len(self._tokens):
            raise _wrong()

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise _wrong()
        self._at += 1
        return token

    def _accept(self, token: str) -> bool:
        if self._peek() != token:
            return False
        self._at += 1
        return True

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            raise _wrong()


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _wrong()
        tokens.append(match.group().strip())
        at = match.end()
    return tokens


def _literal(token: str) -> Any:
    """A value: a JSON string, a number or a boolean."""
    try:
        value = json.loads(token, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _wrong() from None
    if value is None or isinstance(value, dict | list):
        raise _wrong()
    return value


def _matches(value: Any, operator: str, wanted: Any, cased: bool) -> bool:
    """Strings compare without regard to case, if not told to; unlike types never match."""
    if isinstance(value, str) and isinstance(wanted, str):
        value, wanted = (value, wanted) if cased else (value.lower(), wanted.lower())
        if operator == "co":
            return wanted in value
        if operator == "sw":
            return bool(value.startswith(wanted))
    elif isinstance(value, bool) or isinstance(wanted, bool):
        return operator in ("eq", "ge", "le") and value is wanted
    elif not (isinstance(value, int | float) and isinstance(wanted, int | float)):
        return False
    compare: dict[str, Callable[[], bool]] = {
        "eq": lambda: value == wanted,
        "gt": lambda: value > wanted,
        "ge": lambda: value >= wanted,
        "lt": lambda: value < wanted,
        "le": lambda: value <= wanted,
    }
    return operator in compare and compare[operator]()


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _wrong() -> Refusal:
    return Refusal(400, "The value of _queryFilter is no filter")
