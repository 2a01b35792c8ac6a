"""What becomes of a PUT where nothing is, and where something is already."""

from .place import NO_REVISION, NotAsked, Place, Stopped
from .question import Outcome, question


@question("A create: PUT with If-None-Match: *", assumed="201", vital=True)
def create(place: Place) -> Outcome:
    """The probe's own resource, on which the rest is asked."""
    answer = place.create()
    if not answer.succeeded:
        raise Stopped(
            f"the probe's own resource is refused: {answer}. See --document, for a document that this collection takes"
        )
    place.revision_told = answer.revision
    means = "" if answer.status == 201 else "A create cannot be told from a write by its status."
    return Outcome(str(answer), means)


@question("The same create again", assumed="412")
def create_again(place: Place) -> Outcome:
    """Whether a create can overwrite."""
    answer = place.create()
    if answer.status == 412:
        return Outcome(str(answer))
    if answer.succeeded:
        return Outcome(str(answer), "A CREATE OVERWRITES: If-None-Match: * protects nothing. Read before you create.")
    return Outcome(
        str(answer),
        'A taken id is not told by 412 and cause_of_failure "exists": of two update(missing=...) at the same time, one '
        "raises the exception of this status.",
    )


@question("The revision in the answer to a create", assumed="the one of the next read")
def created_revision(place: Place) -> Outcome:
    """Whether a write may follow a create without a read."""
    told = place.revision_told
    read = place.get().revision
    if told == read:
        return Outcome(read or "neither has one")
    if told is None:
        return Outcome(
            f"none, and {read} when read", "The first write after a create goes out unguarded, unless you read first."
        )
    return Outcome(
        f"{told}, and {read} when read",
        "The server goes on working on what was created: a write right after a create is refused with 412. Read first.",
    )


@question("A PUT with a revision, of a resource that is not there", assumed="404, and nothing is created")
def missing_match(place: Place) -> Outcome:
    """What was deleted in between stays deleted."""
    answer = place.put_other({"If-Match": NO_REVISION if place.stale is None else place.former})
    if answer.status == 404:
        return Outcome(str(answer))
    if answer.succeeded:
        return Outcome(str(answer), "A write under a revision creates: what somebody has deleted meanwhile comes back.")
    return Outcome(
        str(answer),
        "A write to what was deleted meanwhile is not raised as NotFound, but as the exception of this status.",
    )


@question("A PUT without any condition, of a resource that is not there", assumed="201: it creates")
def bare_put(place: Place) -> Outcome:
    """CREST's upsert."""
    answer = place.put_other({})
    if answer.status == 403:
        raise NotAsked(str(answer))
    return Outcome(
        str(answer),
        "" if answer.succeeded else "To create, put() needs If-None-Match: *; update(missing=...) sends it.",
    )
