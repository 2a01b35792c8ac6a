"""``python -m aic_requests``, as a newcomer runs it."""

import fcntl
import io
import os
import pty
import re
import socket
import struct
import subprocess
import sys
import termios
from dataclasses import replace

import pytest

import aic_requests.__main__ as command
from aic_requests import AICSession
from aic_requests.page import Page
from aic_requests.shown import Deviation, Shown
from aic_requests.testing import AIC, OPENIDM, Exchange, Fault, Profile, Tenant
from aic_requests.walk import STEPS, walk

USER = "/openidm/managed/alpha_user/42"
DOCUMENTS = {"/openidm/managed/alpha_user": [{"_id": "42", "userName": "bob"}]}
ANSI = re.compile(r"\x1b\[\d+m")

TITLES = [
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


def surroundings(**environment):
    """This machine's environment, without what would change the walk."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("AIC_")}
    for name in ("NO_COLOR", "COLUMNS", "TERM"):
        known.pop(name, None)
    return known | environment


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "aic_requests", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=surroundings(**environment),
        check=False,
    )


def run_in_terminal(columns, *arguments, **environment):
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-m", "aic_requests", *arguments],
        stdout=follower,
        stderr=follower,
        env=surroundings(TERM="xterm", **environment),
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
    return process.returncode, output.decode()


def widest(text):
    return max(map(len, ANSI.sub("", text).splitlines()))


def test_it_walks_every_step_plain_when_piped():
    """Each step with its request and its answer, 80 columns, no colour, exit status 0."""
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^\d+\. (.+)$", done.stdout, re.MULTILINE) == TITLES
    assert "\x1b" not in done.stdout
    assert widest(done.stdout) <= 80
    for shown in (
        "201 Created, 519 bytes",
        "304 Not Modified, 0 bytes",
        "519 bytes stayed",
        "412 Precondition Failed",
        "did not match the version",
        "428 Precondition Required",
        "send its revision",
        "no answer, the connection broke",
    ):
        assert shown in done.stdout
    assert done.stdout.rstrip().endswith("Every step went as told.")


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False)]
)
def test_colour_is_for_terminals_that_want_it(environment, coloured):
    """As https://no-color.org has it."""
    status, output = run_in_terminal(80, **environment)
    assert status == 0
    assert ("\x1b[" in output) is coloured
    assert [title for title in TITLES if title not in output] == []


@pytest.mark.parametrize(("columns", "whole_revisions"), [(50, False), (80, False), (160, True)])
def test_it_fits_the_terminal(columns, whole_revisions):
    """A wide one has room for whole revisions, in a narrow one both their ends are shown."""
    status, output = run_in_terminal(columns)
    assert status == 0
    assert widest(output) <= columns
    assert bool(re.search(r'If-Match: "[0-9a-f-]{36}-1"', output)) is whole_revisions


def test_what_is_shown_is_what_went_over_the_wire():
    """Step by step: the tenant's own record, whole and in order."""
    with Tenant() as tenant:
        shown = list(walk(tenant))
    assert [one for step in shown for one in step.exchanges] == list(tenant.requests)
    assert [step.title for step in shown] == TITLES == [step.title for step in STEPS]
    conflict = shown[5].exchanges[-1]
    assert conflict.headers["If-Match"] == shown[3].exchanges[-1].answered["ETag"]
    assert conflict.rule in {one.rule for one in tenant.requests if one.status == 412}


def test_it_needs_neither_proxy_nor_netrc():
    """The tenant is in this process: what stands between this machine and the world does not matter."""
    nowhere = "http://127.0.0.1:9"
    assert run(HTTP_PROXY=nowhere, http_proxy=nowhere, ALL_PROXY=nowhere, NO_PROXY="", no_proxy="").returncode == 0


def without(**change):
    """A tenant that does not do what AIC does."""
    return Profile(tuple(replace(behaviour, **change) for behaviour in AIC.behaviours), not_modified=True)


TAGGED = (("ETag", '"x"'), ("Content-Type", "application/json"))


@pytest.mark.parametrize(
    ("profile", "faults", "said"),
    [
        (without(ignores_match=True), [], "step 6, Conflict: PreconditionFailed was not raised"),
        (without(demands_revision=False), [], "step 9, A resource that demands a revision: 404"),
        (AIC, [Fault("PUT", USER, status=201, body=b"{}")], "step 1, Create: KeyError"),
        (AIC, [Fault("PUT", USER, status=200, commit=True, body=b"{}")], "step 1, Create: expected was PUT 201"),
        (AIC, [Fault("GET", USER, status=200, body=b"{}")], "step 2, Read: another document"),
        (AIC, [Fault("GET", USER, status=200, body=b"<html>")], "step 2, Read: "),
        (AIC, [Fault("GET", USER, after=1, status=200, body=b"{}")], "step 3, Read again: the read was not served"),
        (AIC, [Fault("PUT", USER, after=1, status=200, body=b"{}", headers=TAGGED)], "step 4, Write: the change is"),
        (AIC, [Fault("PUT", USER, after=3, status=200, body=b"{}", headers=TAGGED)], "step 6, Conflict: Precondition"),
        (AIC, [Fault("PUT", USER, after=3, status=503)], "step 6, Conflict: 503 Service Unavailable"),
        (AIC, [Fault("DELETE", USER, status=200, body=b"{}")], "step 10, Delete: the user is still there"),
        (AIC, [Fault("DELETE", USER, connection="drop")], "step 10, Delete: "),
        (without(revision="none"), [], "step 3, Read again: the read was not served from memory"),
    ],
)
def test_a_step_that_goes_wrong_is_named(profile, faults, said, monkeypatch, capsys):
    """Exit status 1, the step, and what the tenant saw of it."""

    def misbehaving():
        tenant = Tenant(profile)
        tenant.faults.extend(faults)
        return tenant

    monkeypatch.setattr(command, "Tenant", misbehaving)
    assert command.main([]) == 1
    printed = capsys.readouterr()
    assert f"This did not go as told: {said}" in printed.err
    assert "The tenant saw: " in printed.err
    assert "Every step" not in printed.out


@pytest.mark.parametrize(
    ("client", "said"),
    [
        (lambda url: AICSession(url, store=None), "step 3, Read again: the read was not served from memory"),
        (lambda url: AICSession(url, raise_for_status=False), "step 6, Conflict: PreconditionFailed was not raised"),
        (lambda url: AICSession("http://127.0.0.1:9", retries=0), "step 1, Create: ConnectionError"),
    ],
)
def test_a_client_that_goes_wrong_is_noticed_too(client, said, monkeypatch, capsys):
    """The walk trusts neither side."""
    monkeypatch.setattr("aic_requests.walk.AICSession", client)
    assert command.main([]) == 1
    assert said in capsys.readouterr().err


def test_a_write_that_goes_out_unguarded_is_noticed(monkeypatch, capsys):
    """By the tenant's own record: that the client is content proves nothing."""
    plain = AICSession.put
    monkeypatch.setattr(
        AICSession, "put", lambda self, url, **kwargs: plain(self, url, **{"headers": {"If-Match": None}} | kwargs)
    )
    assert command.main([]) == 1
    said = capsys.readouterr().err
    assert "step 4, Write: expected was PUT 200 If-Match. The tenant saw: PUT 200\n" in said


def test_on_a_real_tenant_it_only_reads():
    """GETs and nothing else, with the credential of the environment, which is not shown."""
    with Tenant(documents=DOCUMENTS, tokens={"t0ken-of-mine": "me"}) as tenant:
        done = run("--base-url", tenant.url, "--path", USER, AIC_TOKEN="t0ken-of-mine")
        login = run("--base-url", tenant.url, AIC_TOKEN=" t0ken-of-mine\n")
        before = tenant.collection("/openidm/managed/alpha_user").read("42")
        refused = run("--base-url", tenant.url, "--path", USER, AIC_TOKEN="wr0ng-token")
        assert tenant.collection("/openidm/managed/alpha_user").read("42") == before
    assert done.returncode == 0, done.stderr
    assert re.search(r"If-None-Match: .*", done.stdout)
    assert "304 Not Modified" in done.stdout
    assert login.returncode == 0
    assert refused.returncode == 1
    assert "401 Unauthorized" in refused.stderr
    assert [(one.method, one.status) for one in tenant.requests] == [("GET", 200), ("GET", 304)] * 2 + [("GET", 401)]
    assert "t0ken" not in done.stdout + done.stderr
    assert "wr0ng" not in refused.stdout + refused.stderr


def test_the_304_is_shown_as_it_came():
    """CREST's 304 has no ETag: none is shown beside it, although the kept 200 has one."""
    with Tenant(documents=DOCUMENTS) as tenant:
        done = run("--base-url", tenant.url, "--path", USER)
    first, second = done.stdout.split("2. Read again")
    assert first.count("ETag:") == 1
    assert second.count("ETag:") == 0


def test_name_and_password_are_those_of_idm():
    """In IDM's own headers, and without a session cookie, which would make each read another one."""
    documents = {"/openidm/managed/user": [{"_id": "42", "userName": "bob"}]}
    path = "/openidm/managed/user/42"
    with Tenant(OPENIDM, documents=documents) as tenant:
        done = run("--base-url", tenant.url, "--path", path, AIC_USERNAME="bob", AIC_PASSWORD="s3cr3t-password")
    assert [one.status for one in tenant.requests] == [200, 304]
    assert tenant.requests[0].headers["X-OpenIDM-Username"] == "bob"
    assert "X-OpenIDM-Password" in tenant.requests[0].headers
    assert done.returncode == 0
    assert "s3cr3t" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/openidm/managed/alpha_user?_queryFilter=true", "Read in full: there is nothing to ask with"),
        ("/openidm/config/x", "Read in full: there is nothing to ask with"),
    ],
)
def test_what_has_no_revision_is_read_in_full(path, said):
    """And said so. A query is not shown: it may hold what nobody should see."""
    documents = DOCUMENTS | {"/openidm/config": [{"_id": "x"}]}
    with Tenant(documents=documents) as tenant:
        done = run("--base-url", tenant.url, "--path", path)
    assert done.returncode == 0
    assert said in done.stdout
    assert "_queryFilter" not in done.stdout


def test_a_change_in_between_is_no_failure():
    """A real tenant is at work."""
    with Tenant(documents=DOCUMENTS) as tenant:
        tenant.faults.append(Fault("GET", USER, after=1, status=200, body=b"{}"))
        done = run("--base-url", tenant.url, "--path", USER)
    assert done.returncode == 0
    assert "it has changed in between" in done.stdout


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("GET", status=204), "step 1, Read: answered 204"),
        (Fault("GET", status=599, body=b"\x1b[31mno\nno"), "599: GET /openidm/managed/alpha_user/42: ?[31mno no"),
        (Fault("GET", status=200, headers=(("Content-Encoding", "gzip"),), body=b"no gzip"), "broke on the way"),
        (Fault("GET", times=9, connection="reset"), "no answer from the server"),
        (Fault("GET", status=302, headers=(("Location", "/nowhere"),)), "404 Not Found: GET /nowhere"),
        (Fault("GET", times=99, status=302, headers=(("Location", USER),)), "redirects without end"),
    ],
)
def test_a_real_tenant_that_fails_is_one_line(fault, said):
    """Exit status 1, the server's words, and nothing that a terminal would obey."""
    with Tenant(documents=DOCUMENTS) as tenant:
        tenant.faults.append(fault)
        done = run("--base-url", tenant.url, "--path", USER)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert said in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_a_redirect_is_shown():
    """Every exchange of it, but no Location: that may carry a token."""
    there = (("Location", f"{USER}?code=s3cr3t"),)
    with Tenant(documents=DOCUMENTS) as tenant:
        tenant.faults.append(Fault("GET", "/here", times=2, status=302, headers=there))
        done = run("--base-url", tenant.url, "--path", "/here")
    assert done.returncode == 0
    assert done.stdout.count("302 Found") == 2
    assert done.stdout.count(f"GET {USER}?...") == 2
    assert "s3cr3t" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "names"),
    [
        (["--base-url", "tenant.example.com"], {}, "base_url"),
        (["--base-url", ""], {}, "base_url"),
        (["--base-url", "https://me:secretpw@tenant.example.com"], {}, "base_url"),
        (["--base-url", "https://tenant.example.com", "--path", "https://other.example.com/x"], {}, "--path"),
        (["--path", "/x"], {}, "--base-url"),
        (["--bas-url"], {}, "unrecognized"),
        (["--base-url", "https://tenant.example.com"], {"AIC_TOKEN": "secretpw\nX: y"}, "AIC_TOKEN"),
        (["--base-url", "https://tenant.example.com"], {"AIC_TOKEN": "secretpw\u20ac"}, "AIC_TOKEN"),
        (["--base-url", "https://tenant.example.com"], {"AIC_PASSWORD": "secretpw"}, "AIC_USERNAME"),
    ],
)
def test_wrong_arguments_are_said_so(arguments, environment, names):
    """Exit status 2 and what is wrong; no secret is repeated."""
    done = run(*arguments, **environment)
    assert done.returncode == 2
    assert names in done.stderr
    assert "Traceback" not in done.stderr
    assert "secretpw" not in done.stderr


def test_a_server_that_is_not_there():
    """Exit status 1, one line."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        done = run("--base-url", f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "no answer from the server" in done.stderr


def test_help_says_where_the_credentials_are():
    """And what the exit status means."""
    done = run("--help")
    assert done.returncode == 0
    for name in ("AIC_TOKEN", "AIC_USERNAME", "AIC_PASSWORD", "--base-url", "--path", "exit status", "NO_COLOR"):
        assert name in done.stdout


def test_a_reader_who_has_seen_enough():
    """``| head -1``: no traceback."""
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-m", "aic_requests"], stdout=writing, stderr=subprocess.PIPE, text=True, env=surroundings()
    ) as process:
        os.close(writing)
        os.close(reading)
        assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 1


def test_a_terminal_that_knows_ascii_only():
    """What it cannot show is a question mark."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    page = Page.on(out)
    one = Exchange("GET", "/é", "", {}, 299, "", b"", {"ETag": '"\x1b[1m"'})
    Shown("Read", [one], "Füße\x07.").on(page, 1)
    out.seek(0)
    assert out.read() == (f'\n1. Read\n  {"GET /?":<38}  299, 0 bytes\n  {"":<38}  ETag: "?[1m"\n  F??e?.\n')


def test_a_deviation_is_no_error_of_the_library():
    """It says something about the tenant, or about us: nobody should catch it with ``requests``' errors."""
    assert not issubclass(Deviation, OSError)
