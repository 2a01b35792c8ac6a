"""What counts as a revision, and in which form it travels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aic_requests.revision import Revision, validator_of


@pytest.mark.parametrize(
    ("etag", "value"),
    [
        ('"7"', "7"),
        ('"-1203317137"', "-1203317137"),
        ('"d7b0a6a4-4f5c-4c0c-9a9f-6c1f0c1b9b2d-4242"', "d7b0a6a4-4f5c-4c0c-9a9f-6c1f0c1b9b2d-4242"),
        ('"0--gzip"', "0"),
        ('"0-gzip"', "0"),
        ('"0-br"', "0"),
        ('"0--deflate"', "0"),
        ('"0-zstd"', "0"),
        (' "7" ', "7"),
        ('"a b"', "a b"),
        ('"gzip"', "gzip"),
        ('W/"7"', None),
        ("7", None),
        ('""', None),
        ('"', None),
        ("", None),
        ('"--gzip"', None),
        ('"a"b"', None),
        ('"a", "b"', None),
        ('"a\nb"', None),
        ('"é"', None),
        ('"a\x7f"', None),
        (None, None),
    ],
)
def test_from_etag(etag, value):
    """The strong ETag without its quotes and without the coding suffix of a compressing server."""
    assert Revision.from_etag(etag) == (None if value is None else Revision(value))


@pytest.mark.parametrize("rev", [None, 7, 7.5, True, [], {}, ""])
def test_a_rev_that_is_no_text_is_no_revision(rev):
    """IGA's _rev is a number that has nothing to do with its ETag."""
    assert Revision.from_document({"_rev": rev}) is None
    assert Revision.from_document({}) is None


@pytest.mark.parametrize("rev", ['a"b', '"7"', "a\r\nX-Evil: 1", "a\nb", "a\x00b", "é", "\u2028", "a\x7fb", "\ud800"])
def test_a_rev_that_cannot_stand_in_a_header_is_an_error(rev):
    """Leaving it out would send the write unguarded."""
    with pytest.raises(ValueError, match="If-Match"):
        Revision.from_document({"_rev": rev})


@given(st.text())
def test_whatever_becomes_a_revision_can_be_sent_and_read_back(text):
    """No text gets out of its quotes."""
    try:
        revision = Revision.from_document({"_rev": text})
    except ValueError:
        return
    if revision is not None:
        assert revision.etag.isascii()
        assert revision.etag.isprintable()
        assert revision.etag.count('"') == 2


@pytest.mark.parametrize(
    ("etag", "expected"),
    [
        ('"7"', '"7"'),
        ('"7--gzip"', '"7"'),
        ('W/"18-abc"', 'W/"18-abc"'),
        ('W/"18-abc--gzip"', 'W/"18-abc--gzip"'),
        ('W/"a"b"', None),
        ('W/""', None),
        ("W/7", None),
        ("7", None),
        (None, None),
    ],
)
def test_validator_of(etag, expected):
    """A strong tag goes back as CREST knows it, a weak one as it came, anything else not at all."""
    assert validator_of(etag) == expected
