"""What an error may keep of the exchange that caused it: enough to understand it, nothing to steal."""

import base64
import binascii
import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from requests import PreparedRequest, Response
from requests.structures import CaseInsensitiveDict

from .bodies import error_body, give_body
from .headers import HARMLESS, credentials

_SECRET_PARAMETER = re.compile(r"token|secret|passw|key|code|assertion|jwt|session|credential", re.IGNORECASE)

_SECRET_FIELD = re.compile(r"passw|secret|credential|private_?key", re.IGNORECASE)

#: Headers that tell who, not how: no secrets, and too useful in a message to blot out.
_NAMES = frozenset({"x-openidm-username", "x-openam-username", "x-openidm-nosession"})

#: Shorter values would blot out common words.
_SHORTEST_SECRET = 6

_BLOT = "***"


def masked(body: bytes, request: PreparedRequest | None) -> bytes:
    """Blot out what the server repeats of the caller's own secrets."""
    if request is not None:
        for secret in sorted(set(_secrets_of(request)), key=len, reverse=True):
            # As it was sent, and as a JSON string would spell it.
            for spelling in {secret, json.dumps(secret)[1:-1]}:
                body = body.replace(spelling.encode("utf-8", "surrogateescape"), _BLOT.encode())
    return body


def _secrets_of(request: PreparedRequest) -> Iterator[str]:
    """Every value that went out and that nobody else should see."""
    fields = request.headers.lower_items() if request.headers else ()
    for name, value in credentials(fields).items():
        if name not in _NAMES:
            yield from (part for part in _parts(name, value) if len(part) >= _SHORTEST_SECRET)
    for name, value in parse_qsl(urlsplit(request.url or "").query):
        if _SECRET_PARAMETER.search(name) and len(value) >= _SHORTEST_SECRET:
            yield value


def _parts(name: str, value: str) -> Iterator[str]:
    """A header value, and what is secret inside it."""
    yield value
    if name == "cookie":
        for pair in value.split(";"):
            yield pair.partition("=")[2].strip()
        return

    scheme, _, token = value.partition(" ")
    yield token.strip()
    if scheme.lower() == "basic":
        with contextlib.suppress(binascii.Error, ValueError):
            pair = base64.b64decode(token).decode("utf-8", "replace")
            yield pair
            yield pair.partition(":")[2]


def bare_url(url: str) -> str:
    """
    A URL without user info, and with the names but not the values of its query.

    >>> bare_url("https://me:pw@tenant.example.com/am/json?_action=logout&tokenId=AQIC5w")
    'https://tenant.example.com/am/json?_action=***&tokenId=***'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    names = [quote(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    query = "&".join(f"{name}={_BLOT}" for name in names)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def bare_request(request: PreparedRequest) -> PreparedRequest:
    """A request as a pickle may hold it: no credential, no cookie, no query value, no body."""
    bare = PreparedRequest()
    bare.method = request.method
    bare.url = bare_url(request.url or "")
    bare.headers = CaseInsensitiveDict(
        {name: value for name, value in (request.headers or {}).items() if name.lower() in HARMLESS}
    )
    return bare


def bare_response(response: Response) -> Response:
    """An answer as a pickle may hold it: no Set-Cookie, nothing that repeats the caller's secrets."""
    request: PreparedRequest | None = getattr(response, "request", None)
    bare = Response()
    bare.status_code = response.status_code
    bare.reason = response.reason
    bare.url = bare_url(response.url or "")
    bare.encoding = response.encoding
    bare.elapsed = response.elapsed
    bare.headers = CaseInsensitiveDict(
        {
            name: bare_url(value) if name.lower() in ("location", "content-location") else _masked(value, request)
            for name, value in response.headers.items()
            if not name.lower().startswith("set-cookie")
        }
    )
    give_body(bare, masked(error_body(response), request))
    bare.history = [bare_response(earlier) for earlier in response.history]
    if request is not None:
        bare.request = bare_request(request)
    return bare


def bare_document(value: Any) -> Any:
    """
    A JSON value without what stands under names such as ``password``.

    >>> bare_document({"userName": "bob", "password": "Secret12"})
    {'userName': 'bob', 'password': '***'}
    """
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {name: _BLOT if _SECRET_FIELD.search(name) else bare_document(inner) for name, inner in fields.items()}
    if isinstance(value, list):
        return [bare_document(inner) for inner in cast("list[object]", value)]
    return value


def _masked(value: str, request: PreparedRequest | None) -> str:
    return masked(value.encode("utf-8", "surrogateescape"), request).decode("utf-8", "surrogateescape")
