"""The key of AIC's logs."""

import pickle
import traceback

import pytest
import requests

from aic_requests import AICError, AICSession, LogAPIKeyAuth, ServiceAccountAuth

from .keys import ACCOUNT, private_jwk
from .wire import serving

LOGS = "/monitoring/logs"
KEY, SECRET = "k3yXyzzy0123", "s3cr3tXyzzy0123456789"
AUTH = LogAPIKeyAuth(KEY, SECRET)
OTHER = "0therXyzzy9876543210"
JSON = [("Content-Type", "application/json")]


def logs(sent):
    return 200, [*JSON, ("Set-Cookie", f"route={OTHER}; Path=/")], b'{"result":[]}'


def names_of(sent):
    return {name.lower() for name, _ in sent.headers}


@pytest.mark.parametrize("kind", [AICSession, requests.Session])
def test_nothing_else_goes_out(kind):
    """No Authorization, cookie, password or session of the session's own, on /monitoring/logs; elsewhere they do."""
    with serving(logs) as wire:
        session = kind()
        session.auth = ("me", OTHER)
        session.headers.update({"X-OpenIDM-Password": OTHER, "iPlanetDirectoryPro": OTHER, "6ac6499e9da2071": OTHER})
        session.cookies["session-jwt"] = OTHER
        for _ in range(2):
            session.get(wire.url + LOGS, auth=AUTH, headers={"Accept-Language": "de", "X-Request-Id": "7"})
        session.get(wire.url + "/openidm/x")
    first, second, elsewhere = wire.sent
    for sent in (first, second):
        assert (sent.header("x-api-key"), sent.header("x-api-secret")) == (KEY, SECRET)
        assert (sent.header("Accept-Language"), sent.header("X-Request-Id")) == ("de", "7")
        assert OTHER not in str(sent)
        assert names_of(sent) <= {
            *("x-api-key", "x-api-secret", "accept-language", "x-request-id", "accept", "accept-encoding"),
            *("connection", "host", "user-agent", "x-requested-with", "x-forgerock-transactionid"),
        }
    assert {"authorization", "cookie", "x-openidm-password", "iplanetdirectorypro"} <= names_of(elsewhere)
    assert SECRET not in str(elsewhere)


def test_no_token_is_asked_for():
    """Where the session signs as a service account, the logs are not its business."""
    with serving(logs) as wire:
        session = AICSession(wire.url, auth=ServiceAccountAuth(ACCOUNT, private_jwk()))
        session.get(LOGS, auth=AUTH)
    assert [sent.path for sent in wire.sent] == [LOGS]


def test_netrc_adds_nothing(tmp_path, monkeypatch):
    """The machine's password stays where it is, also after a redirect at home."""
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login me password {OTHER}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with serving(lambda sent: (302, [("Location", LOGS)], b"") if sent.path == "/old" else logs(sent)) as wire:
        AICSession(wire.url, auth=AUTH).get("/old")
    assert [sent.header("Authorization") for sent in wire.sent] == [None, None]
    assert [sent.header("x-api-secret") for sent in wire.sent] == [SECRET, SECRET]


@pytest.mark.parametrize("kind", [AICSession, requests.Session])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["http://{stranger}/x", "//{stranger}/x", "http:\\\\{stranger}\\x"])
def test_it_does_not_follow_a_redirect_abroad(kind, status, target):
    """A plain Session would take it along: to requests it is a header like any other. Nor does it come home again."""
    places = {}
    with serving(lambda sent: (302, [("Location", places["home"] + "/landed")], b"")) as stranger:
        location = target.format(stranger=stranger.url.removeprefix("http://"))

        def answer(sent):
            return logs(sent) if sent.path == "/landed" else (status, [("Location", location)], b"")

        with serving(answer) as home:
            places["home"] = home.url
            session = kind()
            session.auth = AUTH
            try:
                response = session.get(home.url + LOGS)
            except requests.exceptions.RequestException:
                assert "\\" in target
            else:
                assert response.history[0].request.headers["x-api-secret"] == SECRET
    assert SECRET not in str(stranger.sent)
    assert KEY not in str(stranger.sent)
    assert {sent.header("x-api-secret") for sent in home.sent[1:]} <= {None}
    if "\\" not in target:
        assert len(stranger.sent) == 1


def test_nothing_shows_it():
    """Neither a repr nor an error, though the server repeats it; an error's pickle does not hold it."""
    assert "Xyzzy" not in repr(AUTH) + repr([AUTH])
    with (
        serving(lambda sent: (401, JSON, f'{{"message":"{SECRET} of {KEY} is wrong"}}'.encode())) as wire,
        pytest.raises(AICError, match=r"\*\*\* of \*\*\* is wrong") as caught,
    ):
        AICSession(wire.url, auth=AUTH).get(LOGS)
    assert "Xyzzy" not in "".join(traceback.format_exception(caught.value))
    assert b"Xyzzy" not in pickle.dumps(caught.value)


def test_a_pickle_of_it_works():
    """With the secret, without which it could not."""
    with serving(logs) as wire:
        AICSession(wire.url, auth=pickle.loads(pickle.dumps(AUTH))).get(LOGS)
    assert wire.sent[0].header("x-api-secret") == SECRET


@pytest.mark.parametrize(
    "wrong", ["", " ", f"{SECRET}\n", f"{SECRET}\r\nX-Evil: 1", f" {SECRET}", f"{SECRET}ä", None, 7]
)
def test_what_cannot_stand_in_a_header(wrong):
    """Is refused at construction, and not shown; requests would show it."""
    for arguments in ((wrong, SECRET), (KEY, wrong)):
        with pytest.raises(ValueError, match=r"^(key|secret) is ") as caught:
            LogAPIKeyAuth(*arguments)
        assert SECRET not in str(caught.value)
