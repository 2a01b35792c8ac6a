"""The session."""

import os
from collections.abc import Callable, Container, Generator, Sequence
from types import EllipsisType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from requests import PreparedRequest, Request, RequestException, Response
from requests.exceptions import InvalidHeader, MissingSchema
from requests.sessions import merge_hooks
from requests.structures import CaseInsensitiveDict
from urllib3 import Retry

from .arguments import check_auth, check_statuses, check_store, check_timeout, said_better
from .base_url import BaseURL
from .errors import AICError, ForeignOrigin
from .exchange import Exchange, copy_of
from .headers import CONDITIONS, HARMLESS, as_text, credentials
from .identity import Principal
from .intent import NOTHING, Intent, response_hooks
from .memory import CacheInfo, WorkingMemory
from .origin import Origin
from .retries import Retries
from .shortcuts import Fields, fields_of
from .stores import MemoryStore, Store
from .transport import CONNECTIONS, DEFAULT_TIMEOUT, Transport, retries_of
from .verbs import Session

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

    # requests keeps the types of its signatures here; ours must be the same.
    from requests import _types as _t
    from requests.cookies import RequestsCookieJar

    from .query import Query
    from .verbs import Answer, HeadersType

#: Carries a :class:`_Hop` through requests' own redirect loop, back into ``send``.
_HOP = "aic_hop"


class _Hop(NamedTuple):
    """What a redirected request must know of the first one: where home is."""

    home: Origin


class AICSession(Session):
    """
    A ``requests.Session`` for the REST APIs of PingOne Advanced Identity Cloud and its kin.

    - Errors are exceptions with the server's own words (:class:`AICError`).
    - A repeated read asks whether anything changed, and is served from memory if not.
    - A write goes out under the revision this thread has seen, so that nobody's change is lost.
    - Credentials stay at the session's origin.

    Args:
        base_url: Where every path is found: ``session.get("/openidm/info/ping")``. A prefix; its
            own path is kept. None: every URL is absolute, as in requests.
        auth: Any requests auth. One with an attribute ``identity`` (a text) names its principal by
            it: what was read under one token is found again under the next.
        raise_for_status: True raises the exception of every status of 400 and above, False hands
            every response back, a container names the statuses that raise (304 too).
        store: Where representations are kept between reads; by default a :class:`MemoryStore` of
            64 MiB of its own. None: no conditional reads.
        timeout: Seconds, or seconds to connect and between bytes; None: none. A request's own
            ``timeout=`` wins.
        retries: By default :class:`Retries`, whose rules these are: reads are repeated after connection
            errors, 429, 502, 503 and 504, writes only where they never left or the answer is 429. A number: so many
            of them; 0 or None: none; a ``urllib3.Retry``: its own rules. An adapter you mount has its own.

    Raises:
        ValueError: *base_url* is not http or https, or has user info, a query or a fragment; *timeout* is none.
        TypeError: *auth*, *raise_for_status*, *store* or *retries* is none of the above.

    A caller's own header always wins; ``headers={"If-Match": None}`` (or ``"If-None-Match"``)
    means "none this time". Each response says whether it came from the store: ``response.from_cache``.

    A thread remembers the revisions of its last 100,000 resources.
    """

    __attrs__: list[str] = [  # noqa: RUF012  # as requests has it
        *Session.__attrs__,
        "raise_for_status",
        "timeout",
        "_base",
        "_store",
    ]

    def __init__(
        self,
        base_url: str | None = None,
        *,
        auth: "_t.AuthType" = None,
        raise_for_status: bool | Container[int] = True,
        store: Store | EllipsisType | None = ...,
        timeout: "_t.TimeoutType" = DEFAULT_TIMEOUT,
        retries: Retry | int | EllipsisType | None = ...,
    ) -> None:
        super().__init__()
        self._base = None if base_url is None else BaseURL.parse(base_url)
        self._store = MemoryStore() if isinstance(store, EllipsisType) else store
        check_store(self._store)
        check_auth(auth)
        check_statuses(raise_for_status)
        check_timeout(timeout)
        self._memory = WorkingMemory(self._store)
        self.auth = auth
        self.raise_for_status = raise_for_status
        self.timeout = timeout
        policy = Retries() if isinstance(retries, EllipsisType) else retries_of(retries)
        for scheme in ("https://", "http://"):
            self.mount(scheme, Transport(max_retries=policy, pool_maxsize=CONNECTIONS))

    def __repr__(self) -> str:
        return f"<AICSession {self.base_url or 'without a base_url'}>"

    @property
    def base_url(self) -> str | None:
        """Where every path is found; None without one."""
        return None if self._base is None else self._base.url

    def cache_info(self) -> CacheInfo:
        """How many reads were served from the store, what they saved, and what it holds."""
        return self._memory.info()

    def cache_clear(self) -> None:
        """Forget what was read, and the counts. Revisions seen by the threads stay."""
        self._memory.clear()

    def request(
        self,
        method: str,
        url: "_t.UriType",
        params: "_t.ParamsType" = None,
        data: "_t.DataType" = None,
        headers: "HeadersType" = None,
        cookies: "RequestsCookieJar | CookieJar | dict[str, str] | None" = None,
        files: "_t.FilesType" = None,
        auth: "_t.AuthType" = None,
        timeout: "_t.TimeoutType" = DEFAULT_TIMEOUT,
        allow_redirects: bool = True,
        proxies: dict[str, str] | None = None,
        hooks: "_t.HooksInputType | None" = None,
        stream: bool | None = None,
        verify: "_t.VerifyType | None" = None,
        cert: "_t.CertType" = None,
        json: "_t.JsonType" = None,
    ) -> "Answer":
        """
        Send a request, as ``requests.Session.request`` does, under the session's timeout.

        Raises:
            AICError: The status says so, and ``raise_for_status`` too.
            ForeignOrigin: *url* is an absolute URL of another origin; nothing was sent.
            ValueError: ``_rev`` of the document to PUT cannot stand in a header; nothing was sent.
            requests.RequestException: As in requests.
        """
        if timeout is DEFAULT_TIMEOUT:
            timeout = self.timeout
        return super().request(
            method,
            url,
            params,
            data,
            headers,
            cookies,
            files,
            auth,
            timeout,
            allow_redirects,
            proxies,
            hooks,
            stream,
            verify,
            cert,
            json,
        )

    def update(
        self,
        path: str,
        change: Callable[[dict[str, Any]], dict[str, Any] | None],
        *,
        missing: dict[str, Any] | None = None,
        attempts: int = 8,
        deadline: float | None = 60.0,
        **request_options: Any,
    ) -> dict[str, Any]:
        """
        Read a resource, change it, and write it back under its revision; again if somebody wrote first.

        Args:
            path: The resource, as in ``get``.
            change: Called with a copy of the document; returns what to write, or None for the document as
                it left it. It may be called several times and may depend on nothing but its document,
                except for a fresh unique id (``str(uuid.uuid4())``).
            missing: Where there is no such resource, *change* starts from this document, and it is
                created. Without it, that is :class:`NotFound`.
            attempts: Writes at most.
            deadline: Seconds after which no other write is begun; None: no end.
            request_options: ``headers``, ``params``, ``timeout``, ``auth`` and the like, for every read and write.

        Returns:
            The document as the server has it. Where *change* alters nothing, nothing is written.

        Raises:
            PreconditionFailed: Others kept writing first (``stale``).
            AmbiguousWrite: The answer to a write was lost, and reading back does not tell whether it was carried out.
            NotFound: There is no such resource, and no *missing*.
            ValueError: The resource has no revision; *change* altered ``_id``; ``_fields`` would erase the rest;
                *attempts* is below 1, or a precondition was given.
            TypeError: *change* returned no dict, or a request option makes no sense here.
            AICError: Any other refusal, whatever ``raise_for_status`` says.
            requests.RequestException: The request never left, or a read failed.
            Exception: What *change* raises; nothing is written then.

        What it promises. A change is never lost under a 200, and never done twice by this session:

        - Someone wrote first (412): read again past the store, *change* again.
        - The answer repeats the revision that was sent: OpenIDM compares content before revisions, and so tells
          each of two writers of the same content that it has written. That is a conflict too.
        - The answer is lost (the connection broke, 5xx): read back. If nobody has written since, the same document
          is sent again. If the document there holds an id that only this attempt can have written, or holds what was
          altered and *change* finds nothing more to do, it has arrived. Otherwise :class:`AmbiguousWrite`.

        A plain counter cannot tell its own "6" from another writer's. So that a lost answer can be settled, let the
        change leave a mark, among the last ones so that later writers keep it:
        ``document["changes"] = [*document.get("changes", [])[-50:], str(uuid.uuid4())]``. Without one, a gateway
        that delivers a write twice can also make a counter count twice.

        Where it guards: managed objects of IDM do compare If-Match. AM's configuration may ignore it altogether
        (seen on OpenAM 16: a stale one is answered 200), and there the last writer wins, here too. To find out for one
        tenant, write something with ``headers={"If-Match": '"no-such-revision"'}``: only a 412 is a guard. Even where
        AM compares (its sites), it looks first and writes then: of two writes that meet inside the server both may be
        answered 200, and one is lost.
        """
        # Imported when it is first needed: who only reads does not wait for it.
        from .update import Clock, Update

        return Update(
            self,
            path,
            change,
            missing=missing,
            attempts=attempts,
            deadline=deadline,
            options=request_options,
            clock=Clock(),
        ).run()

    def query(
        self,
        path: str,
        query_filter: str = "true",
        *,
        page_size: int = 1000,
        fields: Sequence[str] = (),
        sort_keys: Sequence[str] = (),
        **request_options: Any,
    ) -> "Query":
        """
        Iterate over all rows that a filter finds, page after page, each asked for when it is needed.

        Args:
            path: The collection, as in ``get``.
            query_filter: What to find; see :func:`query_filter` for values in it. "true": all.
            page_size: Rows a page. Where the server refuses it and says how many it allows (ESVs: 100), so many; where
                it refuses pages altogether (AM's agents), all at once.
            fields: The properties to read; none: the server's default.
            sort_keys: Properties to sort by; ``-`` before one: descending.
            request_options: ``headers``, ``params``, ``timeout``, ``auth`` and the like, for every page. ``params`` may
                bring ``_queryId`` or ``_queryExpression`` in place of the filter, and a ``_pagedResultsCookie`` or
                ``_pagedResultsOffset`` to begin at. A URL has its end, too: about 8 KB of filter.

        Returns:
            An iterator over rows, as dicts. Its ``rows`` counts those handed out, its ``total`` is their number in all
            where the server says so, and its ``position`` are the ``params`` that begin with the page of the last row.

        Raises:
            ValueError: *page_size* is below 1; something is empty, or given in two ways; a precondition is given, which
                no query takes. At the call, as TypeError.
            TypeError: An argument is of another type, or a request option makes no sense here.
            IncompleteQuery: While iterating: the server says 200, and not all rows have come.
            AICError: While iterating: any other refusal, whatever ``raise_for_status`` says.
            requests.RequestException: While iterating: no answer.

        What it promises. The loop ends by itself only when the server has given all rows, as far as that can be known:
        a cookie is followed, whatever is on its page. Where there is none, and the server says that rows remain, or
        gives as many as were asked for and says nothing, it goes on by offset until there are no more. Each exception
        carries ``rows``, how many were handed out, and ``cookie``, with which another query goes on after those::

            session.query(path, params={"_pagedResultsCookie": error.cookie})

        What it cannot promise is one moment. Most servers page by offset, whatever their cookies look like (IDM's do):
        a row that is deleted between two pages moves those behind it, and one of them is missed; one that is created
        makes another come twice. Without ``sort_keys`` even the order is the server's affair, page by page. A query
        that must miss no row that is there all the time goes by keys: sorted by ``_id``, each page with the filter
        ``_id gt {}`` and the last ``_id`` seen (an example is in the README).

        Rows teach the session no revision, since AM's carry another than their resource: read it before writing it.
        """
        from .query import Query
        from .update import Clock

        return Query(
            self,
            path,
            query_filter,
            page_size=page_size,
            fields=fields,
            sort_keys=sort_keys,
            options=request_options,
            clock=Clock(),
        )

    def prepare_request(self, request: Request) -> PreparedRequest:
        """Prepare a request: join its URL to the base URL, and add what every request carries."""
        asked = copy_of(request)
        given = self._given(request)
        if self._base is not None:
            asked.url = self._base.join(request.url or "")
        auth = request.auth or self.auth
        if auth:
            check_auth(auth)
        if hasattr(type(auth), "bound_to"):
            # A ServiceAccountAuth: whoever has none does not wait for its module.
            asked.auth = cast("Any", auth).bound_to(self, None if self._base is None else self._base.origin)
        elif not auth and "authorization" in given:
            # Without an auth, requests looks into netrc, and lets it replace the caller's header.
            asked.auth = _as_it_is

        try:
            prepared = super().prepare_request(asked)
        except (MissingSchema, InvalidHeader, UnicodeEncodeError) as error:
            raise said_better(error, request.url, given, auth) from None
        if "x-forgerock-transactionid" not in given:
            prepared.headers["X-ForgeRock-TransactionId"] = _transaction_id()
        if "x-requested-with" not in given:
            # IDM and AM refuse writes without it, or the like, against forged requests of browsers.
            prepared.headers["X-Requested-With"] = "aic-requests"
        self._intent_of(asked, given, prepared).attach(prepared)
        return prepared

    def send(self, request: PreparedRequest, **kwargs: Any) -> "Answer":
        """
        Send a prepared request, wherever it was prepared.

        Raises:
            AICError: The status says so, and ``raise_for_status`` too.
            ForeignOrigin: It is for another origin than the session's, or a redirect would carry its
                body there; nothing was sent there.
            ValueError: ``_rev`` of the document to PUT cannot stand in a header; nothing was sent.
        """
        hop: _Hop | None = kwargs.pop(_HOP, None)
        kwargs.setdefault("timeout", self.timeout)
        if isinstance(cast("object", request), Request):
            # requests' own guard against the likely mistake, at its own place.
            return super().send(request, **kwargs)

        there = Origin.from_url(request.url or "")
        home = hop.home if hop is not None else self._home(there)
        if there is not home and there != home:
            return self._send_abroad(request, hop, home, **kwargs)

        exchange = Exchange(
            self._memory,
            request,
            certificate=kwargs.get("cert", self.cert),
            stream=bool(kwargs.get("stream", self.stream)),
        )
        try:
            response = super().send(exchange.request, **kwargs)
        except ValueError as error:
            # http.client repeats the value of a header that it refuses: an auth may have brought it. What requests has
            # raised may be about another request: a hook's own.
            if isinstance(error, RequestException):
                raise
            better = said_better(error, request.url, exchange.request.headers)
            if better is error:
                raise
            raise better from None
        finally:
            exchange.end()
        # Once, at the end of the redirects, so that the error has the whole history.
        if hop is None and self._raises(response.status_code):
            raise AICError.from_response(response)
        return response

    def resolve_redirects(
        self,
        resp: Response,
        req: PreparedRequest,
        stream: bool = False,
        timeout: "_t.TimeoutType" = None,
        verify: "_t.VerifyType" = True,
        cert: "_t.CertType" = None,
        proxies: dict[str, str] | None = None,
        yield_requests: bool = False,
        **adapter_kwargs: Any,
    ) -> Generator[Response, None, None]:
        """Follow redirects as requests does. No condition of ours and no credential travels along."""
        if self.get_redirect_target(resp) is None:
            return
        hop = _Hop(self._home(Origin.from_url(req.url or "")))
        if not yield_requests:
            adapter_kwargs[_HOP] = hop
        onward = copy_of(req)
        onward.headers = Intent.of(req).theirs(req.headers)
        followed = super().resolve_redirects(
            resp, onward, stream, timeout, verify, cert, proxies, yield_requests, **adapter_kwargs
        )
        # With yield_requests, requests yields requests here, whatever its signature says.
        for answer in cast("Generator[Any, None, None]", followed):
            if yield_requests and Origin.from_url(answer.url or "") != hop.home:
                _strip(answer)
            yield answer

    def rebuild_auth(self, prepared_request: PreparedRequest, response: Response) -> None:
        """Keep the credential on a redirect at home. netrc may answer where there is none."""
        url = response.request.url or ""
        held = credentials(prepared_request.headers.lower_items()).keys() - {"cookie", "proxy-authorization"}
        if held and not self.should_strip_auth(url, prepared_request.url or ""):
            # requests would let netrc replace it, or stand beside it.
            return
        super().rebuild_auth(prepared_request, response)

    def close(self) -> None:
        """Close the connections and the store. A closed session opens again when it is used."""
        super().close()
        self._memory.close()

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._memory = WorkingMemory(self._store)

    def _home(self, there: Origin) -> Origin:
        """The session's origin; without a base URL, that of the first request of a chain."""
        return there if self._base is None else self._base.origin

    def _send_abroad(self, request: PreparedRequest, hop: _Hop | None, home: Origin, **kwargs: Any) -> "Answer":
        """Follow a redirect to a stranger, who gets nothing of ours."""
        there = Origin.from_url(request.url or "")
        if hop is None:
            raise ForeignOrigin(f"{there} is another origin than the session's, {home}; nothing was sent there")
        if request.body:
            raise ForeignOrigin(f"a redirect from {home} would carry the request's body to {there}; not followed")
        _strip(request)
        response = super().send(request, **{**kwargs, "cert": None})
        response.from_cache = False
        return response

    def _raises(self, status: int) -> bool:
        wanted = self.raise_for_status
        return status >= 400 and wanted if isinstance(wanted, bool) else status in wanted

    def _given(self, request: Request) -> dict[str, Any]:
        """The headers of the caller and of the session by lower-case name; None means: leave out."""
        given = _values_of(self.headers)
        if request.headers:
            given.update(_values_of(request.headers))
        return given

    def _intent_of(self, request: Request, given: dict[str, Any], prepared: PreparedRequest) -> Intent:
        """Note what the prepared request does not say."""
        hooks = len(prepared.hooks["response"])
        name = getattr(request.auth or self.auth, "identity", None)
        declined = None in given.values()
        if not (hooks or declined or isinstance(name, str)):
            return NOTHING
        return Intent(
            declined=frozenset([name for name, value in given.items() if value is None] if declined else ()),
            auth_hooks=hooks and hooks - _count(merge_hooks(request.hooks, self.hooks)),
            principal=Principal(name, as_text(prepared.headers.get("Authorization", "")))
            if isinstance(name, str)
            else None,
        )


def _transaction_id() -> str:
    """A random UUID. The uuid module makes the same in three times the time."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _values_of(headers: "_t.HeadersType") -> dict[str, Any]:
    """The values by the name in lower case."""
    if type(headers) is CaseInsensitiveDict:
        fields: Fields[Any] = fields_of(cast("Any", headers))
        return {as_text(lower): value for lower, (_, value) in fields.items()}
    return {as_text(name).lower(): value for name, value in (headers or {}).items()}


def _strip(request: PreparedRequest) -> None:
    """
    Take everything off a request that a stranger must not see.

    What is left is known to be harmless. Proxy-Authorization stays: requests has just put it there
    for the proxy on the way, or removed it.
    """
    allowed = (HARMLESS - CONDITIONS) | {"proxy-authorization"}
    request.headers = CaseInsensitiveDict(
        (name, value) for name, value in request.headers.items() if name.lower() in allowed
    )
    # An auth's own hook would answer the stranger's challenge.
    callers = [
        hook for hook in response_hooks(request)[Intent.of(request).auth_hooks :] if not isinstance(hook, Exchange)
    ]
    request.hooks = {"response": cast("Any", callers)}


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    """The auth of a request whose caller set Authorization himself."""
    return request


def _count(hooks: "_t.HooksType") -> int:
    """How many response hooks requests registers of these."""
    response = (hooks or {}).get("response", [])
    return 1 if callable(response) else sum(callable(hook) for hook in response)
