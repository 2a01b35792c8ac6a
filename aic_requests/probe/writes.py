"""What a server must accept, so that a session can write."""

from typing import Final

from .place import NotAsked, Place
from .question import Outcome, Question, question


@question("A PUT of the document as read, one text altered, under its revision", assumed="200, and a new revision")
def current_put(place: Place) -> Outcome:
    """What update() does."""
    read = place.document
    document = place.altered()
    has_revision = place.has_revision
    guard = {"If-Match": f'"{place.revision}"'} if has_revision else {}
    inside = {"_rev": read["_rev"]} if "_rev" in read else {}
    before = place.revision if has_revision else None
    answer = place.put(document | inside, guard)
    if not answer.succeeded and inside:
        without = place.put(document, guard)
        place.writable = without.succeeded
        if without.succeeded:
            return Outcome(
                f"{answer}; without _rev in the body: {without.status}",
                "A document cannot be written back as it was read: put() and update() are refused because of its _rev. "
                'Take _rev out, and send it yourself: headers={"If-Match": ...}.',
            )
    place.writable = answer.succeeded
    if answer.status == 412:
        return Outcome(
            str(answer),
            "A guarded write is always refused: the revision that a read gives is not the one that a write is held "
            "against.",
        )
    if not answer.succeeded:
        return Outcome(
            str(answer), "A document cannot be written back with PUT: put() and update() are of no use. Try patch()."
        )
    if has_revision and answer.revision == before:
        return Outcome(
            f"{answer}, still at {before}",
            "The revision does not move with a write: nobody can notice what another has changed.",
        )
    return Outcome(f"{answer}, from {before or 'no revision'} to {answer.revision or 'no revision'}")


@question("A PUT without _id in the body", assumed="200")
def put_without_id(place: Place) -> Outcome:
    """Documents of one's own making often lack it."""
    need_puts(place)
    document = {name: value for name, value in place.altered().items() if name != "_id"}
    answer = place.put(document, _guard(place))
    return Outcome(
        str(answer),
        ""
        if answer.succeeded
        else "Leave _id in what you put(): a document of your own making is refused without it. update() keeps it.",
    )


@question("The revision in the answer to a write", assumed="the one of the next read")
def written_revision(place: Place) -> Outcome:
    """Whether a write may follow a write without a read."""
    need_puts(place)
    told, read = place.revision, place.get().revision
    if told == read:
        return Outcome(told)
    return Outcome(
        f"{told}, and {read or 'none'} when read",
        "The server goes on working after a write: a second write without a read in between is refused with 412.",
    )


@question("A PUT under the current revision without quotes", assumed="200, as with them")
def unquoted_match(place: Place) -> Outcome:
    """The session always quotes."""
    need_puts(place)
    answer = place.put(place.altered(), {"If-Match": place.revision})
    return Outcome(str(answer), "" if answer.succeeded else "Write the quotes in an If-Match of your own.")


@question("A PUT under If-Match: *", assumed="200")
def any_match(place: Place) -> Outcome:
    """Write, whatever it is at."""
    need_puts(place)
    answer = place.put(place.altered(), {"If-Match": "*"})
    return Outcome(
        str(answer),
        "" if answer.succeeded else "If-Match: * is refused: name the revision, or send no condition (None).",
    )


def need_puts(place: Place) -> None:
    """
    Go on only where a PUT is accepted at all.

    Raises:
        NotAsked: None was.
    """
    if not place.writable:
        raise NotAsked("no PUT was accepted, so a refusal would tell nothing")


def _guard(place: Place) -> dict[str, str]:
    return {"If-Match": f'"{place.revision}"'} if place.has_revision else {}


WRITES: Final[tuple[Question, ...]] = (current_put, put_without_id, written_revision, unquoted_match, any_match)
