"""Reads that ask whether anything changed, and what is served then."""

import contextlib
import pickle
import threading

import pytest
import requests
from requests.auth import AuthBase

from aic_requests import AICError, NotFound, NotModified
from aic_requests.testing import Fault

from .place import TYPICAL, places

#: Headers of one moment, which belong to the newest answer.
OF_THE_MOMENT = {"date", "x-forgerock-transactionid", "transfer-encoding"}


def conditions(place):
    """What the reads asked under."""
    return [seen.none_match for seen in place.witness.asked("GET")]


def lasting(response):
    return {name.lower(): value for name, value in response.headers.items() if name.lower() not in OF_THE_MOMENT}


def test_a_repeated_read_is_served_from_memory(place, session):
    """
    The second read asks under the first one's revision; the bare 304 becomes the kept 200, on the same connection.

    Where answers have no tag there is nothing to ask under, and both are read in full.
    """
    path = place.create({"n": 1, "mail": "a@example.com"})
    first, second, third = (session.get(path) for _ in range(3))
    tag = place.tag(path)
    if place.kind.tagged:
        assert conditions(place) == [None, tag, tag]
        assert [seen.status for seen in place.sent] == [200, 304, 304]
        assert [response.from_cache for response in (first, second, third)] == [False, True, True]
        size = len(first.content)
        assert session.cache_info()._replace(bytes=0) == (2, 1, 2 * size, 1, 0)
    else:
        assert conditions(place) == [None, None, None]
        assert not any(response.from_cache for response in (first, second, third))
    for response in (second, third):
        assert (response.status_code, response.reason, response.ok) == (200, "OK", True)
        assert response.json() == first.json() == place.read(path)
        assert (response.content, response.encoding) == (first.content, first.encoding)
        assert lasting(response) == lasting(first)
    assert place.witness.connections == 1


@places(lambda kind: kind.compresses)
def test_the_suffix_of_a_compressing_server_is_not_sent_back(place, session):
    """The tag on the wire ends in --gzip; CREST knows the revision without it."""
    path = place.create()
    session.get(path)
    assert session.get(path).from_cache
    tag = place.tag(path)
    assert place.sent[0].answered("ETag") == f'{tag[:-1]}--gzip"'
    assert place.sent[0].answered("Content-Encoding") == "gzip"
    assert conditions(place) == [None, tag]


def test_a_changed_resource_is_read_anew(place, session):
    """What others have written is seen by the next read, which is kept from then on."""
    path = place.create({"n": 1})
    session.get(path)
    for n in (2, 3):
        place.write(path, {"n": n})
        response = session.get(path)
        assert (response.json()["n"], response.from_cache) == (n, False)
        assert session.get(path).from_cache is place.kind.tagged
    assert session.get(path).json() == place.read(path)


def test_ones_own_changes_are_read_anew(place, session):
    """A session never serves what it has itself outdated."""
    path = place.create({"n": 1})
    session.get(path)
    session.put(path, json={"n": 2})
    assert session.get(path).json()["n"] == 2
    session.patch(path, json=[{"operation": "replace", "field": "/n", "value": 3}])
    assert session.get(path).json()["n"] == 3
    session.delete(path)
    with pytest.raises(NotFound):
        session.get(path)
    place.create({"n": 4}, path)
    assert session.get(path).json()["n"] == 4
    assert conditions(place) == [None] * 5


@places(lambda kind: not kind.restarts)
def test_what_was_created_anew_is_read_anew(place, session):
    """Deleted and created behind our back: another revision, so another body."""
    path = place.create({"n": 1})
    session.get(path)
    place.delete(path)
    place.create({"n": 2}, path)
    assert session.get(path).json()["n"] == 2


@places(lambda kind: kind.restarts and kind.tagged)
def test_where_revisions_restart_the_servers_word_is_all_there_is(place, session):
    """
    Deleted and created behind our back, under the same first revision: the server itself says 304.

    Such a 304 cannot be told from a true one. Whoever must be sure reads with ``If-None-Match: None``.
    """
    path = place.create({"n": 1})
    session.get(path)
    place.delete(path)
    place.create({"n": 2}, path)
    assert session.get(path).from_cache
    assert place.sent[-1].status == 304
    assert session.get(path, headers={"If-None-Match": None}).json()["n"] == 2


def test_chosen_fields_are_kept_apart(place, session):
    """A whole resource and a part of it have one revision and two bodies."""
    path = place.create({"n": 1, "m": 2})
    for _ in range(2):
        assert session.get(path, params={"_fields": "n"}).json().keys() & {"n", "m"} == {"n"}
        assert session.get(path).json().keys() & {"n", "m"} == {"n", "m"}
        assert session.get(path, params={"_fields": "m"}).json().keys() & {"n", "m"} == {"m"}
    asked = place.tag(path) if place.kind.tagged else None
    assert conditions(place) == [None] * 3 + [asked] * 3


def test_protocol_versions_are_kept_apart(place, session):
    """The first protocol has other bodies under the same tag."""
    path = place.create({"n": 1})
    bodies = {}
    for version in ("1.0", "2.1") * 2:
        response = session.get(
            path, params={"_fields": "n"}, headers={"Accept-API-Version": f"protocol={version},resource=1.0"}
        )
        assert bodies.setdefault(version, response.json()) == response.json()
    assert bodies["1.0"] == {"n": 1}
    assert bodies["2.1"] == {"_id": path.rpartition("/")[2], "n": 1} | (
        {"_rev": place.read(path)["_rev"]} if place.kind.tagged else {}
    )
    asked = place.tag(path) if place.kind.tagged else None
    assert conditions(place) == [None, None, asked, asked]


@TYPICAL
@pytest.mark.parametrize("name", ["Accept", "Accept-Language"])
def test_other_representations_are_kept_apart(place, session, name):
    """What a server may choose a body by belongs to the name of what is kept."""
    path = place.create()
    for value in ("application/json", "fr", "application/json"):
        session.get(path, headers={name: value})
    assert conditions(place) == [None, None, place.tag(path) if place.kind.tagged else None]


#: Ways to be somebody else than the bearer "ann".
OTHERS = (
    {"auth": ("bob", "pw")},
    {"headers": {"Authorization": "Bearer bob"}},
    {"headers": {"iPlanetDirectoryPro": "bob"}},
    {"headers": {"X-OpenIDM-RunAs": "bob"}},
    {"headers": {"X-OpenIDM-Username": "bob"}},
    {"headers": {"x-api-key": "bob"}},
    {"cookies": {"session-jwt": "bob"}},
    {},
)


def test_one_principal_is_never_served_what_another_read(place, session):
    """Whatever the tag says: who has not read it himself reads it, and keeps his own."""
    principals = ({"headers": {"Authorization": "Bearer ann"}}, *OTHERS)
    path = place.create()
    for given in principals:
        assert not session.get(path, **given).from_cache, given
    for given in principals:
        assert session.get(path, **given).from_cache is place.kind.tagged, given
    asked = place.tag(path) if place.kind.tagged else None
    assert conditions(place) == [None] * 9 + [asked] * 9


class Renewing(AuthBase):
    """An auth whose token changes and whose principal does not."""

    identity = "service-account-1"

    def __init__(self):
        self.token = 0

    def __call__(self, request):
        self.token += 1
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


@TYPICAL
def test_a_lasting_name_finds_what_an_older_token_read(place):
    """auth.identity stands for Authorization, and for nothing else."""
    session = place.session(auth=Renewing())
    path = place.create()
    session.get(path)
    assert session.get(path).from_cache is place.kind.tagged
    assert session.get(path, headers={"x-api-key": "k"}).from_cache is False
    assert [seen.header("Authorization") for seen in place.sent] == ["Bearer 1", "Bearer 2", "Bearer 3"]


@places(lambda kind: kind.sets_cookies)
def test_a_cookie_that_changes_with_every_answer_means_no_hits(place):
    """OpenIDM's session-jwt; the header that declines it makes reads conditional."""
    session = place.session()
    del session.headers["X-OpenIDM-NoSession"]
    path = place.create()
    for _ in range(3):
        assert not session.get(path).from_cache
    session.cookies.clear()
    session.headers["X-OpenIDM-NoSession"] = "true"
    session.get(path)
    assert session.get(path).from_cache


def test_the_callers_own_condition_is_the_callers(place, session):
    """
    Its 304 is handed back as it is, nothing of ours goes along, and what was kept stays.

    Where answers have no tag a condition is never met.
    """
    path = place.create()
    session.get(path)
    before = session.get(path).from_cache
    response = session.get(path, headers={"If-None-Match": place.tag(path)})
    if place.kind.tagged:
        assert (response.status_code, response.content, response.from_cache) == (304, b"", False)
    else:
        assert (response.status_code, response.json(), response.from_cache) == (200, place.read(path), False)
    response = session.get(path, headers={"if-none-match": '"other"'})
    assert (response.status_code, response.json(), response.from_cache) == (200, place.read(path), False)
    assert conditions(place)[-1] == '"other"'
    assert session.get(path).from_cache is before is place.kind.tagged
    assert place.witness.connections == 1


@places(lambda kind: kind.tagged)
def test_not_modified_is_raised_where_it_is_asked_for(place):
    """A container that names 304 raises it for the caller's own condition, never for the session's."""
    session = place.session(raise_for_status={304})
    path = place.create()
    session.get(path)
    assert session.get(path).status_code == 200
    assert place.sent[-1].status == 304
    with pytest.raises(NotModified) as caught:
        session.get(path, headers={"If-None-Match": place.tag(path)})
    assert (caught.value.status_code, caught.value.response.content) == (304, b"")


@TYPICAL
def test_hooks_see_the_200(place, session):
    """Never our 304: neither a request's hook nor a session's, and what one does to a response is not kept."""
    path = place.create()
    seen = []

    def spoil(response, **kwargs):
        seen.append((response.status_code, response.from_cache))
        response._content = b"spoilt"
        response.headers["ETag"] = '"spoilt"'
        return response

    for _ in range(2):
        assert session.get(path, hooks={"response": spoil}).content == b"spoilt"
    session.hooks["response"].append(spoil)
    assert session.get(path).content == b"spoilt"
    session.hooks["response"].clear()
    assert session.get(path).json() == place.read(path)
    assert seen == [(200, False), (200, place.kind.tagged), (200, place.kind.tagged)]


def test_what_is_never_conditional(place, session):
    """The revision does not cover it, or the answer is no whole one, or the caller said so."""
    path = place.create()
    session.get(path)
    for given in (
        {"params": {"_fields": "*"}},
        {"params": {"_fields": "*,manager/sn"}},
        {"params": {"_fields": "n,roles/*/name"}},
        {"params": {"_FIELDS": "*"}},
        {"headers": {"If-None-Match": None}},
        {"headers": {"Range": "bytes=0-3"}},
        {"stream": True},
    ):
        for _ in range(2):
            response = session.get(path, **given)
            assert (response.status_code, response.from_cache) == (200, False), given
            assert response.content, given
            assert place.sent[-1].none_match is None, given
    assert session.get(path).from_cache is place.kind.tagged


@TYPICAL
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_only_get_is_conditional(place, method):
    """CREST does not know HEAD at all, and a condition is nothing to OPTIONS."""
    session = place.session(raise_for_status=False)
    path = place.create()
    session.get(path)
    session.request(method, path)
    assert (place.sent[-1].method, place.sent[-1].none_match) == (method, None)
    assert session.get(path).from_cache is place.kind.tagged


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_write_drops_every_representation_of_its_path(place, session, method):
    """Whatever the query, whoever read it; and none of another path."""
    path, other = place.create(), place.create()
    variants = [
        {},
        {"params": {"_fields": "n"}},
        {"headers": {"Authorization": "Bearer other"}},
        {"headers": {"Accept-API-Version": "protocol=1.0"}},
    ]
    for given in variants:
        session.get(path, **given)
    session.get(other)
    body = {"PUT": {"n": 5}, "PATCH": [{"operation": "replace", "field": "/n", "value": 5}], "DELETE": None}[method]
    session.request(method, f"{path}?_fields=n", json=body, headers={"If-Match": "*"})
    assert session.cache_info().entries == int(place.kind.tagged)
    if method != "DELETE":
        for given in variants:
            response = session.get(path, **given)
            assert (response.json()["n"], response.from_cache) == (5, False)
        assert conditions(place)[-4:] == [None] * 4
    assert session.get(other).from_cache is place.kind.tagged


@TYPICAL
def test_a_create_drops_nothing_of_others(place, session):
    """A POST to the collection is about what it makes."""
    path = place.create()
    session.get(path)
    session.post(place.collection, params={"_action": "create"}, json={"n": 1})
    assert session.get(path).from_cache is place.kind.tagged


def test_a_refused_write_drops_nothing(place, session):
    """A 412 has changed nothing, so what is kept is still right."""
    path = place.create({"n": 1})
    stale = place.tag(path)
    place.write(path, {"n": 2})
    session.get(path)
    with pytest.raises(AICError):
        session.put(path, json={"n": 3}, headers={"If-Match": stale})
    response = session.get(path)
    assert (response.json()["n"], response.from_cache) == (2, place.kind.tagged)


@pytest.mark.parametrize("fault", [{"connection": "drop", "commit": True}, {"status": 502, "commit": True}], ids=str)
def test_a_write_whose_answer_is_lost_is_seen_by_the_next_read(place, session, fault):
    """What is kept is asked about, so a write that nobody knows of cannot hide behind it."""
    path = place.create({"n": 1})
    session.get(path)
    place.witness.faults.append(Fault(method="PUT", **fault))
    with pytest.raises(requests.RequestException):
        session.put(path, json={"n": 2})
    assert session.get(path).json()["n"] == 2


def test_a_read_that_goes_wrong_on_the_way_is_asked_again(place, session):
    """Under the same condition, so that it is served from memory all the same."""
    path = place.create()
    first = session.get(path)
    asked = place.tag(path) if place.kind.tagged else None
    for fault in (
        {"connection": "drop"},
        {"connection": "reset"},
        {"connection": "drop", "commit": True},
        {"status": 503},
        {"status": 502, "commit": True},
        {"status": 504},
        {"status": 429, "headers": (("Retry-After", "0"),)},
    ):
        place.witness.faults.append(Fault(method="GET", **fault))
        second = session.get(path)
        assert (second.json(), second.from_cache) == (first.json(), place.kind.tagged), fault
        assert conditions(place)[-2:] == [asked, asked], fault
    assert len(place.sent) == 15


@TYPICAL
@pytest.mark.parametrize("connection", ["truncate", "headers"])
def test_half_an_answer_is_not_kept(place, session, connection):
    """Whatever becomes of it, the next read is a plain one and whole."""
    path = place.create({"text": "x" * 1000})
    place.witness.faults.append(Fault(method="GET", connection=connection, commit=True))
    with contextlib.suppress(requests.RequestException):
        assert b"x" * 1000 not in session.get(path).content
    assert session.cache_info().entries == 0
    assert session.get(path).json() == place.read(path)
    assert conditions(place)[-1] is None


@TYPICAL
def test_half_a_document_in_good_order_is_not_kept(place, session):
    """A server that fails halfway behind one that compresses: nothing is wrong with the answer but its JSON."""
    path = place.create({"n": 1})
    document = place.ask("GET", path).content
    headers = (("ETag", place.tag(path)), ("Content-Type", "application/json;charset=utf-8"))
    for half in (document[: len(document) // 2], document[:-1], b""):
        place.witness.faults.append(Fault(method="GET", status=200, headers=headers, body=half))
        assert session.get(path).content == half
        assert session.cache_info().entries == 0
    assert session.get(path).json() == place.read(path)
    assert conditions(place) == [None] * 4


@TYPICAL
def test_a_refusal_with_a_tag_is_not_kept(place):
    """Gateways put tags on errors too."""
    session = place.session(raise_for_status=False, retries=0)
    path = place.create()
    tag = (("ETag", place.tag(path)), ("Content-Type", "application/json"))
    for status in (403, 404, 500, 503):
        place.witness.faults.append(Fault(method="GET", status=status, headers=tag, body=b'{"n":"wrong"}'))
        assert session.get(path).status_code == status
        assert session.cache_info().entries == 0
    response = session.get(path)
    assert (response.json(), response.from_cache) == (place.read(path), False)
    assert conditions(place) == [None] * 5


@TYPICAL
def test_a_failed_read_leaves_what_is_kept(place):
    """A 503 says nothing about the resource."""
    session = place.session(raise_for_status=False, retries=0)
    path = place.create()
    session.get(path)
    place.witness.faults.append(Fault(method="GET", status=503))
    assert session.get(path).status_code == 503
    assert session.get(path).from_cache is place.kind.tagged


def test_a_deleted_resource_is_forgotten(place, session):
    """CREST's own 404 drops what was kept of it."""
    path = place.create()
    session.get(path)
    session.get(f"{path}?_fields=n")
    place.delete(path)
    with pytest.raises(NotFound):
        session.get(path)
    assert session.cache_info().entries == 0


@TYPICAL
def test_a_404_in_html_forgets_nothing(place, session):
    """A server that is starting up says it of resources that are there."""
    path = place.create()
    session.get(path)
    html = (("Content-Type", "text/html"),)
    place.witness.faults.append(Fault(method="GET", status=404, headers=html, body=b"<html>starting</html>"))
    with pytest.raises(NotFound):
        session.get(path)
    assert session.get(path).from_cache is place.kind.tagged


@TYPICAL
def test_a_prepared_request_can_be_sent_again(place, session):
    """It stays the caller's: what the session adds is for one sending."""
    path = place.create()
    prepared = session.prepare_request(requests.Request("GET", path))
    responses = [session.send(prepared) for _ in range(2)]
    assert "If-None-Match" not in prepared.headers
    responses.append(session.send(responses[-1].request))
    responses.append(session.send(responses[-1].request.copy()))
    assert [response.json() for response in responses] == [place.read(path)] * 4
    assert [response.from_cache for response in responses] == [False] + [place.kind.tagged] * 3


@TYPICAL
def test_responses_pickle(place, session):
    """From the store too, with their bodies."""
    path = place.create()
    for _ in range(2):
        assert pickle.loads(pickle.dumps(session.get(path))).json() == place.read(path)


def test_any_id_is_an_id(place, session):
    """Blanks, slashes and letters of all kinds, percent-encoded; neighbours are not mistaken for it."""
    for name in ("a b", "a/b", "日本", "a+b&c=d;e", "o'neil:é@example.com%2F"):
        path = place.create({"n": 1}, place.path(name))
        neighbour = place.create({"n": 2}, place.path(f"{name}x"))
        assert session.get(path).json()["_id"] == name
        assert session.get(neighbour).json()["n"] == 2
        assert session.get(path).json()["n"] == 1
        session.put(path, json={"n": 3})
        response = session.get(path)
        assert (response.json(), response.from_cache) == (place.read(path), False), name
        assert session.get(neighbour).from_cache is place.kind.tagged, name


@TYPICAL
def test_two_spellings_of_a_path_are_one_resource(place, session):
    """A write through one spelling drops what was read through the other."""
    path = place.create({"n": 1}, place.path("a:b~c"))
    other = f"{place.collection}/a:b%7Ec"
    assert session.get(other).json() == session.get(path).json()
    session.put(path, json={"n": 2})
    assert session.get(other).json()["n"] == 2


@TYPICAL
def test_values_of_all_kinds_survive(place, session):
    """Served from memory they are what was stored."""
    content = {"text": 'é 日本 😀 "\\ \u2028', "list": [1, None, True, 2.5], "nested": {"a": {"b": []}}, "": ""}
    path = place.create(content)
    for _ in range(2):
        document = session.get(path).json()
        assert {name: document[name] for name in content} == content


def test_a_mebibyte_does_not_travel_twice(place, session):
    """A large body comes once, whole; a 304 brings it back."""
    path = place.create({"text": "x" * 2**20})
    first = session.get(path)
    second = session.get(path)
    assert first.content == second.content
    assert first.json()["text"] == "x" * 2**20
    assert (second.from_cache, place.sent[-1].status) == ((True, 304) if place.kind.tagged else (False, 200))
    assert session.cache_info().bytes_saved == (len(first.content) if place.kind.tagged else 0)


@TYPICAL
def test_clearing_forgets(place, session):
    """And the next read is a plain one."""
    path = place.create()
    session.get(path)
    session.cache_clear()
    session.get(path)
    assert conditions(place) == [None, None]


@TYPICAL
def test_what_is_cleared_before_the_answer_is_served_all_the_same(place, session):
    """The entry is held from look-up to answer."""
    path = place.create()
    first = session.get(path)
    place.witness.meanwhile("GET", session.cache_clear)
    second = session.get(path)
    assert (second.content, second.from_cache) == (first.content, place.kind.tagged)


def test_a_write_before_the_answer_is_seen(place, session):
    """Between look-up and server somebody writes: the server's answer counts."""
    path = place.create({"n": 1})
    session.get(path)
    place.witness.meanwhile("GET", lambda: place.write(path, {"n": 2}))
    assert session.get(path).json()["n"] == 2


def test_thirty_two_threads_read_and_others_write(place, session):
    """
    No read is staler than what stood there when it began, whoever had read before.

    Each is a hit or a miss; where there are no tags, reads count as misses.
    """
    path = place.create({"n": 0})
    written = [0]
    wrong = []

    def read():
        for _ in range(2):
            before = written[0]
            n = session.get(path).json()["n"]
            if n < before:
                wrong.append((n, before))

    threads = [threading.Thread(target=read) for _ in range(32)]
    for number, thread in enumerate(threads, 1):
        thread.start()
        if number % 8 == 0:
            place.write(path, {"n": number})
            written[0] = number
    for thread in threads:
        thread.join()
    assert wrong == []
    assert session.get(path).json()["n"] == 32
    info = session.cache_info()
    assert info.hits + info.misses == 65
    assert info.entries == int(place.kind.tagged)
