"""What a tenant holds at first, and what a file may be that says so."""

import json

import pytest

from aic_requests.testing import AIC, CREST, OPENIDM, Tenant, sample

from .asking import Asked

USERS, ROLES = "/openidm/managed/alpha_user", "/openidm/managed/alpha_role"
ADMIN = {"_ref": "managed/alpha_role/admin"}


@pytest.fixture
def file(tmp_path):
    """Write a file of that content; its path."""

    def write(content):
        path = tmp_path / "seed.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    return write


def test_from_a_file(file):
    """Of the form that ``documents`` has; several add up, and what comes again is replaced."""
    path = file({USERS: [{"_id": "42", "userName": "bob"}], "/environment/variables": [{"_id": "esv-a"}]})
    tenant = Tenant(AIC, load=[path], documents={USERS: [{"_id": "1", "userName": "ann"}]})
    assert tenant.collection(USERS).ids() == ["1", "42"]
    assert tenant.collection("/environment/variables").ids() == ["esv-a"]
    assert (
        Tenant(AIC, load=path).collection(USERS).ids() == Tenant(AIC, load=str(path)).collection(USERS).ids() == ["42"]
    )
    tenant.load(file({USERS: [{"_id": "1", "userName": "eve"}]}))
    assert tenant.collection(USERS).read("1")["userName"] == "eve"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"/users": [\n  {"_id": "1",}\n]}', r"seed\.json, line 2, column 1[45]: "),
        ("", r"seed\.json, line 1, column 1: "),
        ("[" * 100_000, r"seed\.json: "),
        ('["/users"]', r"seed\.json: it holds a list, not an object of lists by path"),
        ('{"/users": {"1": {}}}', r"seed\.json, /users: it holds an object, not a list of documents"),
        ('{"/users": [{"_id": "1"}, null]}', r"seed\.json, /users\[1\]: it is null, not a document"),
        ('{"/users": [{"n": 1}]}', r"seed\.json, /users\[0\]: it has no _id that is a text"),
        ('{"/users": [{"_id": 7}]}', r"seed\.json, /users\[0\]: it has no _id that is a text"),
        ('{"/users": [{"_id": ""}]}', r"seed\.json, /users\[0\]: it has no _id that is a text"),
        ('{"/users": [{"_id": "1"}, {"_id": "1"}]}', r"seed\.json, /users\[1\]: another before it has the _id '1'"),
        ('{"/users": [], "/users": []}', r"seed\.json: the name '/users' is there twice"),
    ],
)
def test_a_file_that_is_none(file, content, said):
    """The message names the file and the place in it; nothing is loaded."""
    tenant = Tenant(CREST)
    with pytest.raises(ValueError, match=said):
        tenant.load(file(content))
    assert tenant.collection("/users").ids() == []


def test_a_place_that_is_none(file, tmp_path):
    """A KeyError names file and place, an OSError the file."""
    with pytest.raises(KeyError, match=r"seed\.json, /openidm/users\[0\]: no collection at /openidm/users"):
        Tenant(CREST, load=[file({"/users": [{"_id": "1"}], "/openidm/users": [{"_id": "1"}]})])
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        Tenant(CREST, load=[tmp_path / "none.json"])


@pytest.mark.parametrize("first", [USERS, ROLES])
def test_documents_refer_to_each_other(first):
    """In any order, and both sides show it; what is there at first has its first revision."""
    documents = {USERS: [{"_id": "42", "userName": "bob", "roles": [ADMIN]}], ROLES: [{"_id": "admin", "name": "x"}]}
    tenant = Tenant(
        AIC, documents={path: documents[path] for path in sorted(documents, key=lambda path: path != first)}
    )
    assert "roles" not in Asked(tenant, "GET", f"{USERS}/42").json
    [role] = Asked(tenant, "GET", f"{USERS}/42?_fields=roles/name").json["roles"]
    assert (role["_ref"], role["name"]) == ("managed/alpha_role/admin", "x")
    assert (role["_refResourceCollection"], role["_refResourceId"]) == ("managed/alpha_role", "admin")
    members = Asked(tenant, "GET", f"{ROLES}/admin/members?_queryFilter=true").json["result"]
    assert [one["_ref"] for one in members] == ["managed/alpha_user/42"]
    assert Asked(tenant, "DELETE", f"{ROLES}/admin").status == 409


def test_a_first_revision_whatever_it_refers_to():
    """And what others show of it, such as OpenIDM's effective roles."""
    user = {"userName": "bob", "sn": "x", "mail": "b@x", "givenName": "b", "roles": [{"_ref": "managed/role/r"}]}
    documents = {"/openidm/managed/user": [{"_id": "42", **user}], "/openidm/managed/role": [{"_id": "r"}]}
    read = Tenant(sample(OPENIDM), documents=documents).collection("/openidm/managed/user").read("42")
    assert (read["_rev"], len(read["effectiveRoles"])) == ("0", 1)


def test_a_reference_to_nothing():
    """It says which document has it."""
    with pytest.raises(ValueError, match=r"alpha_user'\]\[0\]: The referenced relationship 'managed/alpha_role/admin'"):
        Tenant(AIC, documents={USERS: [{"_id": "42", "userName": "bob", "roles": [ADMIN]}]})


def test_somebody_else_grants_a_role():
    """Writing behind the client's back makes references, too, and deleting takes them away."""
    tenant = Tenant(AIC, documents={USERS: [{"_id": "42", "userName": "bob"}], ROLES: [{"_id": "admin"}]})
    former = Asked(tenant, "GET", f"{USERS}/42").tag
    tenant.collection(USERS).write("42", {"userName": "bob", "roles": [ADMIN]})
    read = Asked(tenant, "GET", f"{USERS}/42?_fields=roles")
    assert (len(read.json["roles"]), read.tag != former) == (1, True)
    tenant.collection(ROLES).delete("admin")
    assert Asked(tenant, "GET", f"{USERS}/42?_fields=roles").json["roles"] == []
    with pytest.raises(ValueError, match="does not exist"):
        tenant.collection(USERS).write("42", {"userName": "bob", "roles": [ADMIN]})
