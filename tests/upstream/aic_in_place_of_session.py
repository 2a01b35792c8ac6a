"""
pytest plugin: every session that requests' own tests open is an AICSession.

A module of its own at the top of `sys.path`, since sessions are pickled by the name of their class.
"""

import pytest
import requests

from aic_requests import AICSession


class Session(AICSession):
    """An AICSession that is made and behaves as a `requests.Session`: no base URL, no status exceptions."""

    made = 0

    def __init__(self) -> None:
        super().__init__(raise_for_status=False)
        Session.made += 1


def pytest_configure() -> None:
    """Before any test module is imported. `requests.get` and `requests.session` look the name up in `sessions`."""
    requests.Session = requests.sessions.Session = Session  # type: ignore[misc]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run in which nothing went through AICSession proves nothing."""
    if session.testscollected and not session.config.option.collectonly and Session.made == 0:
        raise pytest.UsageError("no test made an AICSession: requests.Session was not replaced")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"requests {requests.__version__}: {Session.made} sessions were AICSession")
