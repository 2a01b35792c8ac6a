"""Whether what a short cut passes by is still requests' own."""

import os
from collections.abc import Mapping
from operator import itemgetter
from types import FunctionType, MethodType, ModuleType
from typing import Any, Final, cast

import requests

#: The releases of requests whose code was read, line by line, for what is passed by. A later one is asked itself.
READ: Final = ("2.33.", "2.34.")

#: Whether short cuts may be taken at all.
ALLOWED: Final = [not os.environ.get("AIC_REQUESTS_PLAIN") and cast("Any", requests).__version__.startswith(READ)]


class Genuine:
    """
    What one short cut passes by: functions of requests, by the class or module they stand in.

    Tracing, mocks and recorders put theirs in the place of some of these, for a while or for good; then theirs must
    be called.

    Args:
        places: For each class or module the names in it.
    """

    def __init__(self, places: Mapping[type | ModuleType, tuple[str, ...]]) -> None:
        # itemgetter gives a bare value, not a tuple, for a single name.
        looks = [(vars(place), itemgetter(*names, names[0])) for place, names in places.items()]
        self._looks = [(names, look, look(names)) for names, look in looks]
        self._from_the_start = all(_is_of_requests(found) for _, _, kept in self._looks for found in kept)

    def __bool__(self) -> bool:
        """Whether all of them stand where they stood, and are requests' own. Half a microsecond."""
        if not (self._from_the_start and ALLOWED[0]):
            return False
        # Functions are equal if they are the same.
        for names, look, kept in self._looks:  # noqa: SIM110  # called several times for each request
            if look(names) != kept:
                return False
        return True


def _is_of_requests(found: object) -> bool:
    """Whether it was written in requests (or urllib), and not put in its place before this was imported."""
    if isinstance(found, staticmethod | MethodType):
        found = cast("Any", found).__func__
    if isinstance(found, property):
        found = found.fget
    if isinstance(found, type):
        return found.__module__.partition(".")[0] in _HOMES
    if not isinstance(found, FunctionType):
        return False
    return found.__globals__.get("__name__", "").partition(".")[0] in _HOMES


_HOMES = frozenset({"requests", "urllib", "urllib3", "http", "email", "json"})
