"""Whether a write that failed may have been carried out."""

import socket
import threading

import pytest
import requests
import urllib3
from requests import exceptions as r

from aic_requests import AICSession, AmbiguousWrite, ForeignOrigin, NotFound, maybe_applied

from .wire import serving


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *[(status, False) for status in (304, 400, 401, 403, 404, 408, 409, 412, 428, 429, 501)],
        *[(status, True) for status in (500, 502, 503, 504, 512)],
    ],
)
def test_by_status(status, expected):
    """A refusal is no; a failure at work or on the way is maybe. Of plain requests' HTTPError too."""
    with serving(lambda sent: (status, [], b"{}")) as wire:
        with pytest.raises(requests.HTTPError) as ours:
            AICSession(wire.url, retries=0, raise_for_status={status}).put("/x", json={})
        assert maybe_applied(ours.value) is expected
        plain = requests.HTTPError("x", response=requests.put(wire.url, timeout=5))
    assert maybe_applied(plain) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (r.InvalidURL("x"), False),
        (r.MissingSchema("x"), False),
        (r.InvalidSchema("x"), False),
        (r.InvalidHeader("x"), False),
        (r.InvalidJSONError("x"), False),
        (ForeignOrigin("x"), False),
        (r.ConnectTimeout("x"), False),
        (NotFound("x"), False),
        (r.ReadTimeout("x"), True),
        (r.ChunkedEncodingError("x"), True),
        (r.ContentDecodingError("x"), True),
        (r.JSONDecodeError("x", "doc", 0), True),
        (r.ConnectionError("x"), True),
        (r.RetryError("x"), True),
        (r.TooManyRedirects("x"), True),
        (r.HTTPError("no response"), True),
        (AmbiguousWrite("x"), True),
        (urllib3.exceptions.ProtocolError("x"), True),
        (ConnectionResetError(), True),
        (RuntimeError("x"), True),
    ],
)
def test_by_kind(error, expected):
    """What is raised before sending is no; what is not known is maybe."""
    assert maybe_applied(error) is expected


def refused_port():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return closed.getsockname()[1]


@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("make", [requests.Session, AICSession])
def test_a_refused_connection_is_no(make, retries, monkeypatch):
    """Nothing went over a connection that was not there, with and without retries."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    session = make()
    if make is AICSession:
        session = AICSession(retries=retries)
    for url in (f"http://127.0.0.1:{refused_port()}/x", "http://no-such-host.invalid/x"):
        with pytest.raises(r.ConnectionError) as caught:
            session.put(url, json={}, timeout=5)
        assert maybe_applied(caught.value) is False


def test_a_proxy_that_is_not_there_is_no():
    """The request never reached the proxy."""
    with pytest.raises(r.ProxyError) as caught:
        AICSession(retries=0).put("http://h/x", json={}, proxies={"http": f"http://127.0.0.1:{refused_port()}"})
    assert maybe_applied(caught.value) is False


@pytest.mark.parametrize("partial", [b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"])
def test_a_connection_that_breaks_after_sending_is_maybe(partial):
    """Before the answer, in the middle of its status line, in the middle of its body."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(partial)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(r.RequestException) as caught:
            AICSession(f"http://127.0.0.1:{server.getsockname()[1]}").put("/x", json={})
        thread.join()
    assert maybe_applied(caught.value) is True


def test_an_answer_that_does_not_come_is_maybe():
    """A read time-out says nothing about the write."""
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(r.ReadTimeout) as caught:
        AICSession(f"http://127.0.0.1:{server.getsockname()[1]}").put("/x", json={}, timeout=(1, 0.1))
    assert maybe_applied(caught.value) is True
