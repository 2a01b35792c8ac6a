"""``python -m aic_requests``: the walk, and the probe."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence

from requests import RequestException

from .credentials import CREDENTIALS, headers_of_the_environment
from .errors import ForeignOrigin
from .mishaps import words_of
from .page import Page, harmless
from .probe import command as probe
from .read_only_walk import read_only_walk
from .session import AICSession
from .shown import Deviation, Shown
from .testing import Tenant
from .walk import walk

_LOGIN = "/openidm/info/login"

_EPILOG = f"""\
{CREDENTIALS}

colour: on a terminal, unless NO_COLOR is set
exit status: 0 every step went as told, 1 it did not (or there was no answer), 2 wrong arguments

examples:
  python -m aic_requests
  AIC_TOKEN=... python -m aic_requests --base-url https://tenant.example.com
  AIC_TOKEN=... python -m aic_requests --base-url https://tenant.example.com --path {_LOGIN}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run a command: without a name, the walk.

    Returns:
        What the command's ``--help`` says; 2 if the arguments make no sense (argparse exits with it).
    """
    given = _parser().parse_args(arguments)
    try:
        status: int = given.run(given)
    except BrokenPipeError:
        # Whoever read this has seen enough (`| head`). What is left in the buffer goes nowhere, quietly.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m aic_requests",
        description="Shows what the library does, on a tenant of its own: nothing leaves this machine.\n"
        "With --base-url it only reads, on a real tenant, and changes nothing there.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--base-url", metavar="URL", help="a real tenant, such as https://tenant.example.com")
    parser.add_argument("--path", help=f"what to read there, twice (default: {_LOGIN})")
    parser.set_defaults(run=_walk, parser=parser)
    probe.add_to(parser.add_subparsers(title="commands", metavar="COMMAND", dest="command"))
    return parser


def _walk(given: argparse.Namespace) -> int:
    """Walk on a tenant of our own, or read on a real one."""
    parser: argparse.ArgumentParser = given.parser
    if given.base_url is None and given.path is not None:
        parser.error("--path is read on a real tenant: give --base-url too")
    try:
        session = None if given.base_url is None else AICSession(given.base_url)
        if session is not None:
            session.headers.update(headers_of_the_environment())
    except ValueError as error:
        parser.error(str(error))

    try:
        _show(session, given.path or _LOGIN)
    except ForeignOrigin as error:
        parser.error(f"--path: {harmless(str(error))}")
    except (Deviation, RequestException) as error:
        sys.stdout.flush()
        print(f"\nThis did not go as told: {words_of(error)}", file=sys.stderr)
        return 1
    return 0


def _show(session: AICSession | None, path: str) -> None:
    page = Page.on(sys.stdout)
    if session is None:
        with Tenant() as tenant:
            page.say(f"{tenant.url}, a tenant in this process. Left: request. Right: answer.")
            _show_all(walk(tenant), page)
    else:
        page.say(f"{session.base_url}: only reading. Left: request. Right: answer.")
        _show_all(read_only_walk(session, path), page)


def _show_all(steps: Iterable[Shown], page: Page) -> None:
    for number, step in enumerate(steps, 1):
        step.on(page, number)
    page.heading("Every step went as told.")


if __name__ == "__main__":
    sys.exit(main())
