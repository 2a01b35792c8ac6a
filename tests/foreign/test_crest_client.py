"""CREST's own client, by who made the protocol, against the tenant: what is asked is its, and what answers mean."""

import json
import subprocess
from contextlib import contextmanager

import pytest

from aic_requests.testing import AIC, CREST, OPENIDM, REST2LDAP, Tenant

from .. import crest_server as genuine

STALE = {"code": 412}
GONE = {"code": 404}


@contextmanager
def crest_client(url):
    """A function that does one step, and gives what came of it."""
    command = [*genuine.java(), "CrestClient", f"{url}/"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None

        def step(do, place, **given):
            client.stdin.write(json.dumps({"do": do, "place": place, **given}) + "\n")
            client.stdin.flush()
            return json.loads(client.stdout.readline())

        try:
            yield step
        finally:
            client.kill()


def test_the_genuine_server_tells_it_the_same(crest_server):
    """Step for step: creates, reads, revisions current and stale, patches, actions, pages, refusals."""
    one = {"place": "users", "id": "u1"}
    steps = [
        {"do": "action", "place": "users", "action": "clear"},
        {"do": "create", **one, "content": {"n": 1, "s": "\u00e9"}},
        {"do": "create", **one, "content": {}},
        {"do": "create", "place": "users", "id": "a b", "content": {"n": 2}},  # it cannot read what it has made here
        {"do": "read", **one},
        {"do": "read", "place": "users", "id": "none"},
        {"do": "read", "place": "nowhere", "id": "none"},
        {"do": "update", **one, "content": {"n": 2}, "revision": "0"},
        {"do": "update", **one, "content": {"n": 3}, "revision": "0"},
        {"do": "update", **one, "content": {"n": 4}},
        {"do": "update", "place": "users", "id": "none", "content": {}},
        {"do": "patch", **one, "content": [{"operation": "increment", "field": "/n", "value": 5}], "revision": "2"},
        {"do": "patch", **one, "content": [{"operation": "add", "field": "/m", "value": [1]}], "revision": "2"},
        {"do": "patch", **one, "content": [{"operation": "remove", "field": "/n"}]},
        {"do": "query", "place": "users", "filter": 'n gt 1 and !(s eq "x")'},
        {"do": "query", "place": "users", "filter": "true", "size": 1},
        {"do": "action", "place": "users", "action": "unknown"},
        {"do": "delete", **one, "revision": "0"},
        {"do": "delete", **one, "revision": "4"},
        {"do": "delete", **one},
    ]
    with Tenant(CREST) as tenant, crest_client(tenant.url) as step, crest_client(f"{crest_server}/crest") as really:
        # Other tests have been there before.
        really(**steps[0])
        told = [step(**one) for one in steps]
        real = [really(**one) for one in steps]
    for asked, fake, true in zip(steps, told, real, strict=True):
        if "rows" in true:
            # MemoryBackend's order is that of a hash table; whichever row a page of one has.
            fake, true = shape(fake), shape(true)
        assert fake == true, asked
    assert STALE in told
    assert GONE in told


def shape(page):
    """A page of which the rows may be others."""
    return page | {"rows": len(page["rows"])}


@pytest.mark.parametrize("profile", [AIC, OPENIDM, REST2LDAP], ids=["aic", "openidm", "rest2ldap"])
def test_managed_objects(profile):
    """Each kind of server has revisions of its own, and what it gives is what it takes."""
    place = "openidm/managed/alpha_role" if profile is AIC else "openidm/managed/role"
    one = {"place": place, "id": "r1"}
    with Tenant(profile) as tenant, crest_client(tenant.url) as step:
        made = step("create", **one, content={"name": "a"})
        assert step("read", **one) == made
        assert made["content"]["_rev"] == made["revision"]
        assert step("create", **one, content={"name": "b"}) == STALE
        written = step("update", **one, content={"name": "c"}, revision=made["revision"])
        assert written["revision"] != made["revision"]
        assert step("update", **one, content={"name": "d"}, revision=made["revision"]) == STALE
        assert step("update", place, id="none", content={}, revision=made["revision"]) == GONE
        assert step("delete", **one) == written
        assert tenant.collection(f"/{place}").ids() == []


def test_pages():
    """The cookie that it is given takes it on, and where there is none it is done."""
    place = "openidm/managed/alpha_role"
    documents = [{"_id": f"r{number}", "name": f"role {number}"} for number in range(5)]
    rows, cookie = [], None
    with Tenant(documents={f"/{place}": documents}) as tenant, crest_client(tenant.url) as step:
        for _ in range(3):
            page = step("query", place, filter="true", size=2, cookie=cookie)
            rows += [row["id"] for row in page["rows"]]
            cookie = page["cookie"]
    assert rows == ["r0", "r1", "r2", "r3", "r4"]
    assert cookie is None
