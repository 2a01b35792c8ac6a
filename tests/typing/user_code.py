"""
What a user writes, as type checkers see it: no cast, no ignore; and what they must refuse.

It is checked, not run. Each ignore stands on a mistake, and an ignore that nothing needs is an error itself.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from collections.abc import Iterator
from typing import Any

import requests

from aic_requests import (
    AICError,
    AICSession,
    AmbiguousWrite,
    CacheInfo,
    IncompleteQuery,
    LogAPIKeyAuth,
    MemoryStore,
    NotFound,
    PreconditionFailed,
    ServiceAccountAuth,
    Store,
    TooManyRequests,
    maybe_applied,
    query_filter,
    raise_for_status,
)
from aic_requests.stores import Representation, Size
from aic_requests.testing import Fault, Tenant


def a_session_is_one_of_requests(session: AICSession) -> requests.Session:
    """Wherever a Session is asked for."""
    return session


def reading(session: AICSession) -> str:
    """As with requests."""
    user = session.get("/openidm/managed/alpha_user/42", params={"_fields": "mail"}, timeout=5).json()
    return str(user["mail"])


def headers(session: AICSession) -> requests.Response:
    """A caller's own condition, and none this time: requests' own types know no None."""
    session.get("/x", headers={"If-None-Match": None})
    session.request("PUT", "/x", json={"a": 1}, headers={"If-Match": None, "X-A": b"b"})
    return session.put("/x", json={"a": 1}, headers={"If-None-Match": "*"})


def from_the_store(session: AICSession) -> bool:
    """Every verb's response says so; one that came through other hands is asked with a default."""
    asked = session.prepare_request(requests.Request("GET", "/x"))
    answers = [session.get("/x"), session.head("/x"), session.options("/x"), session.request("GET", "/x")]
    answers += [session.post("/x"), session.put("/x"), session.patch("/x"), session.delete("/x"), session.send(asked)]
    response: requests.Response = answers[0]
    return any(answer.from_cache for answer in answers) or bool(getattr(response, "from_cache", False))


def add_mail(user: dict[str, Any]) -> dict[str, Any]:
    """A change with its types."""
    return user | {"mail": "new@example.com"}


def in_place(user: dict[str, Any]) -> None:
    """A change that alters what it gets."""
    user["mail"] = "new@example.com"


def updating(session: AICSession) -> dict[str, Any]:
    """Named functions, lambdas, and those that return nothing."""
    session.update("/x", add_mail, missing={"userName": "bob"}, attempts=3, deadline=None, headers={"X-A": "b"})
    session.update("/x", in_place)
    return session.update("/x", lambda user: user | {"n": user["n"] + 1})


def querying(session: AICSession, name: str) -> Iterator[str]:
    """Rows are dicts, and the query counts them."""
    query = session.query("/x", query_filter("userName eq {}", name), page_size=10, fields=("userName",))
    for row in query:
        yield f"{query.rows} of {query.total}: {row['userName']}"
    again: Iterator[dict[str, Any]] = session.query("/x", params=query.position)
    next(again)


def errors(session: AICSession) -> tuple[int | None, str, dict[str, Any] | None]:
    """Each has what it is about."""
    try:
        session.delete("/x")
    except PreconditionFailed as error:
        cause: str = error.cause_of_failure
        return error.status_code, cause, None
    except AmbiguousWrite as error:
        return error.status_code, error.message, error.found
    except TooManyRequests as error:
        return 429, f"{(error.retry_after or 0.0) + 1} s", None
    except (IncompleteQuery, NotFound) as error:
        return error.status_code, f"{error.rows} {error.cookie} {error.transaction_id}", None
    except AICError as error:
        return error.code, error.reason or "", error.detail
    except requests.RequestException as error:
        return None, str(maybe_applied(error)), None
    return None, "", None


class OwnStore:
    """A store of a user's own: by protocol, without a base class."""

    key: bytes = b"secret"

    def get(self, path: str, variant: bytes) -> Representation | None:
        """Nothing."""

    def put(self, path: str, variant: bytes, representation: Representation) -> None:
        """Nowhere."""

    def drop(self, path: str) -> None:
        """Nothing."""

    def clear(self) -> None:
        """Nothing."""

    def size(self) -> Size:
        """Nothing."""
        return Size(0, 0)

    def close(self) -> None:
        """Nothing."""


def making() -> list[AICSession]:
    """Every way to make a session."""
    stores: list[Store | None] = [None, MemoryStore(max_bytes=2**20), OwnStore()]
    sessions = [AICSession("https://tenant.example.com", store=store) for store in stores]
    sessions.append(AICSession(auth=ServiceAccountAuth("id", {"kty": "RSA"}, scope="fr:idm:*")))
    sessions.append(AICSession(raise_for_status={404, 412}, timeout=None, retries=3))
    sessions.append(AICSession(auth=("user", "password"), raise_for_status=False, timeout=(1, 2), retries=None))
    return sessions


def others(session: AICSession) -> CacheInfo:
    """The rest."""
    plain = requests.Session()
    plain.hooks["response"].append(raise_for_status)
    session.get("/monitoring/logs", auth=LogAPIKeyAuth("key", "secret"))
    with Tenant(documents={"/x": [{"_id": "42"}]}) as tenant:
        tenant.faults.append(Fault("PUT", status=502, commit=True))
        session.mount("https://tenant.example.com", tenant.adapter())
    return session.cache_info()


def mistakes(session: AICSession) -> None:
    """Each is an error."""
    AICSession("https://tenant.example.com", ("user", "password"))  # type: ignore[call-arg]
    AICSession(retries="3")  # type: ignore[arg-type]
    AICSession(store={})  # type: ignore[arg-type]
    session.update("/x")  # type: ignore[call-arg]
    session.update("/x", {"mail": "new@example.com"})  # type: ignore[arg-type]
    session.update("/x", lambda user: "mail")  # type: ignore[arg-type,return-value]
    session.query("/x", page_size="10")  # type: ignore[arg-type]
    session.query("/x", "true", 10)  # type: ignore[call-arg]
    session.get("/x", timeut=5)  # type: ignore[call-arg]
    session.put("/x", headers={"If-Match": 7})  # type: ignore[dict-item]
    _ = requests.Session().get("/x").from_cache  # type: ignore[attr-defined]
    session.quary("/x")  # type: ignore[attr-defined]
    Fault("PUT", connection="dropped")  # type: ignore[arg-type]
    maybe_applied("412")  # type: ignore[arg-type]
    LogAPIKeyAuth("key")  # type: ignore[call-arg]
