"""What docs/testing.md says is done as a stranger would: its files are written into a folder, and pytest runs there."""

import inspect
import os
import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import requests

from aic_requests import testing
from aic_requests.testing import Fault, Tenant

TEXT = (Path(__file__).parent.parent / "docs" / "testing.md").read_text("utf-8")
FILES = dict(re.findall(r"^\*\*([\w.]+)\*\*\n\n```\w+\n(.*?)```", TEXT, re.DOTALL | re.MULTILINE))
CARELESS = "test_careless.py"
[FAILURE] = re.findall(r"```text\n(.*?)```", TEXT, re.DOTALL)
[SETTINGS] = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
INSTALL, SERVE = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def folder(tmp_path):
    for name, body in FILES.items():
        (tmp_path / name).write_text(body, "utf-8")
    return tmp_path


def pytest_in(folder, *given):
    """Exit status and output of pytest, with nothing of ours about it but the plugin."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "AIC_"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *given]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def section(title):
    """The text under a heading."""
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_cells(text):
    """The first column of a table."""
    return "".join(re.findall(r"^\| (.*?) \|", text, re.MULTILINE))


def test_every_test_of_the_page_passes(folder):
    """All files but the one that shows a failure."""
    status, said = pytest_in(folder, "-v", "--deselect", CARELESS)
    assert status == 0, said
    for name in FILES:
        if name.startswith("test_") and name != CARELESS:
            assert f"{name}::" in said


def test_the_failure_looks_as_the_page_says(folder):
    """Line by line, in their order."""
    status, said = pytest_in(folder, CARELESS)
    assert status == 1, said
    lines = iter(said.splitlines())
    for line in FAILURE.splitlines():
        assert line in lines, said


def test_a_fault_that_no_request_met_is_an_error(folder):
    """As the page says of it."""
    test = (
        FILES["test_phones.py"]
        + """

def test_of_the_wrong_method(aic_tenant, aic_session):
    aic_tenant.faults.append(Fault("PATCH", ANN, status=429))
    set_phone(aic_session, "1", NUMBER)
"""
    )
    (folder / "test_phones.py").write_text(test, "utf-8")
    status, said = pytest_in(folder, "test_phones.py", "-k", "wrong")
    assert status == 1
    assert "no request was struck by it: Fault('PATCH'" in said


def test_documents_for_a_whole_project(folder):
    """The settings that the page names stand for the marker."""
    (folder / "pyproject.toml").write_text(SETTINGS, "utf-8")
    test = FILES["test_phones.py"].replace('pytestmark = pytest.mark.aic_tenant(load="users.json")\n', "")
    (folder / "test_phones.py").write_text(test, "utf-8")
    status, said = pytest_in(folder, "test_phones.py", "-k", "number or none")
    assert status == 0, said


def test_the_command(folder):
    """It serves what it was given, to who has the token; the port is one that is free."""
    serve, curl = (shlex.split(line) for line in SERVE.splitlines())
    command = [sys.executable, *serve[1:], "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().partition(": a tenant")[0]
            _, _, header, address = curl
            asked = address.replace("http://127.0.0.1:8080", url)
            name, _, value = header.partition(": ")
            assert requests.get(asked, headers={name: value}, timeout=5).json()["userName"] == "ann"
            assert requests.get(asked, timeout=5).status_code == 401
        finally:
            server.kill()


def test_what_is_installed():
    """By the extra of this name."""
    assert INSTALL == 'pip install "aic-requests[testing]"\n'
    assert '\ntesting = ["' in (Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8")


def test_every_fault_is_told_of():
    """Each field of a Fault, and each way to make one, has its row; and each row makes one."""
    rows = re.findall(r"`(.*?)`", first_cells(section("What can go wrong")))
    named = {re.match(r"(?:Fault\.)?(\w+)", row)[1] for row in rows}
    made = {name for name, one in vars(Fault).items() if isinstance(one, classmethod)}
    assert named == {one.name for one in fields(Fault) if one.init} | made
    for row in rows:
        if row.startswith("Fault."):
            assert isinstance(eval(row, {"Fault": Fault}), Fault)
        else:
            Fault(**{"status": 503} | eval(f"dict({row})", {"path": "/users/u", "document": {}}))
    for name in ("drop", "reset", "headers", "truncate", "weak", "-gzip", "--gzip", "none"):
        assert f'"{name}"' in section("What can go wrong")


def test_every_argument_and_attribute_is_told_of():
    """Of a tenant: what a test may say, and what it may look at."""
    first, second = section("What a tenant is told").split("\n\n| attribute")
    arguments = set(inspect.signature(Tenant).parameters)
    assert arguments == set(re.findall(r"`(\w+)`", first_cells(first)))
    with Tenant() as tenant:
        there = {name for name in dir(tenant) if not name.startswith("_")}
    # What servers are made of.
    assert set(re.findall(r"`(\w+)[`(]", first_cells(second))) == there - {"handle", "listen", "close", "load", "note"}


def test_every_profile_is_told_of():
    """What can be imported is in the table."""
    profiles = {name for name in testing.__all__ if isinstance(getattr(testing, name), testing.Profile)}
    assert profiles == set(re.findall(r"`([A-Z_0-9]+)`", first_cells(section("What kind of server"))))
