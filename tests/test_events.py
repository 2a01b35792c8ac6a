"""What a session does by itself is one line in the log, for people and for programs."""

import json
import logging

import pytest

from aic_requests import AICSession, AmbiguousWrite, PreconditionFailed, ServiceAccountAuth, SQLiteStore
from aic_requests.testing import OPENIDM, Fault, ServiceAccount, Tenant

from .keys import ACCOUNT, private_jwk

USERS = "/openidm/managed/user"
BOB = f"{USERS}/42"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr("aic_requests.retries.pause_before", lambda retry: 0.0)


@pytest.fixture
def tenant():
    with Tenant(OPENIDM, documents={USERS: [{"_id": "42", "userName": "bob", "logins": 0}]}) as tenant:
        yield tenant


@pytest.fixture
def session(tenant):
    """With a secret in every place where one may stand."""
    session = AICSession(tenant.url, auth=("s3cr3t-name", "s3cr3t-password"))
    session.headers.update({"X-OpenIDM-NoSession": "true", "Cookie": "session=s3cr3t"})
    return session


@pytest.fixture
def lines(caplog):
    """What was logged, as (level, line, fields): a function. Nothing of it may hold a secret."""
    caplog.set_level(logging.DEBUG, "aic_requests")

    def logged():
        ours = [record for record in caplog.records if record.name == "aic_requests"]
        assert "s3cr3t" not in json.dumps([record.__dict__ for record in ours], default=str)
        return [(record.levelname, record.getMessage(), record.aic) for record in ours]

    return logged


def count(document):
    return document | {"logins": document["logins"] + 1, "password": "s3cr3t"}


def test_a_retry(tenant, session, lines):
    """Method, path without its query, why, how long."""
    tenant.faults.append(Fault("GET", status=503))
    session.get(BOB, params={"_fields": "s3cr3t"})
    [(level, line, fields)] = lines()
    assert (level, line) == ("INFO", f"retry 1: GET {BOB} answered 503, waiting {fields['wait']:.2f} s")
    assert fields == {
        **{"event": "retry", "attempt": 1, "method": "GET", "path": BOB, "why": "answered 503"},
        "wait": fields["wait"],
    }


def test_a_lost_answer_that_is_settled(tenant, session, lines):
    """That update reads back; nothing else, where that tells."""
    tenant.faults.append(Fault("PUT", connection="drop"))
    session.update(BOB, count, params={"x": "s3cr3t"})
    [(level, line, fields)] = lines()
    assert (level, line) == ("INFO", f"the answer to PUT {BOB} is lost (ConnectionError): reading back")
    assert fields == {
        **{"event": "lost answer", "path": BOB, "attempt": 1, "why": "ConnectionError"},
        "transaction_id": None,
    }


def test_an_ambiguous_write(tenant, session, lines):
    """A warning: somebody should look. The transaction id is what the server's logs know."""
    tenant.faults.append(Fault("PUT", status=502, commit=True, headers=(("X-ForgeRock-TransactionId", "t-1"),)))
    with pytest.raises(AmbiguousWrite):
        session.update(BOB, count)
    lost, (level, line, fields) = lines()
    assert (lost[2]["event"], lost[2]["why"]) == ("lost answer", "answered 502")
    assert (level, line) == ("WARNING", f"whether PUT {BOB} was carried out is unknown (answered 502)")
    assert (fields["event"], fields["transaction_id"]) == ("ambiguous write", "t-1")


def test_a_conflict(tenant, session, lines):
    """Whoever meets it: the condition that did not hold, and the transaction; update goes on by itself."""
    tenant.faults.append(Fault("PUT", meanwhile={BOB: {"userName": "bob", "logins": 7}}, times=2))
    session.get(BOB)
    with pytest.raises(PreconditionFailed) as caught:
        session.put(BOB, json={"userName": "bob"}, params={"x": "s3cr3t"})
    assert session.update(BOB, count)["logins"] == 8
    one, other = lines()
    sent = caught.value.sent["If-Match"]
    assert one[:2] == ("INFO", f"PUT {BOB}: If-Match: {sent} does not hold")
    assert one[2] == {
        **{"event": "conflict", "method": "PUT", "path": BOB, "sent": f"If-Match: {sent}"},
        "transaction_id": caught.value.transaction_id,
    }
    assert other[2]["event"] == "conflict"


@pytest.mark.parametrize("named", ["t-of-the-server", "s3cr3t-password"])
def test_the_transaction_of_a_conflict(tenant, session, lines, named):
    """The exception and the log name the same: the server's own, where it has one; never what was secret."""
    tenant.faults.append(Fault("PUT", status=412, headers={"X-ForgeRock-TransactionId": named}, body={"code": 412}))
    with pytest.raises(PreconditionFailed) as caught:
        session.put(BOB, json={"userName": "bob"})
    [(_, _, fields)] = lines()
    assert fields["transaction_id"] == caught.value.transaction_id == named.replace("s3cr3t-password", "***")


def test_a_store_that_fails(tenant, tmp_path, lines):
    """A warning, once: reads go on without it."""
    store = SQLiteStore(tmp_path)
    session = AICSession(tenant.url, store=store)
    for _ in range(2):
        assert session.get(BOB).status_code == 200
    [(level, line, fields)] = lines()
    assert level == "WARNING"
    assert line.startswith(f"SQLiteStore {tmp_path} is ")
    assert (fields["event"], fields["store"]) == ("store failure", f"SQLiteStore {tmp_path}")


def test_a_refresh(lines):
    """Whose token, and for how long."""
    key = private_jwk()
    with Tenant(service_accounts=[ServiceAccount(ACCOUNT, key)]) as tenant:
        AICSession(tenant.url, auth=ServiceAccountAuth(ACCOUNT, key)).get("/openidm/info/login")
    [(level, _, fields)] = lines()
    assert (level, fields) == ("INFO", {"event": "refresh", "account": ACCOUNT, "life": 899.0})


def test_nothing_where_nobody_listens(tenant, session, capfd):
    """A program that has not set up logging sees no line of an event that was settled."""
    tenant.faults.append(Fault("GET", status=503))
    session.get(BOB)
    assert capfd.readouterr() == ("", "")
