"""The README's words are run."""

import re
from pathlib import Path

import pytest
import requests

import aic_requests
from aic_requests.statuses import EXCEPTION_NAMES
from aic_requests.testing import Tenant

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
USER = "/openidm/managed/alpha_user"


def test_every_block_runs():
    """In order, in one namespace, against the tenant in place of the one they name."""
    with Tenant(documents={USER: [{"_id": "42", "userName": "bob", "mail": "bob@example.com"}]}) as tenant:
        space = {"your_auth": ("user", "password")}
        for block in BLOCKS:
            exec(block.replace("https://tenant.example.com", tenant.url), space)
        bob = tenant.collection(USER).read("42")
    assert len(BLOCKS) == 4
    assert (bob["mail"], bob["logins"]) == ("new@example.com", 1)
    assert space["plain"].hooks["response"] == [aic_requests.raise_for_status]


def test_the_table_names_every_class():
    """Each status with its class, as the library has it."""
    rows = dict(re.findall(r"\| (\d{3}) \| `(\w+)`", TEXT))
    assert {int(status): name for status, name in rows.items()} == EXCEPTION_NAMES


def test_the_commands_are_the_gates():
    """What the reader is told to type is what the gate runs."""
    gate = ROOT / ".ci" / "run"
    commands = re.findall(r"```sh\n(.*?)\n```", TEXT, re.DOTALL)
    assert commands == ["pip install . && python -m aic_requests", 'pip install -e ".[dev]" && pytest']
    if gate.exists():
        assert commands[1] in gate.read_text("utf-8")


@pytest.mark.parametrize("name", re.findall(r"`aic_requests\.(\w+)", TEXT))
def test_what_is_named_is_there(name):
    """No name that does not exist."""
    assert hasattr(aic_requests, name) or name == "testing"


def test_the_plain_session_raises_the_same():
    """The hook of the README on a plain session."""
    plain = requests.Session()
    plain.hooks["response"].append(aic_requests.raise_for_status)
    with Tenant() as tenant, pytest.raises(aic_requests.NotFound, match="not found"):
        plain.get(f"{tenant.url}{USER}/nobody")
