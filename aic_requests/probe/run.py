"""Asking one question after the other, and leaving nothing behind."""

from collections.abc import Callable
from typing import Final

from .creates import bare_put, create, create_again, created_revision, missing_match
from .guards import GUARDS, stale_delete
from .own import Left, Own
from .place import NotAsked, Place, Stopped, Unanswered
from .question import Finding, Outcome, Question, Verdict
from .reads import READS, missing_read, not_modified_stale
from .refusals import REFUSALS
from .report import Report
from .surroundings import SURROUNDINGS, paging
from .template import Template
from .wire import Wire
from .writes import WRITES

#: In this order: each leaves the resource as the next one needs it.
QUESTIONS: Final[tuple[Question, ...]] = (
    missing_read,
    create,
    created_revision,
    create_again,
    *READS,
    *REFUSALS,
    *WRITES,
    *GUARDS,
    not_modified_stale,
    missing_match,
    bare_put,
    paging,
    stale_delete,
    *SURROUNDINGS,
)

#: So many requests without an answer, one after the other, and the server is gone.
_SILENCE: Final = 3


def probe(
    wire: Wire,
    base_url: str,
    collection: str,
    template: Template,
    *,
    progress: Callable[[str], None],
    pause: float = 0.5,
) -> Report:
    """
    Ask a tenant all questions, on a resource of the probe's own, which is removed again whatever happens.

    Args:
        wire: Where to.
        base_url: For the report.
        collection: Path of the collection to make it in.
        template: What to make it from.
        progress: Is told the name of each question before it is asked.
        pause: Seconds before a removal that failed is tried again.
    """
    own = Own(wire, pause=pause)
    place = Place(wire, collection, template, own)
    findings: list[Finding] = []
    left: list[Left] = []
    stopped = ""
    try:
        try:
            _ask_all(place, findings, progress)
        finally:
            left = own.remove()
    except Stopped as reason:
        stopped = str(reason)
    except KeyboardInterrupt as interruption:
        stopped = str(interruption) or "interrupted"
    except BaseException as error:
        for one in left:
            error.add_note(f"left behind: DELETE {one.url}")
        raise
    report = Report(base_url, place.collection, wire.sent, tuple(findings), tuple(left), stopped)
    return report.blotted(wire.blotted)


def _ask_all(place: Place, findings: list[Finding], progress: Callable[[str], None]) -> None:
    silent = 0
    for one in QUESTIONS:
        progress(one.name)
        try:
            findings.append(_answered(one, one.ask(place)))
            silent = 0
        except NotAsked as reason:
            if one.vital:
                raise Stopped(f"{one.asks}: {reason}") from reason
            findings.append(Finding(one.name, one.asks, one.assumed, "not asked", str(reason)))
            silent = silent + 1 if isinstance(reason, Unanswered) else 0
            if silent == _SILENCE:
                raise Stopped(f"{_SILENCE} questions in a row had no answer: {reason}") from reason


def _answered(one: Question, outcome: Outcome) -> Finding:
    verdict: Verdict = "differs" if outcome.means else "as assumed"
    return Finding(one.name, one.asks, one.assumed, verdict, outcome.answered, outcome.means)
