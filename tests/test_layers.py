"""Imports point one way: a module knows only the rows above its own."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import aic_requests

PACKAGE = Path(aic_requests.__file__).parent

#: Top to bottom. A folder stands here by its name and may import within itself.
ROWS: tuple[set[str], ...] = (
    {
        "statuses",
        "operations",
        "revision",
        "problem",
        "events",
        "headers",
        "origin",
        "retry_after",
        "filter_values",
        "result_page",
        "page_size",
        "whole_number",
    },  # the standard library only
    {"shortcuts"},
    {"preconditions", "tokens", "bodies", "identity", "seen", "blots", "departure", "jwk", "query_parameters", "verbs"},
    {"evidence", "intent", "stores", "retries", "outcome", "lost_answers", "log_api_key"},
    {"errors", "memory", "transport"},
    {"arguments", "base_url", "exchange", "update", "grant", "bearer"},
    {"service_account", "page_reader"},
    {"query"},
    {"session"},
    {"__init__"},
    {"testing"},  # leans on none of the above: a judge must not share our mistakes
    {"page", "credentials", "pytest_plugin"},
    {"shown", "mishaps"},
    {"read_only_walk", "probe"},
    {"walk"},
    {"__main__"},
)
ROW_OF = {module: number for number, row in enumerate(ROWS) for module in row}

FILES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The name under which a file stands in the table."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path, source: str) -> Iterator[str]:
    """Full names of the modules, and of the names taken from them, that *source* imports, wherever in the file."""
    package = ["aic_requests", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def rooms(path: Path, source: str) -> set[str]:
    """The rooms of this package that *source* leans on. What is no module, as in `from . import x`, is `__init__`'s."""
    found = set()
    for name in imported(path, source):
        top, _, rest = name.partition(".")
        if top == "aic_requests":
            first = rest.partition(".")[0]
            found.add(first if first in ROW_OF or (PACKAGE / f"{first}.py").is_file() else "__init__")
    return found


def offences(path: Path, source: str) -> list[str]:
    """What *source* imports and may not, in words."""
    own = room(path)
    if own not in ROW_OF:
        return [f"{own}: say where it stands in the table"]

    leans_on = rooms(path, source) - {own}
    foreign = {name.partition(".")[0] for name in imported(path, source)} - sys.stdlib_module_names - {"aic_requests"}
    return [
        *(f"{own} may not import {other}" for other in sorted(leans_on - above(own))),
        *(f"{own} may not import {other}" for other in sorted(foreign) if ROW_OF[own] == 0),
    ]


def above(own: str) -> set[str]:
    """The rooms that one room may know."""
    return set().union(*ROWS[: ROW_OF[own]]) if own != "testing" else set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    """A module imports only what stands above it; the testing tenant imports nothing of the client."""
    assert offences(path, path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("file", "source", "expected"),
    [
        ("errors.py", "from .statuses import PHRASES", []),
        ("errors.py", "import requests", []),
        ("statuses.py", "import requests", ["statuses may not import requests"]),
        ("statuses.py", "from . import errors", ["statuses may not import errors"]),
        ("errors.py", "from . import __version__", ["errors may not import __init__"]),
        ("errors.py", "def f():\n import aic_requests.session", ["errors may not import session"]),
        ("stores/memory.py", "from ..revision import Revision\nfrom . import entry", []),
        ("stores/memory.py", "from ..session import AICSession", ["stores may not import session"]),
        ("testing/tenant.py", "from .rules import answer\nimport json", []),
        ("testing/tenant.py", "from ..statuses import PHRASES", ["testing may not import statuses"]),
        ("session.py", "from .testing import Tenant", ["session may not import testing"]),
        ("walk.py", "from .testing import Tenant\nfrom .session import AICSession", []),
        ("news.py", "", ["news: say where it stands in the table"]),
    ],
)
def test_the_check_sees(file, source, expected):
    """Every form of import is seen, inside functions too, and a module without a place is an offence."""
    assert offences(PACKAGE / file, source) == expected
