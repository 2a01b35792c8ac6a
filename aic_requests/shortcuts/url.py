"""URLs that requests sends as they are."""

import re
from typing import Final, TypeGuard

#: What needs no quoting, in a path and in a query; the dot comes on top, where it cannot begin a segment.
_PLAIN: Final = r"A-Za-z0-9_~!$&'()*+,;=:@\-"

#: In lower case up to the path; a port that is one; a path, whose segments are not empty and do not begin with a dot; a
#: query, if any, that is not empty. No user info, no fragment, no percent sign.
_SPELT_OUT: Final = re.compile(
    r"https?://[a-z0-9][a-z0-9.-]*(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}))?"
    rf"/(?:[{_PLAIN}][{_PLAIN}.]*/)*(?:[{_PLAIN}][{_PLAIN}.]*)?"
    rf"(?:\?[{_PLAIN}./?]+)?"
)


def is_spelt_out(url: object) -> TypeGuard[str]:
    """
    Tell whether ``PreparedRequest.prepare_url``, without parameters, leaves a URL as it is.

    Not of every such URL, but of nothing else.

    >>> [is_spelt_out(url) for url in ("https://tenant/openidm/info/ping", "https://tenant/a/../b", "https://tenant")]
    [True, False, False]
    """
    return type(url) is str and _SPELT_OUT.fullmatch(url) is not None
