"""TLS contexts that are kept: who is trusted stays the same."""

import datetime
import os
import shutil
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
import trustme
import urllib3.connection

from aic_requests import AICSession
from aic_requests.transport import Transport
from tests.shortcuts.tunnel import tunnelling
from tests.wire import serving

OK = (200, [("Connection", "close"), ("Content-Type", "application/json")], b"{}")


@pytest.fixture(autouse=True)
def no_bundle_of_the_environment(monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def ours():
    return trustme.CA()


@pytest.fixture(scope="module")
def theirs():
    return trustme.CA()


@pytest.fixture
def bundle(ours, tmp_path):
    path = tmp_path / "ours.pem"
    ours.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def foreign(theirs, tmp_path):
    path = tmp_path / "theirs.pem"
    theirs.cert_pem.write_to_path(str(path))
    return str(path)


@contextmanager
def tenant(authority, host="127.0.0.1", *, client=None, **options):
    """A server whose certificate an authority has signed; each answer ends its connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, **options).configure_cert(context)
    if client:
        client.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    with serving(lambda sent: OK, tls=context) as wire:
        yield wire.url.replace("http://", "https://")


@pytest.fixture
def loads(monkeypatch):
    """The CA bundles that were read, one after another."""
    read = []
    genuine = ssl.SSLContext.load_verify_locations

    def load(context, cafile=None, *rest, **named):
        read.append(cafile)
        return genuine(context, cafile, *rest, **named)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", load)
    return read


def test_the_bundle_is_read_once(shortcuts, ours, bundle, loads):
    """Every connection verifies, all by one context; nothing is read again for the second."""
    with tenant(ours) as url, AICSession(url) as session:
        for _ in range(3):
            assert session.get("/x", verify=bundle).status_code == 200
    assert loads == [bundle]


def test_threads_share_it(shortcuts, ours, bundle, loads):
    """Threads that connect at the same time get one context, too."""
    with tenant(ours) as url, AICSession(url, store=None) as session, ThreadPoolExecutor(8) as threads:
        session.verify = bundle
        assert [answer.status_code for answer in threads.map(session.get, ["/x"] * 32)] == [200] * 32
    assert loads == [bundle]


def test_an_unknown_authority(either_way, theirs, bundle):
    """A certificate of somebody else's authority is refused, again and again."""
    with tenant(theirs) as url, AICSession(url, retries=None) as session:
        for _ in range(2):
            with pytest.raises(requests.exceptions.SSLError):
                session.get("/x", verify=bundle)


def test_the_own_bundle_of_requests(either_way, ours):
    """Without a word about it, requests' own bundle is asked, which does not know us."""
    with tenant(ours) as url, AICSession(url, retries=None) as session, pytest.raises(requests.exceptions.SSLError):
        session.get("/x")


def test_another_host(either_way, ours, bundle):
    """A certificate for another host is refused, also after one for this host was taken."""
    with (
        tenant(ours) as right,
        tenant(ours, "tenant.example.com") as wrong,
        AICSession(retries=None) as session,
    ):
        assert session.get(right + "/x", verify=bundle).status_code == 200
        with pytest.raises(requests.exceptions.SSLError, match="match"):
            session.get(wrong + "/x", verify=bundle)


def test_an_expired_certificate(either_way, ours, bundle):
    """A certificate that has run out is refused."""
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    with (
        tenant(ours, not_before=past - datetime.timedelta(days=9), not_after=past) as url,
        AICSession(url, retries=None) as session,
        pytest.raises(requests.exceptions.SSLError, match="expired"),
    ):
        session.get("/x", verify=bundle)


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_unverified_once_is_not_unverified_ever(either_way, theirs, bundle, foreign):
    """``verify=False`` holds for its own request alone, whatever came before or comes after."""
    with tenant(theirs) as url, AICSession(url, retries=None) as session:
        assert session.get("/x", verify=False).status_code == 200
        for verify in (True, bundle):
            with pytest.raises(requests.exceptions.SSLError):
                session.get("/x", verify=verify)
        assert session.get("/x", verify=foreign).status_code == 200
        assert session.get("/x", verify=False).status_code == 200
        with pytest.raises(requests.exceptions.SSLError):
            session.get("/x", verify=bundle)


def test_another_bundle(either_way, ours, bundle, foreign):
    """Who names another bundle is served by that one."""
    with tenant(ours) as url, AICSession(url, retries=None) as session:
        assert session.get("/x", verify=bundle).status_code == 200
        with pytest.raises(requests.exceptions.SSLError):
            session.get("/x", verify=foreign)
        session.verify = foreign
        with pytest.raises(requests.exceptions.SSLError):
            session.get("/x")
        session.verify = bundle
        assert session.get("/x").status_code == 200


def test_a_bundle_of_the_environment(either_way, ours, bundle, foreign, monkeypatch):
    """``REQUESTS_CA_BUNDLE`` counts from the request after it is set, until it is gone."""
    with tenant(ours) as url, AICSession(url, retries=None) as session:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
        assert session.get("/x").status_code == 200
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", foreign)
        with pytest.raises(requests.exceptions.SSLError):
            session.get("/x")
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        monkeypatch.setenv("CURL_CA_BUNDLE", bundle)
        assert session.get("/x").status_code == 200
        monkeypatch.delenv("CURL_CA_BUNDLE")
        with pytest.raises(requests.exceptions.SSLError):
            session.get("/x")


def test_the_file_changes(either_way, ours, theirs, bundle, foreign):
    """A bundle that is replaced, in place or by renaming, counts for the next connection."""
    with tenant(ours) as url, AICSession(url, retries=None) as session:
        assert session.get("/x", verify=bundle).status_code == 200
        shutil.copyfile(foreign, bundle)
        with pytest.raises(requests.exceptions.SSLError):
            session.get("/x", verify=bundle)
        ours.cert_pem.write_to_path(bundle + ".new")
        os.replace(bundle + ".new", bundle)
        assert session.get("/x", verify=bundle).status_code == 200


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_bundle_that_is_none(either_way, ours, bundle, content):
    """A bundle that is missing, empty or broken is an error, and never trust."""
    with tenant(ours) as url, AICSession(url, retries=None) as session:
        assert session.get("/x", verify=bundle).status_code == 200
        if content is None:
            os.remove(bundle)
        else:
            with open(bundle, "wb") as file:
                file.write(content)
        with pytest.raises((requests.exceptions.SSLError, OSError)):
            session.get("/x", verify=bundle)


def test_a_folder_of_certificates(either_way, ours, tmp_path):
    """A folder is left to OpenSSL, which looks into it by itself; an empty one trusts nobody."""
    with (
        tenant(ours) as url,
        AICSession(url, retries=None) as session,
        pytest.raises(requests.exceptions.SSLError),
    ):
        session.get("/x", verify=str(tmp_path))


def test_client_certificates(either_way, ours, theirs, bundle, tmp_path):
    """A certificate is shown where it was asked for, and in no request beside it."""
    mine, stranger = str(tmp_path / "mine.pem"), str(tmp_path / "stranger.pem")
    ours.issue_cert("me@example.com").private_key_and_cert_chain_pem.write_to_path(mine)
    theirs.issue_cert("he@example.com").private_key_and_cert_chain_pem.write_to_path(stranger)
    refused = (requests.exceptions.SSLError, requests.ConnectionError)
    with tenant(ours, client=ours) as url, AICSession(url, retries=None) as session:
        assert session.get("/x", verify=bundle, cert=mine).status_code == 200
        with pytest.raises(refused):
            session.get("/x", verify=bundle)
        with pytest.raises(refused):
            session.get("/x", verify=bundle, cert=stranger)
        assert session.get("/x", verify=bundle, cert=(mine, mine)).status_code == 200
        shutil.copyfile(stranger, mine)
        with pytest.raises(refused):
            session.get("/x", verify=bundle, cert=mine)
        with pytest.raises(OSError, match="Could not find the TLS certificate"):
            session.get("/x", verify=bundle, cert=str(tmp_path / "nothing.pem"))


@pytest.mark.parametrize("over_tls", [False, True])
def test_through_a_proxy(either_way, ours, theirs, bundle, foreign, over_tls):
    """Behind a proxy the tenant's certificate is checked as before; a proxy that speaks TLS itself is checked, too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.issue_cert("127.0.0.1").configure_cert(context)
    with (
        tenant(ours) as url,
        tenant(theirs) as stranger,
        tunnelling(context if over_tls else None) as (proxy, asked),
        AICSession(retries=None) as session,
    ):
        proxies = {"https": proxy}
        assert session.get(url + "/x", verify=bundle).status_code == 200
        assert asked == []
        for _ in range(2):
            assert session.get(url + "/x", verify=bundle, proxies=proxies).status_code == 200
        assert len(asked) == 2
        with pytest.raises(requests.exceptions.SSLError):
            session.get(stranger + "/x", verify=bundle, proxies=proxies)
        with pytest.raises((requests.exceptions.SSLError, requests.exceptions.ProxyError)):
            session.get(url + "/x", verify=foreign, proxies=proxies)
        assert session.get(url + "/x", verify=bundle).status_code == 200


def test_a_context_of_the_callers_own(either_way, ours, bundle):
    """Who makes the pool manager with a context of his own is served by that one."""

    class Own(Transport):
        def init_poolmanager(self, *args, **named):
            context = ssl.create_default_context(cafile=bundle)
            super().init_poolmanager(*args, **named, ssl_context=context)

    with tenant(ours) as url, AICSession(url, retries=None) as session:
        session.mount("https://", Own())
        assert session.get("/x").status_code == 200


def test_a_check_of_the_callers_own(either_way, ours, bundle):
    """Who overrides ``cert_verify`` has the last word on each connection."""

    class Own(Transport):
        def cert_verify(self, conn, url, verify, cert):
            super().cert_verify(conn, url, verify, cert)
            conn.assert_hostname = "tenant.example.com"

    with tenant(ours) as url, AICSession(url, retries=None) as session:
        session.mount("https://", Own())
        with pytest.raises(requests.exceptions.SSLError, match="match"):
            session.get("/x", verify=bundle)


def test_who_makes_contexts(either_way, ours, bundle, monkeypatch):
    """Whoever has put a stricter maker where urllib3 looks for it is called."""
    made = []
    original = urllib3.connection.create_urllib3_context

    def stricter(*arguments, **options):
        context = original(*arguments, **options)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        made.append(context)
        return context

    monkeypatch.setattr("urllib3.connection.create_urllib3_context", stricter)
    with tenant(ours) as url:
        AICSession(url).get("/x", verify=bundle)
    assert made
