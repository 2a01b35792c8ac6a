"""What an auth must take off a request that a redirect sends to another origin."""

from collections.abc import Iterable
from urllib.parse import urljoin

from requests import Response
from requests.sessions import SessionRedirectMixin

from .origin import Origin


def leave_behind(response: Response, names: Iterable[str]) -> None:
    """
    Take headers off, where the next request of a redirect is for another origin.

    A plain ``requests.Session`` copies every header but ``Authorization`` into it, and that one too from http to
    https. The response keeps what was sent with it, as evidence.

    Args:
        response: As a response hook gets it, before the redirect is followed.
        names: Names of headers.
    """
    if not _departs(response):
        return
    # requests makes the next request from the first one, also where a 401 was answered in between.
    for answer in (response, *response.history):
        sent = answer.request
        answer.request = sent.copy()
        # Not in place: the headers may be shared with the caller's own request.
        sent.headers = sent.headers.copy()
        for name in names:
            sent.headers.pop(name, None)


def _departs(response: Response) -> bool:
    try:
        target = SessionRedirectMixin().get_redirect_target(response)
        if target is None:
            return False
        url = response.url or ""
        # A backslash is a slash to some, and then the host is another.
        return "\\" in target or Origin.from_url(urljoin(url, target)) != Origin.from_url(url)
    except ValueError:
        return True
