"""The bearer token of one request."""

from collections.abc import Callable
from typing import Any

from requests import PreparedRequest, Response
from requests.auth import AuthBase
from requests.exceptions import UnrewindableBodyError
from requests.utils import rewind_body

from .bodies import error_body
from .departure import leave_behind
from .errors import ForeignOrigin
from .identity import Principal
from .intent import Intent
from .origin import Origin
from .tokens import Token, Tokens
from .transport import can_be_read_again


class BearerAuth(AuthBase):
    """
    The auth of one request: signs it, and answers a 401 to it.

    Args:
        tokens: The tokens of whoever signs.
        ask: Gets the next.
        home: The only origin that they go to.
        identity: The lasting name of whoever signs.

    A pickle of it, and so of a request or a response, holds neither key nor token, and answers nothing any more.
    """

    def __init__(self, tokens: Tokens, ask: Callable[[], Token], home: Origin, identity: str) -> None:
        self._tokens = tokens
        self._ask = ask
        self._home = home
        self._token: Token | None = None
        self.identity: str = identity

    def __reduce__(self) -> tuple[Any, ...]:
        return SpentAuth, ()

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """
        Sign a request.

        Raises:
            ForeignOrigin: It is for another origin; neither a token nor the request has been sent.
        """
        there = Origin.from_url(r.url or "")
        if there != self._home:
            raise ForeignOrigin(f"{there} is another origin than that of the token, {self._home}; nothing was sent")
        self._token = self._tokens.current(self._ask)
        r.headers["Authorization"] = self._token.authorization
        r.register_hook("response", self.answer)
        return r

    def answer(self, response: Response, **kwargs: Any) -> Response:
        """The response hook: after a 401, send the request again with a new token; let none go abroad."""
        leave_behind(response, ["Authorization"])
        token = self._token
        if response.status_code != 401 or token is None or not self._carries(token, response.request):
            return response
        token.refused = True
        connection: Any = getattr(response, "connection", None)
        if connection is None or not _rewound(response.request):
            return response
        # Read before anything else is sent, so that its connection is free.
        error_body(response)
        again = self._signed_again(response.request)
        answer: Response = connection.send(again, **kwargs)
        answer.history = [*response.history, response]
        answer.request = again
        return answer

    def _carries(self, token: Token, request: PreparedRequest) -> bool:
        """Whether a request carries the token: a redirect may have led it away, or home again without."""
        mine = request.headers.get("Authorization") == token.authorization
        return mine and Origin.from_url(request.url or "") == self._home

    def _signed_again(self, request: PreparedRequest) -> PreparedRequest:
        authorization = self._tokens.current(self._ask).authorization
        again = request.copy()
        again.headers["Authorization"] = authorization
        Intent.of(request).signed_by(Principal(self.identity, authorization)).attach(again)
        return again


class SpentAuth(AuthBase):
    """What is left of a :class:`BearerAuth` in a pickle: nothing."""

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Sign nothing."""
        return r

    def answer(self, response: Response, **_: Any) -> Response:
        """Answer nothing."""
        return response


def _rewound(request: PreparedRequest) -> bool:
    """Make the body ready to be sent again; False if it can be read only once."""
    if can_be_read_again(request.body) and not hasattr(request.body, "seek"):
        return True
    try:
        rewind_body(request)
    except (UnrewindableBodyError, ValueError):
        return False
    return True
