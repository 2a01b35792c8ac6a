"""Answers without cookies."""

from urllib3 import HTTPResponse


def sets_no_cookie(raw: object) -> bool:
    """Whether an answer is known to set none: urllib3's own, without the headers that do."""
    return type(raw) is HTTPResponse and "set-cookie" not in raw.headers and "set-cookie2" not in raw.headers
