"""TLS contexts that are kept."""

import os
import stat
from threading import Lock
from typing import Any, Final, cast

import requests.adapters
import urllib3
from urllib3 import connection
from urllib3.util import ssl_

#: Whose names count: it calls what stands here.
_urllib3: Final = cast("Any", connection)

#: Contexts kept; who changes his bundle or certificate oftener than that pays for new ones.
_MOST: Final = 16

#: urllib3 1.26 treats a ready-made context otherwise than its own.
_KNOWN: Final = int(cast("Any", urllib3).__version__.partition(".")[0]) >= 2


class Contexts:
    """
    One ``ssl.SSLContext`` for each ``verify`` and ``cert``.

    urllib3 reads the whole CA bundle into a new context for every connection: 15 ms of CPU. One that is kept has read
    it once. None is ever made for ``verify=False``: what does not verify shares nothing with what does. Everything is
    loaded before a context is handed out, and nothing after, since connections of many threads use it.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], Any] = {}
        self._lock = Lock()

    def context_for(self, verify: object, cert: object) -> Any:
        """
        A context that verifies as asked and shows this certificate; None: let urllib3 make its own.

        Args:
            verify: True for requests' own bundle, or the path of one.
            cert: As requests has it.
        """
        bundle = cast("Any", requests.adapters).DEFAULT_CA_BUNDLE_PATH if verify is True else verify
        files: list[object] = [bundle]
        if isinstance(cert, tuple):
            files += cast("tuple[object, ...]", cert)
            # Condition: a certificate and its key. Of anything else requests is to complain.
            if len(files) != 3:
                return None
        elif cert:
            files.append(cert)
        # Condition: files, whose change can be seen.
        marks = tuple([_mark(file) for file in files])
        if not _KNOWN or None in marks:
            return None
        # Condition: whoever makes contexts is the same (truststore and its like put theirs in its place), and so is the
        # log of keys, whose name is read when one is made.
        maker = (cast("Any", ssl_).SSLContext, _urllib3.create_urllib3_context, os.environ.get("SSLKEYLOGFILE"))
        key: tuple[object, ...] = (verify, *files, marks, maker)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = _context(*files)
                if len(self._kept) > _MOST:
                    del self._kept[next(iter(self._kept))]
            return self._kept[key]


def _mark(file: object) -> tuple[int, ...] | None:
    """What changes when a file does; None where there is no such file, or no regular one."""
    if not isinstance(file, str):
        return None
    try:
        found = os.stat(file)
    except (OSError, ValueError):
        # For requests to complain about.
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _context(bundle: Any, cert: Any = None, key: Any = None) -> Any:
    """What urllib3 would make for one connection; None where it would fail, as it then should."""
    try:
        # As urllib3 calls it: where somebody has put a stricter one in its place, that one.
        context = _urllib3.create_urllib3_context(cert_reqs=ssl_.resolve_cert_reqs("CERT_REQUIRED"))
        context.load_verify_locations(bundle)
        if cert:
            context.load_cert_chain(cert, key, password=_refuse)
    except (OSError, ValueError):
        return None
    return context


def _refuse() -> str:
    """Otherwise OpenSSL would ask for the password of a key on the terminal."""
    raise ValueError("an encrypted key")
