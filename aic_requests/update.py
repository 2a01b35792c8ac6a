"""Read, change, write: until the change is in, once."""

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, NamedTuple, cast

import requests
from requests import PreparedRequest, RequestException, Response, Session
from urllib3.exceptions import HTTPError as Urllib3Error

from .bodies import json_object, revision_of
from .errors import AICError, AmbiguousWrite, NotFound, PreconditionFailed, ServerError
from .events import log_event
from .lost_answers import Attempt, Change, Document, Fate, changed, same
from .operations import operation_of, selects_fields
from .outcome import maybe_applied
from .preconditions import conditions_of, is_echo
from .retries import pause_before
from .revision import Revision
from .whole_number import whole_number

#: What can go wrong on the way. requests lets some errors of the layers below through.
_FAILURES = (RequestException, Urllib3Error, HTTPException, OSError)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, as a test may turn it: seconds, waiting, and a draw between 0 and a number of seconds."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[float], float] = lambda most: random.uniform(0, most)  # noqa: S311  # no secret


#: Readings of one state at most, where its answer breaks on the way. urllib3 repeats those that do not come at all.
_READS = 4


class _State(NamedTuple):
    """A resource as it was read; no document where there is none."""

    document: Document | None
    revision: str | None


class Update:
    """
    One run of ``session.update``, which says what it promises.

    Usually a 412 or an echo means that somebody else has written: read, change again, write again.
    Once an answer is lost, that is in doubt: the same document is sent until it is known what became
    of it, and a 412 or an echo to it may be the work of its own first sending.
    """

    def __init__(
        self,
        session: Session,
        path: str,
        change: Change,
        *,
        missing: Document | None,
        attempts: int,
        deadline: float | None,
        options: Mapping[str, Any],
        clock: Clock,
    ) -> None:
        _check(path, change, options)
        if not isinstance(cast("object", missing), dict | None):
            raise TypeError(f"missing is a document to start from, a dict, not {type(missing).__name__}")
        if not isinstance(cast("object", deadline), int | float | None):
            raise TypeError(f"deadline is a number of seconds or None, not {type(deadline).__name__}")
        self._session = session
        self._path = path
        self._change = change
        self._missing = missing
        self._attempts = whole_number("attempts", attempts, of="writes")
        self._end = float("inf") if deadline is None else clock.now() + deadline
        self._options = dict(options)
        self._clock = clock
        self._tries = 0
        #: For messages: a query may hold what is nobody's business.
        self._plain_path = path.partition("?")[0]

    def run(self) -> Document:
        """Read, change and write until the change is in."""
        state = self._read(may_be_missing=self._missing is not None)
        while True:
            attempt = self._next(state)
            if attempt is None:
                return state.document or {}
            outcome = self._write(attempt)
            if not isinstance(outcome, _State):
                return outcome
            state = outcome

    def _next(self, state: _State) -> Attempt | None:
        """What to send next; None if there is nothing to change."""
        if state.document is None:
            # Created even if the change alters nothing: it is not there.
            start = self._missing or {}
            return Attempt(start, None, changed(start, self._change))
        if state.revision is None:
            raise ValueError(
                f"{self._path} has no revision (ESVs and IDM's configuration have none), so a write to it cannot be "
                "guarded against a concurrent one: use get and put, and know that the last one wins"
            )
        sent = changed(state.document, self._change)
        return None if same(sent, state.document) else Attempt(state.document, state.revision, sent)

    def _write(self, attempt: Attempt) -> Document | _State:
        """Send it until it is known what became of it: what is stored now, or the state to start again from."""
        doubt: Exception | None = None
        while True:
            self._tries += 1
            echoed = False
            error: Exception
            try:
                response = self._put(attempt)
                revision = revision_of(response)
                echoed = is_echo(conditions_of(response.request.headers), revision, response.headers)
                stored = json_object(response.content)
                if revision is not None and stored and not echoed:
                    return stored
                error = _echo(response) if echoed else _cut_short(response)
                if echoed:
                    self._log(logging.INFO, "conflict", "PUT %(path)s only repeats the revision that was sent", error)
            except _FAILURES as failure:
                error = failure

            if doubt is None and (maybe_applied(error) or _follows_a_retry(error)):
                doubt = error
                self._log(
                    logging.INFO, "lost answer", "the answer to PUT %(path)s is lost (%(why)s): reading back", error
                )
            if doubt is None and not self._is_conflict(error):
                raise error

            state = self._read_back(attempt, doubt)
            if echoed and state.revision == attempt.revision:
                # Nobody has written since: the server finds nothing to change in what was sent.
                return state.document or {}
            if doubt is None:
                if state.document is not None and attempt.left_its_mark(state.document, self._change):
                    # Somebody on the way delivered it twice: it is in, and the second was told of a conflict.
                    return state.document
                if self._is_over():
                    raise error
                return state

            fate = attempt.fate(state.document, state.revision, self._change)
            if fate is Fate.ARRIVED:
                return state.document or {}
            if fate is Fate.UNKNOWN or self._is_over():
                raise self._ambiguous(attempt, state.document, doubt) from doubt

    def _read_back(self, attempt: Attempt, doubt: Exception | None) -> _State:
        """The resource after a conflict or a lost answer, and after a pause."""
        self._pause(self._tries)
        try:
            return self._read(anew=True, may_be_missing=doubt is not None or self._missing is not None)
        except _FAILURES as failure:
            if doubt is None:
                raise
            raise self._ambiguous(attempt, None, doubt) from failure

    def _ambiguous(self, attempt: Attempt, found: Document | None, doubt: Exception) -> AmbiguousWrite:
        self._log(
            logging.WARNING, "ambiguous write", "whether PUT %(path)s was carried out is unknown (%(why)s)", doubt
        )
        # A server that says what is wrong with the document (AM, in a 500) is to be heard.
        lost = str(doubt) if isinstance(doubt, ServerError) else f"PUT {self._plain_path}: the answer was lost"
        return AmbiguousWrite(
            f"{lost}; what is there now does not tell whether it was written: compare .sent with .found before writing "
            "again",
            sent=attempt.sent,
            found=found,
        )

    def _log(self, level: int, event: str, text: str, error: Exception) -> None:
        answered = error.status_code if isinstance(error, AICError) else None
        log_event(
            level,
            event,
            text,
            path=self._plain_path,
            attempt=self._tries,
            why=type(error).__name__ if answered is None else f"answered {answered}",
            transaction_id=error.transaction_id if isinstance(error, AICError) else None,
        )

    def _is_over(self) -> bool:
        return self._tries >= self._attempts or self._clock.now() >= self._end

    def _is_conflict(self, error: Exception) -> bool:
        """Whether to start again from what is there now."""
        if isinstance(error, NotFound):
            # Deleted since it was read.
            return self._missing is not None and _is_crest(error)
        return isinstance(error, PreconditionFailed) and error.cause_of_failure in ("stale", "exists")

    def _read(self, *, anew: bool = False, may_be_missing: bool = False) -> _State:
        """Read the resource. Reading again is harmless, so an answer that breaks on the way is asked for again."""
        for retry in range(1, _READS):
            try:
                return self._read_once(anew, may_be_missing)
            except _FAILURES as failure:
                if not maybe_applied(failure):
                    raise
                self._pause(retry)
        return self._read_once(anew, may_be_missing)

    def _read_once(self, anew: bool, may_be_missing: bool) -> _State:
        # None: not from the store, the server's own word.
        headers: dict[str, str | None] = {"If-None-Match": None} if anew else {}
        try:
            response = self._request("GET", headers)
        except NotFound as error:
            if may_be_missing and _is_crest(error):
                return _State(None, None)
            raise
        document = json_object(response.content)
        if not response.content:
            raise _cut_short(response)
        if not document:
            raise AICError(f"GET {self._path} answered {response.status_code} without a JSON object", response=response)
        revision = revision_of(response)
        return _State(document, None if revision is None else revision.value)

    def _pause(self, retry: int) -> None:
        """Wait as full jitter has it, and not beyond the deadline."""
        most = self._clock.draw(pause_before(retry))
        self._clock.sleep(max(0.0, min(most, self._end - self._clock.now())))

    def _put(self, attempt: Attempt) -> Response:
        guard = {"If-None-Match": "*"} if attempt.revision is None else {"If-Match": Revision(attempt.revision).etag}
        # The header says the revision. REST2LDAP refuses a body that says it too.
        body = {name: value for name, value in attempt.sent.items() if name != "_rev"}
        return self._request("PUT", guard, json=body)

    def _request(self, method: str, headers: Mapping[str, str | None], **options: Any) -> Response:
        options = {**self._options, **options, "headers": {**(self._options.get("headers") or {}), **headers}}
        response = self._session.request(method, self._path, **options)
        # Whatever raise_for_status says, this loop must know.
        if response.status_code >= 300:
            raise AICError.from_response(response)
        return response


def _check(path: object, change: object, options: Mapping[str, Any]) -> None:
    """Refuse what cannot be meant."""
    if not isinstance(path, str):
        raise TypeError(f"the path of a resource is text, not {type(path).__name__}")
    if not callable(change):
        raise TypeError(
            f"change is a function of the document, such as lambda user: user | {{...}}, not {type(change).__name__}"
        )
    foreign = {"json", "data", "files", "stream", "hooks"} & options.keys()
    if foreign:
        raise TypeError(f"update makes its requests itself and takes no {', '.join(sorted(foreign))}")
    headers: Mapping[str, str] = options.get("headers") or {}
    if {"if-match", "if-none-match"} & {name.lower() for name in headers}:
        raise ValueError("update guards its writes itself: leave If-Match and If-None-Match out")
    url = PreparedRequest()
    url.prepare_url("http://any/" + path.partition("?")[1] + path.partition("?")[2], options.get("params"))
    if selects_fields(url.url or ""):
        raise ValueError("update with _fields would write back a part of the resource and erase the rest")
    if operation_of("GET", url.url or "") == "query":
        raise ValueError("update takes the path of one resource, not a query: update each of its rows by _id")


def _echo(response: Response) -> PreconditionFailed:
    """What an echo is raised as when update gives up."""
    error = PreconditionFailed(
        "412 Precondition Failed: the answer only repeats the revision that was sent: somebody else has written "
        "the same, and whether this write counts cannot be told",
        response=response,
    )
    error.cause_of_failure = "stale"
    error.sent = conditions_of(response.request.headers)
    return error


def _cut_short(response: Response) -> requests.ConnectionError:
    """
    An answer without revision or document.

    http.client takes the end of a connection for the end of the headers, so what is left of a broken
    answer can look like an empty 200. It may have been an echo.
    """
    return requests.ConnectionError("the answer was cut short", request=response.request, response=response)


def _follows_a_retry(error: Exception) -> bool:
    """Whether urllib3 had sent the request before: a caller's own Retry may repeat writes."""
    raw = getattr(getattr(error, "response", None), "raw", None)
    history = getattr(getattr(raw, "retries", None), "history", None) or ()
    return any(
        maybe_applied(entry.error) if entry.error is not None else entry.status != 429
        for entry in history
        if entry.redirect_location is None
    )


def _is_crest(error: NotFound) -> bool:
    """CREST's own 404. A booting server or a proxy says it in HTML, of resources that are there."""
    return error.code is not None
