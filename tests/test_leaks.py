"""No credential where it does not belong: every carrier of one against every way out."""

import base64
import contextlib
import json
import logging
import pickle
import socket
import ssl
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import requests
import trustme
from requests.auth import HTTPDigestAuth

from aic_requests import AICError, AICSession, ForeignOrigin, LogAPIKeyAuth, ServiceAccountAuth, SQLiteStore

from .keys import ACCOUNT, private_jwk
from .wire import Sent, Wire, serving

SECRET = "s3cr3tXyzzy0123456789"
TOKEN = "t0kenXyzzy0123456789abcdef"
JSON = [("Content-Type", "application/json")]
PATH = "/am/oauth2/access_token"

Session = Callable[[str], AICSession]


@dataclass
class Carrier:
    """
    A way in which a credential goes out.

    Attributes:
        session: Makes the session for a base URL.
        options: Of each request.
        secrets: What must not be seen.
        given: Whether the caller has put it there himself, so that a session's pickle has it, as in requests.
        shown_in_url: Whether it stands in the URL, which requests' own errors show.
    """

    session: Session
    options: dict[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = (SECRET,)
    given: bool = True
    shown_in_url: bool = False


def having(**attributes: Any) -> Session:
    """A session with these attributes, headers and cookies added."""

    def make(url: str) -> AICSession:
        session = AICSession(url, auth=attributes.get("auth"), retries=0)
        session.headers.update(attributes.get("headers", {}))
        session.cookies.update(attributes.get("cookies", {}))
        return session

    return make


def service_account(url: str) -> AICSession:
    return AICSession(url, auth=ServiceAccountAuth(ACCOUNT, private_jwk()), retries=0)


CARRIERS = {
    "session: bearer header": Carrier(having(headers={"Authorization": f"Bearer {SECRET}"})),
    "session: basic": Carrier(having(auth=("me", SECRET))),
    "session: digest": Carrier(having(auth=HTTPDigestAuth("me", SECRET))),
    "session: log key": Carrier(having(auth=LogAPIKeyAuth(SECRET, SECRET))),
    "session: service account's token": Carrier(service_account, secrets=(TOKEN,), given=False),
    "session: service account's key": Carrier(
        service_account, secrets=tuple(private_jwk()[part] for part in ("d", "p", "q", "dp", "dq", "qi"))
    ),
    "session: OpenIDM's headers": Carrier(
        having(headers={"X-OpenIDM-Username": "me", "X-OpenIDM-Password": SECRET, "X-OpenIDM-NoSession": "true"})
    ),
    "session: AM's session header": Carrier(having(headers={"iPlanetDirectoryPro": SECRET})),
    "session: AM's session header, named per tenant": Carrier(having(headers={"6ac6499e9da2071": SECRET})),
    "session: cookie": Carrier(having(cookies={"6ac6499e9da2071": SECRET})),
    "session: cookie header": Carrier(having(headers={"Cookie": f"a=b; session-jwt={SECRET}"})),
    "session: header of its own": Carrier(having(headers={"X-Whatever": SECRET})),
    "request: bearer header": Carrier(having(), {"headers": {"Authorization": f"Bearer {SECRET}"}}),
    "request: basic": Carrier(having(), {"auth": ("me", SECRET)}),
    "request: log key": Carrier(having(), {"auth": LogAPIKeyAuth(SECRET, SECRET)}),
    "request: cookie": Carrier(having(), {"cookies": {"iPlanetDirectoryPro": SECRET}}),
    "request: header of its own": Carrier(having(), {"headers": {"X-Whatever": SECRET}}),
    "request: parameter": Carrier(having(), {"params": {"tokenId": SECRET}}, shown_in_url=True),
    "request: password in a document": Carrier(having(), {"json": {"userName": "me", "password": SECRET}}),
    "request: secret in a form": Carrier(having(), {"data": {"client_id": "me", "client_secret": SECRET}}),
}


def spellings(secret: str) -> set[str]:
    """How it may be written: as it is, quoted, and in base64 wherever it stands in there."""
    found = {secret, quote(secret, safe=""), quote_plus(secret), escape(secret), json.dumps(secret)[1:-1]}
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # The first and the last signs depend on what stands beside it.
            found.add(encode(b"x" * before + secret.encode()).decode().rstrip("=")[4:-3])
    found |= {secret.encode().hex(), secret[::-1]}
    return found


def leaks(carrier: Carrier, *seen: object) -> list[str]:
    """Where a secret of the carrier is in what was seen."""
    texts = [one.decode("latin-1") if isinstance(one, bytes) else str(one) for one in seen]
    wanted = {how for secret in carrier.secrets for how in spellings(secret)}
    return [text[:200] for text in texts if any(how in text for how in wanted)]


class Home:
    """The tenant: gives a token, and says to a path what the test has put there."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}

    def __call__(self, sent: Sent) -> tuple[int, list[tuple[str, str]], bytes]:
        if sent.path == PATH:
            return 200, JSON, json.dumps({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 899}).encode()
        answer = self.answers.get(
            sent.path.partition("?")[0], (200, [*JSON, ("ETag", '"1"')], b'{"_id":"x","_rev":"1"}')
        )
        return answer(sent) if callable(answer) else answer


@pytest.fixture
def home() -> Iterator[Home]:
    answers = Home()
    with serving(answers) as wire:
        answers.wire = wire  # type: ignore[attr-defined]
        yield answers


def call(carrier: Carrier, session: AICSession, path: str) -> requests.Response:
    """A request with the credential; a body needs a method that has one."""
    return session.request("POST" if {"json", "data"} & carrier.options.keys() else "GET", path, **carrier.options)


def told(error: BaseException) -> list[object]:
    """All that an error says, in every way that errors are shown."""
    shown = [str(error), repr(error), "".join(traceback.format_exception(error))]
    return [*shown, *(repr(getattr(error, name, None)) for name in ("message", "reason", "detail", "cause", "args"))]


# Ways out: each hands over what a stranger, a reader of logs or a file has seen.


@contextlib.contextmanager
def authority(session: AICSession, tmp_path: Any) -> Iterator[ssl.SSLContext]:
    """A certificate for 127.0.0.1 that the session trusts."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    session.verify = str(tmp_path / "ca.pem")
    yield context


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def absolute_url(carrier: Carrier, home: Home, tmp_path: Any, **_: Any) -> list[object]:
    session = carrier.session(home.wire.url)
    with serving(lambda sent: (200, JSON, b"{}")) as stranger:
        with pytest.raises(ForeignOrigin) as caught:
            call(carrier, session, f"{stranger.url}/x")
        assert stranger.sent == []
    return [*stranger.sent, *told(caught.value)]


def redirected(carrier: Carrier, home: Home, session: AICSession, stranger: Wire, status: int = 302) -> list[object]:
    home.answers["/out"] = (status, [("Location", f"{stranger.url}/landed")], b"")
    try:
        response = call(carrier, session, "/out")
    except (ForeignOrigin, AICError) as error:
        return [*stranger.sent, *told(error)]
    assert stranger.sent
    return [*stranger.sent, repr(response), *response.history[1:], response.next]


def redirect_to_another_host(carrier: Carrier, home: Home, **_: Any) -> list[object]:
    with serving(lambda sent: (200, JSON, b"{}"), host="127.0.0.2") as stranger:
        return redirected(carrier, home, carrier.session(home.wire.url), stranger)


def redirect_to_another_port(carrier: Carrier, home: Home, **_: Any) -> list[object]:
    with serving(lambda sent: (200, JSON, b"{}")) as stranger:
        return redirected(carrier, home, carrier.session(home.wire.url), stranger)


def redirect_to_another_scheme(carrier: Carrier, home: Home, tmp_path: Any, **_: Any) -> list[object]:
    session = carrier.session(home.wire.url)
    with (
        authority(session, tmp_path) as context,
        serving(lambda sent: (200, JSON, b"{}"), tls=context) as stranger,
    ):
        return redirected(carrier, home, session, stranger)


def redirect_that_would_carry_the_body(carrier: Carrier, home: Home, **_: Any) -> list[object]:
    with serving(lambda sent: (200, JSON, b"{}")) as stranger:
        return redirected(carrier, home, carrier.session(home.wire.url), stranger, status=307)


def strangers_challenge(carrier: Carrier, home: Home, **_: Any) -> list[object]:
    digest = 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5'
    challenge = (401, [*JSON, ("WWW-Authenticate", digest), ("WWW-Authenticate", 'Basic realm="r"')], b"{}")
    with serving(lambda sent: challenge) as stranger:
        seen = redirected(carrier, home, carrier.session(home.wire.url), stranger)
        assert [sent.header("Authorization") for sent in stranger.sent] == [None]
        return seen


def chain_out_and_back(carrier: Carrier, home: Home, **_: Any) -> list[object]:
    landed = f"{home.wire.url}/landed"
    with serving(lambda sent: (302, [("Location", landed)], b"")) as stranger:
        seen = redirected(carrier, home, carrier.session(home.wire.url), stranger)
    # Whom a stranger sends home comes as nobody. A cookie that the session keeps for its home is sent there again.
    back = [sent for sent in home.wire.sent if sent.path == "/landed"]
    assert len(back) == 1
    without_cookies = [[one for one in sent.headers if one[0].lower() != "cookie"] for sent in back]
    return [*seen, *without_cookies]


def proxy(carrier: Carrier, **_: Any) -> list[object]:
    """Of https it sees where it goes, and no more."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        seen.append(connection.recv(65536))
                        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        session = carrier.session("https://tenant.example.com")
        session.proxies = {"https": f"http://127.0.0.1:{listener.getsockname()[1]}"}
        with pytest.raises(requests.exceptions.ProxyError) as caught:
            call(carrier, session, "/x")
    assert seen[0].startswith(b"CONNECT tenant.example.com:443 ")
    return [*seen, *([] if carrier.shown_in_url else told(caught.value))]


def error_text(carrier: Carrier, home: Home, **_: Any) -> list[object]:
    """The server repeats all that it was sent, in every spelling."""

    def echo(sent: Sent) -> tuple[int, list[tuple[str, str]], bytes]:
        words = f"{sent.path} {dict(sent.headers)} {sent.body.decode()}"
        every = [words, escape(words), quote(words), quote_plus(words)]
        return 400, JSON, json.dumps({"code": 400, "message": words, "detail": every, "cause": {"m": every}}).encode()

    home.answers["/x"] = echo
    with pytest.raises(AICError) as caught:
        call(carrier, carrier.session(home.wire.url), "/x")
    return told(caught.value)


def error_text_of_html(carrier: Carrier, home: Home, **_: Any) -> list[object]:
    def echo(sent: Sent) -> tuple[int, list[tuple[str, str]], bytes]:
        words = escape(f"{sent.path} {dict(sent.headers)} {sent.body.decode()}")
        return 502, [("Content-Type", "text/html")], f"<html><title>{words}</title>{words}</html>".encode()

    home.answers["/x"] = echo
    with pytest.raises(AICError) as caught:
        call(carrier, carrier.session(home.wire.url), "/x")
    return told(caught.value)


def error_without_an_answer(carrier: Carrier, home: Home, **_: Any) -> list[object]:
    session = carrier.session("http://127.0.0.1:9")
    with pytest.raises(requests.ConnectionError) as caught:
        call(carrier, session, "/x")
    # Where it stands in the URL, requests' own words show it, as its users know.
    return [] if carrier.shown_in_url else told(caught.value)


def representation(carrier: Carrier, home: Home, **_: Any) -> list[object]:
    session = carrier.session(home.wire.url)
    response = call(carrier, session, "/x")
    auth = carrier.options.get("auth", session.auth)
    own = [] if isinstance(auth, tuple) else [repr(auth), str(auth)]
    return [*own, repr(session), repr(response), repr(response.request), repr(session.cache_info())]


def pickle_of_an_error(carrier: Carrier, home: Home, **_: Any) -> list[object]:
    def echo(sent: Sent) -> tuple[int, list[tuple[str, str]], bytes]:
        words = f"{sent.path} {dict(sent.headers)} {sent.body.decode()}"
        fields = [*JSON, ("X-Echo", quote(words)), ("Set-Cookie", f"a={SECRET}")]
        return 409, fields, json.dumps({"code": 409, "message": words}).encode()

    home.answers["/x"] = echo
    with pytest.raises(AICError) as caught:
        call(carrier, carrier.session(home.wire.url), "/x")
    return [pickle.dumps(caught.value, protocol) for protocol in (0, pickle.HIGHEST_PROTOCOL)]


def pickle_of_the_session(carrier: Carrier, home: Home, **_: Any) -> list[object]:
    """What the session got by itself is not in it; what its caller has put there is, as in requests."""
    session = carrier.session(home.wire.url)
    call(carrier, session, "/x")
    return [] if carrier.given and not carrier.options else [pickle.dumps(session)]


def pickle_of_the_auth(carrier: Carrier, home: Home, **_: Any) -> list[object]:
    """It can sign again by what it was given, and does not take along what it got by that."""
    session = carrier.session(home.wire.url)
    call(carrier, session, "/x")
    return [] if carrier.given else [pickle.dumps(session.auth)]


def debug_log(carrier: Carrier, home: Home, caplog: Any, **_: Any) -> list[object]:
    """A success, a retry, an error and a redirect abroad, with everything that this library has to say."""
    answers = [(503, JSON, b"{}"), (200, JSON, b"{}")]
    home.answers["/retried"] = lambda sent: answers.pop(0)
    home.answers["/error"] = (404, JSON, b'{"code":404}')
    with (
        caplog.at_level(logging.DEBUG, logger="aic_requests"),
        serving(lambda sent: (200, JSON, b"{}")) as stranger,
    ):
        home.answers["/out"] = (302, [("Location", f"{stranger.url}/landed?a={SECRET[::2]}")], b"")
        session = carrier.session(home.wire.url)
        session.mount("http://", AICSession().get_adapter("http://"))
        for path in ("/x", "/retried", "/error", "/out"):
            with contextlib.suppress(requests.RequestException):
                call(carrier, session, path)
    return [record.getMessage() for record in caplog.records if record.name.startswith("aic_requests")]


def store_file(carrier: Carrier, home: Home, tmp_path: Any, **_: Any) -> list[object]:
    """Every byte at rest, while the store is open and after; the server repeats what it was sent in its headers."""

    def echo(sent: Sent) -> tuple[int, list[tuple[str, str]], bytes]:
        told = [(f"X-Echo-{name}", value) for name, value in sent.headers]
        cookie = ("Set-Cookie", f"a={carrier.secrets[0]}")
        fields = [*JSON, ("ETag", '"1"'), cookie, ("Cache-Control", "no-store"), ("X-Echo", sent.path), *told]
        return 200, fields, b'{"_id":"x","_rev":"1"}'

    home.answers["/x"] = echo
    configured = carrier.session(home.wire.url)
    store = SQLiteStore(tmp_path / "store", no_store="keep")
    session = AICSession(home.wire.url, auth=configured.auth, store=store)
    session.headers, session.cookies = configured.headers, configured.cookies
    call(carrier, session, "/x")
    # A body in the request: it is no read, and nothing is kept.
    assert store.size().entries == (not {"json", "data"} & carrier.options.keys())
    call(carrier, session, "/x")
    seen = [one.read_bytes() for one in tmp_path.iterdir()]
    assert len(seen) == 3
    session.close()
    seen += [one.read_bytes() for one in tmp_path.iterdir()]
    assert len(seen) == 4
    assert not any(home.wire.url.encode() in one for one in seen)
    return seen


WAYS = [
    absolute_url,
    redirect_to_another_host,
    redirect_to_another_port,
    redirect_to_another_scheme,
    redirect_that_would_carry_the_body,
    strangers_challenge,
    chain_out_and_back,
    proxy,
    error_text,
    error_text_of_html,
    error_without_an_answer,
    representation,
    pickle_of_an_error,
    pickle_of_the_session,
    pickle_of_the_auth,
    debug_log,
    store_file,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_no_leak(carrier, way, home, tmp_path, caplog):
    """What goes out with a request to the tenant is seen by nobody else, and written nowhere."""
    chosen = CARRIERS[carrier]
    seen = way(chosen, home=home, tmp_path=tmp_path, caplog=caplog)
    assert leaks(chosen, *seen) == []


def test_the_tenant_itself_sees_each_carrier(home):
    """Else the matrix would prove nothing: at home the credential does arrive."""
    for name, carrier in CARRIERS.items():
        session = carrier.session(home.wire.url)
        home.answers["/x"] = lambda sent: (
            (401, [("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')], b"")
            if sent.header("Authorization") is None
            else (200, JSON, b"{}")
        )
        session.raise_for_status = False
        call(carrier, session, "/x")
        arrived = home.wire.sent[-1]
        if name == "session: digest":
            assert 'username="me"' in str(arrived)
        elif name != "session: service account's key":
            assert leaks(carrier, arrived), name


@pytest.mark.parametrize("text", [SECRET, base64.b64encode(f"me:{SECRET}".encode()).decode(), f"a=%22{SECRET}%22"])
def test_the_search_finds_it(text):
    """In the spellings that headers and URLs have."""
    assert leaks(CARRIERS["session: basic"], "nothing", text) == [text]
