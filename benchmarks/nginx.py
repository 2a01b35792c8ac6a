"""
A real nginx that answers as AIC does, on this machine and for a block; and the same far away.

It needs an nginx (apt-get install nginx-light) and trustme (pip install trustme). It has a core of its own, where there
are two.
"""

import asyncio
import json
import multiprocessing
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import certifi
import trustme
from measuring import pinned

#: Seconds to the far server and back.
ROUND_TRIP = 0.05

#: What AIC puts on every answer, but for the transaction id, which is new each time. Source: answers of a tenant.
HEADERS = {
    "X-Frame-Options": "SAMEORIGIN",
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "Expires": "0",
    "Via": "1.1 google",
}
DOCUMENT = {"_id": "42", "_rev": "7", "text": "x" * 950}
SMALL = json.dumps(DOCUMENT).encode()

# A file has an ETag of nginx's own, and nginx answers 304 where that comes back. A PUT is answered by a second
# server behind the first, since nginx itself would hold If-Match against a file.
_CONFIG = """
daemon off; pid {folder}/pid; error_log {folder}/errors; worker_processes 1;
events {{ worker_connections 512; }}
http {{
  log_format status '$status'; access_log {folder}/statuses status;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server_tokens off; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_buffer_size 64k; default_type 'application/json;charset=utf-8'; types {{ }}
  {headers}
  upstream behind {{ server unix:{folder}/behind; keepalive 64; }}
  server {{
    listen unix:{folder}/behind; access_log off;
    location / {{ return 200 '{document}'; }}
  }}
  server {{
    listen 127.0.0.1:{plain} backlog=512; listen 127.0.0.1:{tls} ssl backlog=512;
    ssl_certificate {folder}/certificate; ssl_certificate_key {folder}/certificate;
    root {folder}/files;
    location /u/ {{ try_files /1k =500; }}
    location /1k {{ }}
    location /32k {{ }}
    location /1m {{ }}
    location /closing {{ keepalive_timeout 0; try_files /1k =500; }}
    location /put {{
      if ($http_if_match != '"7"') {{ return 412 '{{"code":412,"reason":"Precondition Failed"}}'; }}
      proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header If-Match '';
    }}
    location /gone {{ return 404 '{missing}'; }}
  }}
}}
"""
_MISSING = '{"code":404,"reason":"Not Found","message":"Object 42 not found in managed/alpha_user"}'


@dataclass(frozen=True)
class Place:
    """
    Where the server is: over plain HTTP, over TLS, and over TLS far away.

    Paths are /u/anything (1 KiB), /1k, /32k, /1m, /put, /gone, and /closing, which closes the connection after it.
    """

    folder: Path
    plain: str
    tls: str
    far: str
    #: What to trust: as large as what a user has, and the authority of this server.
    bundle: str

    def last_answer(self) -> str:
        """The status that was answered last."""
        time.sleep(0.01)  # nginx writes it down after it has answered
        return (self.folder / "statuses").read_text("ascii").split()[-1]


@contextmanager
def nginx(folder: Path) -> Iterator[Place]:
    """Run it for a block, in a folder."""
    plain, tls = _free_ports(2)
    _write_files(folder, plain, tls)
    # It goes with the benchmark, even where that is killed.
    guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    command = [*guard, _program(), "-c", str(folder / "config"), "-e", str(folder / "errors")]
    here, there = multiprocessing.Pipe()
    relay = multiprocessing.get_context("spawn").Process(target=relay_to, args=(tls, there), daemon=True)
    with subprocess.Popen(command, preexec_fn=lambda: pinned(server=True)) as process:
        try:
            _wait_for(plain, process)
            relay.start()
            roots = (f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{tls}", f"https://127.0.0.1:{here.recv()}")
            yield Place(folder, *roots, bundle=str(folder / "bundle.pem"))
        finally:
            process.terminate()
            relay.terminate()


def version() -> str:
    """Such as nginx/1.22.1."""
    said = subprocess.run([_program(), "-v"], capture_output=True, text=True, check=True).stderr
    return said.rpartition(" ")[2].strip()


def _program() -> str:
    # A user's PATH need not have the folders of servers.
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SystemExit("there is no nginx here: apt-get install nginx-light, or brew install nginx")
    return found


def _write_files(folder: Path, plain: int, tls: int) -> None:
    """All that nginx reads, and the bundle that clients do."""
    (folder / "files").mkdir()
    for name, size in (("1k", 0), ("32k", 32 * 1024), ("1m", 1024 * 1024)):
        (folder / "files" / name).write_bytes(_large(size) if size else SMALL)
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "certificate")
    (folder / "bundle.pem").write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
    headers = "".join(f"add_header {name} '{value}' always; " for name, value in HEADERS.items())
    headers += "add_header X-ForgeRock-TransactionId $request_id always; add_header Last-Modified '';"
    words = {"folder": folder, "plain": plain, "tls": tls, "headers": headers, "document": SMALL.decode()}
    (folder / "config").write_text(_CONFIG.format(**words, missing=_MISSING), "utf-8")
    # A worker of root's runs as nobody, who must find the files.
    for path in (folder, folder / "files"):
        path.chmod(0o755)


def _large(size: int) -> bytes:
    """About so many bytes of JSON, as of managed objects."""
    one = {"_id": "42", "userName": "bjensen", "mail": "bjensen@example.com", "active": True, "n": 7, "tags": ["a"]}
    return json.dumps({"_id": "42", "_rev": "7", "list": [one] * (size // len(json.dumps(one)))}).encode()


def _free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in listeners]
    finally:
        for one in listeners:
            one.close()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(500):
        if process.poll() is not None:
            break
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.01)
    raise SystemExit("nginx does not start; what it says stands above")


# The same far away


def relay_to(port: int, told: Connection) -> None:
    """Hand on what comes, half a round trip later: to a port and back. It runs in a process of its own."""
    pinned(server=True)
    asyncio.run(_relay(port, told))


async def _relay(port: int, told: Connection) -> None:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # To connect takes a round trip, too.
        await asyncio.sleep(ROUND_TRIP)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_later(reader, far_writer), _later(far_reader, writer))

    server = await asyncio.start_server(converse, "127.0.0.1", 0, backlog=512)
    told.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _later(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Each piece on its own, so that many can be on their way; the end of all, too."""
    loop = asyncio.get_running_loop()
    try:
        while piece := await reader.read(65536):
            loop.call_later(ROUND_TRIP / 2, writer.write, piece)
    except ConnectionError:
        pass
    loop.call_later(ROUND_TRIP / 2, writer.close)
