"""What the probe makes on a tenant, and takes away again."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..retry_after import wait_asked_for
from .answer import Answer
from .template import Document, changing_part
from .wire import NoAnswer, Wire

#: How often the removal of one resource is tried.
_TRIES: Final = 4

#: Seconds to wait at most before trying again, whatever the server asks for.
_LONGEST_PAUSE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Left:
    """
    A resource that could not be removed.

    Attributes:
        url: Send a DELETE to it.
        why: What the last attempt was told.
    """

    url: str
    why: str


@dataclass(slots=True)
class _Creation:
    """
    A resource that the probe has tried to create.

    Attributes:
        parts: The texts that were sent, each of which nobody else can have written.
        certain: A success was answered, so it is the probe's. Otherwise what is there must hold one of the texts: a
            refusal may be the answer to a second delivery of what was created by the first.
        answered: The last of them had an answer that tells.
    """

    parts: list[Document]
    certain: bool = False
    answered: bool = False


class Own:
    """
    Remembers what it creates before the request goes out, and removes nothing else.

    Args:
        wire: Where to.
        pause: Seconds before the first repeated removal; twice that before the next.
    """

    def __init__(self, wire: Wire, *, pause: float = 0.5) -> None:
        self._wire = wire
        self._pause = pause
        self._creations: dict[str, _Creation] = {}

    def put(self, path: str, document: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
        """
        Send a PUT that may create.

        Raises:
            NoAnswer: There was none.
        """
        creation = self._creations.setdefault(path, _Creation([]))
        creation.parts.append(changing_part(document))
        creation.answered = False
        answer = self._wire.ask("PUT", path, headers, json=document)
        creation.certain = creation.certain or answer.succeeded
        # After a 5xx nobody knows, and after a time-out of the server's neither.
        creation.answered = answer.status < 500 and answer.status != 408
        return answer

    def delete(self, path: str, headers: Mapping[str, str]) -> Answer:
        """
        Send a DELETE for something that was made here.

        Raises:
            NoAnswer: There was none.
        """
        answer = self._wire.ask("DELETE", path, headers)
        if answer.succeeded:
            self._creations.pop(path, None)
        return answer

    def remove(self) -> list[Left]:
        """Remove everything; returns what is still there. It takes two interruptions to end it."""
        waiting = list(self._creations)
        left: list[Left] = []
        interruptions = 0
        while waiting:
            path, why = waiting.pop(), "interrupted"
            try:
                if interruptions < 2:
                    why = self._remove(path, self._creations[path])
            except KeyboardInterrupt:
                interruptions += 1
                waiting.append(path)
                continue
            if why:
                left.append(Left(self._wire.url_of(path), why))
        return left

    def _remove(self, path: str, creation: _Creation) -> str:
        """Remove one; returns why that was not possible, "" if it is gone."""
        why = ""
        for tried in range(_TRIES):
            if tried:
                time.sleep(min(_LONGEST_PAUSE, self._pause * 2 ** (tried - 1)))
            try:
                found = None if creation.certain and not tried else self._wire.ask("GET", path)
                if found is not None and not creation.certain:
                    # What was not answered may still be on its way, so it is looked for twice.
                    if _is_not_there(found) and (tried or creation.answered):
                        return ""
                    if found.status != 200:
                        why = str(found)
                        continue
                    if changing_part(found.document) not in creation.parts:
                        return "" if creation.answered else _IN_DOUBT
                answer = self._wire.ask("DELETE", path, _guard(found))
                if answer.succeeded or _is_not_there(answer):
                    return ""
                why = str(answer)
                if answer.status in (401, 403):
                    return why
                if answer.status in (429, 503):
                    _wait(answer)
            except NoAnswer as error:
                why = str(error)
        return why


_IN_DOUBT: Final = "its create was not answered, and what is there is not what was sent: look at it first"


def _guard(found: Answer | None) -> dict[str, str]:
    """The revision that was read, for a server that demands one."""
    return {} if found is None or found.revision is None else {"If-Match": f'"{found.revision}"'}


def _is_not_there(answer: Answer) -> bool:
    """A 404 of the server's, and not of one that is starting up."""
    return answer.status in (404, 410) and not answer.is_page


def _wait(answer: Answer) -> None:
    asked = wait_asked_for(answer.headers)
    time.sleep(min(_LONGEST_PAUSE, asked or 0.0))
