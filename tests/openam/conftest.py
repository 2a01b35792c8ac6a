"""One OpenAM for all tests of this folder, and sessions for the people in it."""

import resource
import sys
import time
import uuid
from collections.abc import Callable, Iterator

import pytest

from aic_requests import AICSession

from . import server as openam_server
from . import software as openam_software
from .server import ADMIN, PASSWORD, OpenAM
from .signing_in import session_of, token_of

#: What this OpenAM did where no two runs need be alike. Printed at the end.
OBSERVED = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[OBSERVED] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash[OBSERVED]:
        terminalreporter.section("observed")
        for line in config.stash[OBSERVED]:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def observe(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Note what came out this time, for the end of the run."""
    return request.config.stash[OBSERVED].append


@pytest.fixture(scope="session")
def openam(observe: Callable[[str], None]) -> Iterator[OpenAM]:
    install = openam_software.missing_tools()
    if install:
        pytest.skip(f"a real OpenAM needs Java 17 and Maven: {install}")
    begin = time.monotonic()
    software = openam_software.software()
    fetched = time.monotonic()
    with openam_server.running(software) as server:
        observe(f"fetched in {fetched - begin:.0f} s, ready {time.monotonic() - fetched:.0f} s later")
        yield server
    unit = 2**20 if sys.platform == "darwin" else 2**10
    observe(f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit:.0f} MB resident at most")


@pytest.fixture(scope="session")
def admin_token(openam: OpenAM) -> str:
    return token_of(openam, ADMIN, PASSWORD)


@pytest.fixture
def admin(openam: OpenAM, admin_token: str) -> Iterator[AICSession]:
    """The administrator, who has read nothing yet."""
    with session_of(openam, admin_token) as session:
        yield session


@pytest.fixture
def colleague(openam: OpenAM, admin_token: str) -> Iterator[AICSession]:
    """The administrator at another desk: what one session reads and writes, the other does not know of."""
    with session_of(openam, admin_token) as session:
        yield session


@pytest.fixture
def new_user(openam: OpenAM, colleague: AICSession) -> Callable[..., str]:
    """Makes a user; called with fields, answers with the path."""

    def make(**fields: object) -> str:
        path = f"/json/realms/root/users/u{uuid.uuid4().hex[:12]}"
        colleague.put(
            path,
            json={"userpassword": PASSWORD, "sn": "Of a Test", "cn": "Somebody", **fields},
            headers={"If-None-Match": "*"},
        )
        return path

    return make


@pytest.fixture
def user(new_user: Callable[..., str]) -> str:
    """The path of a user of this test alone."""
    return new_user(mail="before@example.org")


@pytest.fixture
def site(colleague: AICSession) -> str:
    """The path of a site of this test alone: configuration that OpenAM does guard by its revision."""
    name = f"s{uuid.uuid4().hex[:12]}"
    colleague.post("/json/global-config/sites?_action=create", json={"_id": name, **site_of(name)})
    return f"/json/global-config/sites/{name}"


def site_of(name: str, *secondary: str) -> dict[str, object]:
    """What can be written of a site."""
    return {"url": f"http://{name}.example.org:80/openam", "secondaryURLs": list(secondary)}


def new_url() -> str:
    """A URL for a site; AM answers 500 where another site has it already."""
    return f"http://h{uuid.uuid4().hex[:12]}.example.org:80/openam"
