"""requests' session, with less to do for the usual request."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any, Final, cast

import requests
import requests.models
import requests.sessions
from requests import PreparedRequest, Request, Response
from requests.cookies import RequestsCookieJar, cookiejar_from_dict, extract_cookies_to_jar, merge_cookies
from requests.exceptions import InvalidHeader
from requests.hooks import dispatch_hook
from requests.sessions import merge_hooks, merge_setting
from requests.structures import CaseInsensitiveDict
from requests.utils import check_header_validity

from .cookies import sets_no_cookie
from .environment import Environment
from .fields import Fields, fields_of, headers_of
from .genuine import Genuine
from .url import spelt_out

if TYPE_CHECKING:
    # requests keeps the types of its signatures here; ours must be the same.
    from requests import _types as _t

_DICTIONARIES: Final = (dict, CaseInsensitiveDict)


_PREPARATION: Final = Genuine(
    {
        requests.Session: ("prepare_request",),
        PreparedRequest: (
            "prepare",
            "prepare_method",
            "prepare_url",
            "prepare_headers",
            "prepare_cookies",
            "prepare_body",
            "prepare_content_length",
            "prepare_auth",
            "prepare_hooks",
        ),
        requests.sessions: ("merge_setting", "merge_cookies", "merge_hooks", "PreparedRequest"),
        requests.models.RequestEncodingMixin: ("_encode_params",),
        requests.models: (
            "check_header_validity",
            "to_native_string",
            "get_cookie_header",
            "get_auth_from_url",
            "urlencode",
            "requote_uri",
        ),
        CaseInsensitiveDict: ("__init__", "__setitem__"),
    }
)

_SETTINGS: Final = Genuine({requests.Session: ("merge_environment_settings",), requests.sessions: ("merge_setting",)})

_SENDING: Final = Genuine(
    {
        requests.Session: ("send",),
        requests.sessions: (
            "resolve_proxies",
            "dispatch_hook",
            "extract_cookies_to_jar",
        ),
    }
)


class Session(requests.Session):
    """A ``requests.Session``."""

    #: Whether the next class in line is requests' own. If another class stands in between, its methods must be called.
    _next_is_requests: bool = True

    #: The session's headers as they were when they were found valid.
    _valid: Fields[Any] = OrderedDict()  # noqa: RUF012  # never altered, only replaced

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._next_is_requests = cls.__mro__[cls.__mro__.index(Session) + 1] is requests.Session

    def prepare_request(self, request: Request) -> PreparedRequest:
        """Prepare a request, as requests does: step by step, without the steps that would change nothing."""
        # Condition: nobody stands between here and PreparedRequest, and the steps are requests' own.
        if not (self._next_is_requests and _PREPARATION):
            return super().prepare_request(request)
        headers = self._headers_of(request)
        environment = Environment.now()
        if headers is None or environment is None:
            return super().prepare_request(request)

        auth = request.auth
        if self.trust_env and not auth and not self.auth:
            auth = environment.netrc_auth(cast("str", request.url))

        prepared = PreparedRequest()
        prepared.prepare_method(cast("str", request.method).upper())
        # Condition: the session has no parameters, and it is known what the URL will be.
        prepared.url = None if self.params else spelt_out(request.url, request.params)
        has_no_user = prepared.url is not None
        if not has_no_user:
            prepared.prepare_url(cast("_t.UriType", request.url), merge_setting(request.params, self.params))
        prepared.headers = headers
        self._add_cookies(request, prepared)
        prepared.prepare_body(request.data, request.files, request.json)
        auth = merge_setting(auth, self.auth)
        # Condition: no auth, and none in the URL.
        if auth is not None or not has_no_user:
            prepared.prepare_auth(auth, cast("_t.UriType", request.url))
        prepared.prepare_hooks(merge_hooks(request.hooks, self.hooks))
        return prepared

    def merge_environment_settings(
        self,
        url: str,
        proxies: dict[str, str] | None,
        stream: bool | None,
        verify: "_t.VerifyType | None",
        cert: "_t.CertType",
    ) -> dict[str, Any]:
        """Find proxies and the CA bundle, as requests does; read from the environment only after it has changed."""
        # Condition: the caller names no proxies of his own, whose no_proxy would count; None asks for none of them.
        asks = self.trust_env and proxies is not None and not proxies
        environment = Environment.now() if asks and self._next_is_requests and _SETTINGS else None
        if environment is None:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        if verify is True or verify is None:
            verify = environment.ca_bundle or verify
        found = environment.proxies_for(url)
        if found:
            cast("dict[str, str]", proxies).update(found)
        return {
            # merge_setting takes a while even for two empty ones.
            "proxies": merge_setting(proxies, self.proxies) if found or self.proxies else OrderedDict(),
            "stream": merge_setting(stream, self.stream),
            "verify": merge_setting(verify, self.verify),
            "cert": merge_setting(cert, self.cert),
        }

    def send(self, request: PreparedRequest, **kwargs: Any) -> Response:
        """Send a prepared request, as requests does; without a look for cookies where the server sets none."""
        # Condition: nobody stands between here and requests' own send, which sets its defaults and checks by itself.
        if not (self._next_is_requests and _SENDING and type(request) is PreparedRequest and "proxies" in kwargs):
            return super().send(request, **kwargs)
        # Condition: a jar of requests' own; another may want to see every answer.
        if type(self.cookies) is not RequestsCookieJar:
            return super().send(request, **kwargs)
        kwargs.setdefault("stream", self.stream)
        kwargs.setdefault("verify", self.verify)
        kwargs.setdefault("cert", self.cert)
        allow_redirects = kwargs.pop("allow_redirects", True)
        adapter = self.get_adapter(url=cast("str", request.url))
        hooks = request.hooks
        clock = requests.sessions.preferred_clock
        start = clock()
        response = adapter.send(request, **kwargs)
        response.elapsed = timedelta(seconds=clock() - start)
        response = dispatch_hook("response", hooks, response, **kwargs)

        for answer in (*response.history, response):
            # Condition: no cookies.
            if not sets_no_cookie(answer.raw):
                sent = request if answer is response else answer.request
                extract_cookies_to_jar(self.cookies, sent, answer.raw)

        if allow_redirects:
            followed = list(self.resolve_redirects(response, request, **kwargs))
            if followed:
                history = [response, *followed]
                response = history.pop()
                response.history = history
        else:
            onward = self.resolve_redirects(response, request, yield_requests=True, **kwargs)
            cast("Any", response)._next = next(onward, None)
        if not kwargs["stream"]:
            response.content  # noqa: B018  # reading it is what it is for
        return response

    def _headers_of(self, request: Request) -> "CaseInsensitiveDict[str | bytes] | None":
        """
        The headers of the session and of a request together, all valid; None: ask requests.

        Condition: the session's are in requests' own kind of dictionary, and the request's in a plain one, names and
        values all text.
        """
        if type(self.headers) is not CaseInsensitiveDict or type(request.headers) not in _DICTIONARIES:
            return None
        fields: Fields[Any] = fields_of(self.headers)
        try:
            if fields != self._valid:
                _check(fields)
                self._valid = fields.copy()
            fields = fields.copy()
            if request.headers:
                asked: dict[str, tuple[str, Any]] = {
                    name.lower(): (name, value) for name, value in request.headers.items()
                }
                fields.update(asked)
                for lower, (_, value) in list(asked.items()):
                    # None: not this time.
                    if value is None:
                        del fields[lower], asked[lower]
                _check(asked)
        except InvalidHeader:
            # To be raised at its own place.
            return None
        return headers_of(fields)

    def _add_cookies(self, request: Request, prepared: PreparedRequest) -> None:
        # Condition: nobody has a cookie.
        if not request.cookies and type(self.cookies) is RequestsCookieJar and not cast("Any", self.cookies)._cookies:
            cast("Any", prepared)._cookies = RequestsCookieJar()
            return
        cookies: Any = request.cookies or {}
        if not isinstance(cookies, CookieJar):
            cookies = cookiejar_from_dict(cookies)
        prepared.prepare_cookies(merge_cookies(merge_cookies(RequestsCookieJar(), self.cookies), cookies))


def _check(fields: Mapping[str, tuple[Any, Any]]) -> None:
    """Raise InvalidHeader where requests would, and where something is no text."""
    for name, value in fields.values():
        if type(name) is not str or type(value) is not str:
            raise InvalidHeader("bytes, or something else")
        check_header_validity((name, value))
