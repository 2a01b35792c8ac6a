"""``python -m aic_requests.testing``: the tenant as a server of its own, for people and for other tools."""

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO, cast

from . import AIC, CREST, OPENAM, OPENIDM, OPENIDM_ORIENTDB, REST2LDAP, Exchange, Fault, Profile, ServiceAccount, Tenant

_PROFILES = {
    "aic": AIC,
    "crest": CREST,
    "openam": OPENAM,
    "openidm": OPENIDM,
    "openidm-orientdb": OPENIDM_ORIENTDB,
    "rest2ldap": REST2LDAP,
}
_EPILOG = """\
Each request is logged with the rule that decided its answer. Nobody else reaches it: it listens on 127.0.0.1. What it
holds is gone when it ends.

colour: on a terminal, unless NO_COLOR is set
exit status: 0 ended by Ctrl-C, 2 wrong arguments, a file that is none, or a port that is taken

a file for --load:
  {"/openidm/managed/alpha_user": [{"_id": "42", "userName": "bob"}], "/environment/variables": []}

examples:
  python -m aic_requests.testing --port 8080 --load users.json
  python -m aic_requests.testing --token letmein=bob
  python -m aic_requests.testing --fault '{"method": "PUT", "status": 503, "retry_after": 2, "times": 3}'
"""
_COLOURS = {"2": "32", "3": "36", "4": "33", "5": "31"}


class _Talking(Tenant):
    """A tenant that says at once what it was asked, and what decided."""

    def __init__(self, profile: Profile, **arguments: Any) -> None:
        super().__init__(profile, **arguments)
        self.out: TextIO = sys.stdout
        self._colour = _coloured(self.out)
        self._saying = threading.Lock()

    def note(self, exchange: Exchange) -> None:
        """Say it, too."""
        super().note(exchange)
        status = str(exchange.status or "---")
        if self._colour:
            status = f"\x1b[{_COLOURS.get(status[0], '35')}m{status}\x1b[0m"
        time = self.clock.now().astimezone().strftime("%H:%M:%S")
        asked, rule = _harmless(f"{exchange.method} {exchange.target}"), _harmless(exchange.rule)
        with self._saying:
            _say(self.out, f"{time} {asked} -> {status}: {rule}")


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Serve until Ctrl-C.

    Returns:
        What ``--help`` says.
    """
    # SIGTERM is how a script or a container says the same.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = _parser()
    given = parser.parse_args(arguments)
    tenant = _tenant(parser, given)
    try:
        tenant.listen(given.port)
    except OSError as error:
        parser.exit(2, f"{parser.prog}: port {given.port}: {os.strerror(error.errno or 0)}\n")
    with contextlib.suppress(KeyboardInterrupt):
        _say(tenant.out, f"{tenant.url}: a tenant in the manner of {given.profile}. Ctrl-C ends it.")
        threading.Event().wait()
    tenant.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m aic_requests.testing",
        description="A tenant on this machine, to try scripts and tools of any language on.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=_port, default=8080, help="of 127.0.0.1; 0: one that is free (default: %(default)s)")
    add("--load", type=Path, action="append", default=[], metavar="FILE", help="JSON with documents; may come again")
    add("--profile", choices=_PROFILES, default="aic", help="what kind of server it is (default: %(default)s)")
    add("--token", type=_pair, action="append", metavar="TOKEN=NAME", help="a token that lets somebody in, as NAME")
    add("--log-key", type=_pair, action="append", metavar="KEY=SECRET", help="a log API key; without one, all may read")
    add("--service-account", nargs=2, action="append", default=[], metavar=("ID", "JWK"), help="who may get tokens")
    add("--token-life", type=float, default=899, metavar="SECONDS", help="of such a token (default: %(default)s)")
    add("--fault", type=_fault, action="append", default=[], metavar="JSON", help="what goes wrong, as Fault has it")
    add("--seed", type=int, default=1, help="of ids and revisions (default: %(default)s)")
    return parser


def _tenant(parser: argparse.ArgumentParser, given: argparse.Namespace) -> _Talking:
    """What is asked for, or one line that says why not."""
    try:
        accounts = [
            ServiceAccount(name, json.loads(Path(file).read_text("utf-8"))) for name, file in given.service_account
        ]
        tenant = _Talking(
            _PROFILES[given.profile],
            load=given.load,
            tokens=dict(given.token) if given.token else None,
            service_accounts=accounts,
            token_life=given.token_life,
            log_keys=dict(given.log_key) if given.log_key else None,
            seed=given.seed,
        )
    except (ImportError, KeyError, OSError, TypeError, ValueError) as error:
        reason = str(error.args[0] if isinstance(error, KeyError) else error)
        parser.exit(2, f"{parser.prog}: {_harmless(reason)}\n")
    tenant.faults += given.fault
    return tenant


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _pair(text: str) -> tuple[str, str]:
    one, equals, other = text.partition("=")
    if not (one and equals and other):
        raise argparse.ArgumentTypeError("two words and = between them")
    return one, other


def _fault(text: str) -> Fault:
    try:
        said = cast("object", json.loads(text))
        return Fault(**cast("dict[str, Any]", said)) if isinstance(said, dict) else _no_object(text)
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("Fault.__init__() ")) from None


def _no_object(text: str) -> Fault:
    raise ValueError(f"a JSON object, not {text}")


def _coloured(out: TextIO) -> bool:
    """Whether colours are wanted (https://no-color.org)."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _harmless(text: str) -> str:
    """What does nothing to a terminal."""
    return "".join(one if one.isprintable() else "?" for one in " ".join(text.split()))


def _say(out: TextIO, line: str) -> None:
    # Who reads this may have gone (`| head`), or know ASCII only: the tenant goes on.
    coding = out.encoding or "utf-8"
    with contextlib.suppress(OSError, ValueError):
        try:
            out.write(line.encode(coding, "replace").decode(coding) + "\n")
            out.flush()
        except BrokenPipeError:
            # What still waits to be written would fail once more at the very end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


if __name__ == "__main__":
    sys.exit(main())
