"""What AIC has and its open kin have not: as recorded of it, and as frodo-lib, which knows nothing else, expects."""

import pytest
import requests

from aic_requests.testing import Tenant

USER = "/openidm/managed/alpha_user/42"
SERVICES = "/am/json/realms/root/realms/alpha/realm-config/services"


@pytest.fixture
def tenant():
    with Tenant(tokens={"t": "bob"}) as one:
        yield one


@pytest.fixture
def ask(tenant):
    """A function that asks the tenant, with a token."""

    def asking(method, path, headers=None, **options):
        headers = {"Authorization": "Bearer t"} | (headers or {})
        return requests.request(method, tenant.url + path, headers=headers, timeout=5, **options)

    return asking


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/am/json/serverinfo/*", 200),
        ("GET", "/am/json/serverinfo/version", 200),
        ("PUT", "/am/json/serverinfo/*", 401),
        ("GET", "/am/json/global-config/realms/L2FscGhh", 401),
    ],
)
def test_what_is_asked_before_signing_in(tenant, method, path, status):
    """AM tells the name of its cookie to who has no token; nobody may change it, and nothing else is told."""
    assert requests.request(method, tenant.url + path, json={}, timeout=5).status_code == status


def test_a_tenant_has_two_realms(ask):
    """They are there from the start."""
    realms = ask("GET", "/am/json/global-config/realms?_queryFilter=true").json()["result"]
    assert [realm["name"] for realm in realms] == ["alpha", "bravo"]


def test_an_asterisk_is_every_field(tenant, ask):
    """``_fields=*`` shows the whole document, as OpenIDM does."""
    tenant.collection("/openidm/managed/alpha_user").write("42", {"userName": "bob", "mail": "b@example.com"})
    assert ask("GET", f"{USER}?_fields=*").json() == ask("GET", USER).json()


def test_all_that_is_below(tenant, ask):
    """``nextdescendents`` tells of the configuration at a place and below it, and of nothing beside it."""
    tenant.collection(f"{SERVICES}/SocialIdentityProviders/oidc").write("google", {"enabled": True})
    tenant.collection(f"{SERVICES}Other").write("x", {})
    for place, ids in (
        (SERVICES, ["google"]),
        (f"{SERVICES}/SocialIdentityProviders", ["google"]),
        (f"{SERVICES}/y", []),
    ):
        below = ask("POST", f"{place}?_action=nextdescendents", json={}).json()["result"]
        assert [one["_id"] for one in below] == ids
