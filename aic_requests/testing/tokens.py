"""AM's token endpoint, as far as service accounts go."""

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from .clock import Clock
from .messages import Answer, Headers, Request, to_json

_PATH = "/am/oauth2/access_token"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_FORM = "application/x-www-form-urlencoded"

#: As recorded of AIC.
_HEADERS: Headers = [
    ("X-Frame-Options", "SAMEORIGIN"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("Pragma", "no-cache"),
    ("Content-Type", "application/json;charset=UTF-8"),
]

#: Seconds. OpenAM 16 takes an assertion that has ended a minute ago; that AIC's may end in three minutes at most is
#: documented (OpenAM takes a day).
_SKEW = 60
_LONGEST = 180

_UNEXPECTED = (
    "Internal Server Error (500) - The server encountered an unexpected condition which prevented it from fulfilling "
    "the request"
)
_UNEXPECTED_HERE = (
    "server_error (400) - The authorization server encountered an unexpected condition which prevented it from "
    "fulfilling the request."
)


@dataclass(frozen=True)
class ServiceAccount:
    """
    Who may get a token.

    Attributes:
        id: The account's id: ``iss`` and ``sub`` of its assertions.
        jwk: Its RSA key, of which only the public part is looked at.
        scopes: What it may ask for; the first is given to who asks for nothing.
    """

    id: str
    jwk: Mapping[str, Any] = field(repr=False)
    scopes: tuple[str, ...] = ("fr:am:*", "fr:idm:*")


class _Refused(Exception):
    """OAuth's way to say no."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


class TokenEndpoint:
    """
    Gives tokens for assertions.

    Args:
        accounts: Who may ask, by id.
        tokens: Where the tokens that are good now stand, with the names of their owners: shared with who checks them.
        life: Seconds that a token lives.
        clock: By which they end. Assertions end by the machine's, by which the client has made them.

    Raises:
        ImportError: There is no PyJWT.
        ValueError: A key is none.

    Where AIC is not observed it is strict: OpenAM 16 takes an assertion twice, and one with a foreign ``aud``, ``iss``
    or ``sub``. RFC 7523 has a server refuse these, so a client must be right in each.
    """

    def __init__(
        self, accounts: dict[str, ServiceAccount], tokens: dict[str, str], *, life: float, clock: Clock
    ) -> None:
        try:
            import jwt
            from jwt.algorithms import RSAAlgorithm
        except ImportError as error:
            raise ImportError('a token endpoint needs PyJWT: pip install "aic-requests[testing]"') from error
        self._jwt: Any = jwt
        self._accounts = accounts
        # Of a private key, only the public part.
        self._keys: dict[str, Any] = {}
        for name, account in accounts.items():
            try:
                public = {part: account.jwk[part] for part in ("kty", "n", "e")}
                self._keys[name] = RSAAlgorithm.from_jwk(public)
            except (KeyError, TypeError, ValueError, jwt.InvalidKeyError):
                raise ValueError(f"the key of {name} is no RSA key in the form of a JWK") from None
        self._tokens = tokens
        self._life = life
        self._clock = clock
        self._ends: dict[str, float] = {}
        self._used: set[str] = set()
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Answer | None:
        """Answer a call for a token; None where it is something else."""
        with self._lock:
            self._drop_ended()
            if request.path != _PATH:
                return None
            try:
                return _answered(200, self._granted(request), "a token", request)
            except _Refused as no:
                body = {"error_description": no.description, "error": no.error}
                return _answered(no.status, body, f"{no.error}: {no.description}", request)

    def revoke(self) -> None:
        """Forget every token given so far."""
        with self._lock:
            for token in self._ends:
                self._tokens.pop(token, None)
            self._ends.clear()

    def _drop_ended(self) -> None:
        now = self._clock.time()
        for token in [token for token, end in self._ends.items() if end <= now]:
            del self._ends[token]
            self._tokens.pop(token, None)

    def _granted(self, request: Request) -> dict[str, Any]:
        form = _form_of(request)
        if form.get("client_id") != "service-account":
            raise _Refused("invalid_client", "Client authentication failed")
        if form["grant_type"] != _JWT_BEARER:
            raise _Refused("unsupported_grant_type", "Grant type is not supported")
        account = self._account_of(form.get("assertion", ""), _audiences(request))
        scopes = form.get("scope", "").split() or list(account.scopes[:1])
        foreign = [scope for scope in scopes if scope not in account.scopes]
        if foreign:
            raise _Refused("invalid_scope", f"Unsupported scope for service account: {','.join(foreign)}")
        token = secrets.token_urlsafe(24)
        self._tokens[token] = account.id
        self._ends[token] = self._clock.time() + self._life
        return {"access_token": token, "scope": " ".join(scopes), "token_type": "Bearer", "expires_in": int(self._life)}

    def _account_of(self, assertion: str, audiences: set[str]) -> ServiceAccount:
        """Whose assertion it is, if it holds."""
        invalid = _Refused("invalid_grant", "JWT is not valid")
        try:
            header = self._jwt.get_unverified_header(assertion)
            claims = self._jwt.decode(assertion, options={"verify_signature": False})
        except self._jwt.InvalidTokenError:
            raise _Refused("server_error", _UNEXPECTED) from None
        if header.get("alg") == "none":
            raise _Refused("server_error", _UNEXPECTED_HERE)
        account = self._accounts.get(str(claims.get("iss")))
        if account is None or claims.get("sub") != account.id:
            raise invalid
        # It may go unnamed: frodo-lib, which all of AIC's recordings are of, names none.
        if header.get("kid") not in (None, account.jwk.get("kid")):
            raise invalid
        try:
            self._jwt.decode(assertion, self._keys[account.id], algorithms=["RS256"], options=_SIGNATURE_ONLY)
        except self._jwt.InvalidTokenError:
            raise invalid from None
        self._check_claims(claims, audiences, invalid)
        return account

    def _check_claims(self, claims: dict[str, Any], audiences: set[str], invalid: _Refused) -> None:
        end, once, audience = claims.get("exp"), claims.get("jti"), claims.get("aud")
        meant_for = cast("list[str]", audience) if isinstance(audience, list) else [audience]
        if not isinstance(end, int | float):
            raise _Refused("server_error", _UNEXPECTED)
        left = end - time.time()
        if left < -_SKEW:
            raise _Refused("invalid_grant", "JWT has expired")
        if left > _LONGEST or audiences.isdisjoint(meant_for):
            raise invalid
        if not isinstance(once, str) or once in self._used:
            raise invalid
        self._used.add(once)


_SIGNATURE_ONLY = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False}


def _form_of(request: Request) -> dict[str, str]:
    if request.method != "POST":
        raise _Refused("method_not_allowed", f"Required Method: POST found: {request.method}", 405)
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if request.body and kind != _FORM:
        raise _Refused("invalid_request", "Invalid Content Type")
    form = {name: values[0] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
    if "grant_type" not in form:
        raise _Refused("invalid_request", "Grant type is not set")
    return form


def _audiences(request: Request) -> set[str]:
    """How this endpoint may be named: with its port, and without where it is the default one."""
    parts = urlsplit(request.base)
    url = f"{request.base}{_PATH}"
    if parts.port is not None:
        return {url}
    port = 443 if parts.scheme == "https" else 80
    return {url, f"{request.base}:{port}{_PATH}"}


def _answered(status: int, body: dict[str, Any], rule: str, request: Request) -> Answer:
    transaction = request.header("x-forgerock-transactionid")
    headers = [*_HEADERS, ("X-ForgeRock-TransactionId", transaction)] if transaction else list(_HEADERS)
    return Answer(status, headers, to_json(body), rule)
