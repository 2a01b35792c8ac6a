"""A real HTTP server that says what a test tells it to, and keeps what it was sent."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, list[tuple[str, str]], bytes]


@dataclass(frozen=True)
class Sent:
    """A request as it came over the wire."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return values[0] if values else None


@dataclass
class Wire:
    """Where the server is, and what it got."""

    url: str
    sent: list[Sent] = field(default_factory=list)
    connections: int = 0


@contextmanager
def serving(
    answer: Callable[[Sent], Answer], host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> Iterator[Wire]:
    """Serve on a port of its own until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 65536

        def setup(self) -> None:
            wire.connections += 1
            super().setup()

        def log_message(self, *args: object) -> None:
            pass

        def _answer(self) -> None:
            length = self.headers.get("Content-Length")
            if length is not None:
                body = self.rfile.read(int(length))
            elif "chunked" in self.headers.get("Transfer-Encoding", ""):
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                body = b""
            sent = Sent(self.command, self.path, self.headers.items(), body)
            wire.sent.append(sent)
            status, headers, content = answer(sent)
            self.send_response_only(status)
            names = {name.lower() for name, _ in headers}
            for name, value in headers:
                self.send_header(name, value)
            if "content-length" not in names and "transfer-encoding" not in names and status != 304:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _answer

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args: object) -> None:
            """A client that hangs up, or does not trust the certificate, is the test's own affair."""

    server = Server((host, 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        # The handshake in the connection's own thread.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    wire = Wire(f"http{'s' if tls else ''}://{host}:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        server.shutdown()
        server.server_close()
