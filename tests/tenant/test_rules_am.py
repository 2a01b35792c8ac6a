"""What OpenAM and the directory's gateway do beyond CREST, one small case each."""

import pytest

from aic_requests.testing import OPENAM, REST2LDAP, Tenant

from .asking import Asked

ROOT = "/openam/json/realms/root"
AGENTS = f"{ROOT}/realm-config/agents/OAuth2Client"
USERS = f"{ROOT}/users"
SITES = "/openam/json/global-config/sites"
PEOPLE = "/openidm/managed/alpha_user"
DEMO = {"_id": "demo", "username": "demo", "mail": "demo@example.com", "userpassword": "Passw0rd"}


@pytest.fixture
def am():
    return Tenant(
        OPENAM,
        documents={
            AGENTS: [{"_id": "c", "n": 1}],
            USERS: [DEMO],
            SITES: [{"_id": "s", "url": "http://one.example.com"}],
            f"{ROOT}/policies": [{"_id": "p", "n": 1}],
            f"{ROOT}/scripts": [{"_id": "x", "name": "X"}, {"_id": "y", "name": "Y"}],
        },
    )


@pytest.fixture
def directory():
    return Tenant(REST2LDAP, documents={PEOPLE: [{"_id": "u", "sn": "One"}]})


# Revisions, and what they guard


@pytest.mark.parametrize("value", ['"1"', '"garbage"', 'W/"1"', "*"])
@pytest.mark.parametrize(
    ("target", "body"),
    [(f"{AGENTS}/c", {"n": 2}), (f"{USERS}/demo", {"mail": "x@y"}), (f"{ROOT}/policies/p", {"n": 2})],
)
def test_a_precondition_guards_nothing(am, target, body, value):
    """An If-Match that cannot be current: the write goes through all the same, and so does the delete."""
    assert Asked(am, "PUT", target, body, If_Match=value).status == 200
    assert Asked(am, "DELETE", target, If_Match=value).status == 200


def test_what_is_missing_is_missing_under_a_precondition(am):
    """404 with an If-Match, 201 without one, 412 for If-None-Match on what is there."""
    assert Asked(am, "PUT", f"{AGENTS}/d", {}, If_Match="*").status == 404
    assert Asked(am, "DELETE", f"{AGENTS}/d", If_Match='"1"').status == 404
    assert Asked(am, "PUT", f"{AGENTS}/c", {}, If_None_Match="*").status == 412
    assert Asked(am, "PUT", f"{AGENTS}/d", {}).status == 201


@pytest.mark.parametrize(("match", "status"), [(None, 412), ("*", 412), ('"1"', 412), ("current", 200)])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_sites_want_their_revision(am, method, match, status):
    """412 without one, under ``*`` and under another."""
    if match == "current":
        match = Asked(am, "GET", f"{SITES}/s").tag
    body = {"url": "http://two.example.com"} if method == "PUT" else None
    assert Asked(am, method, f"{SITES}/s", body, If_Match=match).status == status


def test_the_configurations_revision_is_another_one_every_time(am):
    """In ETag and ``_rev`` alike, so that nothing is ever a 304."""
    reads = [Asked(am, "GET", f"{AGENTS}/c") for _ in range(3)]
    assert len({read.tag for read in reads}) == 3
    assert all(read.tag == f'"{read.json["_rev"]}"' for read in reads)
    assert Asked(am, "GET", f"{AGENTS}/c", If_None_Match=reads[-1].tag).status == 200


def test_a_users_revision_is_that_of_the_fields_shown(am):
    """The same in every read of the same fields, and a 304 for them alone."""
    whole, part = Asked(am, "GET", f"{USERS}/demo"), Asked(am, "GET", f"{USERS}/demo?_fields=mail")
    assert whole.tag != part.tag
    for target, tag, status in (
        (f"{USERS}/demo", whole.tag, 304),
        (f"{USERS}/demo", part.tag, 200),
        (f"{USERS}/demo?_fields=mail", part.tag, 304),
        (f"{USERS}/demo?_fields=mail", whole.tag, 200),
    ):
        assert Asked(am, "GET", target, If_None_Match=tag).status == status
    row = Asked(am, "GET", f"{USERS}?_queryFilter=true&_fields=mail").json["result"][0]
    assert f'"{row["_rev"]}"' == whole.tag


def test_a_policys_revision_is_a_time(am):
    """Milliseconds, later with every change, the same between them."""
    first = Asked(am, "GET", f"{ROOT}/policies/p")
    assert Asked(am, "GET", f"{ROOT}/policies/p", If_None_Match=first.tag).status == 304
    later = Asked(am, "PUT", f"{ROOT}/policies/p", {"n": 2})
    assert len(first.json["_rev"]) == 13
    assert int(later.json["_rev"]) > int(first.json["_rev"])


def test_scripts_have_no_revision(am):
    """Neither ETag nor ``_rev``."""
    read = Asked(am, "GET", f"{ROOT}/scripts/x")
    assert (read.tag, read.json) == (None, {"_id": "x", "name": "X"})


@pytest.mark.parametrize(
    ("target", "body", "tag"),
    [
        (f"{AGENTS}/c", {"_id": "c", "_rev": "0", "success": True}, '"0"'),
        (f"{ROOT}/policies/p", {"_id": "p", "_rev": "0"}, '"0"'),
        (f"{ROOT}/scripts/x", {"_id": "x"}, None),
    ],
)
def test_what_is_deleted_is_not_shown(am, target, body, tag):
    """A word of success in place of the document."""
    done = Asked(am, "DELETE", target)
    assert (done.status, done.json, done.tag) == (200, body, tag)


def test_a_deleted_user_leaves_a_hash(am):
    """Of the answer's own words; a deleted site is shown."""
    done = Asked(am, "DELETE", f"{USERS}/demo")
    assert (done.json["success"], done.tag) == ("true", f'"{done.json["_rev"]}"')
    site = Asked(am, "GET", f"{SITES}/s")
    assert Asked(am, "DELETE", f"{SITES}/s", If_Match=site.tag).json == site.json


# Users


def test_a_put_merges(am):
    """What it does not name stays, and what it names becomes a list."""
    Asked(am, "PUT", f"{USERS}/demo", {"sn": "D"}, If_Match="*")
    read = Asked(am, "GET", f"{USERS}/demo").json
    assert (read["username"], read["sn"], read["mail"]) == ("demo", ["D"], ["demo@example.com"])
    assert "userpassword" not in read


@pytest.mark.parametrize(
    ("method", "target", "body", "match", "status"),
    [
        ("PUT", f"{USERS}/demo", {"mail": "x@y"}, None, 404),
        ("PUT", f"{USERS}/demo", {"mail": "x@y"}, "*", 200),
        ("PUT", f"{USERS}/new", {"mail": "x@y"}, None, 404),
        ("POST", f"{USERS}?_action=create", {"username": "new", "userpassword": "x"}, None, 404),
        ("POST", f"{USERS}?_action=create", {"username": "new", "userpassword": "Passw0rd"}, None, 201),
        ("POST", f"{USERS}?_action=create", {"username": "demo", "userpassword": "Passw0rd"}, None, 409),
    ],
)
def test_a_password_too_short(am, method, target, body, match, status):
    """404, of all things, of a create and of a PUT without a precondition, which is tried as one first."""
    assert Asked(am, method, target, body, If_Match=match).status == status


@pytest.mark.parametrize(("target", "status"), [(f"{AGENTS}/c", 501), (f"{USERS}/demo", 400)])
def test_no_patch(am, target, status):
    """Refused, but a body that is none is 400 before."""
    assert Asked(am, "PATCH", target, [{"operation": "remove", "field": "n"}]).status == status
    assert Asked(am, "PATCH", target, [{"op": "remove", "path": "/n"}]).status == 400


# Paths, versions, sessions


@pytest.mark.parametrize(
    ("target", "location"),
    [
        (f"{AGENTS}/new", f"{ROOT}/new"),
        (
            "/am/json/realms/root/realms/alpha/realm-config/agents/OAuth2Client/new",
            "/am/json/realms/root/realms/alpha/new",
        ),
        ("/am/json/global-config/realms/new", "/am/json/global-config/new"),
    ],
)
def test_location_leaves_out_where_the_collection_is(am, target, location):
    """The realm's path, and the id."""
    made = Asked(am, "PUT", target, {}, If_None_Match="*")
    assert made.headers["location"] == f"http://here{location}"


def test_a_service_is_one_document(am):
    """Made by a POST to its path, once; it has an empty ``_id`` and no Location."""
    service = f"{ROOT}/realm-config/services/oauth-oidc"
    assert Asked(am, "GET", service).status == 404
    made = Asked(am, "POST", f"{service}?_action=create", {"n": 1})
    assert (made.status, made.json["_id"], "location" in made.headers) == (201, "", False)
    assert Asked(am, "POST", f"{service}?_action=create", {}).status == 409
    assert Asked(am, "GET", service).json["n"] == 1
    assert Asked(am, "PUT", service, {"n": 2}).json["n"] == 2


@pytest.mark.parametrize(
    ("asked", "status", "served"),
    [
        (None, 200, "resource=3.0"),
        ("", 200, "resource=3.0"),
        ("protocol=2.1,resource=1.0", 200, "resource=1.2"),
        ("resource=2", 200, "resource=2.1"),
        ("resource=2.1", 200, "resource=2.1"),
        ("resource=2.2", 404, None),
        ("resource=4.0", 404, None),
    ],
)
def test_versions(am, asked, status, served):
    """The latest minor one of the major one asked for; 404 where there is none."""
    read = Asked(am, "GET", f"{USERS}/demo", Accept_API_Version=asked)
    assert (read.status, read.headers.get("content-api-version")) == (status, served)


@pytest.mark.parametrize(("asked", "plain"), [("garbage", True), ("resource=1.0;q=1", True), ("protocol=2.2", False)])
def test_versions_that_are_none(am, asked, plain):
    """400 in plain text that does not say so; a protocol that is not supported is CREST's own 400."""
    read = Asked(am, "GET", f"{USERS}/demo", Accept_API_Version=asked)
    assert (read.status, "content-type" in read.headers) == (400, not plain)


def test_protocol_1_shows_neither_id_nor_revision(am):
    """Only the ETag is left."""
    read = Asked(am, "GET", f"{USERS}/demo", Accept_API_Version="protocol=1.0")
    assert {"_id", "_rev"} & read.json.keys() == set()
    assert read.tag == Asked(am, "GET", f"{USERS}/demo").tag


def test_a_304_of_tomcats(am):
    """No Content-Type and no Content-Length; the version is there."""
    read = Asked(am, "GET", f"{SITES}/s", If_None_Match=Asked(am, "GET", f"{SITES}/s").tag)
    assert (read.status, read.content) == (304, b"")
    assert read.headers == {"x-frame-options": "SAMEORIGIN", "content-api-version": "resource=1.0"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer s"}, 401),
        ({"iPlanetDirectoryPro": "other"}, 401),
        ({"iPlanetDirectoryPro": "s"}, 200),
        ({"Cookie": "a=b; iPlanetDirectoryPro=s"}, 200),
    ],
)
def test_sessions(headers, status):
    """A session comes in its own header or as a cookie; a bearer token is not looked at."""
    tenant = Tenant(OPENAM, documents={AGENTS: [{"_id": "c"}]}, tokens={"s": "amAdmin"})
    assert Asked(tenant, "GET", f"{AGENTS}/c", **headers).status == status


# Queries and actions


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("_queryFilter=true", 200),
        ('_queryFilter=_id+eq+"c"', 501),
        ("_queryFilter=true&_pageSize=1", 501),
        ("_queryFilter=foo+bar+baz", 400),
    ],
)
def test_the_configuration_is_listed_whole_or_not_at_all(am, query, status):
    """501 for pages and filters."""
    assert Asked(am, "GET", f"{AGENTS}?{query}").status == status


def test_users_come_all_at_once(am):
    """``_pageSize`` is ignored."""
    am.collection(USERS).write("eve", {"username": "eve"})
    found = Asked(am, "GET", f"{USERS}?_queryFilter=true&_pageSize=1").json
    assert (found["resultCount"], found["pagedResultsCookie"]) == (2, None)


@pytest.mark.parametrize(
    ("query", "count", "rest"), [("", 2, 0), ("&_pageSize=1", 1, 1), ("&_pageSize=1&_pagedResultsOffset=1", 1, 0)]
)
def test_scripts_tell_how_many_remain(am, query, count, rest):
    """Without a cookie, and without pages too."""
    found = Asked(am, "GET", f"{ROOT}/scripts?_queryFilter=true{query}").json
    assert (found["resultCount"], found["pagedResultsCookie"], found["remainingPagedResults"]) == (count, None, rest)


@pytest.mark.parametrize(("target", "status"), [(AGENTS, 403), (USERS, 501)])
def test_unknown_actions(am, target, status):
    """403 where privileges are looked at first."""
    assert Asked(am, "POST", f"{target}?_action=nope", {}).status == status


def test_a_property_of_another_type(am):
    """400."""
    body = {"com.forgerock.openam.oauth2provider.jwtTokenLifeTime": "abc"}
    assert Asked(am, "PUT", f"{AGENTS}/c", body).status == 400


def test_an_agent_or_realm_that_is_there(am):
    """409 for a POST, by id or by name."""
    realms = "/openam/json/global-config/realms"
    assert Asked(am, "POST", AGENTS, {"_id": "c"}).status == 409
    assert [Asked(am, "POST", realms, {"name": "alpha"}).status for _ in range(2)] == [201, 409]


# The directory's gateway


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("value", ['"1"', '"garbage"', 'W/"1"'])
def test_the_directory_compares_revisions_first(directory, method, value):
    """412 under another than the current one, even for a change that changes nothing."""
    body = {"PUT": {"sn": "One"}, "PATCH": []}.get(method)
    assert Asked(directory, method, f"{PEOPLE}/u", body, If_Match=value).status == 412


def test_the_same_content_is_the_same_revision(directory):
    """From a to b and back; and nothing to change is no change."""
    tags = [Asked(directory, "PUT", f"{PEOPLE}/u", {"sn": name}, If_Match="*").tag for name in ("a", "b", "a", "a")]
    assert tags[0] == tags[2] == tags[3] != tags[1]
    assert Asked(directory, "GET", f"{PEOPLE}/u?_fields=sn").tag == tags[0]


@pytest.mark.parametrize(("match", "status"), [(None, 400), ("*", 200)])
def test_no_revision_in_what_may_be_created(directory, match, status):
    """A PUT without a precondition is tried as a create, which has no ``_rev``."""
    assert Asked(directory, "PUT", f"{PEOPLE}/u", {"sn": "x", "_rev": "1"}, If_Match=match).status == status
    assert Asked(directory, "POST", PEOPLE, {"_id": "v", "_rev": "1"}).status == 400


def test_the_directory_does_not_sort(directory):
    """``_sortKeys`` are accepted and ignored; an unsupported version is 400."""
    directory.collection(PEOPLE).write("v", {"sn": "Two"})
    found = Asked(directory, "GET", f"{PEOPLE}?_queryFilter=true&_sortKeys=-_id").json
    assert [row["_id"] for row in found["result"]] == ["u", "v"]
    assert Asked(directory, "GET", f"{PEOPLE}/u", Accept_API_Version="resource=9.0").status == 400


def test_the_directory_says_how_to_come_in():
    """401 with a challenge and without a body."""
    asked = Asked(Tenant(REST2LDAP, tokens={}), "GET", f"{PEOPLE}/u")
    assert (asked.status, asked.content) == (401, b"")
    assert asked.headers == {"www-authenticate": 'Bearer realm="alpha"'}
