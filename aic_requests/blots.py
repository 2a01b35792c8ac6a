"""Taking out of a server's words what only the caller should know."""

import base64
import binascii
import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any, Final, cast
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from requests import PreparedRequest

from .headers import credentials

BLOT: Final = "***"

#: Names of parameters whose values are secrets.
_SECRET_PARAMETER = re.compile(r"token|secret|pass|pwd|key|code|assertion|jwt|session|credential|ticket", re.IGNORECASE)

#: Names of fields that hold a secret; ``secretId`` says where one lies and holds none.
SECRET_FIELD = re.compile(
    r"(passw(or)?d|passphrase|secret|token(id)?|assertion|credentials?|jwt|api_?key|private_?key)(-encrypted)?$",
    re.IGNORECASE,
)
_MAY_HOLD_ONE = re.compile(rb"pass|pwd|secret|token|assertion|credential|jwt|key|code|session|ticket", re.IGNORECASE)

#: Headers that tell who or how: no secrets, and too useful in a message to blot out.
_NO_SECRETS = frozenset({"x-openidm-username", "x-openam-username", "x-openidm-nosession", "x-http-method-override"})

#: Shorter values would blot out common words.
_SHORTEST = 6

#: Bytes of a request's body that are looked through; a server repeats a field, not an import.
_LONGEST_BODY = 1024 * 1024

#: JSON within JSON deeper than this is cut off: Python could not pickle or copy it.
_DEEPEST = 60


class Blots:
    """
    The secrets that a request carried, as they may come back.

    Args:
        request: What was sent; None: nothing is known, so nothing is blotted out.
    """

    def __init__(self, request: PreparedRequest | None) -> None:
        found = {one for one in _secrets_of(request) if len(one) >= _SHORTEST} if request is not None else set[str]()
        spellings = sorted({how for one in found for how in _spellings_of(one)}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, spellings))) if spellings else None

    def text(self, words: str) -> str:
        """The words without the secrets."""
        return words if self._pattern is None else self._pattern.sub(BLOT, words)

    def json(self, value: Any, depth: int = 0) -> Any:
        """A JSON value without the secrets in its texts and names; numbers stay."""
        if depth > _DEEPEST:
            return "..."
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.json(inner, depth + 1) for inner in cast("list[object]", value)]
        if isinstance(value, dict):
            fields = cast("dict[str, Any]", value)
            return {self.text(name): self.json(inner, depth + 1) for name, inner in fields.items()}
        return value


def _secrets_of(request: PreparedRequest) -> Iterator[str]:
    """Every value that went out and that nobody else should see."""
    fields = request.headers.lower_items() if request.headers else ()
    for name, value in credentials(fields).items():
        if name not in _NO_SECRETS:
            for part in _parts_of_header(name, value):
                yield part
                # requests sends bytes as they are, which are not always latin-1.
                with contextlib.suppress(UnicodeError):
                    yield part.encode("latin-1").decode("utf-8")
    parts = urlsplit(request.url or "")
    yield unquote(parts.password or "")
    for name, value in parse_qsl(parts.query) if parts.query else ():
        if _SECRET_PARAMETER.search(name):
            yield value
    yield from _secrets_of_body(request.body)


def _parts_of_header(name: str, value: str) -> Iterator[str]:
    """A header value, and what is secret inside it."""
    yield value
    if name == "cookie":
        for pair in value.split(";"):
            yield pair.partition("=")[2].strip().strip('"')
        return
    scheme, _, token = value.partition(" ")
    yield token.strip()
    if scheme.lower() == "basic":
        with contextlib.suppress(binascii.Error, ValueError):
            pair = base64.b64decode(token).decode("latin-1")
            yield pair
            yield pair.partition(":")[2]


def _secrets_of_body(body: object) -> Iterator[str]:
    """Passwords and the like in a JSON document, a patch or a form."""
    content = body.encode() if isinstance(body, str) else body
    if not isinstance(content, bytes) or len(content) > _LONGEST_BODY or not _MAY_HOLD_ONE.search(content):
        return
    try:
        yield from _secrets_in(json.loads(content))
    except (ValueError, RecursionError):
        with contextlib.suppress(ValueError):
            for name, value in parse_qsl(content.decode("utf-8", "replace")):
                if _SECRET_PARAMETER.search(name):
                    yield value


def _secrets_in(value: object, *, secret: bool = False) -> Iterator[str]:
    if isinstance(value, str):
        if secret:
            yield value
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _secrets_in(inner, secret=secret)
    elif isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        # A patch names the field beside the value.
        patches = SECRET_FIELD.search(str(fields.get("field", "")))
        for name, inner in fields.items():
            yield from _secrets_in(
                inner, secret=bool(secret or SECRET_FIELD.search(name) or (patches and name == "value"))
            )


def _spellings_of(secret: str) -> Iterator[str]:
    """How a server may write it: plain, in JSON, in HTML, in a URL."""
    from html import escape  # brings a table of 2,000 signs, which a session without refusals needs not

    markup = escape(secret)
    for text in (secret, markup, markup.replace("&#x27;", "&#39;")):
        # IDM's own escaping knows more signs than Python's.
        for one in (text, text.replace("=", "&#61;")):
            for ascii_only in (True, False):
                spelt = json.dumps(one, ensure_ascii=ascii_only)[1:-1]
                yield from (one, spelt, spelt.replace("/", "\\/"))
    with contextlib.suppress(UnicodeError):
        yield from (quote(secret, safe=""), quote(secret), quote_plus(secret))
