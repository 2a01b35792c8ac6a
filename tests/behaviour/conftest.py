"""The place of a test, and haste."""

from collections.abc import Iterator

import pytest
import requests

from aic_requests import update as update_module
from aic_requests.update import Clock

from .. import chaos
from .place import KINDS, Kind, Place
from .witness import Witness


@pytest.fixture(scope="session")
def plain() -> Iterator[requests.Session]:
    """A session of requests' own, which all tests share: it stands for everybody else in the world."""
    with requests.Session() as session:
        # Nothing of the environment, which takes longer to look through than a request.
        session.trust_env = False
        yield session


@pytest.fixture(params=KINDS, ids=str)
def place(request: pytest.FixtureRequest, plain: requests.Session) -> Iterator[Place]:
    """An empty collection on each kind of server, with a witness before it."""
    kind: Kind = request.param
    with kind.serving(lambda: request.getfixturevalue("crest_server")) as server:
        place = Place(kind, server, Witness(server), plain)
        if kind.profile is None:
            place.ask("POST", f"{kind.collection}?_action=clear").raise_for_status()
        yield place
        place.close()


@pytest.fixture
def session(place):
    """A session at that place."""
    return place.session()


@pytest.fixture(autouse=True)
def _haste(monkeypatch):
    """The order of things matters here, not the length of the pauses between."""
    monkeypatch.setattr(update_module, "Clock", lambda: Clock(sleep=chaos.hasty_sleep))
    monkeypatch.setattr("time.sleep", chaos.hasty_sleep)
