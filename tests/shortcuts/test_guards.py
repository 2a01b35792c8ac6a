"""Whoever puts something in the place of what a short cut passes by is called, as in requests."""

import http.client
import json
import pickle
from unittest import mock

import pytest
import requests
import requests.adapters
import requests.models
import requests.sessions
import requests.utils
import urllib3

from aic_requests import AICSession
from aic_requests.shortcuts import environment, genuine
from aic_requests.transport import Transport
from tests.wire import serving

BIG = json.dumps({"_id": "42", "list": [{"n": n, "text": "ü" * 20} for n in range(500)]}).encode()


def answer(sent):
    if sent.header("If-None-Match"):
        return 304, [], b""
    return 200, [("Content-Type", "application/json"), ("ETag", '"7"')], BIG


@pytest.fixture
def url():
    with serving(answer) as wire:
        yield wire.url


#: What tracing, mocks and recorders replace, and everything else that is passed by.
PLACES = [
    (requests.Session, "send"),
    (requests.Session, "prepare_request"),
    (requests.Session, "merge_environment_settings"),
    (requests.Session, "get_adapter"),
    (requests.Session, "request"),
    (requests.PreparedRequest, "prepare_url"),
    (requests.PreparedRequest, "prepare_headers"),
    (requests.PreparedRequest, "prepare_cookies"),
    (requests.PreparedRequest, "prepare_body"),
    (requests.PreparedRequest, "prepare_auth"),
    (requests.PreparedRequest, "prepare_hooks"),
    (requests.adapters.HTTPAdapter, "send"),
    (requests.adapters.HTTPAdapter, "build_response"),
    (requests.adapters.HTTPAdapter, "request_url"),
    (requests.adapters.HTTPAdapter, "cert_verify"),
    (requests.adapters.HTTPAdapter, "get_connection_with_tls_context"),
    (requests.adapters.HTTPAdapter, "build_connection_pool_key_attributes"),
    (urllib3.PoolManager, "connection_from_host"),
    (urllib3.PoolManager, "connection_from_context"),
    (urllib3.PoolManager, "connection_from_pool_key"),
    (requests.adapters, "select_proxy"),
    (requests.adapters, "extract_cookies_to_jar"),
    (requests.sessions, "extract_cookies_to_jar"),
    (requests.sessions, "get_environ_proxies"),
    (requests.sessions, "get_netrc_auth"),
    (requests.sessions, "merge_setting"),
    (requests.sessions, "dispatch_hook"),
    (requests.utils, "should_bypass_proxies"),
    (requests.utils, "getproxies"),
    (http.client, "parse_headers"),
    (http.client.HTTPResponse, "begin"),
]


@pytest.mark.parametrize(("owner", "name"), PLACES, ids=lambda place: getattr(place, "__name__", place))
def test_what_is_put_in_its_place_is_called(shortcuts, url, monkeypatch, owner, name):
    """A function that is replaced, also after the first request, is called again by each request that follows."""
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    with AICSession(url) as session:
        expected = session.get("/x").json()
        for _ in range(2):
            with mock.patch.object(owner, name, autospec=True, side_effect=getattr(owner, name)) as theirs:
                assert session.get("/x").json() == expected
            assert theirs.called
        assert session.get("/x").from_cache


def test_a_request_line_of_somebody_elses(shortcuts, url, monkeypatch):
    """What stands in it may also be replaced on the class of the requests, which has it from another."""
    with AICSession(url) as session:
        session.get("/x")
        monkeypatch.setattr(requests.PreparedRequest, "path_url", "/theirs", raising=False)
        with serving(answer) as wire:
            AICSession(wire.url).get("/x")
    assert wire.sent[0].path == "/theirs"


def test_the_words_of_http_client(either_way, url, monkeypatch):
    """With ``debuglevel``, http.client prints what comes, and a logger puts its own ``print`` beside it."""
    printed = []
    with AICSession(url) as session:
        session.get("/x")
        monkeypatch.setattr(http.client, "print", lambda *words: printed.append(words), raising=False)
        monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
        session.get("/y")
    # Content-Type, ETag, Content-Length
    assert [words[0] for words in printed] == ["send:", "reply:", *["header:"] * 3]


@pytest.mark.parametrize("name", ["send", "prepare_request", "merge_environment_settings"])
def test_a_class_in_between_is_called(shortcuts, url, name):
    """A mixin that stands behind the session is asked, as it would be without the short cuts."""
    called = []

    def method(self, *args, **named):
        called.append(name)
        return getattr(super(Mixin, self), name)(*args, **named)

    class Mixin(requests.Session):
        pass

    setattr(Mixin, name, method)

    class Own(AICSession, Mixin):
        pass

    with Own(url) as session:
        assert session.get("/x").status_code == 200
    assert called == [name]


@pytest.mark.parametrize(
    "name",
    [
        "build_response",
        "request_url",
        "cert_verify",
        "add_headers",
        "get_connection_with_tls_context",
        "build_connection_pool_key_attributes",
    ],
)
@pytest.mark.parametrize("where", ["class", "object"])
def test_an_adapter_of_the_callers_own(shortcuts, url, name, where):
    """What a subclass of the adapter overrides is called, and so is what somebody puts on the object."""
    called = []

    def method(self, *args, **named):
        called.append(name)
        return getattr(Transport, name)(self, *args, **named)

    own = type("Own", (Transport,), {name: method} if where == "class" else {})()
    if where == "object":
        setattr(own, name, lambda *args, **named: method(own, *args, **named))
    with AICSession(url) as session:
        session.mount("http://", own)
        for _ in range(2):
            assert session.get("/x").status_code == 200
    assert called == [name] * 2


def test_a_pool_manager_of_the_callers_own(shortcuts, url):
    """Is asked for the pool of each request, wherever it was put in."""
    asked = []

    class Own(urllib3.PoolManager):
        def connection_from_host(self, *args, **named):
            asked.append(named["host"])
            return super().connection_from_host(*args, **named)

    with AICSession(url) as session:
        session.get_adapter(url).poolmanager = Own(maxsize=1, block=False)
        for _ in range(2):
            session.get("/x")
    assert asked == ["127.0.0.1"] * 2


def test_a_release_that_nobody_has_read(monkeypatch):
    """The short cuts are for the releases of requests whose code was read."""
    assert "2.34.2".startswith(genuine.READ)
    assert not "2.35.0".startswith(genuine.READ)
    assert not "2.340.0".startswith(genuine.READ)


def test_all_can_be_switched_off(monkeypatch):
    """Nothing is taken for genuine once they are not allowed."""
    places = genuine.Genuine({requests.Session: ("send",)})
    monkeypatch.setattr(genuine, "ALLOWED", [True])
    assert places
    monkeypatch.setattr(genuine, "ALLOWED", [False])
    assert not places


def test_what_was_replaced_before_the_import():
    """A function that is not of requests at all is never taken for its own."""
    with mock.patch.object(requests.Session, "send", print):
        places = genuine.Genuine({requests.Session: ("send",)})
        assert not places
    assert not places


# Documents


def test_each_document_is_its_own(either_way, url):
    """What one caller does to a document, no other sees."""
    with AICSession(url) as session:
        for _ in range(4):
            response = session.get("/x")
            document = response.json()
            assert document == json.loads(BIG)
            document["list"].clear()
        assert response.from_cache
        assert response.json() == json.loads(BIG)


def test_a_body_of_the_callers_own(either_way, url):
    """Bytes that somebody puts in the place of the kept ones, another encoding, and options all count."""
    with AICSession(url) as session:
        for _ in range(3):
            response = session.get("/x")
            response.json()
        assert response.json(parse_int=str)["list"][1]["n"] == "1"
        response.encoding = "latin-1"
        assert response.json() == json.loads(BIG.decode("latin-1"))
        response._content = BIG.replace(b'"42"', b'"43"')
        assert response.json()["_id"] == "43"
        response._content = b"x" * 10000
        with pytest.raises(requests.exceptions.JSONDecodeError):
            response.json()


def test_documents_are_counted_and_forgotten(shortcuts, url):
    """Blobs count as bytes that are held, and go with the rest."""
    with AICSession(url) as session:
        for _ in range(2):
            session.get("/x").json()
        held = session.cache_info().bytes
        session._memory.documents.clear()
        assert held > session.cache_info().bytes + len(BIG)
        session.get("/x").json()
        session.cache_clear()
        assert session.cache_info().bytes == 0


def test_a_response_pickles_as_any_other(either_way, url):
    """A response from the store is one of requests for whoever unpickles it."""
    with AICSession(url) as session:
        session.get("/x")
        response = session.get("/x")
    copy = pickle.loads(pickle.dumps(response))
    assert type(copy) is requests.Response
    assert copy.json() == response.json()


@pytest.mark.parametrize("body", [b"a", iter([b"a"])], ids=["bytes", "read once"])
def test_an_adapter_of_ones_own_sends_bodies_of_every_kind(url, body):
    """What it overrides counts for a body that can be read only once too."""
    seen = []

    class Own(Transport):
        def cert_verify(self, conn, *arguments):
            seen.append("cert_verify")
            super().cert_verify(conn, *arguments)

        def add_headers(self, request, **_):
            seen.append("add_headers")

    session = AICSession(url)
    session.mount(url, Own())
    session.post("/x", data=body)
    assert seen == ["cert_verify", "add_headers"]


def test_a_closed_session_closes_its_connections(url, shortcuts):
    """As requests does: the next request is over another one, also where a response of the one before is held."""
    with serving(answer) as wire:
        session = AICSession(wire.url)
        held = [session.get("/x")]
        session.close()
        held.append(session.get("/x"))
        assert wire.connections == 2
        session.get_adapter(wire.url).poolmanager.clear()
        session.get("/x")
        assert wire.connections == 3


def test_variables_that_change_while_they_are_read(monkeypatch, shortcuts):
    """What is not of the variables at hand is not filed under them."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", "http://proxy:1")
    session = AICSession()

    def proxies():
        return session.merge_environment_settings("http://host/", {}, None, None, None)["proxies"].get("http")

    assert proxies() == "http://proxy:1"
    at_first = environment.Environment.now()
    with monkeypatch.context() as patch:
        patch.setenv("no_proxy", "other")
        assert at_first.proxies_for("http://other/") == {}
    assert at_first.proxies_for("http://other/")["http"] == "http://proxy:1"

    original = environment._utils.getproxies
    monkeypatch.setattr(environment, "_latest", None)
    with monkeypatch.context() as patch:
        # Another thread comes in between.
        patch.setattr(environment.Environment, "still_holds", lambda self: False)
        assert environment.Environment.now() is None
    assert environment._utils.getproxies is original
    assert proxies() == "http://proxy:1"


@pytest.mark.parametrize("proxies", [{}, {"http": "http://own:1"}])
def test_proxies_of_the_environment(monkeypatch, either_way, proxies):
    """Come into the caller's dictionary, and only there."""
    monkeypatch.setenv("http_proxy", "http://proxy:1")
    settings = [
        session.merge_environment_settings("http://host/", given, None, None, None)["proxies"]
        for session in (requests.Session(), AICSession())
        for given in [dict(proxies)]
    ]
    assert settings[0] == settings[1]
    given = {}
    AICSession().merge_environment_settings("http://host/", given, None, None, None)
    assert given == {"http": "http://proxy:1"}


def test_headers_in_a_plain_dictionary(shortcuts):
    """Of a request prepared by hand, with names in bytes too; of a response that an adapter has made."""

    class Made(requests.adapters.BaseAdapter):
        def send(self, request, **_):
            response = requests.Response()
            response.status_code, response._content, response.request = 200, b'{"_id":"42"}', request
            response.headers = {"ETag": '"7"', "Content-Type": "application/json"}
            return response

        def close(self):
            pass

    with serving(answer) as wire:
        prepared = requests.Request("GET", f"{wire.url}/x").prepare()
        prepared.headers = {"A": "b", b"X-B": b"1"}
        assert AICSession(wire.url).send(prepared).status_code == 200
        assert [wire.sent[-1].header(name) for name in ("A", "X-B")] == ["b", "1"]
    session = AICSession("http://tenant.example.com")
    session.mount("http://tenant.example.com", Made())
    assert [session.get("/x").json() for _ in range(2)] == [{"_id": "42"}] * 2


def test_a_request_of_ones_own_kind(shortcuts):
    """Says itself what stands in its request line."""

    class Own(requests.PreparedRequest):
        path_url = "/mine"

    with serving(answer) as wire:
        prepared = Own()
        prepared.prepare("GET", f"{wire.url}/x", headers={})
        AICSession(wire.url).send(prepared)
        assert wire.sent[-1].path == "/mine"


def test_a_document_without_a_body(url, shortcuts):
    """Is none, in requests' own words."""
    session = AICSession(url)
    session.get("/x")
    response = session.get("/x")
    assert response.from_cache
    response._content = None
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()
