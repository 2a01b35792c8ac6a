"""frodo-lib: what administrators of AIC have used for years, fetched as published."""

import fcntl
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from aic_requests.testing import ServiceAccount, Tenant

from ..keys import ACCOUNT, private_jwk, public_jwk

PACKAGE = "@rockcarver/frodo-lib@3.3.3"
#: Kept between runs, and shared by the environments of tox.
BUILD = Path(__file__).parent.parent.parent / ".build" / PACKAGE.replace("/", "-")
INSTALL = "install Node.js 18.17 or later and npm (Debian: apt-get install nodejs npm)"

#: Everything that it asks for.
SCOPES = (
    "fr:am:* fr:idm:* fr:iga:* fr:autoaccess:* fr:idc:analytics:* fr:idc:certificate:* fr:idc:cookie-domain:* "
    "fr:idc:content-security-policy:* fr:idc:custom-domain:* fr:idc:esv:* fr:idc:promotion:* fr:idc:proxy-connect:* "
    "fr:idc:release:* fr:idc:sso-cookie:*"
)


def account() -> ServiceAccount:
    """Who it signs in as."""
    return ServiceAccount(ACCOUNT, public_jwk(), scopes=tuple(SCOPES.split()))


def frodo(tenant: Tenant, *steps: list[Any]) -> list[Any]:
    """
    What came of each step: its result, or a Refused.

    Args:
        tenant: It listens, and knows :func:`account`.
        steps: Name of a function, such as ``"idm.managed.readManagedObject"``, and its arguments.
    """
    asked = json.dumps({"account": ACCOUNT, "jwk": private_jwk(), "steps": steps})
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("frodo.cjs"))],
        input=asked,
        env={
            **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
            "NODE_PATH": str(installed() / "node_modules"),
            "TENANT_PORT": tenant.url.rpartition(":")[2],
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(said) == len(steps) + 1, done.stderr
    assert "error" not in said[0], said[0]
    return [Refused(one["status"]) if "error" in one else one.get("result") for one in said[1:]]


class Refused:
    """An exception of frodo's, by the HTTP status it tells of."""

    def __init__(self, status: int | None) -> None:
        self.status = status

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Refused) and self.status == other.status

    def __repr__(self) -> str:
        return f"Refused({self.status})"


def installed() -> Path:
    """Where the package is; fetched the first time, or the test is skipped."""
    missing = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"frodo-lib needs {' and '.join(missing)}: {INSTALL}")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < (18, 17):
        pytest.skip(f"frodo-lib needs another Node.js than {version}: {INSTALL}")
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        # Several environments of tox want it at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (BUILD / "complete").exists():
            fetch()
            (BUILD / "complete").touch()
    return BUILD


def fetch() -> None:
    """One package without dependencies, and none of its scripts is run."""
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", "--prefix", str(BUILD)]
    command = ["npm", "install", *options, PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    if done.returncode:
        pytest.skip(f"frodo-lib cannot be fetched: {' '.join(command)}\n{done.stderr}")
