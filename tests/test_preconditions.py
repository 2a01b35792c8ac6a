"""When a condition is sent, and what its failure means."""

import pytest

from aic_requests.preconditions import before_request, cause_of_failure, conditions_of, is_echo
from aic_requests.revision import Revision

SEVEN = Revision("7")


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("read", {"If-None-Match": '"7"'}),
        ("update", {"If-Match": '"7"'}),
        ("patch", {"If-Match": '"7"'}),
        ("delete", {"If-Match": '"7"'}),
        ("query", {}),
        ("create", {}),
        ("action", {}),
        ("other", {}),
    ],
)
def test_before_request(operation, expected):
    """Reads ask "changed since?", writes say "only if unchanged", everything else stays silent."""
    assert before_request(operation, validator='"7"', revision=SEVEN) == expected
    assert before_request(operation) == {}


@pytest.mark.parametrize(
    ("operation", "sent", "expected"),
    [
        ("update", {"If-Match": '"7"'}, "stale"),
        ("patch", {"If-Match": '"7"'}, "stale"),
        ("delete", {"If-Match": "*"}, "stale"),
        ("update", {"If-None-Match": "*"}, "exists"),
        ("update", {"If-None-Match": "*", "If-Match": '"7"'}, "not_supported"),
        ("patch", {"If-None-Match": "*"}, "not_supported"),
        ("delete", {"If-None-Match": "*"}, "not_supported"),
        ("read", {"If-Match": '"7"'}, "not_supported"),
        ("read", {"If-None-Match": "*"}, "not_supported"),
        ("query", {"If-None-Match": '"7"'}, "not_supported"),
        ("create", {"If-Match": "*"}, "not_supported"),
        ("action", {"If-Match": '"7"'}, "not_supported"),
        ("update", {}, "raced"),
        ("delete", {}, "raced"),
        ("create", {}, "raced"),
    ],
)
def test_cause_of_failure(operation, sent, expected):
    """Each 412 says which of four it is, for each needs another cure."""
    assert cause_of_failure(operation, sent) == expected


@pytest.mark.parametrize(
    ("sent", "answered", "headers", "expected"),
    [
        ({"If-Match": '"7"'}, "7", {}, True),
        ({"If-Match": "7"}, "7", {}, True),
        ({"If-Match": "*"}, "*", {}, True),
        ({"If-Match": '"7"'}, "8", {}, False),
        ({"If-None-Match": "*"}, "7", {}, False),
        ({}, "7", {}, False),
        ({"If-Match": '"7"'}, None, {}, False),
        ({"If-Match": '"7"'}, "8", {"X-Not-Modified": "true"}, True),
        ({"If-Match": '"7"'}, "8", {"X-Not-Modified": "false"}, False),
        ({}, "7", {"X-Not-Modified": "true"}, False),
    ],
)
def test_is_echo(sent, answered, headers, expected):
    """
    An answer that repeats the If-Match, or says itself that nothing was modified, was not written by this request.

    Without an If-Match there is nothing to be told apart: the revision that AIC names is the current one.
    """
    assert is_echo(sent, None if answered is None else Revision(answered), headers) is expected


def test_conditions_of():
    """Only the two that CREST reads, bytes as text."""
    headers = {"If-Match": b'"7"', "If-None-Match": "*", "Accept": "x"}
    assert conditions_of(headers) == {"If-Match": '"7"', "If-None-Match": "*"}
