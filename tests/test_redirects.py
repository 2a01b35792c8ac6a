"""What travels along with a redirect."""

from contextlib import contextmanager

import pytest
import requests
from requests.auth import HTTPDigestAuth

from aic_requests import AICSession, ForeignOrigin, NotFound

from .wire import serving

SECRET = "s3cr3t-v4lue"


@contextmanager
def two_hosts(at_home=None, abroad=None):
    """Home redirects /out to a stranger and /on to itself; the stranger redirects /back home."""
    with serving(lambda sent: (abroad or (lambda sent: (200, [], b"{}")))(sent)) as stranger:

        def answer(sent):
            if sent.path.startswith("/out"):
                return int(sent.path[4:] or 302), [("Location", f"{stranger.url}/landed")], b""
            if sent.path.startswith("/on"):
                return int(sent.path[3:] or 302), [("Location", "/landed")], b""
            return (at_home or (lambda sent: (200, [("ETag", '"1"')], b'{"_id":"x","_rev":"1"}')))(sent)

        with serving(answer) as home:
            yield home, stranger


CARRIERS = {
    "auth": {"auth": ("user", SECRET)},
    "header": {"headers": {"Authorization": f"Bearer {SECRET}"}},
    "api key": {"headers": {"x-api-key": SECRET, "x-api-secret": SECRET}},
    "openidm": {"headers": {"X-OpenIDM-Username": SECRET, "X-OpenIDM-Password": SECRET}},
    "am session": {"headers": {"iPlanetDirectoryPro": SECRET, "a1b2c3d4e5": SECRET}},
    "cookie given": {"cookies": {"session-jwt": SECRET}},
    "cookie header": {"headers": {"Cookie": f"session-jwt={SECRET}"}},
    "own header": {"headers": {"X-Whatever": SECRET}},
    "precondition": {"headers": {"If-None-Match": f'"{SECRET}"'}},
}


@pytest.mark.parametrize("base", [True, False], ids=["base url", "no base url"])
@pytest.mark.parametrize("where", ["request", "session"])
@pytest.mark.parametrize("carrier", CARRIERS)
def test_no_credential_leaves_home(carrier, where, base):
    """A redirect to another port (another origin) carries no credential in any form and no precondition."""
    given = CARRIERS[carrier]
    with two_hosts() as (home, stranger):
        session = AICSession(home.url if base else None)
        if where == "session":
            session.headers.update(given.get("headers", {}))
            session.cookies.update(given.get("cookies", {}))
            session.auth = given.get("auth")
            given = {}
        session.get(f"{home.url}/out", **given)
    [landed] = stranger.sent
    assert SECRET not in str(landed)
    assert "Basic" not in str(landed)
    assert landed.header("User-Agent") is not None


def test_a_stored_cookie_stays_at_home():
    """Cookies ignore ports, origins do not: what the first host set is not sent to its neighbour."""
    with two_hosts(lambda sent: (200, [("Set-Cookie", f"session-jwt={SECRET}; Path=/")], b"{}")) as (home, stranger):
        session = AICSession(home.url)
        session.get("/first")
        session.get("/out")
        assert home.sent[-1].header("Cookie") == f"session-jwt={SECRET}"
    assert stranger.sent[0].header("Cookie") is None


def test_a_chain_out_and_back_brings_nothing_of_the_first_request_back():
    """What was taken off abroad is not put on again by a redirect; the loop ends as in requests."""
    places = {}
    with two_hosts(abroad=lambda sent: (302, [("Location", places["home"] + "/x")], b"")) as (home, stranger):
        places["home"] = home.url
        response = AICSession(home.url).get("/out", headers={"Authorization": f"Bearer {SECRET}"})
    assert SECRET not in str(stranger.sent)
    assert home.sent[-1].header("Authorization") is None
    assert [earlier.status_code for earlier in response.history] == [302, 302]


def test_the_second_stranger_gets_nothing_either():
    """Without a base URL, home is the origin of the first request, on every hop."""
    with (
        two_hosts() as (second, third),
        two_hosts(abroad=lambda sent: (302, [("Location", f"{second.url}/out")], b"")) as (
            home,
            first,
        ),
    ):
        AICSession().get(f"{home.url}/out", auth=("user", SECRET), cookies={"a": SECRET})
    for stranger in (first, second, third):
        assert len(stranger.sent) == 1
        assert SECRET not in str(stranger.sent)
        assert stranger.sent[0].header("Authorization") is None


def test_a_stranger_cannot_challenge():
    """An auth's own hook does not answer a 401 of another origin; the caller's hook still sees it."""
    challenge = (401, [("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5')], b"")
    seen = []
    with two_hosts(abroad=lambda sent: challenge) as (home, stranger):
        session = AICSession(home.url, auth=HTTPDigestAuth("user", SECRET), raise_for_status=False)
        response = session.get("/out", hooks={"response": lambda r, **k: seen.append(r.status_code)})
    assert response.status_code == 401
    assert len(stranger.sent) == 1
    assert seen == [302, 401]


def test_a_client_certificate_stays_at_home(monkeypatch):
    """The adapter is asked to show the certificate at home only."""
    shown = []
    plain = requests.adapters.HTTPAdapter.send

    def send(self, request, *args, **kwargs):
        shown.append(kwargs.pop("cert"))
        return plain(self, request, *args, cert=None, **kwargs)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    with two_hosts() as (home, _stranger):
        session = AICSession(home.url)
        session.cert = ("client.pem", "client.key")
        session.get("/out")
        session.get("/on")
    assert shown == [("client.pem", "client.key"), None, ("client.pem", "client.key"), ("client.pem", "client.key")]


@pytest.mark.parametrize("status", [307, 308])
def test_a_body_does_not_go_abroad(status):
    """A redirect that would carry the body to another origin raises, and the stranger hears nothing."""
    with two_hosts() as (home, stranger), pytest.raises(ForeignOrigin, match="body"):
        AICSession(home.url).put(f"/out{status}", json={"password": SECRET})
    assert stranger.sent == []
    assert len(home.sent) == 1


def test_not_following_is_no_error():
    """With allow_redirects=False the redirect itself is the answer; its next request is stripped."""
    with two_hosts() as (home, stranger):
        response = AICSession(home.url).put(
            "/out307", json={"a": 1}, headers={"x-api-key": SECRET}, allow_redirects=False
        )
    assert response.status_code == 307
    assert SECRET not in str(response.next.headers)
    assert stranger.sent == []


def test_at_home_credentials_travel_and_our_precondition_does_not():
    """A redirect at home keeps what the caller gave; the session's condition belonged to the first URL."""
    places = {}

    def answer(sent):
        if sent.path == "/landed":
            return 200, [("ETag", '"other"')], b"{}"
        return places.get("moved", (200, [("ETag", '"1"')], b"{}"))

    with two_hosts(answer) as (home, _stranger):
        session = AICSession(home.url, auth=("user", SECRET))
        session.get("/x", headers={"X-Mine": "1"})
        places["moved"] = (302, [("Location", "/landed")], b"")
        session.get("/x", headers={"X-Mine": "1"})
    moved, landed = home.sent[-2:]
    assert moved.header("If-None-Match") == '"1"'
    assert landed.header("If-None-Match") is None
    assert landed.header("Authorization") == moved.header("Authorization") is not None
    assert landed.header("X-Mine") == "1"


def test_our_if_match_does_not_travel():
    """A write that is sent on to another path does not carry the revision of the first one."""
    places = {}
    with two_hosts(lambda sent: places.get(sent.path) or (200, [("ETag", '"1"')], b"{}")) as (home, _stranger):
        session = AICSession(home.url)
        session.get("/x")
        places["/x"] = (307, [("Location", "/landed")], b"")
        session.patch("/x", json=[])
    moved, landed = home.sent[-2:]
    assert (moved.header("If-Match"), landed.header("If-Match")) == ('"1"', None)
    assert landed.body == b"[]"


def test_an_error_after_redirects_keeps_the_history():
    """The exception is raised once, at the end, and its response has the whole way."""
    with (
        two_hosts(lambda sent: (404, [], b'{"code":404,"message":"gone"}')) as (home, _stranger),
        pytest.raises(NotFound) as caught,
    ):
        AICSession(home.url).get("/on")
    assert [earlier.status_code for earlier in caught.value.response.history] == [302]


def test_the_answer_of_a_stranger_is_neither_kept_nor_asked_for():
    """No look-up and no storing abroad, and no If-None-Match."""
    with two_hosts(abroad=lambda sent: (200, [("ETag", '"9"')], b"{}")) as (home, stranger):
        session = AICSession(home.url)
        session.get("/out")
        response = session.get("/out")
    assert response.from_cache is False
    assert session.cache_info().entries == 0
    assert [sent.header("If-None-Match") for sent in stranger.sent] == [None, None]


@pytest.fixture
def netrc(tmp_path, monkeypatch):
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login from-netrc password from-netrc\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))


@pytest.mark.usefixtures("netrc")
@pytest.mark.parametrize(
    "given",
    [
        {"auth": ("user", "pw")},
        {"headers": {"Authorization": "Bearer mine"}},
    ],
)
def test_netrc_never_replaces_a_credential(given):
    """Neither at the first request nor after a redirect at home."""
    with two_hosts() as (home, _stranger):
        AICSession(home.url).get("/on", **given)
    first, second = home.sent
    assert first.header("Authorization") == second.header("Authorization")
    assert first.header("Authorization") in ("Basic dXNlcjpwdw==", "Bearer mine")


@pytest.mark.usefixtures("netrc")
def test_netrc_answers_where_there_is_no_credential_but_not_abroad():
    """As in requests at home; a stranger gets nothing, though netrc knows its host."""
    with two_hosts() as (home, stranger):
        AICSession(home.url).get("/out")
    assert home.sent[0].header("Authorization") is not None
    assert stranger.sent[0].header("Authorization") is None
