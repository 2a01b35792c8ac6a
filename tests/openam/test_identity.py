"""Whose answer it is: several people of one realm, and one store between them."""

import pytest
import requests

from aic_requests import AICSession, Forbidden, MemoryStore, Unauthorized

from .server import ADMIN, PASSWORD
from .signing_in import SESSION_HEADER, session_of, token_of

INFO = "/json/serverinfo/*"
#: For administrators only. OpenAM's own refusal of one *user* to read another is no use here: once a user has read
#: himself, its cache of identities lets every other one read him too (seen with plain requests as well).
VERSION = "/json/serverinfo/version"


@pytest.fixture(params=["header", "cookie"])
def signed_in(request, openam):
    """Makes sessions that share one store and carry their token in one way or the other."""
    store = MemoryStore()

    def make(token):
        if request.param == "header":
            return session_of(openam, token, store=store)
        session = AICSession(openam.url, store=store)
        session.cookies.set(SESSION_HEADER, token)
        return session

    return make


@pytest.fixture
def new_token(openam, new_user):
    """Makes a user; answers with the path of his entry and his token."""

    def make():
        path = new_user()
        return path, token_of(openam, path.rpartition("/")[2], PASSWORD)

    return make


@pytest.fixture
def chief(openam, signed_in):
    return signed_in(token_of(openam, ADMIN, PASSWORD))


def test_nobody_is_served_what_another_has_read(chief, signed_in, new_token, site):
    """What the administrator has read lies in the store; a user who asks for it gets the server's 403."""
    alice = signed_in(new_token()[1])
    for path in (VERSION, site):
        chief.get(path)
        assert chief.get(path).from_cache
        with pytest.raises(Forbidden) as caught:
            alice.get(path)
        assert "If-None-Match" not in caught.value.request.headers
        assert chief.get(path).from_cache


def test_nobody_at_all_is_served_nothing(openam, chief, signed_in, site):
    """Without a token, with a wrong one, and with one cut short."""
    chief.get(site)
    token = chief.headers.get(SESSION_HEADER) or chief.cookies[SESSION_HEADER]
    for wrong in ("", "x", token[:-1]):
        with pytest.raises(Unauthorized, match="Access Denied"):
            signed_in(wrong).get(site)


def test_what_all_may_read_is_still_read_by_each(signed_in, new_token):
    """One URL, one ETag, two people: the second one's first read goes out without a condition."""
    alice, bob = signed_in(new_token()[1]), signed_in(new_token()[1])
    of_alice, of_bob = alice.get(INFO), bob.get(INFO)
    assert of_alice.headers["ETag"] == of_bob.headers["ETag"]
    assert not of_bob.from_cache
    assert "If-None-Match" not in of_bob.request.headers
    assert alice.get(INFO).from_cache
    assert bob.get(INFO).from_cache


def test_each_keeps_the_entry_as_he_may_see_it(openam, chief, signed_in, new_token):
    """AM's entry of a user differs by reader, tag and fields: everybody is served what he would be told."""
    path, token = new_token()
    tokens = [token, new_token()[1], token_of(openam, ADMIN, PASSWORD)]
    sessions = [signed_in(one) for one in tokens]
    for session in sessions:
        session.get(path)
    kept = [session.get(path) for session in sessions]
    told = [requests.get(openam.url + path, headers={SESSION_HEADER: one}, timeout=60) for one in tokens]
    assert all(answer.from_cache for answer in kept)
    assert [answer.json() for answer in kept] == [answer.json() for answer in told]
    assert len({answer.content for answer in kept}) > 1


def test_one_session_that_changes_hands(chief, signed_in, new_token):
    """The token decides, not the session object: after a change of it nothing of before is served."""
    other = signed_in(new_token()[1])
    chief.get(VERSION)
    assert chief.get(VERSION).from_cache
    chief.headers.update(other.headers)
    chief.cookies.update(other.cookies)
    with pytest.raises(Forbidden):
        chief.get(VERSION)


def test_an_ended_session_reads_nothing(signed_in, new_token):
    """After logout the kept answer is not handed out: the server is asked, and says 401."""
    path, token = new_token()
    alice = signed_in(token)
    alice.get(path)
    assert alice.get(path).from_cache
    assert alice.post("/json/realms/root/sessions/?_action=logout", json={}).json()["result"]
    with pytest.raises(Unauthorized, match="Access Denied"):
        alice.get(path)


def test_the_wrong_person_may_not_write(signed_in, new_token):
    """A revision seen by one is never sent for another; the refusal is the server's."""
    (path, token), (_, other) = new_token(), new_token()
    alice, bob = signed_in(token), signed_in(other)
    alice.get(path)
    with pytest.raises(Forbidden) as caught:
        bob.put(path, json={"mail": "mallory@example.org"})
    assert "If-Match" not in caught.value.request.headers
    assert "mail" not in alice.get(path).json()
