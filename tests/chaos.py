"""
Many writers, one document, and a network where things go wrong: is each change in once, or reported?

    python -m tests.chaos --writers 16 --updates 500 --seed 1

A short form runs with the tests.
"""

import argparse
import multiprocessing
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import requests
import urllib3

from aic_requests import AICSession, AmbiguousWrite
from aic_requests import update as update_module
from aic_requests.testing import CREST, Tenant
from aic_requests.update import Clock

from .fault_proxy import FAULTS, faulty

#: Pauses are divided by this: the order of things matters here, not their length.
HASTE = 40.0

PATHS = {"openidm": "/openidm/managed/alpha_thing/one", "crest": "/users/one"}


def plain(_writer: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A plain counter: nothing tells one increment from another."""
    return lambda document: document | {"count": document["count"] + 1}


def marked(writer: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A counter whose increments leave a mark: the writer's last id, which no other writer touches."""

    def change(document: dict[str, Any]) -> dict[str, Any]:
        mine = document["of"].get(writer, {"count": 0})
        of = document["of"] | {writer: {"count": mine["count"] + 1, "id": str(uuid.uuid4())}}
        return document | {"count": document["count"] + 1, "of": of}

    return change


CHANGES = {"plain": plain, "marked": marked}


def write(url: str, path: str, kind: str, writer: str, updates: int) -> Counter[str]:
    """One writer's work, and what it was told."""
    # In a process of its own, or under a test that sets it back.
    update_module.Clock = lambda: Clock(sleep=lambda seconds: REAL_SLEEP(seconds / HASTE))  # type: ignore[assignment, misc]
    session = AICSession(url, timeout=(5, 0.3))
    change = CHANGES[kind](writer)
    told: Counter[str] = Counter()
    for _ in range(updates):
        try:
            session.update(path, change, attempts=10_000, deadline=None)
        except AmbiguousWrite:
            told["ambiguous"] += 1
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
            # The first read failed, or the write never left.
            told["refused"] += 1
        else:
            told["acknowledged"] += 1
    return told


REAL_SLEEP = time.sleep


def hasty_sleep(seconds: float) -> None:
    """For the pauses between urllib3's retries."""
    REAL_SLEEP(seconds / HASTE)


def by_threads(url: str, path: str, kind: str, writers: int, updates: int) -> Counter[str]:
    """All writers in this process."""
    told: Counter[str] = Counter()
    lock = threading.Lock()

    def work(number: int) -> None:
        mine = write(url, path, kind, f"w{number}", updates)
        with lock:
            told.update(mine)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def by_processes(url: str, path: str, kind: str, writers: int, updates: int) -> Counter[str]:
    """The writers over four processes."""
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        each = [(url, path, kind, f"w{number}", updates) for number in range(writers)]
        told: Counter[str] = Counter()
        for one in pool.starmap(write, each):
            told.update(one)
        return told


def storm(
    *, server: str, kind: str, writers: int, updates: int, seed: int, processes: bool = False, twice: bool = True
) -> dict[str, Any]:
    """
    Let it storm once.

    Returns:
        What the writers were told, what the server has, and what happened on the way.
    """
    path = PATHS[server]
    faults = {name: share for name, share in FAULTS.items() if twice or name != "deliver twice"}
    with Tenant(*([CREST] if server == "crest" else [])) as tenant:
        collection = tenant.collection(path.rpartition("/")[0])
        collection.write("one", {"count": 0, "of": {}})
        with faulty(tenant.url, seed=seed, faults=faults) as proxy:
            run = by_processes if processes else by_threads
            told = run(proxy.url, path, kind, writers, updates)
            # What was dropped after the request may still be on its way.
            REAL_SLEEP(0.3)
            stored = collection.read("one")
    return {"told": told, "stored": stored, "happened": proxy.happened}


def verdict(result: dict[str, Any], *, updates: int) -> str:
    """What is wrong; "" if each acknowledged update is there once, and every other difference was reported."""
    told, stored = result["told"], result["stored"]
    in_doubt = stored["count"] - told["acknowledged"]
    if in_doubt < 0:
        return f"{-in_doubt} lost"
    if in_doubt > told["ambiguous"]:
        return f"{in_doubt - told['ambiguous']} doubled"
    each = stored["of"]
    if each and sum(one["count"] for one in each.values()) != stored["count"]:
        return "the writers' own counts differ from the whole"
    if any(one["count"] > updates for one in each.values()):
        return "a writer counted twice"
    return ""


def main() -> None:
    """The long form."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--updates", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    time.sleep = hasty_sleep  # type: ignore[assignment]
    print(f"seed {given.seed}, {given.writers} writers x {given.updates} updates")
    for server in PATHS:
        for kind in CHANGES:
            # Nothing can tell a plain counter's second delivery from another writer's increment.
            result = storm(
                server=server,
                kind=kind,
                writers=given.writers,
                updates=given.updates,
                seed=given.seed,
                twice=kind == "marked",
            )
            wrong = verdict(result, updates=given.updates)
            print(f"{server:8} {kind:7} {dict(result['told'])} stored {result['stored']['count']}: {wrong or 'right'}")
            print(f"         {dict(result['happened'])}")


if __name__ == "__main__":
    main()
