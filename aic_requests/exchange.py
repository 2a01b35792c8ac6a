"""One request and its answer, at home."""

import logging
from collections import OrderedDict
from typing import Any, TypeVar, cast

from requests import PreparedRequest, Request, Response
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from .blots import Blots
from .bodies import give_body, json_object, revision_in, revision_of
from .events import log_event
from .evidence import transaction_id_of
from .headers import CONDITIONS
from .identity import Certificate, Identity
from .intent import Intent, response_hooks
from .memory import WorkingMemory
from .operations import Operation, expands_relationships, operation_of, selects_fields
from .origin import child_path, resource_path
from .preconditions import GUARDED, before_request, conditions_of, is_echo
from .retries import READS
from .revision import Revision, validator_of
from .shortcuts import fields_of, headers_of
from .stores import Representation

#: Headers of a 304 that describe its own (empty) message and not the representation. CREST's says
#: ``Content-Type: application/json`` and ``Content-Length: 67``. The tag stays the one we asked with.
_OF_THE_304 = frozenset(
    {"content-length", "content-type", "content-encoding", "content-range", "transfer-encoding", "etag"}
)

#: With one of these, the read is the caller's own affair.
_HANDS_OFF = CONDITIONS | {"range"}

#: Headers of one moment: the cookie jar has the cookies, and each answer has its own time and id.
_OF_THE_MOMENT = frozenset({"set-cookie", "set-cookie2", "date", "x-forgerock-transactionid"})


#: A header that is not there.
_NO_FIELD = ("", "")

_AnyRequest = TypeVar("_AnyRequest", Request, PreparedRequest)


class Exchange:
    """
    Carries one request from look-up to answer.

    It stands among the request's response hooks, behind those of its auth (which may answer a 401
    by sending it again) and before the caller's (who never see our 304).

    Attributes:
        request: What to send: the caller's request with our condition. The caller's own stays as it was.
    """

    def __init__(
        self, memory: WorkingMemory, request: PreparedRequest, *, certificate: Certificate, stream: bool
    ) -> None:
        self._memory = memory
        self._certificate = certificate
        self._stream = stream
        said = Intent.of(request)
        self._intent = said
        self._operation: Operation = operation_of(request.method or "", request.url or "")
        self._path = resource_path(request.url or "")

        self.request: PreparedRequest = copy_of(request)
        if not isinstance(cast("object", self.request.headers), CaseInsensitiveDict):
            # A caller's own, in a request that he has prepared himself.
            self.request.headers = CaseInsensitiveDict(self.request.headers)
        if said.added:
            self.request.headers = said.theirs(request.headers)
        self._identity = Identity.of(
            self.request, key=memory.key, certificate=certificate, principal=self._intent.principal
        )
        self._variant = self._variant_to_keep()
        self._kept = self._look_up()
        condition = self._condition()
        if condition or said.added:
            self._intent = said.with_added(condition)
        if condition:
            # A copy: the caller's request stays as it was.
            self.request.headers = self.request.headers.copy()
            for name, value in condition.items():
                self.request.headers[name] = value
        self._stand_among_hooks()
        #: An adapter may add a credential on the way (``HTTPAdapter.add_headers``), to the very same request.
        self._fields_before = fields_of(self.request.headers).copy()

    def __call__(self, response: Response, **kwargs: Any) -> Response:
        """The response hook: learn from the answer, and turn our own 304 into the kept 200."""
        if response.status_code == 304 and self._kept is not None and self._asked(response.request):
            if self._is_answer_to_ours(response, self._kept):
                self._replay(response, self._kept)
            else:
                response = self._read_again(response, **kwargs)
        else:
            _mark(response, from_cache=False)
        self._learn(response)
        return response

    def end(self) -> None:
        """Leave the hooks: the request goes into responses, pickles and the caller's hands."""
        hooks = self.request.hooks["response"]
        if self in hooks:
            hooks.remove(self)

    # Before the request

    def _variant_to_keep(self) -> bytes | None:
        """What this read's answer is kept under; None if it may not be kept."""
        request = self.request
        if (
            self._operation != "read"
            or self._memory.store is None
            or self._stream
            or request.body
            or expands_relationships(request.url or "")
            or not _HANDS_OFF.isdisjoint(fields_of(request.headers))
        ):
            return None
        return self._identity.variant(request, key=self._memory.key)

    def _look_up(self) -> Representation | None:
        """What is kept for this read. It is held until the answer, so that it cannot be gone by then."""
        if self._memory.store is None or self._variant is None or "if-none-match" in self._intent.declined:
            return None
        return self._memory.store.get(self._path, self._variant)

    def _condition(self) -> dict[str, str]:
        """The condition to add. The caller's own always wins, a None too."""
        if self._kept is not None:
            return before_request("read", validator=self._kept.validator)
        if self._operation not in GUARDED or conditions_of(self.request.headers) or "if-match" in self._intent.declined:
            return {}

        revision = revision_in(self.request.body) if self._operation == "update" else None
        if revision is None:
            revision = self._memory.seen.of(self._identity.principal, self._path)
        return before_request(self._operation, revision=revision)

    def _stand_among_hooks(self) -> None:
        hooks = [hook for hook in response_hooks(self.request) if not isinstance(hook, Exchange)]
        hooks.insert(self._intent.auth_hooks, self)
        self.request.hooks = {"response": cast("Any", hooks)}
        self._intent.attach(self.request)

    # After the answer

    def _asked(self, request: PreparedRequest) -> bool:
        """Whether the condition that was sent is the session's own."""
        return request.headers.get("If-None-Match") == self._intent.added.get("If-None-Match")

    def _is_answer_to_ours(self, response: Response, kept: Representation) -> bool:
        """Whether a 304 is about what is kept: read as the same caller, and for the same revision."""
        named = Revision.from_etag(response.headers.get("ETag"))
        return self._identity_of(response.request).whole == self._identity.whole and (
            named is None or named == Revision.from_etag(kept.validator)
        )

    def _replay(self, response: Response, kept: Representation) -> None:
        """Make the 304 the kept 200."""
        # Reading it hands the connection back to the pool.
        response.content  # noqa: B018
        fields = OrderedDict([_field(line) for line in kept.headers])
        fields.update([field for field in fields_of(response.headers).items() if field[0] not in _OF_THE_304])
        response.status_code = 200
        response.reason = "OK"
        response.headers = headers_of(fields)
        response.encoding = get_encoding_from_headers(response.headers)
        give_body(response, kept.body)
        self._memory.documents.lend(response)
        _mark(response, from_cache=True)
        self._memory.count_hit(len(kept.body))

    def _read_again(self, response: Response, **kwargs: Any) -> Response:
        """Read without a condition, since the 304 is not about what is kept, or not for this caller."""
        response.content  # noqa: B018
        response.close()
        request = response.request.copy()
        request.headers = self._intent.theirs(request.headers)
        again = cast("Any", response).connection.send(request, **kwargs)
        again.history = [*response.history, response]
        # A challenge to it is the auth's to answer, as the first time.
        for hook in response_hooks(self.request)[: self._intent.auth_hooks]:
            again = cast("Any", hook)(again, **kwargs) or again
        _mark(again, from_cache=False)
        return cast("Response", again)

    def _learn(self, response: Response) -> None:
        """Remember the revision, keep the representation, drop what a write has outdated."""
        identity = self._identity_of(response.request)
        status = response.status_code
        if self._operation == "read":
            if status == 200:
                self._learn_revision(identity, self._path, response)
                self._keep(identity, response)
        elif 200 <= status < 300 and self.request.method not in READS:
            self._learn_from_write(identity, response)
        if status == 404 and not self._stream and _is_crest_error(response.content):
            self._forget(identity)
        if status == 412 and self._operation in GUARDED:
            _log_conflict(response)

    def _learn_from_write(self, identity: Identity, response: Response) -> None:
        if self._memory.store is not None:
            self._memory.store.drop(self._path)
        if self._operation == "delete":
            self._memory.seen.forget(identity.principal, self._path)
        elif self._operation == "create" and response.status_code == 201 and not self._stream:
            created = json_object(response.content).get("_id")
            if isinstance(created, str):
                self._learn_revision(identity, child_path(self._path, created), response)
        elif self._operation in GUARDED:
            self._learn_revision(identity, self._path, response)

    def _learn_revision(self, identity: Identity, path: str, response: Response) -> None:
        # A streamed body is the caller's to read.
        revision = Revision.from_etag(response.headers.get("ETag")) if self._stream else revision_of(response)
        if revision is None:
            return
        # An echo teaches nothing: it was not written by this request, and may name no revision at all.
        if self._operation not in GUARDED or not is_echo(
            conditions_of(response.request.headers), revision, response.headers
        ):
            self._memory.seen.learn(identity.principal, path, revision)

    def _keep(self, identity: Identity, response: Response) -> None:
        store = self._memory.store
        if store is None or self._variant is None or _is_from_cache(response):
            return
        self._memory.count_miss()
        validator = validator_of(response.headers.get("ETag"))
        # A reference inside chosen fields is a relationship, and _rev does not cover those.
        relates = selects_fields(self.request.url or "") and b'"_ref"' in response.content
        if validator is None or relates or not _is_whole(response):
            return
        fields = fields_of(response.headers).items()
        headers = tuple([f"{name}: {value}" for lower, (name, value) in fields if lower not in _OF_THE_MOMENT])
        # A challenge may have been answered in between: the answer belongs to who asked last.
        variant = (
            self._variant if identity is self._identity else identity.variant(response.request, key=self._memory.key)
        )
        store.put(self._path, variant, Representation(validator, headers, response.content))

    def _forget(self, identity: Identity) -> None:
        self._memory.seen.forget(identity.principal, self._path)
        if self._memory.store is not None:
            self._memory.store.drop(self._path)

    def _identity_of(self, request: PreparedRequest) -> Identity:
        if request is self.request and fields_of(request.headers) == self._fields_before:
            return self._identity
        # Its auth may have signed it anew, and has noted so.
        signed_by = Intent.of(request).principal
        found = Identity.of(request, key=self._memory.key, certificate=self._certificate, principal=signed_by)
        # What an adapter adds is not there yet when the next write asks what was seen: that must be found again.
        return Identity(self._identity.principal, found.whole) if request is self.request else found


def copy_of(request: _AnyRequest) -> _AnyRequest:
    """A shallow copy: what is replaced on it stays on the original."""
    twin = object.__new__(type(request))
    twin.__dict__.update(request.__dict__)
    return twin


def _field(line: str) -> tuple[str, tuple[str, str]]:
    """A kept header line: its name in lower case, its name, its value."""
    name, _, value = line.partition(": ")
    return name.lower(), (name, value)


def _log_conflict(response: Response) -> None:
    request = response.request
    sent = conditions_of(request.headers)
    log_event(
        logging.INFO,
        "conflict",
        "%(method)s %(path)s: %(sent)s does not hold",
        method=request.method,
        path=request.path_url.partition("?")[0],
        sent=", ".join([f"{name}: {value}" for name, value in sent.items()]) or "no condition",
        transaction_id=transaction_id_of(response, request, Blots(request)),
    )


def _mark(response: Response, *, from_cache: bool) -> None:
    response.__dict__["from_cache"] = from_cache


def _is_from_cache(response: Response) -> bool:
    return bool(response.__dict__.get("from_cache"))


def _is_whole(response: Response) -> bool:
    """
    Whether a body came in one piece, as far as that can be told without reading it.

    http.client takes the end of a connection for the end of the headers, so what is left of a broken answer can look
    like an empty 200; and urllib3 1.26 does not hold a body against its Content-Length. Where a server fails halfway
    behind one that compresses, half a document arrives in good order (seen on Jetty): it does not end as JSON does.
    """
    body, headers = response.content, fields_of(response.headers)
    if "json" in headers.get("content-type", _NO_FIELD)[1] and not body[-8:].rstrip().endswith((b"}", b"]")):
        return False
    announced = headers.get("content-length", _NO_FIELD)[1]
    if not body or "content-encoding" in headers or not announced.isdigit():
        return bool(body)
    return len(body) == int(announced)


def _is_crest_error(content: bytes) -> bool:
    """JSON with its code: CREST's own word, unlike the HTML 404 of a server that is starting up."""
    return "code" in json_object(content)
