"""The prefix of every path."""

import re
from typing import NamedTuple, Self, cast
from urllib.parse import urlsplit

from requests import PreparedRequest

from .errors import ForeignOrigin
from .origin import Origin, is_absolute
from .shortcuts import is_spelt_out

#: What stands where a host is named; whatever a parser may make of a backslash is part of it.
_AUTHORITY = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?[/\\]*([^/?#]*)", re.IGNORECASE)


class BaseURL(NamedTuple):
    """
    Where a session's paths are found.

    Attributes:
        url: As it was given.
        origin: The only place the session's requests go to.
    """

    url: str
    origin: Origin

    @classmethod
    def parse(cls, url: str) -> Self:
        """
        Check a base URL.

        Raises:
            ValueError: It is no plain http or https URL of a host.
        """
        if not isinstance(cast("object", url), str):
            raise ValueError(f"base_url is a text such as 'https://tenant.example.com', got {type(url).__name__}")
        fault = _fault_of(url)
        if fault:
            raise ValueError(f"base_url {fault}; it is a prefix such as 'https://tenant.example.com'")
        try:
            return cls(url, Origin.from_url(_prepared(url)))
        except ValueError as error:
            raise ValueError("base_url names no host that can be reached") from error

    def join(self, url: str | bytes) -> str:
        """
        Make a URL below the base URL, whose path is kept: "/a" and "a" are the same.

        Args:
            url: A path, or an absolute URL of the same origin.

        Raises:
            ForeignOrigin: It is, or looks like, a URL of another origin.
        """
        text = (url.decode("utf-8") if isinstance(url, bytes) else str(url)).lstrip()
        if is_absolute(text):
            return self._at_home(text)
        if not text or text[0] in "?#":
            return self.url + text
        return f"{self.url.rstrip('/')}/{text.lstrip('/')}"

    def _at_home(self, url: str) -> str:
        """An absolute URL, if its host is ours by every reading of it."""
        authority = _AUTHORITY.match(url)
        named = authority.group(1) if authority else ""
        if "@" in named or "\\" in url.partition("?")[0]:
            raise ForeignOrigin(
                f"a URL with user info or a backslash is not followed; this session speaks to {self.origin} only"
            )
        if url.startswith("//"):
            url = f"{self.origin.scheme}:{url}"
        try:
            there = Origin.from_url(_prepared(url))
        except ValueError:
            there = None
        if there != self.origin:
            raise ForeignOrigin(
                f"{there or 'a URL without a host'} is another origin than the session's, {self.origin}; nothing was "
                "sent. Use another session for it (a path with a colon in its first part needs a leading slash)"
            )
        return url


def _fault_of(url: str) -> str:
    """What is wrong with a base URL; "" if nothing is."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "cannot be read"
    if parts.scheme not in ("http", "https"):
        return "does not start with https:// (or http://)"
    if not parts.hostname:
        return "names no host"
    if "@" in parts.netloc:
        return "holds user info (pass auth= instead)"
    if "?" in url or "#" in url:
        return "holds a query or a fragment (pass params= instead)"
    if "\\" in url or any(character.isspace() for character in url):
        return "holds a backslash or white space"
    return ""


def _prepared(url: str) -> str:
    """The URL as requests will send it: IDNA for the host, and so on."""
    if is_spelt_out(url):
        return url
    request = PreparedRequest()
    request.prepare_url(url, None)
    return request.url or ""
