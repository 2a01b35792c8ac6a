"""Queries: all rows, each once, or an exception that says how many."""

import copy
import itertools
import json
import pickle
import random
import time
import tracemalloc
from urllib.parse import parse_qsl, unquote

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import aic_requests
from aic_requests import AICError, AICSession, IncompleteQuery, query_filter
from aic_requests.testing import AIC, CREST, OPENAM, OPENIDM, OPENIDM_ORIENTDB, REST2LDAP, Fault, Tenant

from .pages import JSON, Pages, refusal, row_of
from .recordings import recordings
from .replay_server import HangUp, head, http, replaying, write
from .wire import serving

USERS = "/openidm/managed/alpha_user"

#: Servers that say in different ways, or not at all, that there is more.
KINDS = {
    "cookies": {},
    "cookies and no offsets": {"offsets": False},
    "cookies and totals": {"policy": "EXACT"},
    "cookies, capped": {"cap": 30},
    "cookies, filtered after paging": {"filtered": 3},
    "remaining": {"cookies": False, "remaining": True},
    "remaining, capped": {"cookies": False, "remaining": True, "cap": 30},
    "total": {"cookies": False, "policy": "EXACT"},
    "total, capped": {"cookies": False, "policy": "EXACT", "cap": 30},
    "estimate": {"cookies": False, "policy": "ESTIMATE"},
    "estimate, capped": {"cookies": False, "policy": "ESTIMATE", "cap": 30},
    "silence": {"cookies": False},
    "all at once": {"cookies": False, "offsets": False, "sizes": False},
    "bare array": {"cookies": False, "offsets": False, "sizes": False, "bare": True},
    "bare array, by offset": {"cookies": False, "bare": True},
}


@pytest.fixture
def run():
    """Run a query on pages, with a session of its own."""

    def run(pages, *arguments, path="/rows", **options):
        with serving(pages) as wire, AICSession(wire.url, store=None) as session:
            return list(session.query(path, *arguments, **options))

    return run


def read(query):
    """The rows that a query hands out, and what it then raises."""
    rows = []
    try:
        for row in query:
            rows.append(row)  # extend would lose what came before an exception
    except (AICError, requests.RequestException) as error:
        return rows, error
    pytest.fail("no exception")


def broken(pages, **options):
    with serving(pages) as wire, AICSession(wire.url, store=None, retries=0) as session:
        return read(session.query("/rows", **options))


# All rows


@pytest.mark.parametrize("count", [0, 1, 2, 29, 30, 31, 59, 60, 99, 100, 101, 199, 200, 201, 1000])
@pytest.mark.parametrize("kind", KINDS)
def test_every_row_comes_once_and_in_order(run, kind, count):
    """However the server says that there is more, or does not."""
    pages = Pages(count, **KINDS[kind])
    assert run(pages, page_size=100) == pages.rows
    assert len(pages.asked) <= count // (pages.cap or 100) + 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("page_size", [1, 2, 7])
def test_small_pages(run, kind, page_size):
    """A page of one row is a page."""
    for count in (0, 1, 2, 7, 8):
        pages = Pages(count, **KINDS[kind])
        assert run(pages, page_size=page_size) == pages.rows, count


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=8),
    st.sampled_from(["", "repeats", "error", "garbage", "cut", "status"]),
    st.integers(1, 8),
    st.integers(1, 5),
)
def test_complete_or_an_exception(lengths, fault, at, page_size):
    """Pages of any length: every row once, or an exception after a part, from which another query goes on."""
    starts = [0, *itertools.accumulate(lengths)]
    everything = [row_of(number) for number in range(starts[-1])]
    faulty = [bool(fault)]

    def answer(sent):
        number = int(dict(parse_qsl(sent.path.partition("?")[2])).get("_pagedResultsCookie", "0"))
        rows = everything[starts[number] : starts[number + 1]]
        cookie = str(number + 1) if number + 1 < len(lengths) else None
        page = {"result": rows, "resultCount": len(rows), "pagedResultsCookie": cookie}
        if faulty[0] and number == min(at, len(lengths)) - 1:
            if fault == "repeats" and number:
                page["pagedResultsCookie"] = str(random.randint(1, number))
            if fault == "error":
                page["error"] = {"code": 500, "message": "no"}
            if fault == "garbage":
                return 200, [], b"<html>login</html>"
            if fault == "cut":
                page["resultCount"] += 1
            if fault == "status":
                return 500, JSON, b'{"code":500}'
        return 200, JSON, json.dumps(page).encode()

    with serving(answer) as wire, AICSession(wire.url, store=None) as session:
        query = session.query("/rows", page_size=page_size)
        rows = []
        try:
            for row in query:
                rows.append(row)
        except AICError as error:
            assert fault
            assert error.rows == len(rows) == query.rows
            faulty[0] = False
            params = {} if error.cookie is None else {"_pagedResultsCookie": error.cookie}
            rows += session.query("/rows", params=params)
        assert rows == everything


def test_a_page_is_asked_for_when_it_is_needed():
    """Not before, not for the sake of those who stop early, and not at the call."""
    pages = Pages(25)
    with serving(pages) as wire, AICSession(wire.url) as session:
        query = session.query("/rows", page_size=10)
        seen = [(len(pages.asked), next(query)) and len(pages.asked) for _ in range(25)]
        assert next(query, None) is None
    assert seen == [1] * 10 + [2] * 10 + [3] * 5
    assert len(pages.asked) == 3


def test_a_hundred_thousand_rows():
    """A page at a time in memory, and each row takes as long as the one before."""
    with serving(Pages(100_000)) as wire, AICSession(wire.url, store=None) as session:
        query = session.query("/rows")
        next(query)
        tracemalloc.start()
        times = [time.perf_counter()]
        for number, row in enumerate(query, 1):
            assert row["_id"] == str(number)
            if number % 25_000 == 0:
                times.append(time.perf_counter())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert query.rows == 100_000
    # The server of this test has a page in its hands, too.
    assert peak < 4_000_000
    first, last = times[1] - times[0], times[-1] - times[-2]
    assert last < 3 * first + 1


def test_an_iterator_that_is_over_stays_over(run):
    """As iterators do, without another request."""
    pages = Pages(3)
    with serving(pages) as wire, AICSession(wire.url) as session:
        query = session.query("/rows")
        assert len(list(query)) == 3
        assert list(query) == []
    assert len(pages.asked) == 1


# What goes over the wire


@pytest.mark.parametrize(
    ("cookie", "sent"),
    [
        ("AAAAAAAAAsI=", "AAAAAAAAAsI%3D"),
        ("Ag%3D%3D%3A0", "Ag%253D%253D%253A0"),
        ("a+b/c=", "a%2Bb%2Fc%3D"),
        ("a b&c#d?e;f", "a+b%26c%23d%3Fe%3Bf"),
        ("100%", "100%25"),
        ("\u00e9\"'<>", "%C3%A9%22%27%3C%3E"),
        ("~-._", "~-._"),
        (7, "7"),
    ],
)
def test_a_cookie_goes_back_so_that_the_server_decodes_what_it_gave(cookie, sent):
    """To the letter, percent signs included: what looks encoded is not decoded on the way."""
    first = {"result": [row_of(0)], "pagedResultsCookie": cookie}
    bodies = iter([first, {"result": [row_of(1)], "pagedResultsCookie": None}])

    def answer(received, wire):
        write(wire, http(200, JSON, json.dumps(next(bodies)).encode()))

    with replaying() as server, AICSession(server.url) as session:
        server.answer = answer
        assert len(list(session.query("/rows", page_size=1))) == 2
        target = server.received[1].target
    assert target == f"/rows?_queryFilter=true&_pageSize=1&_pagedResultsCookie={sent}"
    assert dict(parse_qsl(target.partition("?")[2]))["_pagedResultsCookie"] == str(cookie)


def test_what_goes_with_every_page(run):
    """Filter, fields, sort keys, the caller's own parameters and headers; and a cookie or an offset, never both."""
    for kind in ("cookies", "remaining"):
        pages = Pages(3, **KINDS[kind])
        options = {"params": {"_totalPagedResultsPolicy": "EXACT", "x": ["1", "2"]}, "headers": {"X-Mine": "yes"}}
        run(pages, 'a eq "b c"', page_size=1, fields=("userName", "mail"), sort_keys=["-userName", "+mail"], **options)
        for number, sent in enumerate(pages.sent):
            asked = parse_qsl(sent.path.partition("?")[2])
            assert asked[:7] == [
                ("_queryFilter", 'a eq "b c"'),
                ("_fields", "userName,mail"),
                ("_sortKeys", "-userName,+mail"),
                ("_totalPagedResultsPolicy", "EXACT"),
                ("x", "1"),
                ("x", "2"),
                ("_pageSize", "1"),
            ]
            assert [name for name, _ in asked[7:]] == (
                [] if not number else ["_pagedResultsCookie" if kind == "cookies" else "_pagedResultsOffset"]
            )
            assert sent.header("X-Mine") == "yes"


@pytest.mark.parametrize(
    ("path", "params", "expected"),
    [
        ("/rows", {"_queryId": "query-all-ids"}, {"_queryId": "query-all-ids"}),
        ("/rows", {"_queryExpression": "select 1"}, {"_queryExpression": "select 1"}),
        ("/rows", {"_queryFilter": "a pr"}, {"_queryFilter": "a pr"}),
        ("/rows?_queryId=query-all-ids", None, {"_queryId": "query-all-ids"}),
        ("/rows?_queryid=a%20b&x=%26", b"y=1", {"_queryid": "a b", "x": "&", "y": "1"}),
        ("/rows", [("_fields", "a"), ("_fields", "b")], {"_queryFilter": "true", "_fields": "b"}),
    ],
)
def test_other_ways_to_choose_rows(run, path, params, expected):
    """A parameter of the caller stands in place of the filter, in the path or in params."""
    pages = Pages(3)
    assert run(pages, path=path, params=params) == pages.rows
    assert pages.asked == [{**expected, "_pageSize": "1000"}]


def test_no_precondition_goes_with_a_query():
    """Not the session's own default either; a query is 412 with one, whatever its value."""
    pages = Pages(20)
    with serving(pages) as wire, AICSession(wire.url) as session:
        session.headers["If-None-Match"] = '"1"'
        session.headers["If-Modified-Since"] = "Mon, 23 Nov 2026 03:16:36 GMT"
        for _ in range(2):
            list(session.query("/rows", page_size=5, headers={"if-match": None}))
    for sent in pages.sent:
        assert not [name for name, _ in sent.headers if name.lower().startswith("if-")]


def test_rows_teach_no_revision():
    """AM's rows carry another than their resource: what is written after a query goes out without a precondition."""
    pages = Pages(3)
    with serving(pages) as wire, AICSession(wire.url) as session:
        list(session.query("/rows"))
        session.put("/rows/1", json={"userName": "new"})
        session.delete("/rows/2")
    assert pages.sent[1].header("If-Match") is None
    assert pages.sent[2].header("If-Match") is None


# What is refused at the call


@pytest.mark.parametrize(
    ("arguments", "options", "error", "said"),
    [
        (("true",), {"page_size": 0}, ValueError, "1 or more"),
        (("true",), {"page_size": -1}, ValueError, "1 or more"),
        (("true",), {"page_size": True}, TypeError, "not bool"),
        (("true",), {"page_size": "10"}, TypeError, "not str"),
        (("",), {}, ValueError, "not empty"),
        ((" ",), {}, ValueError, "not empty"),
        ((None,), {}, TypeError, "not NoneType"),
        (("true",), {"fields": "userName"}, TypeError, "list of names"),
        (("true",), {"fields": (1,)}, TypeError, "list of names"),
        (("true",), {"sort_keys": "userName"}, TypeError, "list of names"),
        (("true",), {"sort_keys": ("",)}, ValueError, "empty name"),
        (("true",), {"fields": ("a",), "params": {"_fields": "b"}}, ValueError, "twice"),
        (("true",), {"sort_keys": ("a",), "params": {"_sortKeys": "b"}}, ValueError, "twice"),
        (("a pr",), {"params": {"_queryId": "x"}}, ValueError, "one of"),
        (("a pr",), {"params": {"_queryFilter": "b pr"}}, ValueError, "one of"),
        (("true",), {"params": {"_queryId": "x", "_queryExpression": "y"}}, ValueError, "one of"),
        (("true",), {"params": {"_pageSize": 5}}, ValueError, "page_size="),
        (("true",), {"params": {"_pagedResultsCookie": "x", "_pagedResultsOffset": 1}}, ValueError, "one page"),
        (("true",), {"params": {"_pagedResultsCookie": ["x", "y"]}}, ValueError, "one page"),
        (("true",), {"params": {"_pagedresultscookie": "x"}}, ValueError, "one page"),
        (("true",), {"params": {"_pagedResultsCookie": ""}}, ValueError, "empty"),
        (("true",), {"params": {"_pagedResultsOffset": "-1"}}, ValueError, "number of rows"),
        (("true",), {"headers": {"If-Match": "*"}}, ValueError, "If-Match cannot go"),
        (("true",), {"headers": {"if-none-match": '"1"'}}, ValueError, "if-none-match cannot go"),
        (("true",), {"headers": {"If-Modified-Since": "x"}}, ValueError, "cannot go"),
        (("true",), {"json": {}}, TypeError, "takes no json"),
        (("true",), {"stream": True}, TypeError, "takes no stream"),
        (("true",), {"pagesize": 5}, TypeError, "takes no pagesize"),
        (('a eq "\ud800"',), {}, ValueError, "surrogates"),
        (("true",), {"fields": ["\ud800"]}, ValueError, "surrogates"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_the_call(arguments, options, error, said):
    """And not at the first row, far from the mistake; nothing is sent."""
    pages = Pages(3)
    with serving(pages) as wire, AICSession(wire.url) as session, pytest.raises(error, match=said):
        session.query("/rows", *arguments, **options)
    assert pages.asked == []


# The five ways in which a query ends early


def test_a_short_or_empty_page_with_a_cookie_is_not_the_end(run):
    """A server that filters after paging gives pages with any number of rows."""
    pages = Pages(500, filtered=97)
    assert run(pages, page_size=10) == [row_of(number) for number in (0, 97, 194, 291, 388, 485)]
    assert len(pages.asked) == 50


def test_a_thousand_empty_pages_in_a_row():
    """A cookie that never ends gives no rows: MemoryBackend's, of a sorted query with a filter."""

    def answer(sent):
        number = len(wire.sent)
        rows = [row_of(number)] if number in (1, 900) else []
        return 200, JSON, json.dumps({"result": rows, "pagedResultsCookie": str(number)}).encode()

    with serving(answer) as wire, AICSession(wire.url, store=None) as session:
        query = session.query("/rows")
        assert [next(query)["_id"], next(query)["_id"]] == ["1", "900"]
        with pytest.raises(IncompleteQuery, match="1000 empty pages in a row") as caught:
            next(query)
    assert len(wire.sent) == 1900
    assert (caught.value.rows, caught.value.cookie) == (2, "1899")


@pytest.mark.parametrize("policy", ["", "EXACT"])
def test_rows_remain_and_no_offset_brings_them(policy):
    """Without a cookie, and with a window that does not move, the rest cannot be had."""
    pages = Pages(25, cookies=False, offsets=False, remaining=not policy, policy=policy)
    rows, error = broken(pages, page_size=10)
    assert rows == pages.rows[:10]
    assert isinstance(error, IncompleteQuery)
    assert (error.rows, error.cookie, error.status_code) == (10, None, 200)
    assert "15 rows remain, and another offset gives the same ones" in str(error)


def test_a_window_that_does_not_move_is_seen_though_its_rows_change():
    """By their ids: somebody writes them meanwhile."""
    pages = Pages(25, cookies=False, offsets=False, remaining=True)
    pages.faults[2] = lambda page: page | {"result": [row | {"_rev": "2"} for row in page["result"]]}
    assert len(broken(pages, page_size=10)[0]) == 10


def test_rows_remain_and_are_not_given():
    """The server says 15, and gives an empty page for them."""
    pages = Pages(25, cookies=False, remaining=True)
    pages.faults[2] = lambda page: page | {"result": [], "resultCount": 0, "remainingPagedResults": -1}
    rows, error = broken(pages, page_size=10)
    assert (len(rows), error.rows) == (10, 10)
    assert "15 rows remain, and are not given" in str(error)


def test_rows_remain_behind_a_cookie_that_was_given():
    """Where it began nobody can tell, so there is no offset to go on by; and the page has to be asked for again."""
    pages = Pages(25, remaining=True)
    pages.faults[2] = lambda page: page | {"pagedResultsCookie": None}
    rows, error = broken(pages, page_size=8, params={"_pagedResultsCookie": "at 5"})
    assert rows == pages.rows[5:13]
    assert (error.rows, error.cookie) == (8, "at 13%3D=")
    assert "4 rows remain behind it, and it has no cookie" in str(error)


@pytest.mark.parametrize("times", [1, 2])
def test_an_error_while_it_is_made_sure_that_there_is_no_more(times):
    """The rows before it have been handed out, and the position is behind them."""
    pages = Pages(25, cookies=False)
    with serving(pages) as wire, AICSession(wire.url, store=None, retries=0) as session:
        pages.faults = {n + 1: refusal(500, "no") for n in range(1, times + 1)}
        query = session.query("/rows", page_size=10)
        rows, error = read(query)
        assert (error.rows, error.cookie, query.position) == (10, None, {"_pagedResultsOffset": "10"})
        assert rows == pages.rows[:10]
        rows += read(query)[0] if times == 2 else []
        rows += query
        assert rows == pages.rows
        assert pages.rows[10:] == list(session.query("/rows", page_size=10, params={"_pagedResultsOffset": "10"}))


def test_silence_and_a_window_that_does_not_move():
    """A full page without a cookie, where neither cookies nor offsets work, may be a part."""
    pages = Pages(25, cookies=False, offsets=False)
    rows, error = broken(pages, page_size=10)
    assert (len(rows), error.rows) == (10, 10)
    assert "another offset gives the same ones" in str(error)


def test_what_others_delete_is_no_loss(run):
    """The server says that fewer remain than it said before, and gives as many."""
    pages = Pages(25, cookies=False, remaining=True)
    pages.faults[2] = lambda page: page | {"result": [], "resultCount": 0, "remainingPagedResults": 0}
    assert run(pages, page_size=10) == pages.rows[:10]


@pytest.mark.parametrize(("later", "complete"), [(23, True), (25, False)])
def test_a_total_that_is_not_reached(later, complete):
    """Is a loss where every page has said so; where a later page says less, others have written."""
    pages = Pages(25, policy="EXACT")

    def fewer(page):
        return page | {"result": page["result"][:3], "resultCount": 3, "totalPagedResults": later}

    def none(page):
        return page | {"result": [], "resultCount": 0}

    pages.faults = {3: fewer, 4: none}
    with serving(pages) as wire, AICSession(wire.url) as session:
        query = session.query("/rows", page_size=10)
        if complete:
            assert len(list(query)) == 23
        else:
            with pytest.raises(IncompleteQuery, match="2 rows remain, and are not given"):
                list(query)
        assert query.rows == 23


def test_a_total_that_makes_no_sense_is_none(run):
    """AM says EXACT and 0 beside 144 rows."""
    pages = Pages(144, cookies=False, policy="EXACT")
    pages.faults = {n: lambda page: page | {"totalPagedResults": 0} for n in range(1, 9)}
    assert len(run(pages)) == 144
    assert run(Pages(144, cookies=False, policy="EXACT", faults=pages.faults), page_size=100) == pages.rows


@pytest.mark.parametrize("back", [1, 2])
def test_a_cookie_that_came_before(back):
    """Would begin a circle. The page that brings it is not handed out, so that whoever goes on gets no row twice."""
    pages = Pages(100)
    pages.faults[4] = lambda page: page | {"pagedResultsCookie": f"at {(4 - back) * 10}%3D="}
    rows, error = broken(pages, page_size=10)
    assert rows == pages.rows[:30]
    assert isinstance(error, IncompleteQuery)
    assert (error.rows, error.cookie) == (30, "at 30%3D=")
    assert "its cookie came before" in str(error)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"code": 500, "reason": "Internal Server Error", "message": "Index is broken"}, "Index is broken"),
        ({"message": "Index is broken"}, "Index is broken"),
        ("Index is broken", "Index is broken"),
        (["Index is broken"], '["Index is broken"]'),
        (True, "true"),
        ({}, ""),
    ],
)
def test_an_error_inside_a_200(said, words):
    """Carries the server's own words; what is on the page is a part of one, and is not handed out."""
    pages = Pages(100)
    pages.faults[3] = lambda page: {"result": page["result"][:4], "resultCount": 4, "error": said}
    rows, error = broken(pages, page_size=10)
    assert rows == pages.rows[:20]
    assert isinstance(error, IncompleteQuery)
    assert (error.rows, error.cookie, error.status_code) == (20, "at 20%3D=", 200)
    assert words in error.message
    assert str(error).startswith(f"200 OK: GET /rows: {words}" if words else "200 OK: GET /rows")
    assert "incomplete after 20 rows: the server failed while it answered" in str(error)
    assert len(str(error).splitlines()) == 1


def test_a_silently_capped_page_is_not_the_end(run):
    """Fewer rows than were asked for, and the server says that more remain: the next offset is behind those."""
    for kind in ("remaining, capped", "total, capped", "estimate, capped"):
        pages = Pages(100, **KINDS[kind])
        assert run(pages) == pages.rows
        offsets = [asked.get("_pagedResultsOffset") for asked in pages.asked if asked["_pageSize"] == "1000"]
        assert offsets[:4] == [None, "30", "60", "90"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "cut short"),
        (b'{"result":[{"_id":"1"},', "cut short"),
        (b"<html><title>Log in</title></html>", "no JSON"),
        (b"null", "no list of rows"),
        (b"{}", "no list of rows"),
        (b'{"code":500,"message":"no"}', "no list of rows"),
        (b'{"result":{}}', "no list of rows"),
        (b'{"result":["a"]}', "a row is no JSON object"),
        (b"[[]]", "a row is no JSON object"),
        (b'{"result":[],"pagedResultsCookie":{}}', "the cookie is no text"),
        (b'{"result":[],"pagedResultsCookie":true}', "the cookie is no text"),
        (b'{"result":[],"pagedResultsCookie":"\\ud800"}', "the cookie is no text"),
        (b'{"result":[{"_id":"1"}],"resultCount":2}', "the server counts 2 rows on a page of 1"),
        (b"[" * 100_000, "cut short"),
    ],
)
def test_an_answer_that_is_no_page(body, why):
    """It is no end either."""
    pages = Pages(30, faults={n: lambda page: (200, JSON, body) for n in range(2, 9)})
    rows, error = broken(pages, page_size=10)
    assert rows == pages.rows[:10]
    assert isinstance(error, IncompleteQuery)
    assert (error.rows, error.cookie) == (10, "at 10%3D=")
    assert why in str(error)


# Going on


FAULTS = {
    "status": refusal(500, "no"),
    "error": lambda page: page | {"error": {"message": "no"}},
    "repeated": lambda page: page | {"pagedResultsCookie": "at 10%3D="},
    "garbage": lambda page: (200, [], b"<html>"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", [1, 3, 5])
def test_another_query_goes_on_from_the_cookie(fault, at):
    """No row is lost, none comes twice."""
    if (fault, at) == ("repeated", 1):
        at = 2
    pages = Pages(47, faults={at: FAULTS[fault]})
    with serving(pages) as wire, AICSession(wire.url, store=None) as session:
        rows, error = read(session.query("/rows", page_size=10))
        error = pickle.loads(pickle.dumps(error))
        assert error.rows == len(rows) == (at - 1) * 10
        assert (error.cookie is None) == (at == 1)
        rows += session.query("/rows", page_size=7, params=error.cookie and {"_pagedResultsCookie": error.cookie})
    assert rows == pages.rows


@pytest.mark.parametrize("kind", ["cookies", "remaining", "total, capped", "silence"])
def test_another_query_goes_on_from_the_position(kind):
    """By cookie or by offset; the position is that of the page whose rows have not been handed out."""
    pages = Pages(100, **KINDS[kind])
    with serving(pages) as wire, AICSession(wire.url, store=None) as session:
        query = session.query("/rows", page_size=40)
        rows = list(itertools.islice(query, 60))
        pages.faults = {len(pages.asked) + 1: refusal(500, "no")}
        more, error = read(query)
        rows += more
        assert error.rows == len(rows)
        resumed = session.query("/rows", page_size=9, params=query.position)
        rows += resumed
    assert rows == pages.rows
    assert resumed.rows < 100


def test_the_same_iterator_goes_on_after_an_error():
    """It asks for the same page again: whoever swallows the exception is not told that this was all."""
    pages = Pages(25, faults={2: refusal(500, "no"), 3: FAULTS["garbage"]})
    with serving(pages) as wire, AICSession(wire.url, store=None) as session:
        query = session.query("/rows", page_size=10)
        rows = []
        while len(rows) < 25:
            try:
                rows.append(next(query))
            except AICError as error:
                assert error.rows == 10
    assert rows == pages.rows


# What goes wrong on a later page


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 500, 501])
def test_an_error_on_a_later_page(status):
    """Is the status's own exception, and says how many rows were handed out."""
    pages = Pages(30, faults={3: refusal(status, "no")})
    rows, error = broken(pages, page_size=10)
    assert rows == pages.rows[:20]
    assert isinstance(error, AICError)
    assert not isinstance(error, IncompleteQuery)
    assert (error.status_code, error.rows, error.cookie) == (status, 20, "at 20%3D=")
    assert error.__notes__ == ["The query had handed out 20 rows."]
    assert copy.copy(error).rows == 20


def test_an_error_on_the_first_page():
    """No rows, no cookie."""
    rows, error = broken(Pages(30, faults={1: refusal(403, "no")}))
    assert (rows, error.rows, error.cookie) == ([], 0, None)


@pytest.mark.parametrize("raises", [False, {404}])
def test_whatever_raise_for_status_says(raises):
    """A query cannot hand back a response."""
    pages = Pages(30, faults={2: refusal(500, "no")})
    with serving(pages) as wire, AICSession(wire.url, raise_for_status=raises) as session:
        query = session.query("/rows", page_size=10)
        with pytest.raises(aic_requests.InternalServerError):
            list(query)
        assert query.rows == 10


@pytest.mark.parametrize("how", ["body", "headers", "empty", "chunk"])
@pytest.mark.parametrize("times", [1, 99])
def test_a_page_that_breaks_on_the_way_is_read_again(how, times):
    """A query changes nothing. What stays broken is raised, with the number of rows before it."""
    pages = Pages(30)
    left = [times]

    def answer(received, wire):
        status, headers, body = pages(received_as_sent(received))
        if "Cookie" in received.target and left[0]:
            left[0] -= 1
            whole = http(status, headers, body)
            if how == "empty":
                whole = http(200, [], b"")
            elif how == "chunk":
                whole = head(200, [("Transfer-Encoding", "chunked")]) + b"10\r\n{"
            write(wire, whole[: {"body": -20, "headers": 30}.get(how, len(whole))])
            raise HangUp
        write(wire, http(status, headers, body))

    with replaying() as server, AICSession(server.url, store=None) as session:
        server.answer = answer
        query = session.query("/rows", page_size=10)
        if times == 1:
            assert list(query) == pages.rows
            return
        with pytest.raises(
            (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, IncompleteQuery)
        ) as caught:
            list(query)
    assert vars(caught.value)["rows"] == query.rows == 10
    assert vars(caught.value)["cookie"] == "at 10%3D="


def received_as_sent(received):
    from .wire import Sent

    return Sent(received.method, received.target, received.headers, received.body)


# Page sizes


@pytest.mark.parametrize(
    ("status", "message", "limit"),
    [
        (400, "The page size must not exceed 100", 100),
        (400, "_pageSize must be less than 100", 99),
        (400, "Invalid value &#39;1000&#39; for _pageSize: 1..100", 100),
        (422, "_pageSize in query should be less than or equal to 100", 100),
    ],
)
def test_the_page_size_is_lowered_to_what_the_server_allows(status, message, limit):
    """As of ESVs, whose limit is 100: no row is lost or repeated, and the next pages are as large as they may be."""

    def answer(sent):
        size = int(dict(parse_qsl(sent.path.partition("?")[2]))["_pageSize"])
        if size > limit:
            return refusal(status, message)({})
        return pages(sent)

    pages = Pages(250, cookies=True)
    with serving(answer) as wire, AICSession(wire.url, store=None) as session:
        assert list(session.query("/environment/variables")) == pages.rows
    assert len(wire.sent) == 4
    assert {asked["_pageSize"] for asked in pages.asked} == {str(limit)}


def test_a_limit_that_shows_on_a_later_page():
    """The page that was refused is asked for again, not the one behind it."""
    pages = Pages(60, faults={3: refusal(400, "pages of 5 rows at most")})
    with serving(pages) as wire, AICSession(wire.url, store=None) as session:
        assert list(session.query("/rows", page_size=10)) == pages.rows
    assert [asked["_pageSize"] for asked in pages.asked[:5]] == ["10", "10", "10", "5", "5"]


@pytest.mark.parametrize(
    "message", ["Unrecognized request parameter &#39;_pageSize&#39;", "no", "page size 5000 is wrong"]
)
def test_a_refusal_that_names_no_smaller_size_is_raised(message):
    """Once, as what it is."""
    pages = Pages(60, faults={n: refusal(400, message) for n in (1, 2)})
    _, error = broken(pages)
    assert isinstance(error, aic_requests.BadRequest)
    assert len(pages.asked) == 1


def test_a_server_that_refuses_pages_gives_all_at_once(run):
    """AM's agents answer 501 to any page size."""
    pages = Pages(25, cookies=False, faults={1: refusal(501, "Query paging not currently supported")})
    assert run(pages, page_size=10) == pages.rows
    assert [asked.get("_pageSize") for asked in pages.asked] == ["10", None]


# The total


@pytest.mark.parametrize(
    ("kind", "total"),
    [("cookies", None), ("cookies and totals", 25), ("remaining", 25), ("estimate", 25), ("total, capped", 25)],
)
def test_the_total_where_the_server_says_one(kind, total):
    """From the first page on, for a progress bar."""
    with serving(Pages(25, **KINDS[kind])) as wire, AICSession(wire.url) as session:
        query = session.query("/rows", page_size=10)
        assert query.total is None
        next(query)
        assert query.total == total
        assert len(list(query)) == 24
        assert (query.rows, query.total) == (25, total)


# On the tenant

AGENTS = "/am/json/realms/root/realms/alpha/realm-config/agents/OAuth2Client"
PLACES = {
    "managed objects": (AIC, USERS),
    "connectors": (AIC, "/openidm/system/ldap/account"),
    "AM": (AIC, AGENTS),
    "variables": (AIC, "/environment/variables"),
    "versions of secrets": (AIC, "/environment/secrets/esv-x/versions"),
    "governance": (AIC, "/iga/governance/role"),
    "OpenIDM": (OPENIDM, "/openidm/managed/user"),
    "CREST": (CREST, "/users"),
}


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("page_size", [1, 100, 250, 1000])
def test_the_tenant_by_pages(kind, page_size):
    """Every kind of server that it plays gives all its rows, in its own way, and none of them a precondition."""
    profile, place = PLACES[kind]
    count = 23 if page_size == 1 else 250
    name = "id" if kind == "governance" else "_id"
    documents = [{name: f"{number:03}", "userName": f"user{number:03}"} for number in range(count)]
    with Tenant(profile, documents={place: documents}) as tenant, AICSession(tenant.url) as session:
        for options in ({}, {"sort_keys": ["-userName"]}):
            rows = list(session.query(place, page_size=page_size, **options))
            names = [row["userName"] for row in rows]
            assert names == sorted(names, reverse=bool(options))
            assert len(set(names)) == count
        assert not [name for one in tenant.requests for name in one.headers if name.startswith("If-")]


OPENAM_REALM = "/openam/json/realms/root"


@pytest.mark.parametrize(
    ("profile", "place"),
    [
        (OPENAM, f"{OPENAM_REALM}/realm-config/agents/OAuth2Client"),  # refuses pages
        (OPENAM, f"{OPENAM_REALM}/users"),  # looks at no page size
        (OPENAM, f"{OPENAM_REALM}/policies"),  # says what remains
        (REST2LDAP, "/openidm/managed/alpha_user"),  # gives cookies
        (OPENIDM_ORIENTDB, "/openidm/managed/user"),
    ],
)
@pytest.mark.parametrize("page_size", [1, 5, 12, 13, 1000])
def test_self_hosted_servers_by_pages(profile, place, page_size):
    """Pages that are refused, ignored, counted down or chained: all rows, each once."""
    documents = [{"_id": f"u{number}", "userName": f"user{number}"} for number in range(12)]
    with Tenant(profile, documents={place: documents}) as tenant, AICSession(tenant.url) as session:
        rows = [row["_id"] for row in session.query(place, page_size=page_size)]
    assert sorted(rows) == sorted(document["_id"] for document in documents)


@pytest.mark.parametrize("kind", ["managed objects", "AM"])
def test_others_who_only_edit_move_nothing(kind):
    """As long as the rows are sorted by what is not edited."""
    profile, place = PLACES[kind]
    documents = [{"_id": f"{number:02}", "userName": f"user{number:02}", "n": number} for number in range(25)]
    with Tenant(profile, documents={place: documents}) as tenant, AICSession(tenant.url) as session:
        edits = {f"{place}/{n:02}": {"userName": f"user{n:02}", "n": -n} for n in range(25)}
        tenant.faults.append(Fault("GET", place, after=1, meanwhile=edits))
        rows = list(session.query(place, page_size=10, sort_keys=["_id"]))
        assert [row["_id"] for row in rows] == [document["_id"] for document in documents]


def test_others_who_create_and_delete_move_rows():
    """One is missed, or comes twice: a query is no snapshot, as its documentation says, and no error either."""
    documents = [{"_id": f"{number:02}", "userName": f"user{number:02}"} for number in range(20)]
    for change, expected in (({f"{USERS}/03": None}, 19), ({f"{USERS}/00a": {"userName": "new"}}, 21)):
        with Tenant(documents={USERS: documents}) as tenant, AICSession(tenant.url) as session:
            tenant.faults.append(Fault("GET", USERS, after=1, meanwhile=change))
            options = {"page_size": 10, "sort_keys": ["_id"], "params": {"_totalPagedResultsPolicy": "EXACT"}}
            rows = [row["_id"] for row in session.query(USERS, **options)]
        assert len(rows) == expected
        assert ("10" in rows, rows.count("09")) == ((False, 1) if expected == 19 else (True, 2))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text("\"'\\\\() oraeq%&+#{}", max_size=20))
def test_a_hostile_name_finds_itself(tenant, name):
    """Through the filter, the URL and the server's parser: the one with this name, and no other."""
    tenant.collection(USERS).write("mine", {"userName": name})
    with AICSession("https://tenant.example.com", store=None) as session:
        session.mount("https://", tenant.adapter())
        found = session.query(USERS, query_filter("userName eq {} and !(userName eq {})", name, "bob" + name))
        assert "mine" in [row["_id"] for row in found]
        assert "bob" not in [row["_id"] for row in session.query(USERS, query_filter("userName eq {}", name + "x"))]


@pytest.fixture
def tenant():
    return Tenant(documents={USERS: [{"_id": "bob", "userName": "bob"}]})


# Secrets


def test_an_incomplete_query_holds_no_secret():
    """Neither as text nor as a pickle; what is needed to go on stays."""
    token = "s3cr3t-token-of-the-caller"
    error_words = {"error": {"message": f"no index for {token} and s3cr3t-value"}}
    pages = Pages(30, faults={2: lambda page: error_words})
    with serving(pages) as wire, AICSession(wire.url) as session:
        session.headers["Authorization"] = f"Bearer {token}"
        query = session.query("/rows", query_filter("userName eq {}", "hidden-value"), page_size=10)
        with pytest.raises(IncompleteQuery) as caught:
            list(query)
    assert token not in str(caught.value)
    assert "hidden-value" not in str(caught.value)
    pickled = pickle.dumps(caught.value)
    assert token.encode() not in pickled
    assert b"hidden-value" not in pickled
    again = pickle.loads(pickled)
    assert (again.rows, again.cookie, str(again)) == (10, "at 10%3D=", str(caught.value))


def test_rows_are_not_repeated_in_a_message():
    """They are other people's data."""
    pages = Pages(30, cookies=False, offsets=False, bare=True)
    _, error = broken(pages, page_size=10)
    assert isinstance(error, IncompleteQuery)
    assert "user1" not in str(error)
    assert error.message == ""


# As recorded


def recorded_walks():
    """Follow-up pages that real servers gave: answers by repository and query, cookie after cookie."""
    for name in ("idm-observed.jsonl", "am-observed.jsonl"):
        walks = {}
        for line in recordings(name):
            path, _, query = line.get("path", "").partition("?")
            asked = dict(parse_qsl(query))
            if line.get("status") != 200 or not {"_pageSize", "_queryFilter"} <= asked.keys():
                continue
            body = line.get("body") or line.get("response_body")
            body = json.loads(body) if isinstance(body, str) else body
            cookie = asked.pop("_pagedResultsCookie", None)
            if "_pagedResultsOffset" not in asked:
                asked.pop("_totalPagedResultsPolicy", None)
                key = (name, line.get("repo"), path, tuple(sorted(asked.items())))
                walks.setdefault(key, {})[cookie] = (query, body)
        yield from ((key, pages) for key, pages in walks.items() if None in pages and len(pages) > 1)


def test_recorded_pages_one_after_another():
    """The rows of all pages of OpenIDM and of REST2LDAP; each cookie goes back as it went back then."""
    walks = list(recorded_walks())
    assert len(walks) >= 8
    for (_, _, path, asked), pages in walks:

        def answer(sent, pages=pages):
            cookie = dict(parse_qsl(sent.path.partition("?")[2])).get("_pagedResultsCookie")
            return 200, JSON, json.dumps(pages[cookie][1]).encode()

        asked = dict(asked)
        with serving(answer) as wire, AICSession(wire.url, store=None) as session:
            options = {"sort_keys": asked["_sortKeys"].split(",")} if "_sortKeys" in asked else {}
            rows = list(session.query(path, asked["_queryFilter"], page_size=int(asked["_pageSize"]), **options))
        assert rows == [row for _, body in pages.values() for row in body["result"]]
        then = [query.partition("_pagedResultsCookie=")[2].partition("&")[0] for query, _ in pages.values()]
        now = [sent.path.partition("_pagedResultsCookie=")[2] for sent in wire.sent]
        assert [unquote(one) for one in now] == [unquote(one) for one in then]
        assert now == then


def test_recorded_answers_to_queries():
    """Whatever AIC, AM and IDM have answered to a query is rows, all of them; what was cut for the record is seen."""
    seen = set()
    for line in recordings("corpus/aic_exchanges.jsonl"):
        if line["request"]["method"] != "GET" or line["response"]["status"] != 200:
            continue
        try:
            body = json.loads(line["response"]["body"])
        except ValueError:
            continue
        rows = body if isinstance(body, list) else body.get("result")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            continue
        answer = (200, JSON, line["response"]["body"].encode())
        with serving(lambda sent, answer=answer: answer) as wire, AICSession(wire.url, store=None) as session:
            path = requests.utils.urlparse(line["request"]["url"]).path
            if "body_truncated_from" in line:
                with pytest.raises(IncompleteQuery, match="the server counts"):
                    list(session.query(path))
            else:
                assert list(session.query(path)) == rows, line["id"]
        seen.add((line["product"], isinstance(body, list), "body_truncated_from" in line))
    assert {("environment", True, False), ("iga", False, True), ("am", False, False)} <= seen


# The genuine CREST code


@pytest.mark.parametrize("page_size", [1, 7, 24, 25, 26])
@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("true", {}),
        ('n co "user"', {}),
        ("true", {"sort_keys": ["-n"]}),
        ("true", {"sort_keys": ["n"], "params": {"_totalPagedResultsPolicy": "EXACT"}}),
        ("true", {"params": {"_totalPagedResultsPolicy": "EXACT"}}),
    ],
)
def test_the_genuine_server(crest_server, text, options, page_size):
    """MemoryBackend gives cookies to sorted queries only, and says nowhere that rows remain: all come all the same."""
    with AICSession(f"{crest_server}/crest") as session:
        session.post("/groups", params={"_action": "clear"})
        for number in range(25):
            session.put(f"/groups/g{number}", json={"n": f"user{number:02}"})
        rows = list(session.query("/groups", text, page_size=page_size, fields=["n"], **options))
    names = [f"user{number:02}" for number in range(25)]
    assert sorted(row["n"] for row in rows) == names
    if "sort_keys" in options:
        assert [row["n"] for row in rows] == (names[::-1] if options["sort_keys"] == ["-n"] else names)


def test_the_genuine_server_whose_cookies_do_not_end(crest_server):
    """Of a sorted query with a filter: every row is handed out, and as nothing says that this is all, an error."""
    with AICSession(f"{crest_server}/crest") as session:
        session.post("/groups", params={"_action": "clear"})
        for number in range(6):
            session.put(f"/groups/g{number}", json={"n": number})
        query = session.query("/groups", "n ge 3", page_size=2, sort_keys=["n"])
        with pytest.raises(IncompleteQuery, match="empty pages"):
            list(query)
    assert query.rows == 3
