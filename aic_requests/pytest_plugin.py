"""
The pytest plugin: fixtures ``aic_tenant`` and ``aic_session``, fresh for each test.

pytest loads it in every run of everybody who has the package, so it imports nothing until a test asks for a fixture.
"""

import copy
import os
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from .session import AICSession
    from .testing import Tenant

_MARKER = (
    "aic_tenant(profile, documents, load, tokens, service_accounts, token_life, log_keys, seed): what kind of server "
    "the fixture aic_tenant is and what it holds, as the arguments of aic_requests.testing.Tenant; paths in load "
    "count from the test's own folder"
)
_TENANT: "pytest.StashKey[Tenant]" = pytest.StashKey()
_FAILED: "pytest.StashKey[bool]" = pytest.StashKey()

#: Requests that are shown of a test that fails: the last ones tell most.
_SHOWN = 50


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where every tenant's documents come from, unless a marker says otherwise."""
    text = "JSON files with documents for the fixture aic_tenant"
    parser.getgroup("aic-requests").addoption("--aic-load", action="append", metavar="FILE", help=text)
    parser.addini("aic_load", text, type="paths", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def aic_tenant(request: pytest.FixtureRequest) -> Iterator["Tenant"]:
    """
    A tenant of this test's own, on a port of 127.0.0.1: ``aic_requests.testing.Tenant``.

    ``@pytest.mark.aic_tenant(documents=..., load="users.json", ...)`` chooses what it is and holds; ``--aic-load`` and
    ``aic_load`` in pytest's configuration do for all that name no ``load``. A fault that the test has ordered and that
    never struck is an error, as it is one of the test: where that is meant, ``aic_tenant.faults.clear()``.
    """
    from .testing import Tenant

    node: pytest.Item = request.node
    with Tenant(**_arguments(request)) as tenant:
        node.stash[_TENANT] = tenant
        yield tenant
    idle = [fault for fault in tenant.faults if not fault.struck and fault.times]
    if idle and not node.stash.get(_FAILED, False):
        pytest.fail(f"ordered, and no request was struck by it: {', '.join(map(repr, idle))}", pytrace=False)


@pytest.fixture
def aic_session(aic_tenant: "Tenant", request: pytest.FixtureRequest) -> Iterator["AICSession"]:
    """
    An ``aic_requests.AICSession`` at the tenant, with what it needs to be let in.

    That is the first of the marker's ``service_accounts`` whose key has its private part, else the first of its
    ``tokens``, else nothing.
    """
    from . import AICSession, ServiceAccountAuth

    arguments = _arguments(request)
    account = next((one for one in arguments.get("service_accounts", ()) if "d" in one.jwk), None)
    with AICSession(aic_tenant.url) as session:
        if account is not None:
            session.auth = ServiceAccountAuth(account.id, account.jwk)
        elif arguments.get("tokens"):
            session.headers["Authorization"] = f"Bearer {next(iter(arguments['tokens']))}"
        yield session


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what was asked of the tenant where a test fails."""
    report = yield
    if call.when == "call":
        item.stash[_FAILED] = not report.passed
    tenant = item.stash.get(_TENANT, None)
    if report.failed and tenant is not None:
        report.sections.append(("aic_tenant requests", _told(tenant)))
    return report


def _arguments(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What markers say, the nearest last, over what holds for all tests."""
    config = request.config
    named = cast("list[str]", config.getoption("--aic-load") or [])
    paths = [config.invocation_params.dir / name for name in named]
    arguments: dict[str, Any] = {"load": paths or config.getini("aic_load")}
    for marker in reversed(list(request.node.iter_markers("aic_tenant"))):
        if marker.args:
            raise pytest.UsageError("the marker aic_tenant takes names: aic_tenant(load=...), aic_tenant(profile=...)")
        arguments |= marker.kwargs
        if "load" in marker.kwargs:
            arguments["load"] = [request.path.parent / name for name in _paths(marker.kwargs["load"])]
    # A tenant adds the tokens that it gives.
    return arguments | ({"tokens": copy.copy(arguments["tokens"])} if "tokens" in arguments else {})


def _paths(load: "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]") -> list[str]:
    """One file, or several."""
    return [os.fspath(one) for one in ((load,) if isinstance(load, str | os.PathLike) else load)]


def _told(tenant: "Tenant") -> str:
    """The journal, the last requests last."""
    asked = list(tenant.requests)
    lines = [f"{one.status or '---'} {one.method} {one.target}\n    {one.rule}" for one in asked[-_SHOWN:]]
    if len(asked) > _SHOWN:
        lines.insert(0, f"({len(asked) - _SHOWN} before these)")
    return "\n".join(lines) or "none"
