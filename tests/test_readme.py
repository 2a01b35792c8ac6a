"""The README's words are run."""

import json
import pickle
import random
import re
import threading
from pathlib import Path

import pytest
import requests

import aic_requests
from aic_requests import AICSession, NotFound, PreconditionFailed
from aic_requests.statuses import EXCEPTION_NAMES
from aic_requests.testing import OPENIDM, Fault, ServiceAccount, Tenant

from .keys import ACCOUNT, private_jwk, public_jwk

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text("utf-8")
#: As one line, so that where a line ends does not matter.
WORDS = " ".join(TEXT.split())
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
USERS = "/openidm/managed/alpha_user"
USER = f"{USERS}/42"
REALM = "/am/json/realms/root/realms/alpha/realm-config/services"


@pytest.fixture
def tenant():
    with Tenant(documents={USERS: [{"_id": "42", "userName": "bob", "mail": "bob@example.com"}]}) as tenant:
        yield tenant


@pytest.fixture
def session(tenant):
    return AICSession(tenant.url)


def says(words):
    """The claim that a test is about still stands in the README."""
    assert words in WORDS
    return True


def last(tenant):
    return tenant.requests[-1]


# What is to be typed


def test_every_block_runs(tenant, tmp_path, monkeypatch):
    """In order, in one namespace, against the tenant in place of the one they name."""
    monkeypatch.chdir(tmp_path)
    space = {"your_auth": ("user", "password")}
    elsewhere = [block for block in BLOCKS if re.search("key.jwk|SQLiteStore|aic_tenant", block)]
    assert len(elsewhere) == 3
    for block in (block for block in BLOCKS if block not in elsewhere):
        exec(block.replace("https://tenant.example.com", tenant.url), space)
    bob = tenant.collection(USERS).read("42")
    assert (bob["mail"], bob["logins"]) == ("new@example.com", 1)
    assert space["plain"].hooks["response"] == [aic_requests.raise_for_status]


def test_signing_in():
    """The block about it, at a tenant that lets nobody else in; its logs are the test's."""
    documents = {USERS: [{"_id": "42", "userName": "bob"}]}
    with Tenant(documents=documents, service_accounts=[ServiceAccount(ACCOUNT, public_jwk())]) as tenant:
        tenant.faults.append(Fault("GET", "/monitoring/logs/tail", status=200, body=b'{"result":[]}'))
        space = {"session": AICSession(tenant.url), "service_account_id": ACCOUNT, "key": "k3y", "secret": "s3cr3t"}
        exec(BLOCKS[2].replace('"key.jwk"', repr(json.dumps(private_jwk()))), space)
    assert space["logs"] == {"result": []}
    assert [one.status for one in tenant.requests] == [200, 200, 200]
    assert says("`LogAPIKeyAuth` takes every other credential off the requests it signs")
    assert "Authorization" not in last(tenant).headers
    assert says("Neither shows its secret in a repr or an error")
    assert "s3cr3t" not in repr(aic_requests.LogAPIKeyAuth("k3y", "s3cr3t"))


def test_the_twelve_lines_are_no_more(tenant, capsys):
    """And where somebody else wrote in between, they tell, and lose nothing."""
    assert len(BLOCKS[0].strip().splitlines()) <= 12
    # Two writes of others: one before the put, one before that of update().
    block = BLOCKS[0].replace("try:", "somebody_writes()\ntry:").replace("https://tenant.example.com", tenant.url)
    users = tenant.collection(USERS)
    exec(
        block,
        {"your_auth": None, "somebody_writes": lambda: users.write("42", users.read("42") | {"sn": "Changed"})},
    )
    assert capsys.readouterr().out.startswith("stale ")
    assert (users.read("42")["sn"], users.read("42")["mail"]) == ("Changed", "new@example.com")


def test_the_block_for_pytest(pytester):
    """Is a test that passes, with nothing but the plugin; and the line that it is told by is one."""
    [block] = [block for block in BLOCKS if "aic_tenant" in block]
    pytester.makepyfile(block)
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-W", "error").assert_outcomes(passed=1)
    assert says('`412: If-Match "7", the resource is at "9"`')


def test_the_commands_are_the_gates():
    """What the reader is told to type is what the gate runs."""
    gate = ROOT / ".ci" / "run"
    commands = re.findall(r"```sh\n(.*?)\n```", TEXT, re.DOTALL)
    assert commands == ["pip install . && python -m aic_requests", 'pip install -e ".[dev]" && pytest']
    if gate.exists():
        assert commands[1] in gate.read_text("utf-8")


def test_the_table_names_every_class():
    """Each status with its class, as the library has it."""
    rows = dict(re.findall(r"\| (\d{3}) \| `(\w+)`", TEXT))
    assert {int(status): name for status, name in rows.items()} == EXCEPTION_NAMES


@pytest.mark.parametrize("name", re.findall(r"`aic_requests\.(\w+)", TEXT))
def test_what_is_named_is_there(name):
    """No name that does not exist."""
    assert hasattr(aic_requests, name) or name == "testing"


def test_every_example_is_named():
    """And every name is an example."""
    named = set(re.findall(r"`examples/(\w+)\.py`", TEXT))
    assert named == {path.stem for path in (ROOT / "examples").glob("*.py")} - {"environment"}


# Errors


@pytest.mark.parametrize("status", [*EXCEPTION_NAMES, 418, 507])
def test_every_status_is_raised_as_its_class(tenant, status):
    """The classes of the table, and those of their hundred for the rest."""
    tenant.faults.append(Fault("DELETE", status=status, body=json.dumps({"code": status, "message": "no"}).encode()))
    session = AICSession(tenant.url, raise_for_status=range(300, 600), retries=0)
    with pytest.raises(aic_requests.AICError) as caught:
        session.delete(USER)
    rest = "ClientError" if status < 500 else "ServerError"
    assert type(caught.value).__name__ == EXCEPTION_NAMES.get(status, rest)
    assert isinstance(caught.value, requests.HTTPError)
    for name in re.findall(r"`(\w+)`", WORDS.partition("and carry ")[2].partition(".")[0]):
        assert hasattr(caught.value, name), name


def test_the_plain_session_raises_the_same(tenant):
    """The hook of the README on a plain session."""
    plain = requests.Session()
    plain.hooks["response"].append(aic_requests.raise_for_status)
    with pytest.raises(NotFound, match="not found"):
        plain.get(f"{tenant.url}{USERS}/nobody")


def test_who_raises_is_the_callers_choice(tenant):
    """All, none, or those that are named."""
    assert says("`AICSession(raise_for_status=False)` hands responses back instead")
    assert says("a container such as `{404, 412}` names the statuses that raise")
    assert AICSession(tenant.url, raise_for_status=False).get(f"{USERS}/nobody").status_code == 404
    assert AICSession(tenant.url, raise_for_status={412}).get(f"{USERS}/nobody").status_code == 404
    with pytest.raises(NotFound):
        AICSession(tenant.url, raise_for_status={404, 412}).get(f"{USERS}/nobody")


def test_errors_hold_no_secret(tenant, session):
    """Neither as text nor as a pickle."""
    assert says("hold no credential and no query value")
    session.headers["Authorization"] = "Bearer s3cr3t-token"
    with pytest.raises(NotFound) as caught:
        session.get(f"{USERS}/nobody", params={"hint": "s3cr3t-query"})
    assert "s3cr3t" not in str(caught.value)
    assert b"s3cr3t" not in pickle.dumps(caught.value)


def test_the_four_causes_of_a_412(session, tenant):
    """Each told from the others."""
    named = re.findall(r'`?"(\w+)"`? \(', WORDS.partition("A 412 has four causes")[2].partition("## Writing")[0])
    calls = {
        "stale": lambda: session.put(USER, json={"userName": "b"}, headers={"If-Match": '"old"'}),
        "exists": lambda: session.put(USER, json={"userName": "b"}, headers={"If-None-Match": "*"}),
        "not_supported": lambda: session.get(USERS, params={"_queryFilter": "true"}, headers={"If-None-Match": '"1"'}),
        "raced": lambda: session.delete(USER),
    }
    assert set(named) == set(calls)
    for cause, call in calls.items():
        if cause == "raced":
            tenant.faults.append(Fault("DELETE", status=412, body=b'{"code":412}'))
        with pytest.raises(PreconditionFailed) as caught:
            call()
        assert caught.value.cause_of_failure == cause


# Reading and writing


def test_a_token_is_a_header():
    """Where there is no auth object."""
    assert says('session.headers["Authorization"] = f"Bearer {token}"')
    with Tenant(tokens={"t0ken": "me"}) as tenant:
        session = AICSession(tenant.url)
        session.headers["Authorization"] = "Bearer t0ken"
        assert session.get("/openidm/info/login").json()["authenticationId"] == "me"


def test_a_second_read_is_served_from_memory(session, tenant):
    """Although IDM says no-store; and the response says so."""
    assert says("although IDM answers `no-store`")
    assert says("`response.from_cache` says whether a response was served from memory")
    first, second = session.get(USER), session.get(USER)
    assert first.headers["Cache-Control"] == "no-store"
    assert (first.from_cache, second.from_cache) == (False, True)
    assert second.json() == first.json()
    assert last(tenant).status == 304


@pytest.mark.parametrize("call", ["get", "put"])
def test_none_this_time(session, tenant, call):
    """No condition goes out."""
    assert says('`headers={"If-Match": None}` (or `"If-None-Match"`) means "none this time"')
    bob = session.get(USER).json()
    if call == "get":
        session.get(USER, headers={"If-None-Match": None})
    else:
        session.put(USER, json=bob, headers={"If-Match": None})
    assert not {"If-Match", "If-None-Match"} & last(tenant).headers.keys()


def test_the_order_of_revisions(session, tenant):
    """One's own header, the document's, what this thread has seen; never what another has."""
    assert says("your own header; the `_rev` of the document you PUT; the revision that this thread last received")
    bob = session.get(USER).json()
    with pytest.raises(PreconditionFailed):
        session.put(USER, json=bob | {"_rev": "documents", "sn": "a"}, headers={"If-Match": '"mine"'})
    assert last(tenant).headers["If-Match"] == '"mine"'
    with pytest.raises(PreconditionFailed):
        session.put(USER, json=bob | {"_rev": "documents", "sn": "a"})
    assert last(tenant).headers["If-Match"] == '"documents"'
    session.put(USER, json={"userName": "bob", "sn": "a"})
    assert last(tenant).headers["If-Match"] == f'"{bob["_rev"]}"'

    assert says("A revision seen only by another thread is never used")
    other = threading.Thread(target=session.put, args=(USER,), kwargs={"json": {"userName": "bob", "sn": "b"}})
    other.start()
    other.join()
    assert "If-Match" not in last(tenant).headers


def test_a_write_that_changes_nothing(session, tenant):
    """Answered 200, whatever its revision."""
    assert says("A write that changes nothing is answered 200 by IDM whatever its revision")
    bob = session.get(USER).json()
    assert session.put(USER, json=bob, headers={"If-Match": '"no-such-revision"'}).status_code == 200


def test_retries_can_be_declined(tenant):
    """And how often a read is repeated by itself."""
    assert says("Reads are repeated after connection errors, 429, 502, 503 and 504")
    for status in (429, 502, 503, 504):
        tenant.faults.append(Fault("GET", status=status))
        assert AICSession(tenant.url).get(USER).status_code == 200
    tenant.faults.append(Fault("GET", status=503))
    with pytest.raises(aic_requests.ServiceUnavailable):
        AICSession(tenant.url, retries=0).get(USER)
    assert says("writes only where they never left or the answer was 429")
    tenant.faults.append(Fault("DELETE", status=503))
    with pytest.raises(aic_requests.ServiceUnavailable) as caught:
        AICSession(tenant.url).delete(USER)
    assert aic_requests.maybe_applied(caught.value)


# What it does not do


def test_only_a_412_is_a_guard(session, tenant):
    """AM's configuration takes any If-Match; IDM's managed objects do not."""
    assert says("AM's configuration may ignore `If-Match` altogether")
    tenant.collection(REALM).write("baseurl", {"source": "FIXED"})
    probe = {"If-Match": '"no-such-revision"'}
    assert session.put(f"{REALM}/baseurl", json={"source": "OTHER"}, headers=probe).status_code == 200
    with pytest.raises(PreconditionFailed):
        session.put(USER, json={"userName": "bob", "sn": "x"}, headers=probe)


@pytest.mark.parametrize("place", ["/environment/variables", "/openidm/config"])
def test_what_has_no_revision_cannot_be_guarded(session, tenant, place):
    """Update says so, and writes nothing."""
    assert says("Resources without a revision (ESVs, IDM's configuration) cannot be guarded; `update` refuses them")
    tenant.collection(place).write("x", {"a": 1})
    with pytest.raises(ValueError, match="no revision"):
        session.update(f"{place}/x", lambda document: document | {"a": 2})
    assert tenant.collection(place).read("x")["a"] == 1


@pytest.mark.parametrize("fields", ["*", "roles/*", "manager/userName"])
def test_relationships_are_read_in_full(session, tenant, fields):
    """A revision does not cover them."""
    assert says("Reads that expand relationships (`_fields=*` or with a `/`) are never conditional")
    for _ in range(2):
        session.get(USER, params={"_fields": fields})
        assert "If-None-Match" not in last(tenant).headers
        assert last(tenant).status == 200


def test_a_store_that_lasts(tenant, tmp_path, monkeypatch):
    """The next process finds what the block has read; the file is its owner's, and knows nobody's password."""
    monkeypatch.chdir(tmp_path)
    [block] = [block for block in BLOCKS if "SQLiteStore" in block]
    for from_cache in (False, True):
        space = {"your_auth": ("user", "s3cr3t"), "AICSession": AICSession}
        exec(block.replace("https://tenant.example.com", tenant.url), space)
        assert (last(tenant).headers.get("If-None-Match") is not None) == from_cache
    assert says("for its owner's eyes only")
    assert (tmp_path / "aic.db").stat().st_mode & 0o777 == 0o600
    assert says("It holds no credential")
    assert b"s3cr3t" not in (tmp_path / "aic.db").read_bytes()


def test_memory_is_bounded():
    """By default, as told."""
    assert says("at most 64 MiB (and 16 of documents ready to be read again), and is laid down nowhere unless")
    assert aic_requests.shortcuts.Documents.MOST == 16 * 2**20
    assert says("A thread remembers the revisions of 100,000 resources")
    assert aic_requests.MemoryStore.__init__.__kwdefaults__ == {"max_bytes": 64 * 2**20}
    assert aic_requests.seen._MOST == 100_000


@pytest.mark.parametrize(("headers", "hits"), [({}, 0), ({"X-OpenIDM-NoSession": "true"}, 2)])
def test_session_cookies_of_a_self_hosted_idm(headers, hits):
    """Each is another caller."""
    assert says("send `X-OpenIDM-NoSession: true`, or there are no hits")
    users = "/openidm/managed/user"
    with Tenant(OPENIDM, documents={users: [{"_id": "42", "userName": "bob"}]}) as tenant:
        session = AICSession(tenant.url)
        session.headers.update({"X-OpenIDM-Username": "admin", "X-OpenIDM-Password": "admin", **headers})
        for _ in range(3):
            session.get(f"{users}/42")
        assert session.cache_info().hits == hits


# Queries


@pytest.fixture
def crowd(tenant):
    for number in range(25):
        tenant.collection(USERS).write(f"u{number:02}", {"userName": f"user{number}", "accountStatus": "active"})
    return tenant


def test_what_is_not_the_end(crowd):
    """Of the ways in which a loop of one's own ends early, one stands here; all of them in the tests of queries."""
    assert says(
        "an `error` inside a 200, rows that remain and do not come, an answer that is no page: `IncompleteQuery`"
    )
    body = json.dumps({"result": [], "error": {"code": 500, "message": "no index"}}).encode()
    crowd.faults.append(Fault("GET", after=2, status=200, body=body))
    query = AICSession(crowd.url).query(USERS, page_size=10)
    with pytest.raises(aic_requests.IncompleteQuery, match="no index") as caught:
        list(query)
    assert (caught.value.rows, query.rows) == (20, 20)
    assert says("Every exception on the way carries `error.rows` and, where the server has cookies, `error.cookie`")
    assert caught.value.cookie is not None
    assert len(list(AICSession(crowd.url).query(USERS, page_size=10, params=query.position))) == 6


def test_the_total_of_a_query(crowd):
    """Where the server counts, and is asked to."""
    assert says('IDM and AM may do so with `params={"_totalPagedResultsPolicy": "EXACT"}`')
    for params, total in (({}, None), ({"_totalPagedResultsPolicy": "EXACT"}, 26)):
        query = AICSession(crowd.url).query(USERS, params=params)
        next(query)
        assert query.total == total


@pytest.mark.parametrize("fields", [None, ["userName"]])
def test_other_ways_to_query(crowd, fields):
    """In params."""
    assert says("`_queryId` and `_queryExpression` go in `params` in place of the filter")
    rows = AICSession(crowd.url).query(USERS, params={"_queryId": "query-all-ids"}, page_size=7, fields=fields or ())
    assert len(list(rows)) == 26


def test_a_filter_without_null(crowd):
    """None is refused, and what to ask instead finds those without a value."""
    assert says("There is no null: ask for `!(mail pr)`")
    with pytest.raises(TypeError, match="pr"):
        aic_requests.query_filter("mail eq {}", None)
    assert len(list(AICSession(crowd.url).query(USERS, "!(mail pr)"))) == 25


@pytest.mark.parametrize("seed", range(5))
def test_a_query_by_key_misses_none_that_stays(crowd, seed):
    """Whatever others create and delete between its pages; by offset, some are missed."""
    assert says("To miss none that is there all the time, ask by key, a page a query")
    users = crowd.collection(USERS)
    draw = random.Random(seed)
    staying = {one for one in users.ids() if draw.random() < 0.5}
    found = []
    space = {"session": AICSession(crowd.url), "users": USERS, "query_filter": aic_requests.query_filter}

    def somebody_writes(page):
        found.extend(row["_id"] for row in page)
        for one in list(users.ids()):
            if one not in staying and draw.random() < 0.3:
                users.delete(one)
        users.write(f"n{draw.random()}", {"userName": f"new{draw.random()}"})
        return page[-1]["_id"]

    block = BLOCKS[5].replace("1000", "4").replace('page[-1]["_id"]', "somebody_writes(page)")
    exec(block, space | {"somebody_writes": somebody_writes})
    assert staying <= set(found)
    assert len(found) == len(set(found))


def test_a_counter_that_a_gateway_delivers_twice(session, tenant):
    """Once with a mark; without one, twice, as told."""
    assert says("A plain counter that a gateway delivers twice counts twice, unless the change leaves a mark")
    plain = f'session.update("{USER}", lambda user: user | {{"logins": user["logins"] + 1}})'
    for count, change in ((1, BLOCKS[3]), (3, plain)):
        tenant.faults.append(Fault("PUT", USER, twice=True))
        exec(change.replace("https://tenant.example.com", tenant.url), {"session": session})
        assert tenant.collection(USERS).read("42")["logins"] == count
