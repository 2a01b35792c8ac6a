"""What ``import aic_requests`` gives, and what it leaves alone until it is asked for."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
import requests

import aic_requests

PACKAGE = Path(aic_requests.__file__).parent
MODULES = {path.stem for path in PACKAGE.glob("*.py")} | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def is_error(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, aic_requests.AICError)


def told(program: str) -> str:
    """What a program prints in an interpreter of its own."""
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def promised() -> dict[str, str]:
    """The names that type checkers are told of, and the module each is said to come from."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    [block] = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {alias.name: one.module for one in block.body if isinstance(one, ast.ImportFrom) for alias in one.names}


def test_type_checkers_are_told_what_is_there():
    """The same names in ``__all__`` and for type checkers, each of which is what its own module has."""
    assert sorted(promised()) == sorted(aic_requests.__all__)
    for name, home in promised().items():
        __import__(f"aic_requests.{home}")
        assert getattr(aic_requests, name) is getattr(sys.modules[f"aic_requests.{home}"], name)


def test_no_module_has_a_public_name():
    """``import aic_requests.x`` would put the module where the function was."""
    assert MODULES & set(aic_requests.__all__) == set()


@pytest.mark.parametrize("first", [*sorted(set(promised().values())), "testing", "probe", "update", "query"])
def test_whatever_is_imported_first(first):
    """The public names are the same when a module of the package was imported before them."""
    program = f"""
import aic_requests.{first}
import aic_requests
kinds = {{type(getattr(aic_requests, name)).__name__ for name in aic_requests.__all__}}
print(sorted(kinds - {{"type", "ABCMeta", "_ProtocolMeta"}}), aic_requests.query_filter("a eq {{}}", 1))
"""
    assert told(program) == "['function'] a eq 1"


def test_all_names_at_once():
    """A star takes all public names, and nothing else."""
    program = "from aic_requests import *; print(*sorted(name for name in globals() if not name.startswith('__')))"
    assert told(program).split() == sorted(aic_requests.__all__)


def test_names_to_complete_and_to_read_about():
    """``dir`` and ``help`` know every name that was not asked for yet."""
    assert set(aic_requests.__all__) <= set(told("import aic_requests; print(*dir(aic_requests))").split())
    page = told("import aic_requests, pydoc; print(pydoc.render_doc(aic_requests, renderer=pydoc.plaintext))")
    for name in aic_requests.__all__:
        assert f"class {name}(" in page or f"class {name}\n" in page or f"    {name}(" in page


@pytest.mark.parametrize("before", ["", "aic_requests.AICSession();", "import aic_requests.probe.command;"])
def test_nothing_else_to_complete(before):
    """Whatever is loaded: the public names, and the two packages that are public themselves."""
    shown = told(f"import aic_requests; {before} print(*[n for n in dir(aic_requests) if n[:2] != '__'])").split()
    assert set(shown) - {"stores", "testing"} == set(aic_requests.__all__)


def test_what_a_session_has():
    """To complete: what requests has, and these. What is private begins with an underscore, which completers hide."""
    own = {"base_url", "cache_clear", "cache_info", "query", "raise_for_status", "timeout", "update"}
    assert own == {name for name in dir(aic_requests.AICSession()) if name[0] != "_"} - set(dir(requests.Session()))


@pytest.mark.parametrize("kind", [kind for _, kind in inspect.getmembers(aic_requests, is_error)])
def test_what_an_error_has(kind):
    """To complete: what requests has, and what the docstrings of its classes tell."""
    told_of = "".join(one.__doc__ for one in kind.__mro__ if issubclass(one, aic_requests.AICError) and one.__doc__)
    own = {one for one in dir(kind("no")) if one[0] != "_"} - set(dir(requests.HTTPError()))
    assert {one for one in own if one not in told_of} <= {
        "failed_policies",
        "from_response",
    }  # these tell it themselves


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (aic_requests.AICSession("https://a.example.com"), "<AICSession https://a.example.com>"),
        (aic_requests.AICSession(), "<AICSession without a base_url>"),
        (aic_requests.AICSession().query("/x"), "<Query: an iterator over rows, 0 handed out>"),
        (aic_requests.NotFound("404 Not Found: GET /x"), "NotFound('404 Not Found: GET /x')"),
    ],
)
def test_what_a_notebook_shows(shown, said):
    """In a line of its own, without a secret."""
    assert repr(shown) == said


def test_a_name_that_is_none():
    """An AttributeError that names it, and an ImportError as of any other module; modules are not names."""
    with pytest.raises(AttributeError, match="module 'aic_requests' has no attribute 'NotFond'"):
        _ = aic_requests.NotFond
    assert told("import aic_requests; print(hasattr(aic_requests, 'session'))") == "False"
    with pytest.raises(ImportError, match="cannot import name 'NotFond'"):
        exec("from aic_requests import NotFond")


OF_THE_CLIENT = "AICSession(); MemoryStore; RedisStore; SQLiteStore; LogAPIKeyAuth; ServiceAccountAuth; query_filter"


@pytest.mark.parametrize(
    ("used", "loaded"),
    [("import aic_requests", []), (f"from aic_requests import *; {OF_THE_CLIENT}", ["requests", "urllib3"])],
)
def test_what_is_loaded(used, loaded):
    """With the package nothing, with a session requests; what few need, whoever uses it loads it."""
    heavy = ("cryptography", "jwt", "pytest", "redis", "requests", "sqlite3", "urllib3")
    assert told(f"{used}; import sys; print(*sorted(set({heavy}) & set(sys.modules)))").split() == loaded


def test_a_session_waits_for_nothing_that_it_does_not_need():
    """What few sessions use, or what takes long to load, comes when it is used."""
    program = "import requests, sys; from aic_requests import AICSession; AICSession(); print(*sys.modules)"
    plain = set(told("import requests, sys; print(*sys.modules)").split())
    late = [
        "grant",
        "jwk",
        "lost_answers",
        "page_reader",
        "query",
        "service_account",
        "stores.redis",
        "stores.sqlite",
        "tokens",
        "update",
    ]
    loaded = set(told(program).split()) - plain
    assert not loaded & {"dataclasses", "html.entities", "inspect", "uuid", *[f"aic_requests.{name}" for name in late]}


def test_the_testing_tenant_brings_nothing_of_the_client():
    """Neither requests nor pytest nor a module of the client, also when it has answered over its socket."""
    program = """
import sys
from urllib.request import urlopen
from aic_requests.testing import Tenant
with Tenant() as tenant:
    urlopen(tenant.url + "/openidm/info/login").read()
foreign = ("requests", "urllib3", "pytest", "_pytest", "jwt")
print([name for name in sys.modules if name.partition(".")[0] in foreign])
print({name.split(".")[1] for name in sys.modules if name.startswith("aic_requests.")})
"""
    assert told(program) == "[]\n{'testing'}"
