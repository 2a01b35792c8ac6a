"""The same requests to both, in long sequences."""

from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from aic_requests.testing import CREST, Behaviour, Profile, Tenant

from .generate import FIRST, JSON, MEMORY, REVISIONED, ask, asks
from .sides import Ask, Side, differences
from .wanted import reason_for

#: The fake told to be what the genuine server of these tests is.
GENUINE = replace(
    CREST,
    behaviours=(
        *CREST.behaviours,
        Behaviour("/strings", revision="opaque", paging="sorted", actions=("clear",)),
        Behaviour("/inside", revision="inside", paging="sorted", actions=("clear",)),
        Behaviour("/absent", revision="none", paging="sorted", actions=("clear",)),
    ),
)


class Both:
    """The two servers, and how they were found to differ."""

    def __init__(self, real: str, fake: str) -> None:
        self.real, self.fake = Side(real), Side(fake)
        self.asked = 0
        self.statuses: Counter[int] = Counter()
        self.wanted: Counter[str] = Counter()

    def begin(self) -> None:
        """Empty both."""
        for side in (self.real, self.fake):
            side.forget()
            for name in (*MEMORY, *REVISIONED):
                side.ask(Ask("POST", f"/{name}?_action=clear"))

    def ask(self, ask: Ask) -> None:
        """Ask both the same. Raises AssertionError where they differ and should not."""
        real, fake = self.real.ask(ask), self.fake.ask(ask)
        self.asked += 1
        self.statuses[real.status] += 1
        wrong = differences(real, fake)
        if wrong:
            reason = reason_for(ask, real, fake, wrong)
            assert reason is not None, f"{ask}\n" + "\n".join(
                f"  {name}: really {one!r}, fake {other!r}" for name, (one, other) in wrong.items()
            )
            self.wanted[reason] += 1

    def close(self) -> None:
        self.real.close()
        self.fake.close()


def run(
    crest_server: str,
    *,
    seed: int,
    examples: int,
    steps: int = 50,
    profile: Profile = GENUINE,
    contexts: tuple[str, ...] = ("/crest", "/gz"),
    shrink: bool = True,
) -> dict[str, Both]:
    """
    Run so many sequences of so many requests each, over each of the two contexts.

    Raises:
        AssertionError: The servers differ where they should not; with *shrink*, in as few requests as it takes.
    """
    ran: dict[str, Both] = {}
    for context in contexts:
        with Tenant(replace(profile, context=context, gzip="strips" if context == "/gz" else None)) as tenant:
            both = ran[context] = Both(crest_server + context, tenant.url)
            try:
                both.begin()
                for one in FIRST:
                    both.ask(one)
                _run(both, seed, examples, steps, shrink)
            finally:
                both.close()
    return ran


def _run(both: Both, seed: int, examples: int, steps: int, shrink: bool) -> None:
    class Differential(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            both.begin()
            for name in (*MEMORY, *REVISIONED):
                both.ask(ask("PUT", name, "u1", [], [JSON], b'{"n":1,"s":"x","list":[1,2],"o":{"k":"v"}}'))

        @rule(ask=asks)
        def ask_both(self, ask: Ask) -> None:
            both.ask(ask)

    run_state_machine_as_test(
        seeded(seed)(Differential),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        ),
    )
