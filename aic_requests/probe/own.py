"""What the probe makes on a tenant, and takes away again."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..retry_after import now_of, seconds_of
from .answer import Answer
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
        self._paths: list[str] = []
        self._unanswered: set[str] = set()

    def put(self, path: str, document: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
        """
        Send a PUT that may create.

        Raises:
            NoAnswer: There was none; it counts as created.
        """
        known = path in self._paths
        if not known:
            self._paths.append(path)
            self._unanswered.add(path)
        answer = self._wire.ask("PUT", path, headers, json=document)
        # After a 5xx nobody knows whether it was created, and after a time-out of the server's neither.
        if answer.status < 500 and answer.status != 408:
            self._unanswered.discard(path)
            if not known and not answer.succeeded:
                self._paths.remove(path)
        return answer

    def delete(self, path: str, headers: Mapping[str, str]) -> Answer:
        """
        Send a DELETE for something that was made here.

        Raises:
            NoAnswer: There was none.
        """
        answer = self._wire.ask("DELETE", path, headers)
        if answer.succeeded and path in self._paths:
            self._paths.remove(path)
        return answer

    def remove(self) -> list[Left]:
        """Remove everything; returns what is still there. It takes two interruptions to end it."""
        waiting = [(path, "interrupted") for path in self._paths]
        left: list[Left] = []
        interruptions = 0
        while waiting:
            path, why = waiting.pop()
            try:
                if interruptions < 2:
                    why = self._remove(path)
            except KeyboardInterrupt:
                interruptions += 1
                waiting.append((path, why))
                continue
            if why:
                left.append(Left(self._wire.url_of(path), why))
        return left

    def _remove(self, path: str) -> str:
        """Remove one; returns why that was not possible, "" if it is gone."""
        why = ""
        headers: dict[str, str] = {}
        for tried in range(_TRIES):
            if tried:
                time.sleep(min(_LONGEST_PAUSE, self._pause * 2 ** (tried - 1)))
            try:
                answer = self._wire.ask("DELETE", path, headers)
                # A create that nobody answered may still be on its way.
                if answer.succeeded or (_is_not_there(answer) and (tried or path not in self._unanswered)):
                    return ""
                why = str(answer)
                if answer.status in (401, 403):
                    return why
                if answer.status in (412, 428):
                    # It wants to be told a revision.
                    headers = self._current(path)
                elif answer.status in (429, 503):
                    _wait(answer)
            except NoAnswer as error:
                why = str(error)
        return why

    def _current(self, path: str) -> dict[str, str]:
        revision = self._wire.ask("GET", path).revision
        return {} if revision is None else {"If-Match": f'"{revision}"'}


def _is_not_there(answer: Answer) -> bool:
    """A 404 of the server's, and not of one that is starting up."""
    return answer.status in (404, 410) and not answer.is_page


def _wait(answer: Answer) -> None:
    asked = seconds_of(answer.headers.get("Retry-After"), now=now_of(answer.headers.get("Date")))
    time.sleep(min(_LONGEST_PAUSE, asked or 0.0))
