"""``python -m aic_requests``: the walk."""

import argparse
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from textwrap import wrap
from typing import Final, TextIO

from requests import RequestException, exceptions

from .errors import AICError, ForeignOrigin
from .session import AICSession
from .testing import Exchange, Tenant
from .walk import CONDITIONS, Deviation, Shown, read_only_walk, walk

_LOGIN = "/openidm/info/login"

_EPILOG = f"""\
credentials for --base-url come from the environment:
  AIC_TOKEN                     a bearer token; if set, it is the one used
  AIC_USERNAME, AIC_PASSWORD    PingIDM's own X-OpenIDM-Username and X-OpenIDM-Password

colour: on a terminal, unless NO_COLOR is set
exit status: 0 every step went as told, 1 it did not (or there was no answer), 2 wrong arguments

examples:
  python -m aic_requests
  AIC_TOKEN=... python -m aic_requests --base-url https://tenant.example.com
  AIC_TOKEN=... python -m aic_requests --base-url https://tenant.example.com --path {_LOGIN}
"""

#: What went wrong on the way, the first that fits. Their own words may hold a header or a whole URL.
_ON_THE_WAY: Final[tuple[tuple[type[RequestException], str], ...]] = (
    (exceptions.SSLError, "TLS failed: the server's certificate is not trusted, or it speaks no TLS here"),
    (exceptions.ProxyError, "the proxy does not let this through"),
    (exceptions.Timeout, "no answer in time"),
    (exceptions.ConnectionError, "no answer from the server: is the address right, and can it be reached?"),
    (exceptions.TooManyRedirects, "the server redirects without end"),
    (RequestException, "the answer broke on the way, or cannot be read"),
)


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
        self._width = max(40, width)
        self._number = 0

    @classmethod
    def on(cls, out: TextIO) -> "Page":
        """Colour for a terminal that wants it (https://no-color.org), 80 plain columns for anything else."""
        if not out.isatty():
            return cls(out, colour=False, width=80)
        colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return cls(out, colour=colour, width=shutil.get_terminal_size((80, 24)).columns)

    def say(self, text: str, *, indent: str = "") -> None:
        """Write a paragraph."""
        for line in wrap(_harmless(text), self._width - len(indent), break_on_hyphens=False):
            self._write(indent + line)

    def show(self, step: Shown) -> None:
        """Write a step: its title, what went over the wire, and what it means."""
        self._number += 1
        self._write("")
        self._write(self._painted(f"{self._number}. {step.title}", "1"))
        for one in step.exchanges:
            self._show(one, step.answered)
        self.say(step.told, indent="  ")
        self._out.flush()

    def end(self, text: str) -> None:
        """Write the last line."""
        self._write("")
        self._write(self._painted(text, "1"))
        self._out.flush()

    def _show(self, one: Exchange, answered: Iterable[str]) -> None:
        # A wide terminal shows revisions whole, and keeps request and answer close together.
        wide = min(60, (self._width - 4) // 2)
        left = [f"{one.method} {one.path}{'?...' if one.query else ''}", *_fields(CONDITIONS, one.headers)]
        right = [_outcome(one), *_fields(answered, one.answered)]
        bright = {2: "32", 3: "36"}.get(one.status // 100, "33")
        for row in range(max(len(left), len(right))):
            request = _fitted(left[row], wide) if row < len(left) else ""
            answer = _fitted(right[row], self._width - 4 - wide) if row < len(right) else ""
            shown = self._painted(answer, bright if row == 0 else "2")
            self._write(f"  {request:<{wide}}  {shown}".rstrip())

    def _painted(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and text else text

    def _write(self, line: str) -> None:
        # A terminal that knows ASCII only is no reason to stop.
        coding = self._out.encoding or "utf-8"
        self._out.write(line.encode(coding, "replace").decode(coding) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the walk.

    Returns:
        0 if every step went as told, 1 if not, 2 if the arguments make no sense (argparse exits with it).
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.base_url is None and given.path is not None:
        parser.error("--path is read on a real tenant: give --base-url too")
    try:
        session = None if given.base_url is None else _session(given.base_url)
    except ValueError as error:
        parser.error(str(error))

    try:
        _show(session, given.path or _LOGIN)
    except ForeignOrigin as error:
        parser.error(f"--path: {_harmless(str(error))}")
    except (Deviation, RequestException) as error:
        sys.stdout.flush()
        print(f"\nThis did not go as told: {_harmless(_words_of(error))}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read this has seen enough (`| head`). What is left in the buffer goes nowhere, quietly.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _show(session: AICSession | None, path: str) -> None:
    """Walk on a tenant of our own, or read with a session on a real one."""
    page = Page.on(sys.stdout)
    if session is None:
        with Tenant() as tenant:
            page.say(f"{tenant.url}, a tenant in this process. Left: request. Right: answer.")
            _show_all(walk(tenant), page)
    else:
        page.say(f"{session.base_url}: only reading. Left: request. Right: answer.")
        _show_all(read_only_walk(session, path), page)


def _show_all(steps: Iterable[Shown], page: Page) -> None:
    for step in steps:
        page.show(step)
    page.end("Every step went as told.")


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
    return parser


def _session(base_url: str) -> AICSession:
    """
    A session on a real tenant, with the credentials of the environment.

    Raises:
        ValueError: The base URL or a credential makes no sense.
    """
    session = AICSession(base_url)
    token, name, password = map(_credential, ("AIC_TOKEN", "AIC_USERNAME", "AIC_PASSWORD"))
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    elif name and password:
        session.headers.update({"X-OpenIDM-Username": name, "X-OpenIDM-Password": password})
        # Without it, each answer sets a cookie that makes the next read another one.
        session.headers["X-OpenIDM-NoSession"] = "true"
    elif name or password:
        raise ValueError("AIC_USERNAME and AIC_PASSWORD belong together, and one of them is not set")
    return session


def _credential(variable: str) -> str:
    """A credential that can stand in a header. Its value is not repeated: this ends up on a screen."""
    value = os.environ.get(variable, "").strip()
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        value = "\n"
    if value and not value.isprintable():
        raise ValueError(f"{variable} holds a character that cannot stand in a header")
    return value


def _words_of(error: Exception) -> str:
    """Our own words are safe; those of requests may hold a header or a whole URL."""
    if isinstance(error, Deviation | AICError):
        return str(error)
    return next(words for kind, words in _ON_THE_WAY if isinstance(error, kind))


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


def _fitted(text: str, width: int) -> str:
    """A text on one line; of a long one both ends, since revisions and paths differ in the last letters."""
    text = _harmless(text)
    if len(text) <= width:
        return text
    tail = (width - 3) // 2
    return f"{text[: width - 3 - tail]}...{text[len(text) - tail :]}"


def _harmless(text: str) -> str:
    """What does nothing to a terminal."""
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))


if __name__ == "__main__":
    sys.exit(main())
