"""The call for a token."""

import json
import pickle
import re
import ssl
import threading
import time
import traceback
from email.utils import formatdate
from urllib.parse import parse_qs

import pytest
import requests
import trustme

import aic_requests
from aic_requests import AICError, AICSession, ServiceAccountAuth, TooManyRequests, maybe_applied
from aic_requests.testing import ServiceAccount, Tenant

from .keys import ACCOUNT, private_jwk, public_jwk, read_assertion
from .wire import serving

PATH = "/am/oauth2/access_token"
JSON = [("Content-Type", "application/json")]
TOKEN = "t0ken-of-the-token-server"
GOOD = {"access_token": TOKEN, "scope": "fr:am:* fr:idm:*", "token_type": "Bearer", "expires_in": 899}
S3CR3T = "s3cr3tXyzzy0123456789"


def auth(**options):
    return ServiceAccountAuth(ACCOUNT, private_jwk(), **options)


def answering(status=200, body=GOOD, headers=(), api=(200, JSON, b"{}")):
    """A server whose token endpoint says this, and which is content with any token."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = [] if any(name == "Content-Type" for name, _ in headers) else JSON
    return serving(lambda sent: (status, [*headers, *kind], content) if sent.path.endswith(PATH) else api)


def calls(wire):
    return [sent for sent in wire.sent if sent.path.endswith("/access_token")]


def form_of(sent):
    return {name: value for name, [value] in parse_qs(sent.body.decode(), strict_parsing=True).items()}


# What goes out


def test_the_form_is_as_aic_documents_it():
    """Five fields' worth of RFC 7523, and an assertion of five claims."""
    with answering() as wire:
        AICSession(wire.url, auth=auth()).get("/x")
    [call] = calls(wire)
    form = form_of(call)
    header, claims = read_assertion(form.pop("assertion"))
    assert call.method == "POST"
    assert call.header("Content-Type") == "application/x-www-form-urlencoded"
    assert form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "client_id": "service-account",
        "scope": "fr:am:* fr:idm:*",
    }
    assert header == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    assert claims.keys() == {"iss", "sub", "aud", "exp", "jti"}
    assert (claims["iss"], claims["sub"], claims["aud"]) == (ACCOUNT, ACCOUNT, wire.url + PATH)
    assert 60 < claims["exp"] - time.time() <= 180
    assert wire.sent[1].header("Authorization") == f"Bearer {TOKEN}"


def test_each_assertion_is_a_new_one():
    """Its jti is used once."""
    with answering(body=GOOD | {"expires_in": 0}) as wire:
        session = AICSession(wire.url, auth=auth())
        for _ in range(3):
            session.get("/x")
    assert len({read_assertion(form_of(call)["assertion"])[1]["jti"] for call in calls(wire)}) == 3


@pytest.mark.parametrize(
    ("options", "audience"),
    [
        ({}, "https://tenant.example.com:443/am/oauth2/access_token"),
        ({"audience": "urn:somebody"}, "urn:somebody"),
        (
            {"token_url": "https://tenant.example.com:8443/am/oauth2/realms/root/access_token?a=b"},
            "https://tenant.example.com:8443/am/oauth2/realms/root/access_token?a=b",
        ),
        ({"token_url": "http://am.example.com/am/x"}, "http://am.example.com:80/am/x"),
        ({"token_url": "http://[::1]/am/x"}, "http://[::1]:80/am/x"),
    ],
)
def test_the_audience_is_the_endpoint_with_its_port(options, audience):
    """As AIC documents it, unless another is given."""
    sent = []

    class Adapter(requests.adapters.HTTPAdapter):
        def send(self, request, **_):
            sent.append(request)
            raise requests.ConnectionError

    session = AICSession("https://tenant.example.com", auth=auth(**options))
    for scheme in ("https://", "http://"):
        session.mount(scheme, Adapter())
    with pytest.raises(requests.ConnectionError):
        session.get("/x")
    [form] = [parse_qs(request.body) for request in sent]
    assert read_assertion(form["assertion"][0])[1]["aud"] == audience


def test_the_call_takes_nothing_else_of_the_session():
    """No header, cookie, hook or auth of it, nothing from netrc, and no cookie comes back into it."""
    seen = []
    cookie = ("Set-Cookie", "amlbcookie=01; Path=/")
    with answering(headers=[cookie]) as wire:
        session = AICSession(wire.url, auth=auth())
        session.headers.update({"x-api-key": S3CR3T, "Authorization": S3CR3T, "User-Agent": "mine/1"})
        session.cookies["session-jwt"] = S3CR3T
        session.hooks["response"].append(lambda response, **_: seen.append(response.url))
        session.get("/x")
        assert "amlbcookie" not in session.cookies
    [call] = calls(wire)
    assert S3CR3T not in str(call)
    assert {name.lower() for name, _ in call.headers} <= {
        *("accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"),
        "x-forgerock-transactionid",
    }
    assert call.header("User-Agent") == "mine/1"
    assert seen == [f"{wire.url}/x"]


def test_netrc_does_not_sign_in(tmp_path, monkeypatch):
    """A machine's password is no client's: AM would take it for one."""
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login me password {S3CR3T}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with answering() as wire:
        requests.get(f"{wire.url}/x", auth=auth(token_url=wire.url + PATH), timeout=10)
    assert [call.header("Authorization") for call in wire.sent] == [None, f"Bearer {TOKEN}"]


# The session's settings


def test_the_sessions_proxy_counts():
    """The call goes through it, with its credential and no other."""
    with answering() as proxy:
        session = AICSession("http://tenant.example.com", auth=auth())
        session.proxies = {"http": proxy.url.replace("//", f"//me:{S3CR3T}@")}
        session.get("/x")
    assert [sent.path for sent in proxy.sent] == [f"http://tenant.example.com{path}" for path in (PATH, "/x")]
    assert proxy.sent[0].header("Proxy-Authorization").startswith("Basic ")
    assert proxy.sent[0].header("Authorization") is None


def test_the_sessions_time_out_counts():
    """A token server that does not answer is not waited for longer than any other."""
    hold = threading.Event()
    with serving(lambda sent: (hold.wait(5) and None) or (200, JSON, b"{}")) as wire:
        session = AICSession(wire.url, auth=auth(), timeout=0.2)
        start = time.monotonic()
        with pytest.raises(requests.ReadTimeout) as caught:
            session.get("/x")
        assert time.monotonic() - start < 3
        hold.set()
    assert len(calls(wire)) == 1
    assert not maybe_applied(caught.value)


def test_a_plain_session_has_a_time_out_too(monkeypatch):
    """Requests itself would wait for ever, and with it every thread that needs the token."""
    asked = []

    def send(self, request, **options):
        asked.append(options["timeout"])
        raise requests.ConnectionError

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    with pytest.raises(requests.ConnectionError):
        requests.get("http://h/x", auth=auth(token_url="http://h/t"), timeout=None)
    assert asked == [(5.0, 60.0)]


def test_the_sessions_retries_count():
    """429 is waited for, as on any write; and what asks for too long is raised at once."""
    answers = [(429, [("Retry-After", "0")], b""), (200, JSON, json.dumps(GOOD).encode()), (200, JSON, b"{}")]
    with serving(lambda sent: answers.pop(0)) as wire:
        AICSession(wire.url, auth=auth()).get("/x")
    assert [sent.path for sent in wire.sent] == [PATH, PATH, "/x"]
    with answering(429, {"code": 429}, [("Retry-After", "60")]) as wire, pytest.raises(TooManyRequests) as caught:
        AICSession(wire.url, auth=auth()).get("/x")
    assert caught.value.retry_after == 60
    assert len(wire.sent) == 1


def test_the_sessions_ca_bundle_counts(tmp_path, monkeypatch):
    """A server whose certificate the session does not trust gets no assertion."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serving(lambda sent: (200, JSON, json.dumps(GOOD).encode()), tls=context) as wire:
        session = AICSession(wire.url, auth=auth(), retries=0)
        with pytest.raises(requests.exceptions.SSLError):
            session.get("/x")
        assert wire.sent == []
        session.verify = str(tmp_path / "ca.pem")
        session.get("/x")
        assert [sent.path for sent in wire.sent] == [PATH, "/x"]


def test_the_sessions_adapter_counts():
    """Whatever is mounted for the token endpoint carries the call, as the tenant's door without a socket does."""
    tenant = Tenant(service_accounts=[ServiceAccount(ACCOUNT, public_jwk())])
    session = AICSession("https://tenant.example.com", auth=auth())
    session.mount("https://", tenant.adapter())
    assert session.get("/openidm/info/login").json()["authenticationId"] == ACCOUNT


# What comes back

REFUSALS = [
    (400, {"error_description": "JWT has expired", "error": "invalid_grant"}, "BadRequest"),
    (400, {"error_description": "JWT is not valid", "error": "invalid_grant"}, "BadRequest"),
    (400, {"error_description": "Unsupported scope for service account: fr:iga:*", "error": "invalid_scope"}, None),
    (400, {"error": "invalid_request"}, "BadRequest"),
    (401, {"error_description": "Client authentication failed", "error": "invalid_client"}, "Unauthorized"),
    (403, {"error": "access_denied", "error_description": "no"}, "Forbidden"),
    (405, {"error_description": "Required Method: POST found: GET", "error": "method_not_allowed"}, "MethodNotAllowed"),
    (500, {"code": 500, "reason": "Internal Server Error", "message": "broken"}, "InternalServerError"),
    (503, b"<html><title>Service Unavailable</title></html>", "ServiceUnavailable"),
    (418, b"", "ClientError"),
]


@pytest.mark.parametrize(("status", "body", "name"), REFUSALS)
@pytest.mark.parametrize("raises", [True, False])
def test_a_refusal_is_the_class_of_its_status(status, body, name, raises):
    """With the server's words, whatever raise_for_status says: there is nothing else to hand back."""
    with answering(status, body, [("X-ForgeRock-TransactionId", "t-1")]) as wire:
        session = AICSession(wire.url, auth=auth(), raise_for_status=raises)
        with pytest.raises(AICError) as caught:
            session.put("/x", json={})
    error = caught.value
    assert type(error).__name__ == (name or "BadRequest")
    assert (error.status_code, error.transaction_id) == (status, "t-1")
    if isinstance(body, dict) and "error" in body:
        assert error.reason == body["error"]
        assert error.message == body.get("error_description", body["error"])
        assert body["error"] in str(error)
        assert body.get("error_description", "") in str(error)
    assert str(error).startswith(f"{status} ")
    assert f"POST {PATH}" in str(error)
    assert not maybe_applied(error)
    assert not maybe_applied(pickle.loads(pickle.dumps(error)))
    assert [sent.path for sent in wire.sent] == [PATH]


@pytest.mark.parametrize("missing", [None, {"userName": "bob"}])
def test_a_wrong_token_url_is_no_missing_resource(missing):
    """A 404 of the token endpoint says nothing about the resource: update() creates nothing for it."""
    body = {"code": 404, "reason": "Not Found", "message": "No mapping organization found"}
    with answering(404, body) as wire:
        session = AICSession(wire.url, auth=auth())
        with pytest.raises(AICError, match=r"404 .*No mapping organization found.*does token_url name") as caught:
            session.update("/x/42", lambda user: user, missing=missing)
    assert not isinstance(caught.value, aic_requests.NotFound)
    assert isinstance(caught.value, aic_requests.ClientError)
    assert (caught.value.status_code, caught.value.code) == (404, 404)
    assert len(wire.sent) == 1


HOLLOW = [
    (200, b"{}", "holds no access_token"),
    (200, b"", "holds no access_token"),
    (200, b"[]", "holds no access_token"),
    (200, b"{" + b'"a":' * 9, "holds no access_token"),
    (200, b"<html><title>Sign in to your proxy</title></html>", "Sign in to your proxy.*holds no access_token"),
    (200, {"access_token": None}, "holds no access_token"),
    (200, {"access_token": ""}, "holds no access_token"),
    (200, {"access_token": [S3CR3T]}, "holds no access_token"),
    (200, {"access_token": f"{S3CR3T}\r\nX-Evil: 1"}, "holds no access_token"),
    (200, {"access_token": f"{S3CR3T} {S3CR3T}"}, "holds no access_token"),
    (200, {"access_token": f"{S3CR3T}é"}, "holds no access_token"),
    (200, {"refresh_token": S3CR3T, "id_token": S3CR3T}, "holds no access_token"),
    (200, {"access_token": S3CR3T, "token_type": "DPoP"}, "token_type is another than Bearer"),
    (200, {"access_token": S3CR3T, "token_type": 7}, "token_type is another than Bearer"),
    (204, b"", "holds no access_token"),
    (302, b"", "a redirect, which is not followed"),
    (307, b"", "a redirect, which is not followed"),
]


@pytest.mark.parametrize(("status", "body", "words"), HOLLOW)
def test_an_answer_without_a_token_is_a_clear_error(status, body, words):
    """An AICError that says so, and keeps what it should not show to itself; a redirect is not followed."""
    with answering() as elsewhere, answering(status, body, [("Location", f"{elsewhere.url}{PATH}")]) as wire:
        with pytest.raises(AICError, match=words) as caught:
            AICSession(wire.url, auth=auth()).get("/x")
        assert elsewhere.sent == []
    assert type(caught.value) is AICError
    assert caught.value.status_code == status
    assert len(wire.sent) == 1
    assert S3CR3T not in "".join(traceback.format_exception(caught.value))
    assert S3CR3T not in caught.value.response.text
    assert S3CR3T.encode() not in pickle.dumps(caught.value)


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER", None])
def test_the_kind_of_token_in_any_case(kind):
    """RFC 6749 has it case-insensitive; where it is missing, it can be no other."""
    body = {name: value for name, value in (GOOD | {"token_type": kind}).items() if value is not None}
    with answering(body=body) as wire:
        AICSession(wire.url, auth=auth()).get("/x")
    assert wire.sent[-1].header("Authorization") == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("said", "asked"),
    [(899, 1), ("899", 1), (899.5, 1), (None, 1), ("soon", 1), (True, 1), ([], 1), (float("inf"), 1), (0, 3), (-5, 3)],
)
def test_how_long_a_token_lives(said, asked):
    """As numbers come; where it is not said, until a server refuses it."""
    with answering(body=GOOD | {"expires_in": said}) as wire:
        session = AICSession(wire.url, auth=auth())
        for _ in range(3):
            session.get("/x")
    assert len(calls(wire)) == asked


def echo(sent):
    """A server that repeats all that it was sent, as some gateways do."""
    body = json.dumps({"error": "invalid_grant", "error_description": f"bad request: {sent.body.decode()}"})
    return 400, [*JSON, ("X-Echo", form_of(sent)["assertion"])], body.encode()


def test_no_evidence_holds_the_assertion():
    """Neither the message nor the request, the response or a pickle of it, though the server repeats it."""
    with serving(echo) as wire, pytest.raises(AICError) as caught:
        AICSession(wire.url, auth=auth()).get("/x")
    error = caught.value
    assertion = form_of(wire.sent[0])["assertion"]
    told = [
        *("".join(traceback.format_exception(error)), error.message, repr(error.__dict__), error.response.text),
        *(repr(error.response.__dict__), repr(error.request.__dict__), repr(error.response.request.__dict__)),
        pickle.dumps(error).decode("latin-1"),
    ]
    for text in told:
        assert assertion not in text
        assert assertion.rpartition(".")[2] not in text
    assert error.request.body is None


def test_no_evidence_holds_the_assertion_where_there_is_no_answer():
    """Requests' own errors carry the request; this one only what it is about."""
    with pytest.raises(requests.ConnectionError) as caught:
        AICSession("http://127.0.0.1:9", auth=auth(), retries=0).get("/x")
    assert caught.value.request.url == f"http://127.0.0.1:9{PATH}"
    assert caught.value.request.body is None
    assert not re.search(rb"assertion|eyJ", pickle.dumps(caught.value))


def test_a_grant_is_logged_without_a_secret(caplog):
    """One line a token, with whose it is and how long it lives."""
    with answering() as wire, caplog.at_level("DEBUG", logger="aic_requests"):
        AICSession(wire.url, auth=auth()).get("/x")
    assert [record.getMessage() for record in caplog.records] == [
        f"a new token of service account {ACCOUNT}, for 899.0 s"
    ]


# Clocks


class Elsewhere:
    """A token server whose clock is another, and which takes an assertion for 180 s at most."""

    def __init__(self, ahead, *, says_date=True):
        self.ahead, self.says_date = ahead, says_date

    def __call__(self, sent):
        if sent.path != PATH:
            return 200, JSON, b"{}"
        now = time.time() + self.ahead
        date = [("Date", formatdate(now, usegmt=True))] if self.says_date else []
        left = read_assertion(form_of(sent)["assertion"])[1]["exp"] - now
        if 0 < left <= 180:
            return 200, [*date, *JSON], json.dumps(GOOD | {"expires_in": 0}).encode()
        words = "JWT has expired" if left <= 0 else "JWT is not valid"
        return 400, [*date, *JSON], json.dumps({"error_description": words, "error": "invalid_grant"}).encode()


@pytest.mark.parametrize(("ahead", "grants"), [(0, 1), (100, 1), (-20, 1), (3600, 2), (-3600, 2), (200, 2), (-100, 2)])
def test_a_machine_with_a_wrong_clock_signs_in(ahead, grants):
    """By the server's own, which its answer tells; and it knows from then on."""
    with serving(Elsewhere(ahead)) as wire:
        session = AICSession(wire.url, auth=auth())
        session.get("/x")
        assert len(calls(wire)) == grants
        session.get("/x")
        assert len(calls(wire)) == grants + 1


def test_a_clock_that_is_set_right_later():
    """What was learned of it is learned again."""
    server = Elsewhere(3600)
    with serving(server) as wire:
        session = AICSession(wire.url, auth=auth())
        session.get("/x")
        server.ahead = 0
        session.get("/x")
        session.get("/x")
    assert len(calls(wire)) == 2 + 2 + 1


@pytest.mark.parametrize(("says_date", "words"), [(True, r"\d{4} s behind the server's"), (False, "clock right?")])
def test_where_the_clock_is_the_likely_cause_it_is_named(says_date, words):
    """Also where the server does not tell the time, or is not content with its own."""
    body = {"error_description": "JWT has expired", "error": "invalid_grant"}
    date = [("Date", formatdate(time.time() + 3600, usegmt=True))] if says_date else []
    with answering(400, body, date) as wire, pytest.raises(AICError, match=words):
        AICSession(wire.url, auth=auth()).get("/x")
    assert len(wire.sent) == (2 if says_date else 1)


def test_a_wrong_date_on_a_good_answer_teaches_nothing():
    """A recording or a proxy may carry an old one."""
    long_ago = [("Date", "Thu, 10 Jul 2025 19:58:38 GMT")]
    with answering(body=GOOD | {"expires_in": 0}, headers=long_ago) as wire:
        session = AICSession(wire.url, auth=auth())
        for _ in range(2):
            session.get("/x")
    for call in calls(wire):
        assert 0 < read_assertion(form_of(call)["assertion"])[1]["exp"] - time.time() <= 180


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 99 Jul 2025 19:58:38 GMT", "Thu, 10 Jul 99999 19:58:38 GMT"])
def test_a_date_that_is_none(date):
    """Is no reason to fail otherwise than the server says."""
    with answering(400, {"error": "invalid_grant"}, [("Date", date)]) as wire:
        with pytest.raises(AICError, match="invalid_grant"):
            AICSession(wire.url, auth=auth()).get("/x")
        assert len(wire.sent) == 1
