"""What a server must refuse, so that nobody's change is lost."""

from typing import Final

from .place import NO_REVISION, NotAsked, Place
from .question import Outcome, Question, question
from .template import changing_part
from .writes import need_puts

_UNGUARDED: Final = (
    "NO GUARD: If-Match is not looked at, and the last writer wins. Neither put() nor update() can protect anybody's "
    "change in this collection; let one writer at a time in."
)
_WRONG_STATUS: Final = (
    "A conflict is not told by 412: it is raised as the exception of this status, and update() raises it instead of "
    "trying again."
)
_LIKE_A_FAILURE: Final = (
    "A conflict is answered like a failure of the server: maybe_applied() is true of it, and update() reads back, and "
    "tries again or raises AmbiguousWrite."
)
_NO_SUCH: Final = frozenset({400, 403, 404, 405, 501})
_EQUAL: Final = (
    "Of two writers who send the same at the same time, each is told that it has written, and update() cannot tell: a "
    "counter may lose counts. Let each change leave a mark of its own (a fresh uuid), as README.md shows."
)


@question("A PUT under a revision that is no longer current", assumed="412")
def stale_put(place: Place) -> Outcome:
    """The guard itself."""
    need_puts(place)
    answer = place.put(place.altered(), {"If-Match": place.former})
    place.guarded = not answer.succeeded
    return Outcome(str(answer), _of_a_stale(answer.status))


@question("A PATCH under a revision that is no longer current", assumed="412")
def stale_patch(place: Place) -> Outcome:
    """The guard of patches."""
    answer = place.patch(changing_part(place.altered()), {"If-Match": place.former})
    if answer.status in _NO_SUCH:
        raise NotAsked(f"PATCH is refused: {answer}")
    return Outcome(str(answer), _of_a_stale(answer.status))


@question("A PUT under an If-Match that was never a revision", assumed="412")
def malformed_match(place: Place) -> Outcome:
    """The session sends only what a server has given it."""
    _need_a_guard(place)
    return _refusal_of(place, NO_REVISION)


@question("A PUT under the current revision as a weak tag", assumed="412: a weak tag equals nothing")
def weak_match(place: Place) -> Outcome:
    """The session makes no If-Match of a weak tag."""
    _need_a_guard(place)
    return _refusal_of(place, f'W/"{place.revision}"')


@question(
    "A PUT that changes nothing, under a revision that is no longer current",
    assumed="412, or a success that repeats the revision that was sent",
)
def equal_put(place: Place) -> Outcome:
    """Two writers who send the same: OpenIDM compares content before revisions."""
    _need_a_guard(place)
    document, current, stale = place.document, place.revision, place.former
    document.pop("_rev", None)
    answer = place.put(document, {"If-Match": stale})
    marked = ", X-Not-Modified" if "X-Not-Modified" in answer.headers else ""
    if answer.succeeded:
        names = {stale.strip('"'): "the revision that was sent", current: "the current revision", None: "no revision"}
        said = f"{answer.status} with {names.get(answer.revision, 'a new revision')}{marked}"
        return Outcome(said, "" if answer.revision in (stale.strip('"'), None) else _EQUAL)
    return Outcome(str(answer), _of_a_stale(answer.status))


@question("Whether anything was written by what was refused", assumed="nothing")
def refused_unwritten(place: Place) -> Outcome:
    """A refusal is a refusal."""
    if not place.refused:
        raise NotAsked("nothing was refused")
    answer = place.get()
    if answer.status != 200:
        raise NotAsked(str(answer))
    if changing_part(answer.document) not in place.refused:
        return Outcome(f"nothing, of {len(place.refused)} refused writes")
    return Outcome("the last refused write is there", "REFUSED AND WRITTEN ALL THE SAME: no status can be believed.")


@question("A DELETE under a revision that is no longer current", assumed="412")
def stale_delete(place: Place) -> Outcome:
    """The last one: where there is no guard, it deletes."""
    answer = place.delete({"If-Match": place.former})
    if answer.status in _NO_SUCH:
        raise NotAsked(f"DELETE is refused: {answer}")
    if answer.succeeded:
        return Outcome(
            str(answer),
            "NO GUARD: delete() removes what somebody else has changed since it was read. Read right before.",
        )
    return Outcome(str(answer), _of_a_stale(answer.status))


def _of_a_stale(status: int) -> str:
    """What follows from the answer to a write that must be refused."""
    if status == 412:
        return ""
    if 200 <= status < 300:
        return _UNGUARDED
    return _LIKE_A_FAILURE if status >= 500 else _WRONG_STATUS


def _refusal_of(place: Place, match: str) -> Outcome:
    """What becomes of an If-Match that no session sends."""
    answer = place.put(place.altered(), {"If-Match": match})
    if answer.status == 412:
        return Outcome(str(answer))
    if answer.succeeded:
        return Outcome(str(answer), "Such an If-Match guards nothing. The session never sends one; send none yourself.")
    unsure = ", and maybe_applied() says that it may have been written" if answer.status >= 500 else ""
    return Outcome(
        str(answer),
        "Only an If-Match of your own making meets this; the session sends what the server gave. It is raised as the "
        f"exception of this status and not as PreconditionFailed{unsure}.",
    )


def _need_a_guard(place: Place) -> None:
    need_puts(place)
    if not place.guarded:
        raise NotAsked("no If-Match was refused here, so its form does not matter")


#: Asked when all that must be accepted has been, so that it hides nothing that was refused and written all the same.
GUARDS: Final[tuple[Question, ...]] = (
    stale_put,
    stale_patch,
    malformed_match,
    weak_match,
    equal_put,
    refused_unwritten,
)
