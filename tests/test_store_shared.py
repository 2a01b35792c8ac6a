"""One file, several processes: what one has read serves all, what one writes none serves as it was before."""

import contextlib
import json
import os
import subprocess
import sys

import pytest

from aic_requests import AICSession, SQLiteStore
from aic_requests.testing import Tenant

USERS = "/openidm/managed/alpha_user"

#: A process that reads and writes what others read and write at the same time. Every write counts on, so that a read
#: may show no less than the server had before it began, and no more than it has after.
WORKER = """
import json, random, sys
import requests
from aic_requests import AICSession, SQLiteStore

url, file, seed = sys.argv[1:]
chance = random.Random(seed)
store = SQLiteStore(file, no_store="keep", max_bytes=30_000)
session = AICSession(url, store=store, auth=("me", "s3cr3tXyzzy"))
outside = requests.Session()
outside.trust_env = False
now = lambda path: outside.get(url + path).json()["n"]
hits = written = 0
for step in range(120):
    path = f"/openidm/managed/alpha_user/{chance.randrange(6)}"
    if chance.random() < 0.7:
        before = now(path)
        response = session.get(path)
        hits += response.from_cache
        document = response.json()
        assert before <= document["n"] <= now(path), (path, before, document)
        assert document["text"] == str(document["n"]) * 200, path
        assert response.headers["ETag"] == f'"{document["_rev"]}"'
    else:
        def change(document):
            n = document["n"] + 1
            return document | {"n": n, "text": str(n) * 200}
        session.update(path, change, attempts=50)
        written += 1
print(json.dumps({"hits": hits, "written": written}))
"""


@pytest.fixture
def tenant():
    users = [{"_id": str(number), "userName": f"u{number}", "n": 0, "text": "0" * 200} for number in range(6)]
    with Tenant(documents={USERS: users}) as tenant:
        yield tenant


def processes(code, *arguments):
    """Run it with each of some arguments, at the same time; what each has printed."""
    command = [sys.executable, "-W", "error", "-c", code]
    running = [
        subprocess.Popen([*command, *given], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for given in arguments
    ]
    outputs = [one.communicate(timeout=120) for one in running]
    assert [one.returncode for one in running] == [0] * len(running), [error for _, error in outputs]
    return [json.loads(output) for output, _ in outputs]


def test_four_processes_read_and_write(tenant, tmp_path):
    """Each read is what the server had at that time, and no update is lost; what one has read serves the others."""
    file = tmp_path / "store.db"
    told = processes(WORKER, *([tenant.url, str(file), str(seed)] for seed in range(4)))
    assert sum(one["hits"] for one in told) > 20
    counted = sum(tenant.collection(USERS).read(str(number))["n"] for number in range(6))
    assert counted == sum(one["written"] for one in told)
    assert b"s3cr3tXyzzy" not in file.read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == ["store.db"]


READER = """
import json, sys
from requests.auth import AuthBase
from aic_requests import AICSession, SQLiteStore

url, file, how = sys.argv[1:]

class Signed(AuthBase):
    identity = "service account 7"
    def __call__(self, request):
        import secrets
        request.headers["Authorization"] = f"Bearer {secrets.token_hex(20)}"
        return request

auths = {"basic": ("me", "s3cr3t"), "another": ("me", "0ther"), "named": Signed()}
with AICSession(url, store=SQLiteStore(file, no_store="keep"), auth=auths[how]) as session:
    print(json.dumps(session.get("/openidm/managed/alpha_user/1").from_cache))
"""


@pytest.mark.parametrize("how", ["basic", "named"])
def test_the_same_caller_is_found_in_another_process(tenant, tmp_path, how):
    """By the same Authorization, or by a lasting name under ever new tokens; nobody else is."""
    file = str(tmp_path / "store.db")
    asked = (how, how, "another", how)
    assert [processes(READER, [tenant.url, file, who]) for who in asked] == [[False], [True], [False], [True]]


def test_a_304_writes_nothing(tenant, tmp_path):
    """Not a byte of the file or of its log, however often it is read."""
    file = tmp_path / "store.db"
    with contextlib.closing(SQLiteStore(file, no_store="keep")) as store:
        session = AICSession(tenant.url, store=store)
        session.get(f"{USERS}/1")

        def looks():
            now = [os.stat(f"{file}{beside}") for beside in ("", "-wal")]
            return [(one.st_ino, one.st_size, one.st_mtime_ns) for one in now]

        before = looks()
        for _ in range(20):
            assert session.get(f"{USERS}/1").from_cache
        assert looks() == before


def test_what_is_kept_is_replayed_in_full(tenant, tmp_path):
    """The next process gets the body, and of the headers those that describe it; the 304 has brought the others."""
    answers = []
    for _ in range(2):
        with AICSession(tenant.url, store=SQLiteStore(tmp_path / "store.db", no_store="keep")) as session:
            answers.append(session.get(f"{USERS}/1"))
    first, second = answers
    assert (first.from_cache, second.from_cache) == (False, True)
    assert (second.content, second.json(), second.encoding) == (first.content, first.json(), first.encoding)
    assert {name.lower() for name in first.headers} <= {name.lower() for name in second.headers}


def test_by_default_nothing_of_idm_is_kept(tenant, tmp_path):
    """It marks all its answers no-store: reads are right, and in full."""
    with AICSession(tenant.url, store=SQLiteStore(tmp_path / "store.db")) as session:
        for _ in range(2):
            response = session.get(f"{USERS}/1")
            assert "no-store" in response.headers["Cache-Control"]
            assert not response.from_cache
        assert session.cache_info().entries == 0
