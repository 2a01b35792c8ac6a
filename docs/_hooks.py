"""What the build does besides: roles in docstrings become links; what would be fetched from elsewhere is refused."""

import logging
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from aic_requests import testing

log = logging.getLogger("mkdocs.hooks.own_host")

_ROLE = re.compile(r":(?:class|func|meth|data|attr):<code>([\w.]+)</code>")
_LITERAL = re.compile(r"::</p>")
_IN_STYLES = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")

#: What a browser fetches by itself. A link is followed by the reader, if at all.
_FETCHED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
    "use": "href",
    "image": "href",
}


def on_page_content(html: str, **_: Any) -> str:
    """Make links of ``:class:`Name``` and the like, where the reference has the name."""
    return _LITERAL.sub(":</p>", _ROLE.sub(_link, html))


def _link(role: re.Match[str]) -> str:
    name = role[1]
    place = "aic_requests.testing" if name in testing.__all__ else "aic_requests"
    return f'<autoref optional identifier="{place}.{name}"><code>{name}</code></autoref>'


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Warn, which the strict build takes for an error, of what would be fetched from another host."""
    for url in foreign_in_page(output):
        log.warning("%s fetches %s from another host", page.file.src_uri, url)
    return output


def on_post_build(config: Any, **_: Any) -> None:
    """The same for style sheets."""
    for path in Path(config["site_dir"]).rglob("*.css"):
        for url in _IN_STYLES.findall(path.read_text("utf-8")):
            log.warning("%s fetches %s from another host", path.name, url)


def foreign_in_page(html: str) -> list[str]:
    """The URLs that a browser fetches from another host when it shows a page."""
    reader = _Reader()
    reader.feed(html)
    return reader.foreign + _IN_STYLES.findall(html)


class _Reader(HTMLParser):
    """Collects what is fetched from other hosts."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one tag."""
        given = dict(attrs)
        url = given.get(_FETCHED.get(tag, ""))
        if tag == "link" and given.get("rel") not in ("canonical", "next", "prev", "alternate"):
            url = given.get("href")
        if url and re.match(r"(?:https?:)?//", url):
            self.foreign.append(url)
