"""Self-hosted OpenAM, and the directory's own gateway: what their JSON endpoints do."""

from collections.abc import Iterator
from dataclasses import replace

from .profiles import Behaviour, Policy, Profile

_HEADERS = (("Cache-Control", "no-cache"),)

_CONFIGURATION = Behaviour(
    "/realm-config/**",
    revision="fleeting",
    headers=_HEADERS,
    versions=("1.0",),
    ignores_match=True,
    paging="refused",
    unknown_action=403,
    no_patch=501,
    takes_ids=True,
    taken=409,
    farewell=(("_rev", "0"), ("success", True)),
    raw=True,
    private=("userpassword",),
)

_USERS = Behaviour(
    "/users",
    revision="hash",
    hashes_fields=True,
    headers=_HEADERS,
    versions=("1.2", "2.1", "3.0"),
    ignores_match=True,
    merges=True,
    lists=True,
    paging="ignored",
    no_patch=400,
    takes_ids=True,
    id_from="username",
    taken=409,
    required=("userpassword",),
    policies=(Policy("userpassword", "MIN_LENGTH", r"(?s).{8}"),),
    unfit=404,
    private=("userpassword",),
    farewell=(("success", "true"),),
    raw=True,
)

_POLICIES = Behaviour(
    "/policies",
    revision="time",
    headers=_HEADERS,
    versions=("1.0", "2.1"),
    ignores_match=True,
    paging="remaining",
    counts_filtered=False,
    raw=True,
    farewell=(("_rev", "0"),),
)

_OF_A_REALM = (
    # One of the properties that AM's schemas describe.
    replace(
        _CONFIGURATION,
        place="/realm-config/agents/*",
        policies=(Policy("com.forgerock.openam.oauth2provider.jwtTokenLifeTime", "VALID_TYPE", kind="number"),),
        unfit=400,
    ),
    replace(_CONFIGURATION, place="/realm-config/authentication", single=True),
    replace(_CONFIGURATION, place="/realm-config/services/*", single=True),
    _CONFIGURATION,
    _USERS,
    _POLICIES,
    replace(_POLICIES, place="/applications"),
    # The time of the answer.
    replace(_POLICIES, place="/resourcetypes", revision="fleeting", versions=("1.0",)),
    replace(_POLICIES, place="/scripts", revision="none", versions=("1.1",), farewell=()),
)

_GLOBAL = replace(_CONFIGURATION, place="/*/json/global-config/**", location=3)


def _in_realms() -> Iterator[Behaviour]:
    """Of the root realm, and of one below it."""
    for behaviour in _OF_A_REALM:
        for realm, parts in (("/*/json/realms/root", 4), ("/*/json/realms/root/realms/*", 6)):
            yield replace(behaviour, place=realm + behaviour.place, location=parts)


#: A self-hosted OpenAM 16 on Tomcat, under any context path.
OPENAM = Profile(
    (
        *_in_realms(),
        replace(_GLOBAL, place="/*/json/global-config/services/*", single=True),
        replace(_GLOBAL, place="/*/json/global-config/authentication/modules/*", single=True),
        replace(
            _GLOBAL,
            place="/*/json/global-config/sites",
            revision="hash",
            ignores_match=False,
            needs_match=True,
            farewell=None,
        ),
        replace(
            _GLOBAL,
            place="/*/json/global-config/realms",
            revision="hash",
            takes_ids=False,
            unique=("name",),
            unfit=409,
        ),
        replace(_GLOBAL, place="/*/json/global-config/servers", revision="hash"),
        _GLOBAL,
    ),
    headers=(("X-Frame-Options", "SAMEORIGIN"),),
    sessions="iPlanetDirectoryPro",
    plain_versions=True,
    bare=True,
    echoes_transactions=False,
    trace=405,
    drops_empty=True,
    refused=("%2f",),
)

#: OpenDJ's REST2LDAP: revisions are hashes of the content, and are compared before the content is.
REST2LDAP = Profile(
    (
        Behaviour(
            "/openidm/managed/*",
            revision="hash",
            headers=_HEADERS,
            versions=("1.0",),
            no_version=400,
            no_rev=True,
            counts_filtered=False,
            sorts=False,
            takes_ids=True,
        ),
    ),
    context="/openidm",
    challenge='Bearer realm="alpha"',
    bare=True,
    echoes_transactions=False,
)
