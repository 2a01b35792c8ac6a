"""``python -m aic_requests probe``."""

import argparse
import json
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from requests import RequestException

from ..credentials import CREDENTIALS, headers_of_the_environment
from ..page import Page
from .run import QUESTIONS, probe
from .template import NAMESPACE, Template
from .wire import Wire

_DESCRIPTION: Final = f"""\
Asks a real tenant what only a tenant can tell, and says where it differs from what the library assumes, and what
follows for you: whether If-Match guards writes, what a 304 looks like after the front end, which status is whose.

It makes two resources of its own in the collection, under fresh ids that begin with {NAMESPACE}, reads and writes
those and nothing else, and removes them again, whatever happens. About 45 requests, one at a time. What could not
be removed is named at the end. Whatever hangs on a create in this collection happens for these two as well
(provisioning, mail): prefer a development tenant.
"""

_EPILOG: Final = f"""\
{CREDENTIALS}

--document: a JSON object that the collection takes. "{{id}}" in its texts becomes the resource's id; exactly one text
holds "{{change}}", and is the one that is altered. The default for users, without a password, inactive:
  {{"userName": "aic-requests-probe-{{id}}", "givenName": ..., "sn": ..., "mail": ..., "description": "{{change}}"}}

exit status:
  0 nothing differs   1 something differs, or could not be removed   2 wrong arguments, or it had to stop early
  130, 143 interrupted

examples:
  AIC_TOKEN=... python -m aic_requests probe https://tenant.example.com --collection /openidm/managed/alpha_user
  AIC_TOKEN=... python -m aic_requests probe https://tenant.example.com \\
      --collection /am/json/realms/root/realms/alpha/realm-config/agents/OAuth2Client --json
"""


class _Terminated(KeyboardInterrupt):
    """SIGTERM: as good a reason to tidy up as Ctrl-C."""


def add_to(commands: Any) -> None:
    """Add the command to argparse's subparsers."""
    parser = commands.add_parser(
        "probe",
        help="ask a real tenant what only a tenant can tell",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("base_url", metavar="BASE_URL", help="the tenant, such as https://tenant.example.com")
    parser.add_argument("--collection", metavar="PATH", required=True, help="where to make the two resources")
    parser.add_argument("--document", metavar="FILE", type=Path, help="what to make them from")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.set_defaults(run=_run, parser=parser)


def _run(given: argparse.Namespace) -> int:
    parser: argparse.ArgumentParser = given.parser
    collection: str = given.collection
    try:
        _check(collection)
        wire = Wire(given.base_url, headers_of_the_environment())
        wire.url_of(collection)
        template = Template.fitting(collection) if given.document is None else Template.read(given.document)
    except (ValueError, RequestException) as error:
        parser.error(str(error))

    with _terminable() as signals:
        report = probe(wire, given.base_url, collection, template, progress=_progress)
    _progress("")
    if given.json:
        sys.stdout.write(json.dumps(report.as_json(), indent=2) + "\n")
    else:
        report.on(Page.on(sys.stdout))
    return 128 + signals[0] if signals else report.status


def _check(collection: str) -> None:
    parts = collection.strip("/").split("/")
    if {"", ".", ".."} & set(parts) or "?" in collection or "#" in collection:
        raise ValueError("--collection is the path of a collection, such as /openidm/managed/alpha_user")


@contextmanager
def _terminable() -> Generator[list[int]]:
    """Turn SIGTERM into an interruption too; tells which signals came."""
    came: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        raise _Terminated("terminated" if number == signal.SIGTERM else "interrupted")

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress(name: str) -> None:
    """What is being asked, on a terminal only, in one line."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{name and f'{name}, of {len(QUESTIONS)} questions'}")
        sys.stderr.flush()
