"""``python -m aic_requests``, as a newcomer runs it."""

import os
import pty
import re
import socket
import subprocess
import sys

import pytest

from aic_requests.testing import AIC, Fault, Profile, Tenant
from aic_requests.walk import Deviation, page_for, walk

USER = "/openidm/managed/alpha_user/42"

STEPS = [
    "Create",
    "Read",
    "Read again",
    "Write",
    "Somebody else writes",
    "Conflict",
    "The cure",
    "A lost answer",
    "A resource that demands a revision",
    "Delete",
]


def run(*arguments, **environment):
    known = {name: value for name, value in os.environ.items() if not name.startswith("AIC_") and name != "NO_COLOR"}
    return subprocess.run(
        [sys.executable, "-m", "aic_requests", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=known | environment,
        check=False,
    )


def test_it_walks_every_step_plain_when_piped():
    """Each step with its request and its answer, 80 columns, no colour, exit status 0."""
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^\d+\. (.+)$", done.stdout, re.MULTILINE) == STEPS
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    for shown in ("201 Created", "304 Not Modified, 0 bytes", "412 Precondition Failed", "428 Precondition Required"):
        assert shown in done.stdout
    assert "no answer, the connection broke" in done.stdout
    assert done.stdout.rstrip().endswith("Every step went as told.")


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colour_is_for_terminals_that_want_it(no_color, coloured):
    """As https://no-color.org has it."""
    leader, follower = pty.openpty()
    environment = os.environ | {"NO_COLOR": no_color, "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-m", "aic_requests"], stdout=follower, stderr=follower, env=environment
    ) as process:
        os.close(follower)
        output = b""
        try:
            while piece := os.read(leader, 65536):
                output += piece
        except OSError:
            # The other side of the terminal is closed.
            pass
    os.close(leader)
    assert process.returncode == 0
    assert (b"\x1b[" in output) is coloured


def test_on_a_real_tenant_it_only_reads():
    """GETs and nothing else, with the credential of the environment, which is not shown."""
    documents = {"/openidm/managed/alpha_user": [{"_id": "42", "userName": "bob"}]}
    with Tenant(documents=documents, tokens={"t0ken-of-mine": "me"}) as tenant:
        done = run("--base-url", tenant.url, "--path", USER, AIC_TOKEN="t0ken-of-mine")
        refused = run("--base-url", tenant.url, "--path", USER, AIC_TOKEN="wr0ng-token")
    assert done.returncode == 0, done.stderr
    assert "304 Not Modified" in done.stdout
    assert refused.returncode == 1
    assert "401 Unauthorized" in refused.stderr
    assert {one.method for one in tenant.requests} == {"GET"}
    assert "t0ken" not in done.stdout + done.stderr
    assert "wr0ng" not in refused.stdout + refused.stderr


def test_wrong_arguments_are_said_so():
    """Exit status 2 for what makes no sense, 1 and one line for a server that is not there."""
    for wrong in ("tenant.example.com", "https://me:pw@tenant.example.com"):
        done = run("--base-url", wrong)
        assert done.returncode == 2
        assert "base_url" in done.stderr
        assert "pw" not in done.stderr
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        done = run("--base-url", f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "no answer from the server" in done.stderr


@pytest.mark.parametrize(
    ("profile", "faults", "names"),
    [
        (Profile(tuple(b for b in AIC.behaviours if not b.demands_revision)), [], None),
        (AIC, [Fault("PUT", USER, after=3, status=200, body=b"{}", headers=(("ETag", '"x"'),))], "PreconditionFailed"),
        (AIC, [Fault("GET", USER, after=1, status=200, body=b'{"_id":"42"}')], "not served from memory"),
        (AIC, [Fault("DELETE", USER, status=200, body=b"{}")], "still there"),
    ],
)
def test_a_step_that_goes_wrong_is_noticed(profile, faults, names, capsys):
    """The walk holds each step against what the tenant was really sent and has."""
    tenant = Tenant(profile)
    tenant.faults.extend(faults)
    with tenant, pytest.raises((Deviation, Exception)) as caught:
        walk(tenant, page_for(sys.stdout))
    if names is not None:
        assert isinstance(caught.value, Deviation)
        assert names in str(caught.value)
