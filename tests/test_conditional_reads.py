"""Reads that ask whether anything changed, and what is served then."""

import gc
import pickle
import threading

import pytest
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPDigestAuth

from aic_requests import AICSession, MemoryStore, NotModified

from .wire import serving

BODY = b'{"_id":"42","_rev":"7","mail":"a@example.com"}'
#: CREST's 304, as recorded: no ETag, a Content-Length of a body that never comes.
NOT_MODIFIED = (304, [("Content-Type", "application/json"), ("Content-Length", "67")], b"")


class Resource:
    """One resource as CREST serves it, with knobs."""

    def __init__(self, etag='"7"', body=BODY, headers=(), headers_of_304=()):
        self.etag, self.body, self.headers, self.headers_of_304 = etag, body, list(headers), list(headers_of_304)

    def __call__(self, sent):
        asked = sent.header("If-None-Match")
        if (
            sent.method == "GET"
            and asked is not None
            and asked.strip('"') == self.etag.strip('"').removesuffix("--gzip")
        ):
            return 304, [*NOT_MODIFIED[1], *self.headers_of_304], b""
        return 200, [("ETag", self.etag), ("Content-Type", "application/json"), *self.headers], self.body


def conditions(wire):
    return [sent.header("If-None-Match") for sent in wire.sent]


def test_a_repeated_read_is_served_from_memory():
    """The second read asks under the first one's tag; CREST's bare 304 becomes the kept 200."""
    with serving(Resource(headers=[("Cache-Control", "no-store"), ("X-Mine", "1")])) as wire:
        session = AICSession(wire.url)
        first, second = session.get("/x"), session.get("/x")
    assert conditions(wire) == [None, '"7"']
    assert (first.from_cache, second.from_cache) == (False, True)
    assert (second.status_code, second.reason, second.ok) == (200, "OK", True)
    assert second.content == BODY
    assert second.json() == first.json()
    assert second.encoding == first.encoding
    assert second.headers["ETag"] == '"7"'
    assert second.headers["Content-Length"] == str(len(BODY))
    assert second.headers["X-Mine"] == "1"
    assert wire.connections == 1
    assert session.cache_info()._replace(bytes=0) == (1, 1, len(BODY), 1, 0)


def test_a_changed_resource_is_read_anew():
    """The server decides: another revision is a 200, which is kept from then on."""
    resource = Resource()
    with serving(resource) as wire:
        session = AICSession(wire.url)
        session.get("/x")
        resource.etag, resource.body = '"8"', b'{"_rev":"8"}'
        assert session.get("/x").json() == {"_rev": "8"}
        assert session.get("/x").from_cache is True
    assert conditions(wire) == [None, '"7"', '"8"']


def test_headers_of_the_304_are_merged():
    """A newer header of the 304 wins; those that describe its own empty body do not."""
    resource = Resource(
        headers=[("Content-API-Version", "resource=1.0"), ("X-Old", "1"), ("Date", "then")],
        headers_of_304=[("Content-API-Version", "resource=1.1"), ("Date", "now"), ("X-ForgeRock-TransactionId", "t2")],
    )
    with serving(resource) as wire:
        session = AICSession(wire.url)
        session.get("/x")
        headers = session.get("/x").headers
    assert headers["Content-API-Version"] == "resource=1.1"
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Length"] == str(len(BODY))
    assert (headers["X-Old"], headers["Date"], headers["X-ForgeRock-TransactionId"]) == ("1", "now", "t2")


def test_a_cookie_on_the_304_counts():
    """Set-Cookie of the 304 lands in the jar and in the response; one of the kept answer does not come back."""
    resource = Resource(
        headers=[("Set-Cookie", "first=1; Path=/other")], headers_of_304=[("Set-Cookie", "second=2; Path=/y")]
    )
    with serving(resource) as wire:
        session = AICSession(wire.url)
        session.get("/x")
        session.cookies.clear()
        response = session.get("/x")
    assert response.from_cache
    assert dict(response.cookies) == dict(session.cookies) == {"second": "2"}
    assert "first" not in response.headers.get("Set-Cookie", "")


@pytest.mark.parametrize(
    "given",
    [
        {"params": {"_queryFilter": "true"}},
        {"params": {"_queryId": "all"}},
        {"params": {"_fields": "*,manager/sn"}},
        {"params": {"_fields": "roles/*/name"}},
        {"headers": {"Range": "bytes=0-3"}},
        {"headers": {"If-None-Match": None}},
        {"headers": {"If-Match": '"9"'}},
        {"headers": {"If-Modified-Since": "Tue, 24 Nov 2026 00:00:00 GMT"}},
        {"stream": True},
        {"json": {"a": 1}},
    ],
)
def test_what_is_never_conditional(given):
    """CREST refuses conditions on these, or its revision does not cover them, or the caller said so."""
    with serving(Resource()) as wire:
        session = AICSession(wire.url)
        for _ in range(2):
            assert session.get("/x", **given).content == BODY
    assert conditions(wire) == [None, None]


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_only_get_is_conditional(method):
    """A condition on anything else is an error to CREST."""
    with serving(Resource(body=b"")) as wire:
        session = AICSession(wire.url)
        session.get("/x")
        session.request(method, "/x")
    assert conditions(wire)[-1] is None


def test_relationships_in_chosen_fields_are_not_kept():
    """_fields=reports holds references, and _rev does not move when their other side does."""
    with serving(Resource(body=b'{"_id":"m","_rev":"7","reports":[{"_ref":"managed/user/x"}]}')) as wire:
        session = AICSession(wire.url)
        for _ in range(2):
            session.get("/x?_fields=reports")
            session.get("/x")
    assert conditions(wire) == [None, None, None, '"7"']


def test_without_a_store_nothing_is_conditional():
    """store=None: plain reads."""
    with serving(Resource()) as wire:
        session = AICSession(wire.url, store=None)
        session.get("/x")
        assert session.get("/x").from_cache is False
    assert conditions(wire) == [None, None]
    assert session.cache_info() == (0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("etag", "asked"),
    [('"7--gzip"', '"7"'), ('"7-gzip"', '"7"'), ('W/"18-abc"', 'W/"18-abc"'), ("7", None), ('"é"', None), ('""', None)],
)
def test_which_tags_are_asked_with(etag, asked):
    """Without a compressing server's suffix; a weak one as it came; an unreadable one not at all."""
    with serving(Resource(etag=etag)) as wire:
        session = AICSession(wire.url)
        session.get("/x")
        session.get("/x")
    assert conditions(wire) == [None, asked]


@pytest.mark.parametrize("status", [201, 203, 206, 403, 404, 500])
def test_only_a_200_is_kept(status):
    """Gateways put tags on errors too."""
    with serving(lambda sent: (status, [("ETag", '"7"')], BODY)) as wire:
        session = AICSession(wire.url, raise_for_status=False)
        session.get("/x")
        session.get("/x")
    assert conditions(wire) == [None, None]


def test_what_a_broken_connection_left_is_not_kept():
    """A connection that ends within the headers looks like an empty 200 to http.client."""
    with serving(Resource(body=b"")) as wire:
        session = AICSession(wire.url)
        session.get("/x")
        session.get("/x")
    assert conditions(wire) == [None, None]


def test_one_principal_never_gets_the_body_of_another():
    """Whatever the tag says: who has not read it himself reads it."""
    with serving(Resource()) as wire:
        session = AICSession(wire.url)
        for token in ("a", "b", "a"):
            session.get("/x", headers={"Authorization": f"Bearer {token}"})
        session.get("/x", auth=("a", "b"))
        session.get("/x", headers={"iPlanetDirectoryPro": "a"})
        session.get("/x", cookies={"session-jwt": "a"})
        session.get("/x", headers={"X-OpenIDM-RunAs": "bob"})
        session.get("/x")
    assert conditions(wire) == [None, None, '"7"', None, None, None, None, None]


def test_other_representations_are_kept_apart():
    """AM sends other bodies under one tag by API version."""
    with serving(Resource()) as wire:
        session = AICSession(wire.url)
        for version in ("protocol=1.0", "protocol=2.1", "protocol=1.0"):
            session.get("/x", headers={"Accept-API-Version": version})
        session.get("/x?_fields=mail", headers={"Accept-API-Version": "protocol=1.0"})
    assert conditions(wire) == [None, None, '"7"', None]


class Renewing(AuthBase):
    """An auth whose token changes and whose principal does not."""

    identity = "service-account-1"

    def __init__(self):
        self.token = 0

    def __call__(self, request):
        self.token += 1
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def test_a_lasting_name_finds_what_an_older_token_read():
    """auth.identity stands for Authorization, and for nothing else."""
    with serving(Resource()) as wire:
        session = AICSession(wire.url, auth=Renewing())
        session.get("/x")
        session.get("/x")
        session.get("/x", headers={"x-api-key": "k"})
    assert [sent.header("Authorization") for sent in wire.sent] == ["Bearer 1", "Bearer 2", "Bearer 3"]
    assert conditions(wire) == [None, '"7"', None]


def test_a_cookie_that_changes_with_every_answer_means_no_hits():
    """OpenIDM's session-jwt; X-OpenIDM-NoSession declines it."""
    count = iter(range(100))

    def answer(sent):
        status, headers, body = Resource()(sent)
        if sent.header("X-OpenIDM-NoSession") is None:
            headers = [*headers, ("Set-Cookie", f"session-jwt={next(count)}; Path=/")]
        return status, headers, body

    with serving(answer) as wire:
        session = AICSession(wire.url)
        for _ in range(3):
            session.get("/x")
        assert conditions(wire) == [None, None, None]
        session.cookies.clear()
        session.headers["X-OpenIDM-NoSession"] = "true"
        for _ in range(3):
            session.get("/x")
    assert conditions(wire)[3:] == [None, '"7"', '"7"']


def test_the_callers_own_if_none_match_is_the_callers():
    """The 304 itself comes back, and nothing of ours is sent with it."""
    with serving(Resource()) as wire:
        session = AICSession(wire.url)
        session.get("/x")
        response = session.get("/x", headers={"If-None-Match": '"7"'})
        assert (response.status_code, response.content, response.from_cache) == (304, b"", False)
        assert session.get("/x", headers={"if-none-match": '"6"'}).status_code == 200
        assert session.get("/x").from_cache
    assert wire.connections == 1


def test_not_modified_is_raised_where_it_is_asked_for():
    """A container that names 304 raises it for the caller's own condition, never for the session's."""
    with serving(Resource()) as wire:
        session = AICSession(wire.url, raise_for_status={304})
        session.get("/x")
        assert session.get("/x").status_code == 200
        with pytest.raises(NotModified) as caught:
            session.get("/x", headers={"If-None-Match": '"7"'})
    assert caught.value.status_code == 304


def test_a_callers_hook_sees_the_200():
    """Never our 304: neither a request's hook nor a session's."""
    seen = []

    def hook(response, **kwargs):
        seen.append((response.status_code, response.content, response.from_cache))

    with serving(Resource()) as wire:
        session = AICSession(wire.url)
        session.hooks["response"].append(hook)
        session.get("/x")
        session.get("/x")
        session.get("/x", hooks={"response": [hook]})
    assert (
        seen
        == [
            (200, BODY, False),
            (200, BODY, True),
            (200, BODY, True),
        ][: len(seen)]
    )
    assert len(seen) >= 3


def test_what_a_hook_does_to_a_response_is_not_kept():
    """Callers cannot spoil each other through what they were handed."""

    def spoil(response, **kwargs):
        response._content = b"spoilt"
        response.headers["ETag"] = '"spoilt"'
        return response

    with serving(Resource()) as wire:
        session = AICSession(wire.url)
        assert session.get("/x", hooks={"response": spoil}).content == b"spoilt"
        response = session.get("/x")
        assert response.content == BODY
        response.headers["X-Spoilt"] = "1"
        response.json()["mail"] = "spoilt"
        again = session.get("/x")
    assert conditions(wire) == [None, '"7"', '"7"']
    assert again.content == BODY
    assert "X-Spoilt" not in again.headers


def test_a_request_can_be_sent_again():
    """A prepared request stays the caller's: what the session adds is for one sending."""
    with serving(Resource()) as wire:
        session = AICSession(wire.url)
        prepared = session.prepare_request(requests.Request("GET", "/x"))
        responses = [session.send(prepared) for _ in range(3)]
        assert "If-None-Match" not in prepared.headers
        assert prepared.hooks["response"] == []
        responses.append(session.send(responses[-1].request))
        responses.append(session.send(responses[-1].request.copy()))
    assert [response.status_code for response in responses] == [200] * 5
    assert [response.from_cache for response in responses] == [False, True, True, True, True]
    assert conditions(wire) == [None] + ['"7"'] * 4


def test_a_hook_that_sends_again_gets_a_200():
    """A caller's own refresh of a token copies our header; it is still ours."""
    tokens = iter(["new"])

    def answer(sent):
        return Resource()(sent) if sent.header("Authorization") != "Bearer ended" else (401, [], b"")

    with serving(answer) as wire:
        session = AICSession(wire.url, raise_for_status=False)

        def refresh(response, **kwargs):
            if response.status_code == 401:
                request = response.request.copy()
                request.headers["Authorization"] = f"Bearer {next(tokens)}"
                return session.send(request, **kwargs)
            return None

        session.get("/x", headers={"Authorization": "Bearer new"})
        session.get("/x", headers={"Authorization": "Bearer ended"})
        session.hooks["response"].append(refresh)
        response = session.get("/x", headers={"Authorization": "Bearer ended"})
    assert (response.status_code, response.content, response.from_cache) == (200, BODY, True)


def digest_server(resource):
    def answer(sent):
        if not (sent.header("Authorization") or "").startswith("Digest"):
            return 401, [("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5')], b""
        return resource(sent)

    return answer


def test_an_answered_challenge_belongs_to_who_answered_it():
    """The body read under digest is not found by who has not answered the challenge."""
    open_to_all = []
    protected = digest_server(Resource())
    with serving(lambda sent: Resource()(sent) if open_to_all else protected(sent)) as wire:
        session = AICSession(wire.url)
        assert session.get("/x", auth=HTTPDigestAuth("user", "pw")).content == BODY
        open_to_all.append(1)
        assert session.get("/x").from_cache is False
    assert conditions(wire) == [None, None, None]


def test_a_304_to_another_identity_is_read_again():
    """Looked up as nobody, answered to somebody: the kept body may be another's, so it is read."""
    mine = b'{"_id":"42","_rev":"7","mine":true}'
    protected = digest_server(Resource(body=mine))
    public = [True]
    with serving(lambda sent: Resource()(sent) if public else protected(sent)) as wire:
        session = AICSession(wire.url)
        session.get("/x")
        public.clear()
        seen = []
        response = session.get(
            "/x", auth=HTTPDigestAuth("user", "pw"), hooks={"response": lambda r, **k: seen.append(r.status_code)}
        )
    assert (response.content, response.from_cache) == (mine, False)
    assert seen == [200]
    assert conditions(wire) == [None, '"7"', '"7"', None]


def test_a_304_for_another_revision_is_read_again():
    """A tag in the 304 that is not the one asked with means that somebody in between is mistaken."""
    with serving(Resource(headers_of_304=[("ETag", '"6"')])) as wire:
        session = AICSession(wire.url)
        session.get("/x")
        response = session.get("/x")
    assert (response.content, response.from_cache) == (BODY, False)
    assert conditions(wire) == [None, '"7"', None]


def test_the_entry_is_held_until_the_answer():
    """What is cleared between question and answer is served all the same."""
    resource = Resource()
    with serving(lambda sent: (sent.header("If-None-Match") and session.cache_clear(), resource(sent))[1]) as wire:
        session = AICSession(wire.url)
        session.get("/x")
        assert session.get("/x").content == BODY


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
def test_a_write_drops_every_representation_of_its_path(method):
    """Whatever the query, whoever read it; and none of another path."""
    with serving(Resource()) as wire:
        session = AICSession(wire.url)
        for url in ("/x", "/x?_fields=mail", "/y", "/x/z"):
            session.get(url)
        session.get("/x", headers={"Authorization": "Bearer other"})
        session.request(method, "/x?_fields=sn", json={"a": 1})
    assert session.cache_info().entries == 2


def test_a_failed_write_drops_nothing():
    """The resource is as it was, as far as anyone knows."""
    with serving(lambda sent: Resource()(sent) if sent.method == "GET" else (412, [], b"{}")) as wire:
        session = AICSession(wire.url, raise_for_status=False)
        session.get("/x")
        session.put("/x", json={})
        assert session.get("/x").from_cache


def test_clearing_forgets_representations_and_counts():
    """And the next read is a plain one."""
    with serving(Resource()) as wire:
        session = AICSession(wire.url)
        session.get("/x")
        session.get("/x")
        session.cache_clear()
        assert session.cache_info() == (0, 0, 0, 0, 0)
        session.get("/x")
    assert conditions(wire) == [None, '"7"', None]


def test_a_closed_session_has_forgotten_and_works():
    """close() ends what the session kept; used again, it starts anew."""
    with serving(Resource()) as wire:
        with AICSession(wire.url) as session:
            session.get("/x")
        assert session.cache_info().entries == 0
        assert session.get("/x").content == BODY
    assert conditions(wire) == [None, None]


def test_two_sessions_may_share_a_store():
    """The key of the hash is the store's, so the same caller is found again."""
    store = MemoryStore()
    with serving(Resource()) as wire:
        AICSession(wire.url, auth=("a", "b"), store=store).get("/x")
        assert AICSession(wire.url, auth=("a", "b"), store=store).get("/x").from_cache
        assert not AICSession(wire.url, auth=("a", "c"), store=store).get("/x").from_cache


def test_threads_share_what_is_kept():
    """Each answer is whole and right, whoever came first."""
    with serving(Resource()) as wire:
        session = AICSession(wire.url)
        bodies = []

        def read():
            for _ in range(20):
                bodies.append(session.get("/x").content)

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert bodies == [BODY] * 160
    info = session.cache_info()
    assert info.hits + info.misses == 160
    assert info.entries == 1


def test_responses_pickle_and_leave_nothing_behind():
    """A response, from the store too, holds nothing of the session."""
    with serving(Resource()) as wire:
        session = AICSession(wire.url)
        for _ in range(2):
            response = pickle.loads(pickle.dumps(session.get("/x")))
            assert response.content == BODY
            assert response.request.hooks["response"] == []
    gc.collect()


def test_gzip_is_undone_once():
    """The kept body is the decoded one, though the header still says gzip."""
    import gzip

    with serving(Resource(etag='"7--gzip"', body=gzip.compress(BODY), headers=[("Content-Encoding", "gzip")])) as wire:
        session = AICSession(wire.url)
        assert session.get("/x").json() == session.get("/x").json()
    assert conditions(wire) == [None, '"7"']


@pytest.mark.parametrize("headers", [None, {}, {"X-Mine": "1"}])
def test_session_headers_may_be_anything_that_requests_takes(headers):
    """None and plain dictionaries too."""
    with serving(Resource()) as wire:
        session = AICSession(wire.url)
        session.headers = headers
        assert session.get("/x").content == session.get("/x").content == BODY


def test_a_credential_that_an_adapter_adds():
    """It is on the request that went out, so it tells callers apart: none is served what another has read."""

    class Keyed(HTTPAdapter):
        def __init__(self, key):
            super().__init__()
            self.key = key

        def add_headers(self, request, **_):
            request.headers["X-Key"] = self.key

    def answer(sent):
        if sent.header("If-None-Match"):
            # A revision belongs to the resource, whoever reads it.
            return NOT_MODIFIED
        return (
            200,
            [("ETag", '"7"'), ("Content-Type", "application/json")],
            b'{"for":"%s"}' % sent.header("X-Key").encode(),
        )

    store = MemoryStore()
    with serving(answer) as wire:
        for _ in range(2):
            for key in ("alice", "bob"):
                session = AICSession(wire.url, store=store)
                session.mount(wire.url, Keyed(key))
                assert session.get("/x").json() == {"for": key}
                session.put("/x", json={})
                assert wire.sent[-1].header("If-Match") == '"7"'
