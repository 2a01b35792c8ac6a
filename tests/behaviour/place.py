"""Where the tests of this folder take place: a collection on one kind of server, and what it is like."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest
import requests

from aic_requests import AICSession
from aic_requests.testing import AIC, OPENIDM, Profile, Tenant

from ..differential.machine import GENUINE
from .witness import Seen, Witness

Document = dict[str, Any]

_IDS = count(1)


@dataclass(frozen=True, repr=False)
class Kind:
    """
    A collection on a kind of server. What a test expects is decided by these, never by the name.

    Attributes:
        name: For the reader.
        collection: Its path.
        profile: Of the fake tenant; None: it is on the genuine server.
        revisioned: Resources have a revision.
        typical: One of a few between which every trait occurs: for rules to which the server makes no difference.
        tagged: An answer that shows a resource carries its revision as ETag, and a read can be conditional.
        compresses: Reads are compressed, and their tags end in ``--gzip``.
        compares_content: A write that changes nothing is answered before its revision is looked at, with an echo of it.
        restarts: A resource that is created anew starts from the same first revision.
        queries: Filters, sorts and pages as it is asked to; otherwise a query lists everything.
        crashes: A paging cookie that it has not given is a 500 without a body.
        takes_ids: A create by POST takes the ``_id`` of its body, so that it can meet one that is there.
        sets_cookies: Every answer sets a new cookie, unless the request has :attr:`headers`.
        headers: What a session sends there with everything.
    """

    name: str
    collection: str
    profile: Profile | None = None
    typical: bool = False
    revisioned: bool = True
    tagged: bool = True
    compresses: bool = False
    compares_content: bool = False
    restarts: bool = False
    queries: bool = False
    crashes: bool = False
    takes_ids: bool = False
    sets_cookies: bool = False
    headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return self.name

    @contextmanager
    def serving(self, crest_server: Callable[[], str]) -> Iterator[str]:
        """The address of the server, for a block; *crest_server* gives the genuine one's."""
        if self.profile is None:
            yield crest_server()
        else:
            with Tenant(self.profile) as tenant:
                yield tenant.url


KINDS = (
    Kind("genuine", "/crest/users", restarts=True, queries=True, crashes=True),
    Kind("genuine-gzip", "/gz/users", typical=True, compresses=True, restarts=True, queries=True, crashes=True),
    Kind("genuine-strings", "/crest/strings"),
    Kind("genuine-inside", "/crest/inside", typical=True, tagged=False),
    Kind("fake", "/users", GENUINE, typical=True, restarts=True, queries=True, crashes=True),
    Kind(
        "fake-gzip",
        "/users",
        replace(GENUINE, gzip="strips"),
        compresses=True,
        restarts=True,
        queries=True,
        crashes=True,
    ),
    Kind("fake-inside", "/inside", GENUINE, tagged=False, queries=True),
    Kind("aic", "/openidm/managed/alpha_thing", AIC, typical=True, compares_content=True, queries=True, takes_ids=True),
    Kind(
        "openidm",
        "/openidm/managed/thing",
        OPENIDM,
        compresses=True,
        compares_content=True,
        restarts=True,
        queries=True,
        takes_ids=True,
        sets_cookies=True,
        headers=(("X-OpenIDM-NoSession", "true"),),
    ),
)

#: Where nothing can be guarded, and nothing asked conditionally.
WITHOUT_REVISION = (
    Kind("genuine-absent", "/crest/absent", revisioned=False, tagged=False),
    Kind("fake-absent", "/absent", GENUINE, revisioned=False, tagged=False),
)


def places(fits: Callable[[Kind], bool], kinds: tuple[Kind, ...] = KINDS) -> pytest.MarkDecorator:
    """Let a test take place where this holds, instead of everywhere."""
    return pytest.mark.parametrize("place", [kind for kind in kinds if fits(kind)], ids=str, indirect=True)


TYPICAL = places(lambda kind: kind.typical)


@dataclass
class Place:
    """
    One test's collection, empty at first.

    What is written here is written behind the back of every session: past the witness, in plain HTTP.

    Attributes:
        kind: What it is like.
        server: Address of the server itself.
        witness: What the sessions speak to instead.
        plain: Speaks to the server itself.
    """

    kind: Kind
    server: str
    witness: Witness
    plain: requests.Session
    _sessions: list[AICSession] = field(default_factory=list)

    @property
    def collection(self) -> str:
        return self.kind.collection

    @property
    def sent(self) -> list[Seen]:
        """What came over the wire."""
        return self.witness.sent

    def session(self, **options: Any) -> AICSession:
        """A new session, as a user makes it."""
        session = AICSession(self.witness.url, **options)
        session.headers.update(dict(self.kind.headers))
        self._sessions.append(session)
        return session

    def path(self, resource_id: str | None = None) -> str:
        """The path of a resource; a new one's by default. No id is a number: the server gives those itself."""
        return f"{self.collection}/{quote(resource_id or f'r{next(_IDS)}', safe='')}"

    def create(self, content: Document | None = None, path: str | None = None) -> str:
        """Create a resource; its path."""
        path = path or self.path()
        content = {"n": 0} if content is None else content
        self.ask("PUT", path, json=content, headers={"If-None-Match": "*"}).raise_for_status()
        return path

    def read(self, path: str) -> Document:
        """A resource as the server shows it."""
        response = self.ask("GET", path)
        response.raise_for_status()
        return response.json()

    def write(self, path: str, content: Document) -> None:
        """Replace a resource by another content, whatever its revision."""
        self.ask("PUT", path, json=content, headers={"If-Match": "*"}).raise_for_status()

    def delete(self, path: str) -> None:
        """Delete a resource."""
        self.ask("DELETE", path).raise_for_status()

    def exists(self, path: str) -> bool:
        """Whether there is such a resource."""
        return self.ask("GET", path).status_code == 200

    def tag(self, path: str) -> str:
        """The revision of a resource as it stands in If-Match."""
        return f'"{self.read(path)["_rev"]}"'

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Ask the server itself, in plain HTTP."""
        headers = {**dict(self.kind.headers), **(options.pop("headers", None) or {})}
        return self.plain.request(method, self.server + path, headers=headers, **options)

    def close(self) -> None:
        """Let go of all connections."""
        for session in self._sessions:
            session.close()
        self.witness.close()
