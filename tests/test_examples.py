"""The examples, run as a user runs them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aic_requests.testing import Fault, Tenant

EXAMPLES = Path(__file__).parent.parent / "examples"
USERS = "/openidm/managed/alpha_user"


@pytest.fixture
def tenant():
    users = [{"_id": str(n), "userName": f"user{n}", "mail": f"user{n}@example.com"} for n in range(1, 8)]
    with Tenant(documents={USERS: users}) as tenant:
        yield tenant


def run(script, *arguments, tenant=None, stdin="\n", **environment):
    known = {name: value for name, value in os.environ.items() if not name.startswith("AIC_")}
    if tenant is not None:
        environment["AIC_BASE_URL"] = tenant.url
    return subprocess.run(
        [sys.executable, EXAMPLES / f"{script}.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        input=stdin,
        timeout=60,
        env=known | environment,
        check=False,
    )


def test_guarded_edit(tenant):
    """It writes what nobody else has changed."""
    done = run("guarded_edit", 1, "mail", "new@example.com", tenant=tenant)
    assert (done.returncode, done.stderr) == (0, "")
    assert tenant.collection(USERS).read("1")["mail"] == "new@example.com"


def test_guarded_edit_refuses_what_somebody_changed(tenant):
    """And says what; --again repeats the change on the new state."""
    script = [sys.executable, EXAMPLES / "guarded_edit.py", "1", "mail", "new@example.com"]
    environment = os.environ | {"AIC_BASE_URL": tenant.url}
    with subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.read(len("user1@example.com -> "))
        tenant.collection(USERS).write("1", tenant.collection(USERS).read("1") | {"sn": "Changed"})
        output, _ = process.communicate("\n", timeout=30)
    assert process.returncode == 1
    assert "Changed since it was read: _rev, sn" in output
    assert tenant.collection(USERS).read("1")["mail"] == "user1@example.com"
    assert run("guarded_edit", 1, "mail", "new@example.com", "--again", tenant=tenant).returncode == 0
    assert tenant.collection(USERS).read("1")["sn"] == "Changed"


def test_changed_users(tenant):
    """The second round costs no bodies."""
    done = run("changed_users", 1, 2, 3, "--rounds", 3, "--seconds", 0, tenant=tenant)
    assert done.returncode == 0
    assert "6 of 9 reads were not modified" in done.stdout


def test_deactivate_users(tenant, tmp_path):
    """Each user once, with a record that can be resumed; a lost answer is settled."""
    leavers, record = tmp_path / "leavers.csv", tmp_path / "done.csv"
    leavers.write_text("_id,name\n1,a\n2,b\nnobody,c\n3,d\n1,a\n")
    tenant.faults.append(Fault("PUT", f"{USERS}/2", status=502, commit=True))
    tenant.faults.append(Fault("PUT", f"{USERS}/3", status=403, body=b'{"code":403,"message":"no"}'))
    done = run("deactivate_users", leavers, "--record", record, tenant=tenant)
    assert done.returncode == 1, done.stderr
    assert [line.split(",")[:2] for line in record.read_text().splitlines()] == [
        ["_id", "result"],
        ["1", "done"],
        ["2", "done"],
        ["nobody", "missing"],
        ["3", "failed"],
    ]
    again = run("deactivate_users", leavers, "--record", record, tenant=tenant)
    assert again.returncode == 0
    assert "3 before, now: {'done': 1}" in again.stdout
    statuses = {user: tenant.collection(USERS).read(user).get("accountStatus") for user in "1234"}
    assert statuses == {"1": "inactive", "2": "inactive", "3": "inactive", "4": None}


def test_deactivate_users_with_a_wrong_file(tenant, tmp_path):
    """Nothing is written, and the message names the file and the column."""
    (tmp_path / "wrong.csv").write_text("user\n1\n")
    done = run("deactivate_users", tmp_path / "wrong.csv", "--record", tmp_path / "done.csv", tenant=tenant)
    assert done.returncode == 1
    assert "has no column '_id'" in done.stderr
    assert not (tmp_path / "done.csv").exists()


def test_compare_realms(tenant):
    """Revisions aside, by value."""
    for realm, lifetime in (("alpha", 60), ("bravo", 30)):
        services = tenant.collection(f"/am/json/realms/root/realms/{realm}/realm-config/services")
        services.write("oauth-oidc", {"lifetime": lifetime, "same": 1})
        services.write("baseurl", {"source": "FIXED"})
    done = run("compare_realms", "services/oauth-oidc", "services/baseurl", tenant=tenant)
    assert (done.returncode, done.stdout) == (1, "services/oauth-oidc lifetime: 60 in alpha, 30 in bravo\n")
    same = run("compare_realms", "services/baseurl", tenant=tenant)
    assert (same.returncode, same.stdout) == (0, "The same.\n")


def test_counter(tenant):
    """Several processes at once draw each number once, some answers lost on the way."""
    path = "/openidm/managed/alpha_counter/invoices"
    tenant.faults.append(Fault("PUT", path, times=3, after=4, connection="drop", commit=True))
    environment = os.environ | {"AIC_BASE_URL": tenant.url}
    processes = [
        subprocess.Popen(
            [sys.executable, EXAMPLES / "counter.py", path, "--times", "5"],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(3)
    ]
    drawn = [int(line) for process in processes for line in process.communicate(timeout=60)[0].split()]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert tenant.collection("/openidm/managed/alpha_counter").read("invoices")["count"] == 15
    assert sorted(drawn) == list(range(1, 16))


def test_wrong_credentials():
    """One line with the server's words, without the token."""
    with Tenant(tokens={"right": "me"}) as tenant:
        done = run("changed_users", 1, tenant=tenant, AIC_TOKEN="wrong-s3cr3t")
    assert done.returncode == 1
    assert "401 Unauthorized: GET /openidm/managed/alpha_user/1: Access Denied" in done.stderr
    assert "s3cr3t" not in done.stderr


@pytest.mark.parametrize("script", sorted(path.stem for path in EXAMPLES.glob("*.py") if path.stem != "environment"))
def test_every_script_explains_itself(script):
    """--help works, and without a tenant it says what is missing."""
    helped = run(script, "--help")
    assert (helped.returncode, "--base-url" in helped.stdout) == (0, True)
