"""How one kind of server differs from another: data, no code."""

from dataclasses import dataclass, replace
from typing import Literal

RevisionKind = Literal["counter", "opaque", "hash", "weak", "inside", "none"]

_JSON = "application/json;charset=utf-8"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """
    How the collections at one place behave.

    Attributes:
        place: Path of the collections; ``*`` is any one part, a final ``**`` any number of parts.
        revision: ``counter``: 0, 1, 2 (MemoryBackend, OpenIDM); ``opaque``: ``<uuid>-<counter>`` (AIC's IDM);
            ``hash``: signed 32-bit hash of the content (AM); ``weak``: a weak tag of the body beside an unrelated
            number in ``_rev`` (IGA); ``inside``: opaque, in ``_rev`` and in no ETag; ``none``: neither (ESVs, IDM's
            configuration).
        first: The first revision of a counter.
        headers: What every answer carries.
        ignores_match: If-Match is not looked at (AM's configuration).
        compares_content: A write that changes nothing is answered 200 with the If-Match that was sent, current
            or not (OpenIDM).
        demands_revision: A write without a precondition is 428.
        malformed: Status for an If-Match that is no number; None: 412 like any other that is not current.
        max_page_size: Larger pages are 400; None: no limit.
        paging: ``sorted``: cookies only for sorted queries (MemoryBackend); ``offset``: the cookie is an offset
            (OpenIDM); ``connector``: the same, looking percent-encoded; ``none``: no cookies,
            ``remainingPagedResults`` tells (AM).
        required: Properties a document must have, else 403 with IDM's policy failures.
        unique: Properties no two documents may share.
        reasons: Error bodies have a ``reason`` (ESV's do not).
        actions: What can be asked for besides ``create``.
        unknown_action: Status for any other.
        inert: Patch operations that are accepted and do nothing (MemoryBackend).
        takes_ids: A create by POST takes the ``_id`` of its body (OpenIDM); otherwise the server gives one.
        bare: A query is answered with an array of rows, without an envelope (ESV's secret versions).
        query_ids: Known values of ``_queryId``, each of which lists all; without any it is 501.
    """

    place: str
    revision: RevisionKind = "counter"
    first: int = 0
    headers: tuple[tuple[str, str], ...] = (("Cache-Control", "no-cache"),)
    ignores_match: bool = False
    compares_content: bool = False
    demands_revision: bool = False
    malformed: int | None = None
    max_page_size: int | None = None
    paging: Literal["sorted", "offset", "connector", "none"] = "offset"
    required: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    reasons: bool = True
    actions: tuple[str, ...] = ()
    unknown_action: int = 501
    inert: tuple[str, ...] = ()
    takes_ids: bool = False
    bare: bool = False
    query_ids: tuple[str, ...] = ()

    def matches(self, segments: tuple[str, ...]) -> tuple[tuple[str, ...], str | None] | None:
        """Split a path into collection and id; the id is None for the collection itself."""
        parts = self.place.strip("/").split("/")
        if parts[-1] == "**":
            fixed = parts[:-1]
            if len(segments) <= len(fixed) or not _fits(fixed, segments):
                return None
            return segments, ""
        if not _fits(parts, segments) or not len(parts) <= len(segments) <= len(parts) + 1:
            return None
        return segments[: len(parts)], segments[len(parts)] if len(segments) > len(parts) else None


def _fits(parts: list[str], segments: tuple[str, ...]) -> bool:
    return len(segments) >= len(parts) and all(
        part in ("*", segment) for part, segment in zip(parts, segments, strict=False)
    )


@dataclass(frozen=True, slots=True)
class Profile:
    """
    A kind of server.

    Attributes:
        behaviours: The first whose place fits counts.
        context: Path before the collections in ``Location``; None: the collection's own path.
        echoes_transactions: ``X-ForgeRock-TransactionId`` comes back.
        session_cookie: Every answer sets a new ``session-jwt`` unless ``X-OpenIDM-NoSession: true`` was sent.
        not_modified: ``X-Not-Modified: true`` marks a write that changed nothing (AIC).
        gzip: Reads are compressed when asked for, and their tags end in ``--gzip``. ``strips`` takes that off every
            condition that comes in (Jetty 9), ``reads`` off those of reads only and compresses the answers to a POST
            too (Jetty 12 before OpenIDM).
        drops_empty: A header without a value is as good as none (Jetty 12).
        trace: Status of a TRACE: 501 from CREST, 405 where the container answers.
    """

    behaviours: tuple[Behaviour, ...]
    context: str | None = None
    echoes_transactions: bool = True
    session_cookie: bool = False
    not_modified: bool = False
    gzip: Literal["strips", "reads"] | None = None
    trace: int = 501
    drops_empty: bool = False


_IDM_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Pragma", "no-cache"),
    ("Expires", "0"),
    ("Vary", "Origin"),
)
_AM_HEADERS = (
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Cache-Control", "private"),
    ("Content-API-Version", "resource=1.0"),
    ("Pragma", "no-cache"),
    ("Expires", "0"),
)

_MANAGED = Behaviour(
    "/openidm/managed/*",
    revision="opaque",
    headers=_IDM_HEADERS,
    compares_content=True,
    unknown_action=400,
    takes_ids=True,
    query_ids=("query-all", "query-all-ids"),
    required=("userName",),
    unique=("userName",),
)

#: PingOne Advanced Identity Cloud, as recorded.
AIC = Profile(
    (
        replace(_MANAGED, place="/openidm/managed/alpha_user"),
        replace(_MANAGED, place="/openidm/managed/bravo_user"),
        replace(_MANAGED, required=(), unique=()),
        Behaviour("/openidm/config", revision="none", headers=_IDM_HEADERS),
        # What a connector may demand: 428 without a precondition.
        Behaviour("/openidm/system/*/*", headers=_IDM_HEADERS, demands_revision=True, paging="connector"),
        Behaviour(
            "/am/json/realms/root/realms/*/realm-config/**",
            revision="hash",
            headers=_AM_HEADERS,
            ignores_match=True,
            paging="none",
        ),
        Behaviour("/am/json/global-config/**", revision="hash", headers=_AM_HEADERS, ignores_match=True, paging="none"),
        Behaviour("/environment/variables", revision="none", headers=(), max_page_size=100, reasons=False),
        Behaviour("/environment/secrets", revision="none", headers=(), max_page_size=100, reasons=False),
        Behaviour("/environment/secrets/*/versions", revision="none", headers=(), reasons=False, bare=True),
        Behaviour(
            "/iga/governance/*", revision="weak", headers=(("Cache-Control", "no-store"), ("Vary", "Accept-Encoding"))
        ),
    ),
    not_modified=True,
)

#: The bare CREST code of commons over a MemoryBackend.
CREST = Profile(
    (
        Behaviour("/users", paging="sorted", actions=("clear",), inert=("copy", "move", "transform")),
        Behaviour("/groups", paging="sorted", actions=("clear",), inert=("copy", "move", "transform")),
    ),
    context="/crest",
    echoes_transactions=False,
)

#: A self-hosted OpenIDM 7 on PostgreSQL.
OPENIDM = Profile(
    (
        replace(
            _MANAGED,
            place="/openidm/managed/*",
            revision="counter",
            headers=(("Cache-Control", "no-cache"), ("Vary", "Origin")),
            malformed=500,
            required=(),
            unique=("userName",),
        ),
        Behaviour("/openidm/config", revision="none"),
    ),
    context="/openidm",
    echoes_transactions=False,
    session_cookie=True,
    gzip="reads",
    trace=405,
    drops_empty=True,
)
