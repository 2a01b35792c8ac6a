"""Which CREST operation a request asks for."""

import pytest

from aic_requests.operations import expands_relationships, operation_of, selects_fields


@pytest.mark.parametrize(
    ("method", "query", "expected"),
    [
        ("GET", "", "read"),
        ("GET", "?_fields=mail", "read"),
        ("GET", "?_queryFilter=true", "query"),
        ("GET", "?_QUERYFILTER=true", "query"),
        ("GET", "?_queryId=query-all", "query"),
        ("GET", "?_queryExpression=select", "query"),
        ("GET", "?_queryFilter", "query"),
        ("GET", "?x=_queryFilter", "read"),
        ("GET", "?%5FqueryFilter=true", "query"),
        ("GET", "#?_queryFilter=true", "read"),
        ("PUT", "", "update"),
        ("PATCH", "", "patch"),
        ("DELETE", "", "delete"),
        ("POST", "", "create"),
        ("POST", "?_action=create", "create"),
        ("POST", "?_action=CREATE", "create"),
        ("POST", "?_action=resetPassword", "action"),
        ("POST", "?_action=", "action"),
        ("HEAD", "", "other"),
        ("OPTIONS", "", "other"),
        ("FOO", "", "other"),
    ],
)
def test_operation_of(method, query, expected):
    """Method and query decide; parameter names are read without regard to case, as CREST does."""
    assert operation_of(method, f"https://tenant/openidm/managed/alpha_user/42{query}") == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", False),
        ("?_fields=mail,sn", False),
        ("?_fields=*", True),
        ("?_fields=mail&_fields=manager/sn", True),
        ("?_fields=manager%2Fsn", True),
        ("?_FIELDS=*_ref", True),
        ("?x=*", False),
    ],
)
def test_expands_relationships(query, expected):
    """A star or a pointer in _fields may reach into other resources, which _rev does not cover."""
    assert expands_relationships(f"https://tenant/x{query}") is expected


def test_selects_fields():
    """Whatever _fields holds, it is there or not."""
    assert selects_fields("https://tenant/x?_fields=")
    assert not selects_fields("https://tenant/x?fields=mail")
