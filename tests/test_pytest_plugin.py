"""The pytest plugin, in runs of pytest of its own."""

import json
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
USERS = "/openidm/managed/alpha_user"
HEAD = f"""
import pytest
from aic_requests.testing import CREST, Fault, ServiceAccount

USERS = {USERS!r}
BOB = {{USERS: [{{"_id": "42", "userName": "bob"}}]}}
"""


@pytest.fixture
def run(pytester):
    """Run a file of tests; what came out."""

    def run(source, *arguments, inside=True, **files):
        for name, content in files.items():
            (pytester.path / name.replace("__", "/")).parent.mkdir(exist_ok=True)
            (pytester.path / f"{name.replace('__', '/')}.json").write_text(json.dumps(content), "utf-8")
        pytester.makepyfile(HEAD + source)
        command = ("-p", "no:cacheprovider", *arguments)
        return pytester.runpytest_inprocess(*command) if inside else pytester.runpytest_subprocess(*command)

    return run


def users(*names):
    return {USERS: [{"_id": name, "userName": name} for name in names]}


def test_a_tenant_of_its_own_for_each_test(run):
    """What one has written, the next does not find; the session is at the tenant."""
    source = """
@pytest.mark.parametrize("number", range(3))
def test_it(aic_tenant, aic_session, number):
    assert aic_session.base_url.rstrip("/") == aic_tenant.url
    assert aic_tenant.collection(USERS).ids() == []
    aic_session.put(USERS + "/42", json={"userName": "bob"}, headers={"If-None-Match": "*"})
    assert [(one.method, one.status) for one in aic_tenant.requests] == [("PUT", 201)]
"""
    run(source).assert_outcomes(passed=3)


def test_a_marker_chooses(run):
    """Every argument of the tenant; the nearest marker wins, name by name."""
    source = """
pytestmark = pytest.mark.aic_tenant(documents=BOB, seed=5)

def test_of_the_file(aic_tenant):
    assert aic_tenant.collection(USERS).ids() == ["42"]

@pytest.mark.aic_tenant(profile=CREST, documents={"/users": [{"_id": "1"}]})
def test_of_its_own(aic_tenant):
    assert aic_tenant.collection("/users").ids() == ["1"]
"""
    run(source).assert_outcomes(passed=2)


def test_documents_from_files(run):
    """By the marker, one or several, from the folder of the test."""
    source = """
@pytest.mark.aic_tenant(load="seed.json")
def test_one(aic_tenant):
    assert aic_tenant.collection(USERS).ids() == ["ann"]

@pytest.mark.aic_tenant(load=["seed.json", "more.json"], documents=BOB)
def test_two(aic_tenant):
    assert sorted(aic_tenant.collection(USERS).ids()) == ["42", "ann", "bob"]
"""
    run(source, seed=users("ann"), more=users("bob")).assert_outcomes(passed=2)


def test_documents_for_all_tests(run, pytester):
    """By the option or, without it, by the configuration, from the folders of each; a marker's files instead."""
    source = """
import os

def test_it(aic_tenant):
    assert aic_tenant.collection(USERS).ids() == os.environ["EXPECTED"].split()

@pytest.mark.aic_tenant(load="mine.json")
def test_mine(aic_tenant):
    assert aic_tenant.collection(USERS).ids() == ["mine"]
"""
    pytester.makeini("[pytest]\naic_load = data/ini.json")
    files = {"data__ini": users("ini"), "one": users("one"), "two": users("two"), "mine": users("mine")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPECTED", "ini")
        run(source, **files).assert_outcomes(passed=2)
        patch.setenv("EXPECTED", "one two")
        run(source, "--aic-load", "one.json", "--aic-load=two.json", **files).assert_outcomes(passed=2)


WRONG = {
    "load='none.json'": "*No such file*none.json*",
    "load='seed.json'": "*seed.json, /nowhere*no collection at /nowhere*",
    "documents={USERS: [{}]}": "*it has no _id that is a text*",
    "docs={}": "*unexpected keyword argument 'docs'*",
    "BOB": "*aic_tenant takes names*",
}


def test_a_marker_that_is_wrong(run):
    """An error of the test, which says what is wrong."""
    source = "\n".join(
        f"@pytest.mark.aic_tenant({marker})\ndef test_{number}(aic_tenant): pass" for number, marker in enumerate(WRONG)
    )
    done = run(source, seed={"/nowhere": [{"_id": "1"}]})
    done.assert_outcomes(errors=5)
    for said in WRONG.values():
        done.stdout.fnmatch_lines([said])


def test_what_was_asked_is_told_where_a_test_fails(run):
    """Method, path, status and the rule; no secret, and nothing where it passes."""
    source = """
@pytest.mark.aic_tenant(documents=BOB, tokens={"hush-1": "ann"})
def test_bad(aic_session):
    aic_session.get(USERS + "/42", params={"access_token": "hush-2"}, headers={"X-OpenIDM-Password": "hush-3"})
    answer = aic_session.put(USERS + "/42", json={"userName": "bob", "password": "hush-4"}, headers={"If-Match": '"7"'})

def test_good(aic_session):
    aic_session.get("/openidm/info/login")
"""
    done = run(source, "-rA")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(
        [
            "*aic_tenant requests*",
            f"200 GET {USERS}/42[?]access_token=[*][*][*]",
            f"412 PUT {USERS}/42",
            '    If-Match "7", the resource is at "*"',
        ]
    )
    text = done.stdout.str()
    told = text[text.index("aic_tenant requests") :]
    assert "hush" not in told
    assert "info/login" not in text


def test_a_long_journal_is_cut(run):
    """The last 50 are shown."""
    source = """
def test_bad(aic_session):
    for number in range(60):
        aic_session.get("/openidm/info/login", params={"n": number})
    assert False
"""
    done = run(source)
    done.stdout.fnmatch_lines(["(10 before these)", "200 GET /openidm/info/login[?]n=10"])
    done.stdout.no_fnmatch_line("200 GET /openidm/info/login[?]n=9")


def test_a_fault_that_never_struck(run):
    """An error where the test passed; none where it failed anyway, where it struck, or where the test takes it back."""
    source = """
def test_idle(aic_tenant):
    aic_tenant.faults.append(Fault("PUT", status=503))

def test_failed(aic_tenant):
    aic_tenant.faults.append(Fault("PUT", status=503))
    assert False

def test_struck(aic_tenant, aic_session):
    aic_tenant.faults.append(Fault("GET", status=503, times=2, retry_after=0))
    aic_session.get("/openidm/info/login")

def test_meant(aic_tenant):
    aic_tenant.faults.append(Fault("PUT", status=503))
    aic_tenant.faults.clear()
"""
    done = run(source)
    done.assert_outcomes(passed=3, failed=1, errors=1)
    done.stdout.fnmatch_lines(["*no request was struck by it: Fault('PUT', '[*]', status=503) never struck*"])


def test_the_session_is_let_in(run):
    """With the first token of the marker, or as the service account whose key is there; its tokens end, and no more."""
    source = """
import sys
sys.path.insert(0, {root!r})
from tests.keys import ACCOUNT, private_jwk, public_jwk

@pytest.mark.aic_tenant(tokens={{"good": "ann"}})
def test_token(aic_tenant, aic_session):
    assert aic_session.get("/openidm/info/login").json()["authenticationId"] == "ann"

@pytest.mark.aic_tenant(service_accounts=[ServiceAccount(ACCOUNT, private_jwk("k1"))])
def test_account(aic_tenant, aic_session):
    assert aic_session.get("/openidm/info/login").json()["authenticationId"] == ACCOUNT
    aic_tenant.clock.advance(900)
    assert aic_session.get("/openidm/info/login").json()["authenticationId"] == ACCOUNT
    assert [one.status for one in aic_tenant.requests] == [200, 200, 401, 200, 304]

@pytest.mark.aic_tenant(service_accounts=[ServiceAccount(ACCOUNT, public_jwk())])
def test_stranger(aic_session):
    aic_session.raise_for_status = False
    assert aic_session.auth is None

_TOKENS = {{}}

@pytest.mark.parametrize("n", range(2))
@pytest.mark.aic_tenant(service_accounts=[ServiceAccount(ACCOUNT, private_jwk("k1"))], tokens=_TOKENS)
def test_markers_keep_nothing(aic_session, n):
    aic_session.get("/openidm/info/login")
    assert _TOKENS == {{}}
"""
    run(source.format(root=str(CHECKOUT))).assert_outcomes(passed=5)


def test_in_processes_of_their_own(run):
    """pytest-xdist: a port for each, and the report comes through."""
    source = """
@pytest.mark.parametrize("number", range(8))
@pytest.mark.aic_tenant(documents=BOB)
def test_it(aic_session, number):
    aic_session.put(USERS + "/42", json={"userName": "bob", "n": number})
    assert aic_session.get(USERS + "/42").json()["n"] == number != 5
"""
    done = run(source, "-n", "2", inside=False)
    done.assert_outcomes(passed=7, failed=1)
    done.stdout.fnmatch_lines(["*aic_tenant requests*", f"* PUT {USERS}/42"])


def test_who_does_not_use_it_notices_nothing(pytester, monkeypatch):
    """No module of the client, nor requests, in a run without the fixtures, not even with warnings as errors."""
    pytester.makepyfile("""
import sys

def test_it():
    loaded = sorted(name for name in sys.modules if name.split(".")[0] in ("aic_requests", "requests", "urllib3"))
    assert loaded == ["aic_requests", "aic_requests.pytest_plugin"]
""")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    alone = ("-p", "aic_requests.pytest_plugin", "-p", "no:cacheprovider")
    pytester.runpytest_subprocess(*alone, "--strict-markers", "-W", "error").assert_outcomes(passed=1)


def test_it_can_be_left_out(pytester):
    """By its name, as any plugin."""
    pytester.makepyfile("def test_it(aic_tenant): pass")
    done = pytester.runpytest_subprocess("-p", "no:aic_requests", "-p", "no:cacheprovider")
    done.assert_outcomes(errors=1)


def test_it_says_what_there_is(pytester):
    """Fixtures, marker and option with their words."""
    for option, said in (
        ("--fixtures", "*A tenant of this test's own*"),
        ("--markers", "@pytest.mark.aic_tenant(profile, documents, load*"),
        ("--help", "*--aic-load=FILE*"),
    ):
        pytester.runpytest_inprocess(option).stdout.fnmatch_lines([said])
