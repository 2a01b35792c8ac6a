"""URLs that are sent as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests import PreparedRequest

from aic_requests.origin import Origin, resource_path
from aic_requests.shortcuts import is_spelt_out
from aic_requests.shortcuts.url import spelt_out

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
    "%2F",
    "%5F",
    "%3d",
    "%C3%BC",
    "%",
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
        if "%" not in url:
            assert resource_path(url).endswith(request.path_url.partition("?")[0])


@pytest.mark.parametrize("code", range(256))
@pytest.mark.parametrize("place", ["/a{}b", "/{}", "/a?b={}"])
def test_a_quoted_byte(code, place):
    """Percent signs stay where the byte needs them, in upper case."""
    quoted = f"%{code:02X}"
    url = "https://tenant" + place.format(quoted)
    request = PreparedRequest()
    request.prepare_url(url, None)
    assert is_spelt_out(url) == (request.url == url)
    if quoted != quoted.lower():
        assert not is_spelt_out(url.replace(quoted, quoted.lower()))


@given(
    rest=st.sampled_from(["/a", "/a?b=c", "/%41", "/a?", "/a#b", "/a%2Fb", ""]),
    params=st.one_of(
        st.dictionaries(
            st.text(max_size=3), st.one_of(st.text(max_size=4), st.integers(), st.just("\ud800")), max_size=3
        ),
        st.dictionaries(
            st.sampled_from(["a", b"a", 1]),
            st.one_of(st.none(), st.booleans(), st.binary(max_size=2), st.floats(), st.lists(st.text(max_size=2))),
            max_size=2,
        ),
        st.sampled_from([None, "", "a=b", b"a=b", [("a", "b")], 0]),
    ),
)
def test_parameters(rest, params):
    """What is taken for known is what requests makes of it; what it refuses is not known, or refused alike."""
    url = "https://tenant" + rest
    request = PreparedRequest()
    try:
        request.prepare_url(url, params)
    except UnicodeEncodeError:
        with pytest.raises(UnicodeEncodeError):
            spelt_out("https://tenant/a", params)
        return
    assert spelt_out(url, params) in (None, request.url)


def test_the_usual_ones_are():
    """Else the short cut would never be taken."""
    for path in ("/", "/openidm/managed/alpha_user/0a-1", "/am/json/realms/root?_fields=a,b&_prettyPrint=true"):
        assert is_spelt_out("https://tenant.example.com" + path)
    assert (
        spelt_out("https://tenant/a", {"_fields": "a,b", "_pageSize": 10})
        == "https://tenant/a?_fields=a%2Cb&_pageSize=10"
    )
