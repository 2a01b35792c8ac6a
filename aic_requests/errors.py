"""Every refusal of a server as an exception of its own."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from requests import HTTPError, PreparedRequest, Response
from requests.exceptions import InvalidURL

from .blots import Blots
from .bodies import error_body, json_object, text_of
from .evidence import bare_document, bare_request, bare_response, transaction_id_of
from .operations import operation_of
from .preconditions import CauseOfFailure, cause_of_failure, conditions_of
from .problem import Problem
from .retry_after import wait_asked_for
from .statuses import EXCEPTION_NAMES

#: Characters of the server's own words in a message. The whole is in ``error.message``.
_MAX_WORDS = 500


class AICError(HTTPError):
    """
    A server refused. Also a ``requests.HTTPError``.

    Attributes:
        status_code: The HTTP status.
        code: ``code`` of the body; None without one. It may differ from the status.
        reason: ``reason`` of the body (OAuth's ``error``), else the phrase of the status line.
        message: The server's own words, unaltered but for the caller's own secrets; "" if none.
        detail: ``detail`` of the body: any JSON, or None.
        cause: ``cause`` of the body: any JSON, or None.
        transaction_id: What to name when asking for the server's logs; None if unknown.
        retry_after: Seconds the server asks to wait; None if it does not say.
        request: What was sent.
        response: What came back. Always compare it with ``is not None``: an error response is falsy.
        rows: Of a query: how many rows it had handed out before; 0 of any other request.
        cookie: Of a query: what asks again for the page that failed (``params={"_pagedResultsCookie": error.cookie}``);
            None where there is none: on the first page, and where the server pages by offset.

    ``str(error)`` is one line without secrets. Errors pickle and copy; the copy's ``request`` and
    ``response`` hold no credential, no cookie, no query value and no request body.
    """

    status_code: int | None = None
    code: int | None = None
    reason: str | None = None
    message: str = ""
    detail: Any = None
    cause: Any = None
    transaction_id: str | None = None
    retry_after: float | None = None
    rows: int = 0
    cookie: str | None = None

    def __init__(
        self, message: str = "", *, request: PreparedRequest | None = None, response: Response | None = None
    ) -> None:
        super().__init__(message, request=request, response=response)
        self.message = message

    @classmethod
    def from_response(cls, response: Response) -> "AICError":
        """
        Make the exception of any response, 304 (:class:`NotModified`) included.

        Reads at most 64 KiB of a body that has not been read yet, and never fails.

        Args:
            response: Any response, of a plain ``requests.Session`` too.

        Returns:
            The class of its status, with all attributes set.
        """
        error = _class_of(response.status_code or 0)(response=response)
        error._take(response, Problem.from_body(text_of(error_body(response), response.encoding)))
        return error

    def _take(self, response: Response, problem: Problem) -> None:
        """Set the attributes and the message."""
        request: PreparedRequest | None = getattr(response, "request", None)
        # A server may repeat what it was sent.
        blots = Blots(request)
        self.status_code = response.status_code
        self.code = problem.code
        self.reason = blots.text(problem.reason or str(response.reason or "")) or None
        self.message = blots.text(problem.message)
        self.detail = blots.json(problem.detail)
        self.cause = blots.json(problem.cause)
        self.transaction_id = transaction_id_of(response, request, blots)
        self.retry_after = wait_asked_for(response.headers)
        self._look_at(request)
        self.args: tuple[Any, ...] = (self._line(request, problem, blots),)

    @property
    def failed_policies(self) -> list[dict[str, Any]]:
        """IDM's policy failures (``property``, ``policyRequirements``); empty where there are none."""
        return Problem(detail=self.detail).failed_policies

    def _look_at(self, request: PreparedRequest | None) -> None:
        """Set what only this class carries."""

    def _cure(self) -> str:
        """What the caller can do, said at the end of the message."""
        return ""

    def _line(self, request: PreparedRequest | None, problem: Problem, blots: Blots) -> str:
        """The one line: status, phrase, method, path, the server's words, transaction id, the cure."""
        parts = [f"{self.status_code} {blots.text(_phrase(self.status_code, self.response))}".strip()]
        if request is not None:
            path = blots.text(urlsplit(request.url or "").path or "/")
            parts.append(_printable(f"{request.method} {path}"))
        # OAuth's error names the kind, its description the case: both are the server's words.
        said = [self.reason] if self.reason and problem.reason and problem.code is None else []
        words = ": ".join([*said, self.message] if self.message not in said else said)
        if words:
            parts.append(_shortened(_printable(words)))
        line = ": ".join(parts)
        if self.transaction_id:
            line += f" [transaction {_shortened(_printable(self.transaction_id))}]"
        cure = "; ".join(filter(None, (self._cure(), _document_cure(self.status_code, request))))
        return f"{line} ({cure})" if cure else line

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickle travels to other processes and into files: it takes the evidence, not the keys.
        state = dict(self.__dict__)
        if self.response is not None:
            state["response"] = bare_response(self.response)
        if self.request is not None:
            state["request"] = bare_request(self.request) if isinstance(self.request, PreparedRequest) else None
        return type(self), self.args, state


class NotModified(AICError):
    """304. What the caller's own ``If-None-Match`` named is still current."""

    status_code: int | None = 304


class ClientError(AICError):
    """4xx. The request was wrong, or not allowed."""


class ServerError(AICError):
    """5xx. The server failed; the request may be right."""


class BadRequest(ClientError):
    """400. The server could not read the request, or does not take it like this."""

    status_code: int | None = 400


class Unauthorized(ClientError):
    """401. No credential, or one that is wrong or has ended."""

    status_code: int | None = 401


class Forbidden(ClientError):
    """403. Not allowed, or refused by a policy: see ``failed_policies``."""

    status_code: int | None = 403


class NotFound(ClientError):
    """404. No such resource. A server that is starting up answers it too, in HTML."""

    status_code: int | None = 404


class MethodNotAllowed(ClientError):
    """405. This URL does not know the method."""

    status_code: int | None = 405


class NotAcceptable(ClientError):
    """406. No such version or representation."""

    status_code: int | None = 406


class RequestTimeout(ClientError):
    """408. The request came too slowly."""

    status_code: int | None = 408


class Conflict(ClientError):
    """409. The resource is in a state that does not allow this, or the revision is malformed."""

    status_code: int | None = 409


class Gone(ClientError):
    """410. It was here once."""

    status_code: int | None = 410


class _Conditional(ClientError):
    """Shared by the two statuses that are about preconditions."""

    #: The preconditions that went out, such as ``{"If-Match": '"7"'}``; {} if none did.
    sent: dict[str, str]

    def __init__(
        self, message: str = "", *, request: PreparedRequest | None = None, response: Response | None = None
    ) -> None:
        super().__init__(message, request=request, response=response)
        self.sent = {}

    def _look_at(self, request: PreparedRequest | None) -> None:
        self.sent = conditions_of(request.headers) if request is not None and request.headers else {}


class PreconditionFailed(_Conditional):
    """
    412. Someone wrote first, or this operation takes no precondition.

    Attributes:
        sent: The preconditions that went out, such as ``{"If-Match": '"7"'}``, or {}.
        cause_of_failure: ``"stale"``: the revision is not current any more: read again.
            ``"exists"``: ``If-None-Match: *``, and it is there.
            ``"not_supported"``: the header is illegal on this operation.
            ``"raced"``: no condition was sent: somebody wrote at the same time, or the resource takes no write without
            one (AM's sites).

    That no 412 came does not mean that nobody wrote first. IDM's managed objects compare the revision, but only of a
    write that changes something; AM's configuration may ignore it altogether (seen on OpenAM 16), as resources
    without a revision do. To find out for one tenant, write under a revision that cannot be current.
    """

    status_code: int | None = 412
    cause_of_failure: CauseOfFailure = "raced"

    def _look_at(self, request: PreparedRequest | None) -> None:
        super()._look_at(request)
        if request is not None:
            self.cause_of_failure = cause_of_failure(operation_of(request.method or "", request.url or ""), self.sent)

    def _cure(self) -> str:
        return {
            "stale": "it has changed since it was read: read it again",
            "exists": "it exists already: read and update it",
            "not_supported": "this operation takes no precondition: leave the header out",
            "raced": "no revision was sent: somebody wrote at the same time, or one is required: read it, then write",
        }[self.cause_of_failure]


class UnsupportedMediaType(ClientError):
    """415. Send JSON, with its Content-Type."""

    status_code: int | None = 415


class UnprocessableContent(ClientError):
    """422. Well-formed, and still not acceptable."""

    status_code: int | None = 422


class PreconditionRequired(_Conditional):
    """
    428. This resource is only written under a precondition.

    Attributes:
        sent: The preconditions that went out: usually {}.
    """

    status_code: int | None = 428

    def _cure(self) -> str:
        return (
            'read the resource first and send its revision (If-Match: "<_rev>"), or If-None-Match: * to create; '
            "the session sends the revision by itself after a read in the same thread"
        )


class TooManyRequests(ClientError):
    """429. Slower: see ``retry_after``."""

    status_code: int | None = 429


class InternalServerError(ServerError):
    """500. The server failed."""

    status_code: int | None = 500


class NotImplementedByServer(ServerError):
    """501. The server does not know how to do this; not the builtin ``NotImplementedError``."""

    status_code: int | None = 501


class BadGateway(ServerError):
    """502. A gateway got no usable answer. A write may have been carried out."""

    status_code: int | None = 502


class ServiceUnavailable(ServerError):
    """503. Starting up, in maintenance, or overloaded: see ``retry_after``."""

    status_code: int | None = 503


class GatewayTimeout(ServerError):
    """504. A gateway got no answer in time. A write may have been carried out."""

    status_code: int | None = 504


class AmbiguousWrite(AICError):
    """
    The answer to a write was lost, and reading back does not tell whether it was carried out.

    Attributes:
        sent: The document that was sent.
        found: The document that is there now; None if there is none, or it could not be read either
            (then the ``__cause__`` says why).

    In a pickle, values under names such as ``password`` are blotted out.
    """

    def __init__(
        self,
        message: str = "",
        *,
        sent: dict[str, Any] | None = None,
        found: dict[str, Any] | None = None,
        request: PreparedRequest | None = None,
        response: Response | None = None,
    ) -> None:
        super().__init__(message, request=request, response=response)
        self.sent: dict[str, Any] = {} if sent is None else sent
        self.found: dict[str, Any] | None = found

    def __reduce__(self) -> tuple[Any, ...]:
        kind, arguments, state = super().__reduce__()
        return kind, arguments, {**state, "sent": bare_document(self.sent), "found": bare_document(self.found)}


class IncompleteQuery(AICError):
    """
    A query ended before its end, though every status was 200.

    Attributes:
        rows: How many rows were handed out: all before the page that failed, and none of it.
        cookie: What asks again for that page, so that a query with ``params={"_pagedResultsCookie": error.cookie}``
            goes on without losing or repeating a row. None on the first page, and where the server pages by offset;
            there, ``params={"_pagedResultsOffset": error.rows}`` goes on.

    The message says what was wrong: the server's own error in a 200, a cookie that came before, rows that it says
    remain and does not give, a thousand empty pages in a row, or an answer that is no page.
    """

    _why = ""

    @classmethod
    def after(
        cls, rows: int, response: Response, why: str, *, cookie: str | None = None, failed: bool = False
    ) -> "IncompleteQuery":
        """
        Make the exception of a page.

        Args:
            rows: How many were handed out.
            response: The page.
            why: What is wrong with it.
            cookie: What it was asked for with.
            failed: It holds the server's words about a failure, and not rows.
        """
        error = cls(response=response)
        error.rows = rows
        error.cookie = cookie
        error._why = why
        error._take(
            response, Problem.from_body(text_of(error_body(response), response.encoding)) if failed else Problem()
        )
        return error

    def _cure(self) -> str:
        return f"the query is incomplete after {self.rows} rows: {self._why}"


class ForeignOrigin(InvalidURL):
    """
    An absolute URL, or a redirect with a body, leaves the session's origin. Nothing was sent there.

    Raised before a credential could go to a stranger. Use another session for another host.
    """


def raise_for_status(response: Response, **kwargs: Any) -> Response:
    """
    Raise the exception of a response's status, if it is 400 or above.

    Works as a response hook, so that a plain session has the same errors:
    ``session.hooks["response"].append(aic_requests.raise_for_status)``.

    Args:
        response: Any response.
        kwargs: What requests passes to hooks; only ``stream`` matters: without it a body is read whole.

    Returns:
        The response, if it is no error.

    Raises:
        AICError: The class of the status.
    """
    if response.status_code < 400:
        return response
    if not kwargs.get("stream", True):
        # requests would read the whole body right after its hooks.
        response.content  # noqa: B018
    raise AICError.from_response(response)


_CLASSES: dict[int, type[AICError]] = {status: globals()[name] for status, name in EXCEPTION_NAMES.items()}


def _class_of(status: int) -> type[AICError]:
    """The class of a status: its own, or that of its hundred. Scripts of IDM may send any number."""
    if status in _CLASSES:
        return _CLASSES[status]
    if 400 <= status < 500:
        return ClientError
    return ServerError if status >= 500 else AICError


def _phrase(status: int | None, response: Response | None) -> str:
    """The phrase of the status line; HTTP/2 and some gateways leave it out."""
    if response is not None and response.reason:
        return _shortened(_printable(str(response.reason)))
    try:
        return HTTPStatus(status or 0).phrase
    except ValueError:
        return ""


def _document_cure(status: int | None, request: PreparedRequest | None) -> str:
    """What else to try where the If-Match is the ``_rev`` of the document that was sent."""
    if request is None or not request.headers or request.method != "PUT" or status not in (404, 412):
        return ""
    sent = conditions_of(request.headers).get("If-Match")
    if sent is None or sent.strip('"') != json_object(request.body).get("_rev"):
        return ""
    return (
        "the If-Match sent is the document's own _rev: drop _rev from a document copied from elsewhere, "
        "send If-None-Match: * to create"
    )


def _printable(words: str) -> str:
    """One line that does nothing to a terminal."""
    line = " ".join(words.split())
    return line if line.isprintable() else "".join([one if one.isprintable() else "?" for one in line])


def _shortened(words: str) -> str:
    return words if len(words) <= _MAX_WORDS else f"{words[:_MAX_WORDS]}..."
