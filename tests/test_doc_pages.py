"""
Every code block of docs/ is run, and what it is said to print is compared.

The blocks of a page run in order, in one namespace, against two tenants that stand for https://tenant.example.com and
https://next.example.com. A comment before a block says what the reader does not see::

    <!-- before: Python that is run first, such as a fault -->
    <!-- not run: why -->

A block of ``text`` right behind a block of code is what that prints; ``...`` stands for what differs each time.
"""

import codeop
import contextlib
import doctest
import io
import json
import logging
import os
import re
import ssl
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import requests
import trustme
from urllib3.util import Retry

import aic_requests
from aic_requests import AICError, AICSession, ServiceAccountAuth, ServiceUnavailable
from aic_requests.statuses import EXCEPTION_NAMES
from aic_requests.testing import Fault, ServiceAccount, Tenant

from .keys import ACCOUNT, private_jwk, public_jwk
from .wire import serving

DOCS = Path(__file__).parent.parent / "docs"
#: Pages whose blocks need a server of their own, by the tests that run them.
ELSEWHERE = {
    "self-hosted.md": "test_docs.py",
    "stores.md": "test_docs.py",
    "redis.md": "test_redis_store.py",
    "releasing.md": "test_packaging.py",
    "testing.md": "test_docs_testing.py",
}
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.name not in ELSEWHERE)
FENCE = re.compile(
    r"(?:<!-- (?P<kind>before|not run):(?P<note>.*?)-->\n+)?^```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
URL = "https://tenant.example.com"
NEXT = "https://next.example.com"
USERS = "/openidm/managed/alpha_user"
TOKEN = "t0ken"
#: What another machine has in its environment, so that a page does not run there as it does here.
SURROUNDINGS = ("_proxy", "_ca_bundle")


@dataclass(frozen=True)
class Block:
    """A piece of a page: its language, its code, what is run first, why it is not run, and what it prints."""

    language: str
    code: str
    before: str = ""
    not_run: str = ""
    prints: str | None = None


def blocks_of(text):
    """The blocks of a page, each with the output that is shown behind it."""
    blocks = []
    end = 0
    for match in FENCE.finditer(text):
        note = (match["note"] or "").strip()
        if match["language"] == "text" and blocks and not text[end : match.start()].strip():
            blocks[-1] = replace(blocks[-1], prints=match["code"])
        else:
            before, why = (note, "") if match["kind"] == "before" else ("", note)
            blocks.append(Block(match["language"], match["code"], before, why))
        end = match.end()
    return blocks


@pytest.fixture
def tenant():
    """Users, AM configuration, an account that may sign in."""
    users = [{"_id": str(n), "userName": f"user{n}", "mail": f"user{n}@example.com"} for n in range(1, 6)]
    bob = {"_id": "42", "userName": "bob", "mail": "bob@example.com", "accountStatus": "active"}
    with Tenant(
        documents={USERS: [*users, bob]},
        tokens={TOKEN: "somebody"},
        service_accounts=[ServiceAccount(ACCOUNT, public_jwk())],
    ) as tenant:
        yield tenant


@pytest.fixture
def next_tenant():
    """Where configuration is carried to."""
    with Tenant() as tenant:
        yield tenant


@pytest.fixture
def space(tenant, next_tenant, tmp_path, monkeypatch):
    """What the reader has before the first block: an account, its key in a file, nothing else."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AIC_") or name.lower().endswith(SURROUNDINGS)]:
        monkeypatch.delenv(name)
    Path("key.jwk").write_text(json.dumps(private_jwk()), "utf-8")
    auth = ServiceAccountAuth(ACCOUNT, "key.jwk")
    session = AICSession(tenant.url, auth=auth)
    yield {
        "__name__": "a_page",
        "tenant": tenant,
        "next_tenant": next_tenant,
        "urls": {URL: tenant.url, NEXT: next_tenant.url},
        "monkeypatch": monkeypatch,
        "Fault": Fault,
        "USERS": USERS,
        "service_account_id": ACCOUNT,
        "auth": auth,
        "token": TOKEN,
        "session": session,
        "AICSession": AICSession,
        "there": lambda user="42": tenant.collection(USERS).read(user),
        "somebody_writes": lambda user="42", **fields: tenant.collection(USERS).write(
            user, tenant.collection(USERS).read(user) | fields
        ),
    }
    # A page may turn the log on.
    logging.getLogger("aic_requests").setLevel(logging.NOTSET)


@pytest.fixture
def proxy(space, tenant):
    """What passes requests on, unseen, as the page about it has one."""
    with serving(
        lambda sent: (200, [("Content-Type", "application/json")], b'{"_id": "42", "_rev": "1", "access_token": "t"}')
    ) as wire:
        space["urls"]["http://proxy.example.com:3128"] = wire.url
        yield wire


@pytest.fixture
def idm(space):
    """A server whose certificate is by a CA of its own, which lies in ``our-ca.pem``."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path("our-ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    with serving(lambda sent: (200, [("Content-Type", "application/json")], b'{"_id": "42"}'), tls=context) as wire:
        space["urls"]["https://idm.example.com"] = wire.url
        yield wire


#: What a page needs besides the tenants.
NEEDS = {"proxy-and-ca.md": ["proxy", "idm"]}


def pointed(text, space):
    """A text with the addresses of the tenants that run, in place of those that the page names."""
    for named, real in space["urls"].items():
        text = text.replace(named, real)
    return text


def as_named(text, space):
    """The way back, for what is printed."""
    for named, real in space["urls"].items():
        text = text.replace(real, named)
    return text


def run_python(block, space):
    """Run a block; what it printed."""
    exec(pointed(block.before, space), space)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(pointed(block.code, space), "<a block>", "exec"), space)
    return as_named(printed.getvalue(), space)


def run_shell(block, space):
    """Run a block as the reader would, in the folder of the page; what it printed."""
    exec(pointed(block.before, space), space)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", pointed(block.code, space)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": path} | space.get("environment", {}),
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return as_named(done.stdout, space)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_the_blocks_of_a_page_run(page, space, request):
    """In order, as a reader would type them; what they print is what the page says."""
    for need in NEEDS.get(page.name, ()):
        request.getfixturevalue(need)
    for block in blocks_of(page.read_text("utf-8")):
        if block.not_run:
            continue
        if block.language == "python":
            printed = run_python(block, space)
        elif block.language == "sh":
            printed = run_shell(block, space)
        else:
            assert block.language in {"text", "json", "http"}, f"nobody knows how to run {block.language!r}"
            if block.language == "json":
                json.loads(block.code)
            continue
        if block.prints is not None:
            checker = doctest.OutputChecker()
            assert checker.check_output(block.prints, printed, doctest.ELLIPSIS), f"{block.code}\nprinted\n{printed}"


def test_what_a_block_is():
    """The comment before it, the output behind it, and a block without either."""
    text = "a\n\n<!-- before: x = 1\ny = x > 0 -->\n```python\nprint(x)\n```\n\n```text\n1\n```\n\n"
    text += "<!-- not run: it installs -->\n```sh\npip\n```\n\n```json\n{}\n```\n"
    assert blocks_of(text) == [
        Block("python", "print(x)\n", before="x = 1\ny = x > 0", prints="1\n"),
        Block("sh", "pip\n", not_run="it installs"),
        Block("json", "{}\n"),
    ]


def test_the_tutorial_can_be_typed():
    """Into a shell, line by line, with an empty line behind each block."""
    for block in blocks_of((DOCS / "tutorial.md").read_text("utf-8")):
        typed = []
        for line in [*block.code.splitlines(), ""] if block.language == "python" else ():
            typed.append(line)
            if codeop.compile_command("\n".join(typed)) is not None:
                typed = []
        assert typed == []


@pytest.mark.parametrize("page", ELSEWHERE)
def test_pages_that_are_run_elsewhere(page):
    """Are read by the test that says so."""
    assert (DOCS / page).exists()
    assert page in (Path(__file__).parent / ELSEWHERE[page]).read_text("utf-8")


def test_what_goes_through_the_proxy(space, proxy, request):
    """The call for a token, and the read."""
    page = (DOCS / "proxy-and-ca.md").read_text("utf-8")
    run_python(next(block for block in blocks_of(page) if "session.proxies" in block.code), space)
    [grant, read] = [sent.path for sent in proxy.sent]
    assert grant == f"{space['urls'][URL]}/am/oauth2/access_token"
    assert read == f"{space['urls'][URL]}{USERS}/42"


def test_proxies_and_cas_come_from_the_environment(space, proxy, idm, monkeypatch):
    """Under the names that the page has."""
    page = (DOCS / "proxy-and-ca.md").read_text("utf-8")
    exported = dict(re.findall(r"(HTTPS_PROXY|REQUESTS_CA_BUNDLE)=(\S+)", page))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "our-ca.pem")
    session = AICSession(idm.url)
    assert session.get("/x").status_code == 200
    session.verify = "another.pem"
    assert session.get("/x").status_code == 200
    session.trust_env = False
    with pytest.raises(OSError, match=r"another\.pem"):
        session.get("/x")
    monkeypatch.setenv("HTTPS_PROXY", exported["HTTPS_PROXY"])
    settings = AICSession().merge_environment_settings("https://any.example.com/x", {}, None, None, None)
    assert settings["proxies"]["https"] == exported["HTTPS_PROXY"]
    assert settings["verify"] == "our-ca.pem"


def test_the_scripts_before_and_after_do_the_same(space):
    """Those of the page on moving from plain requests: the same change, and the later one is shorter."""
    before, after = [block for block in blocks_of((DOCS / "from-requests.md").read_text("utf-8")) if block.code]
    for block in (before, after):
        space["somebody_writes"](mail="bob@old.example.com")
        run_python(replace(block, before="name = 'bob'"), space)
        assert space["there"]()["mail"] == "bob@new.example.com"
    assert len(after.code.splitlines()) < len(before.code.splitlines())


@pytest.mark.parametrize(
    ("raises", "expected"), [({}, requests.exceptions.RetryError), ({"raise_on_status": False}, ServiceUnavailable)]
)
def test_a_retry_of_ones_own_ends_as_the_page_says(tenant, raises, expected):
    """As with a plain session, unless it hands the last answer out."""
    tenant.faults.append(Fault("GET", status=503, times=2))
    retry = Retry(1, status_forcelist=[503], **raises)
    with AICSession(tenant.url, retries=retry) as session, pytest.raises(expected):
        session.get(f"{USERS}/42")


# The page of exceptions

SECTION = re.compile(r"^## `(\w+)`[^\n]*\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
SECTIONS = dict(SECTION.findall((DOCS / "exceptions.md").read_text("utf-8")))


def test_every_exception_has_its_section():
    """And every section is about an exception."""
    exceptions = {
        name
        for name in aic_requests.__all__
        if isinstance(thing := getattr(aic_requests, name), type) and issubclass(thing, Exception)
    }
    assert set(SECTIONS) == exceptions


@pytest.mark.parametrize("name", [*EXCEPTION_NAMES.values(), "ClientError", "ServerError"])
def test_every_status_shows_an_answer(name):
    """Which this library takes for what the section is about, and words as the section says."""
    answer, said = re.findall(r"```(?:http|text)\n(.*?)```", SECTIONS[name], re.DOTALL)[:2]
    error = AICError.from_response(response_of(answer))
    assert type(error).__name__ == name
    assert str(error) == " ".join(said.split())


def response_of(text):
    """The response that an ``http`` block shows, below a line with its request."""
    first, _, rest = text.partition("\n\n")
    method, path = first.split("\n")[0].split(" ", 1)
    head, _, body = rest.strip("\n").partition("\n\n")
    status, *headers = head.split("\n")
    response = requests.Response()
    response.status_code = int(status.split()[1])
    response.reason = " ".join(status.split()[2:])
    response.headers.update(line.split(": ", 1) for line in headers)
    response.raw = io.BytesIO(body.strip().encode())
    sent = dict(line.split(": ", 1) for line in first.split("\n")[1:])
    response.request = requests.Request(method, URL + path, headers=sent).prepare()
    return response
