"""The walk: what the library does, shown on a tenant of its own."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from textwrap import wrap
from typing import Any, TextIO, TypeVar

from requests import Response

from .errors import AICError, PreconditionFailed, PreconditionRequired
from .session import AICSession
from .testing import Exchange, Fault, Tenant

USERS = "/openidm/managed/alpha_user"
USER = f"{USERS}/42"
GUARDED = "/openidm/system/directory/account/7"

#: What is shown of a request and of its answer, in this order.
_SENT = ("If-Match", "If-None-Match")
_ANSWERED = ("ETag", "Cache-Control")


_Refusal = TypeVar("_Refusal", bound=AICError)


@dataclass(frozen=True, slots=True)
class Step:
    """
    One step of the walk.

    Attributes:
        title: What happens.
        told: What it means, a sentence.
        status: The status that the last exchange must have on the wire.
        sends: The condition that must have gone out with it: its header, or None for none.
    """

    title: str
    told: str
    status: int
    sends: str | None = None


class Deviation(Exception):  # not an error of the library
    """A step did not go as told."""


class Page:
    """
    Writes steps, request and answer side by side.

    Args:
        out: Where to.
        colour: Whether it may be coloured.
        width: Columns.
    """

    def __init__(self, out: TextIO, *, colour: bool, width: int) -> None:
        self._out = out
        self._colour = colour
        self._width = width
        self._number = 0

    def say(self, text: str = "") -> None:
        """A paragraph."""
        self._out.write("\n".join(wrap(text, self._width) or [""]) + "\n")

    def step(self, step: Step, exchanges: Sequence[Exchange], remark: str = "") -> None:
        """A step: its title, what went over the wire, and what it means."""
        self._number += 1
        self._out.write(f"\n{self._painted(f'{self._number}. {step.title}', '1')}\n")
        half = max(40, (self._width - 4) // 2)
        for one in exchanges:
            left, right = _request_lines(one), _answer_lines(one)
            for row in range(max(len(left), len(right))):
                request = left[row] if row < len(left) else ""
                answer = right[row] if row < len(right) else ""
                paint = {2: "32", 3: "36"}.get(one.status // 100, "33") if row == 0 else "2"
                shown = self._painted(answer[:half], paint)
                self._out.write(f"  {request[: half - 2]:<{half - 2}}  {shown}".rstrip() + "\n")
        for line in wrap(" ".join(filter(None, (step.told, remark))), self._width - 2):
            self._out.write(f"  {line}\n")

    def _painted(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


def page_for(out: TextIO) -> Page:
    """Colour for a terminal that wants it (https://no-color.org), plain text for anything else."""
    colour = out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Page(out, colour=colour, width=min(120, shutil.get_terminal_size((80, 24)).columns) if out.isatty() else 80)


def walk(tenant: Tenant, page: Page) -> None:
    """
    Create, read, read again, write, conflict, cure, demand, delete.

    Raises:
        Deviation: A step did not go as told.
        AICError: The server refused what it should not.
    """
    mine, theirs = AICSession(tenant.url), AICSession(tenant.url)
    shown = 0

    def show(step: Step, remark: str = "") -> None:
        nonlocal shown
        exchanges = list(tenant.requests)[shown:]
        shown = len(tenant.requests)
        _check(step, exchanges[-1])
        page.step(step, exchanges, remark)

    bob = {"userName": "bob", "mail": "bob@example.com", "description": "x" * 400}
    mine.put(USER, json=bob, headers={"If-None-Match": "*"})
    show(Step("Create", "If-None-Match: * creates, and never overwrites.", 201, "If-None-Match"))

    user = mine.get(USER).json()
    show(Step("Read", "The server says no-store; the session keeps it in memory, for itself alone.", 200))

    again = mine.get(USER)
    _expect(_is_from_cache(again) and again.json() == user, "the read was not served from memory")
    saved = mine.cache_info().bytes_saved
    step = Step("Read again", "Asked whether anything changed, the server says 304;", 304, "If-None-Match")
    show(step, f"the caller gets the kept 200. {saved} bytes stayed where they were.")

    user = mine.put(USER, json=user | {"mail": "new@example.com"}).json()
    show(Step("Write", "If-Match by itself: this write counts only if nobody wrote since.", 200, "If-Match"))

    theirs.put(USER, json=theirs.get(USER).json() | {"telephoneNumber": "555-0100"})
    show(Step("Somebody else writes", "Another script reads the user and adds a number.", 200, "If-Match"))

    refused = _refused(lambda: mine.put(USER, json=user | {"mail": "newest@example.com"}), PreconditionFailed)
    step = Step("Conflict", "Writing the old document back would have erased that number. Instead:", 412, "If-Match")
    show(step, f"{type(refused).__name__}: {refused}")

    mine.update(USER, lambda document: document | {"mail": "newest@example.com"})
    now = _stored(tenant)
    _expect(now["telephoneNumber"] == "555-0100" and now["mail"] == "newest@example.com", "a change was lost")
    show(
        Step("The cure", "update() reads, changes and writes, again if it must. Both changes are in.", 200, "If-Match")
    )

    tenant.faults.append(Fault("PUT", USER, connection="drop", commit=True))
    mine.update(USER, lambda document: document | {"mail": "last@example.com"})
    _expect(_stored(tenant)["mail"] == "last@example.com", "the change was lost")
    step = Step("A lost answer", "The write was carried out, and nobody heard of it. update() reads back:", 200)
    show(step, "it is there, so it is not sent again.")

    demanded = _refused(lambda: mine.patch(GUARDED, json=[]), PreconditionRequired)
    show(Step("A resource that demands a revision", "The exception says what to send.", 428), str(demanded))

    mine.delete(USER)
    _expect("42" not in tenant.collection(USERS).ids(), "the user is still there")
    show(Step("Delete", "Under the revision that this session has seen last.", 200, "If-Match"))


def read_only_walk(session: AICSession, path: str, page: Page) -> None:
    """
    Read a resource of a real tenant twice; nothing is changed there.

    Raises:
        Deviation: The second read was not the first.
        AICError: The server refused.
    """
    first = session.get(path)
    step = Step("Read", "A plain read.", 200)
    page.step(step, [_exchange_of(first)])
    second = session.get(path)
    _expect(second.content == first.content, "the second read is another body")
    told = (
        f"Not modified: the kept 200 was served, {session.cache_info().bytes_saved} bytes saved."
        if _is_from_cache(second)
        else "Read in full: the server sent no ETag, or does not answer 304 here."
    )
    page.step(Step("Read again", told, 200), [_exchange_of(second)])


def _stored(tenant: Tenant) -> dict[str, Any]:
    return tenant.collection(USERS).read("42")


def _exchange_of(response: Response) -> Exchange:
    """What went over the wire for a response: a replayed 200 came as the 304 of its ``raw``."""
    path, _, query = (response.request.path_url or "").partition("?")
    sent = {name: str(value) for name, value in response.request.headers.items() if name in _SENT}
    status = getattr(response.raw, "status", None) or response.status_code
    size = 0 if _is_from_cache(response) else len(response.content)
    return Exchange(response.request.method or "", path, query, sent, status, "", b"", dict(response.headers), size)


def _is_from_cache(response: Response) -> bool:
    return bool(response.__dict__.get("from_cache"))


def _request_lines(one: Exchange) -> list[str]:
    return [f"{one.method} {one.path}", *_fields(_SENT, one.headers)]


def _answer_lines(one: Exchange) -> list[str]:
    if not one.status:
        return ["no answer, the connection broke"]
    return [f"{one.status} {HTTPStatus(one.status).phrase}, {one.size} bytes", *_fields(_ANSWERED, one.answered)]


def _fields(names: Sequence[str], headers: Mapping[str, str]) -> list[str]:
    """Header lines; of a long value both ends, since revisions differ in the last letters."""
    found = {name.lower(): value for name, value in headers.items()}
    shown = [(name, found[name.lower()]) for name in names if name.lower() in found]
    return [f"{name}: {value if len(value) <= 24 else f'{value[:9]}...{value[-9:]}'}" for name, value in shown]


def _check(step: Step, last: Exchange) -> None:
    """Hold a step against what the tenant was really sent."""
    _expect(last.status == step.status, f"{step.title}: answered {last.status}, not {step.status}")
    sent = [name for name in _SENT if name in last.headers]
    _expect(sent == ([step.sends] if step.sends else []), f"{step.title}: sent {sent or 'no condition'}")


def _refused(call: Callable[[], object], kind: type[_Refusal]) -> _Refusal:
    """Call what must be refused."""
    try:
        call()
    except kind as error:
        return error
    raise Deviation(f"{kind.__name__} was not raised")


def _expect(truth: bool, otherwise: str) -> None:
    if not truth:
        raise Deviation(otherwise)
