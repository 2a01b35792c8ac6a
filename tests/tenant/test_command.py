"""``python -m aic_requests.testing``: programs of their own, asked over the wire."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest
import requests

from ..keys import ACCOUNT, private_jwk

USERS = "/openidm/managed/alpha_user"
SEED = {USERS: [{"_id": "42", "userName": "bob"}]}


def command(*arguments):
    return [sys.executable, "-m", "aic_requests.testing", *map(str, arguments)]


@contextmanager
def running(*arguments, signals=signal.SIGINT, **environment):
    """A tenant on a free port: its url, and a list that gets its lines when it has ended, and its exit status."""
    known = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    with subprocess.Popen(
        command("--port", 0, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=known | environment,
    ) as program:  # fmt: skip
        first = program.stdout.readline()
        said = [first]
        try:
            yield first.partition(": ")[0], said
        finally:
            program.send_signal(signals)
            out, errors = program.communicate(timeout=10)
            said += [*out.splitlines(), program.returncode, errors]


@pytest.fixture
def seed(tmp_path):
    path = tmp_path / "users.json"
    path.write_text(json.dumps(SEED), "utf-8")
    return path


def test_it_says_what_it_is_asked_and_what_decided(seed):
    """Its address first; a line for each request; nothing on stderr, and 0 after Ctrl-C."""
    with running("--load", seed) as (url, said):
        assert requests.get(f"{url}{USERS}/42?access_token=hush", timeout=5).json()["userName"] == "bob"
        requests.put(f"{url}{USERS}/42", json={"userName": "ann"}, headers={"If-Match": '"7"'}, timeout=5)
    first, read, write, status, errors = said
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+: a tenant in the manner of aic\. Ctrl-C ends it\.\n", first)
    assert re.fullmatch(rf"\d\d:\d\d:\d\d GET {USERS}/42\?access_token=\*\*\* -> 200: read at .*-1", read)
    assert re.fullmatch(rf'\d\d:\d\d:\d\d PUT {USERS}/42 -> 412: If-Match "7", the resource is at ".*-1"', write)
    assert (status, errors) == (0, "")


def test_it_ends_as_quietly_when_it_is_told_to():
    """SIGTERM, as a script or a container sends it."""
    with running(signals=signal.SIGTERM) as (_, said):
        pass
    assert said[1:] == [0, ""]


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl (Debian: apt-get install curl)")
def test_curl(seed):
    """Any tool of any language can use it."""
    with running("--load", seed, "--token", "letmein=bob") as (url, _):
        ask = ["curl", "-s", "-i", "--max-time", "5", f"{url}{USERS}/42"]
        refused = subprocess.run(ask, capture_output=True, text=True, check=True).stdout
        good = [*ask, "-H", "Authorization: Bearer letmein"]
        answer = subprocess.run(good, capture_output=True, text=True, check=True).stdout
    assert refused.startswith("HTTP/1.1 401 ")
    assert answer.startswith("HTTP/1.1 200 OK")
    assert '"userName":"bob"' in answer


def test_what_it_can_be(tmp_path):
    """Other profiles, faults as JSON, log keys, service accounts."""
    with running("--profile", "openidm-orientdb", "--fault", '{"method": "GET", "status": 503}') as (url, _):
        assert requests.get(f"{url}/openidm/info/login", timeout=5).status_code == 503
        made = requests.put(f"{url}/openidm/managed/user/1", json={}, timeout=5)
        assert made.headers["ETag"] == '"1"'
    key = tmp_path / "key.json"
    key.write_text(json.dumps(private_jwk("k1")), "utf-8")
    with running("--log-key", "a=b", "--service-account", ACCOUNT, key, "--token-life", 60) as (url, _):
        headers = {"x-api-key": "a", "x-api-secret": "b"}
        assert requests.get(f"{url}/monitoring/logs/sources", headers=headers, timeout=5).status_code == 200
        assert requests.get(f"{url}/monitoring/logs/sources", timeout=5).status_code == 401
        assert requests.post(f"{url}/am/oauth2/access_token", timeout=5).json()["error"] == "invalid_request"


def test_a_port_that_is_taken():
    """One line on stderr, and 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(command("--port", port), capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"python -m aic_requests.testing: port {port}: Address already in use\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--load", "none.json"), "No such file or directory: 'none.json'"),
        (("--load", "bad.json"), "bad.json, /nowhere[0]: no collection at /nowhere"),
        (("--port", "x"), "'x' is no port"),
        (("--port", "99999"), "'99999' is no port"),
        (("--profile", "pingds"), "invalid choice: 'pingds'"),
        (("--token", "x"), "two words and = between them"),
        (("--fault", "{}"), "a fault that changes nothing"),
        (("--fault", '{"staus": 503}'), "unexpected keyword argument 'staus'"),
        (("--fault", "[]"), "a JSON object, not []"),
        (("--service-account", "x", "none.json"), "No such file"),
        (("--service-account", "x", "bad.json"), "the key of x is no RSA key"),
    ],
)
def test_arguments_that_make_no_sense(tmp_path, arguments, said):
    """Exit status 2, and the reason in the last line; nothing listens."""
    (tmp_path / "bad.json").write_text('{"/nowhere": [{"_id": "1"}]}', "utf-8")
    done = subprocess.run(command("--port", 0, *arguments), capture_output=True, text=True, timeout=30, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colours_on_a_terminal(environment, coloured):
    """Unless they are not wanted; and what is asked can do nothing to the terminal."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    known = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"}
    with subprocess.Popen(command("--port", 0), stdout=theirs, env=known | environment) as program:
        os.close(theirs)
        text = os.read(ours, 4096).decode()
        url = text.partition(": ")[0]
        requests.get(f"{url}/openidm/managed/alpha_user/x%1B[31m", timeout=5)
        text = os.read(ours, 4096).decode()
        program.send_signal(signal.SIGINT)
        assert program.wait(10) == 0
    os.close(ours)
    assert ("\x1b[33m404\x1b[0m" in text) is coloured
    assert text.count("\x1b") == (2 if coloured else 0)


def test_a_reader_that_has_seen_enough():
    """It goes on serving when nobody reads its lines any more."""
    program = subprocess.Popen(command("--port", 0), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    url = program.stdout.readline().partition(": ")[0]
    program.stdout.close()
    assert [requests.get(f"{url}/openidm/info/login", timeout=5).status_code for _ in range(3)] == [200] * 3
    program.send_signal(signal.SIGINT)
    errors = program.stderr.read()
    program.stderr.close()
    assert (program.wait(10), errors) == (0, "")
