"""What must hold whatever happens in whatever order: found by machine."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aic_requests import AICSession, NotFound, PreconditionFailed
from aic_requests.retries import READS, Retries, pause_before
from aic_requests.retry_after import seconds_of
from aic_requests.testing import AIC, CREST, Tenant

PATHS = {"crest": "/users/x", "aic": "/openidm/managed/alpha_thing/x"}
BASE = "https://tenant.example.com"
WRITERS = st.sampled_from(["ann", "bob", "eve"])
VALUES = st.integers(0, 3)


class OneResource(RuleBasedStateMachine):
    """Several writers, one resource, and a model of what each has seen."""

    profile = CREST
    path = PATHS["crest"]

    @initialize()
    def start(self):
        """A tenant, a session for all, and a principal for each writer."""
        self.tenant = Tenant(self.profile)
        self.collection = self.tenant.collection(self.path.rpartition("/")[0])
        self.session = AICSession(BASE)
        self.session.mount(BASE, self.tenant.adapter())
        self.seen = {}

    def ask(self, writer, method, **options):
        return self.session.request(method, self.path, headers={"Authorization": f"Bearer {writer}"}, **options)

    def now(self):
        return self.collection.read("x") if "x" in self.collection.ids() else None

    @rule(writer=WRITERS)
    def read(self, writer):
        """A read is what the server has now, from the store or not."""
        before = self.now()
        try:
            document = self.ask(writer, "GET").json()
        except NotFound:
            assert before is None
            self.seen.pop(writer, None)
            return
        assert document == before
        self.seen[writer] = document["_rev"]

    @rule(writer=WRITERS, value=VALUES, method=st.sampled_from(["PUT", "PATCH", "DELETE"]))
    def write(self, writer, value, method):
        """A write counts only over the revision that its writer has seen; who has seen none is not held back."""
        before = self.now()
        body = [{"operation": "replace", "field": "/n", "value": value}] if method == "PATCH" else {"n": value}
        try:
            answer = self.ask(writer, method, **({} if method == "DELETE" else {"json": body}))
        except PreconditionFailed as error:
            assert error.cause_of_failure == "stale"
            assert before is not None
            assert error.sent == {"If-Match": f'"{self.seen[writer]}"'}
            assert self.seen[writer] != before["_rev"]
            assert self.now() == before
            return
        except NotFound:
            assert before is None
            self.seen.pop(writer, None)
            return
        sent = answer.request.headers.get("If-Match")
        assert sent == (f'"{self.seen[writer]}"' if writer in self.seen else None)
        after = self.now()
        if method == "DELETE":
            assert after is None
            self.seen.pop(writer, None)
            return
        if sent is not None and before is not None and before["_rev"] != self.seen[writer]:
            # Only what changes nothing gets past a revision that is not current, and it has changed nothing.
            assert after == before
            assert answer.json()["_rev"] == self.seen[writer]
            return
        if sent is None or answer.json()["_rev"] != self.seen[writer]:
            self.seen[writer] = answer.json()["_rev"]

    @rule(writer=WRITERS, value=VALUES)
    def update(self, writer, value):
        """An update always gets through here, and keeps what others have written."""
        before = self.now() or {}
        after = self.session.update(
            self.path,
            lambda document: document | {writer: value},
            missing={},
            headers={"Authorization": f"Bearer {writer}"},
        )
        assert after == self.now()
        others = {name: of for name, of in before.items() if name not in (writer, "_rev", "_id")}
        assert {name: after[name] for name in others} == others
        assert after[writer] == value
        self.seen[writer] = after["_rev"]

    @rule(value=VALUES)
    def somebody_else_writes(self, value):
        """Behind the session's back."""
        self.collection.write("x", {"n": value})

    @rule()
    def somebody_else_deletes(self):
        """Behind the session's back."""
        if "x" in self.collection.ids():
            self.collection.delete("x")

    @invariant()
    def no_illegal_condition_was_sent(self):
        """Nobody was told that a header is illegal."""
        if hasattr(self, "tenant"):
            assert not any("illegal" in one.rule for one in self.tenant.requests)


class OneManagedObject(OneResource):
    """The same where content is compared before revisions."""

    profile = AIC
    path = PATHS["aic"]


SETTINGS = settings(
    max_examples=40, stateful_step_count=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
TestOneResource = OneResource.TestCase
TestOneResource.settings = SETTINGS
TestOneManagedObject = OneManagedObject.TestCase
TestOneManagedObject.settings = SETTINGS


@given(
    st.sampled_from(["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE", "FOO"]),
    st.integers(100, 599),
    st.booleans(),
)
def test_which_answers_are_repeated(method, status, has_retry_after):
    """429 always; 502, 503 and 504 for reads; nothing else, Retry-After or not."""
    expected = status == 429 or (method in READS and status in (502, 503, 504))
    assert Retries().is_retry(method, status, has_retry_after) is expected
    assert Retries(0).is_retry(method, status, has_retry_after) is False


@given(st.integers(1, 10**9), st.floats(0.001, 10), st.floats(0.001, 100))
def test_pauses_grow_and_are_bounded(retry, base, cap):
    """Never longer than the cap, never shorter than the one before."""
    assert 0 < pause_before(retry, base=base, cap=cap) <= cap
    assert pause_before(retry, base=base, cap=cap) <= pause_before(retry + 1, base=base, cap=cap)


@given(st.text())
def test_no_retry_after_is_too_strange(header):
    """Seconds that can be waited for, or None."""
    from datetime import UTC, datetime

    seconds = seconds_of(header, now=datetime(2026, 11, 24, tzinfo=UTC))
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("header", ["0", " 7 ", "Mon, 23 Nov 2026 00:00:00 GMT"])
def test_retry_after_in_the_past_is_now(header):
    """Never a negative wait."""
    from datetime import UTC, datetime

    assert seconds_of(header, now=datetime(2026, 11, 24, tzinfo=UTC)) in (0.0, 7.0)
