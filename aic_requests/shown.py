"""A step of a walk, as it is shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from .page import Page
from .testing import Exchange

#: The request headers that a step is about.
CONDITIONS: Final = ("If-Match", "If-None-Match")


class Deviation(Exception):  # not an error of the library
    """A step did not go as told."""


@dataclass(frozen=True, slots=True)
class Shown:
    """
    A step that went as told.

    Attributes:
        title: What happened.
        exchanges: What went over the wire.
        told: What it means.
        answered: The headers of the answers that it is about.
    """

    title: str
    exchanges: Sequence[Exchange]
    told: str
    answered: Sequence[str] = ("ETag",)

    def on(self, page: Page, number: int) -> None:
        """Write it: its title, what went over the wire, and what it means."""
        page.heading(f"{number}. {self.title}")
        for one in self.exchanges:
            left = [f"{one.method} {one.path}{'?...' if one.query else ''}", *_fields(CONDITIONS, one.headers)]
            right = [_outcome(one), *_fields(self.answered, one.answered)]
            page.side_by_side(left, right, bright={2: "32", 3: "36"}.get(one.status // 100, "33"))
        page.say(self.told, indent="  ")


def expect(truth: bool, otherwise: str) -> None:
    """
    Hold a step against what was told.

    Raises:
        Deviation: It is not so.
    """
    if not truth:
        raise Deviation(otherwise)


def _outcome(one: Exchange) -> str:
    if not one.status:
        return "no answer, the connection broke"
    try:
        phrase = f" {HTTPStatus(one.status).phrase}"
    except ValueError:
        phrase = ""
    return f"{one.status}{phrase}, {one.size} bytes"


def _fields(names: Iterable[str], headers: Mapping[str, str]) -> list[str]:
    """Header lines, in this order."""
    found = {name.lower(): value for name, value in headers.items()}
    return [f"{name}: {found[name.lower()]}" for name in names if name.lower() in found]
