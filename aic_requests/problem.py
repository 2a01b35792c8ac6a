"""What a server says when it refuses, whatever the shape of the body."""

import json
import re
from typing import Any, NamedTuple, cast

#: Markup whose text is no text for a reader.
_UNSEEN = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


#: Characters of markup that are read.
_MAX_MARKUP = 4096


class Problem(NamedTuple):
    """
    An error body, read.

    Attributes:
        code: The body's own ``code``. It may differ from the HTTP status (AM sends 405 with 501
            inside); the status is right.
        reason: CREST's ``reason``, or OAuth's ``error`` (``invalid_grant``).
        message: The server's own words, unaltered; "" where there are none.
        detail: CREST's ``detail``: any JSON.
        cause: CREST's ``cause``: any JSON, usually ``{"message": ...}``.
    """

    code: int | None = None
    reason: str | None = None
    message: str = ""
    detail: Any = None
    cause: Any = None

    @classmethod
    def from_body(cls, text: str) -> "Problem":
        """
        Read any error body. Never fails.

        The shapes are those of recorded AIC, OpenIDM and OpenAM answers: CREST, ``{code, message}``,
        ``{message}``, ``{errorMessage}`` (AM's first authenticate API), OAuth 2.0, HTML, text, empty,
        and JSON that is no object.

        >>> Problem.from_body('{"error":"invalid_grant","error_description":"JWT has expired"}').message
        'JWT has expired'
        >>> Problem.from_body("<title>403</title>403 Forbidden").message
        '403'
        """
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            return cls(message=_text_of(text))
        if not isinstance(body, dict):
            return cls(message=_words(body))

        fields = cast("dict[str, Any]", body)
        error = fields.get("error")
        if isinstance(error, dict):
            # Gateways in front of a tenant wrap the whole in "error".
            fields = {**fields, **cast("dict[str, Any]", error)}
            error = None
        code = fields.get("code")
        said = (fields.get(name) for name in ("message", "error_description", "errorMessage"))
        return cls(
            code=code if isinstance(code, int) and not isinstance(code, bool) else None,
            reason=_words(fields.get("reason") or error) or None,
            message=next((words for words in map(_words, said) if words), "") or _words(error),
            detail=fields.get("detail"),
            cause=fields.get("cause"),
        )

    @property
    def failed_policies(self) -> list[dict[str, Any]]:
        """
        IDM's policy failures: ``[{"property": "password", "policyRequirements": [...]}, ...]``.

        Empty where the body names none. Source: OpenIDM policyFilter.js.
        """
        detail: object = self.detail
        failures = (
            cast("dict[str, object]", detail).get("failedPolicyRequirements") if isinstance(detail, dict) else None
        )
        if not isinstance(failures, list):
            return []
        return [cast("dict[str, Any]", one) for one in cast("list[object]", failures) if isinstance(one, dict)]


def _words(value: object) -> str:
    """JSON as words: a string stays as it is, nothing is "", the rest stays JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value)
    except RecursionError:
        return ""


def _text_of(body: str) -> str:
    """Text as it is; of HTML the title, or else what a reader would see."""
    if not body.lstrip().startswith("<"):
        return body.strip()

    # The patterns try every "<" to the end, so the end must be near.
    seen = _UNSEEN.sub(" ", body[:_MAX_MARKUP])
    title = _TITLE.search(seen)
    text = title.group(1) if title and title.group(1).strip() else _TAG.sub(" ", seen)
    from html import unescape  # a table of 2,000 signs, which hardly any answer needs

    return " ".join(unescape(text).split())
