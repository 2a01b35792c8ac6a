"""curl against the tenant: HTTP as a client that nobody here wrote understands it."""

import gzip
import json
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from aic_requests.testing import AIC, CREST, OPENIDM, Fault, Tenant

USERS = "/openidm/managed/alpha_role"
ROLE = f"{USERS}/r1"
JSON = ("-H", "Content-Type: application/json")


@pytest.fixture
def tenant():
    with Tenant(AIC, documents={USERS: [{"_id": "r1", "name": "one"}]}) as one:
        yield one


@pytest.fixture
def curl(tenant):
    """A function that runs curl: paths are the tenant's; what it prints, with the exit status."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not here (Debian: apt-get install curl)")

    def run(*given, text=None):
        given = [tenant.url + one if one.startswith(("/openidm", "/nowhere")) else one for one in given]
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "10", *given]
        return subprocess.run(command, input=text, capture_output=True, timeout=30)

    return run


@pytest.fixture
def said(curl):
    """A function that runs curl: status, headers by lower-case name and body of the last answer."""

    def run(*given, **options):
        done = curl("--include", *given, **options)
        assert done.returncode == 0, done.stderr
        *_, last = re.split(rb"(?=HTTP/1\.1 \d\d\d )", done.stdout)
        head, _, body = last.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return int(status.split()[1]), headers, body

    return run


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (["-H", "If-None-Match: TAG", ROLE], 304),
        (["-H", 'If-None-Match: "other"', ROLE], 200),
        (["-X", "PUT", *JSON, "-H", "If-Match: TAG", "-d", '{"name":"two"}', ROLE], 200),
        (["-X", "PUT", *JSON, "-H", 'If-Match: "other"', "-d", '{"name":"two"}', ROLE], 412),
        (["-X", "PUT", *JSON, "-H", "If-None-Match: *", "-d", '{"name":"two"}', ROLE], 412),
        (["-X", "PUT", *JSON, "-H", "If-None-Match: *", "-d", '{"name":"two"}', f"{USERS}/r2"], 201),
        (["-X", "DELETE", "-H", 'If-Match: "other"', ROLE], 412),
        (["-X", "DELETE", "-H", "If-Match: TAG", ROLE], 200),
        (["-H", "If-Match: TAG", ROLE], 412),
        (["-X", "PUT", *JSON, "-d", "{}", "/openidm/system/ldap/account/a"], 428),
    ],
)
def test_conditional_requests(tenant, said, given, status):
    """The tag that curl was shown is the one that counts; no condition is 428 where one is demanded."""
    tag = said(ROLE)[1]["etag"]
    assert re.fullmatch(r'"[^"]+"', tag)
    assert said(*(one.replace("TAG", tag) for one in given))[0] == status


def test_curl_keeps_a_tag_and_asks_with_it(tmp_path, tenant, curl):
    """``--etag-save`` and ``--etag-compare``, curl's own conditional reads: a second download is none."""
    kept, first, second = tmp_path / "tag", tmp_path / "1", tmp_path / "2"
    assert curl("--etag-save", str(kept), "-o", str(first), ROLE).returncode == 0
    assert curl("--etag-compare", str(kept), "-o", str(second), ROLE).returncode == 0
    assert json.loads(first.read_bytes())["name"] == "one"
    assert not second.exists() or second.read_bytes() == b""
    assert [one.status for one in tenant.requests] == [200, 304]


def test_nothing_follows_a_304(tenant, curl):
    """It claims 67 bytes and has none; curl asks its next question over the same connection. Source: observed CREST."""
    tag = json.loads(curl(ROLE).stdout)["_rev"]
    ask = ["-H", f'If-None-Match: "{tag}"', "-w", "%{http_code} %{size_download} %{num_connects}\n", ROLE]
    done = curl(*ask, "--next", "-s", "-w", "\n%{http_code} %{num_connects}", ROLE)
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "304 0 1"
    assert json.loads(lines[1])["name"] == "one"
    assert lines[2] == "200 0"


def test_a_connection_serves_many_requests(curl):
    """Whatever is asked, refused or not found: curl connects once for ten requests."""
    paths = [ROLE, "/nowhere", f"{USERS}?_queryFilter=(", "/openidm/managed", ROLE] * 2
    done = curl("-w", "%{stderr}%{num_connects} ", *paths)
    assert done.stderr.decode().split() == ["1", *["0"] * 9]


@pytest.mark.parametrize("name", ["GET", "HEAD", "OPTIONS", "DELETE", "BREW"])
def test_the_length_of_an_answer_is_what_it_says(said, name):
    """Content-Length counts the bytes that come; after a HEAD none do, though it is an error with a text."""
    status, headers, body = said(*(["--head"] if name == "HEAD" else ["-X", name]), ROLE)
    assert status == {"HEAD": 501, "BREW": 501}.get(name, 200)
    assert len(body) == (0 if name == "HEAD" else int(headers["content-length"]))


@pytest.mark.parametrize("how", [["-H", "Expect: 100-continue"], ["-H", "Transfer-Encoding: chunked"], []])
def test_uploads(tenant, said, how):
    """A large body that waits for 100, comes in chunks, or just comes, arrives whole."""
    document = json.dumps({"name": "x" * 200_000})
    given = ["-X", "PUT", *JSON, *how, "--data-binary", "@-", ROLE]
    status, _, body = said(*given, text=document.encode())
    assert status == 200
    assert json.loads(body)["name"] == tenant.collection(USERS).read("r1")["name"] == "x" * 200_000
    sent = tenant.requests[-1].headers
    assert ("Content-Length" in sent) is ("chunked" not in str(how))


def test_a_request_through_a_proxy_setting(tenant, curl):
    """With the tenant for its proxy, curl names the whole address, and Location has the name that it knows."""
    name = "http://tenant.example.com"
    done = curl("--noproxy", "", "--proxy", tenant.url, "--include", *JSON, "-d", "{}", name + USERS)
    assert b"201 Created" in done.stdout
    assert f"Location: {name}{USERS}/".encode() in done.stdout


@pytest.mark.parametrize("profile", [replace(CREST, gzip="strips"), OPENIDM], ids=["Jetty 9", "Jetty 12"])
def test_compressed_answers(profile):
    """``--compressed`` unpacks what was packed, and the tag tells of it; without it nothing is packed."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not here (Debian: apt-get install curl)")
    path = "/openidm/managed/role" if profile is OPENIDM else "/users"
    with Tenant(profile, documents={path: [{"_id": "u", "name": "x" * 500}]}) as tenant:
        command = ["curl", "--silent", "--noproxy", "*", "--include", f"{tenant.url}{path}/u"]
        plain, unpacked, packed = (
            subprocess.run([*command, *more], capture_output=True, timeout=30).stdout.partition(b"\r\n\r\n")
            for more in ([], ["--compressed"], ["-H", "Accept-Encoding: gzip"])
        )
    assert plain[2] == unpacked[2] == gzip.decompress(packed[2])
    assert b"--gzip" not in plain[0]
    assert b'--gzip"' in unpacked[0]
    assert b"Content-Encoding: gzip" in packed[0]


@pytest.mark.parametrize(
    ("connection", "exit_status"),
    [("drop", 52), ("reset", 56), ("truncate", 18)],  # got nothing, failure receiving, partial file
)
def test_broken_connections_are_told_apart(tenant, curl, connection, exit_status):
    """Each kind of fault has an exit status of its own."""
    tenant.faults.append(Fault("GET", connection=connection))
    assert curl(ROLE).returncode == exit_status
    assert curl(ROLE).returncode == 0


def test_curl_waits_for_retry_after(tenant, curl):
    """``--retry`` heeds it, on 429 and 503."""
    tenant.faults += [Fault("GET", status=429, retry_after=1), Fault("GET", status=503, retry_after=1)]
    done = curl("--retry", "3", "-w", "%{stderr}%{time_total}", ROLE)
    assert json.loads(done.stdout[done.stdout.rindex(b"{") :])["name"] == "one"
    assert [one.status for one in tenant.requests] == [429, 503, 200]
