"""Which exception stands for which HTTP status."""

from typing import Final

#: Status to the name of its exception in :mod:`aic_requests.errors`.
#: The first fourteen are the ones CREST and AIC define (ResourceException.java and the policy
#: documents of AIC), the rest come from the servers and gateways in front of them.
#: 501 is not ``NotImplementedError``: that is a builtin.
EXCEPTION_NAMES: Final[dict[int, str]] = {
    304: "NotModified",
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Gone",
    412: "PreconditionFailed",
    415: "UnsupportedMediaType",
    428: "PreconditionRequired",
    500: "InternalServerError",
    501: "NotImplementedByServer",
    503: "ServiceUnavailable",
    408: "RequestTimeout",
    422: "UnprocessableContent",
    429: "TooManyRequests",
    502: "BadGateway",
    504: "GatewayTimeout",
}
