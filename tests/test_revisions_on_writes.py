"""Which revision a write goes out under."""

import json
import threading

import pytest
import requests

from aic_requests import AICSession, NotFound, PreconditionFailed, PreconditionRequired

from .wire import serving

CREST_404 = (404, [("Content-Type", "application/json")], b'{"code":404,"reason":"Not Found","message":"gone"}')


class Resources:
    """Resources at a revision each; every answer can be overridden by method and path."""

    def __init__(self, **revisions):
        self.revisions = revisions
        self.answers = {}

    def __call__(self, sent):
        path = sent.path.partition("?")[0]
        if (sent.method, path) in self.answers:
            return self.answers[sent.method, path]
        revision = self.revisions.get(path.strip("/"), "1")
        return 200, [("ETag", f'"{revision}"')], json.dumps({"_id": path, "_rev": revision}).encode()


def match(wire):
    return wire.sent[-1].header("If-Match")


@pytest.fixture
def resources():
    return Resources(x="7")


@pytest.fixture
def wire(resources):
    with serving(resources) as wire:
        yield wire


@pytest.fixture
def session(wire):
    return AICSession(wire.url)


WRITES = [("PUT", {"a": 1}), ("PATCH", []), ("DELETE", None)]


@pytest.mark.parametrize(("method", "body"), WRITES)
def test_a_write_goes_out_under_what_this_thread_read(session, wire, method, body):
    """PUT, PATCH and DELETE carry the revision of the last answer."""
    session.get("/x")
    session.request(method, "/x", json=body)
    assert match(wire) == '"7"'


@pytest.mark.parametrize(("method", "body"), WRITES)
def test_what_was_never_read_goes_out_without(session, wire, method, body):
    """Nothing is invented."""
    session.get("/y")
    session.request(method, "/x", json=body)
    assert match(wire) is None


def test_never_on_post(session, wire):
    """CREST answers 412 to any condition on a create or an action."""
    session.get("/x")
    for url in ("/x", "/x?_action=create", "/x?_action=doIt"):
        session.post(url, json={"_rev": "7"})
        assert (match(wire), wire.sent[-1].header("If-None-Match")) == (None, None)


def test_the_callers_header_wins(session, wire):
    """Over the document and over what was seen, in any spelling; None means none this time."""
    session.get("/x")
    for header, expected in [
        ({"If-Match": '"5"'}, '"5"'),
        ({"if-match": "*"}, "*"),
        ({"If-Match": None}, None),
        ({"IF-MATCH": None}, None),
    ]:
        session.put("/x", json={"_rev": "6"}, headers=header)
        assert match(wire) == expected
    session.headers["If-Match"] = '"4"'
    session.put("/x", json={"_rev": "6"})
    assert match(wire) == '"4"'


def test_a_create_is_not_guarded(session, wire):
    """If-None-Match and If-Match never go out together."""
    session.get("/x")
    session.put("/x", json={"_rev": "6"}, headers={"If-None-Match": "*"})
    assert (match(wire), wire.sent[-1].header("If-None-Match")) == (None, "*")


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"_rev": "6", "a": 1}},
        {"data": b'{"_rev": "6"}'},
        {"data": '{"_rev": "6"}', "headers": {"Content-Type": "application/json"}},
    ],
)
def test_the_documents_own_rev_comes_before_what_was_seen(session, wire, body):
    """The document says which state it was made from, however it is passed."""
    session.get("/x")
    session.put("/x", **body)
    assert match(wire) == '"6"'


@pytest.mark.parametrize("rev", [6, None, 6.5, True, {}, "", ["6"]])
def test_a_rev_that_is_no_text_is_none(session, wire, rev):
    """Then what this thread saw counts."""
    session.get("/x")
    session.put("/x", json={"_rev": rev})
    assert match(wire) == '"7"'


@pytest.mark.parametrize("rev", ['6"', "6\r\nX-Evil: 1", "é", "6\x00"])
def test_a_rev_that_cannot_be_sent_is_an_error(session, wire, rev):
    """Nothing goes out; with the caller's own word it does."""
    with pytest.raises(ValueError, match="_rev"):
        session.put("/x", json={"_rev": rev})
    assert wire.sent == []
    session.put("/x", json={"_rev": rev}, headers={"If-Match": None})
    assert match(wire) is None


@pytest.mark.parametrize("body", [[{"_rev": "6"}], "text", None, {"a": {"_rev": "6"}}])
def test_only_the_top_of_a_document_counts(session, wire, body):
    """An array, a text or a nested _rev is not the resource's."""
    session.put("/x", json=body)
    assert match(wire) is None


def test_a_stream_is_not_read_for_its_rev(session, wire):
    """A generator can be read once, and the server is to read it."""
    session.get("/x")
    session.put("/x", data=iter([b'{"_rev": "6"}']), headers={"Content-Type": "application/json"})
    assert match(wire) == '"7"'
    assert wire.sent[-1].body == b'{"_rev": "6"}'


def test_patch_does_not_look_into_its_body(session, wire):
    """A patch is a list of operations, no document."""
    session.patch("/x", json={"_rev": "6"})
    assert match(wire) is None


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ([("ETag", '"8"')], b"{}", '"8"'),
        ([("ETag", '"8"')], b'{"_rev":"9"}', '"8"'),
        ([("ETag", '"8--gzip"')], b"{}", '"8"'),
        ([], b'{"_rev":"9"}', '"9"'),
        ([("ETag", 'W/"18-hash"')], b'{"_rev":"9"}', '"9"'),
        ([("ETag", 'W/"18-hash"')], b'{"_rev":9}', None),
        ([("ETag", 'W/"18-hash"')], b"{}", None),
        ([], b'{"result":[{"_rev":"9"}]}', None),
        ([], b'{"_rev":"9\\""}', None),
        ([], b"not json _rev", None),
        ([], b'"_rev"', None),
        ([], b"", None),
    ],
)
def test_what_a_read_teaches(session, wire, resources, headers, body, expected):
    """The strong tag; where there is none, _rev of the body if it is a text; weak tags never."""
    resources.answers["GET", "/x"] = 200, headers, body
    session.get("/x")
    session.delete("/x")
    assert match(wire) == expected


@pytest.mark.parametrize("query", ["?_queryFilter=true", "?_queryId=all", "?_QUERYEXPRESSION=x"])
def test_a_query_teaches_nothing(session, wire, resources, query):
    """AM's rows carry another _rev than the resource, and a query's answer is no resource."""
    resources.answers["GET", "/x"] = 200, [("ETag", '"8"')], b'{"_rev":"8","result":[{"_id":"y","_rev":"8"}]}'
    session.get("/x" + query)
    session.delete("/x")
    assert match(wire) is None
    session.delete("/x/y")
    assert match(wire) is None


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_write_teaches_its_answer(session, wire, resources, method):
    """The next write goes out under the revision that this one made."""
    session.get("/x")
    resources.answers[method, "/x"] = 200, [("ETag", '"8"')], b"{}"
    session.request(method, "/x", json=[])
    session.delete("/x")
    assert match(wire) == '"8"'


@pytest.mark.parametrize("sent", ['"5"', "5", "*"])
def test_an_echo_teaches_nothing(session, wire, resources, sent):
    """OpenIDM answers a write that changes nothing with whatever If-Match was sent: no revision."""
    session.get("/x")
    echoed = sent.strip('"')
    resources.answers["PUT", "/x"] = 200, [("ETag", f'"{echoed}"')], json.dumps({"_rev": echoed}).encode()
    session.put("/x", json={}, headers={"If-Match": sent})
    session.delete("/x")
    assert match(wire) == '"7"'


def test_a_failed_write_teaches_nothing(session, wire, resources):
    """The revision stays what was read: the next write is refused too, until the caller reads again."""
    session.get("/x")
    resources.answers["PUT", "/x"] = 412, [("ETag", 'W/"9"')], b'{"code":412,"_rev":"9"}'
    with pytest.raises(PreconditionFailed) as caught:
        session.put("/x", json={})
    assert (caught.value.cause_of_failure, caught.value.sent) == ("stale", {"If-Match": '"7"'})
    session.delete("/x")
    assert match(wire) == '"7"'


@pytest.mark.parametrize("created", ["42", "a b", "a/b", "é", "a:b"])
def test_a_create_teaches_by_id(session, wire, resources, created):
    """The path comes from _id, not from Location, which real servers get wrong."""
    resources.answers["POST", "/x"] = (
        201,
        [("ETag", '"1--gzip"'), ("Location", f"{wire.url}/elsewhere/42")],
        json.dumps({"_id": created}).encode(),
    )
    session.post("/x?_action=create", json={})
    from urllib.parse import quote

    session.delete(f"/x/{quote(created, safe='')}")
    assert match(wire) == '"1"'
    session.delete("/elsewhere/42")
    assert match(wire) is None


def test_an_action_teaches_nothing(session, wire, resources):
    """Its answer is no resource, even with 201."""
    resources.answers["POST", "/x"] = 201, [("ETag", '"1"')], b'{"_id":"42","_rev":"1"}'
    session.post("/x?_action=clone", json={})
    session.delete("/x/42")
    assert match(wire) is None


def test_delete_forgets(session, wire):
    """What is gone has no revision; created anew it starts without one."""
    session.get("/x")
    session.delete("/x")
    session.put("/x", json={})
    assert match(wire) is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (CREST_404, None),
        ((404, [("Content-Type", "text/html")], b"<html>starting up</html>"), '"7"'),
        ((404, [], b""), '"7"'),
        ((404, [], b'"code"'), '"7"'),
        ((500, [], b'{"code":500}'), '"7"'),
    ],
)
def test_only_crests_own_404_forgets(session, wire, resources, answer, expected):
    """A server that starts up answers 404 in HTML for resources that are there."""
    session.get("/x")
    resources.answers["GET", "/x"] = answer
    with pytest.raises(requests.HTTPError):
        session.get("/x")
    session.delete("/x")
    assert match(wire) == expected


def test_another_threads_reading_is_not_mine(session, wire):
    """The code that writes here has not seen it."""
    thread = threading.Thread(target=session.get, args=("/x",))
    thread.start()
    thread.join()
    session.patch("/x", json=[])
    assert match(wire) is None


def test_a_hit_teaches_too(session, wire, resources):
    """A thread that is served from another's representation has seen the revision."""
    thread = threading.Thread(target=session.get, args=("/x",))
    thread.start()
    thread.join()
    resources.answers["GET", "/x"] = 304, [("Content-Length", "67")], b""
    assert session.get("/x").from_cache
    session.patch("/x", json=[])
    assert match(wire) == '"7"'


@pytest.mark.parametrize(
    "other",
    [
        {"headers": {"Authorization": "Bearer other"}},
        {"auth": ("a", "b")},
        {"headers": {"iPlanetDirectoryPro": "x"}},
        {"headers": {"X-OpenIDM-RunAs": "bob"}},
    ],
)
def test_another_principals_reading_is_not_mine(session, wire, other):
    """He may have seen other fields."""
    session.get("/x", **other)
    session.patch("/x", json=[])
    assert match(wire) is None
    session.patch("/x", json=[], **other)
    assert match(wire) == '"7"'


def test_a_cookie_does_not_make_another_principal(session, wire, resources):
    """The very answer that teaches may set one; the next write goes out guarded."""
    resources.answers["GET", "/x"] = 200, [("ETag", '"7"'), ("Set-Cookie", "session-jwt=abc; Path=/")], b"{}"
    session.get("/x")
    session.patch("/x", json=[])
    assert wire.sent[-1].header("Cookie") == "session-jwt=abc"
    assert match(wire) == '"7"'


def test_query_and_spelling_do_not_matter(session, wire):
    """The revision is the resource's, whatever fields were read and however its path is escaped."""
    session.get("/a:b?_fields=mail")
    session.patch("/a%3Ab?_fields=sn", json=[])
    assert match(wire) == '"1"'


def test_without_a_store_writes_are_guarded_all_the_same(wire):
    """Revisions are no cache."""
    session = AICSession(wire.url, store=None)
    session.get("/x")
    session.patch("/x", json=[])
    assert match(wire) == '"7"'


def test_a_streamed_read_teaches_its_tag(session, wire):
    """The header is there before the body is read."""
    session.get("/x", stream=True).close()
    session.patch("/x", json=[])
    assert match(wire) == '"7"'


def test_the_caller_sees_what_was_sent(session, resources):
    """The response's request shows the condition."""
    session.get("/x")
    assert session.patch("/x", json=[]).request.headers["If-Match"] == '"7"'


def test_428_says_what_to_send(session, resources):
    """Its message names the cure; .sent is what went out."""
    resources.answers["PUT", "/x"] = 428, [], b'{"code":428,"reason":"Precondition Required","message":"If-Match"}'
    with pytest.raises(PreconditionRequired, match="If-Match") as caught:
        session.put("/x", json={})
    assert caught.value.sent == {}


@pytest.mark.parametrize("status", [404, 412])
def test_a_refused_rev_of_the_document_says_so(session, resources, status):
    """A document copied from elsewhere needs its _rev dropped, a create If-None-Match: *."""
    resources.answers["PUT", "/x"] = status, [], json.dumps({"code": status, "message": "no"}).encode()
    with pytest.raises((NotFound, PreconditionFailed), match="document's own _rev"):
        session.put("/x", json={"_rev": "6"})
    with pytest.raises((NotFound, PreconditionFailed)) as caught:
        session.put("/x", json={}, headers={"If-Match": '"6"'})
    assert "document's own" not in str(caught.value)


def test_the_memory_of_a_thread_is_bounded(session, monkeypatch):
    """The revision seen longest ago falls out."""
    monkeypatch.setattr("aic_requests.seen._MOST", 3)
    for name in "xabc":
        session.get(f"/{name}")
    assert session.patch("/a", json=[]).request.headers["If-Match"] == '"1"'
    assert "If-Match" not in session.patch("/x", json=[]).request.headers


def test_nothing_is_retried(session, wire, resources):
    """412 and 428 raise: to repeat with a newer revision would be the lost update itself."""
    for status in (412, 428):
        resources.answers["PUT", "/x"] = status, [], b"{}"
        before = len(wire.sent)
        with pytest.raises(requests.HTTPError):
            session.put("/x", json={})
        assert len(wire.sent) == before + 1
