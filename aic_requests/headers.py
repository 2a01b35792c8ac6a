"""Which headers say nothing about the caller."""

from collections.abc import Iterable

#: Headers that may go to a stranger and that do not tell one caller from another. Everything else
#: is taken for a credential: AM reads its session from a header whose name differs per tenant, so
#: no list of credentials could be complete.
HARMLESS = frozenset(
    {
        "accept",
        "accept-api-version",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-encoding",
        "content-language",
        "content-length",
        "content-type",
        "date",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "keep-alive",
        "pragma",
        "range",
        "traceparent",
        "tracestate",
        "transfer-encoding",
        "user-agent",
        "x-b3-parentspanid",
        "x-b3-sampled",
        "x-b3-spanid",
        "x-b3-traceid",
        "x-correlation-id",
        "x-forgerock-transactionid",
        "x-request-id",
        "x-requested-with",
    }
)

#: The conditions of RFC 9110, section 13.
CONDITIONS = frozenset({"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"})

#: Headers that choose between representations of one URL (AM's bodies differ by protocol version
#: under one ETag).
SELECTING = ("accept", "accept-api-version", "accept-language")


def as_text(value: str | bytes) -> str:
    """A header value as text; requests takes bytes too."""
    return value.decode("latin-1") if isinstance(value, bytes) else value


def credentials(fields: Iterable[tuple[str | bytes, str | bytes]]) -> dict[str, str]:
    """Those of the *fields* (names in lower case) that may tell who the caller is."""
    return {as_text(name): as_text(value) for name, value in fields if name not in HARMLESS}
