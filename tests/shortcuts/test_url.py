"""URLs that are sent as they are."""

from hypothesis import given
from hypothesis import strategies as st
from requests import PreparedRequest

from aic_requests.origin import Origin, resource_path
from aic_requests.shortcuts import is_spelt_out

PIECES = [
    "a",
    "B7",
    ".",
    "..",
    "/",
    "//",
    "?",
    "#",
    "%41",
    "%2f",
    "%zz",
    "@",
    ":",
    "8080",
    "[",
    "ü",
    " ",
    "\t",
    "\\",
    "-",
    "~",
]
URLS = st.lists(st.one_of(st.sampled_from(PIECES), st.characters()), max_size=8).map("".join)
HOSTS = [
    "http://tenant.example.com",
    "https://tenant:8443",
    "http://10.0.0.1:65000",
    "HTTP://T",
    "https://u:p@tenant",
    "http://",
]


@given(host=st.sampled_from(HOSTS), rest=URLS)
def test_requests_leaves_them_as_they_are(host, rest):
    """What is taken for spelt out, requests' own preparation alters in nothing, and ours reads the same."""
    url = host + rest
    if is_spelt_out(url):
        request = PreparedRequest()
        request.prepare_url(url, None)
        assert request.url == url
        assert url.endswith(request.path_url)
        assert url.startswith(str(Origin.from_url(url)).removesuffix(":80"))
        assert resource_path(url).endswith(request.path_url.partition("?")[0])


def test_the_usual_ones_are():
    """Else the short cut would never be taken."""
    for path in ("/", "/openidm/managed/alpha_user/0a-1", "/am/json/realms/root?_fields=a,b&_prettyPrint=true"):
        assert is_spelt_out("https://tenant.example.com" + path)
