"""The tenant's rules, one small case each."""

import gzip
import json
from dataclasses import replace

import pytest

from aic_requests.testing import AIC, CREST, OPENIDM, Behaviour, Profile, Tenant
from aic_requests.testing.messages import Request

from .asking import Asked

JSON = "application/json"
USER = {"_id": "u", "n": 1, "name": "Ann", "tags": ["a", "b"], "deep": {"er": "x"}}
MANAGED = "/openidm/managed/alpha_user"


@pytest.fixture
def crest():
    return Tenant(CREST, documents={"/users": [USER]})


@pytest.fixture
def aic():
    return Tenant(AIC, documents={MANAGED: [{"_id": "u", "userName": "ann", "n": 1}]})


@pytest.fixture
def idm():
    return Tenant(OPENIDM, documents={"/openidm/managed/user": [{"_id": "u", "userName": "ann", "n": 1}]})


# Create


@pytest.mark.parametrize(
    "target", ["/users", "/users?_action=create", "/users?_action=CREATE", "/users?_ACTION=create"]
)
def test_create_with_an_id_of_the_servers(crest, target):
    """POST with ``_action=create``, in any case, or with no action at all: 201, ETag, Location, the document."""
    made = Asked(crest, "POST", target, {"n": 2, "_id": "mine", "_rev": "9"})
    assert (made.status, made.tag, made.json) == (201, '"0"', {"_id": "0", "_rev": "0", "n": 2})
    assert made.headers["location"] == "http://here/crest/0"
    assert crest.collection("/users").ids() == ["u", "0"]


@pytest.mark.parametrize("none_match", ["*", '"*"', None])
def test_create_with_an_id_of_ones_own(crest, none_match):
    """PUT with ``If-None-Match: *``, quoted or not, and with neither header: 201."""
    made = Asked(crest, "PUT", "/users/new", {"n": 2}, If_None_Match=none_match)
    assert (made.status, made.tag, made.json) == (201, '"0"', {"_id": "new", "_rev": "0", "n": 2})


def test_location_is_not_escaped_and_holds_no_line_break():
    """The id goes out as it is, but for what would end a header."""
    made = Asked(Tenant(AIC), "PUT", "/openidm/managed/role/a%20%C3%A9%0D%0AX:%201", {})
    assert made.headers["location"] == "http://here/openidm/managed/role/a \u00e9  X: 1"


def test_create_what_is_there(crest):
    """``If-None-Match: *`` on what exists: 412."""
    assert Asked(crest, "PUT", "/users/u", {}, If_None_Match="*").status == 412


def test_idm_takes_the_id_of_a_body(idm):
    """A POST to OpenIDM names what it makes if it wants to, and 412 says that the name is taken."""
    place = "/openidm/managed/user?_action=create"
    made = Asked(idm, "POST", place, {"_id": "mine", "userName": "bob"})
    assert (made.status, made.json["_id"]) == (201, "mine")
    assert Asked(idm, "POST", place, {"_id": "mine", "userName": "eve"}).status == 412
    assert idm.collection("/openidm/managed/user").read("mine")["userName"] == "bob"


# Read


def test_read(crest):
    """200, the revision in ETag and ``_rev``, Cache-Control."""
    read = Asked(crest, "GET", "/users/u")
    assert (read.status, read.tag, read.json) == (200, '"0"', {"_id": "u", "_rev": "0", **USER})
    assert read.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("value", ['"0"', "0", ' "0" '])
def test_not_modified(crest, value):
    """CREST's 304 is bare: no ETag, no Cache-Control, and a Content-Length of 67 for no body."""
    read = Asked(crest, "GET", "/users/u", If_None_Match=value)
    assert (read.status, read.content) == (304, b"")
    assert read.headers == {"content-type": JSON + ";charset=utf-8", "content-length": "67"}


@pytest.mark.parametrize("value", ['"1"', 'W/"0"', '"0", "1"', '"1", "0"', '"0--gzip"', '"0-gzip"', ""])
def test_modified(crest, value):
    """Weak tags, lists and suffixes are not understood; an empty value is ignored."""
    assert Asked(crest, "GET", "/users/u", If_None_Match=value).status == 200


def test_of_two_header_lines_the_first_counts(crest):
    """A second If-None-Match is not looked at."""
    for first, second, status in (('"0"', '"9"', 304), ('"9"', '"0"', 200)):
        headers = (("If-None-Match", first), ("if-none-match", second))
        assert crest.handle(Request("GET", "/users/u", headers))[0].status == status


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("n", {"n": 1}),
        ("deep/er", {"er": "x"}),
        ("/tags/0", {"0": "a"}),
        ("n,nothing", {"n": 1}),
        ("nothing", {}),
        ("n&_fields=name", {"n": 1, "name": "Ann"}),
        ("", {name: value for name, value in USER.items() if name != "_id"}),
    ],
)
def test_fields(crest, fields, expected):
    """Those asked for and always ``_id`` and ``_rev``; unknown ones are left out; the revision stays the same."""
    read = Asked(crest, "GET", f"/users/u?_fields={fields}")
    assert read.json == {"_id": "u", "_rev": "0"} | expected
    assert read.tag == '"0"'


def test_fields_under_protocol_1(crest):
    """Protocol 1 forces no ``_id`` and no ``_rev``; the tag is the same all the same."""
    read = Asked(crest, "GET", "/users/u?_fields=n", Accept_API_Version="protocol=1.0")
    assert (read.json, read.tag) == ({"n": 1}, '"0"')


def test_pretty_print(crest):
    """Lines and blanks for people, and the same document."""
    read = Asked(crest, "GET", "/users/u?_prettyPrint=true")
    assert b"\n" in read.content
    assert read.json == Asked(crest, "GET", "/users/u?_prettyPrint=maybe").json


@pytest.mark.parametrize(
    ("query", "status", "content", "kind"),
    [
        ("_mimeType=text/plain&_fields=name", 200, b"Ann", "text/plain;charset=utf-8"),
        ("_mimeType=image/png&_fields=photo", 200, b"\x00\x01", "image/png;charset=UTF-8"),
        ("_mimeType=text/plain&_fields=nothing", 200, b"", "text/plain;charset=utf-8"),
        ("_mimeType=text/plain", 500, None, "text/plain;charset=UTF-8"),
    ],
)
def test_a_field_as_it_is(crest, query, status, content, kind):
    """``_mimeType``: text, or what base64 holds; an absent field is an empty 200; without ``_fields`` 500."""
    crest.collection("/users").write("p", {"name": "Ann", "photo": "AAE"})
    read = Asked(crest, "GET", f"/users/p?{query}")
    assert (read.status, read.headers["content-type"]) == (status, kind)
    assert content is None or read.content == content


def test_an_error_is_labelled_with_the_media_type_asked_for(crest):
    """A 404 that calls itself a picture, and no line break in the label."""
    read = Asked(crest, "GET", "/users/none?_mimeType=image/png%0D%0AX:1&_fields=a")
    assert read.status == 404
    assert read.headers["content-type"] == "image/png  X:1;charset=UTF-8"
    assert read.json["code"] == 404


# Update and upsert


def test_update(crest):
    """PUT under the current revision: 200, the next revision, and the whole document replaced."""
    done = Asked(crest, "PUT", "/users/u", {"m": 2}, If_Match='"0"')
    assert (done.status, done.tag, done.json) == (200, '"1"', {"_id": "u", "_rev": "1", "m": 2})


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ('"0"', 200),
        ("0", 200),
        ("*", 200),
        ('"*"', 412),
        ('"1"', 412),
        ('W/"0"', 412),
        ('"0", "1"', 412),
        ("", 412),
        ('""', 412),
        ('"0--gzip"', 412),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_if_match(crest, method, value, status):
    """Compared with its outer quotes cut off and nothing else understood; a bare ``*`` is whatever is there."""
    body = {"PUT": {}, "PATCH": []}.get(method)
    assert Asked(crest, method, "/users/u", body, If_Match=value).status == status
    # What was refused changed nothing.
    assert status == 200 or crest.collection("/users").read("u") == {"_id": "u", "_rev": "0", **USER}


def test_upsert_of_what_is_there(crest):
    """PUT with neither header on what exists: 200, no condition, and the parameters are lost on the way."""
    done = Asked(crest, "PUT", "/users/u?_fields=a", {"a": 1, "b": 2})
    assert (done.status, done.json) == (200, {"_id": "u", "_rev": "1", "a": 1, "b": 2})
    assert "location" not in done.headers


def test_no_upsert_under_protocol_1(crest):
    """PUT with neither header updates only, and keeps its parameters."""
    old = {"Accept_API_Version": "protocol=1.0"}
    assert Asked(crest, "PUT", "/users/new", {}, **old).status == 404
    assert Asked(crest, "PUT", "/users/u?_fields=a", {"a": 1, "b": 2}, **old).json == {"a": 1}


# Delete


def test_delete(crest):
    """200 with the document as it was, under its last revision; ``_fields`` applies."""
    gone = Asked(crest, "DELETE", "/users/u?_fields=n")
    assert (gone.status, gone.tag, gone.json) == (200, '"0"', {"_id": "u", "_rev": "0", "n": 1})
    assert Asked(crest, "GET", "/users/u").status == 404


# Patch


@pytest.mark.parametrize(
    ("operation", "changed"),
    [
        ({"operation": "add", "field": "m", "value": 1}, {"m": 1}),
        ({"operation": "ADD", "field": "/m", "value": 1}, {"m": 1}),
        ({"operation": "add", "field": "/tags/-", "value": "c"}, {"tags": ["a", "b", "c"]}),
        ({"operation": "add", "field": "/tags/1", "value": "c"}, {"tags": ["a", "c"]}),
        ({"operation": "add", "field": "tags", "value": ["c"]}, {"tags": ["c"]}),
        ({"operation": "add", "field": "deep/est/of", "value": 1}, {"deep": {"er": "x", "est": {"of": 1}}}),
        ({"operation": "replace", "field": "n", "value": 5}, {"n": 5}),
        ({"operation": "replace", "field": "/tags/0", "value": "c"}, {"tags": ["c", "b"]}),
        ({"operation": "replace", "field": "a%2Fb", "value": 1}, {"a/b": 1}),
        ({"operation": "remove", "field": "n"}, {"n": None}),
        ({"operation": "remove", "field": "/tags/0"}, {"tags": ["b"]}),
        ({"operation": "remove", "field": "tags", "value": "a"}, {"tags": ["b"]}),
        ({"operation": "remove", "field": "n", "value": 2}, {}),
        ({"operation": "remove", "field": "n", "value": True}, {}),
        ({"operation": "remove", "field": "nothing/at/all"}, {}),
        ({"operation": "increment", "field": "n", "value": -2}, {"n": -1}),
        ({"operation": "increment", "field": "n", "value": 0.5}, {"n": 1.5}),
        ({"operation": "copy", "field": "m", "from": "deep/er"}, {"m": "x"}),
        ({"operation": "move", "field": "m", "from": "n"}, {"m": 1, "n": None}),
        ({"operation": "move", "field": "m", "from": "nothing"}, {}),
        ({"operation": "replace", "field": "_id", "value": "v"}, {}),
    ],
)
def test_patch(operation, changed):
    """Each operation, in any case, with and without the leading slash; what is missing is removed without a word."""
    place = "/openidm/managed/role/u"
    tenant = Tenant(AIC, documents={"/openidm/managed/role": [USER]})
    done = Asked(tenant, "PATCH", place, [operation])
    assert done.status == 200
    expected = {name: value for name, value in (USER | changed).items() if value is not None}
    assert {name: value for name, value in done.json.items() if name != "_rev"} == expected
    assert Asked(tenant, "GET", place).json == done.json


@pytest.mark.parametrize(
    "operations",
    [
        {"operation": "add", "field": "m", "value": 1},
        ["add"],
        [{"field": "m", "value": 1}],
        [{"operation": "test", "field": "m", "value": 1}],
        [{"op": "replace", "path": "/n", "value": 1}],
        [{"operation": "add", "value": 1}],
        [{"operation": "add", "field": "m"}],
        [{"operation": "add", "field": "m", "value": 1, "from": "n"}],
        [{"operation": "replace", "field": "n", "value": None}],
        [{"operation": "add", "field": "a%zz", "value": 1}],
        [{"operation": "move", "field": "m", "from": "/"}],
        [{"operation": "increment", "field": "name", "value": 1}],
        [{"operation": "increment", "field": "nothing", "value": 1}],
        [{"operation": "increment", "field": "n", "value": "1"}],
        [{"operation": "increment", "field": "n", "value": True}],
        [{"operation": "copy", "field": "m", "value": 1, "from": "n"}],
        [{"operation": "move", "field": "m"}],
        [{"operation": "transform", "field": "n", "value": {"script": {}}}],
        [{"operation": "add", "field": "/".join("abcdefghijk" * 10), "value": 1}],
    ],
)
def test_patch_is_all_or_nothing(operations):
    """An operation that is none, or that cannot be done, is 400, and those before it are not done either."""
    tenant = Tenant(AIC, documents={"/openidm/managed/role": [USER]})
    before = tenant.collection("/openidm/managed/role").read("u")
    if isinstance(operations, list):
        operations = [{"operation": "replace", "field": "n", "value": 99}, *operations]
    assert Asked(tenant, "PATCH", "/openidm/managed/role/u", operations).status == 400
    assert tenant.collection("/openidm/managed/role").read("u") == before


@pytest.mark.parametrize("field", ["/tags/7", "/tags/\u00b2", "/tags/x", "n/deeper", "nothing/0", "/"])
def test_a_patch_where_nothing_can_be_is_a_conflict(crest, field):
    """409, after the revision was looked at; what is no operation at all is 400 before the resource is looked for."""
    operations = [{"operation": "add", "field": field, "value": 1}]
    assert Asked(crest, "PATCH", "/users/u", operations).status == 409
    assert Asked(crest, "PATCH", "/users/u", operations, If_Match='"9"').status == 412
    assert Asked(crest, "PATCH", "/users/missing", operations).status == 404
    assert Asked(crest, "PATCH", "/users/missing", [{"operation": "test", "field": field}]).status == 400


@pytest.mark.parametrize(
    ("operation", "changed"),
    [
        ({"operation": "increment", "field": "numbers", "value": 2}, {"numbers": [3, 4]}),
        ({"operation": "add", "field": "new/-", "value": 1}, {"new": [1]}),
        ({"operation": "add", "field": "new/of/a", "value": 1}, {"new": {"of": {"a": 1}}}),
        ({"operation": "copy", "field": "m", "from": "n", "value": None}, {"m": 1}),
        ({"operation": "remove", "field": "n", "from": None}, {"n": None}),
    ],
)
def test_patch_makes_what_is_missing_on_the_way(operation, changed):
    """Objects, and a list where the way ends in "-"; a list of numbers is incremented number by number."""
    tenant = Tenant(AIC, documents={"/openidm/managed/role": [USER | {"numbers": [1, 2]}]})
    done = Asked(tenant, "PATCH", "/openidm/managed/role/u", [operation])
    expected = {name: value for name, value in (USER | {"numbers": [1, 2]} | changed).items() if value is not None}
    assert {name: value for name, value in done.json.items() if name != "_rev"} == expected


@pytest.mark.parametrize("kind", ["copy", "move", "transform"])
def test_a_memory_backend_patches_half(crest, kind):
    """The reference code's own store accepts these, does nothing, and moves the revision."""
    extra = {"value": {}} if kind == "transform" else {"from": "name"}
    done = Asked(crest, "PATCH", "/users/u", [{"operation": kind, "field": "m", **extra}])
    assert (done.status, done.json) == (200, {"_id": "u", "_rev": "1", **USER})


# Actions


def test_an_action(crest):
    """200 with what the action says, no ETag."""
    done = Asked(crest, "POST", "/users?_action=clear")
    assert (done.status, done.tag) == (200, None)
    assert crest.collection("/users").ids() == []


def test_unknown_actions(crest, idm):
    """501 from CREST, 400 from OpenIDM."""
    for target in ("/users?_action=nope&_anything=1", "/users/u?_action=clear", "/users/u?_action=patch"):
        assert Asked(crest, "POST", target, {}).status == 501
    assert Asked(idm, "POST", "/openidm/managed/user?_action=nope").status == 400
    assert Asked(idm, "POST", "/openidm/managed/user/u?_action=nope").status == 400


# Queries


@pytest.fixture
def seven():
    rows = [{"_id": str(number), "n": number, "even": number % 2 == 0} for number in range(7)]
    return Tenant(OPENIDM, documents={"/openidm/managed/thing": rows})


THINGS = "/openidm/managed/thing?_queryFilter="


def test_the_envelope(seven):
    """Six members in this order, whole documents with their revisions, never an ETag."""
    found = Asked(seven, "GET", THINGS + "n+lt+2")
    assert list(found.json) == [
        "result",
        "resultCount",
        "pagedResultsCookie",
        "totalPagedResultsPolicy",
        "totalPagedResults",
        "remainingPagedResults",
    ]
    assert list(found.json.values())[1:] == [2, None, "NONE", -1, -1]
    assert found.json["result"][1] == {"_id": "1", "_rev": "0", "n": 1, "even": False}
    assert found.tag is None


def test_rows_show_the_fields_asked_for(seven):
    """And always ``_id`` and ``_rev``."""
    found = Asked(seven, "GET", THINGS + "n+eq+3&_fields=even")
    assert found.json["result"] == [{"_id": "3", "_rev": "0", "even": False}]


@pytest.mark.parametrize(
    ("keys", "order"),
    [
        ("-n", "6543210"),
        ("n", "0123456"),
        ("%2Bn", "0123456"),
        ("even,-n", "5316420"),
        ("-even,n", "0246135"),
        ("nothing", "0123456"),
    ],
)
def test_sort_keys(seven, keys, order):
    """The first key first, ``-`` turns it round, and equal ones stay in their order."""
    found = Asked(seven, "GET", f"{THINGS}true&_sortKeys={keys}")
    assert "".join(row["_id"] for row in found.json["result"]) == order


def test_pages_by_cookie(seven):
    """Each page has the cookie of the next, until there is none."""
    seen, cookie = "", ""
    while cookie is not None:
        page = Asked(seven, "GET", f"{THINGS}true&_pageSize=3{cookie}").json
        seen += "".join(row["_id"] for row in page["result"])
        cookie = page["pagedResultsCookie"] and f"&_pagedResultsCookie={page['pagedResultsCookie']}"
    assert seen == "0123456"


def test_pages_by_offset(seven):
    """An offset instead of a cookie; past the end there is nothing."""
    page = Asked(seven, "GET", f"{THINGS}true&_pageSize=3&_pagedResultsOffset=5").json
    assert ([row["_id"] for row in page["result"]], page["pagedResultsCookie"]) == (["5", "6"], None)
    assert Asked(seven, "GET", f"{THINGS}true&_pageSize=3&_pagedResultsOffset=50").json["result"] == []


def test_a_memory_backend_gives_cookies_to_the_sorted_only(crest):
    """Without ``_sortKeys`` there is no second page but by offset."""
    crest.collection("/users").write("v", {"n": 2})
    target = "/users?_queryFilter=true&_pageSize=1"
    assert Asked(crest, "GET", target).json["pagedResultsCookie"] is None
    page = Asked(crest, "GET", f"{target}&_sortKeys=n").json
    following = Asked(crest, "GET", f"{target}&_sortKeys=n&_pagedResultsCookie={page['pagedResultsCookie']}").json
    assert ([row["_id"] for row in following["result"]], following["pagedResultsCookie"]) == (["v"], None)


def test_a_connectors_cookie_looks_escaped():
    """It is what it is: it goes back as it came, escaped once more on its way."""
    place = "/openidm/system/ldap/account"
    tenant = Tenant(AIC, documents={place: [{"_id": str(number)} for number in range(3)]})
    target = f"{place}?_queryFilter=true&_pageSize=2"
    cookie = Asked(tenant, "GET", target).json["pagedResultsCookie"]
    assert "%3A0" in cookie
    page = Asked(tenant, "GET", f"{target}&_pagedResultsCookie={cookie.replace('%', '%25')}").json
    assert ([row["_id"] for row in page["result"]], page["pagedResultsCookie"]) == (["2"], None)


def test_am_has_no_cookies():
    """``remainingPagedResults`` tells that there is more."""
    place = "/am/json/realms/root/realms/alpha/realm-config/agents/OAuth2Client"
    tenant = Tenant(AIC)
    for number in range(3):
        assert Asked(tenant, "PUT", f"{place}/{number}", {}).status == 201
    page = Asked(tenant, "GET", f"{place}?_queryFilter=true&_pageSize=2").json
    assert (page["resultCount"], page["pagedResultsCookie"], page["remainingPagedResults"]) == (2, None, 1)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("_queryFilter=nonsense", 400),
        ("_queryFilter=", 400),
        ("_queryFilter=true&_queryId=x", 400),
        ("_queryFilter=true&_pageSize=x", 400),
        ("_queryFilter=true&_pageSize=-1", 200),
        ("_queryFilter=true&_pageSize=--1", 400),
        ("_queryFilter=true&_pageSize=%C2%B2", 400),
        ("_queryFilter=true&_totalPagedResultsPolicy=SOME", 400),
        ("_queryFilter=true&_sortKeys=", 400),
        ("_queryFilter=true&_pagedResultsOffset=1&_pagedResultsCookie=1", 400),
        ("_queryFilter=true&_countOnly=true", 400),
        ("_queryFilter=true&_queryFilter=true", 400),
        ("_QUERYFILTER=true", 200),
        ("_queryFilter=true&ordinary=1", 200),
        ("_queryId=query-all", 200),
        ("_queryId=nope", 400),
        ("_queryExpression=select", 403),
    ],
)
def test_queries_that_are_none(seven, query, status):
    """Exactly one selector, known values only; names in any case."""
    assert Asked(seven, "GET", f"/openidm/managed/thing?{query}").status == status


def test_named_queries(seven, crest):
    """OpenIDM has two that list all, one of them without content; the reference code's own store has none."""
    assert Asked(seven, "GET", "/openidm/managed/thing?_queryId=query-all&_pageSize=-1").json["resultCount"] == 7
    found = Asked(seven, "GET", "/openidm/managed/thing?_queryId=query-all-ids&_pageSize=1")
    assert found.json["result"] == [{"_id": "0"}]
    for selector in ("_queryId=query-all", "_queryExpression=select"):
        assert Asked(crest, "GET", f"/users?{selector}").status == 501


@pytest.mark.parametrize("cookie", ["x", "-1", "%C2%B2", "9" * 5000])
def test_a_malformed_cookie(seven, crest, cookie):
    """400; the reference code's own store falls over it: 500 with no body and no Content-Type."""
    assert Asked(seven, "GET", f"{THINGS}true&_pageSize=1&_pagedResultsCookie={cookie}").status == 400
    found = Asked(crest, "GET", f"/users?_queryFilter=true&_pageSize=1&_pagedResultsCookie={cookie}")
    assert (found.status, found.content) == (500, b"")
    assert "content-type" not in found.headers


# Preconditions where none belong, and what comes first


@pytest.mark.parametrize("target", ["u", "none"])
@pytest.mark.parametrize(
    ("method", "query", "headers", "status"),
    [
        ("GET", "", {"If_Match": '"0"'}, 412),
        ("GET", "", {"If_None_Match": "*"}, 412),
        ("GET", "", {"If_None_Match": '"*"'}, 412),
        ("PUT", "", {"If_Match": '"0"', "If_None_Match": "*"}, 412),
        ("PUT", "", {"If_None_Match": '"0"'}, 400),
        ("PATCH", "", {"If_None_Match": '"0"'}, 412),
        ("PATCH", "", {"If_None_Match": "*"}, 412),
        ("DELETE", "", {"If_None_Match": '"0"'}, 412),
        ("POST", "?_action=nope", {"If_Match": '"0"'}, 412),
        ("POST", "?_action=nope", {"If_None_Match": "*"}, 412),
        ("POST", "", {"If_Match": "*"}, 412),
        ("POST", "", {"If_None_Match": "*"}, 412),
        ("GET", "?_queryFilter=true", {"If_None_Match": '"0"'}, 412),
        ("GET", "?_queryFilter=true", {"If_Match": "*"}, 412),
    ],
)
def test_illegal_preconditions(crest, target, method, query, headers, status):
    """412 before the resource is looked at, whether or not it is there; of an update's If-None-Match 400."""
    body = {"PUT": {}, "PATCH": [], "POST": {}}.get(method)
    assert Asked(crest, method, f"/users/{target}{query}", body, **headers).status == status


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("value", ["*", '"0"'])
def test_a_condition_on_what_is_not_there(crest, method, value):
    """404, not 412; If-Match never creates."""
    body = {"PUT": {}, "PATCH": []}.get(method)
    assert Asked(crest, method, "/users/none", body, If_Match=value).status == 404
    assert crest.collection("/users").ids() == ["u"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        # Each line has everything wrong that the next one has, and one thing more that comes first.
        ({"body": b"{", "Content_Type": JSON, "If_Match": '"9"'}, 400),
        ({"body": b"{", "Content_Type": JSON, "If_Match": '"9"', "If_None_Match": "*"}, 412),
        ({"body": b"{", "Content_Type": JSON, "If_None_Match": "*", "If_Modified_Since": "x", "If_Match": "1"}, 409),
        ({"body": b"{", "Content_Type": "text/plain", "If_None_Match": "*", "If_Modified_Since": "x"}, 400),
    ],
)
def test_what_is_looked_at_first(crest, request_, status):
    """Content type, dates, legal preconditions, body, resource: in this order."""
    assert Asked(crest, "PUT", "/users/u", **request_).status == status


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "POST"])
@pytest.mark.parametrize("name", ["If_Modified_Since", "If_Unmodified_Since"])
def test_dates(crest, method, name):
    """409 on anything."""
    asked = Asked(crest, method, "/users/u", {}, **{name: "Thu, 01 Jan 1970 00:00:00 GMT"})
    assert asked.status == 409


# Versions, verbs, content types, bodies, parameters


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("protocol=2.1", 200),
        ("protocol=2.0,resource=1.0", 200),
        ("resource=1, protocol=1", 200),
        ("protocol=2.1 , resource=9.9", 200),
        ("protocol = 2.1", 400),
        ("protocol=2.1,", 400),
        ("protocol=2.2", 400),
        ("protocol=1.2", 400),
        ("protocol=3", 400),
        ("protocol=2.1,protocol=2.1", 400),
        ("protocol=x", 400),
        ("protocol=\u00b2", 400),
        ("protocol=" + "1" * 5000, 400),
        ("resource", 400),
        ("", 200),
        ("2.1", 400),
    ],
)
def test_accept_api_version(crest, value, status):
    """One or two parts; major and minor are each looked at by themselves."""
    assert Asked(crest, "GET", "/users/u", Accept_API_Version=value).status == status


@pytest.mark.parametrize("version", ["protocol=1.0", "protocol=2.0"])
def test_older_protocols_want_an_action(crest, version):
    """POST without ``_action`` creates from 2.1 on only."""
    assert Asked(crest, "POST", "/users", {}, Accept_API_Version=version).status == 400
    assert Asked(crest, "POST", "/users?_action=create", {}, Accept_API_Version=version).status == 201


@pytest.mark.parametrize("method", ["HEAD", "TRACE", "BREW", "get"])
def test_verbs_it_does_not_know(crest, method):
    """501, of HEAD without a body."""
    asked = Asked(crest, method, "/users/u")
    assert asked.status == 501
    assert method != "HEAD" or asked.content == b""


def test_trace_before_openidm(idm):
    """Its container answers, 405 with nothing in it."""
    asked = Asked(idm, "TRACE", "/openidm/managed/user/u")
    assert (asked.status, asked.content) == (405, b"")


def test_options(crest):
    """Seven lines of Allow: HEAD is among them, which is 501, and POST is not."""
    answer, _ = crest.handle(Request("OPTIONS", "/users/u", ()))
    allowed = {value for name, value in answer.headers if name == "Allow"}
    assert (answer.status, answer.body) == (200, b"")
    assert allowed == {"DELETE", "GET", "HEAD", "PATCH", "PUT", "OPTIONS", "TRACE"}


def test_method_override(crest):
    """Heard on POST, letter by letter and even if it names nothing; on other verbs not."""
    assert Asked(crest, "POST", "/users/u", X_HTTP_Method_Override="GET").json["n"] == 1
    assert Asked(crest, "POST", "/users/u", X_HTTP_Method_Override="get").status == 501
    assert Asked(crest, "POST", "/users/u", X_HTTP_Method_Override="").status == 501
    patch = [{"operation": "increment", "field": "n", "value": 1}]
    assert Asked(crest, "POST", "/users/u", patch, X_HTTP_Method_Override="PATCH").json["n"] == 2
    assert Asked(crest, "GET", "/users/u", X_HTTP_Method_Override="DELETE").status == 200
    assert Asked(crest, "POST", "/users/u", X_HTTP_Method_Override="HEAD").status == 501
    assert Asked(crest, "POST", "/users/u", X_HTTP_Method_Override="DELETE").status == 200
    assert crest.collection("/users").ids() == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (JSON, 200),
        ("Application/JSON; charset=latin-1", 200),
        ("text/plain", 400),
        ("application/json-patch+json", 400),
        ("application/merge-patch+json", 400),
        ("application/x-www-form-urlencoded", 400),
        (None, 400),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_content_types(crest, method, kind, status):
    """JSON with whatever parameters; others, and none where there must be a body, are 400, never 415."""
    asked = Asked(crest, method, "/users/u", {} if method == "PUT" else [], Content_Type=kind)
    assert asked.status == status


def test_a_content_type_counts_without_a_body_too(crest):
    """On DELETE and actions it may be missing, and it may not be wrong; on GET nobody looks."""
    assert Asked(crest, "GET", "/users/u", Content_Type="text/plain").status == 200
    assert Asked(crest, "POST", "/users?_action=nope", Content_Type="text/plain").status == 400
    assert Asked(crest, "DELETE", "/users/u", Content_Type="text/plain").status == 400
    assert Asked(crest, "DELETE", "/users/u").status == 200


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("PUT", b"", 400),
        ("PUT", b" \n", 400),
        ("PUT", b"{", 400),
        ("PUT", b"{} {}", 400),
        ("PUT", b"[]", 400),
        ("PUT", b"1", 400),
        ("PUT", b'{"a":NaN}', 400),
        ("PUT", b'{"a":1e999}', 400),
        ("PUT", b"\xff\xfe\xfd", 400),
        ("PUT", b'{"a":' * 300 + b"1" + b"}" * 300, 400),
        ("PUT", b'{"a":' * 100_000, 400),
        ("PUT", b"null", 200),
        ("PUT", b'{"a":"\\ud800"}', 200),
        ("PATCH", b"{}", 400),
        ("PATCH", b"null", 400),
        ("PATCH", b"[]", 200),
        ("POST", b"[]", 400),
        ("POST", b"", 400),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_bodies(crest, method, body, status):
    """An object for create and update, a list for patch, nothing behind it; ``null`` is taken for ``{}``."""
    target = "/users" if method == "POST" else "/users/u"
    asked = Asked(crest, method, target, body)
    assert asked.status == status
    assert status == 200 or crest.collection("/users").read("u")["_rev"] == "0"


@pytest.mark.parametrize(
    ("method", "query", "status"),
    [
        ("GET", "_pageSize=1", 400),
        ("GET", "_countOnly=true", 400),
        ("GET", "_action=create", 400),
        ("GET", "_fields=n&_FIELDS=name", 200),
        ("GET", "ordinary=1", 200),
        ("GET", "ordinary=1&ordinary=2", 400),
        ("GET", "_prettyPrint=true&_prettyPrint=true", 400),
        ("GET", "_crestapi", 501),
        ("PUT", "_action=create", 400),
        ("PUT", "_mimeType=text/plain", 400),
        ("PATCH", "_unheardOf=1", 400),
        ("DELETE", "_queryFilter=true", 400),
    ],
)
def test_parameters(crest, method, query, status):
    """Names that begin with ``_`` are CREST's; one it does not know there, or knows already, is 400."""
    body = {"PUT": {}, "PATCH": []}.get(method)
    assert Asked(crest, method, f"/users/u?{query}", body).status == status


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/users", 400),
        ("PATCH", "/users", 400),
        ("DELETE", "/users", 400),
        ("PUT", "/users", 404),
        ("GET", "/users/u?_queryFilter=true", 400),
        ("POST", "/users/u", 400),
        ("GET", "/nowhere/u", 404),
        ("GET", "/users/u/v", 404),
        ("GET", "/", 404),
        ("POST", "/", 404),
        ("PUT", "/", 400),
        ("PUT", "/users/u/v", 400),
        ("PUT", "/nowhere/u", 404),
        ("PATCH", "/users/u/v", 404),
        ("GET", "/users/U", 404),
        ("GET", "/users/%75", 200),
    ],
)
def test_places(crest, method, target, status):
    """A collection is no resource, a resource no collection; ids are unescaped and compared letter by letter."""
    body = {"PUT": {}, "PATCH": [], "POST": {}}.get(method)
    assert Asked(crest, method, target, body).status == status


def test_an_error_body(crest):
    """Code, reason, message."""
    asked = Asked(crest, "GET", "/users/none")
    assert asked.json == {"code": 404, "reason": "Not Found", "message": "Object none not found"}
    assert asked.headers["content-type"] == "application/json;charset=utf-8"


# Policies and demands


def test_policies(aic):
    """403 with what failed for which property; create and update speak otherwise than patch."""
    made = Asked(aic, "POST", MANAGED, {"n": 1})
    assert (made.status, made.json["message"]) == (403, "Policy validation failed")
    assert made.json["detail"] == {
        "result": False,
        "failedPolicyRequirements": [
            {"property": "userName", "policyRequirements": [{"policyRequirement": "REQUIRED"}]}
        ],
    }
    twin = Asked(aic, "PUT", f"{MANAGED}/v", {"userName": "ann"}, If_None_Match="*")
    requirement = twin.json["detail"]["failedPolicyRequirements"][0]["policyRequirements"]
    assert (twin.status, requirement) == (403, [{"policyRequirement": "UNIQUE"}])
    patched = Asked(aic, "PATCH", f"{MANAGED}/u", [{"operation": "replace", "field": "userName", "value": ""}])
    assert (patched.status, patched.json["message"]) == (403, "Failed policy validation")
    assert aic.collection(MANAGED).ids() == ["u"]


def test_a_patch_may_take_away_what_is_required(aic):
    """Only what is still there is looked at."""
    assert Asked(aic, "PATCH", f"{MANAGED}/u", [{"operation": "remove", "field": "userName"}]).status == 200


def test_policies_come_before_the_revision(aic):
    """On a PUT they are a filter in front: 403, stale or not; one's own name is no twin."""
    assert Asked(aic, "PUT", f"{MANAGED}/u", {}, If_Match='"stale"').status == 403
    assert Asked(aic, "PUT", f"{MANAGED}/u", {}).status == 403
    assert Asked(aic, "PUT", f"{MANAGED}/u", {"userName": "ann", "n": 2}).status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_revision_is_demanded(method):
    """428 where a collection wants a precondition, before it is asked whether the resource is there."""
    place = "/openidm/system/ldap/account"
    tenant = Tenant(AIC, documents={place: [{"_id": "u"}]})
    body = {"PUT": {"n": 1}, "PATCH": []}.get(method)
    for target in ("u", "none"):
        asked = Asked(tenant, method, f"{place}/{target}", body)
        assert (asked.status, asked.json["reason"]) == (428, "Precondition Required")
    assert Asked(tenant, method, f"{place}/u", body, If_Match='"0"').status == 200


def test_creating_needs_no_revision_there():
    """``If-None-Match: *`` is a precondition, and a POST has nothing to compare."""
    tenant, place = Tenant(AIC), "/openidm/system/ldap/account"
    assert Asked(tenant, "PUT", f"{place}/u", {}, If_None_Match="*").status == 201
    assert Asked(tenant, "POST", f"{place}?_action=create", {}).status == 201


# Kinds of revision


def test_opaque_revisions(aic):
    """``<node>-<counter>``: of one node, and no two objects share one."""
    first = Asked(aic, "PUT", f"{MANAGED}/u", {"userName": "ann", "n": 2}).json["_rev"]
    second = Asked(aic, "PUT", f"{MANAGED}/v", {"userName": "bob"}).json["_rev"]
    assert first.rpartition("-")[0] == second.rpartition("-")[0]
    assert int(second.rpartition("-")[2]) == int(first.rpartition("-")[2]) + 1


def test_am_hashes_and_ignores_if_match():
    """The same content is the same revision, whatever was in between; no If-Match is looked at."""
    tenant, place = Tenant(AIC), "/am/json/realms/root/realms/alpha/realm-config/agents/OAuth2Client/app"
    first = Asked(tenant, "PUT", place, {"a": 1, "b": 2}, If_None_Match="*")
    assert (first.status, first.headers["cache-control"]) == (201, "private")
    assert str(int(first.json["_rev"])) == first.tag.strip('"')
    second = Asked(tenant, "PUT", place, {"a": 2}, If_Match='"garbage"')
    assert (second.status, second.tag != first.tag) == (200, True)
    assert Asked(tenant, "PUT", place, {"b": 2, "a": 1}, If_Match=second.tag).tag == first.tag
    assert Asked(tenant, "GET", place, If_None_Match=first.tag).status == 304
    assert Asked(tenant, "DELETE", place, If_Match='"garbage"').status == 200


def test_iga_has_weak_tags_and_numbers():
    """``_rev`` is a JSON number, the ETag a weak hash of the body that has nothing to do with it."""
    tenant, place = Tenant(AIC), "/iga/governance/glossary/g"
    made = Asked(tenant, "PUT", place, {"n": 1})
    assert made.json["_rev"] == 1
    assert made.tag.startswith('W/"')
    read = Asked(tenant, "GET", f"{place}?_fields=n")
    assert read.tag == made.tag
    assert Asked(tenant, "GET", place, If_None_Match=made.tag).status == 304
    assert Asked(tenant, "PUT", place, {"n": 2}).json["_rev"] == 2
    assert Asked(tenant, "GET", place, If_None_Match=made.tag).status == 200


def test_iga_is_no_crest():
    """As recorded: the id is ``id``, a create is 200 and says no place, a list has an envelope of its own."""
    tenant, place = Tenant(AIC), "/iga/governance/requestTypes"
    made = Asked(tenant, "POST", place, {"id": "r1", "displayName": "one"})
    assert (made.status, made.json) == (200, {"id": "r1", "_rev": 1, "displayName": "one"})
    assert "location" not in made.headers
    assert Asked(tenant, "POST", "/iga/commons/glossary/schema", {"name": "x"}).status == 201
    found = Asked(tenant, "GET", f"{place}?_queryFilter=id%20eq%20%22r1%22&_pageSize=10000&_pagedResultsOffset=0").json
    assert found == {"result": [made.json], "searchAfterKey": None, "totalCount": 1, "resultCount": 1}
    gone = Asked(tenant, "GET", f"{place}/none")
    assert (gone.status, list(gone.json)) == (404, ["message"])
    operations = [{"operation": "replace", "field": "/displayName", "value": "two"}]
    assert Asked(tenant, "PATCH", f"{place}/r1?_useLowLevelApi=true", operations).json["_rev"] == 2


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (None, ["a", "b", "c"]),
        ({}, ["a", "b", "c"]),
        ({"targetFilter": {"operator": "EQUALS", "operand": {"targetName": "name", "targetValue": 'o"hara'}}}, ["b"]),
        (
            {
                "targetFilter": {
                    "operator": "AND",
                    "operand": [
                        {"operator": "EQUALS", "operand": {"targetName": "name", "targetValue": "x"}},
                        {"operator": "EQUALS", "operand": {"targetName": "id", "targetValue": "c"}},
                    ],
                }
            },
            ["c"],
        ),
        ({"targetFilter": {"operator": "EQUALS", "operand": {"targetName": "name", "targetValue": "none"}}}, []),
    ],
)
@pytest.mark.parametrize("place", ["/iga/commons/glossary/schema", "/iga/governance/certification/template"])
def test_iga_searches(place, search, found):
    """By POST, as recorded: with a filter of its own, in pages that are counted, under a weak tag of the whole."""
    rows = [{"id": "a", "name": "x"}, {"id": "b", "name": 'o"hara'}, {"id": "c", "name": "x"}]
    tenant = Tenant(AIC, documents={place: rows})
    answer = Asked(tenant, "POST", f"{place}/search?pageSize=10000&pageNumber=0", search)
    assert ([row["id"] for row in answer.json["result"]], answer.tag[:3]) == (found, 'W/"')
    second = Asked(tenant, "POST", f"{place}/search?pageSize=2&pageNumber=1").json
    assert ([row["id"] for row in second["result"]], second["totalCount"]) == (["c"], 3)
    listed = Asked(tenant, "GET", f"{place}?queryString=&pageSize=10000&pageNumber=0").json
    assert listed["totalCount"] == 3


@pytest.mark.parametrize("body", [b"{", {"targetFilter": {"operator": "LIKE", "operand": {}}}, {"targetFilter": 7}])
def test_iga_searches_that_are_none(aic, body):
    """400, with the message alone."""
    refused = Asked(aic, "POST", "/iga/commons/glossary/schema/search", body)
    assert (refused.status, list(refused.json)) == (400, ["message"])


def test_idm_configuration_has_none_and_compares_none(idm):
    """Last write wins, whatever precondition was sent."""
    assert Asked(idm, "PUT", "/openidm/config/audit", {"n": 1}).tag is None
    done = Asked(idm, "PUT", "/openidm/config/audit", {"n": 2}, If_Match='"abc"')
    assert (done.status, done.json) == (200, {"_id": "audit", "n": 2})


# Writes that change nothing


SAME = {"n": 1, "userName": "ann"}


@pytest.mark.parametrize("value", ['"0"', '"7"', '"abc"', 'W/"0"', '"0--gzip"'])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_idm_echoes(idm, method, value):
    """Content is compared first: nothing to change is 200, with whatever If-Match was sent as the revision."""
    body = SAME if method == "PUT" else [{"operation": "replace", "field": "n", "value": 1}]
    done = Asked(idm, method, "/openidm/managed/user/u", body, If_Match=value)
    sent = value.removeprefix('"').removesuffix('"') if value.startswith('"') else value
    assert (done.status, done.tag, done.json["_rev"]) == (200, f'"{sent}"', sent)
    assert "x-not-modified" not in done.headers
    assert idm.collection("/openidm/managed/user").read("u")["_rev"] == "0"


@pytest.mark.parametrize(
    ("method", "body", "match", "tag"),
    [
        ("PUT", SAME, None, None),
        ("PUT", SAME, "*", None),
        ("PUT", SAME | {"_id": "u", "_rev": "9"}, None, None),
        ("PATCH", [{"operation": "remove", "field": "nothing"}], None, None),
        ("PATCH", [{"operation": "replace", "field": "n", "value": 1}], None, '"0"'),
        ("PATCH", [{"operation": "replace", "field": "n", "value": 1}], "*", '"0"'),
    ],
)
def test_idm_without_a_revision_to_echo(idm, method, body, match, tag):
    """The body has the stored revision; an ETag comes only where a PATCH set something to what it was."""
    done = Asked(idm, method, "/openidm/managed/user/u", body, If_Match=match)
    assert (done.status, done.tag, done.json["_rev"]) == (200, tag, "0")


@pytest.mark.parametrize(("stored", "sent"), [(1, True), (1, 1.0), (0, False), ("1", 1), ([1], [True]), (None, "null")])
def test_what_counts_as_a_change(stored, sent):
    """JSON's types are different values: 1 is neither true nor 1.0."""
    tenant = Tenant(OPENIDM, documents={"/openidm/managed/thing": [{"_id": "t", "n": stored}]})
    done = Asked(tenant, "PUT", "/openidm/managed/thing/t", {"n": sent}, If_Match='"0"')
    assert (done.status, done.tag) == (200, '"1"')


def test_aic_says_that_nothing_changed(aic):
    """``X-Not-Modified: true``, and the revision that was there as ETag."""
    rev = aic.collection(MANAGED).read("u")["_rev"]
    done = Asked(aic, "PUT", f"{MANAGED}/u", SAME)
    assert (done.status, done.tag, done.headers["x-not-modified"]) == (200, f'"{rev}"', "true")
    changed = Asked(aic, "PUT", f"{MANAGED}/u", SAME | {"n": 2})
    assert "x-not-modified" not in changed.headers


@pytest.mark.parametrize(("method", "status"), [("PUT", 500), ("PATCH", 500), ("DELETE", 412)])
@pytest.mark.parametrize("value", ['"abc"', 'W/"0"', '"0--gzip"'])
def test_a_revision_that_is_no_number(idm, method, status, value):
    """OpenIDM over JDBC breaks on it where something is to change; a delete compares."""
    body = {"PUT": {"userName": "ann"}, "PATCH": [{"operation": "remove", "field": "n"}]}.get(method)
    asked = Asked(idm, method, "/openidm/managed/user/u", body, If_Match=value)
    assert asked.status == status


def test_openidms_container_drops_empty_headers(idm):
    """An If-Match without a value is none there, an Accept-API-Version neither."""
    asked = Asked(idm, "PUT", "/openidm/managed/user/u", {"userName": "bob"}, If_Match="", Accept_API_Version="")
    assert (asked.status, asked.tag) == (200, '"1"')


# Around the answer


def test_transaction_ids(aic, crest):
    """AIC sends back the one it was given, and one of its own otherwise; plain CREST sends none."""
    asked = Asked(aic, "GET", f"{MANAGED}/u", X_ForgeRock_TransactionId="mine-1")
    assert asked.headers["x-forgerock-transactionid"] == "mine-1"
    assert Asked(aic, "GET", f"{MANAGED}/none").headers["x-forgerock-transactionid"].endswith("-request-1")
    assert "x-forgerock-transactionid" not in Asked(crest, "GET", "/users/u").headers


def test_idm_sets_a_session_cookie(idm):
    """On every answer, unless it was asked not to."""
    for target in ("u", "none"):
        asked = Asked(idm, "GET", f"/openidm/managed/user/{target}")
        assert asked.headers["set-cookie"].startswith("session-jwt=")
    asked = Asked(idm, "GET", "/openidm/managed/user/u", X_OpenIDM_NoSession="true")
    assert "set-cookie" not in asked.headers


@pytest.mark.parametrize(("kind", "write"), [("strips", 200), ("reads", 412)])
def test_compression_marks_the_tag(kind, write):
    """Compressed reads carry ``--gzip`` in their tag: one server takes it off every condition, one off reads' only."""
    tenant = Tenant(replace(CREST, gzip=kind), documents={"/users": [USER]})
    read = Asked(tenant, "GET", "/users/u", Accept_Encoding="gzip, deflate")
    assert (read.tag, read.headers["content-encoding"]) == ('"0--gzip"', "gzip")
    assert json.loads(gzip.decompress(read.content))["_rev"] == "0"
    plain = Asked(tenant, "GET", "/users/u", Accept_Encoding="identity")
    assert (plain.tag, plain.headers["vary"]) == ('"0"', "Accept-Encoding")
    assert Asked(tenant, "GET", "/users/u", If_None_Match=read.tag).status == 304
    done = Asked(tenant, "PUT", "/users/u", {}, If_Match=read.tag, Accept_Encoding="gzip")
    assert done.status == write
    assert write == 412 or done.tag == '"1"'


@pytest.mark.parametrize(("kind", "tag"), [("strips", '"0"'), ("reads", '"0--gzip"')])
def test_compression_of_a_create(kind, tag):
    """Jetty 12 compresses the answer to a POST as well."""
    tenant = Tenant(replace(CREST, gzip=kind))
    assert Asked(tenant, "POST", "/users", {}, Accept_Encoding="gzip").tag == tag
    assert Asked(tenant, "PUT", "/users/u", {}, Accept_Encoding="gzip").tag == '"0"'


# Who is asking


def test_tokens():
    """Without a token that is known, 401 on anything, before anything else is looked at."""
    tenant = Tenant(AIC, tokens={"t1": "ann", "t2": "bob"})
    for value in (None, "", "Bearer", "Bearer t3", "Basic t1", "t1", "Bearer T1"):
        for method in ("GET", "PUT", "BREW", "OPTIONS"):
            asked = Asked(tenant, method, f"{MANAGED}/u", Authorization=value)
            assert (asked.status, asked.json["message"]) == (401, "Access Denied")
    assert Asked(tenant, "GET", f"{MANAGED}/u", Authorization="Bearer t1").status == 404


def test_who_am_i():
    """Each principal has a body of its own, and all of them have the same ETag."""
    tenant = Tenant(AIC, tokens={"t1": "ann", "t2": "bob"})
    told = {
        token: Asked(tenant, "GET", "/openidm/info/login", Authorization=f"Bearer {token}") for token in ("t1", "t2")
    }
    assert {token: one.json["authenticationId"] for token, one in told.items()} == {"t1": "ann", "t2": "bob"}
    assert {one.tag for one in told.values()} == {'"1"'}
    again = Asked(tenant, "GET", "/openidm/info/login", Authorization="Bearer t2", If_None_Match=told["t1"].tag)
    assert again.status == 304


def test_everybody_may_come_in_without_tokens(aic):
    """As ``anonymous``."""
    assert Asked(aic, "GET", "/openidm/info/login").json["authenticationId"] == "anonymous"


# Profiles


def test_a_profile_is_data():
    """A kind of server of one's own: what is in the table is how it behaves."""
    orient = Behaviour(
        "/things", first=1, malformed=409, compares_content=True, required=("n",), headers=(("X-A", "1"),)
    )
    tenant = Tenant(Profile((orient,), echoes_transactions=False))
    made = Asked(tenant, "PUT", "/things/t", {"n": 1})
    assert (made.tag, made.headers["x-a"], made.headers["location"]) == ('"1"', "1", "http://here/things/t")
    assert Asked(tenant, "PUT", "/things/t", {"n": 2}, If_Match='"abc"').status == 409
    assert Asked(tenant, "PUT", "/things/t", {"m": 2}, If_Match='"1"').status == 403


AM = "/am/json/realms/root/realms/alpha"


@pytest.mark.parametrize(
    ("place", "tagged", "version"),
    [
        (f"{AM}/realm-config/authentication", True, "1.0"),
        (f"{AM}/realm-config/services/selfServiceTrees", True, "1.0"),
        (f"{AM}/realm-config/authentication/authenticationtrees/trees/Login", True, "1.0"),
        (f"{AM}/policies/p", True, "2.1"),
        (f"{AM}/scripts/s", False, "1.1"),
        ("/am/json/realms/root/scripts/s", False, "1.1"),
        ("/am/json/node-designer/node-type/n-1", True, "1.0"),
        ("/am/json/global-config/services/dashboard", True, "1.0"),
    ],
)
def test_am_on_aic(aic, place, tagged, version):
    """Which of its places have an ETag; each says its version, and is private."""
    made = Asked(aic, "PUT", place, {"name": "x"})
    assert (made.status, made.headers["content-api-version"]) == (201, f"resource={version}")
    read = Asked(aic, "GET", place)
    assert (read.json["name"], read.headers["cache-control"], read.tag is not None) == ("x", "private", tagged)


def test_a_deleted_policy_tells_little(aic):
    """Its id and the revision 0, in the body and in the ETag, as recorded."""
    Asked(aic, "PUT", f"{AM}/policies/p", {"name": "x"})
    gone = Asked(aic, "DELETE", f"{AM}/policies/p")
    assert (gone.tag, gone.json) == ('"0"', {"_id": "p", "_rev": "0"})
