"""``python -m aic_requests probe``, as somebody with a tenant runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from aic_requests.probe.run import QUESTIONS
from aic_requests.testing import AIC, CREST, OPENIDM, Fault, Tenant

from .test_probe import CLIENTS, USERS, altered_profile
from .test_walk import ANSI, run, run_in_terminal, surroundings, widest

ARGUMENTS = ("--collection", USERS)


def probed(tenant, *arguments, **environment):
    done = run("probe", tenant.url, *(arguments or ARGUMENTS), **environment)
    assert "Traceback" not in done.stderr
    return done


def as_json(tenant, *arguments, **environment):
    done = probed(tenant, *(arguments or ARGUMENTS), "--json", **environment)
    return done.returncode, json.loads(done.stdout)


def test_a_tenant_that_is_as_assumed():
    """Exit status 0; every question in the report, plain and within 80 columns; nothing on stderr."""
    with Tenant() as tenant:
        done = probed(tenant)
        assert tenant.collection(USERS).ids() == []
    assert (done.returncode, done.stderr) == (0, "")
    assert [question.name for question in QUESTIONS if f"\n  {question.name}: " not in done.stdout] == []
    assert "Differs" not in done.stdout
    assert done.stdout.rstrip().endswith("Nothing was left behind.")
    assert "\x1b" not in done.stdout
    assert widest(done.stdout) <= 80


def test_a_tenant_that_differs():
    """Exit status 1; what differs comes first, with what was assumed, what was answered and what follows."""
    with Tenant(altered_profile(ignores_match=True)) as tenant:
        done = probed(tenant)
    assert done.returncode == 1
    _, _, differing = done.stdout.partition("Differs from what the library assumes (3)\n")
    assert differing.startswith("  stale_put: A PUT under a revision that is no longer current\n    assumed:  412\n")
    assert "    answered: 200 OK\n    for you:  NO GUARD" in differing
    assert differing.index("NO GUARD") < differing.index("As assumed (") < differing.index("Could not be asked (3)")


def test_the_report_for_machines():
    """One JSON object with stable names; the exit status is the same."""
    with Tenant(altered_profile(ignores_match=True)) as tenant:
        status, report = as_json(tenant)
        url = tenant.url
    assert status == 1
    assert list(report) == ["base_url", "collection", "requests", "stopped", "differs", "findings", "left"]
    assert (report["base_url"], report["collection"], report["stopped"], report["left"]) == (url, USERS, None, [])
    assert report["differs"] == ["stale_put", "stale_patch", "stale_delete"]
    assert [finding["name"] for finding in report["findings"]] == [question.name for question in QUESTIONS]
    for finding in report["findings"]:
        assert list(finding) == ["name", "asked", "assumed", "verdict", "answered", "means"]
        assert finding["verdict"] in ("as assumed", "differs", "not asked")


def test_am_configuration():
    """A client without a secret, inactive, is what is made there."""
    with Tenant() as tenant:
        status, report = as_json(tenant, "--collection", CLIENTS)
        assert tenant.collection(CLIENTS).ids() == []
        created = json.loads(next(one.body for one in tenant.requests if one.status == 201))
    assert status == 1
    assert set(report["differs"]) == {"stale_put", "stale_patch", "stale_delete", "paging"}
    assert created["coreOAuth2ClientConfig"] == {"status": "Inactive"}


def test_a_document_of_ones_own(tmp_path):
    """``--document``, for collections that take no user."""
    file = tmp_path / "document.json"
    file.write_text('{"displayName": "{change}"}', "utf-8")
    with Tenant(CREST) as tenant:
        status, report = as_json(tenant, "--collection", "/users/", "--document", str(file))
        assert json.loads(next(one.body for one in tenant.requests if one.status == 201)).keys() == {"displayName"}
    assert status == 1
    assert set(report["differs"]) == {"transaction", "paging"}
    assert report["collection"] == "/users"


def test_credentials_of_the_environment():
    """The token goes out with every request, and no output holds it, whatever the server repeats."""
    token = "t0ken-of-mine"
    repeating = json.dumps({"code": 400, "message": f"what is Bearer {token}?"}).encode()
    with Tenant(tokens={token: "me"}) as tenant:
        tenant.faults.append(Fault("PATCH", status=409, body=repeating, headers=(("ETag", f'"{token}"'),)))
        tenant.faults.append(Fault("GET", f"{USERS}/*", after=1, status=200, headers=(("ETag", f'"{token}"'),)))
        tenant.faults.append(Fault("DELETE", times=99, status=403, body=repeating))
        done = probed(tenant, AIC_TOKEN=token)
        for_machines = probed(tenant, *ARGUMENTS, "--json", AIC_TOKEN=token)
    assert 401 not in {one.status for one in tenant.requests}
    assert "what is ***?" in " ".join(done.stdout.split()) or "Bearer ***" in done.stdout
    assert "t0ken" not in done.stdout + done.stderr + for_machines.stdout + for_machines.stderr


def test_a_name_and_a_password_decline_the_cookie():
    """So a self-hosted IDM shows no changing cookies."""
    with Tenant(OPENIDM) as tenant:
        _, report = as_json(
            tenant, "--collection", "/openidm/managed/user", AIC_USERNAME="admin", AIC_PASSWORD="s3cr3t-password"
        )
    assert "cookies" not in report["differs"]
    assert tenant.requests[0].headers["X-OpenIDM-Username"] == "admin"


def test_netrc_is_not_asked(tmp_path):
    """Another machine's habit must not decide who is asking."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password s3cr3t-password\n", "utf-8")
    with Tenant(tokens={"t0ken-of-mine": "me"}) as tenant:
        assert probed(tenant, NETRC=str(netrc), AIC_TOKEN="t0ken-of-mine").returncode == 0


def test_nobody_is_let_in():
    """Exit status 2, after one request; the report says why."""
    with Tenant(tokens={"t0ken-of-mine": "me"}) as tenant:
        done = probed(tenant, AIC_TOKEN="wr0ng-token")
        assert len(tenant.requests) == 1
    assert done.returncode == 2
    assert "Stopped early: the server does not know who is asking" in " ".join(done.stdout.split())
    assert "401 Unauthorized" in done.stdout
    assert "wr0ng" not in done.stdout + done.stderr


def test_a_server_that_is_not_there():
    """Exit status 2, one request."""
    with Tenant() as tenant:
        gone = tenant.url
    done = run("probe", gone, *ARGUMENTS)
    assert done.returncode == 2
    assert "no answer from the server" in " ".join(done.stdout.split())


def test_what_is_left_behind_is_said_last():
    """Exit status 1, and what to do, in both forms."""
    with Tenant() as tenant:
        tenant.faults.append(Fault("DELETE", times=99, status=403, body=b'{"code":403,"message":"no deletes"}'))
        done = probed(tenant)
        left = {f"{tenant.url}{USERS}/{made}" for made in tenant.collection(USERS).ids()}
        status, report = as_json(tenant)
        left_then = {f"{tenant.url}{USERS}/{made}" for made in tenant.collection(USERS).ids()} - left
    assert (done.returncode, status) == (1, 1)
    tail = done.stdout.partition("LEFT BEHIND. Remove it by hand:\n")[2]
    assert {line.strip().removeprefix("DELETE ") for line in tail.splitlines() if "DELETE" in line} == left
    assert "403 Forbidden: no deletes" in tail
    assert {(one["method"], one["url"]) for one in report["left"]} == {("DELETE", url) for url in left_then}


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        ([], {}, "BASE_URL"),
        (["https://tenant.example.com"], {}, "--collection"),
        (["tenant.example.com", *ARGUMENTS], {}, "base_url"),
        (["https://me:secretpw@tenant.example.com", *ARGUMENTS], {}, "base_url"),
        (["https://tenant.example.com", "--collection", "https://other.example.com/x"], {}, "--collection"),
        (["https://tenant.example.com", "--collection", "//other.example.com/x"], {}, "another origin"),
        (["https://tenant.example.com", "--collection", "/"], {}, "--collection"),
        (["https://tenant.example.com", "--collection", "/openidm/managed/../config"], {}, "--collection"),
        (["https://tenant.example.com", "--collection", f"{USERS}?_queryFilter=true"], {}, "--collection"),
        (["https://tenant.example.com", *ARGUMENTS, "--document", "/nowhere.json"], {}, "No such file"),
        (["https://tenant.example.com", *ARGUMENTS], {"AIC_TOKEN": "secretpw\nX: y"}, "AIC_TOKEN"),
        (["https://tenant.example.com", *ARGUMENTS], {"AIC_PASSWORD": "secretpw"}, "AIC_USERNAME"),
    ],
)
def test_wrong_arguments_are_said_so(arguments, environment, said):
    """Exit status 2 and what is wrong; nothing is sent, and no secret is repeated."""
    done = run("probe", *arguments, **environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "secretpw" not in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "no JSON object"),
        ("{", "Expecting"),
        ('{"a": "b"}', "{change}"),
        ('{"_id": "x", "a": "{change}"}', "_id"),
        ('{"_rev": "x", "a": "{change}"}', "_rev"),
        ("[" * 100_000, "nested"),
    ],
)
def test_a_document_that_cannot_be_used(text, said, tmp_path):
    """Exit status 2, before anything is sent."""
    file = tmp_path / "document.json"
    file.write_text(text, "utf-8")
    with Tenant() as tenant:
        done = probed(tenant, *ARGUMENTS, "--document", str(file))
    assert done.returncode == 2
    assert said in done.stderr
    assert not tenant.requests


@pytest.mark.parametrize(
    ("number", "status", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
)
def test_it_tidies_up_when_it_is_told_to_go(number, status, word):
    """SIGTERM and Ctrl-C, in the middle of a request: the report comes all the same, and nothing stays behind."""
    with Tenant() as tenant:
        tenant.faults.append(Fault("PUT", after=4, delay=3))
        command = [sys.executable, "-m", "aic_requests", "probe", tenant.url, *ARGUMENTS, "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=surroundings()) as process:
            deadline = time.monotonic() + 30
            while tenant.faults[0].times and time.monotonic() < deadline:
                time.sleep(0.02)
            os.kill(process.pid, number)
            report = json.loads(process.communicate(timeout=30)[0])
        time.sleep(3)
        assert tenant.collection(USERS).ids() == []
    assert process.returncode == status
    assert (report["stopped"], report["left"]) == (word, [])
    assert report["findings"]


def test_help_is_a_first_page():
    """What it does and leaves, what it needs, what the exit status means; and the main page names it."""
    done = run("probe", "--help")
    assert done.returncode == 0
    for words in (
        "removes them again",
        "requests",
        "AIC_TOKEN",
        "--collection",
        "--document",
        "{change}",
        "exit status",
    ):
        assert words in done.stdout
    assert "probe" in run("--help").stdout


def test_colour_and_progress_are_for_terminals():
    """There, what is being asked is said in one line that is wiped again; elsewhere there is none of either."""
    with Tenant(replace(AIC, echoes_transactions=False)) as tenant:
        done = probed(tenant)
        status, shown = run_in_terminal(100, "probe", tenant.url, *ARGUMENTS)
    assert status == done.returncode == 1
    assert (ANSI.sub("", done.stdout), done.stderr) == (done.stdout, "")
    assert f"\r\x1b[Kstale_put, of {len(QUESTIONS)} questions" in shown
    assert "\r\x1b[Khttp" in shown
    assert "\x1b[1;33mDiffers" in shown
