"""What stands in a body."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aic_requests.bodies import json_object, revision_in
from aic_requests.revision import Revision

REVISIONS = st.sampled_from(["7", "0a-1", 'quo"te', "back\\slash", "\u00fc", "", " ", "_rev"])
NAMES = st.sampled_from(["_id", "_rev", "name", '"_rev"'])
VALUES = st.one_of(REVISIONS, st.just(7), st.none(), st.dictionaries(NAMES, REVISIONS, max_size=2))


def outcome(call):
    try:
        return call()
    except ValueError as error:
        return str(error)


@given(
    document=st.dictionaries(NAMES, VALUES, max_size=3),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 1]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1"]),
)
def test_revision_in_any_document(document, ascii_only, indent, encoding):
    """Whether the document is parsed for it or not makes no difference."""
    body = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode(encoding)
    assert outcome(lambda: revision_in(body)) == outcome(lambda: Revision.from_document(json_object(body)))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"_id": "42", "_rev": "7", "sn": "x"}', "7"),
        ('{"_id": "42", "_rev": "7"}', "7"),
        (b'{"sn": "x", "_rev": "7"}', "7"),
        (b'{"\\u005frev": "7"}', "7"),
        # The last one counts, in Python's parser and in Jackson's.
        (b'{"_rev": "7", "_rev": "8"}', "8"),
        (b'{"manager": {"_rev": "7"}}', None),
        (b'{"_rev": "7", "manager": {"_rev": "8"}}', "7"),
        (b'[{"_rev": "7"}]', None),
        (b'"{\\"_rev\\": \\"7\\"}"', None),
        (b"_rev", None),
        (b"", None),
        (None, None),
        ({"_rev": "7"}, None),
    ],
)
def test_revision_in(body, expected):
    """The document's own, wherever it stands and however it is spelt; not that of something inside it."""
    found = revision_in(body)
    assert (found and found.value) == expected


def test_a_revision_that_cannot_be_sent():
    """It is not left out in silence: the write would go without the guard its author believes in."""
    with pytest.raises(ValueError, match="_rev"):
        revision_in(b'{"_id": "42", "_rev": "a\\nb"}')
