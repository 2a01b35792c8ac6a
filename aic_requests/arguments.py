"""What a session is made with, looked at before it is used: a mistake is told where it was made."""

from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from requests.exceptions import InvalidHeader, MissingSchema
from requests.utils import check_header_validity
from urllib3 import Timeout

from .headers import as_text
from .stores import Store

if TYPE_CHECKING:
    from requests import _types as _t

_OF_A_STORE = [name for name in vars(Store) if not name.startswith("_")]


def check_auth(auth: "_t.AuthType") -> None:
    """
    Check an auth.

    Raises:
        TypeError: It is none that requests takes. The message shows nothing of it.
    """
    given = cast("object", auth)
    if given is None or _is_pair(given) or (callable(given) and not isinstance(given, type)):
        return
    raise TypeError(
        'auth is ServiceAccountAuth(...), ("user", "password") or another auth of requests, got '
        f'{_kind_of(given)}; for a token: session.headers["Authorization"] = f"Bearer {{token}}"'
    )


def check_store(store: Store | None) -> None:
    """
    Check a store.

    Raises:
        TypeError: It is none.
    """
    given = cast("object", store)
    if given is None or (not isinstance(given, type) and all(hasattr(given, name) for name in _OF_A_STORE)):
        return
    raise TypeError(
        'store is MemoryStore(), SQLiteStore("cache.db"), RedisStore("redis://localhost"), one of your own or None, '
        f"got {_kind_of(given)}"
    )


def check_statuses(raise_for_status: bool | Container[int]) -> None:
    """
    Check the statuses that raise.

    Raises:
        TypeError: They are neither a bool nor a container of numbers.
    """
    given = cast("object", raise_for_status)
    members: Iterable[object] = cast("Any", given) if isinstance(given, list | tuple | set | frozenset) else ()
    is_container = isinstance(given, Container) and not isinstance(given, str | bytes)
    if not (is_container or isinstance(given, bool)) or not all(isinstance(status, int) for status in members):
        raise TypeError(f"raise_for_status is True, False or a container of statuses such as {{404}}, got {given!r}")


def check_timeout(timeout: "_t.TimeoutType") -> None:
    """
    Check a time-out, as urllib3 will.

    Raises:
        ValueError: It is none.
    """
    given = cast("object", timeout)
    if not isinstance(given, Timeout):
        try:
            pair: tuple[Any, ...] = cast("Any", given) if isinstance(given, tuple) else (given, given)
            connect, read = pair
            Timeout(connect=connect, read=read)
        except ValueError as error:
            raise ValueError(
                f"timeout is seconds, a pair of them (to connect, and between bytes) or None, got {given!r}"
            ) from error


def said_better(
    error: ValueError, url: "_t.UriType | None", headers: Mapping[Any, Any], auth: object = None
) -> ValueError:
    """
    What requests, or http.client below it, says of a request that it cannot send: with what to do, and without secrets.

    Args:
        error: What it says.
        url: What was asked for.
        headers: All that were to be sent.
        auth: What was to sign it, where that has not been done.

    Returns:
        An exception of requests' own; *error* itself where it is about something else.
    """
    if isinstance(error, MissingSchema):
        path = str(as_text(url or "")).partition("?")[0]
        return MissingSchema(
            f"{path!r} is no absolute URL, and the session has no base_url for it: "
            'AICSession("https://tenant.example.com") has one'
        )
    for name, value in headers.items():
        if value is not None and not _can_stand_in_a_header(name, value):
            return InvalidHeader(
                f"the header {name!r} is no text that can be sent: it begins with a blank, holds a line break or a "
                "character that is not latin-1, or is no text (or bytes) at all"
            )
    if isinstance(error, UnicodeEncodeError) and _is_pair(auth):
        return InvalidHeader(
            'auth holds a character that is not latin-1: pass it as bytes, ("user".encode(), "password".encode())'
        )
    return error


def _can_stand_in_a_header(name: Any, value: Any) -> bool:
    try:
        check_header_validity((name, value))
        text = as_text(value)
        text.encode("latin-1")
    except (InvalidHeader, UnicodeEncodeError):
        return False
    # requests 2.33 lets one at the end pass, http.client does not.
    return not text.endswith(("\n", "\r"))


def _is_pair(given: object) -> bool:
    return isinstance(given, tuple) and len(cast("tuple[object, ...]", given)) == 2


def _kind_of(given: object) -> str:
    return f"the class {given.__name__}, not an object of it" if isinstance(given, type) else type(given).__name__
