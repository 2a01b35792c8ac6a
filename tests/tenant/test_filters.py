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
        ("!false", True),
        ("!!true", True),
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
        ("active gt false", False),
        ("age pr", True),
        ("none pr", False),
        ("empty pr", False),
        ("nothing pr", False),
        ("!(nothing pr)", True),
        ('nothing eq "x"', False),
        ('tags eq "red"', True),
        ('tags eq "blue"', False),
        ('address/city eq "oslo"', True),
        ('address/a~1b eq "slash"', True),
        ('address/c~0d eq "tilde"', True),
        ('phones/kind eq "work"', True),
        ('true eq "odd"', True),
        ("true pr", True),
        ('true and userName eq "bob"', True),
        ("false and true or true", True),
        ("true or true and false", True),
        ("(true or true) and false", False),
        ("!false and false", False),
        ("!(false and false)", True),
        ('userName eq"bob"', True),
        ('userName\teq\n"bob"', True),
        ('userName eq "b\\u006fb"', True),
        ('userName eq "b\\"b"', False),
    ],
)
def test_a_filter_accepts_or_does_not(text, expected):
    """Negation binds closer than ``and``, that closer than ``or``; text compares without regard to case."""
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
        "userName eq 'bob'",
        'userName eq "bob',
        'userName eq "bob\\"',
        'userName eq "a\nb"',
        'userName eq "\\x"',
        'userName is "bob"',
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


@given(st.text())
def test_no_text_gets_out_of_its_quotes(text):
    """Whatever a value holds, quoted as JSON it stays one value, and the rest of the filter stays as it was."""
    quoted = json.dumps(text)
    assert parse(f"field eq {quoted}")({"field": text})
    assert not parse(f"field eq {quoted} and false")({"field": text})
    assert parse(f"!(field eq {quoted}) or true")({"field": text})
    assert not parse(f"field eq {quoted}")({"field": text + "x"})
    assert not parse(f"(field eq {quoted})")({})


@given(st.lists(st.sampled_from(['"', "\\", " or true", ")", "(", "!", "\n", "\u00e9", "\x00", "a"])).map("".join))
def test_hostile_text_gets_nowhere(text):
    """The same for what is made of the filter's own marks; JSON may leave letters beyond ASCII as they are."""
    quoted = json.dumps(text, ensure_ascii=False)
    assert not parse(f"false and field eq {quoted}")({"field": text})
    assert parse(f"field eq {quoted}")({"field": text})


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
