"""A tenant of one's own, in a test."""

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from email.utils import format_datetime
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

from .aic import AIC
from .clock import Clock
from .collection import Collection
from .faults import Fault
from .loading import documents_of, put
from .logs import Logs
from .messages import Answer, Document, Exchange, Request
from .profiles import Profile
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
        load: A JSON file with more of the same (:meth:`load`), or several.
        tokens: Bearer tokens and whose they are; None: everybody may come in, unless there are *service_accounts*.
        service_accounts: Who may get a token at ``/am/oauth2/access_token`` (:class:`ServiceAccount`); it needs
            PyJWT, which ``pip install "aic-requests[testing]"`` brings.
        token_life: Seconds that such a token lives.
        log_keys: Secrets of log API keys by key; None: every key may read the logs.
        seed: Of ids and opaque revisions: the same seed, the same answers.

    Attributes:
        faults: What is to go wrong (:class:`Fault`); the first that fits a request strikes.
        requests: What was asked and what decided the answer (:class:`Exchange`), the last 10,000.
        clock: What time it is here (:class:`Clock`): tests set it, and need not sleep.

    Raises:
        ImportError: There are *service_accounts*, and no PyJWT.
        KeyError: *documents* or a file names a path where this kind of server has no collection.
        TypeError: *documents* or *service_accounts* is of another form.
        ValueError: A document has no ``_id``, or that of another; a file is no such file; a service account's key is
            none.

    Use it as a context manager for the socket, or mount :meth:`adapter`; both doors lead to the same rules.
    """

    def __init__(
        self,
        profile: Profile = AIC,
        *,
        documents: Mapping[str, Iterable[Document]] | None = None,
        load: str | PathLike[str] | Iterable[str | PathLike[str]] = (),
        tokens: dict[str, str] | None = None,
        service_accounts: Iterable[ServiceAccount] = (),
        token_life: float = 899,
        log_keys: Mapping[str, str] | None = None,
        seed: int = 1,
    ) -> None:
        self.faults: list[Fault] = []
        self.requests: deque[Exchange] = deque(maxlen=10_000)
        self.clock: Clock = Clock()
        listed = list(service_accounts)
        if not all(isinstance(cast("object", account), ServiceAccount) for account in listed):
            raise TypeError("service_accounts is a list of ServiceAccount(id, jwk)")
        accounts = {account.id: account for account in listed}
        if accounts:
            tokens = {} if tokens is None else tokens
        self._endpoint: TokenEndpoint | None = None
        if accounts and tokens is not None:
            self._endpoint = TokenEndpoint(accounts, tokens, life=token_life, clock=self.clock)
        self._rules = Rules(profile, tokens, seed, self.clock, log_keys)
        self._server: Server | None = None
        self._lock = threading.Lock()
        put(self._rules, documents_of(documents or {}))
        for file in (load,) if isinstance(load, str | PathLike) else load:
            self.load(file)

    def __enter__(self) -> Self:
        self.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def listen(self, port: int = 0) -> None:
        """
        Listen on a port of 127.0.0.1, as entering the context does on a free one.

        Raises:
            OSError: The port is taken.
            RuntimeError: It listens already.
        """
        if self._server is not None:
            raise RuntimeError(f"the tenant listens already, at {self._server.url}")
        self._server = Server(self.handle, port)
        self._server.start()

    def close(self) -> None:
        """Listen no longer, as leaving the context does; what it holds stays."""
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

    def load(self, file: str | PathLike[str]) -> None:
        """
        Add, or replace, the documents of a JSON file: ``{"/openidm/managed/alpha_user": [{"_id": "42", ...}], ...}``.

        Raises:
            KeyError: It names a path where this kind of server has no collection.
            OSError: It cannot be read.
            ValueError: It is no such file; says where it is wrong. Nothing was loaded.
        """
        put(self._rules, documents_of(file))

    @property
    def logs(self) -> Logs:
        """
        What ``/monitoring/logs`` tells, to add entries to (:class:`Logs`).

        Raises:
            KeyError: This kind of server has no logs.
        """
        if self._rules.profile.logs is None:
            raise KeyError("no logs here")
        return self._rules.logs

    def note(self, exchange: Exchange) -> None:
        """Add to the journal."""
        self.requests.append(exchange)

    def revoke_tokens(self) -> None:
        """Every token that the token endpoint has given so far is dead from now on."""
        if self._endpoint is not None:
            self._endpoint.revoke()

    def handle(self, request: Request, *, patience: float | None = None) -> tuple[Answer | None, Fault | None]:
        """
        Answer a request, or not, as the faults have it.

        Args:
            request: What is asked.
            patience: Seconds that the client waits for an answer; None: for good.

        Raises:
            TimeoutError: It waits no longer. What it has asked for is carried out later, as over a socket.
        """
        fault = self._fault_for(request)
        delay = 0.0 if fault is None else fault.delay
        if patience is not None and delay > patience:
            late = threading.Timer(delay, self._answered, (request, fault))
            late.daemon = True
            late.start()
            time.sleep(patience)
            raise TimeoutError("no answer in time")
        if delay:
            time.sleep(delay)
        return self._answered(request, fault), fault

    def _answered(self, request: Request, fault: Fault | None) -> Answer | None:
        """Answer, note it in the journal, and tell the time."""
        answer = self._carry_out(request) if fault is None else self._struck(request, fault)
        rule = "fault: no answer" if answer is None else answer.rule
        if fault is not None and fault.connection is not None:
            rule = f"fault: {fault.connection} ({rule})"
        if answer is not None:
            answer = answer.dated(format_datetime(self.clock.now(), usegmt=True))
        unheard = fault is not None and fault.connection in ("drop", "reset")
        sessions = self._rules.profile.sessions or ""
        self.note(Exchange.of(request, None if unheard else answer, rule, sessions))
        return answer

    def _struck(self, request: Request, fault: Fault) -> Answer | None:
        """Answer as a fault has it."""
        self._write(fault.meanwhile)
        if fault.revoke:
            self.revoke_tokens()
        breaks = fault.status is not None or fault.connection is not None
        answer = None
        if fault.commit or not breaks:
            answer = self._carry_out(request)
            if fault.twice:
                answer = self._carry_out(request)
        elif fault.connection in ("truncate", "headers"):
            # What breaks in the middle of an answer needs one.
            answer = Answer(200, [], b'{"cut":"short"}', "not carried out")
        if fault.status is not None:
            headers, body = fault.message()
            answer = Answer(fault.status, headers, body, f"fault: {fault.status}")
        return answer if answer is None or fault.tag is None else answer.tagged(fault.tag)

    def _write(self, documents: Mapping[str, Document | None]) -> None:
        """Write as somebody else."""
        for path, document in documents.items():
            place, _, resource_id = path.rpartition("/")
            collection = self.collection(place)
            if document is not None:
                collection.write(resource_id, document)
            elif resource_id in collection.ids():
                collection.delete(resource_id)

    def _carry_out(self, request: Request) -> Answer:
        given = None if self._endpoint is None else self._endpoint.answer(request)
        return self._rules.answer(request) if given is None else given

    def _fault_for(self, request: Request) -> Fault | None:
        with self._lock:
            return next((fault for fault in self.faults if fault.strikes(request)), None)
