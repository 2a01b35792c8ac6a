"""PingOne Advanced Identity Cloud, as recorded."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from .messages import Document
from .profiles import Behaviour, Profile, Relationship

_IDM_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Pragma", "no-cache"),
    ("Expires", "0"),
    ("Vary", "Origin"),
)

#: Managed objects.
MANAGED = Behaviour(
    "/openidm/managed/*",
    revision="opaque",
    headers=_IDM_HEADERS,
    compares_content=True,
    unknown_action=400,
    takes_ids=True,
    query_ids=("query-all", "query-all-ids"),
    star=True,
    required=("userName",),
    unique=("userName",),
)

_IDM = (
    replace(MANAGED, place="/openidm/managed/alpha_user"),
    replace(MANAGED, place="/openidm/managed/bravo_user"),
    replace(MANAGED, required=(), unique=()),
    Behaviour("/openidm/config/+", revision="none", headers=_IDM_HEADERS),
    # What a connector may demand: 428 without a precondition.
    Behaviour("/openidm/system/*/*", headers=_IDM_HEADERS, demands_revision=True, paging="connector"),
)


def _am(place: str, version: str = "1.0") -> Behaviour:
    """AM's configuration: its revisions are hashes, and If-Match is not looked at."""
    headers = (
        ("X-Frame-Options", "SAMEORIGIN"),
        ("Cache-Control", "private"),
        ("Content-API-Version", f"resource={version}"),
        ("Pragma", "no-cache"),
        ("Expires", "0"),
    )
    return Behaviour(place, revision="hash", headers=headers, ignores_match=True, paging="none")


def _of_a_realm(realm: str) -> Iterator[Behaviour]:
    yield replace(_am(f"{realm}/realm-config/**"), actions=("nextdescendents",))
    yield replace(_am(f"{realm}/policies", "2.1"), revision="time", farewell=(("_rev", "0"),))
    yield replace(_am(f"{realm}/applications", "2.1"), revision="time")
    yield replace(_am(f"{realm}/resourcetypes"), revision="time")
    yield replace(_am(f"{realm}/scripts", "1.1"), revision="none")


_AM = (
    *_of_a_realm("/am/json/realms/root/realms/*"),
    *_of_a_realm("/am/json/realms/root"),
    replace(_am("/am/json/global-config/**"), actions=("nextdescendents",)),
    replace(_am("/am/json/node-designer/node-type"), takes_ids=True),
    replace(_am("/am/json/serverinfo", "1.1"), public=True),
)
#: What a client asks before it signs in: the name of AM's cookie is the tenant's own.
_SERVER_INFO: tuple[Document, ...] = (
    {"_id": "*", "cookieName": "6ac6499e9da2071", "secureCookie": True, "realm": "/"},
    {"_id": "version", "version": "8.0.0", "fullVersion": "Access Management 8.0.0"},
)
_REALMS: tuple[Document, ...] = (
    {"_id": "L2FscGhh", "parentPath": "/", "active": True, "name": "alpha", "aliases": []},
    {"_id": "L2JyYXZv", "parentPath": "/", "active": True, "name": "bravo", "aliases": []},
)

_ESVS = Behaviour("/environment/variables", revision="none", headers=(), max_page_size=100, errors="code")
_ENVIRONMENT = (
    _ESVS,
    replace(_ESVS, place="/environment/secrets", private=("valueBase64",)),
    replace(_ESVS, place="/environment/secrets/*/versions", max_page_size=None),
)

#: Identity governance: Express, not CREST.
_IGA = Behaviour(
    "/iga/governance/*",
    revision="weak",
    first=1,
    headers=(("Cache-Control", "no-store"), ("Vary", "Accept-Encoding")),
    errors="message",
    id_name="id",
    takes_ids=True,
    id_from="id",
    created=200,
    counted=True,
)
_GOVERNANCE = (
    replace(_IGA, place="/iga/governance/certification/template"),
    _IGA,
    replace(_IGA, place="/iga/commons/glossary/schema", created=201),
)


def _relationships(realm: str) -> Iterator[Relationship]:
    """Managers and roles of a realm's users."""
    users, roles = f"/openidm/managed/{realm}_user", f"/openidm/managed/{realm}_role"
    yield Relationship(users, "manager", users, many=False, reverse="reports", in_full=True)
    yield Relationship(users, "roles", roles, reverse="members", granted=True, in_full=True)


#: PingOne Advanced Identity Cloud.
AIC = Profile(
    (*_IDM, *_AM, *_ENVIRONMENT, *_GOVERNANCE),
    tuple(chain.from_iterable(map(_relationships, ("alpha", "bravo")))),
    documents=(
        *(("/am/json/serverinfo", document) for document in _SERVER_INFO),
        *(("/am/json/global-config/realms", document) for document in _REALMS),
    ),
    not_modified=True,
    environment=True,
    # As documented.
    logs=60,
)
