"""What requests reads from the environment for each request."""

import os
import urllib.request
from typing import Any, Final, cast

import requests.sessions
import requests.utils
from requests.utils import NETRC_FILES, get_environ_proxies, get_netrc_auth

from .genuine import Genuine

_utils: Final[Any] = requests.utils

_PASSED_BY: Final = Genuine(
    {
        requests.sessions: ("get_environ_proxies", "get_netrc_auth"),
        requests.utils: ("get_environ_proxies", "should_bypass_proxies", "getproxies", "proxy_bypass"),
    }
)

#: macOS and Windows have proxies in the system's settings too, which can change without notice.
_IN_THE_ENVIRONMENT_ALONE: Final = (
    _utils.getproxies is urllib.request.getproxies_environment
    and _utils.proxy_bypass is cast("Any", urllib.request).proxy_bypass_environment
)

#: Hosts whose proxies are remembered.
_MOST_HOSTS = 64


class Environment:
    """
    The variables as they were at one time, and what requests makes of them.

    Attributes:
        variables: What ``os.environ`` held.
        ca_bundle: The path that takes the place of ``verify=True``; None: none.
    """

    def __init__(self, variables: dict[Any, Any]) -> None:
        self.variables: dict[Any, Any] = variables
        self.ca_bundle: str | None = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None
        self._netrc = _netrc_files()
        self._has_proxies = bool(_utils.getproxies())
        self._proxies: dict[str, dict[str, str]] = {}

    @classmethod
    def now(cls) -> "Environment | None":
        """The environment, read anew only where a variable has changed. None: ask requests."""
        global _latest
        # Condition: the real os.environ, whose content can be compared at once (a test may have put a dict in its
        # place), and requests' own functions.
        variables = getattr(os.environ, "_data", None)
        if variables is None or not _IN_THE_ENVIRONMENT_ALONE or not _PASSED_BY:
            return None
        if _latest is not None and _latest.variables == variables:
            return _latest
        found = cls(cast("dict[Any, Any]", variables).copy())
        # Condition: nobody has set a variable while they were read.
        if not found.still_holds():
            return None
        _latest = found
        return found

    def still_holds(self) -> bool:
        """Whether the variables are what they were."""
        return bool(getattr(os.environ, "_data", None) == self.variables)

    def proxies_for(self, url: str) -> dict[str, str]:
        """What ``get_environ_proxies`` answers: by the variables, and by host and port."""
        if not self._has_proxies:
            return {}
        host = url.partition("://")[2].partition("/")[0]
        known = self._proxies.get(host)
        if known is None:
            known = get_environ_proxies(url, no_proxy=None)
            if len(self._proxies) >= _MOST_HOSTS:
                self._proxies.clear()
            # Condition: as above. What is not of these variables is not filed under them.
            if self.still_holds():
                self._proxies[host] = known
        return known

    def netrc_auth(self, url: str) -> tuple[str, str] | None:
        """What ``get_netrc_auth`` answers: the file is looked for each time, at the places known."""
        if self._netrc is not None and not any(map(os.path.exists, self._netrc)):
            return None
        return get_netrc_auth(url)


def _netrc_files() -> tuple[str, ...] | None:
    """Where a netrc may be; None where the variables do not tell."""
    named = os.environ.get("NETRC")
    if named is not None:
        return (os.path.expanduser(named),)
    return tuple([os.path.expanduser(f"~/{name}") for name in NETRC_FILES]) if os.environ.get("HOME") else None


_latest: Environment | None = None
