"""Values in query filters: whatever they are, the filter means what its template says."""

import enum
import math
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aic_requests import query_filter
from aic_requests.testing.filters import parse

#: What reads like grammar, or like another spelling of what is quoted.
HOSTILE = [
    "",
    " ",
    '"',
    "'",
    "\\",
    '\\"',
    "\\\\",
    '" or true or a eq "',
    '\\" or true or a eq \\"',
    "' or true or a eq '",
    "x) or (true",
    "true",
    "null",
    "{}",
    "{0}",
    "%22 or true",
    "&_queryFilter=true",
    "\\u0022 or true",
    "\u00e9\u0301\N{PILE OF POO}\u202e",
    "line\nbreak\r\n\ttab\x00nul\u2028",
    "a" * 5000 + '"',
]
NUMBERS = [0, -1, 2**63 - 1, -(2**63), 0.0, -0.0, 1.5, 1e16, 1e-7, 1.7976931348623157e308, 5e-324]


class Shown(str):
    """A text that shows another one than it is."""

    __slots__ = ()

    def __str__(self) -> str:
        return '" or true or a eq "'


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("bob", '"bob"'),
        ("", '""'),
        ('o"hara', '"o\\"hara"'),
        ("a\\b", '"a\\\\b"'),
        ("o'hara", '"o\'hara"'),
        ("\u00e9\n", '"\u00e9\n"'),
        (Shown("bob"), '"bob"'),
        (Colour.RED, '"red"'),
        (enum.IntEnum("Size", {"BIG": 7}).BIG, "7"),
        (True, "true"),
        (False, "false"),
        (30, "30"),
        (-(2**63), "-9223372036854775808"),
        (1.5, "1.5"),
        (1e16, "1.0e+16"),
        (1e-7, "1.0e-07"),
        (1.25e300, "1.25e+300"),
        (date(2026, 1, 2), '"2026-01-02"'),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), '"2026-01-02T03:04:05.000Z"'),
        (datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), '"2026-01-02T03:04:05.678901Z"'),
        (datetime(2026, 1, 2, 1, tzinfo=timezone(timedelta(hours=2))), '"2026-01-01T23:00:00.000Z"'),
        (uuid.UUID(int=7), '"00000000-0000-0000-0000-000000000007"'),
    ],
)
def test_a_value_as_it_is_written(value, written):
    """Text in quotes, of which only those and the backslash are escaped; a number as Java reads it; moments in UTC."""
    assert query_filter("a eq {}", value) == f"a eq {written}"


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        (None, TypeError, r"!\(field pr\)"),
        (b"bob", TypeError, "not bytes"),
        (["bob"], TypeError, "not list"),
        ({}, TypeError, "not dict"),
        (time(1), TypeError, "not time"),
        (1j, TypeError, "not complex"),
        (2**63, ValueError, "64 bits"),
        (-(2**63) - 1, ValueError, "64 bits"),
        (math.nan, ValueError, "no nan"),
        (math.inf, ValueError, "no inf"),
        (-math.inf, ValueError, "no -inf"),
        (datetime(2026, 1, 2), ValueError, "zone"),  # noqa: DTZ001  # that is the point
        ("\ud800", ValueError, "surrogate"),
    ],
)
def test_a_value_that_cannot_be_written(value, error, said):
    """Refused, with what to do instead."""
    with pytest.raises(error, match=said):
        query_filter("a eq {}", value)


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("true", (), "true"),
        ('a eq "b"', (), 'a eq "b"'),
        ("a eq {} and b eq {}", ("{}", 1), 'a eq "{}" and b eq 1'),
        ("!(a eq {}) or(b/c gt {})", ("x", 1), '!(a eq "x") or(b/c gt 1)'),
        ("a  eq   {}  ", ("x",), 'a  eq   "x"  '),
        ("it's eq {}", ("x",), 'it\'s eq "x"'),
        ('a eq "{{}}" and b eq {}', ("x",), 'a eq "{}" and b eq "x"'),
        ('a eq "\\"" and b eq {}', ("x",), 'a eq "\\"" and b eq "x"'),
        ("a eq '\"' and b eq {}", ("x",), 'a eq \'"\' and b eq "x"'),
    ],
)
def test_a_template(template, values, expected):
    """Each placeholder is its value, in order; all else stays as it is, but for doubled braces."""
    assert query_filter(template, *values) == expected


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ('a eq "{}"', "in quotes"),
        ("a eq '{}'", "in quotes"),
        ('a eq "x{}"', "in quotes"),
        ("{} eq 1", "stands for a value"),
        ("a {} 1", "stands for a value"),
        ("{}", "stands for a value"),
        ("!{}", "stands for a value"),
        ("! {}", "stands for a value"),
        ("a pr and {}", "stands for a value"),
        ("a pr AND {}", "stands for a value"),
        ("({})", "stands for a value"),
        ("a eq{}", "apart"),
        ("a eq x{}", "apart"),
        ("a eq {}x", "apart"),
        ('a eq "x" {}', "stands for a value"),
        ("a eq {0}", "only {} is a placeholder"),
        ("a eq {name}", "only {} is a placeholder"),
        ("a eq {!r}", "only {} is a placeholder"),
        ("a eq {:d}", "only {} is a placeholder"),
        ("a eq {:{}}", "only {} is a placeholder"),
        ("a eq {", "only {} is a placeholder"),
        ("a eq }", "only {} is a placeholder"),
        ('a eq {} and b eq "x', "not closed"),
        ("a eq {} and b eq 'x\\'", "not closed"),
        ("a eq {}\0", "NUL"),
        ("a eq {} {}", "1 values"),
        ("a eq {{}}", "1 values"),
        ("true", "1 values"),
    ],
)
def test_a_template_that_is_none(template, said):
    """A placeholder is a value and nothing else: no field, no operator, no part of a text, and without a format."""
    with pytest.raises(ValueError, match=said):
        query_filter(template, True)


def test_every_placeholder_has_a_value():
    """And a second one is none of the first."""
    with pytest.raises(ValueError, match="2 placeholders, and there are 1 values"):
        query_filter("a eq {} and b eq {}", "x")
    with pytest.raises(ValueError, match="stands for a value"):
        query_filter("a eq {} {}", 1, 2)


texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(alphabet="\"'\\() !{}%&=+#aeqor01.\n", max_size=30),
    st.text(st.characters(exclude_categories=["Cs"])),
)
numbers = st.one_of(
    st.sampled_from(NUMBERS), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
)


@settings(max_examples=400)
@given(texts, texts)
def test_a_text_means_itself(mine, others):
    """Of the documents that differ in this text only, the one with it is found, and no other."""
    test = parse(query_filter("! (a eq {}) or b/c sw {} and false", mine, others))
    assert not test({"a": mine})
    assert test({"a": mine + "x"})
    assert parse(query_filter("a eq {}", mine))({"a": mine})
    assert parse(query_filter("a eq {}", mine))({"a": others}) == (mine.lower() == others.lower())


@settings(max_examples=500)
@given(st.one_of(numbers, st.booleans()))
def test_a_number_means_itself(value):
    """Neither rounded nor read as another kind."""
    test = parse(query_filter("a eq {} and a le {}", value, value))
    assert test({"a": value})
    assert not test({"a": not value if isinstance(value, bool) else str(value)})


words = st.sampled_from(
    ["a", "eq", "{}", "{}", "and", "or", "!", "(", ")", "true", "pr", '"x"', '"{}"', "'", "1", "a eq {}"]
)


@settings(max_examples=600)
@given(
    st.lists(words, min_size=1, max_size=8).map(" ".join),
    st.lists(st.one_of(st.text("\"\\'() aor"), st.booleans()), max_size=3),
)
def test_no_value_makes_a_filter_of_what_is_none(template, values):
    """Whether a template is accepted is its own affair; with other values it stays the filter it was, or none."""
    others = [not value if isinstance(value, bool) else "harmless" for value in values]
    assert outcome(template, values) == outcome(template, others)


def outcome(template, values):
    try:
        text = query_filter(template, *values)
    except ValueError as error:
        return str(error)
    try:
        parse(text)
    except Exception as refusal:  # noqa: BLE001  # whatever the parser says
        return type(refusal)
    return "a filter"


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.one_of(texts, numbers, st.booleans()))
def test_the_genuine_parser_reads_the_same(crest_server, value):
    """Of two documents, one of which has the value, the genuine CREST server finds that one."""
    with requests.Session() as session:
        for name, document in (("mine", {"n": value}), ("other", {"n": [value], "m": "bob"})):
            answer = session.put(f"{crest_server}/crest/users/{name}", json=document)
            assert answer.status_code in (200, 201), answer.text
        found = session.get(
            f"{crest_server}/crest/users",
            params={"_queryFilter": query_filter("n eq {} and ! (m eq {})", value, "bob"), "_fields": "_id"},
        )
    assert found.status_code == 200, found.text
    assert "mine" in [row["_id"] for row in found.json()["result"]]
    assert "other" not in [row["_id"] for row in found.json()["result"]]
