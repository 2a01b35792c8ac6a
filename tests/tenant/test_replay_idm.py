"""The fake tenant against the recorded answers of a real OpenIDM, on either of its repositories."""

import re

import pytest

from aic_requests.testing import OPENIDM, OPENIDM_ORIENTDB, Tenant, sample

from ..recordings import recordings
from .replaying import Aliases, Message, Recorded, ask, differences, judge, told_apart

PROFILES = {"orientdb": sample(OPENIDM_ORIENTDB), "postgresql": sample(OPENIDM)}
USERS = "/openidm/managed/user"

HEADERS = (
    "etag",
    "location",
    "content-type",
    "content-encoding",
    "cache-control",
    "vary",
    "allow",
    "set-cookie",
    "x-not-modified",
)

#: Places that are not played, by a pattern of their paths, with the reason.
ELSEWHERE = {
    "/openidm/info/(ping|version)": "what a server says of itself is no resource",
    "/openidm/(endpoint|script).*": "the tenant runs no scripts",
    "/openidm/policy/.*": "it has its policies as data, not as a service",
    "/openidm/repo/.*": "the repository behind the managed objects is not seen from outside",
    "/nope": "what is not below /openidm is the container's",
}

#: Differences that are wanted, by case, with their reason.
WANTED = {
    # Who may do what
    "no credentials": (
        "status cache-control set-cookie body",
        "a tenant without tokens lets everybody in, with all rights; with tokens it wants those",
    ),
    "wrong password": ("status cache-control set-cookie body", "the same"),
    "anonymous reads managed/user": ("status body", "the same"),
    "session cookie only, query (CSRF rule)": ("status body", "the same"),
    "managed user reads other": ("status body", "the same"),
    "managed user patches password w/o reauth": ("status etag body", "the same"),
    "info/login, session started": ("body", "whoever comes without a token is anonymous, and has no roles"),
    "session cookie only, read": ("body", "the same"),
    "RFC5987 username": ("body", "the same"),
    "info/login admin": ("body", "the same"),
    "internal user login": ("body", "the same"),
    "managed user login": ("status cache-control body", "the same"),
    # What else
    "POST _action=patch by query": ("status body", "the tenant knows no queries with parameters of their own"),
    "config query": ("body", "OpenIDM finds no configuration by its _id"),
    "EXACT with queryId": ("body", "many of the users were made by races, which are not recorded"),
}

#: The same, of one repository alone.
WANTED_OF_ONE = {
    "orientdb": {},
    "postgresql": {
        "GET gzip query": (
            "body",
            "without _sortKeys rows come in PostgreSQL's order, from the tenant in that of creation",
        ),
        "queryId query-all-ids": ("body", "the same"),
        "queryId query-all": ("body", "the same"),
        "EXACT with queryFilter=true": ("body", "the same"),
        "long id": ("status etag location body", "no more than 255 characters fit into a column"),
    },
}

#: Who was there before, and after the races that are not recorded, as the recording shows them.
BEFORE = {
    "orientdb": {
        "72a7baa1-c732-4429-8e90-2a69211f27d5": "alice",
        "1f170d34-088f-4236-bde7-0e4519b1738f": "post03745",
        "04e9ace7-74b0-4b30-bd34-8b702b6e8622": "prace003860",
        "6453f182-dd83-4350-8ded-d28943bd439c": "prace103860",
        "5ab12859-8c2f-4577-b3bc-da269d5a3089": "prace203860",
    },
    "postgresql": {
        "d008147c-05d9-465d-97dc-d18358cff497": "prace004182",
        "43031bc7-0387-4816-96d2-fbc76fedb410": "prace104182",
        "c8d0ebc5-4070-4474-bf53-ca4aedb58864": "prace204182",
    },
}


@pytest.mark.parametrize(("repository", "lines", "played"), [("orientdb", 390, 371), ("postgresql", 376, 358)])
def test_it_answers_as_a_real_openidm_did(repository, lines, played):
    """All 766 recorded requests in order, but for those that belong elsewhere: status, headers, bodies."""
    recorded = [line for line in recordings("idm-observed.jsonl") if line["repo"] == repository]
    assert len(recorded) == lines
    exchanges = [(name, one) for name, one in told_apart(map(exchange, recorded)) if elsewhere(one.path) is None]
    assert len(exchanges) == played
    aliases, differing = Aliases(), {}
    with Tenant(PROFILES[repository], documents={USERS: users(repository)}) as tenant:
        for _, one in exchanges:
            seed(tenant, one)
        for name, one in exchanges:
            wrong = differences(one, ask(tenant, one, aliases), aliases, HEADERS)
            if wrong:
                differing[name] = wrong
    judge(exchanges, differing, WANTED | WANTED_OF_ONE[repository])


@pytest.mark.parametrize("pattern", ELSEWHERE)
def test_what_belongs_elsewhere_is_no_place_of_these(pattern):
    """Whoever adds one of these places has to play its part of the recording, too."""
    paths = {line["path"].partition("?")[0] for line in recordings("idm-observed.jsonl")}
    asked = [path for path in paths if re.fullmatch(pattern, path)]
    assert asked
    for path in asked:
        with pytest.raises(KeyError):
            Tenant(PROFILES["postgresql"]).collection(path)


def elsewhere(path):
    """Why a path is not played; None if it is."""
    return next((why for pattern, why in ELSEWHERE.items() if re.fullmatch(pattern, path.partition("?")[0])), None)


def exchange(line):
    """A recorded line as a request and its answer."""
    sent, headers = (
        [(name, value) for name, value in line[which]] for which in ("request_headers", "response_headers")
    )
    answer = Message(line["status"], headers, line["body"] if line["body"] != "" else None)
    return Recorded(line["label"], line["method"], line["path"], sent, line["request_body"], answer)


def users(repository):
    """As the sample project has them."""
    return [
        {"_id": resource_id, "userName": name, "givenName": "G", "sn": "S", "mail": f"{name}@example.com"}
        for resource_id, name in BEFORE[repository].items()
    ]


def seed(tenant, one):
    """Put in the configuration that a recorded read shows."""
    path = one.path.partition("?")[0]
    if path.startswith("/openidm/config/") and one.method == "GET" and one.answer.status == 200:
        tenant.collection("/openidm/config").write(path.removeprefix("/openidm/config/"), one.answer.body)
