# ruff: noqa: E501  # tables
"""Requests of every kind: verbs, conditions, revisions, bodies, parameters, content types, pages, header spellings."""

import json
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from .sides import Ask

#: MemoryBackend's, and those with other revisions, which list all and patch whole fields.
MEMORY = ("users", "groups")
REVISIONED = ("strings", "inside", "absent")
#: Escaped. None is a number: those are the server's to give.
IDS = ("u1", "u2", "a%20b", "%C3%A9", "a%2Fb", "a:b")
NAMES = ("n", "s", "b", "list", "o", "o/k", "list/0", "_id", "_rev", "none")

JSON = ("Content-Type", "application/json")


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def mostly(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any], *, odds: int = 12) -> st.SearchStrategy[Any]:
    """The usual, and once in *odds* times the odd."""
    return st.integers(0, odds - 1).flatmap(lambda draw: odd if draw == odds - 1 else usual)


numbers = st.one_of(st.integers(-5, 5), one_of(1.5, -0.25, 10**15))
words = one_of("x", "X", "y", "bob", "", "é", 'a"b', "a\\b", "a%b")
values = st.one_of(
    numbers, words, st.booleans(), st.none(), st.lists(st.one_of(numbers, words), max_size=3), st.just({"k": "v"})
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "n": numbers,
        "s": words,
        "b": st.booleans(),
        "list": st.lists(one_of(1, 2, 3, "x"), max_size=4),
        "o": st.fixed_dictionaries({}, optional={"k": values, "z": numbers}),
        "_id": one_of("u1", "other", 5),
        "_rev": one_of("0", "1", "other", 7),
    },
)
bodies = mostly(
    documents.map(lambda document: json.dumps(document).encode()),
    one_of(b"", b" ", b"null", b"[]", b"{", b'{"n":1} x', b'"text"', b"7", b'{"n":01}', b'{"n":1,}', b"{'n':1}"),
)


def operations(kinds: tuple[str, ...], fields: tuple[str, ...], *removed: Any) -> st.SearchStrategy[bytes]:
    """Patches: usually of these kinds, fields and values to remove, some of their operations odd."""
    usual = st.one_of(
        st.fixed_dictionaries(
            {"operation": one_of(*kinds), "field": one_of(*fields), "value": one_of(1, 2, 2.5, "x", [1], {"k": 1})}
        ),
        st.fixed_dictionaries(
            {"operation": one_of("remove", "Remove"), "field": one_of(*fields)},
            optional={"value": one_of(*removed)} if removed else {},
        ),
        st.just({"operation": "copy" if removed else "remove", "field": "n"} | ({"from": "s"} if removed else {})),
    )
    odd = st.fixed_dictionaries(
        {},
        optional={
            "operation": one_of("add", "replace", "remove", "increment", "copy", "move", "transform", "test", "", 1),
            "field": one_of("n", "/n", "", "/", 5, None),
            "from": one_of("s", "/o"),
            "value": st.one_of(st.none(), values),
            "op": st.just("add"),
        },
    )
    return st.lists(mostly(usual, odd), max_size=3).map(lambda patch: json.dumps(patch).encode())


memory_patches = mostly(
    operations(
        ("add", "replace", "increment", "ADD"),
        ("n", "/n", "s", "o", "/o/k", "/o/deep/er", "list", "/list/-", "/list/0", "/list/9", "none", "/a~1b", "_rev"),
        1,
        2,
        "x",
    ),
    one_of(b"{}", b"", b"[", b"null", b"[1]", b"[null]", b"[[]]"),
)
whole_patches = operations(("add", "replace"), ("n", "/s", "o"))

revisions = mostly(
    st.builds(str.__mod__, one_of("<now %s>", "<now %s>", "<former %s>"), st.just("PLACE")),
    one_of("999", "", "abc", "-1", "*"),
)
spellings = mostly(
    one_of('"%s"', '"%s"', "%s"),
    one_of('W/"%s"', '"%s--gzip"', '"%s-gzip"', '"%s", "999"', '"999", "%s"', '"%s', '%s"', ' "%s" ', '"%s--br"'),
    odds=4,
)
tags = mostly(
    st.builds(lambda spelling, revision: spelling.replace("%s", revision), spellings, revisions),
    one_of("*", '"*"', '"', "", " "),
    odds=5,
)


def lines(*names: str) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Conditions: usually one, some of them twice or together."""
    line = st.tuples(one_of(*names), tags)
    return mostly(st.lists(line, max_size=1), st.lists(line, min_size=2, max_size=2))


match_names = ("If-Match", "If-Match", "if-match", "IF-MATCH")
none_match_names = ("If-None-Match", "If-None-Match", "if-none-match")
for_reads = mostly(lines("If-None-Match"), lines(*match_names, *none_match_names))
for_writes = mostly(lines(*match_names), lines(*match_names, *none_match_names))
for_puts = mostly(for_writes, st.just([("If-None-Match", "*")]), odds=3)
for_others = mostly(st.just([]), lines(*match_names, *none_match_names), odds=6)

more_headers = mostly(
    st.just([]),
    st.lists(
        st.tuples(
            one_of("Accept-API-Version", "accept-api-version"),
            one_of(
                "protocol=1.0", "protocol=1", "protocol=2.0", "protocol=2.1", "protocol=2.2", "protocol=1.2",
                "protocol=3", "resource=1.0", "resource=9.9", "protocol=2.1,resource=1.0", "resource=1.0, protocol=1.0",
                "protocol=2.1 , resource=2", "banana", "", "protocol=", "protocol=2.1,protocol=2.1", "protocol=2.1,",
                "Protocol=2.1", "protocol = 2.1", "resource=1.0;protocol=2.1",
            ),
        )
        | st.tuples(one_of("If-Modified-Since", "If-Unmodified-Since"), one_of("Sun, 22 Nov 2026 18:51:22 GMT", "x"))
        | st.tuples(st.just("X-HTTP-Method-Override"), one_of("GET", "PUT", "PATCH", "DELETE", "patch", "FOO", ""))
        | st.tuples(st.just("Accept"), one_of("text/html", "application/json", "*/*"))
        | st.tuples(st.just("Accept-Language"), one_of("de", "fr, en;q=0.5"))
        | st.tuples(st.just("X-Requested-With"), st.just("x")),
        min_size=1,
        max_size=2,
        unique_by=lambda line: line[0].lower(),
    ),
    odds=5,
)  # fmt: skip
codings = st.lists(st.tuples(st.just("Accept-Encoding"), one_of("gzip, deflate", "gzip", "identity", "br")), max_size=1)
kinds = mostly(
    st.just([JSON]),
    one_of(
        [],
        [("content-type", "application/json; charset=UTF-8")],
        [("Content-Type", "APPLICATION/JSON")],
        [("Content-Type", "application/json;charset=iso-8859-1")],
        [("Content-Type", "text/plain")],
        [("Content-Type", "application/json-patch+json")],
        [("Content-Type", "application/merge-patch+json")],
        [("Content-Type", "application/x-www-form-urlencoded")],
        [("Content-Type", "")],
        [("Content-Type", "json")],
    ),
    odds=10,
)


def parameters(*usual: tuple[str, str]) -> st.SearchStrategy[list[tuple[str, str]]]:
    everywhere = (
        *(("_fields", fields) for fields in (*NAMES, "n,s", "n,,s", "", "*", "/o/k,list/0", "n/~", "_id,_rev")),
        ("_FIELDS", "n"),
        ("_prettyPrint", "true"),
        ("_prettyPrint", "banana"),
        ("_prettyprint", "TRUE"),
        ("plain", "1"),
        ("plain", ""),
    )
    odd = (
        ("_unknown", "1"), ("_action", "create"), ("_action", "clear2"), ("_rev", "1"), ("_id", "1"), ("_api", ""),
        ("_pageSize", "1"), ("_sortKeys", "n"), ("_mimeType", "text/plain"), ("_countOnly", "true"), ("_", "1"),
        ("_crestapi", ""), ("_fields", "a%b"), ("_prettyPrint", ""), ("plain", "2"), ("_totalPagedResultsPolicy", "NONE"),
    )  # fmt: skip
    return st.lists(mostly(one_of(*usual, *everywhere), one_of(*odd), odds=6), max_size=2)


def target(path: str, given: list[tuple[str, str]]) -> str:
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in given)
    return f"/{path}?{query}" if query else f"/{path}"


comparisons = mostly(
    st.builds(
        "{} {} {}".format,
        one_of("n", "/n", "s", "b", "list", "o/k", "/o/k", "o", "_id", "none"),
        one_of("eq", "co", "sw", "gt", "ge", "lt", "le", "EQ"),
        one_of('"x"', '"X"', '"bob"', '""', "1", "-2", "1.5", "1.0", "true", "false", '"true"', '"1"', '"u"'),
    ),
    one_of("n pr", "none pr", "o/k pr", "true", "false", "/list pr", "b", "n eq", "eq 1", "n zz 1", "", "n eq x", "n eq null",
           "(true", "true)", "!", "true and", "n eq 'x'", "n eq 1 2", "pr", "not true", "n  eq  1", "TRUE", '"n" eq 1'),
    odds=5,
)  # fmt: skip
filters = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("! {}".format, inner),
        st.builds("({})".format, inner),
    ),
    max_leaves=4,
)


@st.composite
def queries(draw: st.DrawFn) -> Ask:
    given = [
        (draw(mostly(st.just("_queryFilter"), st.just("_queryfilter"))), draw(mostly(filters, st.just("true"), odds=3)))
    ]
    ordered = draw(st.booleans())
    # Where the servers give the ids, "9" and "10" would be sorted on one side, and "0" and "1" on the other.
    collection = "users" if ordered else draw(one_of(*MEMORY))
    if ordered:
        # Without a last key that tells all apart, rows would come in the order of a hash table.
        keys = draw(one_of("n", "-n", "s,n", "-s,+n", "none", "+o/k", "/list", "b"))
        given.append(("_sortKeys", f"{keys},_id"))
        if draw(st.booleans()):
            given.append((draw(one_of("_pageSize", "_PAGESIZE")), draw(mostly(one_of("1", "2", "3"), one_of("0", "-1", "x", "", "1.5", "99999999999")))))  # fmt: skip
            if draw(st.booleans()):
                given.append(("_pagedResultsOffset", draw(mostly(one_of("0", "1", "2", "7"), one_of("-1", "x", "")))))
            elif draw(st.booleans()):
                given.append(("_pagedResultsCookie", draw(mostly(one_of("MTorL24=", "MjorL24=", "MDorL24="), one_of("!!!", "", "x", "MQ==")))))  # fmt: skip
    given += draw(
        mostly(
            st.just([]),
            one_of(
                [("_totalPagedResultsPolicy", "EXACT")],
                [("_totalPagedResultsPolicy", "estimate")],
                [("_totalPagedResultsPolicy", "bogus")],
                [("_queryId", "all")],
                [("_queryExpression", "x")],
                [("_sortKeys", "")],
                [("_fields", "n,_id")],
                [("_fields", "o/k")],
                [("_prettyPrint", "true")],
                [("_mimeType", "text/plain"), ("_fields", "n")],
                [("_action", "x")],
                [("_countOnly", "true")],
            ),
            odds=3,
        )
    )
    if draw(mostly(st.just(False), st.just(True), odds=12)):
        given = [("_queryId", "all")]
    headers = draw(for_others) + draw(more_headers) + draw(codings)
    return ask("GET", collection, "", given, headers, None)


def ask(
    method: str,
    collection: str,
    resource: str,
    given: list[tuple[str, str]],
    headers: list[tuple[str, str]],
    body: bytes | None,
) -> Ask:
    place = f"{collection}/{resource}" if resource else collection
    return Ask(
        method,
        target(place, given),
        tuple((name, value.replace("PLACE", place)) for name, value in headers),
        body,
    )


@st.composite
def of_resources(draw: st.DrawFn) -> Ask:
    """Reads and writes of one resource."""
    method = draw(one_of(*("GET", "PUT", "PUT", "PATCH") * 3, "DELETE"))
    # Few places, so that a request usually finds something there.
    collection = draw(mostly(one_of("users", "users", "users", "groups"), one_of(*REVISIONED), odds=3))
    made = f"<made {collection} {draw(st.integers(0, 2))}>"
    resource = draw(mostly(one_of("u1", "u1", "u1", "u2", *IDS), st.just(made)))
    more = draw(more_headers) + draw(codings)
    if method == "GET":
        raw = draw(mostly(st.just([]), one_of(
            [("_mimeType", "text/plain"), ("_fields", "s")],
            [("_mimeType", "text/plain"), ("_fields", "n")],
            [("_mimeType", "image/png"), ("_fields", "s")],
            [("_mimeType", "text/plain"), ("_fields", "none")],
            [("_mimeType", "text/plain"), ("_fields", "list")],
            [("_mimeType", "text/plain,text/html"), ("_fields", "s")],
            [("_mimeType", "text/plain"), ("_fields", "s"), ("_fields", "n")],
            [("_mimeType", "application/json"), ("_fields", "s")],
        )))  # fmt: skip
        given = raw or draw(parameters())
        return ask(method, collection, resource, given, draw(for_reads) + more, None)
    if method == "DELETE":
        body = draw(mostly(st.none(), one_of(b"{}", b"", b"{")))
        headers = draw(for_writes) + more + ([] if body is None else draw(kinds))
        return ask(method, collection, resource, draw(parameters()), headers, body)
    headers = draw(for_puts if method == "PUT" else for_writes) + more + draw(kinds)
    patches = memory_patches if collection in MEMORY else whole_patches
    body = draw(bodies if method == "PUT" else patches)
    return ask(method, collection, resource, draw(parameters()), headers, body)


@st.composite
def posts(draw: st.DrawFn) -> Ask:
    """Creates and actions."""
    collection = draw(one_of("groups", *REVISIONED))
    resource = draw(mostly(st.just(""), one_of("u1", "missing"), odds=6))
    given = draw(
        one_of(
            [],
            [("_action", "create")],
            [("_action", "CREATE")],
            [("_Action", "create")],
            [("_action", "unknown")],
            [("_action", "")],
            [("_action", "create"), ("_action", "create")],
            [("_action", "unknown"), ("_mimeType", "text/plain")],
            [("_action", "unknown"), ("_other", "1")],
            [("_queryFilter", "true")],
        )
    )
    if len(given) == 1:
        given = [*given, *draw(parameters())]
    headers = draw(for_others) + draw(more_headers) + draw(codings) + draw(kinds)
    return ask("POST", collection, resource, given, headers, draw(mostly(bodies, st.none())))


@st.composite
def oddities(draw: st.DrawFn) -> Ask:
    """Other places, other verbs."""
    method = draw(one_of("GET", "GET", "PUT", "PATCH", "DELETE", "POST", "HEAD", "OPTIONS", "TRACE", "FOO", "get"))
    path = draw(one_of("", "groups", "groups/", "users/u1", "users/u1/", "nosuch/x", "nosuch", "users/u1/sub", "Users/u1", "strings"))  # fmt: skip
    body = draw(bodies) if method in ("PUT", "PATCH", "POST") else None
    headers = draw(for_others) + ([JSON] if body is not None else [])
    return ask(method, path, "", draw(mostly(st.just([]), parameters(), odds=4)), headers, body)


asks = mostly(st.one_of(of_resources(), of_resources(), of_resources(), queries()), st.one_of(posts(), oddities()), odds=5)  # fmt: skip

#: What chance seldom brings, asked first.
FIRST = (
    ask("PUT", "users", "u1", [], [JSON], b'{"n":1,"s":"x"}'),
    ask("PUT", "users", "u2", [], [JSON], b'{"n":1,"s":"y"}'),
    ask("POST", "users", "", [], [JSON], b'{"_id":"u1","n":1}'),
    ask("POST", "users", "", [("_action", "unknown")], [JSON], b"{}"),
    ask("PATCH", "users", "u1", [], [JSON], b'[{"operation":"copy","field":"n","from":"s"}]'),
    ask("GET", "users", "u1", [], [("If-None-Match", '"<now users/u1>"')], None),
    ask("GET", "users", "u1", [], [("If-None-Match", '"<former users/u1>"')], None),
    ask("PUT", "users", "u1", [], [JSON, ("If-Match", '"<former users/u1>"')], b'{"n":2}'),
    ask("PUT", "users", "u1", [], [JSON, ("If-Match", '"<now users/u1>"')], b'{"n":2}'),
    ask("PUT", "users", "u1", [], [JSON, ("If-Match", '"<former users/u1>"')], b'{"n":2}'),
    ask("GET", "users", "", [("_queryId", "all")], [], None),
    ask("GET", "users", "", [("_queryFilter", "true"), ("_pageSize", "1"), ("_sortKeys", "s")], [], None),
)
