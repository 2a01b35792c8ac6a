"""What a session builds its conditional reads on."""

from typing import Final

from ..revision import validator_of
from .answer import Answer
from .place import NO_REVISION, NotAsked, Place, Stopped
from .question import Outcome, Question, question


@question("A read of a resource that is not there", assumed="404, in JSON with its code", vital=True)
def missing_read(place: Place) -> Outcome:
    """Also the first request: whether this is a CREST server, and whether it lets the caller in."""
    answer = place.ask("GET", place.path)
    if answer.succeeded:
        raise Stopped("there is a resource where none can be; nothing was touched")
    if answer.status != 404:
        raise Stopped(f"the collection cannot be read: {answer}")
    if answer.document.get("code") == 404:
        return Outcome(str(answer))
    return Outcome(
        f"{answer}, without a code",
        'Only a 404 in JSON with its code is taken for "not there": update(missing=...) raises NotFound here instead '
        "of creating. Create with put() and If-None-Match: * instead.",
    )


@question("A read", assumed="a strong ETag, which is the body's _rev")
def etag(place: Place) -> Outcome:
    """Where revisions come from."""
    answer = place.get()
    tag, inside = answer.etag, answer.document.get("_rev")
    if answer.status != 200:
        raise NotAsked(str(answer))
    said = f"ETag {tag or 'none'}, _rev {inside if inside is not None else 'none'}"
    if answer.revision is None:
        means = (
            "There is no revision: writes go out unguarded, update() refuses this resource, and the last writer wins. "
            f"Reads are {'conditional under the weak tag' if validator_of(tag) else 'not conditional'}."
        )
    elif validator_of(tag) is None:
        means = "Writes are guarded by _rev; without an ETag, reads are not conditional: each is read in full."
    elif tag is not None and not tag.startswith('"'):
        means = "Writes are guarded by _rev, and reads are conditional under the weak tag, if the server compares it."
    elif inside is None:
        means = (
            "A document does not carry its revision: a put() is guarded only in the thread that has read it, and one "
            "from a file or from another process is not."
        )
    elif inside != answer.revision:
        means = (
            "put() sends the document's _rev, patch() and delete() send the ETag: one of them may be refused always. "
            "Compare with the answers to writes below."
        )
    else:
        means = ""
    return Outcome(said, means)


@question("The same read again", assumed="the same ETag")
def etag_again(place: Place) -> Outcome:
    """Whether the tag is one of the content."""
    first, second = place.revision, place.get().revision
    if first == second:
        return Outcome("the same")
    return Outcome(
        f"{first}, then {second}",
        "No read is ever answered 304, and a guarded write is refused unless the server ignores If-Match: "
        "AICSession(store=None) saves the attempt.",
    )


@question("The same read, without compression", assumed="the same revision, whatever the coding")
def etag_uncompressed(place: Place) -> Outcome:
    """A front end that compresses may alter tags, or take them away."""
    usual = place.get()
    plain = place.ask("GET", place.path, {"Accept-Encoding": "identity"})
    coding = usual.headers.get("Content-Encoding", "not compressed")
    said = f"{coding}: ETag {usual.etag or 'none'}; identity: ETag {plain.etag or 'none'}"
    if plain.status != 200 or usual.status != 200:
        raise NotAsked(str(plain))
    if (validator_of(usual.etag), usual.revision) == (validator_of(plain.etag), plain.revision):
        return Outcome(said)
    return Outcome(
        said,
        "Compression spoils the tag: compressed reads are not conditional, or guarded by _rev alone. "
        'session.headers["Accept-Encoding"] = "identity" brings the tags back.',
    )


@question("A read with _fields=_id", assumed="the ETag of the whole resource")
def etag_of_fields(place: Place) -> Outcome:
    """A revision learned from a part guards the whole."""
    revision = place.revision
    part = place.get(params={"_fields": "_id"})
    if part.status != 200:
        raise NotAsked(str(part))
    if part.revision == revision:
        return Outcome("the same")
    return Outcome(
        f"{part.revision or 'none'} instead of {revision}",
        "A write after a read with _fields goes out under a revision that is none of the resource, and is refused: "
        "read the whole resource before writing.",
    )


@question("A read under If-None-Match with the current revision", assumed="304")
def not_modified(place: Place) -> Outcome:
    """Whether a second read can be saved."""
    answer = place.get({"If-None-Match": place.validator})
    if answer.status == 304:
        place.not_modified = answer
        return Outcome(str(answer))
    if answer.status == 200:
        return Outcome(str(answer), "Every read is read in full: slower, and never wrong.")
    return Outcome(
        str(answer),
        "The second read of anything raises an error: AICSession(store=None) sends no condition.",
    )


@question("The headers of a 304", assumed="no ETag, or the one of what is kept")
def not_modified_headers(place: Place) -> Outcome:
    """A 304 that names another revision is read again."""
    answer = _not_modified(place)
    said = ", ".join(f"{name}: {answer.headers[name]}" for name in _TELLING if name in answer.headers) or "none of note"
    if answer.etag is None or validator_of(answer.etag) in (None, place.validator):
        return Outcome(said)
    return Outcome(
        said,
        "The 304 names another revision than was asked about, so each is followed by a read in full.",
    )


@question("What follows a 304 on its connection", assumed="nothing: it has no body, and the connection stays open")
def not_modified_body(place: Place) -> Outcome:
    """CREST announces 67 bytes; somebody has to drop them."""
    answer = _not_modified(place)
    if answer.afterwards is None:
        raise NotAsked("what follows on the connection cannot be seen here")
    words = {"bytes": "a body", "end": "the end of the connection", "nothing": "nothing"}[answer.afterwards]
    said = f"{words} (Content-Length: {answer.headers.get('Content-Length', 'none')})"
    if answer.afterwards == "bytes":
        return Outcome(
            said,
            "The body of a 304 may be taken for the beginning of the next answer: after a conditional read, a write "
            "may fail with a ConnectionError although it was carried out. Use AICSession(store=None).",
        )
    if answer.afterwards == "end" and answer.headers.get("Connection", "").lower() != "close":
        return Outcome(
            said,
            "Each 304 costs a new connection, and a write right after one may meet the end of the old: it is raised as "
            "a ConnectionError. AICSession(store=None) may be faster here.",
        )
    return Outcome(said)


@question(
    "A read under If-None-Match in other spellings: bare, weak, with the suffix of a compressed answer",
    assumed="200 or 304 to each",
)
def not_modified_spellings(place: Place) -> Outcome:
    """The session sends none of them; scripts may."""
    revision = place.revision
    spellings = {"bare": revision, "weak": f'W/"{revision}"', "suffixed": f'"{revision}--gzip"'}
    answers = {name: place.get({"If-None-Match": value}) for name, value in spellings.items()}
    said = ", ".join(f"{name}: {answer.status}" for name, answer in answers.items())
    if all(answer.status in (200, 304) for answer in answers.values()):
        return Outcome(said)
    return Outcome(said, 'Of your own If-None-Match, only the form "revision", in quotes and as _rev has it, is safe.')


@question("A read under If-None-Match with a revision that is no longer current", assumed="200, with what is new")
def not_modified_stale(place: Place) -> Outcome:
    """A 304 to this is wrong data."""
    answer = place.get({"If-None-Match": place.former})
    if answer.status == 304:
        return Outcome(
            str(answer), "READS ARE STALE: the session would serve what is out of date. Use AICSession(store=None)."
        )
    if answer.status != 200:
        return Outcome(str(answer), "A read of what has changed raises an error: use AICSession(store=None).")
    unknown = place.get({"If-None-Match": NO_REVISION})
    return Outcome(f"{answer}; to a revision that never was: {unknown.status}")


def _not_modified(place: Place) -> Answer:
    if place.not_modified is None:
        raise NotAsked("there was no 304")
    return place.not_modified


#: Headers of a 304 that a session, or somebody who looks into one, may want to know.
_TELLING: Final = (
    *("ETag", "Content-Length", "Content-Type", "Cache-Control", "Vary", "Content-API-Version", "Connection", "Via"),
)

#: Asked while the resource has not been changed yet.
READS: Final[tuple[Question, ...]] = (
    etag,
    etag_again,
    etag_uncompressed,
    etag_of_fields,
    not_modified,
    not_modified_headers,
    not_modified_body,
    not_modified_spellings,
)
