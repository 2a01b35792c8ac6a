"""The fake tenant answers as the genuine CREST code does, whatever is asked."""

from dataclasses import replace

import pytest

from aic_requests.testing import Tenant

from ..recordings import recordings
from .machine import GENUINE, Both, run
from .sides import Ask
from .wanted import WANTED


def test_generated_requests(crest_server):
    """
    Verbs, conditions, revisions, bodies, parameters, content types, pages and spellings, in sequences of 50.

    ``python -m tests.differential --requests 10000`` runs as many as one likes.
    """
    ran = run(crest_server, seed=1, examples=12, shrink=False)
    for both in ran.values():
        assert both.asked >= 400
        # Not refused at the door: what matters lies behind it.
        assert both.statuses[200] + both.statuses[201] > both.asked / 4
        assert {200, 201, 304, 400, 404, 409, 412, 501} <= both.statuses.keys()


def test_recorded_requests(crest_server):
    """The 242 that were once recorded: both servers of today answer alike, but for what is listed."""
    lines = recordings("crest-observed.jsonl")
    wanted: set[str] = set()
    for server, context, gzip in (("plain", "/crest", None), ("gzip", "/gz", "strips")):
        with Tenant(replace(GENUINE, context=context, gzip=gzip)) as tenant:
            both = Both(crest_server + context, tenant.url)
            both.begin()
            for line in lines:
                if line["server"] == server:
                    both.ask(recorded(line["request"]))
            wanted |= both.wanted.keys()
            both.close()
    assert wanted <= {one.reason for one in WANTED}


def recorded(request) -> Ask:
    headers = [
        (name, one)
        for name, value in request["headers"].items()
        for one in (value if isinstance(value, list) else [value])
    ]
    body = request["body"]
    return Ask(request["method"], request["path"], tuple(headers), None if body is None else body.encode())


@pytest.mark.parametrize(
    "broken",
    [
        {"ignores_match": True},
        {"compares_content": True},
        {"demands_revision": True},
        {"malformed": 409},
        {"malformed": 500},
        {"first": 1},
        {"revision": "opaque"},
        {"revision": "hash"},
        {"revision": "weak"},
        {"revision": "inside"},
        {"revision": "none"},
        {"paging": "offset"},
        {"unknown_action": 400},
        {"inert": ()},
        {"takes_ids": True},
        {"query_ids": ("all",)},
        {"required": ("n",)},
        {"unique": ("n",)},
        {"headers": ()},
        {"errors": "code"},
    ],
    ids=str,
)
def test_a_fake_that_is_broken_is_found_out(crest_server, broken):
    """Every switch of a behaviour is noticed where it is set wrong: a check that lets one pass checks nothing."""
    memory, others = GENUINE.behaviours[:2], GENUINE.behaviours[2:]
    profile = replace(GENUINE, behaviours=(*(replace(one, **broken) for one in memory), *others))
    with pytest.raises(AssertionError, match="really"):
        run(crest_server, seed=1, examples=60, profile=profile, contexts=("/crest",), shrink=False)
