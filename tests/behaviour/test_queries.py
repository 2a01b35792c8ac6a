"""Queries: never conditional, never kept, and no source of revisions."""

import pytest

from aic_requests import BadRequest, PreconditionFailed

from .place import places

ALL = {"_queryFilter": "true"}


def conditions(place):
    return [(seen.match, seen.none_match) for seen in place.sent]


def rows(response):
    return response.json()["result"]


@pytest.fixture
def filled(place):
    """Five resources; their paths."""
    return [place.create({"n": n, "name": name}) for n, name in enumerate(["ann", "bob", 'e"v\\e', "ü 日本", "o'neil"])]


@pytest.mark.parametrize(
    "params",
    [ALL, {"_QUERYFILTER": "true"}, ALL | {"_fields": "n"}, ALL | {"_pageSize": "2", "_sortKeys": "n"}],
    ids=str,
)
def test_a_query_is_asked_anew_each_time(place, session, filled, params):
    """CREST answers 412 to a condition on it, so it goes out bare; what comes is not kept, and is what is there now."""
    before = rows(session.get(place.collection, params=params))
    for path in filled:
        place.delete(path)
    place.create({"n": 0, "name": "new"})
    response = session.get(place.collection, params=params)
    assert (len(before) > 1, len(rows(response)), response.from_cache) == (True, 1, False)
    assert conditions(place) == [(None, None)] * 2
    assert session.cache_info() == (0, 0, 0, 0, 0)


def test_a_query_that_the_server_may_not_know_goes_out_bare(place):
    """_queryId and _queryExpression make a query too, whatever becomes of it."""
    session = place.session(raise_for_status={412})
    for params in ({"_queryId": "query-all-ids"}, {"_queryExpression": "true"}):
        for _ in range(2):
            session.get(place.collection, params=params)
    assert conditions(place) == [(None, None)] * 4
    assert session.cache_info().entries == 0


def test_a_query_of_what_was_read_as_a_resource(place, session, filled):
    """What is kept of a path does not make a query of the same path conditional."""
    session.get(filled[0])
    with pytest.raises(BadRequest):
        session.get(filled[0], params=ALL)
    assert place.sent[-1].none_match is None


def test_rows_teach_no_revision(place, session, filled):
    """A row's _rev is another than the resource's on AM: after a query a write goes out without."""
    session.get(place.collection, params=ALL)
    session.get(place.collection, params=ALL | {"_fields": "_rev"})
    session.put(filled[0], json={"n": 10})
    session.patch(filled[1], json=[{"operation": "replace", "field": "/n", "value": 11}])
    session.delete(filled[2])
    assert conditions(place) == [(None, None)] * 5


def test_a_query_unlearns_nothing(place, session, filled):
    """What was read of a resource guards it, whatever a later query has shown."""
    session.get(filled[0])
    tag = place.tag(filled[0])
    place.write(filled[0], {"n": 10})
    session.get(place.collection, params=ALL)
    with pytest.raises(PreconditionFailed) as caught:
        session.put(filled[0], json={"n": 11})
    assert caught.value.sent == {"If-Match": tag}


def test_a_query_drops_nothing(place, session, filled):
    """Reading is no writing."""
    session.get(filled[0])
    session.get(place.collection, params=ALL)
    assert session.get(filled[0]).from_cache is place.kind.tagged


def test_a_row_can_guard_by_its_own_rev(place, session, filled):
    """A document from a row carries its _rev like any other: who writes it back says what he has seen."""
    row = next(row for row in rows(session.get(place.collection, params=ALL)) if row["n"] == 0)
    place.write(filled[0], {"n": 10})
    with pytest.raises(PreconditionFailed, match="document's own _rev"):
        session.put(filled[0], json=row | {"n": 1})
    assert place.read(filled[0])["n"] == 10


def test_fields_of_rows(place, session, filled):
    """Only what was asked for, and the id; where the revision is CREST's own, that too."""
    for row in rows(session.get(place.collection, params=ALL | {"_fields": "name"})):
        assert row.keys() == ({"_id", "_rev", "name"} if place.kind.tagged else {"_id", "name"})


@places(lambda kind: kind.queries)
def test_filters_of_all_letters(place, session, filled):
    """A filter goes through as it is, percent-encoded once."""
    for n, name in enumerate(["ann", "bob", r"e\"v\\e", "ü 日本", "o'neil"]):
        found = rows(session.get(place.collection, params={"_queryFilter": f'name eq "{name}"'}))
        assert [row["n"] for row in found] == [n], name


@places(lambda kind: kind.queries)
def test_pages_by_cookie(place, session, filled):
    """Each row once, in order; the cookie goes back as it came, and the last page has none."""
    found, cookies, cookie = [], [], None
    while True:
        params = ALL | {"_pageSize": "2", "_sortKeys": "n"} | ({"_pagedResultsCookie": cookie} if cookie else {})
        page = session.get(place.collection, params=params).json()
        found += [row["n"] for row in page["result"]]
        cookie = page["pagedResultsCookie"]
        if not cookie:
            break
        cookies.append(cookie)
    assert found == [0, 1, 2, 3, 4]
    assert len(set(cookies)) == len(cookies) == 2
    assert conditions(place) == [(None, None)] * 3
    assert session.cache_info().entries == 0
