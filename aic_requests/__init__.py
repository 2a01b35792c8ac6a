"""
A ``requests.Session`` for the REST APIs of PingOne Advanced Identity Cloud, PingIDM and PingAM.

>>> from aic_requests import AICSession, ServiceAccountAuth, NotFound, query_filter
>>> session = AICSession("https://tenant.example.com", auth=("user", "password"))

``session.get``, ``put`` and the rest are those of requests, and besides there are

- ``session.update(path, change)``: reads, changes and writes until the change is in, once;
- ``session.query(path, query_filter("userName eq {}", name))``: all rows, page by page;
- an exception for each status, all of them :class:`AICError`, which says what they carry;
- :class:`ServiceAccountAuth` and :class:`LogAPIKeyAuth` to sign in with;
- :class:`MemoryStore`, :class:`SQLiteStore` and :class:`RedisStore` to keep what was read;
- ``aic_requests.testing``, a tenant for tests.

``help(aic_requests.AICSession)`` says more, ``python -m aic_requests`` shows it at work.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import (
        AICError,
        AmbiguousWrite,
        BadGateway,
        BadRequest,
        ClientError,
        Conflict,
        Forbidden,
        ForeignOrigin,
        GatewayTimeout,
        Gone,
        IncompleteQuery,
        InternalServerError,
        MethodNotAllowed,
        NotAcceptable,
        NotFound,
        NotImplementedByServer,
        NotModified,
        PreconditionFailed,
        PreconditionRequired,
        RequestTimeout,
        ServerError,
        ServiceUnavailable,
        TooManyRequests,
        Unauthorized,
        UnprocessableContent,
        UnsupportedMediaType,
        raise_for_status,
    )
    from .filter_values import query_filter
    from .log_api_key import LogAPIKeyAuth
    from .memory import CacheInfo
    from .outcome import maybe_applied
    from .service_account import ServiceAccountAuth
    from .session import AICSession
    from .stores import MemoryStore, RedisStore, SQLiteStore, Store

__version__ = "0.1.0"

__all__ = [
    "AICError",
    "AICSession",
    "AmbiguousWrite",
    "BadGateway",
    "BadRequest",
    "CacheInfo",
    "ClientError",
    "Conflict",
    "Forbidden",
    "ForeignOrigin",
    "GatewayTimeout",
    "Gone",
    "IncompleteQuery",
    "InternalServerError",
    "LogAPIKeyAuth",
    "MemoryStore",
    "MethodNotAllowed",
    "NotAcceptable",
    "NotFound",
    "NotImplementedByServer",
    "NotModified",
    "PreconditionFailed",
    "PreconditionRequired",
    "RedisStore",
    "RequestTimeout",
    "SQLiteStore",
    "ServerError",
    "ServiceAccountAuth",
    "ServiceUnavailable",
    "Store",
    "TooManyRequests",
    "Unauthorized",
    "UnprocessableContent",
    "UnsupportedMediaType",
    "maybe_applied",
    "query_filter",
    "raise_for_status",
]

#: Where the names above are at home. Each of these is imported when a name is first asked for, not with the package:
#: a test that imports `aic_requests.testing` needs neither the client nor requests. No module may have a public name,
#: or importing it would put the module in the place of what it holds.
_HOMES = ("errors", "stores", "memory", "session", "filter_values", "outcome", "log_api_key", "service_account")

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a public name (PEP 562)."""
        for home in _HOMES if name in __all__ else ():
            module = import_module(f".{home}", __name__)
            if hasattr(module, name):
                globals()[name] = getattr(module, name)
                return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    # What is there to use; the modules are how it is made.
    return sorted(
        {*__all__, *({"stores", "testing"} & globals().keys()), *[name for name in globals() if name.startswith("__")]}
    )
