"""Generated requests through both doors of a tenant: the answers, the failures and the journals are the same."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from aic_requests.testing import AIC, CREST, OPENAM, OPENIDM, OPENIDM_ORIENTDB, REST2LDAP, Fault, Tenant

from ..differential.generate import FIRST, asks, mostly, one_of
from ..differential.sides import Ask, Names

#: What the generator's collections are called here: ``users``, ``groups``, ``strings``, ``inside`` and ``absent``.
_MANAGED = ("/openidm/managed/role", "/openidm/managed/thing", "/openidm/managed/user")
_AIC = (
    "/openidm/managed/alpha_role",
    "/am/json/realms/root/realms/alpha/realm-config/agents/OAuth2Client",
    "/openidm/system/ldap/account",
    "/environment/variables",
    "/openidm/config",
)
_AM = (
    "/am/json/realms/root/realm-config/agents/OAuth2Client",
    "/am/json/realms/root/users",
    "/am/json/global-config/sites",
    "/am/json/realms/root/scripts",
    "/am/json/nowhere",
)
_MEMORY = ("/users", "/groups", "/users", "/groups", "/users")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PROFILES = {
    "aic": (AIC, _AIC),
    "crest": (CREST, _MEMORY),
    "gzip": (replace(CREST, gzip="strips"), _MEMORY),
    "openidm": (OPENIDM, (*_MANAGED, "/openidm/config", "/openidm/nowhere")),
    "orientdb": (OPENIDM_ORIENTDB, (*_MANAGED, "/openidm/config", "/openidm/nowhere")),
    "openam": (OPENAM, _AM),
    "rest2ldap": (REST2LDAP, (*_MANAGED, "/openidm/config", "/openidm/nowhere")),
}

#: Part of a fault: at least one of the first kind makes it one.
answers = st.fixed_dictionaries(
    {"status": one_of(200, 204, 304, 401, 412, 429, 500, 503, 599)},
    optional={
        "headers": one_of({"X-A": "\u00e9"}, {"Content-Type": "text/html"}),
        "body": one_of("busy", {"code": 1}, b"x" * 5_000),
        "retry_after": one_of(0, 2.5),
    },
)
breaks = st.fixed_dictionaries({"connection": one_of("drop", "reset", "truncate", "headers")})
changes = st.fixed_dictionaries({"tag": one_of("weak", "-gzip", "--gzip", "none")}, optional={"slow": st.just(0.002)})
more = st.fixed_dictionaries({}, optional={"commit": st.booleans(), "twice": st.booleans()})
faults = mostly(
    st.none(),
    st.builds(lambda *parts: Fault(**{name: part for one in parts for name, part in one.items()}),
              st.one_of(answers, breaks, changes, st.builds(dict.__or__, answers, breaks)), more),
    odds=6,
)  # fmt: skip


@pytest.mark.parametrize("kind", PROFILES)
def test_generated_requests_get_the_same_through_both_doors(kind):
    """Status, reason, every header, body or exception, and what the journal says of it; faults included."""
    profile, places = PROFILES[kind]
    both = Both(profile, dict(zip(("users", "groups", "strings", "inside", "absent"), places, strict=True)))

    @seed(7)
    @settings(
        max_examples=25, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(st.lists(st.tuples(asks, faults), min_size=10, max_size=30))
    def run(sequence):
        for asked, fault in sequence:
            both.ask(asked, fault)

    with both:
        for asked in FIRST:
            both.ask(asked, None)
        run()
        assert both.asked >= 350
        assert {200, 400, 404, 501} <= both.outcomes
        assert requests.ConnectionError in both.outcomes


class Both:
    """One tenant behind a socket and its twin behind an adapter, at the same address."""

    def __init__(self, profile, places):
        self.places, self.names = places, Names()
        self.tenants = Tenant(profile, seed=7), Tenant(profile, seed=7)
        self.sessions = requests.Session(), requests.Session()
        self.asked, self.outcomes = 0, set()

    def __enter__(self):
        listening, twin = self.tenants
        self.url = listening.__enter__().url
        for session in self.sessions:
            session.trust_env = False
        self.sessions[1].mount(self.url, twin.adapter())
        return self

    def __exit__(self, *_):
        self.tenants[0].__exit__(None, None, None)
        for session in self.sessions:
            session.close()

    def ask(self, asked, fault):
        if len({name.lower() for name, _ in asked.headers}) < len(asked.headers):
            # requests sends one line of a name.
            return
        heard = []
        for tenant, session in zip(self.tenants, self.sessions, strict=True):
            tenant.faults[:] = [] if fault is None else [replace(fault)]
            tenant.clock.set(NOON)
            heard.append(self.answered(session, asked))
        assert heard[0] == heard[1], (asked, fault)
        assert self.tenants[0].requests[-1] == self.tenants[1].requests[-1]
        self.learn(asked, heard[0])
        self.asked += 1
        self.outcomes.add(heard[0][0])

    def answered(self, session, asked: Ask):
        """Status, reason, headers and body, or the exception: its class and those of its causes."""
        collection = asked.place[0]
        path = asked.path.replace(f"/{collection}", self.places.get(collection, f"/{collection}"), 1)
        # requests sends no blanks in front of a value.
        headers = {name: self.names.named(value).lstrip().encode() for name, value in asked.headers}
        request = requests.Request(asked.method, self.url + self.names.named(path), headers=headers, data=asked.body)
        prepared = session.prepare_request(request)
        prepared.method = asked.method
        try:
            response = session.send(prepared, allow_redirects=False, stream=True, timeout=5)
        except requests.RequestException as error:
            return type(error), causes(error)
        shown = list(response.raw.headers.items())
        start = response.status_code, response.reason, shown, response.raw.version
        try:
            return *start, response.content
        except requests.RequestException as error:
            return type(error), causes(error), start

    def learn(self, asked, heard):
        if heard[0] in (200, 201):
            with suppress(ValueError):
                self.names.learn(asked, heard[0], json.loads(heard[-1]))


def causes(error):
    """The classes of an exception's causes, and the words of the last."""
    found = []
    inner = error
    while isinstance(inner, BaseException):
        found.append(type(inner))
        last, inner = inner, next((one for one in inner.args if isinstance(one, BaseException)), None)
    return found, str(last)
