"""What became of a write whose answer was lost: a rule, a row."""

import uuid

import pytest

from aic_requests.lost_answers import Attempt, Fate, changed, same

BASE = {"_id": "42", "_rev": "7", "count": 5, "mail": "a@example.com", "ids": []}


def count(document):
    return document | {"count": document["count"] + 1}


def set_mail(document):
    return document | {"mail": "new@example.com"}


def set_password(document):
    return document | {"password": "Secret123"}


def drop_mail(document):
    document.pop("mail", None)


def count_with_id(document):
    return document | {"count": document["count"] + 1, "ids": [*document["ids"], str(uuid.uuid4())]}


def attempt(change):
    return Attempt(BASE, "7", changed(BASE, change))


def moved(**fields):
    return BASE | {"_rev": "8"} | fields


@pytest.mark.parametrize(
    ("change", "found", "expected"),
    [
        # Nobody has written since: neither have we.
        (count, BASE, Fate.NOT_YET),
        (count_with_id, BASE, Fate.NOT_YET),
        # Gone: written before or after, nobody knows.
        (count, None, Fate.UNKNOWN),
        # What was asked for is there, and there is nothing more to do.
        (set_mail, moved(mail="new@example.com"), Fate.ARRIVED),
        (set_mail, moved(mail="new@example.com", count=9), Fate.ARRIVED),
        (drop_mail, {"_id": "42", "_rev": "8", "count": 5, "ids": []}, Fate.ARRIVED),
        # An equal write of somebody else's cannot be told from ours.
        (count, moved(count=6), Fate.UNKNOWN),
        # Something else is there.
        (count, moved(count=7), Fate.UNKNOWN),
        (set_mail, moved(mail="other@example.com"), Fate.UNKNOWN),
        (set_mail, moved(count=6), Fate.UNKNOWN),
        (drop_mail, moved(count=6), Fate.UNKNOWN),
        (drop_mail, moved(mail=None), Fate.UNKNOWN),
        # The server spells it another way: not told apart from another's.
        (lambda d: d | {"mail": "New@Example.com"}, moved(mail="new@example.com"), Fate.UNKNOWN),
        # A password is not returned.
        (set_password, moved(), Fate.UNKNOWN),
        # A mark of another's is not ours.
        (count_with_id, moved(count=6, ids=[str(uuid.uuid4())]), Fate.UNKNOWN),
        # Only an unrelated field was written.
        (count_with_id, moved(mail="x@example.com"), Fate.UNKNOWN),
    ],
)
def test_fate(change, found, expected):
    """The rules of the docstring, in order."""
    assert attempt(change).fate(found, found and found["_rev"], change) is expected


@pytest.mark.parametrize("later", [{}, {"count": 9}, {"mail": "x@example.com"}])
def test_a_mark_is_found_whatever_was_written_later(later):
    """Others may have written on top of ours: their documents still hold our id."""
    ours = attempt(count_with_id)
    found = moved(count=6, ids=[*ours.sent["ids"], str(uuid.uuid4())]) | later
    assert ours.fate(found, "9", count_with_id) is Fate.ARRIVED


def test_a_mark_may_be_a_name_or_a_number():
    """An id of its own as a field name, or a long number."""
    for change in (
        lambda d: d | {str(uuid.uuid4()): 1},
        lambda d: d | {"n": uuid.uuid4().int},
        lambda d: d | {"deep": [{"x": {"y": str(uuid.uuid4())}}]},
    ):
        ours = attempt(change)
        assert ours.fate(ours.sent | {"_rev": "9", "count": 9}, "9", change) is Fate.ARRIVED


def test_what_changes_with_each_call_but_is_short_is_no_mark():
    """A word or a small number may be anybody's."""
    calls = iter(range(100))
    change = lambda d: d | {"turn": next(calls)}  # noqa: E731
    ours = attempt(change)
    assert ours.fate(moved(**{"turn": ours.sent["turn"]}), "8", change) is Fate.UNKNOWN


def test_a_constant_text_is_no_mark():
    """Everybody who runs this script writes the same."""
    change = lambda d: count(d) | {"by": "the nightly import"}  # noqa: E731
    ours = attempt(change)
    assert ours.fate(moved(count=6, by="the nightly import"), "8", change) is Fate.UNKNOWN


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, Fate.NOT_YET),
        ({"_id": "42", "_rev": "1", "a": 1}, Fate.ARRIVED),
        ({"_id": "42", "_rev": "1", "a": 2}, Fate.UNKNOWN),
    ],
)
def test_a_lost_create(found, expected):
    """Not there: it has not arrived, and the same create can be sent again."""
    change = lambda d: d | {"a": 1}  # noqa: E731
    assert Attempt({}, None, {"a": 1}).fate(found, found and "1", change) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"a": 1, "_rev": "7"}, {"a": 1}, True),
        ({"a": {"_rev": "7"}}, {"a": {}}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"a": 1.0}, False),
        ({"a": None}, {}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], [2, 1], False),
        (None, None, True),
    ],
)
def test_same(one, other, expected):
    """As a server sees it: by JSON, _rev of the top aside."""
    assert same(one, other) is expected


def test_changed_works_on_a_copy():
    """Changing in place and returning are the same, and the original stays."""
    before = {"_id": "42", "list": [1]}
    assert changed(before, lambda d: d["list"].append(2)) == {"_id": "42", "list": [1, 2]}
    assert before == {"_id": "42", "list": [1]}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda d: "text", TypeError),
        (lambda d: [d], TypeError),
        (lambda d: d | {"when": object()}, TypeError),
        (lambda d: d | {"_id": "43"}, ValueError),
        (lambda d: d | {"_id": None}, ValueError),
    ],
)
def test_what_a_change_may_not_do(change, error):
    """Return no dict or no JSON, or rename the resource."""
    with pytest.raises(error):
        changed(BASE, change)
