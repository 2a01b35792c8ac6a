"""The call that gets a service account its token."""

import json
import logging
import math
import uuid
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from requests import PreparedRequest, Request, RequestException, Response, Session

from .bodies import error_body, give_body, json_object
from .errors import AICError, ClientError
from .events import log_event
from .evidence import bare_document, bare_request, bare_response
from .headers import as_text
from .jwk import PrivateKey
from .origin import Origin
from .outcome import of_signing_in
from .tokens import Clock, Token, renewal
from .transport import DEFAULT_TIMEOUT

#: Source: RFC 7523, section 2.1.
_GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"

#: Seconds that an assertion is good for. AIC takes 180 at most; the rest is for a clock that is ahead.
_LIFE: Final = 150

#: Seconds that two clocks may differ without a word: less than what is left of 180.
_TOLERATED: Final = 20.0


class Grant:
    """
    The JWT profile of OAuth 2.0, as AIC has it for service accounts.

    Args:
        url: The token endpoint.
        account: Id of the service account.
        key: Its private key.
        scope: Scopes, separated by blanks.
        audience: Whom the assertion is for; None: the endpoint, with its port.
        clock: The time.

    Source: AIC documentation, "Authenticate to Advanced Identity Cloud REST API with access token": the form, and an
    audience that names the port (``https://<tenant-env-fqdn>:443/am/oauth2/access_token``), as frodo-lib sends it too.
    """

    def __init__(
        self, url: str, account: str, key: PrivateKey, *, scope: str, audience: str | None, clock: Clock
    ) -> None:
        self._url = url
        self._account = account
        self._key = key
        self._scope = scope
        self._audience = audience or _with_port(url)
        self._clock = clock
        #: Seconds that the server's clock is ahead of ours, where that has mattered.
        self._skew = 0.0

    def ask(self, session: Session | None) -> Token:
        """
        Get a token.

        Args:
            session: Whose TLS, proxy, time-out and retry settings count, and nothing else: none of its headers,
                cookies, hooks or auth goes along. None: those of requests.

        Raises:
            AICError: The server refuses, by the class of the status, or its answer holds no token.
            requests.RequestException: There is no answer.
        """
        with Session() as plain:
            return self._ask(plain if session is None else session)

    def _ask(self, session: Session) -> Token:
        response = self._post(session, self._skew)
        skew = self._skew_by(response)
        if skew is not None and abs(skew - self._skew) > _TOLERATED and _is_invalid_grant(response):
            # A machine whose clock is wrong signs in by the server's.
            response = self._post(session, skew)
            if response.status_code == 200:
                self._skew = skew
        return self._token_of(response)

    def _post(self, session: Session, skew: float) -> Response:
        request = self._request(session, skew)
        # A session of its own over the same adapters: the other's hooks and cookies are for its own requests.
        call = Session()
        call.adapters = session.adapters
        settings = session.merge_environment_settings(self._url, {}, True, None, None)
        settings["timeout"] = getattr(session, "timeout", DEFAULT_TIMEOUT)
        try:
            # A redirect would carry the assertion elsewhere.
            response = call.send(request, allow_redirects=False, **settings)
        except RequestException as error:
            error.request = bare_request(request)
            of_signing_in(error)
            raise
        error_body(response)
        return response

    def _request(self, session: Session, skew: float) -> PreparedRequest:
        form = {
            "grant_type": _GRANT_TYPE,
            "client_id": "service-account",
            "scope": self._scope,
            "assertion": self._key.signed(self._claims(skew)),
        }
        headers = {"Accept": "application/json", "X-ForgeRock-TransactionId": str(uuid.uuid4())}
        agent = session.headers.get("User-Agent")
        if agent:
            headers["User-Agent"] = as_text(agent)
        return Request("POST", self._url, headers=headers, data=form).prepare()

    def _claims(self, skew: float) -> dict[str, Any]:
        return {
            "iss": self._account,
            "sub": self._account,
            "aud": self._audience,
            "exp": int(self._clock.time() + skew) + _LIFE,
            "jti": str(uuid.uuid4()),
        }

    def _skew_by(self, response: Response) -> float | None:
        """Seconds that the server's clock is ahead of ours, by the Date of its answer."""
        try:
            return parsedate_to_datetime(response.headers.get("Date", "")).timestamp() - self._clock.time()
        except (ValueError, IndexError, OverflowError):
            return None

    def _token_of(self, response: Response) -> Token:
        if response.status_code >= 300:
            raise self._refusal(response)
        fields = json_object(response.content)
        value = fields.get("access_token")
        if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable() or " " in value:
            raise _error(response, "the answer holds no access_token: does token_url name the token endpoint?")
        kind = fields.get("token_type", "Bearer")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise _error(response, "the token is none to bear: its token_type is another than Bearer")
        life = _seconds(fields.get("expires_in"))
        log_event(
            logging.INFO,
            "refresh",
            "a new token of service account %(account)s, for %(life)s s",
            account=self._account,
            life="unknown" if life is None else life,
        )
        # From now on: the server's own clock counts, and it has just said so.
        now = self._clock.now()
        return Token(value, renewal(life, now=now), math.inf if life is None else now + life)

    def _refusal(self, response: Response) -> AICError:
        if response.status_code < 400:
            return _error(response, "a redirect, which is not followed with an assertion")
        if not _is_invalid_grant(response):
            return _error(response)
        skew = self._skew_by(response)
        if skew is None:
            return _error(response, "is it the account's current key, and is this machine's clock right?")
        if abs(skew) <= _TOLERATED:
            return _error(response, "is it the account's current key, and the right audience?")
        where = "behind" if skew > 0 else "ahead of"
        return _error(response, f"this machine's clock is {abs(skew):.0f} s {where} the server's")


def _with_port(url: str) -> str:
    """The URL with its port, which AIC's audience names even where it is the default."""
    parts = urlsplit(url)
    origin = Origin.from_url(url)
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return parts._replace(scheme=origin.scheme, netloc=f"{host}:{origin.port}").geturl()


def _is_invalid_grant(response: Response) -> bool:
    return response.status_code >= 400 and json_object(response.content).get("error") == "invalid_grant"


def _seconds(value: object) -> float | None:
    """``expires_in``; some servers write numbers as texts."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _error(response: Response, hint: str = "") -> AICError:
    """An answer as its exception, without the assertion in the request and without any token in the body."""
    if response.status_code < 400 and (fields := json_object(response.content)):
        give_body(response, json.dumps(bare_document(fields)).encode())
    error = AICError.from_response(response)
    if response.status_code == 404:
        # No NotFound: nothing is said about the resource that was to be read or written with the token.
        wrong_url = ClientError()
        wrong_url.__dict__.update(error.__dict__)
        wrong_url.args = error.args
        error, hint = wrong_url, "there is no token endpoint: does token_url name its realm, if it has one?"
    if hint:
        error.args = (f"{error.args[0]} ({hint})",)
    error.response = bare_response(response)
    error.request = error.response.request
    of_signing_in(error)
    return error
