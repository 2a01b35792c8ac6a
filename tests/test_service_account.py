"""Requests signed by a service account."""

import io
import json
import multiprocessing
import os
import pickle
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest
import requests

from aic_requests import (
    AICError,
    AICSession,
    ForeignOrigin,
    ServiceAccountAuth,
    ServiceUnavailable,
    Unauthorized,
    maybe_applied,
)
from aic_requests.testing import Fault, ServiceAccount, Tenant

from .keys import ACCOUNT, private_jwk, public_jwk
from .wire import serving

PATH = "/am/oauth2/access_token"
USERS = "/openidm/managed/alpha_user"
USER = f"{USERS}/42"
LOGIN = "/openidm/info/login"
JSON = [("Content-Type", "application/json")]
HTML = [("Content-Type", "text/html")]


@pytest.fixture
def tenant():
    account = ServiceAccount(ACCOUNT, public_jwk())
    with Tenant(documents={USERS: [{"_id": "42", "userName": "bob"}]}, service_accounts=[account]) as tenant:
        yield tenant


@pytest.fixture
def session(tenant):
    return AICSession(tenant.url, auth=auth())


def auth(**options):
    return ServiceAccountAuth(ACCOUNT, private_jwk(), **options)


def plain(url, **options):
    """A plain Session that signs in at this server."""
    made = requests.Session()
    made.auth = auth(token_url=url + PATH, **options)
    return made


def grants(tenant):
    return [one for one in tenant.requests if one.path == PATH]


def others(tenant):
    return [one for one in tenant.requests if one.path != PATH]


class TokenServer:
    """
    A server that gives tokens "t1", "t2", and takes the last one only, until told otherwise.

    What it says to a request with a good token is the test's choice.
    """

    def __init__(self, answer=(200, JSON, b"{}"), refusal=(401, JSON, b'{"code":401}')):
        self.answer, self.refusal = answer, refusal
        self.given = 0
        self.good = set()
        self.lock = threading.Lock()

    def __call__(self, sent):
        if sent.path == PATH:
            with self.lock:
                self.given += 1
                token = f"t{self.given}"
                self.good.add(f"Bearer {token}")
            return 200, JSON, json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": 899}).encode()
        if sent.header("Authorization") not in self.good:
            return self.refusal
        return self.answer(sent) if callable(self.answer) else self.answer


def tokens_of(wire):
    return [sent.header("Authorization") for sent in wire.sent if sent.path != PATH]


# One token for all


@pytest.mark.parametrize("kind", ["AICSession", "Session"])
def test_many_threads_cost_one_grant(tenant, kind):
    """64 reads in 16 threads cost one, and a revoked token one more."""
    session = AICSession(tenant.url, auth=auth()) if kind == "AICSession" else plain(tenant.url)
    url = "" if kind == "AICSession" else tenant.url
    for expected in (1, 2):
        with ThreadPoolExecutor(16) as pool:
            names = pool.map(lambda n: session.get(f"{url}{LOGIN}?n={n}").json()["authenticationId"], range(64))
            assert set(names) == {ACCOUNT}
        assert len(grants(tenant)) == expected
        tenant.revoke_tokens()


def test_a_token_revoked_in_the_midst_costs_one_grant(tenant, session):
    """Whoever is refused with it shares the next, however they meet."""
    tenant.faults.append(Fault("GET", after=20, revoke=True))
    with ThreadPoolExecutor(16) as pool:
        assert {answer.status_code for answer in pool.map(lambda _: session.get(LOGIN), range(64))} == {200}
    assert len(grants(tenant)) == 2
    assert len([one for one in others(tenant) if one.status == 401]) <= 17


def test_a_token_is_renewed_before_its_end(tenant):
    """No request is refused for its age."""
    account = ServiceAccount(ACCOUNT, public_jwk())
    with Tenant(service_accounts=[account], token_life=1) as tenant:
        session = AICSession(tenant.url, auth=auth())
        start = time.monotonic()
        while len(grants(tenant)) < 3:
            session.get(LOGIN)
            time.sleep(0.02)
        # Each has lived for most of its second.
        assert time.monotonic() - start > 1
    assert {one.status for one in others(tenant)} <= {200, 304}


def test_one_auth_for_sessions_of_one_tenant(tenant):
    """One token."""
    shared = auth()
    for _ in range(3):
        AICSession(tenant.url, auth=shared).get(LOGIN)
    assert len(grants(tenant)) == 1


def test_one_auth_for_two_tenants(tenant):
    """Each has a token of its own, which the other does not see."""
    shared = auth()
    with (
        serving(TokenServer()) as one,
        serving(TokenServer()) as other,
    ):
        sessions = [AICSession(wire.url, auth=shared) for wire in (one, other)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: sessions[n % 2].get("/x"), range(32)))
        assert len([sent for sent in one.sent if sent.path == PATH]) == 1
        assert set(tokens_of(one)) == set(tokens_of(other)) == {"Bearer t1"}
        assert len(one.sent) == len(other.sent) == 17


def test_an_auth_for_one_request(tenant):
    """Where it is passed to the request and not to the session."""
    session = AICSession(tenant.url)
    signed = auth()
    assert session.get(LOGIN, auth=signed).json()["authenticationId"] == ACCOUNT
    with pytest.raises(Unauthorized):
        session.get(LOGIN)
    session.update(USER, lambda user: user | {"sn": "New"}, auth=signed)
    assert tenant.collection(USERS).read("42")["sn"] == "New"
    assert len(grants(tenant)) == 1


def test_a_request_prepared_elsewhere(tenant, session):
    """Signed when it was prepared, refused later, and signed again by the session that sends it."""
    signed = auth(token_url=tenant.url + PATH)
    prepared = requests.Request("GET", tenant.url + LOGIN, auth=signed).prepare()
    tenant.revoke_tokens()
    assert AICSession(tenant.url).send(prepared).status_code == 200
    assert [one.status for one in others(tenant)] == [401, 200]
    held = session.prepare_request(requests.Request("GET", LOGIN))
    tenant.revoke_tokens()
    assert session.send(held).status_code == 200


def test_one_connection_is_enough(tenant):
    """The refused answer hands back its connection before the call for a token needs one."""
    session = AICSession(tenant.url, auth=auth())
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=1, pool_block=True))
    session.get(LOGIN)
    tenant.revoke_tokens()
    outcome = []
    thread = threading.Thread(target=lambda: outcome.append(session.get(LOGIN, stream=True).status_code), daemon=True)
    thread.start()
    thread.join(10)
    assert outcome == [200]


# A refused token


@pytest.mark.parametrize(
    "refusal", [(401, JSON, b'{"code":401}'), (401, HTML, b"<html>" + b"x" * 300_000), (401, [], b"")]
)
@pytest.mark.parametrize("kind", ["AICSession", "Session"])
def test_a_refused_request_is_sent_again_once(refusal, kind):
    """Whatever the 401 looks like; the first answer stays in the history."""
    server = TokenServer(refusal=refusal)
    with serving(server) as wire:
        session = AICSession(auth=auth(token_url=wire.url + PATH)) if kind == "AICSession" else plain(wire.url)
        session.get(f"{wire.url}/x")
        server.good.clear()
        response = session.get(f"{wire.url}/x")
    assert response.status_code == 200
    assert [earlier.status_code for earlier in response.history] == [401]
    assert tokens_of(wire) == ["Bearer t1", "Bearer t1", "Bearer t2"]


BODIES = {
    "none": (lambda: None, b""),
    "bytes": (lambda: b"body", b"body"),
    "text": (lambda: "body", b"body"),
    "bytearray": (lambda: bytearray(b"body"), b"body"),
    "file in memory": (lambda: io.BytesIO(b"body"), b"body"),
    "file": (lambda: _file(b"body"), b"body"),
    "file that was read from": (lambda: _read_from(io.BytesIO(b"not this body"), 9), b"body"),
}


def _file(content):
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the test
    file.write(content)
    file.seek(0)
    return file


def _read_from(file, count):
    file.read(count)
    return file


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", ["AICSession", "Session"])
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_a_body_that_can_be_sent_again(body, kind):
    """Goes out whole both times, from where it was."""
    make, content = BODIES[body]
    server = TokenServer()
    with serving(server) as wire:
        session = AICSession(wire.url, auth=auth()) if kind == "AICSession" else plain(wire.url)
        session.get(f"{wire.url}/x")
        server.good.clear()
        assert session.put(f"{wire.url}/x", data=make()).status_code == 200
    assert [sent.body for sent in wire.sent if sent.method == "PUT"] == [content, content]


class Closing(io.BytesIO):
    """Closes itself when it has been read."""

    def read(self, *arguments):
        content = super().read(*arguments)
        if not content:
            self.close()
        return content


def _pipe():
    reading, writing = os.pipe()
    os.write(writing, b"body")
    os.close(writing)
    return open(reading, "rb", buffering=0)  # closed with the test


ONCE = {
    "generator": lambda: iter([b"bo", b"dy"]),
    "pipe": _pipe,
    "file that closes itself": lambda: Closing(b"body"),
}


@pytest.mark.parametrize("body", ONCE)
@pytest.mark.parametrize("kind", ["AICSession", "Session"])
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_a_body_that_can_be_read_once_is_sent_once(body, kind):
    """The 401 is the caller's, whole; the token is dead all the same, and the next request has another."""
    server = TokenServer(refusal=(401, JSON, b'{"code":401,"message":"Access Denied"}'))
    with serving(server) as wire:
        session = AICSession(wire.url, auth=auth()) if kind == "AICSession" else plain(wire.url)
        session.get(f"{wire.url}/x")
        server.good.clear()
        if kind == "AICSession":
            with pytest.raises(Unauthorized, match="Access Denied"):
                session.put("/x", data=ONCE[body]())
        else:
            response = session.put(f"{wire.url}/x", data=ONCE[body]())
            assert (response.status_code, response.json()["message"]) == (401, "Access Denied")
        assert [sent.body for sent in wire.sent if sent.method == "PUT"] == [b"body"]
        assert server.given == 1
        session.get(f"{wire.url}/x")
        assert tokens_of(wire)[-1] == "Bearer t2"


@pytest.mark.parametrize("kind", ["AICSession", "Session"])
def test_the_second_refusal_is_the_callers(kind):
    """A connector says 401 to a wrong password too: one more token at most, for each request."""
    server = TokenServer(answer=(401, JSON, b'{"code":401,"message":"Invalid password"}'))
    with serving(server) as wire:
        session = AICSession(wire.url, auth=auth(), raise_for_status=False)
        session = session if kind == "AICSession" else plain(wire.url)
        for number in (1, 2, 3):
            response = session.post(f"{wire.url}/x", json={})
            assert (response.status_code, response.json()["message"]) == (401, "Invalid password")
            assert len(tokens_of(wire)) == 2 * number
            assert server.given == number + 1


@pytest.mark.parametrize("status", [400, 403, 404, 407, 500, 503])
def test_other_statuses_say_nothing_about_the_token(status):
    """They are the caller's at once."""
    server = TokenServer(answer=(status, JSON, b"{}"))
    with serving(server) as wire:
        session = AICSession(wire.url, auth=auth(), raise_for_status=False, retries=0)
        assert session.post("/x", json={}).status_code == status
    assert (server.given, len(tokens_of(wire))) == (1, 1)


def test_a_streamed_answer_is_read_by_the_caller(tenant, session):
    """Also after a refusal; the error of the first is bounded and read."""
    session.get(LOGIN)
    tenant.revoke_tokens()
    response = session.get(LOGIN, stream=True)
    assert json.loads(b"".join(response.iter_content(7)))["authenticationId"] == ACCOUNT


def test_hooks_of_the_caller_see_what_comes_of_it(tenant, session):
    """Not the refusal, as with any auth that answers a challenge."""
    session.get(USER)
    tenant.revoke_tokens()
    seen = []
    response = session.get(USER, hooks={"response": lambda response, **_: seen.append(response.status_code)})
    assert seen == [200]
    assert response.from_cache


def test_a_caller_who_signs_himself_keeps_his_401():
    """Where he has replaced the header after it was signed, the refusal is not the token's."""
    server = TokenServer()
    with serving(server) as wire:
        session = AICSession(wire.url, auth=auth(), raise_for_status=False)
        prepared = session.prepare_request(requests.Request("GET", "/x"))
        prepared.headers["Authorization"] = "Bearer mine"
        assert session.send(prepared).status_code == 401
    assert (server.given, tokens_of(wire)) == (1, ["Bearer mine"])


def test_no_new_token_after_a_refusal():
    """The token server's error is raised: there is nothing better to hand back."""
    server = TokenServer()
    with serving(
        lambda sent: (503, JSON, b'{"code":503}') if server.given and sent.path == PATH else server(sent)
    ) as wire:
        session = AICSession(wire.url, auth=auth(), raise_for_status=False)
        session.get("/x")
        server.good.clear()
        with pytest.raises(ServiceUnavailable, match=f"POST {PATH}") as caught:
            session.put("/x", json={})
        assert not maybe_applied(caught.value)


# Where it goes


@pytest.mark.parametrize("kind", ["AICSession", "Session"])
def test_another_origin_gets_no_token(kind):
    """Nothing is asked for, nothing is sent."""
    with serving(TokenServer()) as home, serving(TokenServer()) as stranger:
        signed = auth(token_url=home.url + PATH)
        session = AICSession(home.url, auth=signed) if kind == "AICSession" else plain(home.url)
        for url in (f"{stranger.url}/x", f"{stranger.url}{PATH}", home.url.replace("127.0.0.1", "localhost")):
            with pytest.raises(ForeignOrigin, match="another origin"):
                session.get(url)
    assert home.sent == stranger.sent == []


def redirecting(target, status=302):
    """At home /out leads to the target, /on to the next page; anything else is 200."""

    def answer(sent):
        if sent.path.startswith("/out"):
            return status, [("Location", target())], b""
        if sent.path.startswith("/on"):
            return status, [("Location", "/landed")], b""
        return 200, JSON, b"{}"

    return answer


@pytest.mark.parametrize("kind", ["AICSession", "AICSession without base URL", "Session"])
@pytest.mark.parametrize("refuses", [True, False])
def test_a_redirect_to_another_origin_carries_no_token(kind, refuses):
    """Also where the stranger asks for one by a 401; and what leads home again has none."""
    places = {}

    def abroad(sent):
        if sent.path.startswith("/back"):
            return 302, [("Location", places["home"] + "/landed")], b""
        return (401 if refuses else 200), [*JSON, ("WWW-Authenticate", "Bearer")], b"{}"

    with serving(abroad) as stranger:
        server = TokenServer(redirecting(lambda: stranger.url + places["to"]))
        with serving(server) as home:
            places["home"] = home.url
            if kind == "Session":
                session = plain(home.url)
            elif kind == "AICSession":
                session = AICSession(home.url, auth=auth(), raise_for_status=False)
            else:
                session = AICSession(auth=auth(token_url=home.url + PATH), raise_for_status=False)
            places["to"] = "/landed"
            assert session.get(f"{home.url}/out").status_code == (401 if refuses else 200)
            places["to"] = "/back"
            # Home refuses it without a token, and no token is given for it.
            assert session.get(f"{home.url}/out").status_code == 401
            assert tokens_of(home) == ["Bearer t1", "Bearer t1", None]
            server.good.clear()
            # Refused, sent again, and then led abroad.
            places["to"] = "/landed"
            session.get(f"{home.url}/out")
    assert "Bearer t" not in str(stranger.sent)
    assert len(stranger.sent) == 3
    assert server.given == 2


@pytest.mark.parametrize("kind", ["AICSession", "Session"])
@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_at_home_keeps_the_token(kind, status):
    """And a refusal on the way is answered there."""
    server = TokenServer(redirecting(lambda: "", status))
    with serving(server) as home:
        session = AICSession(home.url, auth=auth()) if kind == "AICSession" else plain(home.url)
        assert session.get(f"{home.url}/on").status_code == 200
        server.good.clear()
        assert session.put(f"{home.url}/on", data=b"body").status_code == 200
    assert server.given == 2
    assert tokens_of(home)[:2] == ["Bearer t1", "Bearer t1"]
    assert tokens_of(home)[-1] == "Bearer t2"


def test_from_http_to_https_is_another_origin(monkeypatch):
    """A plain Session would take the header along there."""
    sent = []

    def send(self, request, **_):
        sent.append((request.url, request.headers.get("Authorization")))
        response = requests.Response()
        response.request, response.url, response.connection = request, request.url, self
        response.status_code = 302 if request.url.startswith("http:") and "/x" in request.url else 200
        response.headers["Location"] = "https://tenant.example.com/y"
        response.raw = io.BytesIO(b'{"access_token": "t1"}')
        return response

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    plain("http://tenant.example.com").get("http://tenant.example.com/x")
    assert sent[1:] == [("http://tenant.example.com/x", "Bearer t1"), ("https://tenant.example.com/y", None)]


def test_a_token_of_a_server_beside_the_session():
    """token_url may name another host; the token goes to the session's origin and to no other."""
    am, idm = TokenServer(), TokenServer()
    idm.good = am.good
    with serving(am) as issuer, serving(idm) as home:
        session = AICSession(home.url, auth=auth(token_url=issuer.url + PATH))
        session.get("/x")
        am.good.clear()
        session.get("/x")
        with pytest.raises(ForeignOrigin):
            session.get(issuer.url + "/x")
    assert tokens_of(home) == ["Bearer t1", "Bearer t1", "Bearer t2"]
    assert tokens_of(issuer) == []


def test_without_a_base_url_it_needs_a_token_url():
    """Who would it ask?"""
    for session in (AICSession(auth=auth()), requests.Session()):
        with pytest.raises(ValueError, match="needs token_url here"):
            session.get("http://127.0.0.1:9/x", auth=auth())


@pytest.mark.parametrize(
    "options",
    [
        {"service_account_id": ""},
        {"service_account_id": " "},
        {"service_account_id": "a\nb"},
        {"service_account_id": None},
        {"scope": ""},
        {"scope": ["fr:am:*"]},
        {"audience": ""},
        {"token_url": "/am/oauth2/access_token"},
        {"token_url": "tenant.example.com/am"},
        {"token_url": "ftp://tenant.example.com/am"},
        {"token_url": "https:///am"},
        {"token_url": "https://me:pw@tenant.example.com/am"},
        {"token_url": "https://tenant.example.com:99999/am"},
        {"token_url": "https://tenant.example.com/am#x"},
        {"token_url": "https://tenant.example.com\\@other.example.com/am"},
        {"token_url": "https://[::1/am"},
        {"token_url": 7},
    ],
)
def test_arguments_that_make_no_sense(options):
    """Are refused at construction."""
    given = {"service_account_id": ACCOUNT, **options}
    with pytest.raises(ValueError, match=next(iter(options))):
        ServiceAccountAuth(given.pop("service_account_id"), private_jwk(), **given)


# Who it is


def test_what_one_token_has_read_the_next_finds(tenant, session):
    """After a refusal, and after a renewal: the same account is the same caller, in reads and in revisions."""
    session.get(USER)
    for _ in range(2):
        tenant.revoke_tokens()
        assert session.get(USER).from_cache
        assert session.get(USER).from_cache
    tenant.revoke_tokens()
    session.put(USER, json={"userName": "bob", "sn": "New"})
    put = [one for one in tenant.requests if one.method == "PUT"]
    assert [one.status for one in put] == [401, 200]
    assert put[1].headers["If-Match"] == tenant.requests[1].answered["ETag"]
    assert session.get(USER).json()["sn"] == "New"


def test_what_is_read_after_a_refusal_is_found(tenant, session):
    """An answer that came under the new token is kept under the account's name."""
    session.get(LOGIN)
    tenant.revoke_tokens()
    assert not session.get(USER).from_cache
    assert session.get(USER).from_cache


def test_another_account_finds_nothing(tenant):
    """Nor the same one with other scopes, or of another token endpoint."""
    names = {
        auth().identity,
        auth(scope="fr:am:*").identity,
        auth(token_url="https://h/am").identity,
        ServiceAccountAuth("other", private_jwk()).identity,
        auth(scope="fr:idm:* fr:am:*").identity,
    }
    assert len(names) == 4
    session = AICSession(tenant.url)
    session.get(USER, auth=auth())
    assert not session.get(USER, auth=auth(scope="fr:idm:*")).from_cache
    assert session.get(USER, auth=auth(scope="fr:idm:* fr:am:*")).from_cache


# Failures and update()


def test_update_does_not_take_a_failure_to_sign_in_for_a_lost_write(tenant):
    """Nothing was written: the error is raised as it is, after one call."""
    session = AICSession(tenant.url, auth=auth(), retries=0)
    user = session.get(USER).json()
    tenant.revoke_tokens()
    for fault in (Fault("POST", status=503), Fault("POST", connection="drop"), Fault("POST", connection="reset")):
        tenant.requests.clear()
        tenant.faults.append(fault)
        with pytest.raises((ServiceUnavailable, requests.ConnectionError)) as caught:
            session.update(USER, lambda found: found | {"sn": "New"})
        assert not maybe_applied(caught.value)
        assert len(grants(tenant)) == 1
    assert tenant.collection(USERS).read("42") == user


def test_a_token_server_that_is_down_is_asked_once_by_those_who_wait():
    """16 threads, one call at a time, one error each."""
    hold = threading.Event()
    with serving(lambda sent: (hold.wait(10) and None) or (503, JSON, b'{"code":503,"message":"down"}')) as wire:
        session = AICSession(wire.url, auth=auth())

        def get(_):
            with pytest.raises(ServiceUnavailable, match="down") as caught:
                session.get("/x")
            return caught.value

        with ThreadPoolExecutor(16) as pool:
            errors = [pool.submit(get, number) for number in range(16)]
            time.sleep(0.5)
            hold.set()
            # Kept until all are there: what is gone may leave its id to the next.
            assert len({id(error) for error in [error.result() for error in errors]}) == 16
    assert [sent.path for sent in wire.sent] == [PATH]


def test_the_next_request_tries_again(tenant, session):
    """A failure is nobody's but theirs who waited for it."""
    tenant.faults.append(Fault("POST", status=503))
    with pytest.raises(ServiceUnavailable):
        session.get(LOGIN)
    assert session.get(LOGIN).status_code == 200


def test_a_closed_session_signs_in_again(tenant, session):
    """It opens when it is used; its token is still good."""
    session.get(LOGIN)
    session.close()
    session.get(LOGIN)
    assert len(grants(tenant)) == 1


# Other processes


def read_in_worker(signed, url):
    """In a worker: who am I?"""
    return AICSession(url, auth=signed).get(LOGIN).json()["authenticationId"]


def read_with_session(session):
    return session.get(LOGIN).json()["authenticationId"]


@pytest.mark.parametrize("form", ["dict", "text", "path"])
def test_a_pickled_auth_works_in_a_worker(tenant, tmp_path, form, monkeypatch):
    """It signs in there by itself: its token was not in the pickle, and neither was a key that was given as a path."""
    (tmp_path / "key.jwk").write_text(json.dumps(private_jwk()))
    monkeypatch.chdir(tmp_path)
    key = {"dict": private_jwk(), "text": json.dumps(private_jwk()), "path": "key.jwk"}[form]
    signed = ServiceAccountAuth(ACCOUNT, key, scope="fr:idm:*")
    session = AICSession(tenant.url, auth=signed)
    token = session.prepare_request(requests.Request("GET", LOGIN)).headers["Authorization"].split()[1]
    for pickled in (pickle.dumps(signed), pickle.dumps(session)):
        assert token.encode() not in pickled
        assert (private_jwk()["d"].encode() in pickled) == (form != "path")
    monkeypatch.chdir("/")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(read_in_worker, signed, tenant.url).result() == ACCOUNT
        assert pool.submit(read_with_session, session).result() == ACCOUNT
    assert len(grants(tenant)) == 3
    assert repr(pickle.loads(pickle.dumps(signed))) == repr(signed)
    assert pickle.loads(pickle.dumps(signed)).identity == signed.identity


def test_a_pickled_response_does_not_carry_the_key(tenant, session):
    """Its request holds the hook that answers a 401: in a pickle that is spent, and answers nothing."""
    response = session.get(LOGIN)
    pickled = pickle.dumps(response)
    assert private_jwk()["d"].encode() not in pickled
    tenant.revoke_tokens()
    again = pickle.loads(pickled).request
    with pytest.raises(Unauthorized):
        AICSession(tenant.url).send(again)
    assert len(grants(tenant)) == 1


def test_the_error_of_a_refused_grant_travels(tenant):
    """With its words."""
    session = AICSession(tenant.url, auth=ServiceAccountAuth("nobody", private_jwk()))
    with pytest.raises(AICError) as caught:
        session.get(LOGIN)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again)) == (type(caught.value), str(caught.value))
    assert (again.reason, again.message) == ("invalid_grant", "JWT is not valid")
