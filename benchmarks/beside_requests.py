"""
CPU per request of AICSession beside plain requests.Session, over a real socket.

    python benchmarks/beside_requests.py

Both clients in one process, batches in random order, the server in another process (and on another core, where there
is one). The figure is the median, over the rounds, of the ratio within a round; a machine's drift cancels out.
"""

import argparse
import multiprocessing
import os
import random
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from multiprocessing.connection import Connection

import requests

from aic_requests import AICSession

BODY = b'{"_id":"42","_rev":"7","text":"' + b"x" * 950 + b'"}'
HEADERS = (
    b"Date: Tue, 24 Nov 2026 00:00:00 GMT\r\nX-Frame-Options: SAMEORIGIN\r\nCache-Control: no-store\r\n"
    b"Pragma: no-cache\r\nExpires: 0\r\nVia: 1.1 google\r\n"
    b"X-ForgeRock-TransactionId: 0e0c8c8e-9a5b-4a39-a6a3-3f3a5e8bd9d1\r\n"
)
OK = (
    b'HTTP/1.1 200 OK\r\n%sContent-Type: application/json;charset=utf-8\r\nETag: "7"\r\nContent-Length: %d\r\n\r\n%s'
    % (
        HEADERS,
        len(BODY),
        BODY,
    )
)
NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n%sContent-Type: application/json\r\nContent-Length: 67\r\n\r\n" % HEADERS
NOT_FOUND_BODY = b'{"code":404,"reason":"Not Found","message":"Object 42 not found in managed/alpha_user"}'
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    HEADERS,
    len(NOT_FOUND_BODY),
    NOT_FOUND_BODY,
)


def serve(told: Connection) -> None:
    """Answer with constant bytes, as fast as Python can."""
    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    listener = socket.create_server(("127.0.0.1", 0))
    told.send(listener.getsockname()[1])
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=converse, args=(connection,), daemon=True).start()


def converse(connection: socket.socket) -> None:
    """One connection."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    waiting = b""
    while True:
        while b"\r\n\r\n" not in waiting:
            piece = connection.recv(65536)
            if not piece:
                return
            waiting += piece
        head, _, waiting = waiting.partition(b"\r\n\r\n")
        lower = head.lower()
        if b"content-length:" in lower:
            size = int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0])
            while len(waiting) < size:
                waiting += connection.recv(65536)
            waiting = waiting[size:]
        connection.sendall(NOT_FOUND if b"/gone" in head else NOT_MODIFIED if b"if-none-match" in lower else OK)


def cases(base: str) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Each case for plain requests, and for ours."""
    plain, ours = requests.Session(), AICSession(base)
    number = count()
    document = {"_id": "42", "_rev": "7", "text": "x" * 950}

    def gone(get: Callable[[str], requests.Response], url: str) -> None:
        try:
            get(url).raise_for_status()
        except requests.HTTPError as error:
            assert error.response is not None
            error.response.json()

    return {
        "first read": (lambda: plain.get(f"{base}/u/{next(number)}"), lambda: ours.get(f"/u/{next(number)}")),
        "repeated read": (lambda: plain.get(f"{base}/same"), lambda: ours.get("/same")),
        "repeated read, json": (lambda: plain.get(f"{base}/same").json(), lambda: ours.get("/same").json()),
        "put": (lambda: plain.put(f"{base}/put", json=document), lambda: ours.put("/put", json=document)),
        "404": (lambda: gone(plain.get, f"{base}/gone"), lambda: gone(ours.get, "/gone")),
    }


def measure(call: Callable[[], object], times: int) -> float:
    """Seconds of CPU for so many calls."""
    start = time.process_time()
    for _ in range(times):
        call()
    return time.process_time() - start


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--gate", type=float, help="exit with 1 if a ratio is above this")
    given = parser.parse_args()

    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    worst = 0.0
    print(f"{'case':22} {'requests':>9} {'ours':>9}   ratio (middle half)")
    for name, pair in cases(f"http://127.0.0.1:{here.recv()}").items():
        for call in pair:
            measure(call, given.batch)
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(given.rounds):
            for which in random.sample((0, 1), 2):
                times[which].append(measure(pair[which], given.batch) / given.batch * 1e6)
        ratios = sorted(mine / theirs for theirs, mine in zip(*times, strict=True))
        low, middle, high = statistics.quantiles(ratios, n=4)
        worst = max(worst, middle)
        plain, ours = (statistics.median(one) for one in times)
        print(f"{name:22} {plain:6.0f} us {ours:6.0f} us   {middle:.2f} ({low:.2f} to {high:.2f})")
    server.terminate()
    return int(given.gate is not None and worst > given.gate)


if __name__ == "__main__":
    sys.exit(main())
