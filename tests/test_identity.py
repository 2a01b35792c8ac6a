"""Who a request speaks for."""

import pytest
from requests import Request

from aic_requests.identity import Identity, Principal

KEY = b"k" * 32


def identity(headers=None, *, certificate=None, principal=None, key=KEY):
    request = Request("GET", "https://h/x", headers=headers or {}).prepare()
    return Identity.of(request, key=key, certificate=certificate, principal=principal)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer a"},
        {"Authorization": "Bearer b"},
        {"x-api-key": "a"},
        {"X-OpenIDM-Username": "a"},
        {"iPlanetDirectoryPro": "a"},
        {"e8c4f2a1b7": "a"},
        {"Proxy-Authorization": "a"},
        {"X-Whatever": "a"},
        {"Cookie": "a=b"},
        {"X-OpenIDM-NoSession": "true"},
        {"X-OpenIDM-RunAs": "a"},
    ],
)
def test_every_header_that_may_tell_the_caller_counts(headers):
    """No list of credentials could be complete, so all count but those known to say nothing."""
    assert identity(headers) != identity()
    assert identity(headers) == identity({name.upper(): value for name, value in headers.items()})


@pytest.mark.parametrize(
    "name",
    [
        "Accept",
        "Accept-API-Version",
        "User-Agent",
        "Content-Type",
        "If-None-Match",
        "Connection",
        "X-ForgeRock-TransactionId",
        "traceparent",
        "X-Requested-With",
    ],
)
def test_what_says_nothing_about_the_caller_does_not_count(name):
    """Versions, conditions and ids change from request to request."""
    assert identity({name: "x"}) == identity()


def test_the_client_certificate_counts():
    """Mutual TLS signs in without any header."""
    assert len({identity(certificate=one).whole for one in (None, "a.pem", "b.pem", ("a.pem", "a.key"))}) == 4


def test_values_do_not_run_into_each_other():
    """Two headers are not one with both values."""
    assert identity({"a": "b', 'c"}) != identity({"a": "b", "c": ""})
    assert identity({"x-a": "1", "x-b": "2"}) != identity({"x-a": "12", "x-b": ""})


def test_cookies_are_no_part_of_the_principal():
    """An answer may set a cookie, and the caller stays the same; the body may differ."""
    one, other = identity({"x": "1"}), identity({"x": "1", "Cookie": "s=2"})
    assert one.principal == other.principal
    assert one.whole != other.whole


def test_a_lasting_name_stands_for_authorization_alone():
    """A new token of the same account is the same caller; any other header still counts."""
    first = identity({"Authorization": "a"}, principal=Principal("account", "a"))
    second = identity({"Authorization": "b"}, principal=Principal("account", "b"))
    assert first == second
    assert identity({"Authorization": "b", "x-api-key": "k"}, principal=Principal("account", "b")) != second


def test_a_name_does_not_stand_for_a_foreign_token():
    """Where somebody else has signed the request, the name does not count."""
    assert identity({"Authorization": "b"}, principal=Principal("account", "a")) == identity({"Authorization": "b"})


@pytest.mark.parametrize("header", ["principal", "lasting-name", "certificate", "client-certificate"])
def test_a_name_is_not_mistaken_for_a_header(header):
    """No header makes anybody the account."""
    named = identity({"Authorization": "a"}, principal=Principal("account", "a"))
    assert identity({header: "account"}) != named


def test_the_hash_is_keyed():
    """A store says nothing about tokens to who does not have the key."""
    assert identity({"x": "1"}) != identity({"x": "1"}, key=b"j" * 32)


def test_the_variant_covers_url_and_accept():
    """The same resource by another query, version or language is another body under one ETag."""
    who = identity()

    def variant(url, **headers):
        request = Request("GET", url, headers=headers).prepare()
        return who.variant(request, key=KEY)

    different = [
        variant("https://h/x"),
        variant("https://h/x?_fields=mail"),
        variant("https://h/x", **{"Accept-API-Version": "protocol=1.0"}),
        variant("https://h/x", **{"Accept-Language": "de"}),
        variant("https://h/x", **{"Accept": "text/plain"}),
        identity({"x": "1"}).variant(Request("GET", "https://h/x").prepare(), key=KEY),
    ]
    assert len(set(different)) == len(different)
    assert variant("https://h/x#top") == variant("https://h/x")
