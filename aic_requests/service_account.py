"""Signing in as a service account."""

import os
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Session
from requests.auth import AuthBase

from .bearer import BearerAuth
from .grant import Grant
from .jwk import PrivateKey
from .origin import Origin
from .tokens import Clock, Tokens

#: Below the tenant's origin. The root realm's, where AIC has its service accounts.
_TOKEN_PATH = "/am/oauth2/access_token"  # noqa: S105  # no password


class ServiceAccountAuth(AuthBase):
    """
    Signs requests with the token of an AIC service account.

    ``AICSession("https://tenant.example.com", auth=ServiceAccountAuth(service_account_id, "key.jwk"))``

    The token is asked for when the first request needs one, once for all threads, and again about 60 s before its end
    (or a tenth of its life, where that is less; if that fails, again 10 s later, while the old one serves). If a server
    refuses it (401), it is dead; the request is sent again with a new one, once, where its body can be sent again, and
    otherwise the 401 is the caller's. Only the session's own origin gets it; on a plain ``requests.Session``, only that
    of *token_url*.

    The call for a token has the session's TLS, proxy, time-out and retry settings (on a plain Session those of
    requests, with a time-out), and nothing else of it. Threads that wait for it share what comes of it, error included.

    Args:
        service_account_id: Its id, a UUID.
        jwk: Its private key, an RSA JWK: a dict, its JSON text, or the path of its file.
        scope: What to ask for, separated by blanks: no more than the account has.
        token_url: The token endpoint; by default ``/am/oauth2/access_token`` at the session's origin. A plain Session
            needs it.
        audience: ``aud`` of the assertion; by default the token endpoint with its port, as AIC documents it.

    Raises:
        ImportError: ``pip install "aic-requests[jwt]"``.
        ValueError: *jwk* is no RSA private key (the message shows none of it), or another argument makes no sense.

    While it signs, it raises AICError where the server refuses to give a token (the class of the status; a 404 is a
    ClientError, as it is not about the resource), whatever ``raise_for_status`` says, and what requests raises.

    One object may sign for many sessions and tenants. A pickle of it holds no token, and the key only where it was
    given itself and not as a path.

    Source: AIC documentation, "Authenticate to Advanced Identity Cloud REST API with access token".
    """

    def __init__(
        self,
        service_account_id: str,
        jwk: Mapping[str, Any] | str | os.PathLike[str],
        *,
        scope: str = "fr:am:* fr:idm:*",
        token_url: str | None = None,
        audience: str | None = None,
    ) -> None:
        self._id = _text("service_account_id", service_account_id)
        self._key = PrivateKey(jwk)
        self._scope = _text("scope", scope)
        self._token_url = None if token_url is None else _checked_url(token_url)
        self._audience = None if audience is None else _text("audience", audience)
        self._clock = Clock()
        #: By the URL of the token endpoint.
        self._accounts: dict[str, tuple[Grant, Tokens]] = {}

    def __repr__(self) -> str:
        return f"ServiceAccountAuth({self._id!r}, ***, scope={self._scope!r}, token_url={self._token_url!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        made = partial(type(self), scope=self._scope, token_url=self._token_url, audience=self._audience)
        return made, (self._id, self._key.source)

    @property
    def identity(self) -> str:
        """A lasting name of the account, so that what was read with one token is found with the next."""
        return self._identity_at(self._token_url)

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Sign a request of a plain Session."""
        return self.bound_to(None, None)(r)

    def bound_to(self, session: Session | None, home: Origin | None) -> BearerAuth:
        """
        The auth for one request of a session.

        Args:
            session: Whose settings the token call has; None: those of requests.
            home: The only origin that gets the token; None: that of *token_url*.

        Raises:
            ValueError: There is no token endpoint.
        """
        url = self._token_url or (f"{home}{_TOKEN_PATH}" if home is not None else None)
        if url is None:
            raise ValueError(
                f"ServiceAccountAuth needs token_url here, such as 'https://tenant.example.com{_TOKEN_PATH}': only an "
                "AICSession with a base_url knows where that is"
            )
        grant, tokens = self._account_at(url)
        return BearerAuth(tokens, partial(grant.ask, session), home or Origin.from_url(url), self._identity_at(url))

    def _account_at(self, url: str) -> tuple[Grant, Tokens]:
        if url not in self._accounts:
            grant = Grant(url, self._id, self._key, scope=self._scope, audience=self._audience, clock=self._clock)
            # Of two threads, the first: all must share one token.
            self._accounts.setdefault(url, (grant, Tokens(self._clock)))
        return self._accounts[url]

    def _identity_at(self, url: str | None) -> str:
        return f"service account {self._id} of {url} for {' '.join(sorted(self._scope.split()))}"


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text, not {type(value).__name__}")
    if not value.strip() or not value.isprintable():
        raise ValueError(f"{name} is a text, neither empty nor with line breaks in it")
    return value.strip()


def _checked_url(url: object) -> str:
    try:
        parts = urlsplit(_text("token_url", url))
        plain = parts.scheme.lower() in ("https", "http") and parts.hostname and "@" not in parts.netloc
        plain = plain and not parts.fragment and "\\" not in parts.geturl() and parts.port != 0
    except ValueError:
        plain = False
    if not plain:
        raise ValueError(f"token_url is an absolute URL such as 'https://tenant.example.com{_TOKEN_PATH}'")
    return _text("token_url", url)
