"""A question to a tenant, and what was found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from .place import Place

Verdict = Literal["as assumed", "differs", "not asked"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What a question has brought.

    Attributes:
        answered: What came back.
        means: What follows for a user of the library; "" where it is as assumed.
    """

    answered: str
    means: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """
    Something that only a tenant can tell.

    Attributes:
        name: Stable.
        asks: What is sent.
        assumed: What the library assumes.
        ask: Sends it.
        vital: Without an answer there is nothing else to ask.
    """

    name: str
    asks: str
    assumed: str
    ask: Callable[[Place], Outcome]
    vital: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """
    A question, answered or not.

    Attributes:
        name: Of the question; stable.
        asked: What was sent.
        assumed: What the library assumes.
        verdict: ``as assumed``, ``differs`` or ``not asked``.
        answered: What came back; where it could not be asked, why.
        means: What follows for a user of the library, where it differs.
    """

    name: str
    asked: str
    assumed: str
    verdict: Verdict
    answered: str
    means: str = ""

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {name: getattr(self, name) for name in self.__slots__}


def question(asks: str, *, assumed: str, vital: bool = False) -> Callable[[Callable[[Place], Outcome]], Question]:
    """Make a question of the function that asks it; the function's name is the question's."""

    def made(ask: Callable[[Place], Outcome]) -> Question:
        return Question(getattr(ask, "__name__", ""), asks, assumed, ask, vital)

    return made
