"""CREST's query filters: ``userName eq "bob" and !(age lt 18)``."""

import re
from collections.abc import Callable
from typing import Any

from .messages import Document, Refusal
from .pointers import parts_of, value_at, values_of

#: True or false; None: it cannot be said, which is neither true nor false when it is negated.
Verdict = bool | None
Test = Callable[[Document], Verdict]

#: Parentheses, a text in quotes of either kind, or whatever stands up to the next blank or parenthesis: ``!`` is a
#: token of its own only before one of those, and only a blank is white space.
_TOKEN = re.compile(
    r"""\ *(?:([()])|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^"'() ][^() ]*))""", re.VERBOSE | re.DOTALL
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_EXTENDED = re.compile(r"[a-zA-Z_0-9.]+")
_DEEPEST = 50
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, wanted: value == wanted,
    "gt": lambda value, wanted: value > wanted,
    "ge": lambda value, wanted: value >= wanted,
    "lt": lambda value, wanted: value < wanted,
    "le": lambda value, wanted: value <= wanted,
    # Of what is no text, the equal contains and begins with the equal.
    "co": lambda value, wanted: wanted in value if isinstance(value, str) else value == wanted,
    "sw": lambda value, wanted: value.startswith(wanted) if isinstance(value, str) else value == wanted,
}


def parse(text: str, *, cased: bool = False) -> Callable[[Document], bool]:
    r"""
    Read a filter.

    Args:
        text: The value of ``_queryFilter``.
        cased: Upper case is another than lower.

    Returns:
        A test of a document.

    Raises:
        Refusal: 400; it is no filter.

    Source: OpenIdentityPlatform/commons QueryFilterParser.java; MemoryBackend.java for what a filter means. In a text,
    a backslash takes the next character as it is, whatever it is: ``\n`` is an n.
    """
    parser = _Parser(text, cased=cased)
    test = parser.either()
    parser.expect_end()
    return lambda document: test(document) is True


class _Text(str):
    """A token that stood in quotes."""

    __slots__ = ()


class _Parser:
    """Recursive descent: or, and, not, then a comparison, a literal or parentheses. Words in any case."""

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
        return lambda document: max((test(document) for test in tests), key=_rank)

    def both(self) -> Test:
        """``a and b``."""
        tests = [self.negation()]
        while self._accept("and"):
            tests.append(self.negation())
        return lambda document: min((test(document) for test in tests), key=_rank)

    def negation(self) -> Test:
        """``! a``; of a negation there is none."""
        if not self._accept("!"):
            return self.primary()
        test = self.primary()
        return lambda document: _negated(test(document))

    def primary(self) -> Test:
        """``(a)``, ``true``, ``field pr``, ``field eq value``."""
        if self._accept("("):
            # Nesting has an end, so that no filter can exhaust the stack.
            self._depth += 1
            if self._depth > _DEEPEST:
                raise _wrong()
            test = self.either()
            self._depth -= 1
            self._expect(")")
            return test
        word = self._next()
        if isinstance(word, _Text) or word == ")":
            raise _wrong()
        if word.lower() in ("true", "false"):
            literal = word.lower() == "true"
            return lambda _document: literal
        parts = parts_of(word)
        operator = self._next().lower()
        if operator == "pr":
            return lambda document: _is_there(document, parts)
        return _comparison(parts, operator, _literal(self._next()), str if self._cased else _folded)

    def expect_end(self) -> None:
        """Nothing may follow."""
        if self._at != len(self._tokens):
            raise _wrong()

    def _next(self) -> str:
        if self._at == len(self._tokens):
            raise _wrong()
        self._at += 1
        return self._tokens[self._at - 1]

    def _accept(self, token: str) -> bool:
        found = self._tokens[self._at] if self._at < len(self._tokens) else ""
        if isinstance(found, _Text) or found.lower() != token:
            return False
        self._at += 1
        return True

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            raise _wrong()


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    at = 0
    text = text.rstrip(" ")
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _wrong()
        paren, double, single, word = match.groups()
        quoted = double if double is not None else single
        tokens.append(paren or word or _Text(_ESCAPE.sub(r"\1", quoted)))
        at = match.end()
    return tokens


def _comparison(parts: list[str], operator: str, wanted: Any, fold: Callable[[str], str]) -> Test:
    compare = _OPERATORS.get(operator)
    if compare is None:
        if not _EXTENDED.fullmatch(operator):
            raise _wrong()
        # Somebody else's operator: legal, and nobody here knows it.
        return lambda _document: None
    wanted = fold(wanted) if isinstance(wanted, str) else wanted
    return lambda document: any(
        compare(fold(value) if isinstance(value, str) else value, wanted)
        for value in values_of(document, parts)
        if _kind(value) == _kind(wanted)
    )


def _folded(text: str) -> str:
    return text.lower()


def _is_there(document: Document, parts: list[str]) -> bool:
    try:
        value_at(document, parts)
    except KeyError:
        return False
    return True


def _literal(token: str) -> Any:
    """A value: a text in quotes, a boolean, or a number."""
    if isinstance(token, _Text):
        return str(token)
    if token.lower() in ("true", "false"):
        return token.lower() == "true"
    if _FLOAT.fullmatch(token):
        return float(token.rstrip("fFdD"))
    if _INTEGER.fullmatch(token) and -(1 << 63) <= int(token) < 1 << 63:
        return int(token)
    raise _wrong()


def _kind(value: Any) -> type | None:
    """What can be compared with one another."""
    if isinstance(value, bool):
        return bool
    return float if isinstance(value, int | float) else str if isinstance(value, str) else None


def _rank(verdict: Verdict) -> int:
    return 1 if verdict is None else 2 if verdict else 0


def _negated(verdict: Verdict) -> Verdict:
    return None if verdict is None else not verdict


def _wrong() -> Refusal:
    return Refusal(400, "The value of _queryFilter is no filter")
