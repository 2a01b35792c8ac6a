"""What holds for every test."""

import os
import signal
from collections.abc import Generator
from importlib import import_module
from typing import TypeVar

import pytest

import aic_requests

from . import crest_server as genuine

#: upstream: not tests of ours, but the means to run those of requests. openam: needs 400 MB of somebody else's
#: software, so it runs only where it is named (``tox -e openam``).
collect_ignore = ["upstream", "openam"]

#: Minutes of requests to servers of our own, of building and of reading, to which another Python or another urllib3
#: makes no difference. Where the gate has run them once, it asks for the rest.
LONG = [
    *("differential", "foreign", "shortcuts/test_wire.py", "tenant/test_both_doors.py"),
    *(
        "test_benchmarks.py",
        "test_chaos.py",
        "test_doc_build.py",
        "test_doc_pages.py",
        "test_docs_testing.py",
        "test_model.py",
    ),
    *("test_packaging.py", "test_probe_command.py", "test_probe_leaves_nothing.py", "test_recordings.py"),
]
if os.environ.get("AIC_REQUESTS_WITHOUT_LONG"):
    collect_ignore += LONG

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def pytest_configure(config: pytest.Config) -> None:
    """Where everything that a test may need is there, a skipped test is a hole and not a courtesy: .ci/run says so."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # What a shell starts in the background ignores Ctrl-C, and so would the programs that the tests interrupt.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.environ.get("AIC_REQUESTS_NO_SKIP"):
        config.pluginmanager.register(SkipsFail())


@pytest.fixture(scope="session")
def crest_server() -> Generator[str, None, None]:
    """The address of the genuine CREST server: collections under /crest, and compressed under /gz."""
    with genuine.running() as url:
        yield url


@pytest.fixture(scope="session")
def whole_package() -> None:
    """Everything is imported."""
    for name in aic_requests.__all__:
        getattr(aic_requests, name)
    for name in ("adapter", "tokens"):
        import_module(f"aic_requests.testing.{name}")


@pytest.fixture
def pytester(whole_package: None, pytester: pytest.Pytester) -> pytest.Pytester:
    """
    Runs of pytest inside this one, with the whole package imported before.

    What is imported meanwhile, pytester drops; the package would keep names of modules that are gone.
    """
    return pytester


class SkipsFail:
    """Turns every skip, of a test or of a whole file, into a failure that gives the reason of the skip."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        return failed_if_skipped((yield))

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        return failed_if_skipped((yield))


def failed_if_skipped(report: Report) -> Report:
    # An expected failure is reported as a skip too, and is none.
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped here. {reason}"

    return report
