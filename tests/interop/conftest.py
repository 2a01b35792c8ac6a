"""A small real server, for the tools that stand below the session and want a socket."""

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

DOCUMENT = {"_id": "42", "_rev": "7", "userName": "ada"}


class Crest(BaseHTTPRequestHandler):
    """One user under /openidm/managed/alpha_user/42 with revision 7; 404 for everybody else."""

    def do_GET(self) -> None:
        if not self.path.endswith("/42"):
            self.answer(404, {"code": 404, "reason": "Not Found", "message": "Object not found"})
        elif self.headers["If-None-Match"] == '"7"':
            self.answer(304)
        else:
            self.answer(200, DOCUMENT, etag='"7"')

    def do_PUT(self) -> None:
        if self.headers["If-Match"] == '"7"':
            self.answer(200, {**json.loads(self.body()), "_rev": "8"}, etag='"8"')
        else:
            self.answer(412, {"code": 412, "reason": "Precondition Failed", "message": "Wrong revision"})

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def answer(self, status: int, document: Mapping[str, object] | None = None, *, etag: str | None = None) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        if etag is not None:
            self.send_header("ETag", etag)
        if body:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Nothing: pytest's own output is enough."""


@pytest.fixture
def crest() -> Iterator[ThreadingHTTPServer]:
    """The server, running until the test or its end calls `shutdown` and `server_close`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Crest) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def crest_url(crest) -> str:
    return f"http://127.0.0.1:{crest.server_port}"
