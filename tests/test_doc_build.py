"""What docs/ says about this checkout, and what its build does besides."""

import importlib.util
import re
from pathlib import Path

import pytest

from .test_doc_pages import PAGES as RUN
from .test_layers import ROW_OF

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))

_SPEC = importlib.util.spec_from_file_location("docs_hooks", DOCS / "_hooks.py")
hooks = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(hooks)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_the_files_that_a_page_names_are_there(page):
    """Examples, tests, modules and other pages, in backquotes."""
    text = page.read_text("utf-8")
    for name in re.findall(r"`((?:examples|tests|docs)/[\w/]+(?:\.\w+)?)/?`", text):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_code_is_no_wider_than_a_page(page):
    """At 1280 pixels, a line of 77 characters is seen whole."""
    blocks = re.findall(r"^```python[^\n]*\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert [line for block in blocks for line in block.splitlines() if len(line) > 77] == []


def test_every_room_is_on_the_plan():
    """The table of the architecture page names each module that tests/test_layers.py has a row for."""
    text = (DOCS / "architecture.md").read_text("utf-8").partition("## The rooms")[2].partition("\n## ")[0]
    cells = [line.split("|")[2] for line in text.splitlines() if line.startswith("|")]
    assert {name.rstrip("/") for cell in cells for name in re.findall(r"`([\w/]+)`", cell)} == set(ROW_OF)


def test_every_page_has_a_place():
    """In the navigation; and no place is empty."""
    places = re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:")[2])
    assert sorted(places) == [page.relative_to(DOCS).as_posix() for page in PAGES]


@pytest.mark.parametrize(
    ("html", "fetched"),
    [
        ('<script src="https://cdn.example.com/x.js"></script>', ["https://cdn.example.com/x.js"]),
        ('<link rel="stylesheet" href="//fonts.example.com/css">', ["//fonts.example.com/css"]),
        ('<img src="http://example.com/x.png">', ["http://example.com/x.png"]),
        ("<style>a { background: url('https://example.com/x') }</style>", ["https://example.com/x"]),
        ('<a href="https://example.com">followed by the reader, or not</a>', []),
        ('<link rel="canonical" href="https://example.com/">', []),
        ('<script src="assets/x.js"></script><svg xmlns="http://www.w3.org/2000/svg"></svg>', []),
    ],
)
def test_what_is_fetched_from_elsewhere_is_seen(html, fetched):
    """Scripts, styles, pictures: not links."""
    assert hooks.foreign_in_page(html) == fetched


def test_the_roles_of_docstrings_become_links():
    """And a colon before a block is one colon."""
    html = hooks.on_page_content("<p>see :class:<code>AICError</code>::</p>")
    assert html == '<p>see <autoref optional identifier="aic_requests.AICError"><code>AICError</code></autoref>:</p>'
