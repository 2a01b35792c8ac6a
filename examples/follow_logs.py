"""
Follow the logs of an AIC tenant: each entry a line of JSON, as it comes in.

    python follow_logs.py am-authentication,idm-activity --state logs.state >> logs.jsonl

It begins where the tenant's tail does, some seconds ago, and goes on until Ctrl-C. With the same state file it goes on
later where it stopped. An entry that comes on two pages is printed once; after a crash, but not after Ctrl-C, the last
page may come once more. It waits as long as the tenant asks it to (429), and what fails on the way is tried again.

Exit status 0: the rounds are over; 130: stopped by Ctrl-C; 2: the tenant does not let it in, or the like.
"""

import hashlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import requests
from environment import at_least, parser, run, session_for_logs

from aic_requests import AICSession, BadRequest, ServerError, TooManyRequests

_EPILOG = """\
from the environment:
  AIC_BASE_URL                         the tenant, unless --base-url names it
  AIC_LOG_API_KEY, AIC_LOG_API_SECRET  a log API key of it (admin console: Global Settings, Log API Keys)
"""

#: Entries that are remembered, so that none is printed twice: more than two pages have.
KEPT = 5_000

#: Seconds to wait after a 429 that does not say how long.
PATIENCE = 60.0


def main() -> int:
    """Follow."""
    arguments = parser(__doc__, _EPILOG)
    arguments.add_argument("sources", help="their names, separated by commas: GET /monitoring/logs/sources lists them")
    arguments.add_argument("--state", type=Path, help="where to keep how far it got")
    arguments.add_argument("--seconds", type=at_least(0), default=10, help="between two pages (default: %(default)s)")
    arguments.add_argument("--rounds", type=at_least(1), help="stop after so many pages (default: Ctrl-C)")
    given = arguments.parse_args()

    tenant = session_for_logs(given.base_url)
    place = Place(given.state, given.sources)
    progress = Progress()
    done = 0
    while True:
        wait = follow(tenant, place, progress)
        done += 1
        if done == given.rounds:
            progress.end()
            return 0
        time.sleep(given.seconds if wait is None else wait)


class Place:
    """
    How far it got: the cookie of the next page, and what has been printed lately.

    Raises:
        ValueError: The state is another's.
    """

    def __init__(self, file: Path | None, sources: str) -> None:
        self.sources = sources
        self.cookie: str | None = None
        self._file = file
        # A dict keeps the order, so that the oldest can be forgotten.
        self._printed: dict[str, None] = {}
        if file is not None and file.exists():
            self._read(file)

    def _read(self, file: Path) -> None:
        try:
            state = json.loads(file.read_text("utf-8"))
            cookie, sources, printed = state["cookie"], state["sources"], state["printed"]
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{file} is there, and is no state of this script: name another file") from None
        if sources != self.sources:
            raise ValueError(f"{file} is the state of {sources}, not of {self.sources}: name another file")
        self.cookie = cookie
        self._printed = dict.fromkeys(printed)

    def print_new(self, entries: list[Any]) -> int:
        """Print the entries that were on no page before; how many."""
        # Two that are alike on one page are two.
        before = set(self._printed)
        count = 0
        for entry in entries:
            line = json.dumps(entry)
            name = hashlib.sha256(line.encode()).hexdigest()[:32]
            if name not in before:
                print(line)
                count += 1
            self._printed.pop(name, None)
            self._printed[name] = None
        sys.stdout.flush()
        for name in list(self._printed)[:-KEPT]:
            del self._printed[name]
        return count

    def save(self) -> None:
        """Write the state, whole or not at all."""
        if self._file is None:
            return
        state = {"sources": self.sources, "cookie": self.cookie, "printed": list(self._printed)}
        new = self._file.with_name(f"{self._file.name}.new")
        new.write_text(json.dumps(state), "utf-8")
        os.replace(new, self._file)


def follow(tenant: AICSession, place: Place, progress: "Progress") -> float | None:
    """
    Print one page of entries.

    Returns:
        Seconds to wait before the next one, where they matter.

    Raises:
        BadRequest: The tenant does not take the sources, or the cookie.
    """
    parameters = {"source": place.sources, **({"_pagedResultsCookie": place.cookie} if place.cookie else {})}
    try:
        page = tenant.get("/monitoring/logs/tail", params=parameters).json()
        entries, cookie = page["result"], page.get("pagedResultsCookie")
    except TooManyRequests as error:
        return progress.waits(PATIENCE if error.retry_after is None else error.retry_after, "the tenant asks to wait")
    except BadRequest as error:
        if place.cookie is None:
            raise
        raise ValueError(f"{error} (is the state too old? Then remove it, and begin anew)") from error
    except (ServerError, requests.ConnectionError, requests.Timeout) as error:
        return progress.waits(None, f"{type(error).__name__}; trying again")
    except (ValueError, KeyError, TypeError):
        return progress.waits(None, "an answer that is no page of logs; trying again")

    try:
        # What an interrupt cuts short is a page of which some was printed: the same page is asked for again.
        progress.counts(place.print_new(entries), entries)
        # No cookie: nothing new, and the last one is still good.
        place.cookie = cookie or place.cookie
    finally:
        place.save()
    return None


class Progress:
    """A line on the terminal; none where stderr is a file."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._count = 0

    def counts(self, new: int, entries: list[Any]) -> None:
        """So many entries more."""
        self._count += new
        last = entries[-1].get("timestamp", "") if entries and isinstance(entries[-1], dict) else ""
        self._say(f"{self._count} entries {last}")

    def waits(self, seconds: float | None, why: str) -> float | None:
        """Say why nothing comes; the seconds, as they were."""
        self._say(f"{self._count} entries; {why}" + ("" if seconds is None else f" {seconds:.0f} s"))
        return seconds

    def end(self) -> None:
        """Leave the line."""
        if self._shown:
            print(file=sys.stderr)

    def _say(self, words: str) -> None:
        if self._shown:
            # Over the words before.
            print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)


run(main)
