"""The genuine server itself: what it can be told to do wrong, and that it is no burden."""

import shutil
import subprocess
import sys
import textwrap
import time
import urllib.request
from pathlib import Path

import pytest
import requests

from .. import crest_server as genuine

ID = iter(range(10_000))


@pytest.fixture
def plain():
    """A session of requests' own: nothing is repeated, nothing kept."""
    with requests.Session() as session:
        yield session


@pytest.fixture
def user(crest_server, plain):
    """The address of a new resource at revision 0."""
    url = f"{crest_server}/crest/users/fault{next(ID)}"
    assert plain.put(url, json={"n": 0}).headers["ETag"] == '"0"'
    return url


@pytest.mark.parametrize(
    ("collection", "etag", "rev"),
    [("users", True, True), ("strings", True, True), ("inside", False, True), ("absent", False, False)],
)
def test_revisions_are_of_every_kind(crest_server, plain, collection, etag, rev):
    """Numbers and texts in both places, in the body alone, and none."""
    answer = plain.put(f"{crest_server}/crest/{collection}/kind", json={"n": 0})
    assert ("ETag" in answer.headers, "_rev" in answer.json()) == (etag, rev)
    stale = plain.put(answer.url, json={"n": 1}, headers={"If-Match": '"other"'})
    assert stale.status_code == (412 if rev else 200)


def test_a_compressing_server_marks_its_tags(crest_server, plain, user):
    """The same resource behind the other context: the tag has a suffix, which is taken off again."""
    url = user.replace("/crest/", "/gz/")
    answer = plain.get(url)
    assert (answer.headers["ETag"], answer.headers["Content-Encoding"]) == ('"0--gzip"', "gzip")
    assert plain.get(url, headers={"If-None-Match": '"0--gzip"'}).status_code == 304
    assert plain.get(user).headers["ETag"] == '"0"'


@pytest.mark.parametrize(("fault", "revision"), [("status=503", "0"), ("status=503;when=after", "1")])
def test_a_status_comes_before_or_after_the_commit(plain, user, fault, revision):
    """The answer is the same, what is stored is not."""
    answer = plain.put(user, json={"n": 1}, headers={"X-Fault": fault + ";retry-after=7"})
    assert (answer.status_code, answer.headers["Retry-After"], answer.content) == (503, "7", b"")
    assert plain.get(user).json()["_rev"] == revision


@pytest.mark.parametrize(("fault", "revision"), [("drop", "0"), ("drop;when=after", "1")])
def test_a_connection_is_dropped_before_or_after_the_commit(plain, user, fault, revision):
    """There is no answer, and what is stored differs."""
    with pytest.raises(requests.ConnectionError):
        plain.put(user, json={"n": 1}, headers={"X-Fault": fault})
    assert plain.get(user).json()["_rev"] == revision


def test_a_body_is_cut(plain, user):
    """The connection ends in the middle of it."""
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        plain.get(user, headers={"X-Fault": "truncate"})


def test_a_tag_is_changed(plain, user):
    """The answer says another revision than the resource has."""
    answer = plain.get(user, headers={"X-Fault": 'etag=W/"9"'})
    assert (answer.headers["ETag"], answer.json()["_rev"]) == ('W/"9"', "0")


def test_an_answer_is_late(plain, user):
    """By as many seconds as were asked for."""
    before = time.monotonic()
    assert plain.get(user, headers={"X-Fault": "delay=0.2"}).ok
    assert time.monotonic() - before >= 0.2


def test_a_fault_strikes_the_first_times_only(plain, user):
    """A repeated request can carry one constant header; another key counts anew."""
    for key in ("a", "b"):
        headers = {"X-Fault": f"status=500;times=2;key={user}{key}"}
        assert [plain.get(user, headers=headers).status_code for _ in range(4)] == [500, 500, 200, 200]


def test_nothing_is_built_twice(crest_server, monkeypatch):
    """What was built for these sources is used again; another source is built anew."""
    asked = []
    monkeypatch.setattr(genuine, "build", asked.append)
    folder = genuine.built()
    assert (folder / "classes" / "CrestServer.class").exists()
    assert asked == []
    monkeypatch.setattr(genuine, "sources", lambda: b"other")
    other = genuine.built()
    shutil.rmtree(other, ignore_errors=True)
    assert asked == [other] != [folder]


def test_it_ends_with_its_parent(crest_server):
    """However that ends: no server is left behind by a run that was killed."""
    program = """
        import os, sys
        from tests.crest_server import running
        with running() as url:
            print(url, flush=True)
            os._exit(1)
    """
    parent = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=Path(__file__).parents[2],
    )
    url = parent.stdout.strip()
    assert url.startswith("http://127.0.0.1:"), parent.stderr
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/crest/users?_queryFilter=true", timeout=1).close()
        except OSError:
            return
        time.sleep(0.05)
    pytest.fail("the server outlived the process that started it")
