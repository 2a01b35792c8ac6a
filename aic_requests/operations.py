"""Which CREST operation a request asks for."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal
from urllib.parse import parse_qsl

Operation = Literal["read", "query", "create", "update", "patch", "delete", "action", "other"]

#: A GET with one of these is a query, whatever the case of the name.
#: Source: OpenIdentityPlatform/commons HttpUtils.java (determineRequestType).
QUERY_PARAMETERS = frozenset({"_queryfilter", "_queryid", "_queryexpression"})

_BY_METHOD: dict[str, Operation] = {"PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def operation_of(method: str, url: str) -> Operation:
    """
    Name the CREST operation of a request.

    Args:
        method: HTTP method, upper case.
        url: The URL with its query.

    Source: OpenIdentityPlatform/commons HttpUtils.java (determineRequestType). A POST without
    ``_action`` is a create since protocol 2.1, the default.

    >>> operation_of("GET", "https://tenant/openidm/managed/alpha_user?_queryFilter=true")
    'query'
    >>> operation_of("POST", "https://tenant/openidm/managed/alpha_user?_action=CREATE")
    'create'
    """
    if method == "GET":
        return "query" if QUERY_PARAMETERS & _parameters(url).keys() else "read"
    if method == "POST":
        action = _parameters(url).get("_action", "create")
        return "create" if action.lower() == "create" else "action"

    return _BY_METHOD.get(method, "other")


def expands_relationships(url: str) -> bool:
    """
    Tell whether ``_fields`` asks for more than the resource itself.

    ``_rev`` does not move when a related resource changes, so a 304 to such a read can hide the
    change (seen on OpenIDM 7: ``_fields=*,manager/sn``). A leading ``/`` counts too: it is legal
    and rare, and reading once more is harmless.

    >>> expands_relationships("https://tenant/openidm/managed/alpha_user/42?_fields=*,manager/sn")
    True
    >>> expands_relationships("https://tenant/openidm/managed/alpha_user/42?_fields=mail,sn")
    False
    """
    fields = _parameters(url).get("_fields", "")
    return "*" in fields or "/" in fields


def selects_fields(url: str) -> bool:
    """Tell whether the read asks for certain fields instead of the default ones."""
    return "_fields" in _parameters(url)


@lru_cache(maxsize=64)  # asked several times about each request
def _parameters(url: str) -> Mapping[str, str]:
    """The query by lower-case name; repeated values (legal for ``_fields``) joined by commas."""
    parameters: dict[str, str] = {}
    if "?" in url:
        query = url.partition("#")[0].partition("?")[2]
        for name, value in parse_qsl(query, keep_blank_values=True):
            name = name.lower()
            parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return parameters
