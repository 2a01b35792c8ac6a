"""What type checkers know of a session's verbs beyond what requests tells them; at run time, nothing."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.cookiejar import CookieJar
    from typing import Any, TypedDict, Unpack

    from requests import PreparedRequest, Response
    from requests import _types as _t
    from requests.cookies import RequestsCookieJar

    from . import shortcuts

    #: requests takes None for "leave this header out", and does not say so in its types.
    HeadersType = Mapping[str, str | bytes | None] | None

    class Answer(Response):
        """
        A response of a session: at run time, of whatever class the adapter makes.

        Attributes:
            from_cache: Whether it was served from the store.
        """

        from_cache: bool

    class _Anything(TypedDict, total=False):
        headers: HeadersType
        cookies: RequestsCookieJar | CookieJar | dict[str, str] | None
        files: _t.FilesType
        auth: _t.AuthType
        timeout: _t.TimeoutType
        allow_redirects: bool
        proxies: dict[str, str] | None
        hooks: _t.HooksInputType | None
        stream: bool | None
        verify: _t.VerifyType | None
        cert: _t.CertType

    class _Get(_Anything, total=False):
        data: _t.DataType
        json: _t.JsonType

    class _Post(_Anything, total=False):
        params: _t.ParamsType

    class _Put(_Post, total=False):
        json: _t.JsonType

    class _Rest(_Put, total=False):
        data: _t.DataType

    class Session(shortcuts.Session):
        """The verbs as requests has them, with these two types in the place of its own."""

        def request(self, *args: Any, **kwargs: Any) -> Answer: ...
        def get(self, url: _t.UriType, params: _t.ParamsType = None, **kwargs: Unpack[_Get]) -> Answer: ...
        def options(self, url: _t.UriType, **kwargs: Unpack[_Rest]) -> Answer: ...
        def head(self, url: _t.UriType, **kwargs: Unpack[_Rest]) -> Answer: ...
        def post(
            self, url: _t.UriType, data: _t.DataType = None, json: _t.JsonType = None, **kwargs: Unpack[_Post]
        ) -> Answer: ...
        def put(self, url: _t.UriType, data: _t.DataType = None, **kwargs: Unpack[_Put]) -> Answer: ...
        def patch(self, url: _t.UriType, data: _t.DataType = None, **kwargs: Unpack[_Put]) -> Answer: ...
        def delete(self, url: _t.UriType, **kwargs: Unpack[_Rest]) -> Answer: ...
        def send(self, request: PreparedRequest, **kwargs: Any) -> Answer: ...

else:
    from .shortcuts import Session as Session
