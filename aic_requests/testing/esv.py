"""The service of ESVs, which is no CREST server: what is asked of it, in CREST's terms."""

from dataclasses import replace

from .messages import Request
from .profiles import Behaviour

_SELECTORS = ("_queryfilter", "_queryid", "_queryexpression")


def in_crest(request: Request, behaviour: Behaviour) -> Request:
    """
    The request that CREST would take for the same.

    Versions are not looked at: a PUT creates under protocol 1.0 too. A collection is listed without a filter.

    Source: recordings of frodo-lib against AIC.
    """
    headers = tuple(one for one in request.headers if one[0].lower() != "accept-api-version")
    found = behaviour.matches(request.segments)
    names = {name.lower() for name, _ in request.parameters}
    target = request.target
    if request.method == "GET" and found is not None and found[1] is None and names.isdisjoint(_SELECTORS):
        target += ("&" if "?" in target else "?") + "_queryFilter=true"
    return replace(request, headers=headers, target=target)
