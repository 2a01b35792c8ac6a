"""What OpenIDM does beyond CREST, one small case each."""

from dataclasses import replace

import pytest

from aic_requests.testing import OPENIDM, OPENIDM_ORIENTDB, Policy, Tenant, sample

from .asking import Asked

USER = "/openidm/managed/user"
ROLE = "/openidm/managed/role"
BOTH = {"postgresql": OPENIDM, "orientdb": OPENIDM_ORIENTDB}
ANN = {"_id": "ann", "userName": "ann", "n": 1, "tags": ["a", "b"]}


def person(name, **more):
    return {"_id": name, "userName": name, "givenName": "G", "sn": "S", "mail": f"{name}@example.com", **more}


@pytest.fixture
def idm():
    return Tenant(OPENIDM, documents={USER: [ANN]})


@pytest.fixture
def people():
    documents = {USER: [person("ann"), person("bob")], ROLE: [{"_id": "chief", "name": "chief"}]}
    return Tenant(sample(OPENIDM), documents=documents)


# Revisions


@pytest.mark.parametrize(("repository", "first", "next_one"), [("postgresql", "0", "1"), ("orientdb", "1", "2")])
def test_the_first_revision(repository, first, next_one):
    """PostgreSQL counts from 0, OrientDB from 1."""
    tenant = Tenant(BOTH[repository])
    assert Asked(tenant, "PUT", f"{USER}/x", {"userName": "x"}).tag == f'"{first}"'
    assert Asked(tenant, "PUT", f"{USER}/x", {"userName": "y"}, If_Match=f'"{first}"').tag == f'"{next_one}"'


@pytest.mark.parametrize(
    ("repository", "method", "status"),
    [
        ("postgresql", "PUT", 500),
        ("postgresql", "PATCH", 500),
        ("postgresql", "DELETE", 412),
        ("orientdb", "PUT", 409),
        ("orientdb", "PATCH", 409),
        ("orientdb", "DELETE", 409),
    ],
)
@pytest.mark.parametrize("value", ['"abc"', 'W/"1"', '"1--gzip"', '"*"'])
def test_an_if_match_that_is_no_number(repository, method, status, value):
    """Neither repository calls it 412, but PostgreSQL on a DELETE. A tag as compression spelt it is no number."""
    tenant = Tenant(BOTH[repository], documents={USER: [ANN]})
    body = {"PUT": {"userName": "bob"}, "PATCH": [{"operation": "remove", "field": "n"}]}.get(method)
    assert Asked(tenant, method, f"{USER}/ann", body, If_Match=value).status == status
    assert tenant.collection(USER).read("ann")["n"] == 1


@pytest.mark.parametrize(
    ("repository", "match", "rev", "status"),
    [
        ("orientdb", None, "1", 412),
        ("orientdb", "*", "1", 412),
        ("orientdb", '"2"', "1", 200),
        ("orientdb", None, "2", 200),
        ("orientdb", '"1"', "2", 412),
        ("postgresql", None, "0", 200),
        ("postgresql", "*", "0", 200),
    ],
)
def test_a_revision_in_the_body(repository, match, rev, status):
    """OrientDB's precondition unless a header names a revision, and stronger than ``*``; nothing to PostgreSQL."""
    tenant = Tenant(BOTH[repository], documents={USER: [ANN]})
    tenant.collection(USER).write("ann", ANN)
    done = Asked(tenant, "PUT", f"{USER}/ann", {"userName": "ann", "_rev": rev, "n": 2}, If_Match=match)
    assert done.status == status


def test_another_id_in_the_body_renames(idm):
    """The answer is a 404, and the document is at its new name under the next revision."""
    done = Asked(idm, "PUT", f"{USER}/ann", {"userName": "ann", "_id": "eve"}, If_Match="*")
    assert done.status == 404
    assert idm.collection(USER).ids() == ["eve"]
    assert Asked(idm, "GET", f"{USER}/eve").json == {"_id": "eve", "_rev": "1", "userName": "ann"}


def test_another_id_that_is_taken(idm):
    """412, and nothing is lost (not observed)."""
    idm.collection(USER).write("eve", {"userName": "eve"})
    assert Asked(idm, "PUT", f"{USER}/ann", {"userName": "ann", "_id": "eve"}, If_Match="*").status == 412
    assert idm.collection(USER).read("ann")["n"] == 1


# Properties that the server adds, hides and judges


def test_a_put_without_what_the_server_adds_is_a_change(people):
    """A document as it was read changes nothing; without the properties of the server it is a real write."""
    read = Asked(people, "GET", f"{USER}/ann").json
    assert (read["accountStatus"], read["effectiveRoles"]) == ("active", [])
    assert Asked(people, "PUT", f"{USER}/ann", read, If_Match='"7"').tag == '"7"'
    del read["effectiveRoles"]
    assert Asked(people, "PUT", f"{USER}/ann", read, If_Match='"7"').status == 412
    done = Asked(people, "PUT", f"{USER}/ann", read, If_Match='"0"')
    assert (done.tag, done.json["effectiveRoles"]) == ('"1"', [])


def test_defaults_are_of_creation_only(people):
    """A PUT that leaves one out takes it away."""
    assert "accountStatus" not in Asked(people, "PUT", f"{USER}/ann", person("ann")).json


def test_a_password_is_stored_and_not_shown(people):
    """Setting the same one again changes nothing."""
    operation = [{"operation": "replace", "field": "password", "value": "Passw0rd1"}]
    for _ in range(2):
        done = Asked(people, "PATCH", f"{USER}/ann", operation)
        assert (done.status, done.tag, "password" in done.json) == (200, '"1"', False)


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        ({"mail": "nobody"}, [("mail", "VALID_EMAIL_ADDRESS_FORMAT")]),
        ({"mail": None, "sn": ""}, [("mail", "REQUIRED"), ("sn", "REQUIRED")]),
        ({"userName": ""}, [("userName", "REQUIRED"), ("userName", "MIN_LENGTH")]),
        ({"sn": 5}, [("sn", "VALID_TYPE")]),
        ({"password": "Abc1"}, [("password", "MIN_LENGTH")]),
        ({"password": "abcdefgh1"}, [("password", "AT_LEAST_X_CAPITAL_LETTERS")]),
        ({"password": "Abcdefgh"}, [("password", "AT_LEAST_X_NUMBERS")]),
        ({"userName": "ann"}, [("userName", "UNIQUE")]),
    ],
)
def test_policies(people, change, failed):
    """403 with every failure in order, before any revision is looked at."""
    body = {name: value for name, value in (person("bob") | change).items() if value is not None}
    asked = Asked(people, "PUT", f"{USER}/bob", body, If_Match='"99"')
    assert asked.status == 403
    found = asked.json["detail"]["failedPolicyRequirements"]
    assert [(one["property"], one["policyRequirements"][0]["policyRequirement"]) for one in found] == failed


def test_a_policy_says_what_it_wanted():
    """In ``params``, beside its name."""
    behaviour = replace(
        OPENIDM.behaviours[0], place=USER, policies=(Policy("n", "VALID_TYPE", kind="number"), Policy("m", "M", "x"))
    )
    tenant = Tenant(replace(OPENIDM, behaviours=(behaviour,)))
    asked = Asked(tenant, "PUT", f"{USER}/u", {"n": "1", "m": "y"})
    params = {"invalidType": "string", "validTypes": ["number"]}
    assert asked.json["detail"]["failedPolicyRequirements"] == [
        {"property": "n", "policyRequirements": [{"policyRequirement": "VALID_TYPE", "params": params}]},
        {"property": "m", "policyRequirements": [{"policyRequirement": "M"}]},
    ]


# PATCH, actions, queries


@pytest.mark.parametrize(("field", "status"), [("/tags/0", 400), ("tags/1", 400), ("/tags/-", 200), ("tags", 200)])
def test_no_positions_in_a_patch(idm, field, status):
    """A member of a list has no number."""
    assert Asked(idm, "PATCH", f"{USER}/ann", [{"operation": "add", "field": field, "value": "z"}]).status == status


def test_patch_as_an_action(idm):
    """As PATCH, but for the ETag; a precondition is illegal."""
    operation = [{"operation": "replace", "field": "n", "value": 5}]
    done = Asked(idm, "POST", f"{USER}/ann?_action=patch", operation)
    assert (done.status, done.tag, done.json["_rev"], done.json["n"]) == (200, None, "1", 5)
    assert Asked(idm, "POST", f"{USER}/ann?_action=patch", operation, If_Match='"1"').status == 412


def test_a_patch_as_an_action_is_judged_like_one(people):
    """By policies, and by whether it changes anything."""
    operation = [{"operation": "replace", "field": "mail", "value": "nobody"}]
    assert Asked(people, "POST", f"{USER}/ann?_action=patch", operation).status == 403
    operation[0]["value"] = "ann@example.com"
    assert Asked(people, "POST", f"{USER}/ann?_action=patch", operation).json["_rev"] == "0"


def test_trigger_sync_check(idm):
    """Gives the document, and no ETag."""
    done = Asked(idm, "POST", f"{USER}/ann?_action=triggerSyncCheck")
    assert (done.status, done.tag, done.json["_rev"]) == (200, None, "0")


@pytest.mark.parametrize(
    ("selector", "policy", "total"), [("_queryFilter=true", "NONE", -1), ("_queryId=query-all", "EXACT", 1)]
)
def test_counts(idm, selector, policy, total):
    """Rows are counted for ``_queryId`` only."""
    found = Asked(idm, "GET", f"{USER}?{selector}&_pageSize=5&_totalPagedResultsPolicy=EXACT").json
    assert (found["totalPagedResultsPolicy"], found["totalPagedResults"]) == (policy, total)


@pytest.mark.parametrize(("repository", "rows"), [("postgresql", [{"_id": "ann"}]), ("orientdb", None)])
def test_all_ids(repository, rows):
    """``query-all-ids`` has revisions on OrientDB only."""
    tenant = Tenant(BOTH[repository], documents={USER: [ANN]})
    found = Asked(tenant, "GET", f"{USER}?_queryId=query-all-ids").json["result"]
    assert found == (rows or [{"_id": "ann", "_rev": "1"}])


@pytest.mark.parametrize(
    ("operator", "value", "rows"), [("eq", "Ann", 0), ("eq", "ann", 1), ("co", "N", 0), ("sw", "an", 1)]
)
def test_filters_tell_upper_case_from_lower(idm, operator, value, rows):
    """Both repositories do."""
    assert Asked(idm, "GET", f'{USER}?_queryFilter=userName+{operator}+"{value}"').json["resultCount"] == rows


def test_every_field(idm):
    """``*`` is all of them, beside others or alone."""
    whole = {"_id": "ann", "_rev": "0", **{name: value for name, value in ANN.items() if name != "_id"}}
    for fields in ("*", "*,n", "nothing,*"):
        assert Asked(idm, "GET", f"{USER}/ann?_fields={fields}").json == whole


def test_configuration_has_ids_with_slashes(idm):
    """One document below another's name; its Location is as wrong as the others'."""
    made = Asked(idm, "PUT", "/openidm/config/endpoint/x", {"type": "t"}, If_None_Match="*")
    assert (made.status, made.json) == (201, {"_id": "endpoint/x", "type": "t"})
    assert made.headers["location"] == "http://here/openidm/endpoint/x"
    assert Asked(idm, "GET", "/openidm/config/endpoint/x").json == made.json
    assert Asked(idm, "GET", "/openidm/config/endpoint").status == 404


# The container


@pytest.mark.parametrize(
    ("method", "target", "status", "varies"),
    [
        ("GET", f"{USER}/ann", 200, True),
        ("GET", f"{USER}/none", 404, True),
        ("POST", f"{USER}?_action=nope", 400, True),
        ("DELETE", f"{USER}/none", 404, False),
        ("PUT", f"{USER}/ann", 200, False),
    ],
)
def test_what_might_be_compressed_says_so(idm, method, target, status, varies):
    """``Vary: Accept-Encoding`` on whatever answers a GET or a POST, ``Vary: Origin`` on everything."""
    body = {"userName": "ann"} if method == "PUT" else None
    request = Asked(idm, method, target, body)
    assert request.status == status
    assert request.varies == (["Accept-Encoding"] if varies else []) + ["Origin"]


def test_a_304_says_so_too(idm):
    """And little else."""
    read = Asked(idm, "GET", f"{USER}/ann", If_None_Match='"0"')
    assert (read.status, read.tag, read.varies) == (304, None, ["Accept-Encoding", "Origin"])


@pytest.mark.parametrize(("method", "length"), [("GET", True), ("PUT", False)])
def test_a_slash_in_an_id(idm, method, length):
    """The container refuses it escaped, with a page of its own, and nothing of OpenIDM's about the answer."""
    asked = Asked(idm, method, f"{USER}/a%2Fb", {} if method == "PUT" else None)
    assert (asked.status, bool(asked.content)) == (400, length)
    assert asked.varies == []
    assert "set-cookie" not in asked.headers


@pytest.mark.parametrize(
    ("headers", "cookie"),
    [
        ({"X_OpenIDM_Username": "admin"}, True),
        ({"X_OpenIDM_Username": "admin", "X_OpenIDM_NoSession": "true"}, False),
        ({"Cookie": "session-jwt=1"}, False),
        ({"Cookie": "other=1; session-jwt=1", "X_OpenIDM_Username": "admin"}, True),
    ],
)
def test_sessions(idm, headers, cookie):
    """Credentials are answered with a session unless it is declined; a session alone is not answered with another."""
    assert ("set-cookie" in Asked(idm, "GET", f"{USER}/ann", **headers).headers) is cookie


def test_who_may_not_come_in_gets_no_session():
    """A 401 sets no cookie."""
    assert "set-cookie" not in Asked(Tenant(OPENIDM, tokens={}), "GET", f"{USER}/ann").headers


def test_who_am_i_has_no_revision(idm):
    """``info/login`` of OpenIDM has neither ETag nor ``_rev``, and is never a 304."""
    read = Asked(idm, "GET", "/openidm/info/login", If_None_Match='"1"')
    assert (read.status, read.tag, "_rev" in read.json) == (200, None, False)


# References


BOSS = [{"operation": "replace", "field": "manager", "value": {"_ref": "managed/user/bob"}}]
REPORT = [{"operation": "add", "field": "/reports/-", "value": {"_ref": "managed/user/ann"}}]


def test_references_show_when_asked_for(people):
    """By name, with ``*_ref``, and with fields of what they refer to; never in a plain read."""
    assert "manager" not in Asked(people, "PATCH", f"{USER}/ann", BOSS).json
    shown = Asked(people, "GET", f"{USER}/ann?_fields=manager").json["manager"]
    assert (shown["_ref"], shown["_refProperties"]["_rev"]) == ("managed/user/bob", "0")
    whole = Asked(people, "GET", f"{USER}/bob?_fields=*_ref").json
    assert (whole["manager"], whole["roles"], len(whole["reports"]), len(whole["authzRoles"])) == (None, [], 1, 0)
    assert Asked(people, "GET", f"{USER}/ann?_fields=manager/sn,manager/mail").json["manager"] == {
        **shown,
        "sn": "S",
        "mail": "bob@example.com",
    }
    assert Asked(people, "GET", f"{USER}/bob?_fields=reports/*").json["reports"][0]["_id"] == "ann"


def test_only_the_edited_side_moves(people):
    """The other's ETag is that of before, and hides what has changed: a 304 for what reads differently."""
    assert Asked(people, "PATCH", f"{USER}/bob", REPORT).tag == '"1"'
    assert Asked(people, "GET", f"{USER}/ann").tag == '"0"'
    assert Asked(people, "GET", f"{USER}/ann?_fields=*,manager", If_None_Match='"0"').status == 304
    assert Asked(people, "GET", f"{USER}/ann?_fields=*,manager").json["manager"]["_ref"] == "managed/user/bob"


def test_the_same_reference_again_is_a_change(people):
    """To a single property; a second one in a list is 412."""
    assert [Asked(people, "PATCH", f"{USER}/ann", BOSS).tag for _ in range(2)] == ['"1"', '"2"']
    assert Asked(people, "PATCH", f"{USER}/bob", REPORT).status == 412


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ({"operation": "replace", "field": "manager", "value": {"_ref": "managed/user/nobody"}}, 400),
        ({"operation": "replace", "field": "manager", "value": "bob"}, 400),
        ({"operation": "replace", "field": "manager", "value": {"_ref": "managed/role/chief"}}, 400),
        ({"operation": "remove", "field": "/reports"}, 400),
        ({"operation": "remove", "field": "manager"}, 200),
    ],
)
def test_references_that_cannot_be(people, operation, status):
    """To what is not there, to what is something else, and a list that is to go."""
    assert Asked(people, "PATCH", f"{USER}/ann", [operation]).status == status


def test_a_stale_write_changes_no_reference(people):
    """412, and all is as it was."""
    assert Asked(people, "PATCH", f"{USER}/ann", BOSS, If_Match='"9"').status == 412
    assert Asked(people, "GET", f"{USER}/ann?_fields=manager").json["manager"] is None


def test_roles_are_stored_with_the_user(people):
    """So a role's new member moves, from whichever side, and the role only from its own."""
    grant = [{"operation": "add", "field": "/roles/-", "value": {"_ref": "managed/role/chief"}}]
    done = Asked(people, "PATCH", f"{USER}/ann", grant)
    assert (done.tag, done.json["effectiveRoles"]) == ('"1"', [{"_ref": "managed/role/chief"}])
    assert Asked(people, "GET", f"{ROLE}/chief").tag == '"0"'
    made = Asked(people, "POST", f"{ROLE}/chief/members?_action=create", {"_ref": "managed/user/bob"})
    assert (made.status, made.tag, "location" in made.headers) == (201, None, False)
    assert Asked(people, "GET", f"{ROLE}/chief").tag == '"1"'
    bob = Asked(people, "GET", f"{USER}/bob")
    assert (bob.tag, bob.json["effectiveRoles"]) == ('"1"', [{"_ref": "managed/role/chief"}])


def test_references_have_paths_of_their_own(people):
    """A list to query and add to, each to read and delete, none with an ETag; the owner moves."""
    made = Asked(people, "POST", f"{USER}/bob/reports", {"_ref": "managed/user/ann"})
    one = f"{USER}/bob/reports/{made.json['_refProperties']['_id']}"
    assert Asked(people, "GET", f"{USER}/bob/reports?_queryFilter=true").json["result"] == [made.json]
    assert (Asked(people, "GET", one).json, Asked(people, "GET", one).tag) == (made.json, None)
    assert Asked(people, "DELETE", one).json == made.json
    assert Asked(people, "GET", one).status == 404
    assert Asked(people, "GET", f"{USER}/bob").tag == '"2"'
    assert Asked(people, "GET", f"{USER}/none/reports?_queryFilter=true").status == 404


def test_what_is_deleted_is_referred_to_no_more(people):
    """A manager goes without moving anybody; a role that somebody has cannot go."""
    Asked(people, "PATCH", f"{USER}/ann", BOSS)
    assert Asked(people, "DELETE", f"{USER}/bob").status == 200
    assert Asked(people, "GET", f"{USER}/ann?_fields=manager").json == {"_id": "ann", "_rev": "1", "manager": None}
    Asked(people, "POST", f"{ROLE}/chief/members", {"_ref": "managed/user/ann"})
    assert Asked(people, "DELETE", f"{ROLE}/chief").status == 409


def test_a_new_user_refers_to_what_all_do(people):
    """``authzRoles`` has its default."""
    Asked(people, "PUT", f"{USER}/eve", person("eve", manager={"_ref": "managed/user/bob"}))
    read = Asked(people, "GET", f"{USER}/eve?_fields=authzRoles,manager").json
    assert [one["_ref"] for one in read["authzRoles"]] == ["repo/internal/role/openidm-authorized"]
    assert read["manager"]["_ref"] == "managed/user/bob"
