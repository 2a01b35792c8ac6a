"""The form of a representation at rest: all of it comes back, or nothing."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aic_requests.stores import Representation
from aic_requests.stores.at_rest import _digest, name_of, pack, unpack

KEY = b"k" * 32
NAME = b"n" * 16
KEPT = Representation('"7"', ("ETag: x", "Content-Type: application/json"), b'{"_id":"x"}')

texts = st.text(st.characters(min_codepoint=1, max_codepoint=0x10FFFF))
representations = st.builds(
    Representation,
    texts.filter(bool),
    st.lists(st.builds("Content-Type: {}".format, texts), max_size=3).map(tuple),
    st.binary(max_size=200),
)


@given(representations, st.binary(max_size=40), st.binary(min_size=1, max_size=64))
def test_what_was_packed_comes_back(representation, name, key):
    """Any text in a header, line breaks and lone surrogates too; any body, an empty one too."""
    assert unpack(pack(representation, name=name, key=key), name=name, key=key) == representation


def test_it_is_read_only_under_its_own_name_and_key():
    """What got mixed up is not served."""
    packed = pack(KEPT, name=NAME, key=KEY)
    assert unpack(packed, name=NAME, key=KEY) == KEPT
    assert unpack(packed, name=b"m" * 16, key=KEY) is None
    assert unpack(packed, name=NAME + b"x", key=KEY) is None
    assert unpack(packed, name=NAME, key=KEY + b"x") is None


def test_no_byte_may_differ():
    """Not one less, not one more, not one changed."""
    packed = pack(KEPT, name=NAME, key=KEY)
    for end in range(len(packed)):
        assert unpack(packed[:end], name=NAME, key=KEY) is None
        changed = packed[:end] + bytes([packed[end] ^ 1]) + packed[end + 1 :]
        assert unpack(changed, name=NAME, key=KEY) is None
    assert unpack(packed + b"\0", name=NAME, key=KEY) is None


@pytest.mark.parametrize("other", [None, "", "text", 7, 7.0, b"", b"\x02", ()])
def test_what_is_no_bytes_is_a_miss(other):
    """A database may hold anything."""
    assert unpack(other, name=NAME, key=KEY) is None


@pytest.mark.parametrize(
    "head",
    [b"", b"\0", b"\0ETag: x", b"tag\0", b"tag\0no colon", b"tag\0ETag: x\0", b"\xff", b"tag\0ETag: \xe9"],
)
def test_a_wrong_head_is_a_miss(head):
    """Although its digest is right: who has the key may be no version of this library."""
    rest = len(head).to_bytes(4, "big") + head + b"body"
    assert unpack(b"\x01" + _digest(rest, NAME, KEY) + rest, name=NAME, key=KEY) is None


@pytest.mark.parametrize("length", [0, 3, 2**32 - 1])
def test_a_wrong_length_is_a_miss(length):
    """The head ends where it says."""
    rest = length.to_bytes(4, "big") + b"\0tag"
    assert unpack(b"\x01" + _digest(rest, NAME, KEY) + rest, name=NAME, key=KEY) is None


@pytest.mark.parametrize(
    "name",
    ["Set-Cookie", "set-cookie", "Authorization", "WWW-Authenticate", "Authentication-Info", "X-Anything", "6ac6499e"],
)
def test_only_what_describes_the_representation_is_written_down(name):
    """A server may repeat a credential under any name."""
    packed = pack(KEPT._replace(headers=(*KEPT.headers, f"{name}: s3cr3t")), name=NAME, key=KEY)
    assert b"s3cr3t" not in packed
    assert unpack(packed, name=NAME, key=KEY) == KEPT


def test_it_is_no_pickle():
    """What is read from a file is never run; a reader sees a tag, headers and a body."""
    packed = pack(KEPT, name=NAME, key=KEY)
    assert packed[21:] == b'"7"\0ETag: x\0Content-Type: application/json{"_id":"x"}'
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(packed)


def test_a_nul_does_not_move_the_others():
    """No header may hold one; a line that does is left out."""
    strange = Representation('"\0007"', ("ETag: \0x", "Vary: y"), b"\0")
    assert unpack(pack(strange, name=NAME, key=KEY), name=NAME, key=KEY) == Representation('"7"', ("Vary: y",), b"\0")


def test_the_name_of_a_path_does_not_tell_it():
    """It differs by path and by key, whatever the path is made of."""
    assert len({name_of(path, key=key) for path in ("/a", "/b", "/\udc80") for key in (KEY, b"x")}) == 6
    assert name_of("/a", key=KEY) == name_of("/a", key=KEY)
