"""When a request may carry a condition, and what an answer teaches."""

from collections.abc import Mapping
from typing import Literal

from .headers import as_text
from .operations import Operation
from .revision import Revision

#: Operations that read If-Match. CREST answers 412 to it on any other, whatever the value.
#: Source: OpenIdentityPlatform/commons HttpAdapter.java (doRead, doQuery, doAction).
GUARDED: frozenset[Operation] = frozenset({"update", "patch", "delete"})

CauseOfFailure = Literal["stale", "exists", "not_supported", "raced"]


def before_request(
    operation: Operation, *, validator: str | None = None, revision: Revision | None = None
) -> dict[str, str]:
    """
    The condition to send with an operation.

    Reads ask "changed since?", writes say "only if unchanged", everything else stays silent: CREST
    answers 412 to a condition on a query, a create by POST or an action.

    Args:
        operation: What is asked for.
        validator: What the kept representation came under, ready for ``If-None-Match``.
        revision: What the caller has seen of the resource.

    >>> before_request("update", revision=Revision("7"))
    {'If-Match': '"7"'}
    """
    if operation == "read" and validator is not None:
        return {"If-None-Match": validator}
    if operation in GUARDED and revision is not None:
        return {"If-Match": revision.etag}
    return {}


def conditions_of(headers: Mapping[str, str | bytes]) -> dict[str, str]:
    """The preconditions in *headers* by their usual spelling (lookup must ignore case)."""
    return {name: str(as_text(headers[name])) for name in ("If-Match", "If-None-Match") if name in headers}


def cause_of_failure(operation: Operation, sent: Mapping[str, str]) -> CauseOfFailure:
    """
    Tell which of the four 412s this is, for each needs another cure.

    Args:
        operation: What was asked for.
        sent: The preconditions that went out.

    Returns:
        ``stale``: If-Match is not the current revision: read again.
        ``exists``: ``If-None-Match: *``, and the resource is there: update it instead.
        ``not_supported``: this operation takes no such header: leave it out.
        ``raced``: no condition was sent: somebody wrote at the same time, or one is required: read, then write.

    Source: OpenIdentityPlatform/commons HttpAdapter.java; OpenIDM ManagedObjectSet.java for the last, and OpenAM's
    sites, which answer 412 to every write without a revision.
    """
    if not sent:
        return "raced"
    if "If-None-Match" in sent:
        return "exists" if operation == "update" and "If-Match" not in sent else "not_supported"
    return "stale" if operation in GUARDED else "not_supported"


def is_echo(sent: Mapping[str, str], answered: Revision | None, headers: Mapping[str, str]) -> bool:
    """
    Tell whether a write was answered without having been written.

    OpenIDM compares content before it compares revisions: a write that changes nothing is 200 with
    whatever revision the client sent, current or not. Such an answer was not written by this
    request, and its revision may never have existed. AIC says so in ``X-Not-Modified: true``; which revision
    it answers to a stale If-Match was not observed.

    Args:
        sent: The preconditions that went out.
        answered: The revision of the answer.
        headers: Headers of the answer (lookup must ignore case).
    """
    match = sent.get("If-Match")
    if match is not None and headers.get("X-Not-Modified", "").lower() == "true":
        return True
    return match is not None and answered is not None and match.strip().strip('"') == answered.value
