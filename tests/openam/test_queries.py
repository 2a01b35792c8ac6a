"""Queries: AM pages in as many ways as it has collections, and no cookie is among them."""

import base64
import uuid

import pytest

from aic_requests import BadRequest, query_filter

CLIENTS = "/json/realms/root/realm-config/agents/OAuth2Client"
SCRIPTS = "/json/realms/root/scripts"
POLICIES = "/json/realms/root/policies"
USERS = "/json/realms/root/users"


def everything(session, place):
    """The ids that one unpaged answer of AM holds."""
    return sorted(row["_id"] for row in session.get(place, params={"_queryFilter": "true"}).json()["result"])


def new_script(session, name):
    body = {"name": name, "script": base64.b64encode(b"1").decode(), "language": "JAVASCRIPT"}
    return session.post(f"{SCRIPTS}?_action=create", json={**body, "context": "POLICY_CONDITION"}).json()["_id"]


def new_policy(session):
    name = f"p{uuid.uuid4().hex[:12]}"
    body = {
        "name": name,
        "active": True,
        "applicationName": "iPlanetAMWebAgentService",
        "resources": ["http://a.example.org:80/*"],
        "actionValues": {"GET": True},
        "subject": {"type": "AuthenticatedUsers"},
        "resourceTypeUuid": "76656a38-5f8e-401b-83aa-4ccb74ce88d2",
    }
    session.put(f"{POLICIES}/{name}", json=body, headers={"If-None-Match": "*"})


@pytest.fixture
def filled(colleague, new_user):
    """A few of everything that is queried here."""
    for _ in range(3):
        new_script(colleague, f"s{uuid.uuid4().hex[:12]}")
        new_policy(colleague)
        new_user()
        colleague.put(f"{CLIENTS}/c{uuid.uuid4().hex[:12]}", json={}, headers={"If-None-Match": "*"})


@pytest.mark.parametrize("page_size", [1, 2, 1000])
@pytest.mark.parametrize("place", [SCRIPTS, POLICIES, USERS, CLIENTS])
def test_all_rows_of_a_collection(admin, observe, filled, place, page_size):
    """By offset where AM says what remains, all at once where it ignores pages or answers 501 to them."""
    rows = [row["_id"] for row in admin.query(place, page_size=page_size)]
    assert len(rows) >= 3
    assert sorted(rows) == everything(admin, place)
    observe(f"{place} by pages of {page_size}: {len(rows)} rows")


def test_a_page_of_which_more_remain(admin, filled):
    """Has no cookie, and says how many: the query goes on by offset."""
    page = admin.get(SCRIPTS, params={"_queryFilter": "true", "_pageSize": "2"}).json()
    assert page["pagedResultsCookie"] is None
    assert page["remainingPagedResults"] >= 1
    query = admin.query(SCRIPTS, page_size=2)
    assert len([next(query) for _ in range(3)]) == 3
    assert query.position == {"_pagedResultsOffset": "2"}
    assert query.total == len(everything(admin, SCRIPTS))
    assert len(list(admin.query(SCRIPTS, page_size=2, params=query.position))) == query.total - 2


@pytest.mark.parametrize("name", ["o'hara", 'a " or true or name eq "b', "a \\ b", "a) or (true", "\u00e9\u4e2d"])
def test_a_hostile_name_finds_itself(admin, colleague, observe, name):
    """The script with this name, and no other; where AM refuses the name itself, the filter finds nothing."""
    name = f"{name} {uuid.uuid4().hex[:12]}"
    try:
        created = [new_script(colleague, name)]
    except BadRequest as error:
        created = []
        observe(f"no script may be named {name[:-13]!r}: {error.message}")
    assert [row["_id"] for row in admin.query(SCRIPTS, query_filter("name eq {}", name))] == created
