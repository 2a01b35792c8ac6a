"""What docs/ says is run."""

import re
from pathlib import Path

import pytest

from aic_requests import AICSession, ForeignOrigin
from aic_requests.testing import OPENIDM, Tenant

from .am_sessions import OpenAM
from .wire import serving

DOCS = Path(__file__).parent.parent / "docs"
TEXT = (DOCS / "self-hosted.md").read_text("utf-8")
IDM, AM = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
SHARED, NAMED = re.findall(r"```python\n(.*?)```", (DOCS / "stores.md").read_text("utf-8"), re.DOTALL)
PASSWORD = "s3cr3tXyzzy0123456789"


@pytest.fixture
def idm():
    """What the reader has after the first block, and the server."""
    with Tenant(OPENIDM, documents={"/openidm/managed/user": [{"_id": "42", "userName": "bob"}]}) as tenant:
        space = {"password": PASSWORD}
        exec(IDM.replace("https://idm.example.com", tenant.url), space)
        yield space, tenant


@pytest.fixture
def am():
    """What the reader has after both blocks, and the server."""
    server = OpenAM(PASSWORD)
    with serving(server) as wire:
        space = {"password": PASSWORD, "AICSession": AICSession}
        exec(AM.replace("https://am.example.com", wire.url), space)
        yield space, server, wire


def test_idm_by_headers(idm):
    """They go with each request, and reads are served from memory."""
    space, tenant = idm
    assert space["user"]["userName"] == "bob"
    assert space["idm"].get("/openidm/managed/user/42").from_cache
    assert {"X-OpenIDM-Username", "X-OpenIDM-Password"} <= tenant.requests[-1].headers.keys()
    del space["idm"].headers["X-OpenIDM-NoSession"]
    assert [space["idm"].get("/openidm/managed/user/42").from_cache for _ in range(3)] == [False] * 3


def test_idm_by_basic(idm):
    """With the same header."""
    _, tenant = idm
    session = AICSession(tenant.url, auth=("openidm-admin", PASSWORD))
    session.headers["X-OpenIDM-NoSession"] = "true"
    assert [session.get("/openidm/managed/user/42").from_cache for _ in range(2)] == [False, True]


def test_am_by_a_header_of_its_own_name(am):
    """The password goes out once, the session with each request, in the header that AM has named."""
    space, server, wire = am
    assert space["realms"]["result"] == []
    assert len([sent for sent in wire.sent if PASSWORD in str(sent)]) == 1
    assert wire.sent[-1].header(server.cookie) in server.sessions
    assert wire.sent[-1].header("Cookie") is None


def test_am_by_a_cookie(am):
    """As the text has it."""
    space, server, wire = am
    session = AICSession(wire.url)
    exec("am.cookies[name] = answer['tokenId']", {**space, "am": session})
    assert 'am.cookies[name] = answer["tokenId"]' in TEXT
    session.get("/openam/json/realms/root/users")
    assert wire.sent[-1].header("Cookie").partition("=")[2] in server.sessions


def test_am_ends_the_session(am):
    """As the text has it."""
    space, server, _ = am
    [command] = re.findall(r"`(am\.post\(.*?logout.*?\))`", TEXT)
    exec(command, space)
    assert server.sessions == set()


def leaving(session, home, path):
    """Every way to another origin."""
    with serving(lambda sent: (200, [], b"{}")) as stranger:
        with pytest.raises(ForeignOrigin):
            session.get(stranger.url)
        home.append((302, [("Location", f"{stranger.url}/landed")], b""))
        session.get(path)
        [landed] = stranger.sent
        return landed


@pytest.mark.parametrize("how", ["header", "cookie"])
def test_nothing_leaves_the_origin(how):
    """Whatever it is called: neither IDM's password nor AM's session, in a header or a cookie of any name."""
    answers = []
    with serving(lambda sent: answers.pop()) as wire:
        session = AICSession(wire.url)
        if how == "header":
            session.headers.update({"X-OpenIDM-Password": PASSWORD, "6ac6499e9da2071": PASSWORD})
        else:
            session.cookies.update({"session-jwt": PASSWORD, "6ac6499e9da2071": PASSWORD})
        landed = leaving(session, answers, "/x")
        assert PASSWORD in str(wire.sent)
    assert PASSWORD not in str(landed)


@pytest.mark.parametrize("name", ["X-OpenIDM-Username", "X-OpenIDM-RunAs", "iPlanetDirectoryPro", "6ac6499e9da2071"])
@pytest.mark.parametrize("how", ["header", "cookie"])
def test_one_caller_never_sees_what_another_has_read(idm, name, how):
    """Nor its revisions, where the caller is told by a header; a cookie may change by itself."""
    _, tenant = idm
    session = AICSession(tenant.url)
    session.headers["X-OpenIDM-NoSession"] = "true"

    def read_as(who):
        given = {"headers": {name: who}} if how == "header" else {"cookies": {name: who}}
        return session.get("/openidm/managed/user/42", **given).from_cache

    assert [read_as(who) for who in ("alice", "alice", "bob", "bob", "alice")] == [False, True, False, True, True]


def test_a_store_that_lasts(tmp_path, monkeypatch):
    """What was read before the session was closed is found by the next one, and a lasting name by each new token."""
    monkeypatch.chdir(tmp_path)
    tokens = (f"token{number}" for number in range(9))
    users = {"/openidm/managed/alpha_user": [{"_id": "42", "userName": "bob"}]}
    with Tenant(documents=users) as tenant:
        space = {"your_auth": ("me", PASSWORD), "fresh_token": lambda: next(tokens)}
        exec(SHARED.replace("https://tenant.example.com", tenant.url), space)
        assert space["session"].get("/openidm/managed/alpha_user/42").from_cache
        exec(NAMED.replace("https://tenant.example.com", tenant.url), space)
        read = [space["nightly"].get("/openidm/managed/alpha_user/42") for _ in range(2)]
        assert [response.from_cache for response in read] == [False, True]
        assert len({response.request.headers["Authorization"] for response in read}) == 2
        space["session"].cache_clear()
        assert not space["nightly"].get("/openidm/managed/alpha_user/42").from_cache
        space["nightly"].close()
    assert [one.name for one in tmp_path.iterdir()] == ["aic.db"]
    assert PASSWORD.encode() not in (tmp_path / "aic.db").read_bytes()
