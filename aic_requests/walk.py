"""The walk: what the library does, shown on a tenant of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from requests import RequestException

from .errors import AICError, PreconditionFailed, PreconditionRequired
from .read_only_walk import is_from_cache
from .session import AICSession
from .shown import CONDITIONS, Deviation, Shown, expect
from .testing import Exchange, Fault, Tenant

USERS: Final = "/openidm/managed/alpha_user"
USER: Final = f"{USERS}/42"
DEMANDING: Final = "/openidm/system/directory/account"
BOB: Final = {"userName": "bob", "mail": "bob@example.com", "description": "x" * 400}

_Refusal = TypeVar("_Refusal", bound=AICError)


@dataclass(slots=True)
class Scene:
    """The tenant, two sessions that know nothing of each other, and the document that one of them has read."""

    tenant: Tenant
    mine: AICSession
    theirs: AICSession
    user: dict[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def on(cls, tenant: Tenant) -> "Scene":
        """Two sessions on the tenant; a proxy or a netrc of this machine is not asked, the tenant is right here."""
        mine, theirs = AICSession(tenant.url), AICSession(tenant.url)
        mine.trust_env = theirs.trust_env = False
        return cls(tenant, mine, theirs)

    @property
    def stored(self) -> dict[str, Any]:
        """The user, as the tenant has it."""
        return self.tenant.collection(USERS).read("42")


@dataclass(frozen=True, slots=True)
class Step:
    """
    One step of the walk.

    Attributes:
        title: What happens.
        wire: What must go over the wire: method, status (0 for no answer) and the conditions sent.
        told: What it means, a sentence.
        act: Does it, and looks whether it did what it should; returns what else is worth saying.
        answered: The headers of the answers that it is about.
    """

    title: str
    wire: tuple[str, ...]
    told: str
    act: Callable[[Scene], str]
    answered: tuple[str, ...] = ("ETag",)


def _create(scene: Scene) -> str:
    scene.mine.put(USER, json=BOB, headers={"If-None-Match": "*"})
    expect(scene.stored["mail"] == BOB["mail"], "the user is not there")
    return ""


def _read(scene: Scene) -> str:
    scene.user = scene.mine.get(USER).json()
    expect(scene.user == scene.stored, "another document was read than the tenant has")
    return ""


def _read_again(scene: Scene) -> str:
    again = scene.mine.get(USER)
    expect(is_from_cache(again) and again.json() == scene.user, "the read was not served from memory")
    return f"the caller gets the kept 200. {scene.mine.cache_info().bytes_saved} bytes stayed where they were."


def _write(scene: Scene) -> str:
    scene.user = scene.mine.put(USER, json=scene.user | {"mail": "new@example.com"}).json()
    expect(scene.stored["mail"] == "new@example.com", "the change is not there")
    return ""


def _write_as_somebody_else(scene: Scene) -> str:
    scene.theirs.put(USER, json=scene.theirs.get(USER).json() | {"telephoneNumber": "555-0100"})
    expect(scene.stored["telephoneNumber"] == "555-0100", "the number is not there")
    return ""


def _conflict(scene: Scene) -> str:
    refused = _refused(lambda: scene.mine.put(USER, json=scene.user | {"mail": "last@example.com"}), PreconditionFailed)
    expect(scene.stored["mail"] == "new@example.com", "the tenant refused and wrote all the same")
    expect(refused.cause_of_failure == "stale", f"its cause is {refused.cause_of_failure}")
    return f'{type(refused).__name__}, cause_of_failure "stale". The server\'s words: {refused.message}'


def _cure(scene: Scene) -> str:
    scene.mine.update(USER, lambda document: document | {"mail": "newest@example.com"})
    now = scene.stored
    expect(now["telephoneNumber"] == "555-0100" and now["mail"] == "newest@example.com", "a change was lost")
    return ""


def _lost_answer(scene: Scene) -> str:
    scene.tenant.faults.append(Fault("PUT", USER, connection="drop", commit=True))
    scene.mine.update(USER, lambda document: document | {"mail": "last@example.com"})
    expect(scene.stored["mail"] == "last@example.com", "the change was lost")
    return ""


def _unguarded(scene: Scene) -> str:
    demanded = _refused(lambda: scene.mine.patch(f"{DEMANDING}/7", json=[]), PreconditionRequired)
    return f"{type(demanded).__name__}: {demanded}"


def _delete(scene: Scene) -> str:
    scene.mine.delete(USER)
    expect("42" not in scene.tenant.collection(USERS).ids(), "the user is still there")
    return ""


STEPS: Final = (
    Step(
        "Create",
        ("PUT 201 If-None-Match",),
        "If-None-Match: * creates, and never overwrites.",
        _create,
    ),
    Step(
        "Read",
        ("GET 200",),
        "IDM says no-store, which is for caches. The session keeps it in memory, for itself alone.",
        _read,
        ("ETag", "Cache-Control"),
    ),
    Step(
        "Read again",
        ("GET 304 If-None-Match",),
        "Asked whether anything changed, the server says no:",
        _read_again,
    ),
    Step(
        "Write",
        ("PUT 200 If-Match",),
        "If-Match by itself: this write counts only if nobody wrote since.",
        _write,
    ),
    Step(
        "Somebody else writes",
        ("GET 200", "PUT 200 If-Match"),
        "Another script reads the user and adds a telephone number.",
        _write_as_somebody_else,
    ),
    Step(
        "Conflict",
        ("PUT 412 If-Match",),
        "Writing the old document back would have erased that number. Instead:",
        _conflict,
    ),
    Step(
        "The cure",
        ("GET 200", "PUT 200 If-Match"),
        "update() reads, changes and writes, again if it must. Both changes are in.",
        _cure,
    ),
    Step(
        "A lost answer",
        ("GET 200", "PUT 0 If-Match", "GET 200"),
        "The write was carried out, and nobody heard of it. update() reads back: it is there, so it is not sent again.",
        _lost_answer,
    ),
    Step(
        "A resource that demands a revision",
        ("PATCH 428",),
        "The exception says what to send.",
        _unguarded,
    ),
    Step(
        "Delete",
        ("DELETE 200 If-Match",),
        "Under the revision that this session has seen last.",
        _delete,
    ),
)


def walk(tenant: Tenant) -> Iterator[Shown]:
    """
    Create, read, read again, write, conflict, cure, demand, delete.

    Each step is held against what the tenant was really sent, and what it has.

    Raises:
        Deviation: A step did not go as told; says which one, and what the tenant saw.
    """
    scene = Scene.on(tenant)
    for number, step in enumerate(STEPS, 1):
        before = len(tenant.requests)
        try:
            remark = step.act(scene)
            exchanges = list(tenant.requests)[before:]
            expect(tuple(map(_on_the_wire, exchanges)) == step.wire, f"expected was {', '.join(step.wire)}")
        except (Deviation, RequestException, LookupError, ValueError) as error:
            seen = ", ".join(map(_on_the_wire, list(tenant.requests)[before:])) or "nothing"
            reason = str(error) if isinstance(error, Deviation | AICError) else f"{type(error).__name__}: {error}"
            raise Deviation(f"step {number}, {step.title}: {reason}. The tenant saw: {seen}") from error
        yield Shown(step.title, exchanges, f"{step.told} {remark}".strip(), step.answered)


def _on_the_wire(one: Exchange) -> str:
    return " ".join([one.method, str(one.status), *(name for name in CONDITIONS if name in one.headers)])


def _refused(call: Callable[[], object], kind: type[_Refusal]) -> _Refusal:
    """Call what must be refused."""
    try:
        call()
    except kind as error:
        return error
    raise Deviation(f"{kind.__name__} was not raised")
