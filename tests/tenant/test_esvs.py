"""Environment secrets and variables, as 168 exchanges with AIC were recorded."""

from datetime import UTC, datetime

import pytest

from aic_requests.testing import AIC, CREST, Tenant

from .asking import Asked

VARIABLE = "/environment/variables/esv-age"
SECRET = "/environment/secrets/esv-pi"
MADE = {"valueBase64": "MzA=", "expressionType": "int", "description": "Neo's age"}


@pytest.fixture
def tenant():
    one = Tenant(AIC)
    one.clock.set(datetime(2026, 11, 24, 12, tzinfo=UTC))
    return one


def test_a_variable(tenant):
    """200 to a create, with what the server adds; no ETag, no ``_rev``, no Cache-Control."""
    made = Asked(tenant, "PUT", VARIABLE, MADE)
    assert (made.status, made.tag) == (200, None)
    assert made.json == {
        "_id": "esv-age",
        **MADE,
        "lastChangeDate": "2026-11-24T12:00:00.000000Z",
        "lastChangedBy": "anonymous",
        "loaded": False,
    }
    assert "cache-control" not in made.headers
    assert Asked(tenant, "GET", VARIABLE).json == made.json
    assert Asked(tenant, "DELETE", VARIABLE).json == made.json
    gone = Asked(tenant, "GET", VARIABLE)
    assert (gone.status, gone.json) == (404, {"code": 404, "message": "The variable does not exist"})


def test_preconditions_are_not_looked_at(tenant):
    """There is nothing to compare with."""
    Asked(tenant, "PUT", VARIABLE, MADE)
    assert Asked(tenant, "GET", VARIABLE, If_None_Match='"1"').status == 200
    assert Asked(tenant, "PUT", VARIABLE, {"valueBase64": "MzE="}, If_Match='"stale"').status == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        (VARIABLE, {"valueBase64": "MzA="}, 400, (400, "Variable type required; expressionType cannot be empty")),
        (VARIABLE, {**MADE, "expressionType": "x"}, 422, (606, "expressionType in body should be one of")),
        (SECRET, {"encoding": "x"}, 422, (606, "encoding in body should be one of [generic pem base64hmac]")),
        (VARIABLE, b"{", 400, (400, "parsing body failed")),
        (VARIABLE, [], 400, (400, "parsing body failed")),
    ],
)
def test_what_is_not_taken(tenant, path, body, status, said):
    """Code and message, no reason; the code of a 422 is the service's own."""
    refused = Asked(tenant, "PUT", path, body)
    assert (refused.status, refused.json["code"]) == (status, said[0])
    assert refused.json["message"].startswith(said[1])
    assert sorted(refused.json) == ["code", "message"]


def test_a_description(tenant):
    """Set by an action that answers nothing."""
    Asked(tenant, "PUT", VARIABLE, MADE)
    done = Asked(tenant, "POST", f"{VARIABLE}?_action=setDescription", {"description": "new"})
    assert (done.status, done.content) == (200, b"")
    assert Asked(tenant, "GET", VARIABLE).json["description"] == "new"


@pytest.mark.parametrize("kind", ["variables", "secrets"])
def test_lists(tenant, kind):
    """All without being asked, in an envelope; 100 a page at most."""
    documents = [{"_id": f"esv-{number:03}", "expressionType": "int"} for number in range(150)]
    tenant = Tenant(AIC, documents={f"/environment/{kind}": documents})
    whole = Asked(tenant, "GET", f"/environment/{kind}").json
    assert (whole["resultCount"], whole["pagedResultsCookie"], whole["totalPagedResults"]) == (150, None, -1)
    page = Asked(tenant, "GET", f"/environment/{kind}?_queryFilter=true&_pageSize=100").json
    assert (page["resultCount"], page["pagedResultsCookie"] is None) == (100, False)
    refused = Asked(tenant, "GET", f"/environment/{kind}?_queryFilter=true&_pageSize=101")
    assert (refused.status, sorted(refused.json)) == (400, ["code", "message"])


def test_a_secret_and_its_versions(tenant):
    """Created once, then it gets versions, newest first; a value goes in and never comes out."""
    made = Asked(tenant, "PUT", SECRET, {"valueBase64": "aHVzaA==", "encoding": "generic", "useInPlaceholders": True})
    assert (made.status, made.json["activeVersion"]) == (200, "1")
    again = Asked(tenant, "PUT", SECRET, {"valueBase64": "aHVzaA=="})
    assert (again.status, again.json["message"]) == (400, "Failed to create secret, the secret already exists")
    second = Asked(tenant, "POST", f"{SECRET}/versions?_action=create", {"valueBase64": "aHVzaDI="}).json
    assert second == {
        "version": "2",
        "status": "ENABLED",
        "loaded": False,
        "createDate": "2026-11-24T12:00:00.000000Z",
    }
    assert Asked(tenant, "GET", SECRET).json["activeVersion"] == "2"
    changed = Asked(tenant, "POST", f"{SECRET}/versions/1?_action=changestatus", {"status": "DISABLED"})
    assert changed.json["status"] == "DISABLED"
    assert Asked(tenant, "DELETE", f"{SECRET}/versions/1").json["status"] == "DESTROYED"
    shown = Asked(tenant, "GET", f"{SECRET}/versions")
    assert [row["version"] for row in shown.json] == ["2", "1"]
    for path in (SECRET, f"{SECRET}/versions", f"{SECRET}/versions/2", "/environment/secrets"):
        assert b"aHVzaD" not in Asked(tenant, "GET", path).content
    assert tenant.collection(f"{SECRET}/versions").read("2")["valueBase64"] == "aHVzaDI="


def test_no_such_secret(tenant):
    """The texts that scripts look at."""
    missing = "The secret does not exist or does not have a version"
    assert Asked(tenant, "GET", SECRET).json == {"code": 404, "message": missing}
    body = {"valueBase64": "aA=="}
    refused = Asked(tenant, "POST", f"{SECRET}/versions?_action=create", body)
    assert refused.json == {"code": 404, "message": "Failed to create secret version"}
    assert Asked(tenant, "POST", f"{SECRET}/versions/2?_action=changestatus", {}).json["message"] == missing


def test_a_restart_loads(tenant):
    """What was changed is not loaded before."""
    Asked(tenant, "PUT", VARIABLE, MADE)
    Asked(tenant, "PUT", SECRET, {"valueBase64": "aA=="})
    assert Asked(tenant, "GET", "/environment/count").json == {"secrets": 1, "variables": 1}
    assert Asked(tenant, "GET", "/environment/startup").json == {"restartStatus": "ready"}
    assert Asked(tenant, "GET", VARIABLE).json["loaded"] is False
    assert Asked(tenant, "POST", "/environment/startup?_action=restart").json == {"restartStatus": "restarting"}
    assert Asked(tenant, "GET", VARIABLE).json["loaded"] is True
    assert Asked(tenant, "GET", SECRET).json["loadedVersion"] == "1"


def test_only_with_a_token_and_only_on_aic():
    """401 as everywhere; and other servers have nothing there."""
    tenant = Tenant(AIC, tokens={"t": "ann"})
    assert Asked(tenant, "GET", VARIABLE).status == 401
    made = Asked(tenant, "PUT", VARIABLE, MADE, Authorization="Bearer t")
    assert made.json["lastChangedBy"] == "ann"
    assert Asked(Tenant(CREST), "GET", VARIABLE).status == 404
