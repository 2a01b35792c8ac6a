"""frodo-lib against the tenant: what arrives there, and what frodo makes of the answers."""

import jwt
import pytest

from aic_requests import AICSession, PreconditionFailed
from aic_requests.testing import Fault, Tenant

from .frodo import Refused, account, frodo

USERS = "/openidm/managed/alpha_user"
CLIENTS = "/am/json/realms/root/realms/alpha/realm-config/agents/OAuth2Client"
SCRIPTS = "/am/json/realms/root/realms/alpha/scripts"
TREES = "/am/json/realms/root/realms/alpha/realm-config/authentication/authenticationtrees/trees"


@pytest.fixture
def tenant():
    with Tenant(service_accounts=[account()]) as one:
        yield one


def asked(tenant, path):
    """What was asked of a path and below it: method, status and what decided."""
    return [(one.method, one.status) for one in tenant.requests if one.path.startswith(path)]


def test_it_signs_in(tenant):
    """It asks for AM's cookie first, then gets a token for an assertion that names no key; every request has it."""
    assert frodo(tenant, ["idm.managed.readManagedObject", "alpha_user", "nobody", ["*"]]) == [Refused(404)]
    first, grant, *rest = tenant.requests
    assert (first.path, first.status) == ("/am/json/serverinfo/*", 200)
    assert "Authorization" not in first.headers
    assert (grant.path, grant.status) == ("/am/oauth2/access_token", 200)
    [assertion] = [part for part in grant.body.decode().split("&") if part.startswith("assertion=")]
    assert jwt.get_unverified_header(assertion.partition("=")[2]) == {"alg": "RS256"}
    assert all("Authorization" in one.headers and one.status != 401 for one in rest)


def test_managed_objects(tenant):
    """Created under If-None-Match, once; read with all fields; written, patched, found, deleted and gone."""
    told = frodo(
        tenant,
        ["idm.managed.createManagedObject", "alpha_user", {"userName": "bob", "mail": "b@example.com"}, "42"],
        ["idm.managed.createManagedObject", "alpha_user", {"userName": "eve"}, "42"],
        ["idm.managed.createManagedObject", "alpha_user", {"mail": "e@example.com"}, "43"],
        ["idm.managed.readManagedObject", "alpha_user", "42", ["*"]],
        ["idm.managed.updateManagedObject", "alpha_user", "42", {"userName": "bob", "mail": "c@example.com"}],
        [
            "idm.managed.updateManagedObjectProperties",
            "alpha_user",
            "42",
            [{"operation": "replace", "field": "/mail", "value": "d@example.com"}],
        ],
        ["idm.managed.resolveUserName", "alpha_user", "42"],
        ["idm.managed.deleteManagedObject", "alpha_user", "42"],
        ["idm.managed.readManagedObject", "alpha_user", "42", ["*"]],
    )
    created, taken, unfit, read, written, patched, name, deleted, gone = told
    assert created == read == {"_id": "42", "_rev": created["_rev"], "userName": "bob", "mail": "b@example.com"}
    assert (taken, unfit, gone) == (Refused(412), Refused(403), Refused(404))
    assert [one["mail"] for one in (written, patched, deleted)] == ["c@example.com", "d@example.com", "d@example.com"]
    assert name == "bob"
    assert [one[0] for one in asked(tenant, f"{USERS}/42")] == [
        *("PUT", "PUT", "GET", "PUT", "PATCH", "GET", "DELETE", "GET"),
    ]
    assert tenant.collection(USERS).ids() == []


def test_it_follows_the_pages(tenant):
    """By the cookie, to the last row."""
    users = tenant.collection(USERS)
    for number in range(7):
        users.write(f"u{number}", {"userName": f"user {number}"})
    [rows] = frodo(tenant, ["idm.managed.queryManagedObjects", "alpha_user", 'userName sw "user"', ["userName"], 3])
    assert [row["userName"] for row in rows] == [f"user {number}" for number in range(7)]
    assert asked(tenant, USERS) == [("GET", 200)] * 3


def test_configuration_of_idm(tenant):
    """Ids with slashes in them, and a filter in single quotes."""
    told = frodo(
        tenant,
        ["idm.config.createConfigEntity", "endpoint/x", {"_id": "endpoint/x", "source": "1"}],
        ["idm.config.createConfigEntity", "endpoint/x", {"_id": "endpoint/x", "source": "1"}],
        ["email.template.createEmailTemplate", "welcome", {"subject": {"en": "Hello"}}],
        ["email.template.readEmailTemplates"],
        ["idm.config.updateConfigEntity", "endpoint/x", {"_id": "endpoint/x", "source": "2"}],
        ["idm.config.readConfigEntity", "endpoint/x"],
        ["idm.config.deleteConfigEntity", "emailTemplate/welcome"],
    )
    assert told[0] == {"_id": "endpoint/x", "source": "1"}
    assert isinstance(told[1], Refused)
    assert [row["_id"] for row in told[3]] == ["emailTemplate/welcome"]
    assert told[5] == {"_id": "endpoint/x", "source": "2"}
    assert tenant.collection("/openidm/config").ids() == ["endpoint/x"]


def test_variables_and_secrets(tenant):
    """The service of ESVs, which it speaks to in protocol 1.0: PUT creates, a bare GET lists, no secret comes back."""
    told = frodo(
        tenant,
        ["cloud.variable.createVariable", "esv-color", "blue", "a colour"],
        ["cloud.variable.createVariable", "esv-color", "red", "a colour"],
        ["cloud.variable.updateVariable", "esv-color", "green", "a colour"],
        ["cloud.variable.updateVariableDescription", "esv-color", "of the sea"],
        ["cloud.variable.readVariables"],
        ["cloud.secret.createSecret", "esv-pass", "s3cret", "a secret"],
        ["cloud.secret.createVersionOfSecret", "esv-pass", "m0re"],
        ["cloud.secret.readSecrets"],
        ["cloud.secret.deleteSecret", "esv-pass"],
        ["cloud.variable.deleteVariable", "esv-color"],
        ["cloud.variable.readVariable", "esv-color"],
    )
    assert told[0]["_id"] == "esv-color"
    assert isinstance(told[1], Refused)
    [variable] = told[4]
    assert (variable["value"], variable["description"]) == ("green", "of the sea")
    assert [row["_id"] for row in told[7]] == ["esv-pass"]
    assert "valueBase64" not in str(told[5:8])
    assert told[-1] == Refused(404)
    assert [status for _, status in asked(tenant, "/environment/secrets")] == [200] * 5
    assert tenant.collection("/environment/variables").ids() == tenant.collection("/environment/secrets").ids() == []


def test_configuration_of_am(tenant):
    """OAuth 2.0 clients, scripts, journeys and realms."""
    script = {
        **{"_id": "5e85ba9c-5d0b-4b7c-9c85-1e6bd2a50a55", "name": "hello", "language": "JAVASCRIPT"},
        **{"context": "AUTHENTICATION_TREE_DECISION_NODE", "script": "b3V0Y29tZSA9ICJ0cnVlIjs="},
    }
    told = frodo(
        tenant,
        ["oauth2oidc.client.createOAuth2Client", "c1", {"coreOAuth2ClientConfig": {"scopes": ["a"]}}],
        ["oauth2oidc.client.createOAuth2Client", "c1", {"coreOAuth2ClientConfig": {"scopes": ["a"]}}],
        ["oauth2oidc.client.updateOAuth2Client", "c1", {"coreOAuth2ClientConfig": {"scopes": ["b"]}}],
        ["oauth2oidc.client.readOAuth2Clients"],
        ["script.createScript", script["_id"], "hello", script],
        ["script.readScriptByName", "hello"],
        ["authn.journey.createJourney", "Login", {"tree": {"_id": "Login", "nodes": {}, "enabled": True}}],
        ["authn.journey.disableJourney", "Login"],
        ["authn.journey.readJourneys"],
        ["realm.readRealmByName", "bravo"],
        ["service.getListOfServices"],
        ["authz.policySet.readPolicySets"],
        ["script.deleteScript", script["_id"]],
    )
    assert told[0]["coreOAuth2ClientConfig"] == {"scopes": ["a"]}
    assert isinstance(told[1], Refused)
    assert [row["coreOAuth2ClientConfig"]["scopes"] for row in told[3]] == [["b"]]
    assert told[5]["_id"] == script["_id"]
    assert told[9]["name"] == "bravo"
    assert (told[10], told[11]) == ([], [])
    assert tenant.collection(CLIENTS).read("c1")["coreOAuth2ClientConfig"] == {"scopes": ["b"]}
    assert tenant.collection(SCRIPTS).ids() == []
    assert tenant.collection(TREES).ids() == ["Login"]


def test_what_it_exports_it_imports_elsewhere(tenant):
    """Clients of one tenant arrive in another as they are, under the same revision: a hash of the same content."""
    for name in ("c1", "c2"):
        tenant.collection(CLIENTS).write(name, {"coreOAuth2ClientConfig": {"scopes": [name]}})
    options = {"useStringArrays": True, "deps": False}
    [exported] = frodo(tenant, ["oauth2oidc.client.exportOAuth2Clients", options])
    with Tenant(service_accounts=[account()]) as other:
        frodo(other, ["oauth2oidc.client.importOAuth2Clients", exported, {"deps": False}])
        for name in ("c1", "c2"):
            assert other.collection(CLIENTS).read(name) == tenant.collection(CLIENTS).read(name)


def test_faults_reach_it(tenant):
    """It tells its caller the status that was ordered."""
    tenant.collection(USERS).write("42", {"userName": "bob"})
    tenant.faults.append(Fault("GET", f"{USERS}/*", status=503, body=b'{"code":503,"message":"busy"}'))
    tenant.faults.append(Fault("DELETE", f"{USERS}/*", status=403, body=b"{}"))
    read, delete, again = frodo(
        tenant,
        ["idm.managed.readManagedObject", "alpha_user", "42", ["*"]],
        ["idm.managed.deleteManagedObject", "alpha_user", "42"],
        ["idm.managed.readManagedObject", "alpha_user", "42", ["*"]],
    )
    assert (read, delete) == (Refused(503), Refused(403))
    assert again["userName"] == "bob"


def test_it_and_a_session_of_ours(tenant):
    """What it writes unguarded in between, a session of ours notices, and does not overwrite."""
    tenant.collection(USERS).write("42", {"userName": "bob", "mail": "b@example.com"})
    session = AICSession(tenant.url)
    session.headers["Authorization"] = f"Bearer {token(tenant)}"
    bob = session.get(f"{USERS}/42").json()
    frodo(tenant, ["idm.managed.updateManagedObject", "alpha_user", "42", {"userName": "bob", "mail": "c@example.com"}])
    with pytest.raises(PreconditionFailed) as refused:
        session.put(f"{USERS}/42", json=bob | {"sn": "Baker"})
    assert refused.value.cause_of_failure == "stale"
    session.update(f"{USERS}/42", lambda user: user | {"sn": "Baker"})
    now = tenant.collection(USERS).read("42")
    assert (now["mail"], now["sn"]) == ("c@example.com", "Baker")


def token(tenant):
    """One that frodo was given."""
    [told] = frodo(tenant, ["login.getTokens"])
    return told["bearerToken"]["access_token"]
