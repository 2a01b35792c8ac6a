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
    "agents-template": "the tenant has no schemas, and so no templates",
    "agents-schema": "the same",
    "oauth-svc-template": "the same",
    "xrw": "the same",
    "types": "the same",
    "creatable": "the same",
    "nextdesc": "the same",
    "sc-bad": "the tenant does not know which languages a script may have",
    "sc-validate": "it has nothing to run them with",
    "pol-bad": "it does not know what a policy must say",
    "us-idFromSession": "an action of its own",
    "svc-q": "AM lists services by their names",
    "us-query-id": "the tenant knows no patterns of names",
    "sc-query-offset": "AM has five scripts from the start, one of which is recorded",
    "sc-query-sort": "the same",
    # Who may do what
    "as-alice": "whoever may come in at all may do everything, and sees the same",
    "as-alice-put": "the same",
    "rc-badcookie": "all sessions are called <redacted>, the bad one too",
    "after-logout": "the same, after its end",
    "after-logout-users": "the same",
    "gwfinal-revoked": "the same of a token",
    "proxy-create": "a proxy of the recording's turned the token into a session",
    "proxy-again": "the same",
    "proxy-users": "the same",
    "proxy-del": "the same",
    # AM's slips
    "stab /realms/root/realm-config/services": "501 where there is no document at all",
    "stab /global-config/servers/server-default/properties/general": "its _id is null/properties/general",
    "stab /realms/root/users/amAdmin": "in no query and yet there",
    "unrealm": "404 before Cache-Control is set",
    "rt-create": "neither ETag nor _rev on writes of what has both on reads",
    "rt-put-stale": "the same",
    "rt-q": "nor in the rows of a query",
    "ag-read-proto1": "the content of AM's configuration has its _id in it",
    "sc-create": "ETag and _rev once, on the creation of what has neither",
    "sa-alpha": "no agent can be made in a new realm until one was made by the old endpoint",
    "alpha-cl": "the same",
    "alpha-cl-post": "the same",
    "alpha-cl-after": "the tenant has made it before",
    "id-encoded": "a blank in the name of an agent is 500",
    "id-encoded-get": "and so it is not there",
    "crestapi": "500 in place of 501",
    "double-slash": "400; the tenant reads two slashes as one",
    # Tomcat
    "ag-trace": "Tomcat's page",
    "id-slash": "Tomcat's page",
    "long-url": "more than 8 KB before the body",
    "long-header": "the same",
    "big-body": "the recording leaves 3 MB of the answer out",
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
