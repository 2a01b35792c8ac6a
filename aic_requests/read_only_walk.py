"""The part of the walk that a real tenant can be shown: it reads, and changes nothing."""

from collections.abc import Iterator

from requests import Response

from .session import AICSession
from .shown import CONDITIONS, Shown, expect
from .testing import Exchange


def read_only_walk(session: AICSession, path: str) -> Iterator[Shown]:
    """
    Read a resource of a real tenant twice; nothing is changed there.

    Raises:
        Deviation: What was kept is not what was read.
        AICError: The server refused.
        requests.RequestException: No answer.
    """
    # Not Location: a redirect to a login page may carry a token.
    answered = ("ETag", "Cache-Control")
    first = session.get(path)
    expect(first.status_code == 200, f"step 1, Read: answered {first.status_code}, which is no 200")
    yield Shown("Read", _exchanges_of(first), "A plain read.", answered)
    second = session.get(path)
    if is_from_cache(second):
        expect(second.content == first.content, "step 2, Read again: another body was kept than was read")
        told = f"Nothing changed: the caller gets the kept 200. {session.cache_info().bytes_saved} bytes saved."
    elif any(one.headers for one in _exchanges_of(second)):
        told = "Read in full: it has changed in between, or the server does not answer 304 here."
    else:
        told = "Read in full: there is nothing to ask with (no strong ETag, a list, or fields of relationships)."
    yield Shown("Read again", _exchanges_of(second), told, answered)


def is_from_cache(response: Response) -> bool:
    """Whether a read was answered 304 and served from memory."""
    return bool(response.__dict__.get("from_cache"))


def _exchanges_of(response: Response) -> list[Exchange]:
    """What went over the wire for a response, redirects included."""
    return [_exchange_of(one) for one in (*response.history, response)]


def _exchange_of(response: Response) -> Exchange:
    """One exchange: a replayed 200 came as the 304 of its ``raw``, with the headers of that."""
    path, _, query = (response.request.path_url or "").partition("?")
    sent = {name: str(value) for name, value in response.request.headers.items() if name in CONDITIONS}
    kept = is_from_cache(response)
    status = response.raw.status if kept else response.status_code
    answered = dict(response.raw.headers if kept else response.headers)
    size = 0 if kept else len(response.content)
    return Exchange(response.request.method or "", path, query, sent, status, "", b"", answered, size)
