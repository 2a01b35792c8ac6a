"""Which page size a server asks for when it refuses one."""

import pytest

from aic_requests.page_size import largest_page


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("The page size must not exceed 100", 100),
        ("The page size must not exceed 100.", 100),
        ("Page size must be between 1 and 100", 100),
        ("_pageSize in query should be less than or equal to 100", 100),
        ("_pageSize must be <= 100", 100),
        ("_pageSize=1000 exceeds the limit (100)", 100),
        ("pageSize: 1..100", 100),
        ("pageSize: 1-100", 100),
        ("pageSize: [1,100]", 100),
        ("Invalid value &#39;1000&#39; for _pageSize, the maximum is 100", 100),
        ("The page size must be less than 100", 99),
        ("_pageSize must be under 100", 99),
        ("Too many results were asked for: at most 100", 100),
        ("The page size must not exceed 5000", None),
        ("The value 1000 of _pageSize is not allowed", None),
        ("Unrecognized request parameter &#39;_pageSize&#39;", None),
        ("page size v2 is not 1.5", None),
        ("page size 0", None),
        ("User 5 is not there", None),
        ("", None),
        ("page " + "9" * 100_000, None),
    ],
)
def test_the_limit_in_words(words, limit):
    """The largest number below what was asked for, in a refusal that is about pages."""
    assert largest_page(words, 1000) == limit


def test_thousands():
    """A comma between them is read either way; what is wrong is refused again, and then the other one is read."""
    assert largest_page("The page size must not exceed 1,000", 5000) == 1000
    assert largest_page("The page size is one of [1,100]", 5000) == 1100
    assert largest_page("The page size is one of [1,100]", 1100) == 100
