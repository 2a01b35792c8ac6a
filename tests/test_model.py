"""A model check of the client: workers, principals and outsiders at once, over the genuine CREST code."""

import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

import pytest
import requests
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from aic_requests import AICSession, NotFound, PreconditionFailed, Store
from aic_requests.update import Clock

from .every_store import STORES

WORKERS = 3
PRINCIPALS = ("ann", "bob")
NAMES = ("x", "y")


@dataclass(frozen=True)
class Step:
    """What one worker does next: as whom, what, and to which resource."""

    worker: int
    principal: str
    deed: str
    name: str


one_step = st.builds(
    Step,
    st.integers(0, WORKERS - 1),
    st.sampled_from(PRINCIPALS),
    st.sampled_from(
        ["read"] * 8
        + ["read fields", "read fields", "put", "put", "put what was read", "patch", "update", "delete"]
        + ["outsider puts", "outsider deletes", "query"]
    ),
    st.sampled_from(NAMES),
)


@dataclass
class History:
    """
    What the server has answered. Its revisions end in a number that grows with every write to the collection.

    Attributes:
        floor: The least number that a read begun now may show, by resource.
        writes: By resource and number: the number this write was made over, or None where nobody had promised one.
    """

    floor: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    writes: dict[str, dict[int, int | None]] = field(default_factory=lambda: defaultdict(dict))
    shown: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wrote(self, name: str, number: int, over: int | None) -> None:
        with self.lock:
            assert number not in self.writes[name], f"two writes are said to have made {name} {number}"
            self.writes[name][number] = over
            self.floor[name] = max(self.floor[name], number)

    def deleted(self, name: str, number: int) -> None:
        with self.lock:
            # Whoever reads from now on sees a later one, or nothing.
            self.floor[name] = max(self.floor[name], number + 1)

    def check(self) -> None:
        """No write over a revision that its writer had not seen; nothing shown that was never written."""
        for name, writes in self.writes.items():
            numbers = sorted(writes)
            for before, number in zip([None, *numbers], numbers, strict=False):
                assert writes[number] in (None, before), (
                    f"{name} {number} was written over {before}, seen {writes[number]}"
                )
            assert self.shown[name] <= set(numbers)


class Worker:
    """One thread: what it does, and what it has seen as whom."""

    def __init__(self, session: AICSession, base: str, history: History) -> None:
        self.session = session
        self.base = base
        self.history = history
        self.seen: dict[tuple[str, str], int] = {}
        self.documents: dict[tuple[str, str], dict] = {}
        self.thread = ThreadPoolExecutor(1)

    def do(self, step: Step) -> None:
        deeds = {
            "read": self.read,
            "read fields": lambda principal, name: self.read(principal, name, params={"_fields": "n,you"}),
            "put": lambda principal, name: self.write(principal, name, "PUT", json={"n": 0}),
            "put what was read": self.put_what_was_read,
            "patch": lambda principal, name: self.write(
                principal, name, "PATCH", json=[{"operation": "replace", "field": "n", "value": 1}]
            ),
            "update": self.update,
            "delete": self.delete,
            "query": self.query,
            "outsider puts": lambda _, name: self.outsider(name, "PUT"),
            "outsider deletes": lambda _, name: self.outsider(name, "DELETE"),
        }
        deeds[step.deed](step.principal, step.name)

    def read(self, principal: str, name: str, **options) -> None:
        """Never staler than what was acknowledged before it began, and never somebody else's."""
        floor = self.history.floor[name]
        try:
            response = self.ask("GET", principal, name, **options)
        except NotFound:
            self.forget(principal, name)
            return
        document = response.json()
        assert document["you"] == f"Bearer {principal}"
        number = number_of(document["_rev"])
        assert number >= floor, f"{name} {number} was read, {floor} was acknowledged before"
        with self.history.lock:
            self.history.shown[name].add(number)
        self.seen[principal, name] = number
        self.documents[principal, name] = document

    def write(self, principal: str, name: str, method: str, *, over: int | None = None, **options) -> None:
        """Over what this thread has seen as this principal, or over anything where it has seen nothing."""
        over = self.seen.get((principal, name)) if over is None else over
        try:
            response = self.ask(method, principal, name, **options)
        except PreconditionFailed as error:
            assert error.cause_of_failure == "stale"
            assert over is not None
            return
        except NotFound:
            # Even to a PUT without condition: the server tries to create, then to update, and another may delete
            # between the two.
            self.forget(principal, name)
            return
        assert ("If-Match" in response.request.headers) == (over is not None)
        number = number_of(response.json()["_rev"])
        self.history.wrote(name, number, over)
        self.seen[principal, name] = number

    def put_what_was_read(self, principal: str, name: str) -> None:
        """The document's own revision counts, even if this thread has seen a later one."""
        document = self.documents.get((principal, name))
        if document is not None:
            self.write(principal, name, "PUT", over=number_of(document["_rev"]), json=document | {"n": 2})

    def update(self, principal: str, name: str) -> None:
        """Over the very document that the change was made on."""
        bases: list[int | None] = []

        def change(document: dict) -> dict:
            bases.append(number_of(document["_rev"]) if "_rev" in document else None)
            return document | {"n": document.get("n", 0) + 1}

        done = self.session.update(
            self.path(name), change, missing={"n": 0}, headers={"Authorization": f"Bearer {principal}"}
        )
        number = number_of(done["_rev"])
        self.history.wrote(name, number, bases[-1])
        self.seen[principal, name] = number

    def delete(self, principal: str, name: str) -> None:
        try:
            response = self.ask("DELETE", principal, name)
        except PreconditionFailed:
            return
        except NotFound:
            self.forget(principal, name)
            return
        number = number_of(response.json()["_rev"])
        assert self.seen.get((principal, name), number) == number
        self.history.deleted(name, number)
        self.forget(principal, name)

    def query(self, principal: str, name: str) -> None:
        """Rows teach no revision: what is seen stays as it was."""
        self.session.get(
            self.path(""), params={"_queryFilter": "true"}, headers={"Authorization": f"Bearer {principal}"}
        )

    def outsider(self, name: str, method: str) -> None:
        """Somebody else's program, without any condition."""
        response = requests.request(method, self.base + self.path(name), json={"n": -1}, timeout=10)
        if response.ok:
            number = number_of(response.json()["_rev"])
            if method == "PUT":
                self.history.wrote(name, number, None)
            else:
                self.history.deleted(name, number)

    def ask(self, method: str, principal: str, name: str, **options) -> requests.Response:
        return self.session.request(
            method, self.path(name), headers={"Authorization": f"Bearer {principal}"}, **options
        )

    def path(self, name: str) -> str:
        return f"/personal/{name}".rstrip("/")

    def forget(self, principal: str, name: str) -> None:
        self.seen.pop((principal, name), None)


def number_of(revision: str) -> int:
    return int(revision.rpartition("-")[2])


@pytest.mark.parametrize("context", ["/crest", "/gz"])
@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize("kept", [64 * 1024 * 1024, 2000], ids=["roomy", "forgetful"])
def test_workers_principals_and_outsiders(crest_server, context, kept, kind, tmp_path, monkeypatch):
    """
    No read is staler than the server's answer to it, no principal sees another's fields, no write lands unseen.

    By the server's own numbers: a read shows at least what was acknowledged before it began; the field that is the
    caller's own names the caller; and each write is made over the revision that its thread has last seen as that
    principal.
    """
    monkeypatch.setattr("aic_requests.update.Clock", lambda: Clock(sleep=lambda seconds: None))
    totals = Totals()
    folders = (tmp_path / str(number) for number in count())

    def new_store() -> Store:
        # What one example has kept is of another history.
        folder = next(folders)
        folder.mkdir()
        return STORES[kind](folder, kept)

    run(crest_server + context, new_store, totals, seed=1, examples=15, steps=10)
    # Neither never nor always served from memory.
    assert totals.hits > 40
    assert totals.misses > 40


@dataclass
class Totals:
    hits: int = 0
    misses: int = 0


def run(base: str, new_store: Callable[[], Store], totals: Totals, *, seed: int, examples: int, steps: int) -> None:
    class Model(RuleBasedStateMachine):
        @initialize()
        def start(self) -> None:
            requests.post(f"{base}/personal?_action=clear", timeout=10)
            self.session = AICSession(base, store=new_store())
            self.history = History()
            self.workers = [Worker(self.session, base, self.history) for _ in range(WORKERS)]

        @rule(plan=st.lists(one_step, min_size=6, max_size=16))
        def at_once(self, plan: list[Step]) -> None:
            """Each worker does its part in its own order, all of them at the same time."""
            done = [self.workers[step.worker].thread.submit(self.workers[step.worker].do, step) for step in plan]
            for one in done:
                one.result(timeout=60)
            self.history.check()

        def teardown(self) -> None:
            if hasattr(self, "session"):
                for worker in self.workers:
                    worker.thread.shutdown()
                info = self.session.cache_info()
                totals.hits += info.hits
                totals.misses += info.misses
                self.session.close()

    run_state_machine_as_test(
        seeded(seed)(Model),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            # What threads do is not done again in the same order, so there is nothing to make smaller.
            phases=[Phase.generate],
        ),
    )
