"""Self-hosted OpenIDM, on either of its repositories."""

from dataclasses import replace
from typing import Any

from .aic import MANAGED
from .profiles import Behaviour, Policy, Profile, Relationship

_OBJECTS = replace(
    MANAGED,
    place="/openidm/managed/*",
    revision="counter",
    headers=(("Cache-Control", "no-cache"),),
    malformed=500,
    renames=True,
    required=(),
    actions=("patch", "triggerSyncCheck"),
    positions=False,
    bare_ids=True,
    counts_filtered=False,
    cased=True,
    star=True,
)

#: A self-hosted OpenIDM 7 on PostgreSQL.
OPENIDM = Profile(
    (_OBJECTS, Behaviour("/openidm/config/+", revision="none")),
    context="/openidm",
    echoes_transactions=False,
    headers=(("Vary", "Origin"),),
    login=None,
    session_cookie=True,
    gzip="reads",
    trace=405,
    drops_empty=True,
    refused=("%2f",),
)

#: The same on OrientDB.
OPENIDM_ORIENTDB = replace(
    OPENIDM,
    behaviours=(
        replace(_OBJECTS, first=1, malformed=409, malformed_on_delete=409, heeds_body=True, bare_ids=False),
        *OPENIDM.behaviours[1:],
    ),
)

#: The users of OpenIDM's sample project, as :class:`Behaviour` has it.
_SAMPLE_USER: dict[str, Any] = {
    "required": ("mail", "sn", "givenName", "userName"),
    "policies": (
        Policy("mail", "VALID_EMAIL_ADDRESS_FORMAT", r"^[^@\s]+@[^@\s]+$"),
        Policy("sn", "VALID_TYPE"),
        Policy("userName", "MIN_LENGTH", r"(?s).", (("minLength", 1),)),
        Policy("password", "MIN_LENGTH", r"(?s).{8}", (("minLength", 8),)),
        Policy("password", "AT_LEAST_X_CAPITAL_LETTERS", "[A-Z]", (("numCaps", 1),)),
        Policy("password", "AT_LEAST_X_NUMBERS", "[0-9]", (("numNums", 1),)),
    ),
    "defaults": (("accountStatus", "active"),),
    "computed": (("effectiveRoles", []), ("effectiveAssignments", [])),
    "private": ("password",),
}


_RELATIONSHIPS = (
    Relationship("/openidm/managed/user", "manager", "/openidm/managed/user", many=False, reverse="reports"),
    Relationship(
        "/openidm/managed/user",
        "roles",
        "/openidm/managed/role",
        reverse="members",
        effective="effectiveRoles",
        granted=True,
    ),
    Relationship(
        "/openidm/managed/user",
        "authzRoles",
        "/openidm/repo/internal/role",
        default="repo/internal/role/openidm-authorized",
    ),
)


def sample(profile: Profile) -> Profile:
    """
    An OpenIDM with the users and roles of its sample project, and no other managed objects.

    Users have policies, a password that is not shown, properties that the server adds, managers and roles.
    """
    objects, *others = profile.behaviours
    user = replace(objects, place="/openidm/managed/user", **_SAMPLE_USER)
    role = replace(objects, place="/openidm/managed/role", unique=())
    return replace(profile, behaviours=(user, role, *others), relationships=_RELATIONSHIPS)
