"""A server as fast as there is: nginx, on a core of its own, with answers as AIC gives them."""

import asyncio
import json
import multiprocessing
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import certifi
import trustme
from measuring import pin

SPAWN = multiprocessing.get_context("spawn")

#: Seconds from sending to the answer, through the slow doors.
ROUND_TRIP = 0.05

BODY = b'{"_id":"42","_rev":"7","text":"' + b"x" * 950 + b'"}'

#: What AIC sends with every answer, besides Date and the like.
LINES = (
    "X-Frame-Options: SAMEORIGIN",
    "X-Content-Type-Options: nosniff",
    "Content-Security-Policy: default-src 'none';frame-ancestors 'none';sandbox",
    "Cross-Origin-Opener-Policy: same-origin",
    "Cross-Origin-Resource-Policy: same-origin",
    "Content-API-Version: protocol=2.1,resource=1.0",
    "Expires: 0",
    "Pragma: no-cache",
    "Via: 1.1 google",
    "X-ForgeRock-TransactionId: 0e0c8c8e-9a5b-4a39-a6a3-3f3a5e8bd9d1",
)

_MISSING = '{"code":404,"reason":"Not Found","message":"Object 42 not found in managed/alpha_user"}'

_CONFIGURATION = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 100000000;
    keepalive_timeout 600s;
    default_type "application/json;charset=utf-8";
    client_max_body_size 8m;
    client_body_buffer_size 2m;
    # AIC's word, which none of the caches but two gets past; and one that lets each show what it can.
    map $request_uri $caching {{ ~^/revalidated/ no-cache; default no-store; }}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        listen 127.0.0.1:{tls} ssl backlog=1024;
        ssl_certificate {folder}/certificate.pem;
        ssl_certificate_key {folder}/certificate.pem;
        root {folder};
        {lines}
        add_header Cache-Control $caching always;
        location ~ ^/(aic|revalidated)/(1k|32k|1m)/ {{ rewrite ^/(aic|revalidated)/(1k|32k|1m)/ /$2.json break; }}
        # nginx itself would hold If-Match against a tag that it does not know.
        location /put/ {{ proxy_pass http://127.0.0.1:{port}/written/; proxy_set_header If-Match ""; }}
        location /written/ {{ add_header ETag '"8"'; return 200 '{written}'; }}
        location /gone/ {{ return 404 '{missing}'; }}
        location /closed/ {{ keepalive_timeout 0; return 200 '{body}'; }}
    }}
}}
"""


class Web(NamedTuple):
    """
    Where the server listens.

    Attributes:
        url: In clear.
        secure: Over TLS.
        far: Over TLS, and 50 ms away.
        bundle: The path of its authority, among as many as a user has.
    """

    url: str
    secure: str
    far: str
    bundle: str


@contextmanager
def serving() -> Iterator[Web]:
    """Run nginx for a block."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise SystemExit("nginx is not installed: apt-get install nginx-light, or brew install nginx")
    with tempfile.TemporaryDirectory() as folder:
        port, tls = _free_port(), _free_port()
        _fill(Path(folder), port, tls)
        # It inherits the core that it is started on.
        pin(max)
        nginx = subprocess.Popen([program, "-c", f"{folder}/nginx.conf", "-p", folder, "-e", f"{folder}/error.log"])
        here, there = SPAWN.Pipe()
        relay = SPAWN.Process(target=_delay, args=(tls, there), daemon=True)
        relay.start()
        far = here.recv()
        pin()
        try:
            _wait_for(port, nginx, Path(folder, "error.log"))
            urls = (f"http://127.0.0.1:{port}", f"https://127.0.0.1:{tls}", f"https://127.0.0.1:{far}")
            yield Web(*urls, f"{folder}/bundle.pem")
        finally:
            relay.kill()
            nginx.terminate()
            nginx.wait()


def _fill(folder: Path, port: int, tls: int) -> None:
    """Write what nginx serves, and by what rules."""
    folder.chmod(0o755)
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "certificate.pem")
    (folder / "bundle.pem").write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
    (folder / "1k.json").write_bytes(BODY)
    (folder / "32k.json").write_bytes(_users(32 * 1024))
    (folder / "1m.json").write_bytes(_users(1024 * 1024))
    named = [line.partition(": ")[::2] for line in LINES]
    configuration = _CONFIGURATION.format(
        user="user root;" if os.geteuid() == 0 else "",
        folder=folder,
        port=port,
        tls=tls,
        lines="\n        ".join(f'add_header {name} "{value}" always;' for name, value in named),
        body=BODY.decode(),
        written=BODY.decode().replace('"7"', '"8"'),
        missing=_MISSING,
    )
    (folder / "nginx.conf").write_text(configuration)


def _users(size: int) -> bytes:
    """About so many bytes of JSON, as of managed objects."""
    one = {"_id": "42", "userName": "bjensen", "mail": "bjensen@example.com", "active": True, "n": 7, "tags": ["a"]}
    return json.dumps({"_id": "42", "_rev": "7", "list": [one] * (size // len(json.dumps(one)))}).encode()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(port: int, nginx: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + 10
    while nginx.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise SystemExit(f"nginx does not start: {log.read_text() if log.exists() else 'it says nothing'}")


def _delay(port: int, told: Connection) -> None:
    """Pass bytes on in both directions, each after half a round trip."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while data := await reader.read(65536):
            loop.call_later(ROUND_TRIP / 2, writer.write, data)
        loop.call_later(ROUND_TRIP / 2, writer.close)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, outer), pump(inner, writer), return_exceptions=True)

    async def serve() -> None:
        server = await asyncio.start_server(accept, "127.0.0.1", 0, backlog=1024)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())
