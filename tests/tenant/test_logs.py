"""The logs of AIC: ``/monitoring/logs``, as documented."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from aic_requests.testing import AIC, CREST, Tenant

from .asking import Asked

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LOGS = "/monitoring/logs"


@pytest.fixture
def tenant():
    one = Tenant(AIC)
    one.clock.set(NOON)
    return one


def seen(tenant, query="", call=""):
    """The payloads of a page, and its cookie."""
    page = Asked(tenant, "GET", f"{LOGS}{call}?source=am-access,idm-access{query}").json
    assert page["resultCount"] == len(page["result"])
    return [entry["payload"] for entry in page["result"]], page["pagedResultsCookie"]


def test_the_sources(tenant):
    """As recorded, with three headers that tell how many calls are left."""
    answer = Asked(tenant, "GET", f"{LOGS}/sources")
    assert {"am-access", "idm-sync"} <= set(answer.json["result"])
    assert (answer.json["totalPagedResults"], answer.json["remainingPagedResults"]) == (1, 0)
    assert answer.headers["x-ratelimit-remaining"] == "59"
    assert answer.headers["x-ratelimit-reset"] == str(int(NOON.timestamp()) + 60)


def test_an_entry(tenant):
    """Payload, source, timestamp, type: of now if nothing else is said."""
    tenant.logs.write("am-access", {"eventName": "AM-ACCESS-ATTEMPT"})
    [entry] = Asked(tenant, "GET", f"{LOGS}?source=am-access").json["result"]
    assert entry == {
        "payload": {"eventName": "AM-ACCESS-ATTEMPT"},
        "source": "am-access",
        "timestamp": "2026-11-24T12:00:00.000000Z",
        "type": "application/json",
    }
    assert tenant.logs.entries == [entry]


def test_entries_are_documents_too():
    """By the path of the logs, with their time or of now."""
    entry = {"source": "am-access", "payload": "x", "timestamp": "2026-11-24T11:00:00Z"}
    tenant = Tenant(AIC, documents={LOGS: [entry, {"source": "idm-access", "payload": "y"}]})
    assert [one["payload"] for one in tenant.logs.entries] == ["x", "y"]
    assert tenant.logs.entries[0]["type"] == "text/plain"
    with pytest.raises(ValueError, match=r"documents\['/monitoring/logs'\]\[0\]: an entry of the logs has"):
        Tenant(AIC, documents={LOGS: [{"_id": "1"}]})


def test_which_entries(tenant):
    """By source, time, filter and transaction; a day back where no time is given, the end not included."""
    for hours, payload in [(30, "old"), (3, {"transactionId": "t1/0", "n": 3}), (1, {"n": 1}), (0, {"n": 0})]:
        tenant.logs.write("am-access", payload, timestamp=NOON - timedelta(hours=hours))
    tenant.logs.write("am-config", {"n": 9})
    assert seen(tenant)[0] == [{"transactionId": "t1/0", "n": 3}, {"n": 1}, {"n": 0}]
    assert seen(tenant, "&beginTime=2026-11-24T09:30:00Z&endTime=2026-11-24T12:00:00Z")[0] == [{"n": 1}]
    assert seen(tenant, "&beginTime=2026-11-01T00:00:00Z")[0][0] == "old"
    assert seen(tenant, "&transactionId=t1")[0] == [{"transactionId": "t1/0", "n": 3}]
    assert seen(tenant, f"&_queryFilter={quote('/payload/n gt 1')}")[0] == [{"transactionId": "t1/0", "n": 3}]
    everything = Asked(tenant, "GET", f"{LOGS}?source=am-everything").json
    assert everything["resultCount"] == 4


def test_pages(tenant):
    """By an opaque cookie, null on the last page."""
    for number in range(5):
        tenant.logs.write("am-access", {"n": number}, timestamp=NOON - timedelta(seconds=5 - number))
    found, cookie = seen(tenant, "&_pageSize=2")
    while cookie is not None:
        more, cookie = seen(tenant, f"&_pageSize=2&_pagedResultsCookie={cookie}")
        found += more
    assert [one["n"] for one in found] == [0, 1, 2, 3, 4]


def test_the_tail(tenant):
    """Fifteen seconds back at first, then from the last entry, which comes again; with nothing new, the same cookie."""
    tenant.logs.write("am-access", "long ago", timestamp=NOON - timedelta(seconds=16))
    found, cookie = seen(tenant, call="/tail")
    assert found == []
    tenant.logs.write("am-access", "one")
    tenant.logs.write("am-access", "two")
    found, cookie = seen(tenant, f"&_pagedResultsCookie={cookie}", "/tail")
    assert found == ["one", "two"]
    for _ in range(2):
        found, cookie = seen(tenant, f"&_pagedResultsCookie={cookie}", "/tail")
        assert found == ["two"]
    tenant.clock.advance(3600)
    tenant.logs.write("am-access", "three")
    assert seen(tenant, f"&_pagedResultsCookie={cookie}", "/tail")[0] == ["two", "three"]


def test_more_calls_than_a_minute_has(tenant):
    """429 until the clock is in the next minute."""
    statuses = [Asked(tenant, "GET", f"{LOGS}/sources").status for _ in range(61)]
    assert statuses == [200] * 60 + [429]
    tenant.clock.advance(60)
    assert Asked(tenant, "GET", f"{LOGS}/sources").status == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("?source=nothing", 400),
        ("?source=am-access&_pageSize=1001", 400),
        ("?source=am-access&_pageSize=0", 400),
        ("?source=am-access&beginTime=yesterday", 400),
        ("?source=am-access&_pagedResultsCookie=abc", 400),
        ("?source=am-access&_queryFilter=((", 400),
        ("/nothing", 404),
    ],
)
def test_what_is_refused(tenant, query, status):
    """What makes no sense."""
    assert Asked(tenant, "GET", f"{LOGS}{query}").status == status


def test_who_may_read():
    """A log API key and its secret, where there are any; a bearer token is none."""
    tenant = Tenant(AIC, log_keys={"key": "secret"}, tokens={"t": "ann"})
    good = {"x_api_key": "key", "x_api_secret": "secret"}
    assert Asked(tenant, "GET", f"{LOGS}/sources", **good).status == 200
    for bad in ({}, {**good, "x_api_secret": "x"}, {"x_api_secret": "secret"}, {"Authorization": "Bearer t"}):
        assert Asked(tenant, "GET", f"{LOGS}/sources", **bad).status == 401


def test_only_aic_has_logs():
    """A KeyError elsewhere, and 404 on the wire."""
    assert Asked(Tenant(CREST), "GET", f"{LOGS}/sources").status == 404
    with pytest.raises(KeyError, match="no logs here"):
        _ = Tenant(CREST).logs


@pytest.mark.parametrize(
    ("source", "when", "said"), [("am-acces", NOON, "no source"), ("am-access", NOON.replace(tzinfo=None), "no zone")]
)
def test_entries_that_are_none(tenant, source, when, said):
    """A typo is told at once."""
    with pytest.raises(ValueError, match=said):
        tenant.logs.write(source, {}, timestamp=when)


def test_the_example_follows_them():
    """Our own script is let in by its key, and prints each entry once, although the tail repeats the last one."""
    example = Path(__file__).parent.parent.parent / "examples" / "follow_logs.py"
    with Tenant(AIC, log_keys={"key": "hush"}) as tenant:
        tenant.logs.write("am-access", {"n": 1})
        tenant.logs.write("am-access", {"n": 2})
        known = {name: value for name, value in os.environ.items() if not name.startswith("AIC_")}
        keys = {"AIC_LOG_API_KEY": "key", "AIC_LOG_API_SECRET": "hush"}
        done = subprocess.run(
            [sys.executable, example, "am-access", "--seconds=0", "--rounds=3", f"--base-url={tenant.url}"],
            env=known | keys,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["payload"]["n"] for line in done.stdout.splitlines()] == [1, 2]
    assert "hush" not in repr(tenant.requests)
