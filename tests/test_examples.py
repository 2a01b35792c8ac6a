"""The examples, run as a user runs them."""

import csv
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from aic_requests.testing import OPENIDM, Fault, ServiceAccount, Tenant

from .am_sessions import OpenAM
from .keys import ACCOUNT, private_jwk, public_jwk
from .wire import serving

EXAMPLES = Path(__file__).parent.parent / "examples"
USERS = "/openidm/managed/alpha_user"
HTML = (("Content-Type", "text/html"),)


@pytest.fixture
def tenant():
    users = [{"_id": str(n), "userName": f"user{n}", "mail": f"user{n}@example.com"} for n in range(1, 8)]
    with Tenant(documents={USERS: users}) as tenant:
        yield tenant


def surroundings(tenant=None, **environment):
    """This machine's environment, without what is meant for a real tenant."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("AIC_")}
    if tenant is not None:
        environment["AIC_BASE_URL"] = tenant.url
    return known | environment


def run(script, *arguments, tenant=None, stdin="\n", **environment):
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{script}.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        input=stdin,
        timeout=60,
        env=surroundings(tenant, **environment),
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


def start(script, *arguments, tenant, **options):
    return subprocess.Popen(
        [sys.executable, EXAMPLES / f"{script}.py", *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env=surroundings(tenant),
        **options,
    )


def methods(tenant):
    return [one.method for one in tenant.requests]


# guarded_edit


@pytest.mark.parametrize(("arguments", "stdin"), [([], "\n"), ([], "yes\n"), (["--yes"], "")])
def test_guarded_edit(tenant, arguments, stdin):
    """It writes what nobody else has changed, under the revision that was read."""
    done = run("guarded_edit", 1, "mail", "new@example.com", *arguments, tenant=tenant, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "")
    assert tenant.collection(USERS).read("1")["mail"] == "new@example.com"
    assert tenant.requests[-1].headers["If-Match"] == tenant.requests[0].answered["ETag"]


def test_guarded_edit_asks_first(tenant):
    """No is no, and nobody is no yes."""
    assert run("guarded_edit", 1, "mail", "new@example.com", tenant=tenant, stdin="n\n").returncode == 1
    nobody = run("guarded_edit", 1, "mail", "new@example.com", tenant=tenant, stdin="")
    assert (nobody.returncode, "--yes" in nobody.stderr) == (2, True)
    assert methods(tenant) == ["GET", "GET"]


def test_guarded_edit_refuses_what_somebody_changed(tenant):
    """And says what; --again repeats the change on the new state."""
    users = tenant.collection(USERS)
    with start("guarded_edit", 1, "mail", "new@example.com", tenant=tenant, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.read(len("user1@example.com -> "))
        users.write("1", users.read("1") | {"sn": "Changed"})
        output, _ = process.communicate("\n", timeout=30)
    assert process.returncode == 1
    assert "did not match the version" in output
    assert "  sn: None -> 'Changed'" in output
    assert "  mail" not in output
    assert users.read("1")["mail"] == "user1@example.com"
    assert run("guarded_edit", 1, "mail", "new@example.com", "--again", tenant=tenant).returncode == 0
    assert (users.read("1")["sn"], users.read("1")["mail"]) == ("Changed", "new@example.com")


@pytest.mark.parametrize(
    ("user", "attribute", "said"),
    [
        ("nobody", "mail", "404 Not Found: GET /openidm/managed/alpha_user/nobody"),
        ("1", "_id", "_id is the server's"),
        ("1", "tags", "tags is no text but list"),
        ("..", "mail", "'..' is no _id"),
    ],
)
def test_guarded_edit_of_what_cannot_be_edited(tenant, user, attribute, said):
    """Exit status 2, one line, nothing written."""
    tenant.collection(USERS).write("1", tenant.collection(USERS).read("1") | {"tags": []})
    for how in ("--yes", "--again"):
        done = run("guarded_edit", user, attribute, "x", how, tenant=tenant)
        assert done.returncode == 2
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert set(methods(tenant)) <= {"GET"}


# changed_users


def test_changed_users(tenant):
    """The second round costs no bodies."""
    done = run("changed_users", 1, 2, 3, "--rounds", 3, "--seconds", 0, tenant=tenant)
    assert done.returncode == 0
    assert done.stdout.startswith("6 reads were not modified; ")
    assert [one.status for one in tenant.requests] == [200] * 3 + [304] * 6
    saved = 2 * sum(one.size for one in list(tenant.requests)[:3])
    assert f"{saved} bytes were not sent" in done.stdout


def test_changed_users_says_what_has_changed(tenant):
    """Changed, deleted, created, and not there at all."""
    users = tenant.collection(USERS)
    with start("changed_users", 1, 2, 3, "new", "nobody", "--seconds", 3, tenant=tenant) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline(), process.stdout.readline()]
        users.write("1", users.read("1") | {"mail": "other@example.com", "sn": "Other"})
        users.delete("2")
        users.write("new", {"userName": "new"})
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert lines == ["new is not there\n", "nobody is not there\n"]
    assert output.splitlines()[:-1] == ["1 has changed: mail, sn", "2 was deleted", "new was created"]
    assert output.splitlines()[-1].startswith("1 reads were not modified")


def test_changed_users_does_not_take_a_booting_server_for_a_deletion(tenant):
    """Its 404 is HTML."""
    tenant.faults.append(Fault("GET", after=1, status=404, headers=HTML, body=b"<html>no</html>"))
    done = run("changed_users", 1, "--seconds", 0, tenant=tenant)
    assert (done.returncode, "404 Not Found" in done.stderr) == (2, True)
    assert "deleted" not in done.stdout


def test_changed_users_of_a_self_hosted_idm():
    """Name and password in IDM's headers; without its session cookies, which would make each read another one."""
    users = "/openidm/managed/user"
    with Tenant(OPENIDM, documents={users: [{"_id": "1", "userName": "user1"}]}) as tenant:
        credentials = {"AIC_USERNAME": "admin", "AIC_PASSWORD": "pa55word"}
        done = run("changed_users", 1, "--seconds", 0, "--users", users, tenant=tenant, **credentials)
    assert done.returncode == 0
    assert [one.status for one in tenant.requests] == [200, 304]
    assert tenant.requests[0].headers["X-OpenIDM-Username"] == "admin"


# deactivate_users


def results(record):
    with record.open(newline="", encoding="utf-8") as lines:
        return sorted((row["_id"], row["result"]) for row in csv.DictReader(lines))


def test_deactivate_users(tenant, tmp_path):
    """Each user once, with a record that can be resumed; a lost answer is settled."""
    leavers, record = tmp_path / "leavers.csv", tmp_path / "done.csv"
    leavers.write_text("_id,name\n1,a\n2,b\nnobody,c\n3,d\n1,a\n")
    tenant.faults.append(Fault("PUT", f"{USERS}/2", status=502, commit=True))
    tenant.faults.append(Fault("PUT", f"{USERS}/3", status=403, body=b'{"code":403,"message":"no"}'))
    done = run("deactivate_users", leavers, "--record", record, tenant=tenant)
    assert done.returncode == 1, done.stderr
    assert results(record) == [("1", "done"), ("2", "done"), ("3", "failed"), ("nobody", "missing")]
    assert "403 Forbidden" in record.read_text()
    again = run("deactivate_users", leavers, "--record", record, tenant=tenant)
    assert again.returncode == 0
    assert "3 before, now: {'done': 1}" in again.stdout
    asked = len(tenant.requests)
    assert "nothing to do" in run("deactivate_users", leavers, "--record", record, tenant=tenant).stdout
    assert len(tenant.requests) == asked
    statuses = {user: tenant.collection(USERS).read(user).get("accountStatus") for user in "1234"}
    assert statuses == {"1": "inactive", "2": "inactive", "3": "inactive", "4": None}
    assert [one.path for one in tenant.requests if one.method == "PUT"].count(f"{USERS}/1") == 1


def test_deactivate_users_keeps_what_others_write(tenant, tmp_path):
    """A conflict is read again: both changes are in."""
    (tmp_path / "leavers.csv").write_text("_id\n1\n")
    conflict = b'{"code":412,"reason":"Precondition Failed","message":"not the version"}'
    tenant.faults.append(Fault("PUT", f"{USERS}/1", status=412, body=conflict))
    done = run("deactivate_users", tmp_path / "leavers.csv", "--record", tmp_path / "done.csv", tenant=tenant)
    assert done.returncode == 0
    assert methods(tenant) == ["GET", "PUT", "GET", "PUT"]
    assert tenant.collection(USERS).read("1")["mail"] == "user1@example.com"


@pytest.mark.parametrize("left", ["2,do", "2", '2,failed,"half a rea', "2,done,"])
def test_half_a_line_of_a_record_does_not_count(tenant, tmp_path, left):
    """A crash in the middle of a line leaves that user to be done again, and the record whole."""
    leavers, record = tmp_path / "leavers.csv", tmp_path / "done.csv"
    leavers.write_text("_id\n1\n2\n")
    record.write_bytes(f"_id,result,reason\r\n1,done,\r\n{left}".encode())
    done = run("deactivate_users", leavers, "--record", record, tenant=tenant)
    assert done.returncode == 0
    assert results(record) == [("1", "done"), ("2", "done")]
    assert tenant.collection(USERS).read("2")["accountStatus"] == "inactive"


@pytest.mark.parametrize("left", ["", "_id,res"])
def test_a_record_that_was_only_begun_is_begun_again(tenant, tmp_path, left):
    """As if it were not there."""
    (tmp_path / "leavers.csv").write_text("_id\n1\n")
    (tmp_path / "done.csv").write_text(left)
    done = run("deactivate_users", tmp_path / "leavers.csv", "--record", tmp_path / "done.csv", tenant=tenant)
    assert done.returncode == 0
    assert results(tmp_path / "done.csv") == [("1", "done")]


def test_another_file_is_no_record(tenant, tmp_path):
    """It is not touched: not even the end of its last line."""
    leavers = tmp_path / "leavers.csv"
    leavers.write_text("_id,name\n1,a\n2,b")
    done = run("deactivate_users", leavers, "--record", leavers, tenant=tenant)
    assert done.returncode == 2
    assert "no record of this script" in done.stderr
    assert leavers.read_text() == "_id,name\n1,a\n2,b"
    assert methods(tenant) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"user\n1\n", "has no column '_id'"),
        (b"", "has no column '_id'"),
        (b"_id,name\n1,a\n,b\n", "line 3: no text in column _id"),
        (b"name,_id\na,1\nb\n", "line 3: no text in column _id"),
        (b'_id\n"1\n', "is no CSV file in UTF-8"),
        (b"_id\n\xe9\n", "is no CSV file in UTF-8"),
        (None, "No such file"),
    ],
)
def test_deactivate_users_with_a_wrong_file(tenant, tmp_path, content, said):
    """Nothing is sent, and the message names the file and what is wrong with it."""
    wrong = tmp_path / "wrong.csv"
    if content is not None:
        wrong.write_bytes(content)
    done = run("deactivate_users", wrong, "--record", tmp_path / "done.csv", tenant=tenant)
    assert done.returncode == 2
    assert said in done.stderr
    assert "wrong.csv" in done.stderr
    assert not (tmp_path / "done.csv").exists()
    assert methods(tenant) == []


def test_an_id_stays_in_its_collection(tenant, tmp_path):
    """Whatever is in the file, no other resource is reached."""
    (tmp_path / "leavers.csv").write_text("_id\n../alpha_user/3\n2?_fields=mail\n..\n")
    done = run("deactivate_users", tmp_path / "leavers.csv", "--record", tmp_path / "done.csv", tenant=tenant)
    assert done.returncode == 1
    assert results(tmp_path / "done.csv") == [
        ("..", "failed"),
        ("../alpha_user/3", "missing"),
        ("2?_fields=mail", "missing"),
    ]
    assert "PUT" not in methods(tenant)


def test_a_token_that_is_not_accepted_stops_it(tmp_path):
    """Not one request a user: a locked account is no help."""
    (tmp_path / "leavers.csv").write_text("_id\n" + "".join(f"{n}\n" for n in range(500)))
    with Tenant(tokens={"right": "me"}) as tenant:
        done = run(
            "deactivate_users",
            tmp_path / "leavers.csv",
            *("--record", tmp_path / "done.csv", "--threads", 2),
            tenant=tenant,
            AIC_TOKEN="wrong-s3cr3t",
        )
    assert done.returncode == 2
    assert "401 Unauthorized" in done.stderr
    assert len(tenant.requests) < 100
    assert results(tmp_path / "done.csv") == []


def test_without_tqdm_it_says_how_to_get_it():
    """It shows its progress with it."""
    code = f"import runpy, sys; sys.modules['tqdm'] = None; sys.path.insert(0, {str(EXAMPLES)!r})"
    code += f"; runpy.run_path({str(EXAMPLES / 'deactivate_users.py')!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, "pip install tqdm" in done.stderr) == (2, True)


# export_users

EXPORTED = [{"_id": str(n), "userName": f"user{n}", "mail": f"user{n}@example.com"} for n in range(1, 8)]


def exported(file):
    """What is in a file, in the order of ids."""
    text = file.read_text("utf-8")
    if file.suffix == ".jsonl":
        return [{name: row[name] for name in EXPORTED[0]} for row in map(json.loads, text.splitlines())]
    return list(csv.DictReader(text.splitlines()))


def export(file, tenant, *arguments, **environment):
    return run("export_users", file, "--fields", "userName,mail", *arguments, tenant=tenant, **environment)


@pytest.mark.parametrize("page_size", [1, 3, 7, 1000])
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_export_users(tenant, tmp_path, suffix, page_size):
    """Every user once, and nothing but the file is left."""
    file = tmp_path / f"users.{suffix}"
    done = export(file, tenant, "--page-size", page_size)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"7 users in {file}\n", "")
    assert exported(file) == EXPORTED
    assert os.listdir(tmp_path) == [file.name]


def test_export_of_values_of_every_kind(tenant, tmp_path):
    """Text as it is, nothing as nothing, the rest as JSON; quotes and line breaks stay."""
    users = tenant.collection(USERS)
    users.write("1", {"userName": 'a "b", c\nd', "mail": ["x", {"y": None}], "age": 30})
    file = tmp_path / "users.csv"
    done = export(file, tenant, "--fields", "userName,mail,age,none,_id", "--filter", '_id eq "1"')
    assert done.returncode == 0
    with file.open(newline="", encoding="utf-8") as lines:
        header, line = csv.reader(lines)
    assert header == ["_id", "userName", "mail", "age", "none"]
    assert line == ["1", 'a "b", c\nd', '["x", {"y": null}]', "30", ""]


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
@pytest.mark.parametrize("broken", [1, 2, 3])
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500, "body": b'{"code":500,"message":"no"}'},
        {"status": 401, "body": b'{"code":401,"message":"Access Denied"}'},
        {"status": 200, "body": b'{"result":[],"error":{"code":500,"message":"no"}}'},
        {"connection": "truncate", "times": 9},
    ],
    ids=["500", "401", "an error in a 200", "cut short"],
)
def test_export_goes_on_after_an_error(tenant, tmp_path, suffix, broken, fault):
    """Until the file is whole there is none of its name; then each user is in it once, and no page was read twice."""
    file = tmp_path / f"users.{suffix}"
    # The first request counts the users.
    tenant.faults.append(Fault("GET", after=broken, **fault))
    done = export(file, tenant, "--page-size", 3)
    assert (done.returncode, len(done.stderr.splitlines()), file.exists()) == (2, 1, False)
    tenant.faults.clear()
    asked = len(tenant.requests)
    assert bool(os.listdir(tmp_path)) == (broken > 1)
    done = export(file, tenant, "--page-size", 3)
    assert (done.returncode, done.stdout) == (0, f"7 users in {file}\n")
    assert exported(file) == EXPORTED
    assert os.listdir(tmp_path) == [file.name]
    assert len(tenant.requests) - asked == 1 + 4 - broken


def test_export_goes_on_after_a_crash(tenant, tmp_path):
    """What has been written since the last whole page counts for nothing."""
    file = tmp_path / "users.csv"
    tenant.faults.append(Fault("GET", after=3, delay=60))
    with start("export_users", file, "--fields", "userName,mail", "--page-size", 3, tenant=tenant) as process:
        deadline = time.monotonic() + 30
        while len(tenant.requests) < 3 or not (tmp_path / "users.csv.state").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
    with (tmp_path / "users.csv.partial").open("ab") as partial:
        partial.write(b"99,half a li")
    tenant.faults.clear()
    assert export(file, tenant, "--page-size", 2).returncode == 0
    assert exported(file) == EXPORTED


@pytest.mark.parametrize("there", ["file", "other export", "garbage", "nothing"])
def test_export_touches_no_other_file(tenant, tmp_path, there):
    """A file of that name, a note of another export, or one that makes no sense stay as they are."""
    file, state, partial = (tmp_path / f"users.csv{end}" for end in ("", ".state", ".partial"))
    if there == "file":
        file.write_text("mine")
    else:
        tenant.faults.append(Fault("GET", after=2, status=500))
        assert export(file, tenant, "--page-size", 3).returncode == 2
        if there == "garbage":
            state.write_text("{}")
        if there == "nothing":
            partial.unlink()
    before = {one: one.read_bytes() for one in tmp_path.iterdir()}
    done = export(file, tenant, "--page-size", 3, *(["--filter", "userName pr"] if there == "other export" else []))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "name another file" in done.stderr
    assert {one: one.read_bytes() for one in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["users.txt"], "neither .csv nor .jsonl"),
        (["users.csv", "--filter", "userName eq bob"], "400 Bad Request"),
        (["users.csv", "--page-size", "0"], "no number from 1"),
        (["nowhere/users.csv"], "No such file"),
    ],
)
def test_export_that_cannot_be(tenant, tmp_path, arguments, said):
    """Exit status 2, the reason, and no file."""
    done = run("export_users", tmp_path / arguments[0], *arguments[1:], tenant=tenant)
    assert done.returncode == 2
    assert said in done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("status", [400, 501])
def test_export_where_nobody_counts(tenant, tmp_path, status):
    """Without a total there is no percentage, and all the rest."""
    # A 501 is asked again without a page size.
    tenant.faults.append(Fault("GET", status=status, body=b'{"message":"no"}', times=2 if status == 501 else 1))
    file = tmp_path / "users.csv"
    assert export(file, tenant).returncode == 0
    assert exported(file) == EXPORTED


def test_export_without_tqdm(tenant, tmp_path):
    """Needs it for nothing but the bar."""
    file = tmp_path / "users.csv"
    code = f"import runpy, sys; sys.modules['tqdm'] = None; sys.path.insert(0, {str(EXAMPLES)!r})"
    code += f"; sys.argv[1:] = [{str(file)!r}, '--fields', 'userName,mail']"
    code += f"; runpy.run_path({str(EXAMPLES / 'export_users.py')!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=surroundings(tenant), check=False)
    assert done.returncode == 0
    assert exported(file) == EXPORTED


# compare_realms


def configure(tenant, realm, place, documents):
    for name, document in documents.items():
        tenant.collection(f"/am/json/realms/root/realms/{realm}/realm-config/{place}").write(name, document)


def test_compare_realms(tenant):
    """Revisions aside, by value; the values are shown only when asked for."""
    configure(tenant, "alpha", "services", {"oauth-oidc": {"lifetime": 60, "same": 1}, "baseurl": {"source": "X"}})
    configure(tenant, "bravo", "services", {"oauth-oidc": {"lifetime": 30, "same": 1}, "baseurl": {"source": "X"}})
    done = run("compare_realms", "services/oauth-oidc", "services/baseurl", tenant=tenant)
    assert (done.returncode, done.stdout) == (1, "services/oauth-oidc lifetime\n")
    shown = run("compare_realms", "services/oauth-oidc", "--values", tenant=tenant)
    assert (shown.returncode, shown.stdout) == (1, "services/oauth-oidc lifetime: 60 in alpha, 30 in bravo\n")
    same = run("compare_realms", "services/baseurl", tenant=tenant)
    assert (same.returncode, same.stdout) == (0, "The same.\n")
    assert set(methods(tenant)) == {"GET"}


def test_compare_realms_collection_by_collection(tenant):
    """What is in one of them only is a difference."""
    configure(tenant, "alpha", "agents/OAuth2Client", {"app": {"scopes": ["a"]}, "old": {}, "same": {"x": None}})
    configure(tenant, "bravo", "agents/OAuth2Client", {"app": {"scopes": ["b"]}, "new": {}, "same": {"x": None}})
    done = run("compare_realms", "agents/OAuth2Client/", tenant=tenant)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "agents/OAuth2Client/app scopes",
        "agents/OAuth2Client/new is in bravo only",
        "agents/OAuth2Client/old is in alpha only",
    ]
    missing = run("compare_realms", "agents/OAuth2Client/app", "--realms", "alpha", "charlie", tenant=tenant)
    assert (missing.returncode, missing.stdout) == (1, "agents/OAuth2Client/app is in alpha only\n")


@pytest.mark.parametrize("name", ["services/typo", "services/typo/", "typo/"])
def test_what_is_in_neither_realm_is_not_the_same(tenant, name):
    """It is misspelt."""
    done = run("compare_realms", name, tenant=tenant)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"has {name}: is it spelt right?" in done.stderr


def test_a_part_of_a_collection_proves_nothing(tenant):
    """Where rows remain that cannot be had, nothing is compared."""
    page = b'{"result":[{"_id":"a"}],"resultCount":1,"pagedResultsCookie":null,"remainingPagedResults":3}'
    tenant.faults.append(Fault("GET", status=200, body=page, times=2))
    done = run("compare_realms", "agents/OAuth2Client/", tenant=tenant)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the query is incomplete after 1 rows" in done.stderr


# counter


def test_counter(tenant):
    """Several processes at once draw each number once, some answers lost on the way."""
    path = "/openidm/managed/alpha_counter/invoices"
    tenant.faults.append(Fault("PUT", path, times=3, after=4, connection="drop", commit=True))
    processes = [start("counter", path, "--times", 5, tenant=tenant) for _ in range(3)]
    drawn = [int(line) for process in processes for line in process.communicate(timeout=60)[0].split()]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert tenant.collection("/openidm/managed/alpha_counter").read("invoices")["count"] == 15
    assert sorted(drawn) == list(range(1, 16))


# follow_logs

LOG_KEY = {"AIC_LOG_API_KEY": "k3y-xyzzy", "AIC_LOG_API_SECRET": "s3cr3t-xyzzy"}


def page(cookie, *names):
    entries = [{"payload": {"_id": name}, "timestamp": f"2026-11-24T00:00:0{name}Z"} for name in names]
    return 200, [], json.dumps({"result": entries, "pagedResultsCookie": cookie}).encode()


class Logs:
    """Serves a page for each cookie; the last words, for a cookie or not, come again and again."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def __call__(self, sent):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def follow(wire, *arguments, **environment):
    return run(
        *("follow_logs", "am-access,idm-access", "--seconds", 0, "--base-url", wire.url, *arguments),
        **{**LOG_KEY, **environment},
    )


def ids(output):
    return [json.loads(line)["payload"]["_id"] for line in output.splitlines()]


def cookies(wire):
    return [dict(parse_qsl(sent.path.partition("?")[2])).get("_pagedResultsCookie") for sent in wire.sent]


def test_follow_logs():
    """Page by page, by the cookie of the last one; what is on two pages is printed once, what is twice on one twice."""
    pages = [page("c/1=", "1", "2", "3"), page("c2", "3", "4", "4"), page(None), page("c3", "4", "5")]
    with serving(Logs(*pages)) as wire:
        done = follow(wire, "--rounds", 4)
    assert (done.returncode, done.stderr) == (0, "")
    assert ids(done.stdout) == ["1", "2", "3", "4", "4", "5"]
    assert cookies(wire) == [None, "c/1=", "c2", "c2"]
    for sent in wire.sent:
        assert sent.path.startswith("/monitoring/logs/tail?source=am-access%2Cidm-access")
        assert (sent.header("x-api-key"), sent.header("x-api-secret")) == tuple(LOG_KEY.values())
        assert sent.header("Authorization") is None


def test_follow_logs_goes_on_where_it_stopped(tmp_path):
    """With the same state, in another run; and the seam between the runs is none."""
    with serving(Logs(page("c1", "1", "2"))) as wire:
        follow(wire, "--rounds", 1, "--state", tmp_path / "state")
    with serving(Logs(page("c2", "2", "3"))) as wire:
        done = follow(wire, "--rounds", 1, "--state", tmp_path / "state")
    assert ids(done.stdout) == ["3"]
    assert cookies(wire) == ["c1"]
    assert "xyzzy" not in (tmp_path / "state").read_text()


@pytest.mark.parametrize(
    ("passing", "seconds"),
    [
        ((429, [("Retry-After", "1")], b""), 1),
        ((503, [], b"<html>starting</html>"), 0),
        ((200, [], b"<html>no page</html>"), 0),
        ((200, [], b"[]"), 0),
    ],
)
def test_follow_logs_goes_on_after_what_passes(passing, seconds):
    """It waits as long as it is asked to."""
    start = time.monotonic()
    with serving(Logs(page("c1", "1"), passing, page("c2", "2"))) as wire:
        done = follow(wire, "--rounds", 3)
    assert (done.returncode, ids(done.stdout)[:2]) == (0, ["1", "2"])
    assert time.monotonic() - start >= seconds


def test_follow_logs_waits_longer_than_a_session_would():
    """A Retry-After of more than 30 s is no error here; Ctrl-C ends the wait."""
    with serving(Logs(page("c1", "1"), (429, [("Retry-After", "3600")], b""))) as wire:
        process = subprocess.Popen(
            [sys.executable, EXAMPLES / "follow_logs.py", "am-access", "--seconds", "0", "--base-url", wire.url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=surroundings(**LOG_KEY),
        )
        while len(wire.sent) < 2:
            time.sleep(0.05)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors, ids(output)) == (130, "", ["1"])
    assert len(wire.sent) == 2


def test_follow_logs_shows_its_progress_on_a_terminal():
    """And on no file: there it would be noise."""
    with serving(Logs(page("c1", "1", "2"), page("c2", "3"))) as wire:
        ours, theirs = pty.openpty()
        done = subprocess.run(
            [sys.executable, EXAMPLES / "follow_logs.py", "x", "--seconds=0", "--rounds=2", f"--base-url={wire.url}"],
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            env=surroundings(**LOG_KEY),
            check=True,
            timeout=60,
        )
        os.close(theirs)
        shown = os.read(ours, 65536).decode()
        os.close(ours)
    assert ids(done.stdout) == ["1", "2", "3"]
    assert "2 entries 2026-11-24T00:00:02Z" in shown
    assert shown.rstrip().endswith("3 entries 2026-11-24T00:00:03Z")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            (401, [], b'{"message":"s3cr3t-xyzzy is no key"}'),
            "401 Unauthorized: GET /monitoring/logs/tail: *** is no key",
        ),
        ((400, [], b'{"message":"no such source"}'), "400 Bad Request: GET /monitoring/logs/tail: no such source"),
    ],
)
def test_follow_logs_stops_where_it_is_not_let_in(answer, said):
    """One line, without the key."""
    with serving(lambda sent: answer) as wire:
        done = follow(wire)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_follow_logs_with_a_state_that_is_too_old(tmp_path):
    """The tenant does not take its cookie: it says what can be done."""
    with serving(Logs(page("c1", "1"), (400, [], b'{"message":"bad cookie"}'))) as wire:
        for _ in range(2):
            done = follow(wire, "--rounds", 1, "--state", tmp_path / "state")
    assert (done.returncode, "bad cookie" in done.stderr, "remove it" in done.stderr) == (2, True, True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is no state of this script"),
        ("[]", "is no state of this script"),
        ("{}", "is no state of this script"),
        ('{"cookie":"c","sources":"other","printed":[]}', "is the state of other"),
    ],
)
def test_follow_logs_with_a_file_of_something_else(tmp_path, content, said):
    """It is left as it is."""
    (tmp_path / "state").write_text(content)
    with serving(Logs(page("c1", "1"))) as wire:
        done = follow(wire, "--state", tmp_path / "state")
    assert (done.returncode, said in done.stderr, wire.sent) == (2, True, [])
    assert (tmp_path / "state").read_text() == content


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"AIC_LOG_API_KEY": ""}, "Set AIC_LOG_API_KEY and AIC_LOG_API_SECRET"),
        ({"AIC_LOG_API_SECRET": "s3cr3t-xyzzy\u20ac"}, "AIC_LOG_API_SECRET holds a character"),
    ],
)
def test_follow_logs_without_a_key(environment, said):
    """One line, and nothing is sent."""
    with serving(Logs(page("c1"))) as wire:
        done = follow(wire, **environment)
    assert (done.returncode, said in done.stderr, wire.sent) == (2, True, [])
    assert "xyzzy" not in done.stderr


# self_hosted


def test_self_hosted_idm():
    """Name and password in IDM's headers, and no session of its own."""
    with Tenant(OPENIDM) as tenant:
        done = run("self_hosted", "idm", tenant=tenant, AIC_USERNAME="openidm-admin", AIC_PASSWORD="s3cr3t")
    assert (done.returncode, done.stdout) == (0, "anonymous\n")
    assert {"X-OpenIDM-Username", "X-OpenIDM-Password"} <= tenant.requests[-1].headers.keys()
    assert "Set-Cookie" not in tenant.requests[-1].answered


@pytest.mark.parametrize("arguments", [["--context", "/openam"], ["--context", "/openam/", "--realm", "/alpha/b c"]])
def test_self_hosted_am(arguments):
    """It asks for the cookie's name, signs in, and ends the session; the password goes out once."""
    am = OpenAM()
    with serving(am) as wire:
        user = {"AIC_USERNAME": "amAdmin", "AIC_PASSWORD": "s3cr3t"}
        done = run("self_hosted", "am", *arguments, "--base-url", wire.url, **user)
    assert (done.returncode, done.stdout, done.stderr) == (0, "amAdmin\n", "")
    assert am.sessions == set()
    assert len([sent for sent in wire.sent if "s3cr3t" in str(sent)]) == 1
    realm = "/openam/json/realms/root" + ("/realms/alpha/realms/b%20c" if len(arguments) > 2 else "")
    assert [sent.path.removeprefix(realm) for sent in wire.sent[1:]] == [
        "/authenticate",
        "/users?_action=idFromSession",
        "/sessions?_action=logout",
    ]


def test_self_hosted_am_with_a_wrong_password():
    """The server's words, and not the password."""
    with serving(OpenAM()) as wire:
        user = {"AIC_USERNAME": "amAdmin", "AIC_PASSWORD": "wr0ng-s3cr3t"}
        done = run("self_hosted", "am", "--context", "/openam", "--base-url", wire.url, **user)
    assert done.returncode == 2
    assert "401 Unauthorized: POST /openam/json/realms/root/authenticate: Authentication Failed" in done.stderr
    assert "s3cr3t" not in done.stdout + done.stderr


def test_self_hosted_without_a_user():
    """One line."""
    done = run("self_hosted", "am", "--base-url", "http://127.0.0.1:9")
    assert (done.returncode, "which user?" in done.stderr) == (2, True)


# A service account


def test_a_service_account_signs_in(tenant, tmp_path):
    """Any example does, with its id and the path of its key in the environment."""
    (tmp_path / "key.jwk").write_text(json.dumps(private_jwk()))
    account = {"AIC_SERVICE_ACCOUNT": ACCOUNT, "AIC_JWK": str(tmp_path / "key.jwk")}
    with Tenant(
        documents={USERS: [{"_id": "1", "userName": "user1"}]}, service_accounts=[ServiceAccount(ACCOUNT, public_jwk())]
    ) as tenant:
        done = run("changed_users", 1, "--seconds", 0, tenant=tenant, **account)
    assert (done.returncode, done.stderr) == (0, "")
    assert [one.method for one in tenant.requests] == ["POST", "GET", "GET"]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"AIC_SERVICE_ACCOUNT": ACCOUNT}, "AIC_SERVICE_ACCOUNT and AIC_JWK belong together"),
        ({"AIC_SERVICE_ACCOUNT": ACCOUNT, "AIC_JWK": "s3cr3t"}, "neither JSON nor the path"),
    ],
)
def test_a_service_account_that_makes_no_sense(environment, said):
    """One line, without the key."""
    done = run("changed_users", 1, AIC_BASE_URL="http://127.0.0.1:9", **environment)
    assert (done.returncode, said in done.stderr, "s3cr3t" in done.stderr) == (2, True, False)


# All of them

#: Enough for each script to send something.
ARGUMENTS = {
    "export_users": ["users.csv"],
    "guarded_edit": ["1", "mail", "x", "--yes"],
    "changed_users": ["1"],
    "deactivate_users": ["leavers.csv", "--record", "done.csv"],
    "compare_realms": ["services/baseurl"],
    "counter": ["/openidm/managed/alpha_counter/invoices"],
}
#: These have credentials of their own kind, and tests of their own.
SELF_SIGNED = {"follow_logs", "self_hosted"}
SCRIPTS = sorted({path.stem for path in EXAMPLES.glob("*.py")} - SELF_SIGNED - {"environment"})


@pytest.fixture
def arguments(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leavers.csv").write_text("_id\n1\n")
    return ARGUMENTS


@pytest.mark.parametrize("script", [*SCRIPTS, *sorted(SELF_SIGNED)])
def test_every_script_explains_itself(script):
    """--help works, and says where the credentials come from and, in its first lines, what the script is for."""
    helped = run(script, "--help")
    assert helped.returncode == 0
    credential = {"follow_logs": "AIC_LOG_API_KEY", "self_hosted": "AIC_USERNAME"}.get(script, "AIC_TOKEN")
    for name in ("--base-url", "AIC_BASE_URL", credential, f"python {script}.py"):
        assert name in helped.stdout


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "which tenant? Give --base-url"),
        ({"AIC_BASE_URL": "tenant.example.com"}, "base_url does not start with https://"),
        ({"AIC_BASE_URL": "https://me:s3cr3tpw@tenant.example.com"}, "base_url holds user info"),
        ({"AIC_BASE_URL": "https://tenant.example.com", "AIC_TOKEN": "s3cr3tpw\u20ac"}, "AIC_TOKEN holds a character"),
        ({"AIC_BASE_URL": "https://tenant.example.com", "AIC_PASSWORD": "s3cr3tpw"}, "AIC_USERNAME and AIC_PASSWORD"),
    ],
)
def test_what_makes_no_sense_is_said_so(script, arguments, environment, said):
    """One line, exit status 2, and no secret in it."""
    done = run(script, *arguments[script], **environment)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "s3cr3tpw" not in done.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_wrong_credentials(script, arguments):
    """One line with the server's words, without the token."""
    with Tenant(tokens={"right": "me"}) as tenant:
        done = run(script, *arguments[script], tenant=tenant, AIC_TOKEN="wrong-s3cr3t")
    assert done.returncode == 2
    assert "401 Unauthorized: GET " in done.stderr
    assert "Access Denied" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "s3cr3t" not in done.stdout + done.stderr


@pytest.mark.parametrize("script", sorted(set(SCRIPTS) - {"deactivate_users"}))
def test_no_server(script, arguments):
    """One line, exit status 2. The bulk deactivation has it in its record instead, user by user."""
    done = run(script, *arguments[script], "--base-url", "http://127.0.0.1:9")
    assert done.returncode == 2
    assert "is the address right?" in done.stderr
    assert len(done.stderr.splitlines()) == 1
