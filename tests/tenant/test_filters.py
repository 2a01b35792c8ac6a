"""Query filters, as text."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aic_requests.testing.filters import parse
from aic_requests.testing.messages import Refusal

BOB = {
    "_id": "1",
    "userName": "bob",
    "age": 42,
    "active": True,
    "none": None,
    "tags": ["red", "green"],
    "empty": [],
    "address": {"city": "Oslo", "a/b": "slash", "c~d": "tilde"},
    "phones": [{"kind": "home", "number": "1"}, {"kind": "work", "number": "2"}],
    "true": "odd",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("false", False),
        ("TRUE", True),
        ("! false", True),
        ("!(false)", True),
        ("!(!(true))", True),
        ("(true)", True),
        (" ( ( true ) ) ", True),
        ('userName eq "bob"', True),
        ('/userName eq "bob"', True),
        ('userName eq "BOB"', True),
        ('userName eq "bo"', False),
        ('userName co "O"', True),
        ('userName sw "b"', True),
        ('userName sw "o"', False),
        ('userName gt "alice"', True),
        ('userName lt "alice"', False),
        ("age eq 42", True),
        ("age eq 42.0", True),
        ("age ge 42", True),
        ("age gt 42", False),
        ("age le 42", True),
        ("age lt 42", False),
        ("age lt 4.3e1", True),
        ('age eq "42"', False),
        ("age co 4", False),
        ("userName eq 1", False),
        ("active eq true", True),
        ("active eq false", False),
        ("active eq 1", False),
        ("age eq true", False),
        ("active gt false", True),
        ("age co 42", True),
        ("active sw true", True),
        ("age pr", True),
        ("none pr", True),
        ("empty pr", True),
        ("address/none pr", False),
        ("nothing pr", False),
        ("!(nothing pr)", True),
        ('nothing eq "x"', False),
        ('tags eq "red"', True),
        ('tags eq "blue"', False),
        ('address/city eq "oslo"', True),
        ('address/a%2Fb eq "slash"', True),
        ('address/a~1b eq "slash"', False),
        ('address/c~d eq "tilde"', True),
        ('/address/city/ eq "oslo"', True),
        ('phones/1/kind eq "work"', True),
        ('phones/kind eq "work"', False),
        ('tags/0 eq "red"', True),
        ('true and userName eq "bob"', True),
        ("false and true or true", True),
        ("true or true and false", True),
        ("(true or true) and false", False),
        ("! false and false", False),
        ("! true or true", True),
        ("!age eq 42", False),
        ("age is 42", False),
        ("!(age is 42)", False),
        ("age is 42 or true", True),
        ("!(false and false)", True),
        ("userName eq 'bob'", True),
        ('userName EQ "bob" AND age Ge 42 Or FALSE', True),
        ('userName eq "b\\ob"', True),
        ('userName eq "b\\"b"', False),
        ("age eq 42.f", True),
        ("age lt +43", True),
    ],
)
def test_a_filter_accepts_or_does_not(text, expected):
    """
    Negation binds closer than ``and``, that closer than ``or``; text and words in any case.

    ``!`` is a word like any other before a letter, so ``!age`` is a field. An operator that nobody knows is neither
    true nor false, nor is its negation. Pointers have the escapes of URLs.
    """
    assert parse(text)(BOB) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "()",
        "(true",
        "true)",
        "true true",
        "and true",
        "true and",
        "true or or true",
        "!",
        "not true",
        "userName",
        "userName eq",
        "userName eq bob",
        "userName eq null",
        "userName eq [1]",
        "userName eq {}",
        'userName eq"bob"',
        'userName\teq\t"bob"',
        "! ! true",
        "!true",
        "!!(true)",
        'true eq "odd"',
        "true pr",
        "age eq 1e1",
        "age eq 9223372036854775808",
        "age eq 42,0",
        "n%zz eq 1",
        "a^b eq 1",
        'userName eq "bob',
        'userName eq "bob\\"',
        'userName ?? "bob"',
        'eq "bob"',
        '"userName" eq "bob"',
        "age eq NaN",
        "age eq -Infinity",
        "age eq " + "9" * 5000,
        "age eq " + "[" * 100_000,
        "(" * 100_000,
        "!" * 100_000 + "true",
        "(" * 2000 + "true" + ")" * 2000,
    ],
    ids=lambda text: repr(text[:20]),
)
def test_what_is_no_filter_is_refused(text):
    """400, however it is wrong, and however deep."""
    with pytest.raises(Refusal) as refused:
        parse(text)
    assert refused.value.status == 400


def test_a_long_filter_is_not_a_deep_one():
    """Thousands of conditions side by side are fine."""
    assert parse(" or ".join(f'userName eq "{number}"' for number in range(5000)))(BOB) is False


def quoted(text: str) -> str:
    """As the parser reads it: a backslash takes the next character as it is, and knows no other meaning."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(
    st.text()
    | st.lists(st.sampled_from(['"', "'", "\\", " or true", ")", "(", "! ", "\n", "é", "\x00", "a"])).map("".join)
)
def test_no_text_gets_out_of_its_quotes(text):
    """Whatever a value holds, it stays one value, and the rest of the filter stays as it was."""
    assert parse(f"field eq {quoted(text)}")({"field": text})
    assert not parse(f"field eq {quoted(text)} and false")({"field": text})
    assert parse(f"!(field eq {quoted(text)}) or true")({"field": text})
    assert not parse(f"field eq {quoted(text)}")({"field": text + "x"})
    assert not parse(f"(field eq {quoted(text)})")({})
    assert not parse(f"false and field eq {quoted(text)}")({"field": text})


def test_json_is_not_how_filters_are_quoted():
    """What JSON writes as an escape is read as the letters of it: a name in Cyrillic would not be found."""
    assert parse(f"field eq {json.dumps('é')}")({"field": "u00e9"})
    assert parse(f"field eq {json.dumps('a')}")({"field": "a"})


@given(
    st.one_of(
        st.text(),
        st.text(alphabet=string.printable),
        st.lists(
            st.sampled_from(["(", ")", "!", "true", "and", "or", "eq", "pr", "a", '"b"', "1", "[", "\\", '"', " "])
        ).map(" ".join),
    )
)
def test_garbage_is_a_filter_or_is_400(text):
    """Never another exception: not from reading a filter, and not from asking it."""
    try:
        test = parse(text)
    except Refusal as refusal:
        assert refusal.status == 400
    else:
        assert test(BOB) in (True, False)
