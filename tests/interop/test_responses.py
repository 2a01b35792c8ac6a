"""`responses` (it stands in for `HTTPAdapter.send`) sees AICSession's requests and answers them."""

import pytest
import responses
from responses.matchers import header_matcher

from aic_requests import AICSession, NotFound, ServiceAccountAuth

from ..keys import ACCOUNT, private_jwk

TENANT = "https://tenant.example"
USER = "/openidm/managed/alpha_user/42"
DOCUMENT = {"_id": "42", "_rev": "7", "userName": "ada"}


@pytest.fixture
def mock():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def session():
    with AICSession(TENANT) as session:
        yield session


def test_read(mock, session):
    """A mocked answer is the session's answer, and the mock sees what the session adds to a request."""
    mock.get(TENANT + USER, json=DOCUMENT)

    assert session.get(USER).json() == DOCUMENT
    assert mock.calls[0].request.headers["X-ForgeRock-TransactionId"]


def test_error(mock, session):
    """A mocked 404 raises NotFound with the words that the mock gave it."""
    mock.get(TENANT + USER, status=404, json={"code": 404, "reason": "Not Found", "message": "No user 42"})

    with pytest.raises(NotFound, match="No user 42") as caught:
        session.get(USER)
    assert caught.value.message == "No user 42"


def test_read_again(mock, session):
    """The second read asks with If-None-Match; a mocked 304 comes back as the 200 that was stored."""
    mock.get(TENANT + USER, json=DOCUMENT, headers={"ETag": '"7"'})
    mock.get(TENANT + USER, status=304, match=[header_matcher({"If-None-Match": '"7"'})])

    first, second = session.get(USER), session.get(USER)

    assert (first.status_code, first.from_cache) == (200, False)
    assert (second.status_code, second.from_cache) == (200, True)
    assert second.json() == DOCUMENT


def test_write(mock, session):
    """A PUT after a GET carries the revision that was read."""
    mock.get(TENANT + USER, json=DOCUMENT, headers={"ETag": '"7"'})
    mock.put(TENANT + USER, json={**DOCUMENT, "_rev": "8"}, match=[header_matcher({"If-Match": '"7"'})])

    session.get(USER)

    assert session.put(USER, json={"userName": "ada"}).json()["_rev"] == "8"


def test_signing_in(mock):
    """The call for a token is mocked like any other, and so is the second attempt after a 401."""
    for token in ("t1", "t2"):
        mock.post(f"{TENANT}/am/oauth2/access_token", json={"access_token": token})
    mock.get(TENANT + USER, status=401)
    mock.get(TENANT + USER, json=DOCUMENT, match=[header_matcher({"Authorization": "Bearer t2"})])

    with AICSession(TENANT, auth=ServiceAccountAuth(ACCOUNT, private_jwk())) as session:
        assert session.get(USER).json() == DOCUMENT
