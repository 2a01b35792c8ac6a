"""Heads of answers, as http.client reads them."""

import http.client
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aic_requests.shortcuts.head import parse_headers

PIECES = ["a", "X-One", ":", ": ", " ", "\t", "\r\n", "\r", "\n", "\x0b", "\x85", "é", "7", ";", '"', "\x00", "From "]
LINES = ["Content-Type: application/json\r\n", 'ETag: "7"\r\n', "content-type: multipart/x; boundary=a\r\n", "A:\r\n"]
HEADS = st.lists(
    st.one_of(st.sampled_from(LINES), st.lists(st.sampled_from(PIECES), max_size=6).map("".join)), max_size=6
).map(lambda lines: "".join([*lines, "\r\n\r\n"]).encode("latin-1"))


def read(parse, head):
    try:
        message = parse(io.BytesIO(head + b"body"))
    except http.client.HTTPException as error:
        return type(error), str(error)
    defects = [type(defect) for defect in message.defects]
    return message.items(), message.get_payload(), defects, message.is_multipart(), type(message)


@given(head=HEADS)
def test_any_head(head):
    """Whatever a server sends, the message is the one that http.client makes of it."""
    mine, theirs = read(parse_headers, head), read(http.client.parse_headers, head)
    # Parts of a multipart message are objects of their own.
    assert (mine[:1], mine[2:]) == (theirs[:1], theirs[2:])
    assert str(mine[1]) == str(theirs[1]) or mine[3]


@pytest.mark.parametrize("head", [b"A: " + b"x" * 70000 + b"\r\n\r\n", b"A: 1\r\n" * 101 + b"\r\n"])
def test_the_limits(head):
    """A line and a number of lines beyond http.client's limits are refused as there."""
    assert read(parse_headers, head) == read(http.client.parse_headers, head)
    assert issubclass(read(parse_headers, head)[0], http.client.HTTPException)
