"""Writing: where a precondition guards on AM, where it is ignored, and what each refusal is called."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from aic_requests import BadRequest, NotFound, NotImplementedByServer, PreconditionFailed, maybe_applied

from .conftest import new_url, site_of
from .signing_in import session_of

CLIENTS = "/json/realms/root/realm-config/agents/OAuth2Client"
SCOPES = "com.forgerock.openam.oauth2provider.scopes"
#: A revision that cannot be current.
STALE = {"If-Match": '"1"'}
NEW = {"If-None-Match": "*"}


def client_of(*scopes):
    return {
        "userpassword": "a-secret-of-a-client",
        "com.forgerock.openam.oauth2provider.redirectionURIs": ["[0]=http://localhost/cb"],
        SCOPES: [f"[{number}]={scope}" for number, scope in enumerate(scopes)],
        "sunIdentityServerDeviceStatus": "Active",
    }


@pytest.fixture
def client(colleague):
    """The path of an OAuth 2.0 client of this test alone: realm configuration."""
    path = f"{CLIENTS}/c{uuid.uuid4().hex[:12]}"
    colleague.put(path, json=client_of("profile"), headers=NEW)
    return path


@pytest.fixture
def script(colleague):
    body = {
        "name": f"n{uuid.uuid4().hex[:12]}",
        "script": "dmFyIGE9MTs=",
        "language": "JAVASCRIPT",
        "context": "POLICY_CONDITION",
    }
    created = colleague.post("/json/realms/root/scripts?_action=create", json=body).json()
    return f"/json/realms/root/scripts/{created['_id']}", body


# If-Match


@pytest.mark.parametrize("revision", ['"1"', '"garbage"', "*"])
def test_users_ignore_a_revision(admin, user, revision):
    """On users any If-Match is answered 200, and the write is carried out: only a 412 would be a guard."""
    answer = admin.put(user, json={"mail": "after@example.org"}, headers={"If-Match": revision})
    assert (answer.status_code, answer.json()["mail"]) == (200, ["after@example.org"])


@pytest.mark.parametrize("revision", ['"1"', '"garbage"', "*"])
def test_realm_configuration_ignores_a_revision(admin, client, revision):
    """So it is on realm-config."""
    answer = admin.put(client, json=client_of("profile", "email"), headers={"If-Match": revision})
    assert answer.status_code == 200
    assert sorted(admin.get(client).json()[SCOPES]) == ["[0]=profile", "[1]=email"]


def test_scripts_ignore_a_revision(admin, script):
    """And on scripts, which have no ETag to begin with."""
    path, body = script
    assert admin.put(path, json={**body, "script": "dmFyIGE9Mjs="}, headers=STALE).status_code == 200
    assert admin.get(path).json()["script"] == "dmFyIGE9Mjs="


@pytest.mark.parametrize("path", ["user", "client"])
def test_a_deletion_ignores_it_too(admin, path, request):
    """A DELETE under a revision that cannot be current deletes."""
    path = request.getfixturevalue(path)
    assert admin.delete(path, headers=STALE).status_code == 200
    with pytest.raises(NotFound):
        admin.get(path)


@pytest.mark.parametrize("revision", ['"1"', '"garbage"', "*"])
def test_sites_compare_the_revision(admin, site, revision):
    """On sites a revision that is not current is a 412, and ``*`` is none that is."""
    before = admin.get(site).json()
    for write in (
        lambda: admin.put(site, json=site_of("other"), headers={"If-Match": revision}),
        lambda: admin.delete(site, headers={"If-Match": revision}),
    ):
        with pytest.raises(PreconditionFailed, match="Revision did not match") as caught:
            write()
        assert caught.value.cause_of_failure == "stale"
        assert caught.value.sent == {"If-Match": revision}
        assert not maybe_applied(caught.value)
    assert admin.get(site, headers={"If-None-Match": None}).json() == before


def test_a_site_is_written_under_the_revision_that_was_read(admin, colleague, site):
    """The session sends what this thread has read; if somebody has written since, that is ``stale``."""
    name = site.rpartition("/")[2]
    admin.get(site)
    colleague.get(site)
    first = colleague.put(site, json=site_of(name, new_url()))
    with pytest.raises(PreconditionFailed) as caught:
        admin.put(site, json=site_of(name, new_url()))
    assert caught.value.cause_of_failure == "stale"
    assert admin.get(site).json() == first.json()
    second = admin.put(site, json=site_of(name, new_url()))
    assert second.request.headers["If-Match"] == first.headers["ETag"]


def test_a_site_is_not_written_without_a_revision(admin, site):
    """Sites answer 412 where nobody sends one; the error says to read first, since trying again would not help."""
    for write in (lambda: admin.put(site, json=site_of("other")), lambda: admin.delete(site)):
        with pytest.raises(PreconditionFailed, match="read it") as caught:
            write()
        assert (caught.value.cause_of_failure, caught.value.sent) == ("raced", {})
    admin.get(site)
    assert admin.delete(site).status_code == 200


def test_a_created_site_is_known_by_its_id(admin):
    """AM's Location leaves out the collection (``/json/global-config/ID``): the path comes from ``_id``."""
    name = f"s{uuid.uuid4().hex[:12]}"
    created = admin.post("/json/global-config/sites?_action=create", json={"_id": name, **site_of(name)})
    assert created.status_code == 201
    assert created.headers["Location"].endswith(f"/json/global-config/{name}")
    written = admin.put(f"/json/global-config/sites/{name}", json=site_of(name, new_url()))
    assert written.request.headers["If-Match"] == created.headers["ETag"]


def test_the_rows_of_a_query_teach_no_revision(admin, client):
    """A row's _rev is not that of the resource: after a query alone, a write goes out without If-Match."""
    rows = admin.get(CLIENTS, params={"_queryFilter": "true", "_fields": "_id"}).json()["result"]
    row = next(row for row in rows if row["_id"] == client.rpartition("/")[2])
    written = admin.put(client, json=client_of("email"))
    assert "If-Match" not in written.request.headers
    assert row["_rev"] != written.json()["_rev"]


def test_a_write_that_changes_nothing_is_still_guarded(admin, colleague, site):
    """Unlike IDM, sites compare the revision before the content; the ETag is a hash of the content."""
    name = site.rpartition("/")[2]
    same = site_of(name)
    tag = admin.get(site).headers["ETag"]
    assert admin.put(site, json=same).headers["ETag"] == tag
    with pytest.raises(PreconditionFailed):
        admin.put(site, json=same, headers=STALE)
    other = colleague.put(site, json=site_of(name, new_url()), headers={"If-Match": tag})
    back = colleague.put(site, json=same)
    assert other.headers["ETag"] != tag
    assert back.headers["ETag"] == tag


# If-None-Match


@pytest.mark.parametrize(("path", "words"), [("user", "Resource already exists"), ("client", "already exists")])
def test_what_exists_is_not_created_again(admin, path, words, request):
    """``If-None-Match: *`` on what is there: 412, ``exists``."""
    body = {"user": {"userpassword": "a-password-for-a-test", "sn": "x", "cn": "y"}, "client": client_of("email")}[path]
    path = request.getfixturevalue(path)
    with pytest.raises(PreconditionFailed, match=words) as caught:
        admin.put(path, json=body, headers=NEW)
    assert (caught.value.cause_of_failure, caught.value.sent) == ("exists", NEW)


def test_both_conditions_at_once(admin, client):
    """If-Match and If-None-Match together are refused for being together."""
    with pytest.raises(PreconditionFailed, match="Simultaneous use") as caught:
        admin.put(client, json=client_of("email"), headers={**STALE, **NEW})
    assert caught.value.cause_of_failure == "not_supported"


def test_no_two_creators_hear_the_same_but_on_am(openam, admin, admin_token, observe):
    """
    Of eight who create one client at once under ``If-None-Match: *``, at least one is told 201 and the others 412.

    Exactly one would be right; OpenAM looks first and writes then, so it is 1 to 8. Who must know reads back.
    """
    winners = []
    for _ in range(4):
        path = f"{CLIENTS}/r{uuid.uuid4().hex[:12]}"
        said = Counter(at_once(8, lambda number, path=path: status_of_creation(openam, admin_token, path, number)))
        assert set(said) <= {201, 412}
        assert said[201] >= 1
        winners.append(said[201])
        assert admin.get(path).json()["_id"] == path.rpartition("/")[2]
    observe(f"8 creators of one client under If-None-Match: *, told 201: {winners}")


def status_of_creation(openam, token, path, number):
    with session_of(openam, token) as session:
        try:
            return session.put(path, json=client_of(f"scope{number}"), headers=NEW).status_code
        except PreconditionFailed as error:
            assert error.cause_of_failure == "exists"
            return error.status_code


def at_once(count, call):
    """Call from many threads, which all begin when the last one is there."""
    start = Barrier(count)

    def begin(number):
        start.wait(60)
        return call(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begin, range(count)))


# What is not there, and what cannot be


def test_a_deletion_says_that_it_succeeded(admin, client, user, site):
    """A client's and a user's DELETE answer with a success, a site's with the site; a revision "0" teaches nothing."""
    name = client.rpartition("/")[2]
    gone = admin.delete(client)
    assert (gone.json(), gone.headers["ETag"]) == ({"_id": name, "_rev": "0", "success": True}, '"0"')
    again = admin.put(client, json=client_of("profile"))
    assert "If-Match" not in again.request.headers

    assert admin.delete(user).json()["success"] == "true"
    before = admin.get(site).json()
    assert admin.delete(site).json() == before


@pytest.mark.parametrize("path", ["client", "user", "site"])
def test_what_is_deleted_is_not_found(admin, path, request):
    """A second DELETE, and a read, are a 404 in CREST's own words."""
    path = request.getfixturevalue(path)
    admin.get(path)
    admin.delete(path)
    for call in (admin.delete, admin.get):
        with pytest.raises(NotFound) as caught:
            call(path)
        assert caught.value.code == 404
        assert caught.value.message


def test_a_patch_of_configuration_is_not_implemented(admin, client):
    """Agents: 501; the write has not happened."""
    with pytest.raises(NotImplementedByServer, match="Patch not supported") as caught:
        admin.patch(client, json=[{"operation": "replace", "field": f"/{SCOPES}", "value": []}])
    assert not maybe_applied(caught.value)


def test_a_patch_of_a_user_is_refused(admin, user):
    """Users: 400, with AM's own words, HTML escapes and all."""
    with pytest.raises(BadRequest, match="cannot be altered by PATCH") as caught:
        admin.patch(user, json=[{"operation": "replace", "field": "/mail", "value": "after@example.org"}])
    assert "&quot;mail&quot;" in caught.value.message
    assert not maybe_applied(caught.value)


@pytest.mark.parametrize("end", ["", "x"], ids=["a user who exists", "one who does not"])
def test_a_put_that_may_create_wants_a_password(admin, user, end):
    """
    A PUT without If-Match is a create first, so AM's answer is 404 "Minimum password length is 8.", user or no user.

    The words tell it from a user who is missing.
    """
    with pytest.raises(NotFound) as caught:
        admin.put(user + end, json={"mail": "after@example.org"})
    assert caught.value.message == "Minimum password length is 8."


def test_a_put_after_a_read_does_not_create(admin, user):
    """What was read goes out under its revision, which makes it an update: no password is asked for."""
    admin.get(user)
    assert admin.put(user, json={"mail": "after@example.org"}).json()["mail"] == ["after@example.org"]


def test_update_that_creates_without_a_password(admin, user):
    """update() takes this 404 for a resource that is gone, tries again, and ends with AM's own words."""
    with pytest.raises(NotFound, match="Minimum password length"):
        admin.update(f"{user}x", lambda user: None, missing={"sn": "x", "cn": "y", "userpassword": "s"}, attempts=2)


def test_a_refused_password_is_not_repeated(admin, user):
    """Neither in words nor in what is left of the exchange."""
    with pytest.raises(NotFound) as caught:
        admin.put(f"{user}x", json={"sn": "x", "cn": "y", "userpassword": "tooSh0"}, headers=NEW)
    assert "tooSh0" not in str(caught.value) + repr(caught.value)
