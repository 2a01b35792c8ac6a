"""`requests-mock` (it replaces `Session.get_adapter`, or is mounted) sees AICSession's requests and answers them."""

import pytest
import requests_mock

from aic_requests import AICSession, NotFound, ServiceAccountAuth

from ..keys import ACCOUNT, private_jwk

TENANT = "https://tenant.example"
USER = "/openidm/managed/alpha_user/42"
DOCUMENT = {"_id": "42", "_rev": "7", "userName": "ada"}


@pytest.fixture
def mock():
    with requests_mock.Mocker() as mock:
        yield mock


@pytest.fixture
def session():
    with AICSession(TENANT) as session:
        yield session


def test_read(mock, session):
    """A mocked answer is the session's answer, and the mock sees what the session adds to a request."""
    mock.get(TENANT + USER, json=DOCUMENT)

    assert session.get(USER).json() == DOCUMENT
    assert mock.last_request.headers["X-ForgeRock-TransactionId"]


def test_error(mock, session):
    """A mocked 404 raises NotFound with the words that the mock gave it."""
    mock.get(TENANT + USER, status_code=404, json={"code": 404, "reason": "Not Found", "message": "No user 42"})

    with pytest.raises(NotFound, match="No user 42") as caught:
        session.get(USER)
    assert caught.value.message == "No user 42"


def test_read_again(mock, session):
    """The second read asks with If-None-Match; a mocked 304 comes back as the 200 that was stored."""
    mock.get(TENANT + USER, [{"json": DOCUMENT, "headers": {"ETag": '"7"'}}, {"status_code": 304}])

    first, second = session.get(USER), session.get(USER)

    assert mock.last_request.headers["If-None-Match"] == '"7"'
    assert (first.status_code, first.from_cache) == (200, False)
    assert (second.status_code, second.from_cache) == (200, True)
    assert second.json() == DOCUMENT


def test_write(mock, session):
    """A PUT after a GET carries the revision that was read."""
    mock.get(TENANT + USER, json=DOCUMENT, headers={"ETag": '"7"'})
    mock.put(TENANT + USER, json={**DOCUMENT, "_rev": "8"})

    session.get(USER)

    assert session.put(USER, json={"userName": "ada"}).json()["_rev"] == "8"
    assert mock.last_request.headers["If-Match"] == '"7"'


def test_mounted():
    """The mock's adapter, mounted by the user, takes the place of the session's own."""
    adapter = requests_mock.Adapter()
    adapter.register_uri("GET", TENANT + USER, json=DOCUMENT)

    with AICSession(TENANT) as session:
        session.mount(TENANT, adapter)
        assert session.get(USER).json() == DOCUMENT


def test_signing_in(mock):
    """The call for a token is mocked like any other, and so is the second attempt after a 401."""
    calls = mock.post(f"{TENANT}/am/oauth2/access_token", [{"json": {"access_token": token}} for token in ("t1", "t2")])
    mock.get(TENANT + USER, [{"status_code": 401}, {"json": DOCUMENT}])

    with AICSession(TENANT, auth=ServiceAccountAuth(ACCOUNT, private_jwk())) as session:
        assert session.get(USER).json() == DOCUMENT
    assert calls.call_count == 2
    assert mock.last_request.headers["Authorization"] == "Bearer t2"
