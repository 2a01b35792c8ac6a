"""The tenant's time, which tests set: nothing here sleeps."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import requests

from aic_requests.testing import CREST, Clock, Fault, ServiceAccount, Tenant

from ..keys import ACCOUNT, private_jwk
from .asking import Asked
from .test_tokens import ask

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_it_runs_until_it_is_set():
    """The machine's time at first; then it stands still, and goes on by what it is told."""
    clock = Clock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    clock.advance(3600)
    assert timedelta(minutes=59) < clock.now() - datetime.now(UTC) < timedelta(minutes=61)
    clock.set(NOON)
    assert (clock.now(), clock.now()) == (NOON, NOON)
    clock.advance(timedelta(seconds=90))
    assert clock.now() == NOON + timedelta(seconds=90)
    clock.advance(-90)
    assert clock.time() == NOON.timestamp()


def test_a_moment_has_a_zone():
    """Any zone; without one it could be any moment."""
    clock = Clock()
    clock.set(datetime(2026, 11, 24, 14, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == NOON
    with pytest.raises(ValueError, match="has no zone"):
        clock.set(NOON.replace(tzinfo=None))


def test_answers_are_dated_by_it():
    """Over both doors, refusals and faults too."""
    with Tenant(CREST) as tenant, requests.Session() as session:
        tenant.clock.set(NOON)
        session.mount("https://", tenant.adapter())
        tenant.faults.append(Fault(path="/groups/*", status=503, times=2))
        for door in (tenant.url, "https://tenant.example.com"):
            for path in ("/users/none", "/groups/x", "/users?_queryFilter=true"):
                response = session.get(door + path, timeout=5)
                assert response.headers["Date"] == "Tue, 24 Nov 2026 12:00:00 GMT"


def test_tokens_end_by_it():
    """At the end of their life and not before; a new one is given at once."""
    with Tenant(service_accounts=[ServiceAccount(ACCOUNT, private_jwk("k1"))], token_life=600) as tenant:
        bearer = {"Authorization": f"Bearer {ask(tenant).json()['access_token']}"}
        tenant.clock.advance(590)
        assert Asked(tenant, "GET", "/openidm/info/login", **bearer).status == 200
        tenant.clock.advance(11)
        assert Asked(tenant, "GET", "/openidm/info/login", **bearer).status == 401
        bearer = {"Authorization": f"Bearer {ask(tenant).json()['access_token']}"}
        assert Asked(tenant, "GET", "/openidm/info/login", **bearer).status == 200


def test_a_date_to_wait_for():
    """``retry_after`` may be a moment."""
    tenant = Tenant(CREST)
    tenant.clock.set(NOON)
    tenant.faults.append(Fault(status=503, retry_after=tenant.clock.now() + timedelta(seconds=90)))
    assert Asked(tenant, "GET", "/users/u").headers["retry-after"] == "Tue, 24 Nov 2026 12:01:30 GMT"
