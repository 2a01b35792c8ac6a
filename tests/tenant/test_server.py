"""What the socket's door makes of HTTP itself."""

import socket

import pytest

from aic_requests.testing import CREST, Tenant


@pytest.fixture
def tenant():
    with Tenant(CREST, documents={"/users": [{"_id": "u", "n": 1}]}) as one:
        yield one


def said(tenant, sent):
    """Bytes for bytes, until the server hangs up."""
    host, port = tenant.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as wire:
        wire.sendall(sent)
        wire.shutdown(socket.SHUT_WR)
        heard = b""
        while piece := wire.recv(65536):
            heard += piece
    return heard


@pytest.mark.parametrize(
    "target", ["/users/u", "http://tenant.example.com/users/u", "HTTP://tenant.example.com/users/u"]
)
def test_a_target_with_its_origin(tenant, target):
    """Clients send it to a proxy, and a server must take it. Source: RFC 9112, 3.2.2."""
    heard = said(tenant, f"GET {target} HTTP/1.1\r\nHost: tenant.example.com\r\n\r\n".encode())
    assert heard.startswith(b"HTTP/1.1 200 OK\r\n")
    assert tenant.requests[-1].path == "/users/u"


@pytest.mark.parametrize(
    "framed",
    [
        b'Content-Length: 7\r\n\r\n{"n":2',
        b"Content-Length: 7\r\n\r\n",
        b'Transfer-Encoding: chunked\r\n\r\n7\r\n{"n":2',
        b'Transfer-Encoding: chunked\r\n\r\n7\r\n{"n":2}\r\n',
    ],
)
def test_half_a_request_is_none(tenant, framed):
    """A body that breaks off is not carried out, even where what came of it is whole. Source: RFC 9112, 8."""
    said(tenant, b"PUT /users/u HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n" + framed)
    assert not tenant.requests
    assert tenant.collection("/users").read("u")["n"] == 1
