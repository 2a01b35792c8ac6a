"""requests' adapter, with less to do for the usual request."""

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import requests.adapters
import requests.models
from requests import PreparedRequest, Response
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3 import HTTPConnectionPool

from .cookies import sets_no_cookie
from .fields import headers_of
from .genuine import Genuine

if TYPE_CHECKING:
    from requests import _types as _t

_ADAPTER = requests.adapters.HTTPAdapter

_CHOICE: Final = Genuine(
    {
        _ADAPTER: (
            "send",
            "get_connection_with_tls_context",
            "build_connection_pool_key_attributes",
            "init_poolmanager",
        ),
        requests.adapters: ("select_proxy", "_urllib3_request_context"),
    }
)

_ADDRESS: Final = Genuine({_ADAPTER: ("send", "request_url"), requests.adapters: ("select_proxy",)})

_ANSWER: Final = Genuine(
    {
        _ADAPTER: ("send", "build_response"),
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
        manager: The pool manager that it is of.
        pool: The pool.
    """

    origin: str
    manager: object
    pool: HTTPConnectionPool


class HTTPAdapter(_ADAPTER):
    """A ``requests.adapters.HTTPAdapter``."""

    _kept: _Kept | None = None

    def get_connection_with_tls_context(
        self,
        request: PreparedRequest,
        verify: "_t.VerifyType",
        proxies: dict[str, str] | None = None,
        cert: "_t.CertType" = None,
    ) -> HTTPConnectionPool:
        """Find the pool of connections for a request; that of the last request, if it is for the same origin."""
        url = cast("str", request.url)
        # Condition: no proxy, no TLS (verify and cert tell nothing apart there), a pool manager that chooses as
        # requests has it; and a pool that is still open, since the manager closes what it has no place for.
        if proxies or not url.startswith("http://") or not _CHOICE or not self._chooses_as_requests_does():
            return super().get_connection_with_tls_context(request, verify, proxies, cert)
        kept = self._kept
        if (
            kept is not None
            and url.startswith(kept.origin)
            and kept.manager is self.poolmanager
            and cast("Any", kept.pool).pool is not None
        ):
            return kept.pool
        pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
        origin = url[: url.find("/", len("http://")) + 1]
        if origin:
            self._kept = _Kept(origin, self.poolmanager, pool)
        return pool

    def _chooses_as_requests_does(self) -> bool:
        return (
            type(self).build_connection_pool_key_attributes is _ADAPTER.build_connection_pool_key_attributes
            and "build_connection_pool_key_attributes" not in self.__dict__
        )

    def request_url(self, request: PreparedRequest, proxies: dict[str, str] | None) -> str:
        """What stands in the request line: the path, where there is no proxy."""
        # Condition: no proxies at all, so none for this URL.
        return super().request_url(request, proxies) if proxies or not _ADDRESS else request.path_url

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """Make the response, as requests does; without a look for cookies where the server sets none."""
        # Condition: urllib3's own response, and no cookies.
        if not (sets_no_cookie(resp) and _ANSWER):
            return super().build_response(req, resp)
        fields = OrderedDict([(name.lower(), (name, value)) for name, value in resp.headers.items()])
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
