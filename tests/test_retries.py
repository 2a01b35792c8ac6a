"""Which request is sent again by itself, and when."""

import io
import logging
import pickle
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
import urllib3
from requests import exceptions as r

from aic_requests import AICSession, BadGateway, ServiceUnavailable, TooManyRequests
from aic_requests.retries import pause_before
from aic_requests.transport import retries_of

from .wire import serving


@pytest.fixture(autouse=True)
def slept(monkeypatch):
    """What was slept, without sleeping."""
    pauses = []
    monkeypatch.setattr("aic_requests.retries.time.sleep", pauses.append)
    return pauses


def failing(times, status, headers=()):
    """A server that fails so often and then answers 200."""
    left = [times]

    def answer(sent):
        left[0] -= 1
        return (status, list(headers), b'{"code":%d}' % status) if left[0] >= 0 else (200, [], b"{}")

    return answer


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_reads_are_repeated(method, status):
    """After an answer that will pass."""
    with serving(failing(2, status)) as wire:
        response = AICSession(wire.url).request(method, "/x")
    assert response.status_code == 200
    assert len(wire.sent) == 3
    assert [entry.status for entry in response.raw.retries.history] == [status, status]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "POST"])
@pytest.mark.parametrize("status", [400, 401, 404, 408, 409, 412, 428, 500, 501])
def test_other_answers_are_not(method, status):
    """They will not get better by themselves."""
    with serving(failing(1, status)) as wire:
        AICSession(wire.url, raise_for_status=False).request(method, "/x")
    assert len(wire.sent) == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
@pytest.mark.parametrize(("status", "sent"), [(429, 2), (502, 1), (503, 1), (504, 1)])
def test_writes_are_repeated_after_429_only(method, status, sent):
    """The others do not say whether it was carried out."""
    with serving(failing(1, status)) as wire:
        AICSession(wire.url, raise_for_status=False).request(method, "/x", json={"a": 1})
    assert len(wire.sent) == sent
    assert {one.body for one in wire.sent} == {b'{"a": 1}'}


@pytest.mark.parametrize(
    ("method", "sent"), [("GET", 2), ("HEAD", 2), ("PUT", 1), ("PATCH", 1), ("POST", 1), ("DELETE", 1)]
)
def test_a_broken_connection(method, sent):
    """A read is repeated; a write may have been carried out and is the caller's to judge."""
    got = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        import threading

        def serve():
            for answer in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")[:sent]:
                connection, _ = server.accept()
                with connection:
                    got.append(connection.recv(65536))
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        session = AICSession(f"http://127.0.0.1:{server.getsockname()[1]}")
        if sent == 2:
            assert session.request(method, "/x").status_code == 200
        else:
            with pytest.raises(r.ConnectionError):
                session.request(method, "/x")
        assert len(got) == sent


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_refused_connection_is_tried_again(method, slept):
    """It never left, whatever the method; the error is requests' own."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(r.ConnectionError) as caught:
        AICSession(f"http://127.0.0.1:{port}").request(method, "/x")
    assert not isinstance(caught.value, r.ConnectTimeout)
    assert len(slept) == 4


def test_a_read_time_out_is_not_repeated():
    """It stays what requests raises."""
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(r.ReadTimeout):
        AICSession(f"http://127.0.0.1:{server.getsockname()[1]}").get("/x", timeout=(1, 0.05))


def test_a_tls_error_is_not_repeated(slept):
    """Neither the certificate nor the protocol will get better."""
    with serving(lambda sent: (200, [], b"")) as wire, pytest.raises(r.SSLError):
        AICSession(wire.url.replace("http:", "https:")).get("/x")
    assert slept == []


def test_the_last_answer_survives():
    """When enough is enough, the status has its own exception."""
    with serving(failing(99, 503, [("Retry-After", "1")])) as wire, pytest.raises(ServiceUnavailable) as caught:
        AICSession(wire.url).get("/x")
    assert caught.value.retry_after == 1
    assert len(wire.sent) == 5
    assert wire.connections == 1


def test_retry_after_in_seconds(slept):
    """At least that long, and some jitter on top."""
    with serving(failing(2, 429, [("Retry-After", "7")])) as wire:
        AICSession(wire.url).get("/x")
    assert all(7 <= pause <= 7 + pause_before(2) for pause in slept)
    assert len(slept) == 2


def test_retry_after_as_a_date(slept):
    """Counted from the server's own Date, so a wrong clock here does no harm."""
    then = datetime(2001, 1, 1, tzinfo=UTC)
    headers = [
        ("Date", format_datetime(then, usegmt=True)),
        ("Retry-After", format_datetime(then + timedelta(seconds=9), usegmt=True)),
    ]
    with serving(failing(1, 503, headers)) as wire:
        AICSession(wire.url).get("/x")
    assert 9 <= slept[0] <= 9 + pause_before(1)


@pytest.mark.parametrize("header", ["soon", "-5", "1e3", "", "99999999999999", "Tue, 99 Nov 2026 00:00:00 GMT"])
def test_an_unreadable_retry_after_is_ignored(header, slept):
    """As if it were not there."""
    with serving(failing(1, 503, [("Retry-After", header)])) as wire:
        assert AICSession(wire.url).get("/x").status_code == 200
    assert slept[0] <= pause_before(1)


def test_a_long_retry_after_is_the_callers(slept):
    """Above 30 s the answer is handed out at once."""
    with serving(failing(1, 429, [("Retry-After", "31")])) as wire, pytest.raises(TooManyRequests) as caught:
        AICSession(wire.url).put("/x", json={})
    assert caught.value.retry_after == 31
    assert (len(wire.sent), slept) == (1, [])


def test_it_ends_in_time(slept, monkeypatch):
    """60 s after the first failure nothing is begun any more."""
    now = [0.0]
    monkeypatch.setattr("aic_requests.retries.time.monotonic", lambda: now[0])
    monkeypatch.setattr("aic_requests.retries.time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    with serving(failing(99, 503, [("Retry-After", "25")])) as wire, pytest.raises(ServiceUnavailable):
        AICSession(wire.url).get("/x")
    assert now[0] <= 60
    assert len(wire.sent) == 3


def test_a_body_that_can_be_read_once_is_sent_once():
    """urllib3 would send a consumed generator as an empty body."""
    with serving(failing(1, 429)) as wire, pytest.raises(TooManyRequests):
        AICSession(wire.url).put("/x", data=iter([b"a", b"b"]))
    assert [one.body for one in wire.sent] == [b"ab"]


def test_a_file_is_sent_again_from_its_start():
    """It can be wound back."""
    with serving(failing(1, 429)) as wire:
        AICSession(wire.url).put("/x", data=io.BytesIO(b"abc"))
    assert [one.body for one in wire.sent] == [b"abc", b"abc"]


@pytest.mark.parametrize(("retries", "sent"), [(0, 1), (None, 1), (1, 2), (urllib3.Retry(0, read=False), 1)])
def test_the_number_is_the_callers(retries, sent):
    """0 and None: none; a Retry of one's own has its own rules."""
    with serving(failing(99, 502)) as wire, pytest.raises(BadGateway):
        AICSession(wire.url, retries=retries).get("/x")
    assert len(wire.sent) == sent


def test_ones_own_adapter_has_its_own():
    """mount() replaces ours."""
    with serving(failing(99, 502)) as wire:
        session = AICSession(wire.url)
        session.mount("http://", requests.adapters.HTTPAdapter())
        with pytest.raises(BadGateway):
            session.get("/x")
    assert len(wire.sent) == 1


@pytest.mark.parametrize(
    ("retries", "error"), [("3", TypeError), (True, TypeError), (1.5, TypeError), (-1, ValueError)]
)
def test_what_is_no_number_of_retries(retries, error):
    """Said at once."""
    with pytest.raises(error, match="retries"):
        AICSession(retries=retries)


def test_each_retry_is_one_line_without_secrets(caplog):
    """Logger aic_requests, level DEBUG: method, path, why, how long; no query."""
    with serving(failing(1, 503)) as wire, caplog.at_level(logging.DEBUG, "aic_requests"):
        AICSession(wire.url, auth=("user", "s3cr3t")).get("/x?token=s3cr3t")
    [line] = [record.getMessage() for record in caplog.records if record.name == "aic_requests"]
    assert line.startswith("retry 1: GET /x answered 503, waiting ")
    assert "s3cr3t" not in line


def test_pauses_grow_to_a_cap():
    """Doubling from 0.2 s to 5 s; there is no retry 0."""
    assert [pause_before(n) for n in (1, 2, 3, 6, 5000)] == [0.2, 0.4, 0.8, 5.0, 5.0]
    with pytest.raises(ValueError, match="starts at 1"):
        pause_before(0)


def test_a_policy_pickles():
    """With the session and its adapters."""
    again = pickle.loads(pickle.dumps(retries_of(3)))
    assert again.total == 3
    assert again.is_retry("GET", 503)
    assert time.monotonic() > 0
