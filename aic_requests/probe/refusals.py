"""What a server refuses, and by which status: the exceptions of a session go by it."""

from collections.abc import Mapping
from typing import Final

from .answer import Answer
from .place import NO_REVISION, Place
from .question import Outcome, Question, question

#: An action that no server has.
_NO_ACTION: Final = {"_action": "aic-requests-probe"}


@question("A read with If-Match", assumed="412")
def match_on_read(place: Place) -> Outcome:
    """Illegal whatever its value."""
    return _condition(place.get({"If-Match": f'"{place.revision}"'}))


@question("A query with If-None-Match", assumed="412")
def condition_on_query(place: Place) -> Outcome:
    """The session never makes a query conditional."""
    query = {"_queryFilter": "false", "_pageSize": "1", "_fields": "_id"}
    return _condition(place.ask("GET", place.collection, {"If-None-Match": NO_REVISION}, params=query))


@question("An action with If-Match", assumed="412")
def condition_on_action(place: Place) -> Outcome:
    """Of an action that does not exist, so that nothing happens where the condition is ignored."""
    return _condition(_act(place, {"If-Match": NO_REVISION}))


@question("An action that does not exist", assumed="refused")
def unknown_action(place: Place) -> Outcome:
    """A misspelt one should be told."""
    answer = _act(place, {})
    means = "A misspelt action is answered like one that was carried out." if answer.succeeded else ""
    return Outcome(str(answer), means)


@question("A read with If-Modified-Since", assumed="409")
def modified_since(place: Place) -> Outcome:
    """No CREST server knows times of modification."""
    answer = place.get({"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"})
    return Outcome(
        str(answer),
        ""
        if answer.status == 409
        else "If-Modified-Since is not refused. The session never sends it, and does not rely on the answer.",
    )


@question("A read with Accept-API-Version: protocol=2.2", assumed="200 where the server has it, else 400 or 406")
def protocol_2_2(place: Place) -> Outcome:
    """AIC's documentation names 2.2, the open code ends at 2.1."""
    return _version(place, "protocol=2.2")


@question("A read with Accept-API-Version: protocol=3.0", assumed="400 or 406, or 200 where nobody looks")
def protocol_3_0(place: Place) -> Outcome:
    """A protocol that does not exist."""
    return _version(place, "protocol=3.0")


@question("A read with Accept-API-Version: resource=99.0", assumed="400 or 406, or 200 where nobody looks")
def resource_99_0(place: Place) -> Outcome:
    """A version of the resource that does not exist."""
    return _version(place, "resource=99.0")


@question("A HEAD", assumed="501")
def head(place: Place) -> Outcome:
    """CREST knows none."""
    answer = place.ask("HEAD", place.path)
    means = "" if answer.status == 501 else "HEAD is not refused as CREST does. The session never makes it conditional."
    return Outcome(str(answer), means)


def _act(place: Place, headers: Mapping[str, str]) -> Answer:
    return place.ask("POST", place.collection, headers, params=_NO_ACTION, json={})


def _condition(answer: Answer) -> Outcome:
    """What becomes of a condition where none belongs."""
    if answer.status == 412:
        return Outcome(str(answer))
    if answer.succeeded or answer.status == 304:
        means = "A condition of your own where none belongs is not refused here. The session sends none."
    else:
        means = (
            "A condition of your own where none belongs is raised as the exception of this status, and not as "
            'PreconditionFailed with cause_of_failure "not_supported". The session sends none.'
        )
    return Outcome(str(answer), means)


def _version(place: Place, version: str) -> Outcome:
    answer = place.ask("GET", place.path, {"Accept-API-Version": version})
    if answer.status in (200, 400, 406):
        return Outcome(str(answer))
    if answer.status == 404:
        coded = answer.document.get("code") == 404
        rest = (
            "update(missing=...) takes it for a resource that is not there, and tries to create it."
            if coded
            else "It is not CREST's own, so update(missing=...) raises it."
        )
        return Outcome(str(answer), f"A version that does not exist is NotFound, as if the resource were gone. {rest}")
    return Outcome(str(answer), "A version that does not exist is raised as the exception of this status.")


REFUSALS: Final[tuple[Question, ...]] = (
    match_on_read,
    condition_on_query,
    condition_on_action,
    unknown_action,
    modified_since,
    protocol_2_2,
    protocol_3_0,
    resource_99_0,
    head,
)
