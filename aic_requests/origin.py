"""Where a URL points, and where it may point."""

import re
from functools import lru_cache
from typing import NamedTuple, Self, cast
from urllib.parse import SplitResult, quote, unquote, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}

#: A scheme (``https:``, ``mailto:``), or two slashes: no path below a base URL. Browsers read a
#: backslash as a slash, so it counts as one.
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:|[/\\]{2}", re.IGNORECASE)

#: What nobody can read in two ways, and most URLs are; urlsplit takes ten times as long for it.
_USUAL = re.compile(r"(https?)://([a-z0-9.-]+(?::[0-9]+)?)(/[!$-;=@-Z_a-z~]*)(?=[?#]|\Z)")

#: What may stand unquoted in a path segment, as requests leaves it.
_SEGMENT = "!$&'()*+,:;=@[]~"


class Origin(NamedTuple):
    """
    Scheme, host and port: what must agree before a credential goes out.

    Source: RFC 6454, section 4. User info and path do not count.
    """

    scheme: str
    host: str
    port: int | None

    @classmethod
    def from_url(cls, url: str) -> Self:
        """
        Read the origin of a prepared URL, with the parser that requests connects by.

        Raises:
            ValueError: The port is no port.

        >>> Origin.from_url("HTTPS://Tenant.example.com:443/am") == Origin.from_url("https://tenant.example.com")
        True
        """
        scheme, netloc, _ = _parts_of(url)
        return cls._of(scheme, netloc)

    @classmethod
    @lru_cache(maxsize=64)
    def _of(cls, scheme: str, netloc: str) -> Self:
        parts = SplitResult(scheme, netloc, "", "", "")
        return cls(scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(scheme))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port in (None, _DEFAULT_PORTS.get(self.scheme)) else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def _parts_of(url: str) -> tuple[str, str, str]:
    """Scheme, network location and path, as urlsplit finds them."""
    found = _USUAL.match(url)
    if found:
        return cast("tuple[str, str, str]", found.groups())
    parts = urlsplit(url)
    return parts.scheme, parts.netloc, parts.path


def is_absolute(url: str) -> bool:
    """
    Tell whether a URL names a place of its own instead of a path below a base URL.

    >>> [is_absolute(url) for url in ("/openidm/info/ping", "openidm?_fields=a:b", "//host/x", "https:x")]
    [False, False, True, True]
    """
    return _ABSOLUTE.match(url) is not None


def resource_path(url: str) -> str:
    """
    Name the resource behind a URL: origin and path, spelt one way, without query and fragment.

    ``a%3Ab`` and ``a:b`` are the same resource, ``a%2Fb`` and ``a/b`` are not.

    >>> resource_path("https://tenant.example.com/openidm/managed/alpha_user/a%3ab?_fields=mail")
    'https://tenant.example.com/openidm/managed/alpha_user/a:b'
    """
    _, _, path = _parts_of(url)
    if "%" in path:
        path = "/".join(quote(unquote(segment), safe=_SEGMENT) for segment in path.split("/"))
    return f"{Origin.from_url(url)}{path}"


def child_path(collection: str, resource_id: str) -> str:
    """
    Name the resource that a create in *collection* made, by its ``_id``.

    Not by Location: AIC repeats or leaves out a segment there, and OpenIDM's is always wrong.
    """
    return f"{collection.rstrip('/')}/{quote(resource_id, safe=_SEGMENT)}"
