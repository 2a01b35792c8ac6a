"""Bodies: reading an error's with a bound, giving a response its own, and what stands in one."""

import contextlib
import json
import re
from typing import Any, Final, cast

from requests import Response

from .revision import Revision

#: Bytes of an unread error body that are kept, and that are read on to save the connection.
MAX_BODY = 64 * 1024

#: ``_rev`` where IDM and AM write it: in front, with nothing before it but ``_id``.
_IN_FRONT: Final = re.compile(rb'\s*\{\s*(?:"_id"\s*:\s*"[^"\\]*"\s*,\s*)?"_rev"\s*:\s*"([ -!#-\[\]-~]+)"\s*[,}]')


def give_body(response: Response, body: bytes) -> None:
    """
    Give a response its body.

    requests has no public way to; mocks and caches write the same two attributes.
    """
    response.__dict__.update(_content=body, _content_consumed=True)


def error_body(response: Response) -> bytes:
    """
    Read the body of an error, at most :data:`MAX_BODY` bytes of a streamed one. Never fails.

    What remains of a short body is drained, so that the connection goes back to the pool; a long
    one closes it. Afterwards ``response.content`` is what was read.
    """
    if response.__dict__.get("_content_consumed"):
        try:
            return response.content or b""
        except RuntimeError:
            # The caller has consumed it as a stream.
            return b""

    kept = bytearray()
    read = 0
    # Whatever goes wrong here, the status is what the caller must hear of.
    with contextlib.suppress(Exception):
        for chunk in response.iter_content(8192):
            kept += chunk[: MAX_BODY - len(kept)]
            read += len(chunk)
            if read > 2 * MAX_BODY:
                break
    # Closing an unfinished answer closes its connection, closing a finished one hands it back.
    with contextlib.suppress(Exception):
        response.close()
    give_body(response, bytes(kept))
    return bytes(kept)


def text_of(body: bytes, encoding: str | None) -> str:
    """Decode an error body: UTF-8 as JSON must be, else as announced."""
    return body.decode(charset_of(body, encoding))


def charset_of(body: bytes, announced: str | None) -> str:
    """The charset that a body is in, whatever it is said to be in."""
    # A mark at the beginning is no text; a name that is no charset may be anything.
    for name in ("utf-8-sig", announced or "latin-1"):
        with contextlib.suppress(LookupError, ValueError):
            body.decode(name)
            return name
    return "latin-1"


def revision_in(body: object) -> Revision | None:
    """
    Read the ``_rev`` of the JSON document in a body.

    Returns:
        None where the body is no JSON object, or has none.

    Raises:
        ValueError: It cannot stand in a header.
    """
    # Large documents need not be parsed for it. A name can be spelt with \u, and the bytes be UTF-16; then they are.
    if isinstance(body, bytes) and b"\\u" not in body and b"\0" not in body:
        if b'"_rev"' not in body:
            return None
        found = _IN_FRONT.match(body)
        if found and body.count(b'"_rev"') == 1:
            return Revision(found[1].decode())
    return Revision.from_document(json_object(body))


def revision_of(response: Response) -> Revision | None:
    """The revision that an answer names: its tag, else the ``_rev`` of its body; None if neither can be sent back."""
    revision = Revision.from_etag(response.headers.get("ETag"))
    if revision is None:
        with contextlib.suppress(ValueError):
            return revision_in(response.content)
    return revision


def json_object(body: object) -> dict[str, Any]:
    """The JSON object in a body; {} where it is none, or a stream."""
    if isinstance(body, bytes | str):
        with contextlib.suppress(ValueError, RecursionError):
            found = json.loads(body)
            if isinstance(found, dict):
                return cast("dict[str, Any]", found)
    return {}
