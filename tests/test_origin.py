"""Where a URL points, and how a resource is named."""

import pytest

from aic_requests.origin import Origin, child_path, is_absolute, resource_path


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://h", "https://h:443/x", True),
        ("http://h", "http://h:80", True),
        ("https://H", "HTTPS://h", True),
        ("https://h", "http://h", False),
        ("https://h", "https://h:8443", False),
        ("https://h", "https://h.", False),
        ("https://h", "https://user@h", True),
        ("http://[::1]:80", "http://[::1]", True),
        ("mock://h/x", "mock://h/y", True),
    ],
)
def test_origins_compare_as_parsed(one, other, same):
    """Scheme, host and port, with the default ports filled in; user info and path do not count."""
    assert (Origin.from_url(one) == Origin.from_url(other)) is same


def test_an_origin_reads_as_a_url():
    """Without the default port, with brackets round an IPv6 address."""
    assert [str(Origin.from_url(url)) for url in ("https://h:443/x", "http://[::1]:81", "mock://h")] == [
        "https://h",
        "http://[::1]:81",
        "mock://h",
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h/a/b?x=1#y", "https://h/a/b"),
        ("https://h:443/a%3Ab", "https://h/a:b"),
        ("https://h/a%2Fb", "https://h/a%2Fb"),
        ("https://h/a%2fb", "https://h/a%2Fb"),
        ("https://h/a%20b", "https://h/a%20b"),
        ("https://h/%C3%A9", "https://h/%C3%A9"),
        ("https://h/%7Ex", "https://h/~x"),
        ("https://h/a%25b", "https://h/a%25b"),
    ],
)
def test_a_resource_has_one_name(url, expected):
    """However its path is escaped; an escaped slash is no separator."""
    assert resource_path(url) == expected


@pytest.mark.parametrize("resource_id", ["42", "a b", "a:b", "a/b", "é", "user@example.com", "50%", "a'b(c)"])
def test_a_created_resource_is_named_as_it_will_be_read(resource_id):
    """By its _id: what a later read of it, however quoted, is named."""
    from urllib.parse import quote

    from requests import Request

    url = f"https://h/managed/alpha_user/{quote(resource_id, safe='')}"
    read = Request("GET", url).prepare().url
    assert child_path("https://h/managed/alpha_user", resource_id) == resource_path(read)


@pytest.mark.parametrize("url", ["https://h", "HTTP://h", "//h", "\\\\h", "/\\h", "mailto:x", "x:y"])
def test_is_absolute(url):
    """A scheme or two slashes of either kind."""
    assert is_absolute(url)
