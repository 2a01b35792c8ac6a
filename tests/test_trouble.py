"""What a store says about trouble, and how long it rests."""

import logging

import pytest

from aic_requests.stores.trouble import Trouble


class Watch:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def trouble(watch):
    return Trouble("a store in /tmp/x", clock=watch)


def test_each_kind_is_told_once(trouble, caplog):
    """With the place, and what to do; as a warning of the library's logger."""
    for kind in ("locked", "locked", "full", "locked", "full"):
        trouble.met(kind, "Do this.", took=0.0)
    assert [(record.name, record.levelno) for record in caplog.records] == [("aic_requests", logging.WARNING)] * 2
    for kind, message in zip(("locked", "full"), caplog.messages, strict=True):
        assert f"a store in /tmp/x is {kind}" in message
        assert "Do this." in message


def test_it_is_news_again_after_it_has_worked(trouble, caplog):
    """Who reads the log learns that it is not over."""
    trouble.over()
    for _ in range(2):
        trouble.met("locked", "", took=0.0)
        trouble.met("locked", "", took=0.0)
        trouble.over()
    assert len(caplog.records) == 2


def test_it_rests_ten_times_as_long_as_a_failure_took(trouble, watch):
    """So that it costs a tenth of the time at most; once it works, it rests no more."""
    assert not trouble.rests
    trouble.met("locked", "", took=0.5)
    for now, rests in ((100.0, True), (104.9, True), (105.1, False)):
        watch.now = now
        assert trouble.rests is rests
    trouble.met("locked", "", took=0.5)
    trouble.over()
    assert not trouble.rests


def test_warnings_as_errors_raise_nothing(trouble):
    """The tests run under -W error themselves: a Python warning would raise here."""
    trouble.met("locked", "", took=0.0)
