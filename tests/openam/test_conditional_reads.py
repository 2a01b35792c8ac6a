"""Reading again: which of AM's answers are kept, and how a 304 comes back."""

import uuid

import pytest
import requests

from aic_requests import NotModified, PreconditionFailed

from .conftest import new_url, site_of
from .signing_in import SESSION_HEADER

VERSION = "/json/serverinfo/version"
AUTHENTICATION = "/json/realms/root/realm-config/authentication"


@pytest.fixture
def policy(colleague):
    """The path of a policy of this test alone; its policy set and resource type are there from the start."""
    path = f"/json/realms/root/policies/p{uuid.uuid4().hex[:12]}"
    body = {
        "name": path.rpartition("/")[2],
        "active": True,
        "applicationName": "iPlanetAMWebAgentService",
        "resources": [f"{new_url()}/*"],
        "actionValues": {"GET": True},
        "subject": {"type": "AuthenticatedUsers"},
        "resourceTypeUuid": "76656a38-5f8e-401b-83aa-4ccb74ce88d2",
    }
    colleague.put(path, json=body, headers={"If-None-Match": "*"})
    return path


@pytest.fixture(params=["user", "site", "policy", "/json/global-config/realms/Lw", "/json/serverinfo/*", VERSION])
def stable(request):
    """A resource whose ETag stays until it changes."""
    return request.param if "/" in request.param else request.getfixturevalue(request.param)


def test_a_304_on_the_wire_is_bare(openam, admin_token, stable):
    """OpenAM's 304: no ETag, no body, no Content-Length, no Content-Type; only the version of the API."""
    headers = {SESSION_HEADER: admin_token}
    first = requests.get(openam.url + stable, headers=headers, timeout=60)
    again = requests.get(openam.url + stable, headers={**headers, "If-None-Match": first.headers["ETag"]}, timeout=60)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Content-API-Version"] == first.headers["Content-API-Version"]
    assert not {"etag", "content-length", "content-type"} & {name.lower() for name in again.headers}


def test_a_304_becomes_the_kept_200(admin, stable):
    """The second read is the first again: status, body, tag and type, although the 304 has none of them."""
    first = admin.get(stable)
    again = admin.get(stable)
    assert (first.from_cache, again.from_cache) == (False, True)
    assert (again.status_code, again.reason, again.content) == (200, "OK", first.content)
    assert again.json()["_rev"] == first.headers["ETag"].strip('"')
    for name in ("ETag", "Content-Type", "Content-API-Version"):
        assert again.headers[name] == first.headers[name]
    assert admin.cache_info().bytes_saved == len(first.content)


def test_what_somebody_else_changes_is_read_anew(admin, colleague, user):
    """A kept answer is never older than the server's word."""
    admin.get(user)
    assert admin.get(user).from_cache
    colleague.put(user, json={"mail": "after@example.org"})
    now = admin.get(user)
    assert not now.from_cache
    assert now.json()["mail"] == ["after@example.org"]
    assert admin.get(user).from_cache


def test_a_changed_site_is_read_anew(admin, colleague, site):
    """So it is with configuration."""
    admin.get(site)
    colleague.get(site)
    changed = site_of(site.rpartition("/")[2], new_url())
    colleague.put(site, json=changed)
    now = admin.get(site)
    assert not now.from_cache
    assert now.json()["secondaryURLs"] == changed["secondaryURLs"]


def test_realm_configuration_has_another_tag_every_time(admin):
    """Its ETag is no version in the open code: nothing is ever served from memory, and nothing wrong is either."""
    answers = [admin.get(AUTHENTICATION) for _ in range(4)]
    assert len({answer.headers["ETag"] for answer in answers}) > 1
    assert not any(answer.from_cache for answer in answers)
    assert len({frozenset(answer.json()) for answer in answers}) == 1
    assert admin.cache_info().hits == 0


def test_resource_types_have_the_time_for_a_tag(admin):
    """Their ETag is the moment of the answer: every read is the server's own."""
    path = "/json/realms/root/resourcetypes/76656a38-5f8e-401b-83aa-4ccb74ce88d2"
    answers = [admin.get(path) for _ in range(4)]
    assert len({answer.headers["ETag"] for answer in answers}) > 1
    assert all(answer.json()["name"] == "URL" for answer in answers)


def test_scripts_have_no_tag(admin):
    """A read without ETag and without _rev is never kept, and never asked for under a condition."""
    scripts = "/json/realms/root/scripts"
    some = admin.get(scripts, params={"_queryFilter": "true", "_fields": "_id"}).json()["result"][0]["_id"]
    for _ in range(2):
        answer = admin.get(f"{scripts}/{some}")
        assert "ETag" not in answer.headers
        assert "If-None-Match" not in answer.request.headers
        assert not answer.from_cache
    assert admin.cache_info().entries == 0


def test_chosen_fields_have_a_tag_of_their_own(admin, user):
    """The ETag of a user depends on ``_fields``; each selection is kept apart, and answered with its own fields."""
    whole, mail, name = user, f"{user}?_fields=mail", f"{user}?_fields=sn"
    first = {url: admin.get(url) for url in (whole, mail, name)}
    assert len({answer.headers["ETag"] for answer in first.values()}) == 3
    for url in (name, whole, mail):
        again = admin.get(url)
        assert again.from_cache
        assert again.content == first[url].content
    assert set(first[mail].json()) == {"_id", "_rev", "mail"}


def test_versions_of_the_protocol_share_a_tag_and_not_a_body(admin, user):
    """Protocol 1.0 leaves out _id and _rev under the same ETag: what was read under one never answers the other."""
    old, new = ({"Accept-API-Version": f"protocol={version},resource=1.0"} for version in ("1.0", "2.1"))
    first_old, first_new = admin.get(user, headers=old), admin.get(user, headers=new)
    assert first_old.headers["ETag"] == first_new.headers["ETag"]
    again_old, again_new = admin.get(user, headers=old), admin.get(user, headers=new)
    assert again_old.from_cache
    assert again_new.from_cache
    assert "_id" not in again_old.json()
    assert "_id" in again_new.json()


def test_a_query_is_never_conditional(admin, user):
    """AM answers 412 to If-None-Match on a query: the session never sends one there."""
    users = user.rpartition("/")[0]
    filtered = {"_queryFilter": f'uid eq "{user.rpartition("/")[2]}"'}
    for _ in range(2):
        answer = admin.get(users, params=filtered)
        assert "If-None-Match" not in answer.request.headers
        assert [row["_id"] for row in answer.json()["result"]] == [user.rpartition("/")[2]]
    with pytest.raises(PreconditionFailed, match="If-None-Match not supported") as caught:
        admin.get(users, params=filtered, headers={"If-None-Match": '"1"'})
    assert caught.value.cause_of_failure == "not_supported"


@pytest.mark.parametrize("condition", [{"If-None-Match": "*"}, {"If-Match": '"1"'}])
def test_a_read_takes_no_other_condition(admin, user, condition):
    """``If-None-Match: *`` and If-Match on a read are a 412, and no sign that anybody wrote."""
    with pytest.raises(PreconditionFailed) as caught:
        admin.get(user, headers=condition)
    assert (caught.value.cause_of_failure, caught.value.sent) == ("not_supported", condition)


def test_a_304_that_the_caller_asked_for_is_his(openam, admin, user):
    """His own If-None-Match: he gets the 304, and the exception if he wants it."""
    tag = admin.get(user).headers["ETag"]
    mine = {"If-None-Match": tag}
    assert admin.get(user, headers=mine).status_code == 304
    admin.raise_for_status = {304}
    with pytest.raises(NotModified):
        admin.get(user, headers=mine)


def test_other_spellings_of_the_tag_are_no_match(openam, admin_token, user):
    """A weak tag and a list never match here; a bare value does. The session sends the one strong tag."""
    headers = {SESSION_HEADER: admin_token}
    tag = requests.get(openam.url + user, headers=headers, timeout=60).headers["ETag"]
    statuses = {
        spelling: requests.get(
            openam.url + user, headers={**headers, "If-None-Match": spelling}, timeout=60
        ).status_code
        for spelling in (tag, tag.strip('"'), f"W/{tag}", f'"x", {tag}')
    }
    assert statuses == {tag: 304, tag.strip('"'): 304, f"W/{tag}": 200, f'"x", {tag}': 200}
