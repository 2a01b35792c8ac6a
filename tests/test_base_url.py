"""What a base URL is, and what may be joined to it."""

import pytest

from aic_requests import AICSession, ForeignOrigin
from aic_requests.base_url import BaseURL

from .wire import serving


@pytest.mark.parametrize(
    "url",
    [
        "tenant.example.com",
        "ftp://tenant.example.com",
        "https://",
        "https:///openidm",
        "https://user@tenant.example.com",
        "https://user:pw@tenant.example.com",
        "https://@tenant.example.com",
        "https://tenant.example.com?x=1",
        "https://tenant.example.com?",
        "https://tenant.example.com/#top",
        "https://tenant.example.com\\openidm",
        "https://tenant.example .com",
        "https://tenant.example.com:99999",
        "https://tenant.example.com:port",
        "https://[::1",
        "//tenant.example.com",
        "",
        7,
        b"https://tenant.example.com",
    ],
)
def test_a_base_url_is_checked_at_once(url):
    """Another scheme, user info, a query, a fragment or no host is a ValueError of the constructor."""
    with pytest.raises(ValueError, match="base_url") as caught:
        AICSession(url)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://tenant.example.com", "HTTPS://Tenant.Example.com:443/openidm/", "http://[::1]:8080"]
)
def test_a_base_url_stays_as_given(url):
    """The session shows what it was given."""
    assert AICSession(url).base_url == url
    assert AICSession().base_url is None


@pytest.mark.parametrize(
    ("base", "url", "expected"),
    [
        ("https://h", "/a", "https://h/a"),
        ("https://h", "a", "https://h/a"),
        ("https://h/openidm", "/a", "https://h/openidm/a"),
        ("https://h/openidm/", "/a", "https://h/openidm/a"),
        ("https://h/openidm/", "a/b?_fields=x:y", "https://h/openidm/a/b?_fields=x:y"),
        ("https://h/openidm", "", "https://h/openidm"),
        ("https://h/openidm", "?_queryFilter=true", "https://h/openidm?_queryFilter=true"),
        ("https://h/openidm", b"/a", "https://h/openidm/a"),
        ("https://h", " /a", "https://h/a"),
        ("https://h", "https://h/x", "https://h/x"),
        ("https://h", "HTTPS://H:443/x", "HTTPS://H:443/x"),
        ("https://h:443", "https://h/x", "https://h/x"),
        ("https://h", "//h/x", "https://h/x"),
        ("https://h", "/config/a:b", "https://h/config/a:b"),
    ],
)
def test_paths_stand_below_the_base(base, url, expected):
    """The base URL is a prefix whose own path is kept; an absolute URL of the same origin is fine."""
    assert BaseURL.parse(base).join(url) == expected


FOREIGN = [
    "https://evil.example.com/x",
    "http://tenant.example.com/x",
    "https://tenant.example.com:8443/x",
    "https://tenant.example.com.evil.example.com/x",
    "https://tenant.example.com@evil.example.com/x",
    "https://tenant.example.com:443@evil.example.com/x",
    "https://user:pw@tenant.example.com/x",
    "https://evil.example.com\\@tenant.example.com/x",
    "https://tenant.example.com\\@evil.example.com/x",
    "https://tenant.example.com\\.evil.example.com/x",
    "https:\\\\evil.example.com/x",
    "\\\\evil.example.com/x",
    "/\\evil.example.com/x",
    "//evil.example.com/x",
    " //evil.example.com/x",
    "\t//evil.example.com/x",
    "///evil.example.com/x",
    "https:evil.example.com/x",
    "https:/evil.example.com/x",
    "https:///evil.example.com/x",
    "HTTPS://EVIL.EXAMPLE.COM/x",
    "HtTp://tenant.example.com/x",
    "ftp://tenant.example.com/x",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://tenant.example.com./x",
    "https://[::1]/x",
    b"https://evil.example.com/x",
]


@pytest.mark.parametrize("url", FOREIGN)
def test_an_absolute_url_of_another_origin_is_refused(url):
    """Compared as parsed, not by prefix, and refused before an auth or a socket is asked for anything."""
    asked = []
    session = AICSession("https://tenant.example.com", auth=lambda request: asked.append(request) or request)
    with pytest.raises(ForeignOrigin) as caught:
        session.get(url)
    assert asked == []
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["ht\ttps://evil.example.com/x", "/\t/evil.example.com/x", "x\n//evil.example.com", "a/../../../b"]
)
def test_what_is_no_absolute_url_stays_at_home(url):
    """A path is a path, whatever stands in it: the request goes to the base URL's host."""
    with serving(lambda sent: (200, [], b"{}")) as home:
        session = AICSession(home.url)
        assert session.get(url).status_code == 200
    assert len(home.sent) == 1


def test_a_prepared_request_obeys_too():
    """send() of a request that was prepared elsewhere is refused in the same way."""
    import requests

    request = requests.Request(
        "GET", "https://evil.example.com/x", headers={"Authorization": "Bearer secret"}
    ).prepare()
    with pytest.raises(ForeignOrigin, match="evil"):
        AICSession("https://tenant.example.com").send(request)
