"""Whether the server has forbidden to keep a body."""

import pytest

from aic_requests.stores import Representation
from aic_requests.stores.no_store import checked, forbids_keeping


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Cache-Control: no-store", True),
        ("cache-control: No-Store", True),
        ("CACHE-CONTROL:NO-STORE", True),
        ("Cache-Control: no-cache, no-store", True),
        ("Cache-Control: no-cache,no-store,max-age=0", True),
        ("Cache-Control: no-cache;no-store", True),
        ("Cache-Control: private no-store", True),
        ("Cache-Control: private,\r\n no-store", True),
        ("Cache-Control: no-store=1", True),
        ('Cache-Control: private="a, \\"b", no-store', True),
        ('Cache-Control: private="open, no-store', True),
        ('Cache-Control: extension="no-store"', False),
        ('Cache-Control: extension="a, no-store, b"', False),
        ("Cache-Control: no-store-at-all", False),
        ("Cache-Control: extension-no-store", False),
        ("Cache-Control: no-cache", False),
        ("Cache-Control: private, max-age=60", False),
        ("Cache-Control: ", False),
        ("X-Cache-Control: no-store", False),
        ("Pragma: no-store", False),
    ],
)
def test_no_store_is_a_directive_of_cache_control(line, expected):
    """In any case and place of its list, in a badly written one too; not in a quoted string or another name."""
    assert forbids_keeping(Representation('"7"', ("ETag: x", line, "Vary: x"), b"")) is expected


def test_any_line_counts():
    """A header may come in several lines."""
    lines = ("Cache-Control: private", "Cache-Control: no-store")
    assert forbids_keeping(Representation('"7"', lines, b""))
    assert not forbids_keeping(Representation('"7"', (), b""))


def test_the_callers_word_is_one_of_two():
    """Anything else is an error, so that no slip of the pen keeps what may not be kept."""
    assert [checked(word) for word in ("refuse", "keep")] == ["refuse", "keep"]
    for word in ("", "KEEP", "kept", True, None):
        with pytest.raises(ValueError, match="no_store"):
            checked(word)
