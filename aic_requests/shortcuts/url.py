"""URLs that requests sends as they are."""

import re
from typing import Any, Final, TypeGuard, cast
from urllib.parse import urlencode

#: What needs no quoting, in a path and in a query; the dot comes on top, where it cannot begin a segment.
_PLAIN: Final = r"A-Za-z0-9_~!$&'()*+,;=:@%\-"

#: In lower case up to the path; a port that is one; a path, whose segments are not empty and do not begin with a dot; a
#: query, if any, that is not empty. No user info, no fragment.
_SPELT_OUT: Final = re.compile(
    r"https?://[a-z0-9][a-z0-9.-]*(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}))?"
    rf"/(?:[{_PLAIN}][{_PLAIN}.]*/)*(?:[{_PLAIN}][{_PLAIN}.]*)?"
    rf"(?:\?[{_PLAIN}./?]+)?"
)

#: A percent sign that requests would touch: quoting in lower case, of what needs none, or no quoting at all.
_REQUOTED: Final = re.compile(r"%(?![0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[B-DF])")

#: Values of parameters that are one value each, and never None.
_SINGLE: Final = (str, int)


def is_spelt_out(url: object) -> TypeGuard[str]:
    """
    Tell whether ``PreparedRequest.prepare_url``, without parameters, leaves a URL as it is.

    Not of every such URL, but of nothing else.

    >>> [is_spelt_out(url) for url in ("https://tenant/openidm/info/ping", "https://tenant/a/../b", "https://tenant")]
    [True, False, False]
    """
    return type(url) is str and _SPELT_OUT.fullmatch(url) is not None and ("%" not in url or not _REQUOTED.search(url))


def spelt_out(url: object, params: object) -> str | None:
    """
    Tell what ``PreparedRequest.prepare_url`` makes of a URL and its parameters; None: ask it.

    >>> spelt_out("https://tenant/openidm/managed/alpha_user", {"_fields": "mail,sn"})
    'https://tenant/openidm/managed/alpha_user?_fields=mail%2Csn'
    """
    if not is_spelt_out(url):
        return None
    if not params:
        return url
    # Condition: a plain dictionary of names and single values.
    if type(params) is not dict:
        return None
    fields = cast("Any", params)
    if not all(type(name) is str and type(value) in _SINGLE for name, value in fields.items()):
        return None
    return f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}"
