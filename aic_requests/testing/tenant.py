"""A tenant of one's own, in a test."""

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .collection import Collection
from .faults import Fault
from .messages import Answer, Document, Exchange, Request
from .profiles import AIC, Profile
from .rules import Rules
from .server import Server
from .tokens import ServiceAccount, TokenEndpoint

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter


class Tenant:
    """
    A CREST server in this process, over a real socket or as an adapter.

    Args:
        profile: What kind of server: :data:`AIC`, :data:`CREST`, :data:`OPENIDM`, :data:`OPENIDM_ORIENTDB` (or a
            :func:`sample` of either), :data:`OPENAM` or :data:`REST2LDAP`.
        documents: What is there at first: a list of documents with ``_id`` by the path of their collection.
        tokens: Bearer tokens and whose they are; None: everybody may come in, unless there are *service_accounts*.
        service_accounts: Who may get a token at ``/am/oauth2/access_token`` (:class:`ServiceAccount`); it needs
            PyJWT, which ``pip install "aic-requests[jwt]"`` brings.
        token_life: Seconds that such a token lives.
        seed: Of ids and opaque revisions: the same seed, the same answers.

    Attributes:
        faults: What is to go wrong (:class:`Fault`); the first that fits a request strikes.
        requests: What was asked and what decided the answer, the last 10,000.

    Raises:
        ImportError: There are *service_accounts*, and no PyJWT.

    Use it as a context manager for the socket, or mount :meth:`adapter`; both doors lead to the same rules.
    """

    def __init__(
        self,
        profile: Profile = AIC,
        *,
        documents: dict[str, list[Document]] | None = None,
        tokens: dict[str, str] | None = None,
        service_accounts: Iterable[ServiceAccount] = (),
        token_life: float = 899,
        seed: int = 1,
    ) -> None:
        self.faults: list[Fault] = []
        self.requests: deque[Exchange] = deque(maxlen=10_000)
        accounts = {account.id: account for account in service_accounts}
        if accounts:
            tokens = {} if tokens is None else tokens
        self._endpoint = TokenEndpoint(accounts, tokens, life=token_life) if accounts and tokens is not None else None
        self._rules = Rules(profile, tokens, seed)
        self._server: Server | None = None
        self._lock = threading.Lock()
        for path, resources in (documents or {}).items():
            collection = self.collection(path)
            for document in resources:
                collection.write(str(document["_id"]), document)

    def __enter__(self) -> Self:
        self._server = Server(self.handle)
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    @property
    def url(self) -> str:
        """
        Where it listens: ``http://127.0.0.1:PORT``.

        Raises:
            RuntimeError: It has not been entered, so it does not listen.
        """
        if self._server is None:
            raise RuntimeError("the tenant listens inside 'with Tenant() as tenant:' only")
        return self._server.url

    def adapter(self) -> "BaseAdapter":
        """A door without a socket: ``session.mount("https://tenant.example.com", tenant.adapter())``."""
        from .adapter import TenantAdapter

        return TenantAdapter(self.handle)

    def collection(self, path: str) -> Collection:
        """
        The documents at a path, to look at and to change behind the client's back.

        Raises:
            KeyError: This kind of server has no collection there.
        """
        return self._rules.collection(path)

    def revoke_tokens(self) -> None:
        """Every token that the token endpoint has given so far is dead from now on."""
        if self._endpoint is not None:
            self._endpoint.revoke()

    def handle(self, request: Request) -> tuple[Answer | None, Fault | None]:
        """Answer a request, or not, as the faults have it."""
        fault = self._fault_for(request)
        if fault is not None and fault.delay:
            time.sleep(fault.delay)
        if fault is not None:
            self._write(fault.meanwhile)
        answer = self._carry_out(request, fault)
        if fault is not None and fault.status is not None:
            answer = Answer(fault.status, list(fault.headers), fault.body, f"fault: {fault.status}")
        rule = "fault: no answer" if answer is None else answer.rule
        if fault is not None and fault.connection is not None:
            rule = f"fault: {fault.connection} ({rule})"
        unheard = fault is not None and fault.connection in ("drop", "reset")
        self.requests.append(Exchange.of(request, None if unheard else answer, rule))
        return answer, fault

    def _write(self, documents: Mapping[str, Document | None]) -> None:
        """Write as somebody else."""
        for path, document in documents.items():
            place, _, resource_id = path.rpartition("/")
            collection = self.collection(place)
            if document is not None:
                collection.write(resource_id, document)
            elif resource_id in collection.ids():
                collection.delete(resource_id)

    def _carry_out(self, request: Request, fault: Fault | None) -> Answer | None:
        breaks = fault is not None and (fault.status is not None or fault.connection is not None)
        if breaks and fault is not None and not fault.commit:
            # What breaks in the middle of an answer needs one.
            return (
                Answer(200, [], b'{"cut":"short"}', "not carried out")
                if fault.connection in ("truncate", "headers")
                else None
            )
        if fault is not None and fault.revoke:
            self.revoke_tokens()
        answer = self._answer(request)
        return self._answer(request) if fault is not None and fault.twice else answer

    def _answer(self, request: Request) -> Answer:
        given = None if self._endpoint is None else self._endpoint.answer(request)
        return self._rules.answer(request) if given is None else given

    def _fault_for(self, request: Request) -> Fault | None:
        with self._lock:
            return next((fault for fault in self.faults if fault.strikes(request)), None)
