"""How one kind of server differs from another: data, no code."""

from dataclasses import dataclass
from typing import Any, Literal

RevisionKind = Literal["counter", "opaque", "time", "hash", "fleeting", "weak", "inside", "none"]


@dataclass(frozen=True, slots=True)
class Policy:
    """
    What a property must look like.

    Attributes:
        property: Its name.
        requirement: What IDM calls the failure.
        pattern: A regular expression that is found in every good value; for texts only.
        kind: Its JSON type; of another one the failure is ``VALID_TYPE``.
        parameters: What IDM says beside the name of the failure.
    """

    property: str
    requirement: str
    pattern: str = ""
    parameters: tuple[tuple[str, Any], ...] = ()
    kind: str = "string"


@dataclass(frozen=True, slots=True)
class Relationship:
    """
    References from documents to others, which IDM keeps beside both.

    Attributes:
        place: Path of the collection whose documents refer.
        name: The property they do it with.
        far: Path of the collection that they refer to.
        many: The property is a list.
        reverse: The property, a list, with which the others show who refers to them; None: they do not.
        effective: The property of those that refer which repeats, and stores, the references.
        granted: What others refer to cannot be deleted: 409.
        default: What a new document refers to.
        in_full: A reference names collection and id of the other document, too (AIC).
    """

    place: str
    name: str
    far: str
    many: bool = True
    reverse: str | None = None
    effective: str | None = None
    granted: bool = False
    default: str | None = None
    in_full: bool = False


@dataclass(frozen=True, slots=True)
class Behaviour:
    """
    How the collections at one place behave.

    Attributes:
        place: Path of the collections; ``*`` is any one part, a final ``**`` any number of parts; what follows a final
            ``+`` is one id, slashes and all (IDM's configuration).
        revision: ``counter``: 0, 1, 2 (MemoryBackend, OpenIDM); ``opaque``: ``<uuid>-<counter>`` (AIC's IDM);
            ``time``: the moment of the last change, in milliseconds (AM's policies); ``hash``: signed 32-bit hash of
            the content (AM); ``fleeting``: another number in every answer (OpenAM's configuration); ``weak``: a weak
            tag of the body beside an unrelated number in ``_rev`` (IGA); ``inside``: opaque, in ``_rev`` and in no
            ETag; ``none``: neither (ESVs, IDM's configuration).
        first: The first revision of a counter.
        headers: What every answer carries.
        hashes_fields: The hash is that of the fields shown: another one with ``_fields`` (AM's users).
        versions: Resource versions, oldest first: a major one that is none of them, or a later minor one, is 404, and
            ``Content-API-Version`` names the one served, the latest if none was asked for. Empty: any will do.
        no_version: Status where there is no such version.
        ignores_match: If-Match is not looked at (AM's configuration).
        needs_match: An update or delete is 412 unless If-Match names the revision: without one, and with ``*``
            (AM's sites).
        compares_content: A write that changes nothing is answered 200 with the If-Match that was sent, current
            or not (OpenIDM).
        demands_revision: A write without a precondition is 428.
        malformed: Status for an If-Match that is no number; None: 412 like any other that is not current.
        malformed_on_delete: The same of a DELETE.
        heeds_body: A ``_rev`` in the body of a PUT is a precondition where the header names none (OrientDB).
        merges: A PUT leaves alone what its body does not name (AM's users).
        no_rev: What is created, or may be, must not have a ``_rev`` in its body: 400 (REST2LDAP).
        renames: A PUT whose body has another ``_id`` moves the document there and answers 404 (OpenIDM).
        max_page_size: Larger pages are 400; None: no limit.
        paging: ``sorted``: cookies only for sorted queries (MemoryBackend); ``offset``: the cookie is an offset
            (OpenIDM); ``connector``: the same, looking percent-encoded; ``none``: no cookies,
            ``remainingPagedResults`` tells (AM); ``remaining``: it tells without pages, too (AM's policies);
            ``ignored``: all rows, whatever was asked for (AM's users); ``refused``: that, and every filter but
            ``true``, is 501 (AM's configuration).
        required: Properties a document must have, else 403 with IDM's policy failures.
        unique: Properties no two documents may share.
        policies: What properties must look like, else 403 likewise.
        unfit: Status where that fails; the failures are told with 403 only.
        defaults: What a create adds where it is missing.
        computed: What the server works out and stores with every write. A PUT that leaves it out changes something.
        private: Properties that are stored and not shown.
        lists: Every property but ``username`` and ``realm`` is a list, and becomes one (AM's users).
        raw: Under protocol 1 a document is shown without ``_id`` and ``_rev`` (AM).
        errors: What an error body has: ``code``, ``reason`` and message (``reason``), no reason (``code``: ESVs), or
            the ``message`` alone (IGA).
        id_name: What the id is called in a document (IGA: ``id``).
        created: Status of a create (IGA: 200); 201 comes with a ``Location``.
        counted: A query's envelope is IGA's, with ``totalCount`` and ``searchAfterKey``.
        actions: What can be asked for besides ``create``.
        unknown_action: Status for any other.
        no_patch: Status of every PATCH; None: it is carried out.
        inert: Patch operations that are accepted and do nothing (MemoryBackend).
        positions: A PATCH may name a member of a list by its number (OpenIDM: 400).
        takes_ids: A create by POST takes the ``_id`` of its body (OpenIDM); otherwise the server gives one.
        id_from: The property that such an id is in.
        taken: Status where somebody has it.
        single: The place is one document, whose ``_id`` is empty, and which a POST creates (AM's services).
        location: How many parts of the path are in ``Location``, before the id; None: as the profile has it.
        farewell: What a DELETE answers beside ``_id``; None: the document.
        query_ids: Known values of ``_queryId``, each of which lists all; without any it is 501.
        bare_ids: The rows of ``query-all-ids`` have no ``_rev`` (OpenIDM on PostgreSQL).
        counts_filtered: ``_totalPagedResultsPolicy`` is heeded with ``_queryFilter`` too, not with ``_queryId`` alone.
        sorts: ``_sortKeys`` are heeded.
        cased: Filters tell upper case from lower.
        star: ``*`` in ``_fields`` is every field (OpenIDM).
        public: Whoever asks may read, without a token.
    """

    place: str
    revision: RevisionKind = "counter"
    first: int = 0
    headers: tuple[tuple[str, str], ...] = (("Cache-Control", "no-cache"),)
    hashes_fields: bool = False
    versions: tuple[str, ...] = ()
    no_version: int = 404
    ignores_match: bool = False
    needs_match: bool = False
    compares_content: bool = False
    demands_revision: bool = False
    malformed: int | None = None
    malformed_on_delete: int | None = None
    heeds_body: bool = False
    merges: bool = False
    no_rev: bool = False
    renames: bool = False
    max_page_size: int | None = None
    paging: Literal["sorted", "offset", "connector", "none", "remaining", "ignored", "refused"] = "offset"
    required: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    policies: tuple[Policy, ...] = ()
    unfit: int = 403
    defaults: tuple[tuple[str, Any], ...] = ()
    computed: tuple[tuple[str, Any], ...] = ()
    private: tuple[str, ...] = ()
    lists: bool = False
    raw: bool = False
    errors: Literal["reason", "code", "message"] = "reason"
    id_name: str = "_id"
    created: int = 201
    counted: bool = False
    actions: tuple[str, ...] = ()
    unknown_action: int = 501
    no_patch: int | None = None
    inert: tuple[str, ...] = ()
    positions: bool = True
    takes_ids: bool = False
    id_from: str = "_id"
    taken: int = 412
    single: bool = False
    location: int | None = None
    farewell: tuple[tuple[str, Any], ...] | None = None
    query_ids: tuple[str, ...] = ()
    bare_ids: bool = False
    counts_filtered: bool = True
    sorts: bool = True
    cased: bool = False
    star: bool = False
    public: bool = False

    def matches(self, segments: tuple[str, ...]) -> tuple[tuple[str, ...], str | None] | None:
        """Split a path into collection and id; the id is None for the collection itself."""
        parts = self.place.strip("/").split("/")
        if parts[-1] == "**":
            fixed = parts[:-1]
            if len(segments) <= len(fixed) or not _fits(fixed, segments):
                return None
            return segments, ""
        if parts[-1] == "+":
            fixed = parts[:-1]
            if not _fits(fixed, segments):
                return None
            return segments[: len(fixed)], "/".join(segments[len(fixed) :]) or None
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
        relationships: What refers to what.
        documents: What every such server has from the start: the path of a collection, and a document of it.
        context: Path before the collections in ``Location``; None: the collection's own path.
        sessions: The header that brings a session instead of a bearer token (AM's ``iPlanetDirectoryPro``); a cookie
            of that name will do, too.
        challenge: The ``WWW-Authenticate`` of a 401, which has no body then.
        plain_versions: A malformed ``Accept-API-Version`` is answered in plain text that does not say so (AM).
        bare: A 304 has neither Content-Type nor Content-Length (Tomcat).
        echoes_transactions: ``X-ForgeRock-TransactionId`` comes back.
        headers: What the container adds to every answer that the server gives.
        login: The revision of ``info/login``; None: it has neither ETag nor ``_rev`` (OpenIDM).
        session_cookie: An answer sets a new ``session-jwt`` unless ``X-OpenIDM-NoSession: true`` or such a cookie was
            sent.
        not_modified: ``X-Not-Modified: true`` marks a write that changed nothing (AIC).
        gzip: Reads are compressed when asked for, and their tags end in ``--gzip``. ``strips`` takes that off every
            condition that comes in (Jetty 9), ``reads`` off those of reads only and compresses the answers to a POST
            and refusals too (Jetty 12 before OpenIDM).
        drops_empty: A header without a value is as good as none (Jetty 12).
        trace: Status of a TRACE: 501 from CREST, 405 where the container answers.
        refused: What the container refuses in a path, in lower case: 400 and a page of its own.
        environment: There are ESVs, at ``/environment`` (:mod:`.esvs`).
        logs: Calls of ``/monitoring/logs`` a minute (:mod:`.logs`); None: there are no logs.
    """

    behaviours: tuple[Behaviour, ...]
    relationships: tuple[Relationship, ...] = ()
    documents: tuple[tuple[str, dict[str, Any]], ...] = ()
    context: str | None = None
    sessions: str | None = None
    challenge: str | None = None
    plain_versions: bool = False
    bare: bool = False
    echoes_transactions: bool = True
    headers: tuple[tuple[str, str], ...] = ()
    login: str | None = "1"
    session_cookie: bool = False
    not_modified: bool = False
    gzip: Literal["strips", "reads"] | None = None
    trace: int = 501
    drops_empty: bool = False
    refused: tuple[str, ...] = ()
    environment: bool = False
    logs: int | None = None


#: The bare CREST code of commons over a MemoryBackend.
CREST = Profile(
    (
        Behaviour("/users", paging="sorted", actions=("clear",), inert=("copy", "move", "transform")),
        Behaviour("/groups", paging="sorted", actions=("clear",), inert=("copy", "move", "transform")),
    ),
    context="/crest",
    echoes_transactions=False,
)
