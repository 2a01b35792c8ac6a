"""Sixteen writers through a network where things go wrong: nothing lost, nothing twice."""

import threading
import time

import pytest
import requests

from aic_requests import AICSession, maybe_applied
from aic_requests import update as update_module
from aic_requests.testing import Tenant

from .chaos import hasty_sleep, storm, verdict
from .fault_proxy import FAULTS, faulty


@pytest.fixture(autouse=True)
def _haste(monkeypatch):
    monkeypatch.setattr(time, "sleep", hasty_sleep)
    monkeypatch.setattr(update_module, "Clock", update_module.Clock)


@pytest.mark.parametrize("server", ["openidm", "crest"])
@pytest.mark.parametrize("kind", ["plain", "marked"])
@pytest.mark.parametrize("seed", [1, 2])
def test_each_change_is_in_once_or_reported(server, kind, seed):
    """Each acknowledged update is there once; what may or may not be there was reported as ambiguous."""
    result = storm(server=server, kind=kind, writers=16, updates=6, seed=seed, twice=kind == "marked")
    assert verdict(result, updates=6) == "", result
    assert sum(result["told"].values()) == 96
    assert result["told"]["acknowledged"] > 0
    assert sum(result["happened"].values()) > result["happened"]["none"]


def test_processes_do_no_worse_than_threads():
    """Four processes share nothing but the document."""
    result = storm(server="openidm", kind="marked", writers=8, updates=5, seed=3, processes=True)
    assert verdict(result, updates=5) == "", result


def test_no_layer_repeats_a_patch():
    """Each PATCH arrives at most once more often than it was refused with 429; an increment is never doubled."""
    path = "/openidm/managed/alpha_thing/one"
    faults = {name: share for name, share in FAULTS.items() if name not in ("429", "deliver twice")}
    applied = in_doubt = 0
    with Tenant() as tenant:
        tenant.collection("/openidm/managed/alpha_thing").write("one", {"count": 0})
        with faulty(tenant.url, seed=4, faults=faults) as proxy:
            session = AICSession(proxy.url, timeout=(5, 0.3))
            for _ in range(150):
                try:
                    answer = session.patch(
                        path,
                        json=[{"operation": "increment", "field": "/count", "value": 1}],
                        headers={"If-Match": None},
                    )
                except requests.RequestException as error:
                    in_doubt += maybe_applied(error)
                else:
                    # What is left of an answer that broke within its headers says nothing but its status.
                    applied += bool(answer.content)
                    in_doubt += not answer.content
            threading.Event().wait(0.3)
            count = tenant.collection("/openidm/managed/alpha_thing").read("one")["count"]
    assert proxy.methods == {"PATCH": 150}
    assert applied <= count <= applied + in_doubt


def test_the_trap_is_real():
    """Without the rule for echoes, writers who are all told 200 lose increments: the tenant behaves as OpenIDM does."""
    with Tenant() as tenant:
        path = "/openidm/managed/alpha_thing/one"
        tenant.collection("/openidm/managed/alpha_thing").write("one", {"count": 0})
        told = []

        def work():
            session = AICSession(tenant.url, store=None)
            for _ in range(10):
                while True:
                    document = session.get(path).json()
                    try:
                        session.put(path, json=document | {"count": document["count"] + 1})
                    except requests.HTTPError:
                        continue
                    told.append(200)
                    break

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(told) == 80
        assert tenant.collection("/openidm/managed/alpha_thing").read("one")["count"] < 80
