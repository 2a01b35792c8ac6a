"""Where the fake tenant is meant to differ from the genuine code, each with its reason."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .sides import Answer, Ask

Wrong = dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Wanted:
    """A difference that is wanted; *fits* looks at the request, both answers, and what differs."""

    reason: str
    fits: Callable[[Ask, Answer, Answer, Wrong], bool]


def falls_over(real: Answer, fake: Answer) -> bool:
    """An exception that nobody has thought of: 500, with CREST's body or with none."""
    return real.status == 500 and fake.status == 400


def only(wrong: Wrong, *names: str) -> bool:
    """Whether nothing differs but these."""
    return wrong.keys() <= set(names)


def but_for_the_cookie(real: Answer, fake: Answer, wrong: Wrong) -> bool:
    """Whether the real server gives a cookie where the fake gives none, and all else is the same."""
    if not only(wrong, "body") or not isinstance(real.body, dict) or not isinstance(fake.body, dict):
        return False
    bare = real.body | {"pagedResultsCookie": None}
    return real.body.get("pagedResultsCookie") is not None and bare == fake.body


WANTED: tuple[Wanted, ...] = (
    Wanted(
        "an empty Content-Type is a NullPointerException to it, where a body is read",
        lambda ask, real, fake, wrong: falls_over(real, fake) and ask.header("content-type") == "",
    ),
    Wanted(
        "a list of media types is an exception that nobody has thought of",
        lambda ask, real, fake, wrong: (
            real.status == 500 and fake.status >= 400 and "_mimeType=text%2Fplain%2C" in ask.path
        ),
    ),
    Wanted(
        "Jetty compresses no pictures, and nothing that is known to be shorter than 16 bytes",
        lambda ask, real, fake, wrong: (
            only(wrong, "vary", "content-encoding", "etag") and "_mimeType" in ask.path and len(str(real.body)) < 24
        ),
    ),
    Wanted(
        "MemoryBackend's cookie never ends when a filter leaves something out",
        lambda ask, real, fake, wrong: "_queryfilter" in ask.path.lower() and but_for_the_cookie(real, fake, wrong),
    ),
    Wanted(
        "Jetty 11 compresses the answers to a POST too; the fake does as Jetty 9, which was recorded",
        lambda ask, real, fake, wrong: (
            ask.method == "POST" and only(wrong, "vary", "content-encoding", "etag") and "vary" in wrong
        ),
    ),
)


def reason_for(ask: Ask, real: Answer, fake: Answer, wrong: Wrong) -> str | None:
    """Why this difference is wanted; None if it is not."""
    return next((one.reason for one in WANTED if one.fits(ask, real, fake, wrong)), None)
