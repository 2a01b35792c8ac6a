"""The fake tenant against the recorded answers of a real OpenAM, and of the directory's gateway beside it."""

import re
from contextlib import ExitStack

import pytest

from aic_requests.testing import OPENAM, REST2LDAP, Tenant

from ..recordings import recordings
from .replaying import Aliases, Message, Recorded, ask, differences, judge, parsed, told_apart

HEADERS = ("etag", "location", "content-type", "content-encoding", "cache-control", "vary", "allow", "set-cookie")

#: What servers make up. The revisions of what never changes are the same in every answer, on either side.
MADE_UP = ("_id", "_rev", "pagedResultsCookie")

USERS = "/openidm/managed/alpha_user"
#: What the directory's first recorded query shows.
SERVANTS = [{"_id": name, "userName": name, "sn": name} for name in ("demo", "service-account")]

#: Places that are not played, by a pattern of their paths, with the reason.
ELSEWHERE = {
    r"/(openam|am)/oauth2/.*": "answered by the token endpoint, tested there",
    r"/api/.*": "REST2LDAP with the example of a mapping that comes with it; behind AIC's URLs it is played",
    r"/openam/json/realms/root/(realms/nope/)?authenticate": "signing in is no resource",
    r"/openam/json/realms/root/sessions/?": "neither are sessions",
    r"/openam/json/serverinfo/.*": "nor what a server says of itself",
    r"/am/json/realms/root/realms/alpha/agents": "an endpoint of AM 6 and before",
    r"/am/json/alpha/.*": "a realm's path of AM 6 and before",
}

#: Differences that are wanted, by case, with their reason.
WANTED = {
    # What AM's schemas know
    "agents-template": ("status content-api-version", "the tenant has no schemas, and so no templates"),
    "agents-schema": ("status content-api-version", "the same"),
    "oauth-svc-template": ("status content-api-version", "the same"),
    "xrw": ("status content-api-version", "the same"),
    "types": ("status content-api-version", "the same"),
    "creatable": ("status content-api-version", "the same"),
    "nextdesc": ("status content-api-version", "the same"),
    "sc-bad": ("status location body", "the tenant does not know which languages a script may have"),
    "sc-validate": ("status content-api-version", "it has nothing to run them with"),
    "pol-bad": ("status etag location body", "it does not know what a policy must say"),
    "us-idFromSession": ("status content-api-version", "an action of its own"),
    "svc-q": ("body", "AM lists services by their names"),
    "us-query-id": ("status content-api-version", "the tenant knows no patterns of names"),
    "sc-query-offset": ("body", "AM has five scripts from the start, one of which is recorded"),
    "sc-query-sort": ("body", "the same"),
    # Who may do what
    "as-alice": ("status etag body", "whoever may come in at all may do everything, and sees the same"),
    "as-alice-put": ("status etag location body", "the same"),
    "rc-badcookie": ("status etag body", "all sessions are called <redacted>, the bad one too"),
    "after-logout": ("status etag body", "the same, after its end"),
    "after-logout-users": ("status etag body", "the same"),
    "gwfinal-revoked": ("status etag content-type cache-control body", "the same of a token"),
    "proxy-create": (
        "status etag location content-api-version body",
        "a proxy of the recording's turned the token into a session",
    ),
    "proxy-again": ("status body", "the same"),
    "proxy-users": ("status etag content-api-version body", "the same"),
    "proxy-del": ("status etag content-api-version body", "the same"),
    # AM's slips
    "stab /realms/root/realm-config/services": ("status body", "501 where there is no document at all"),
    "stab /global-config/servers/server-default/properties/general": (
        "status etag content-api-version body",
        "its _id is null/properties/general",
    ),
    "stab /realms/root/users/amAdmin": ("status etag content-api-version body", "in no query and yet there"),
    "unrealm": ("cache-control", "404 before Cache-Control is set"),
    "rt-create": ("etag body", "neither ETag nor _rev on writes of what has both on reads"),
    "rt-put-stale": ("etag body", "the same"),
    "rt-q": ("body", "nor in the rows of a query"),
    "ag-read-proto1": ("body", "the content of AM's configuration has its _id in it"),
    "sc-create": ("etag body", "ETag and _rev once, on the creation of what has neither"),
    "sa-alpha": (
        "status etag location body",
        "no agent can be made in a new realm until one was made by the old endpoint",
    ),
    "alpha-cl": ("status etag location body", "the same"),
    "alpha-cl-post": ("status etag location body", "the same"),
    "alpha-cl-after": ("status etag location content-api-version body", "the tenant has made it before"),
    "id-encoded": ("status etag location content-type cache-control body", "a blank in the name of an agent is 500"),
    "id-encoded-get": ("status etag body", "and so it is not there"),
    "crestapi": ("status body", "500 in place of 501"),
    "double-slash": ("status etag body", "400; the tenant reads two slashes as one"),
    # Tomcat
    "ag-trace": ("content-type allow body", "Tomcat's page"),
    "id-slash": ("content-type cache-control body", "Tomcat's page"),
    "long-url": ("content-type cache-control body", "more than 8 KB before the body"),
    "long-header": ("status etag content-type cache-control body", "the same"),
    "big-body": ("body", "the recording leaves 3 MB of the answer out"),
}

#: What was there before the recording: what it first shows of each is what it was.
BEFORE = re.compile(
    r"/(openam|am)/json/(global-config/(realms/Lw|servers/01|(?P<global>services/\w[^/]*|authentication/modules/\w+))"
    r"|realms/root/(realms/alpha/)?(?P<single>realm-config/(authentication|services/policyconfiguration))"
    r"|realms/root/(realm-config/authentication/(modules|chains)/.+|users/demo|applications/.+|resourcetypes/7.+"
    r"|scripts/9d.+))"
)


def test_it_answers_as_a_real_openam_did():
    """All 672 recorded requests in order, but for those that belong elsewhere: status, headers, bodies."""
    lines = [line for line in recordings("am-observed.jsonl") if "status" in line]
    assert len(lines) == 672
    exchanges = [(name, one) for name, one in told_apart(map(exchange, lines)) if elsewhere(one.path) is None]
    assert len(exchanges) == 402
    differing = {}
    with ExitStack() as stack:
        tenants = {
            # Two servers, one after the other, with the same names and other revisions.
            "openam": stack.enter_context(Tenant(OPENAM, tokens={"<redacted>": "amAdmin"})),
            "am": stack.enter_context(Tenant(OPENAM, tokens={"<redacted>": "amAdmin"})),
            "openidm": stack.enter_context(Tenant(REST2LDAP, tokens={"<redacted>": "sa"}, documents={USERS: SERVANTS})),
        }
        aliases = {name: Aliases(MADE_UP) for name in tenants}
        for _, one in exchanges:
            seed(tenants, one)
        for name, one in exchanges:
            context = one.path.split("/")[1]
            if name == "gwfinal-read 5":
                unrecorded(tenants["openidm"])
            got = ask(tenants[context], one, aliases[context])
            # On a refusal the version tells which layer refused.
            headers = HEADERS if one.answer.status >= 400 or context == "openidm" else (*HEADERS, "content-api-version")
            wrong = differences(one, got, aliases[context], headers, partly=True)
            if wrong:
                differing[name] = wrong
    judge(exchanges, differing, WANTED)


@pytest.mark.parametrize("pattern", ELSEWHERE)
def test_what_belongs_elsewhere_is_no_place_of_these(pattern):
    """Whoever adds one of these places has to play its part of the recording, too."""
    paths = {line["path"].partition("?")[0] for line in recordings("am-observed.jsonl") if "status" in line}
    asked = [path for path in paths if re.fullmatch(pattern, path)]
    assert asked
    for path in asked:
        for profile in (OPENAM, REST2LDAP):
            with pytest.raises(KeyError):
                Tenant(profile).collection(path)


def elsewhere(path):
    """Why a path is not played; None if it is."""
    return next((why for pattern, why in ELSEWHERE.items() if re.fullmatch(pattern, path.partition("?")[0])), None)


def exchange(line):
    """A recorded line as a request and its answer."""
    context, _, rest = line["path"].removeprefix("/").partition("/json")
    case = f"stab {rest}" if line["tag"] == "stab" else line["tag"]
    sent = [(name, full(value)) for name, value in line["request_headers"].items()]
    if context.startswith("openidm"):
        sent = [(name, f"Bearer {value}" if name == "Authorization" else value) for name, value in sent]
    body = None if line["request_body"] is None else full(line["request_body"])
    headers = [(name, value) for name, value in line["response_headers"]]
    answer = Message(line["status"], headers, parsed(line["response_body"]))
    return Recorded(case, line["method"], full(line["path"]), sent, body, answer)


def full(text):
    """With what the recording abbreviates."""
    return text.replace("<9000 a>", "a" * 9000).replace("<3 MB of x>", "x" * 3_000_000).replace("<PW>", "Passw0rd")


def seed(tenants, one):
    """Put in what a recorded read is the first to show of what was there before."""
    place = BEFORE.fullmatch(one.path)
    if place is None or (one.method, one.answer.status) != ("GET", 200):
        return
    single = place["global"] or place["single"]
    path, _, resource_id = (one.path, "", "") if single else one.path.rpartition("/")
    collection = tenants[place[1]].collection(path)
    if resource_id not in collection.documents:
        collection.write(resource_id, one.answer.body)


def unrecorded(tenant):
    """What was written between two lines of the recording."""
    users = tenant.collection(USERS)
    users.write("u1", users.read("u1") | {"description": "d5"})
    for number in range(2, 6):
        users.write(f"u{number}", {"userName": "U One", "sn": "One", "mail": "u1@example.org"})
