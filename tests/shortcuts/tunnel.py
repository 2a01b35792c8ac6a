"""A proxy that lets TLS through, over real sockets."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..listener import Listener


@contextmanager
def tunnelling(tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """Where it is, and the request lines it gets."""
    asked: list[bytes] = []

    def converse(client: socket.socket) -> None:
        with contextlib.ExitStack() as both:
            if tls:
                client = both.enter_context(tls.wrap_socket(client, server_side=True))
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            asked.append(head.partition(b"\r\n")[0])
            host, _, port = head.split()[1].partition(b":")
            server = both.enter_context(socket.create_connection((host.decode(), int(port))))
            client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = threading.Thread(target=copy, args=(server, client), daemon=True)
            back.start()
            copy(client, server)
            back.join()

    def copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    with contextlib.closing(Listener(converse)) as listener:
        yield f"http{'s' if tls else ''}://{listener.address}", asked
