"""requests' adapter, with less to do for the usual request."""

from collections import OrderedDict
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast
from weakref import ref

import requests.adapters
import requests.models
from requests import PreparedRequest, Response
from requests.exceptions import InvalidURL
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers, select_proxy
from urllib3 import HTTPConnectionPool, PoolManager
from urllib3.poolmanager import pool_classes_by_scheme

from .cookies import sets_no_cookie
from .fields import headers_of
from .genuine import Genuine
from .head import POOLS
from .tls import Contexts
from .url import is_spelt_out

if TYPE_CHECKING:
    from requests import _types as _t

_ADAPTER = requests.adapters.HTTPAdapter

_CHOICE: Final = Genuine(
    {
        _ADAPTER: (
            "get_connection_with_tls_context",
            "build_connection_pool_key_attributes",
            "init_poolmanager",
            "cert_verify",
        ),
        requests.adapters: ("select_proxy", "_urllib3_request_context"),
        PoolManager: ("connection_from_host", "connection_from_context", "connection_from_pool_key"),
    }
)

_ADDRESS: Final = Genuine({_ADAPTER: ("request_url",), requests.adapters: ("select_proxy",)})

#: Looked up on the class of the request at hand, where somebody may have put another.
_PATH_URL: Final = requests.models.RequestEncodingMixin.path_url

_ANSWER: Final = Genuine(
    {
        _ADAPTER: ("build_response",),
        Response: ("__init__",),
        requests.adapters: ("Response", "CaseInsensitiveDict", "get_encoding_from_headers", "extract_cookies_to_jar"),
        CaseInsensitiveDict: ("__init__", "__setitem__"),
    }
)


class _Kept(NamedTuple):
    """
    The connection pool of the last request.

    Attributes:
        origin: How its URL began, up to the slash behind the host.
        tls: What it verifies and by which context; None without TLS.
        pool: The pool, while the manager or somebody else has it: what nobody holds is closed.
    """

    origin: str
    tls: "_TLS | None"
    pool: ref[Any]


class _TLS(NamedTuple):
    """What tells pools of one origin apart."""

    verify: object
    cert: object
    context: object


class HTTPAdapter(_ADAPTER):
    """A ``requests.adapters.HTTPAdapter``."""

    _kept: _Kept | None = None

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        """Start without connections, and without TLS contexts."""
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        # Condition: the pool manager that requests makes, and nothing that a subclass has chosen itself.
        if type(self.poolmanager) is PoolManager and self.poolmanager.pool_classes_by_scheme is pool_classes_by_scheme:
            self.poolmanager.pool_classes_by_scheme = cast("Any", POOLS)
        self._kept = None
        self._contexts = Contexts()

    def get_connection_with_tls_context(
        self,
        request: PreparedRequest,
        verify: "_t.VerifyType",
        proxies: dict[str, str] | None = None,
        cert: "_t.CertType" = None,
    ) -> HTTPConnectionPool:
        """Find the pool of connections for a request; that of the last request, if it is for the same origin."""
        url = cast("str", request.url)
        origin = url[: url.find("/", len("https://")) + 1]
        # Condition: no proxy, and pools chosen as requests has it.
        if not origin or (proxies and select_proxy(url, proxies)) or not _CHOICE or not self._is_as_requests_made_it():
            return super().get_connection_with_tls_context(request, verify, proxies, cert)
        tls = None
        if not origin.startswith("http://"):
            context = self._contexts.context_for(verify, cert) if verify and origin.startswith("https://") else None
            if context is None:
                return super().get_connection_with_tls_context(request, verify, proxies, cert)
            tls = _TLS(verify, cert, context)

        kept = self._kept
        # Condition: the manager still has the pool; a response may hold one that a closed session has let go.
        if (
            kept is None
            or kept.origin != origin
            or kept.tls != tls
            or (kept_pool := kept.pool()) not in cast("Any", self.poolmanager.pools)._container.values()
        ):
            pool = (
                super().get_connection_with_tls_context(request, verify, proxies, cert)
                if tls is None
                else self._pool_over_tls(request, tls)
            )
            self._kept = _Kept(origin, tls, ref(pool))
            return pool
        return cast("HTTPConnectionPool", kept_pool)

    def cert_verify(self, conn: Any, url: str, verify: "_t.VerifyType", cert: "_t.CertType") -> None:
        """Have a pool's connections verify; one with a context of ours does so by that, and has loaded all it needs."""
        tls: _TLS | None = getattr(conn, "aic_tls", None)
        # Condition: the pool was made for just this.
        if tls is None or (tls.verify, tls.cert) != (verify, cert):
            super().cert_verify(conn, url, verify, cert)

    def _pool_over_tls(self, request: PreparedRequest, tls: _TLS) -> HTTPConnectionPool:
        try:
            host, _ = self.build_connection_pool_key_attributes(request, cast("Any", tls.verify), cast("Any", tls.cert))
        except ValueError as error:
            raise InvalidURL(error, request=request) from error
        pool = self.poolmanager.connection_from_host(
            **host, pool_kwargs={"cert_reqs": "CERT_REQUIRED", "ssl_context": tls.context}
        )
        cast("Any", pool).aic_tls = tls
        return pool

    def _is_as_requests_made_it(self) -> bool:
        """Whether no subclass, and nobody else, has replaced what decides about pools."""
        return (
            _POOLS(type(self)) == _OWN_POOLS
            and _POOL_METHODS.isdisjoint(self.__dict__)
            and type(self.poolmanager) is PoolManager
            and self.poolmanager.connection_pool_kw.keys() == {"maxsize", "block"}
        )

    def request_url(self, request: PreparedRequest, proxies: dict[str, str] | None) -> str:
        """What stands in the request line: the path, where there is no proxy."""
        url = request.url
        # Condition: no proxies at all, so none for this URL; and one of which nothing is left out but the origin.
        if (
            proxies
            or getattr(type(request), "path_url", None) is not _PATH_URL
            or not is_spelt_out(url)
            or not _ADDRESS
        ):
            return super().request_url(request, proxies)
        return url[url.index("/", len("https://")) :]

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """Make the response, as requests does; without a look for cookies where the server sets none."""
        # Condition: urllib3's own response, and no cookies.
        if not (sets_no_cookie(resp) and _ANSWER):
            return super().build_response(req, resp)
        # As urllib3 holds them: by the name in lower case, the name and each value.
        held = resp.headers._container.items()
        fields = OrderedDict([(lower, (field[0], ", ".join(field[1:]))) for lower, field in held])
        response = Response()
        response.status_code = resp.status
        response.headers = headers_of(fields)
        response.encoding = get_encoding_from_headers(response.headers)
        response.raw = resp
        response.reason = cast("str", resp.reason)
        response.url = cast("str", req.url)
        response.request = req
        response.connection = self
        return response


#: What decides about pools, and what a subclass may have replaced.
_POOL_METHODS: Final = frozenset(
    {"build_connection_pool_key_attributes", "cert_verify", "get_connection_with_tls_context", "init_poolmanager"}
)
_POOLS: Final = attrgetter(*sorted(_POOL_METHODS))
_OWN_POOLS: Final = _POOLS(HTTPAdapter)
