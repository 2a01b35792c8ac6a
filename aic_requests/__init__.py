"""
A drop-in adapter for ``requests``: the REST APIs of PingOne Advanced Identity Cloud.

>>> from aic_requests import AICSession, NotFound, PreconditionFailed
>>> session = AICSession("https://tenant.example.com", auth=("user", "password"))
"""

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
from .log_api_key import LogAPIKeyAuth
from .maybe_applied import maybe_applied
from .memory import CacheInfo
from .query_filter import query_filter
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
