"""The head of an answer, read without the parser for e-mail."""

import http.client
import re
from email.parser import Parser
from http.client import HTTPMessage
from types import FunctionType
from typing import Any, Final, cast

import urllib3.connection
import urllib3.connectionpool

from .genuine import Genuine

_PASSED_BY: Final = Genuine(
    {
        http.client: ("parse_headers", "_read_headers"),
        http.client.HTTPResponse: ("begin", "__init__"),
        Parser: ("parsestr",),
    }
)

#: One field on a line of its own, as RFC 9112 has it, in visible ASCII: nothing folded, and nothing to guess.
_FIELD: Final = re.compile(r"^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~]*)\r\n", re.MULTILINE)

#: The e-mail parser looks for what is inside of these.
_ENVELOPES: Final = re.compile(r"^content-type:[^\n]*(?:multipart|message)", re.MULTILINE | re.IGNORECASE)


def parse_headers(fp: Any, _class: type[HTTPMessage] = HTTPMessage) -> HTTPMessage:
    """
    Read the fields of an answer, as ``http.client.parse_headers`` does.

    Raises:
        http.client.HTTPException: A line, or their number, is beyond http.client's limits.
    """
    # http.client's own, for its limits.
    text = b"".join(cast("Any", http.client)._read_headers(fp)).decode("iso-8859-1")
    fields = _FIELD.findall(text)
    # Condition: every line but the last, which is empty, is such a field.
    if len(fields) != text.count("\n") - 1 or not text.endswith("\r\n\r\n") or _ENVELOPES.search(text):
        return Parser(_class=_class).parsestr(text)
    message = _class()
    message.__dict__["_headers"] = fields
    message.set_payload("")
    return message


#: The very same code as http.client's, which finds our ``parse_headers`` beside it.
_begin: Final = FunctionType(
    http.client.HTTPResponse.begin.__code__, {**vars(http.client), "parse_headers": parse_headers}, "begin"
)


class _Response(http.client.HTTPResponse):
    """http.client's own."""

    def begin(self) -> None:
        # Condition: http.client's functions, and its words on the terminal: with ``debuglevel``, it has some, and a
        # logger puts its own ``print`` beside them.
        if _PASSED_BY and not self.debuglevel:
            _begin(self)
        else:
            super().begin()


class HTTPConnectionPool(urllib3.connectionpool.HTTPConnectionPool):
    """urllib3's own. It has that one's name, too, since messages show it."""

    def _new_conn(self) -> Any:
        return _with_our_response(super()._new_conn(), urllib3.connection.HTTPConnection)


class HTTPSConnectionPool(urllib3.connectionpool.HTTPSConnectionPool):
    """urllib3's own."""

    def _new_conn(self) -> Any:
        return _with_our_response(super()._new_conn(), urllib3.connection.HTTPSConnection)


#: Condition: http.client's code as it was read: ``begin`` has no more than itself, ``parse_headers`` takes no more.
_AS_READ: Final = (
    http.client.HTTPResponse.begin.__kwdefaults__ is None
    and not http.client.HTTPResponse.begin.__code__.co_freevars
    and http.client.parse_headers.__kwdefaults__ is None
    and http.client.parse_headers.__code__.co_argcount == 2
    and http.client.HTTPResponse.begin.__code__.co_argcount == 1
    and http.client.HTTPResponse.begin.__code__.co_kwonlyargcount == 0
)


def _with_our_response(connection: Any, expected: type[Any]) -> Any:
    # Condition: urllib3's own connection (a recorder puts its own in that place), with http.client's own response.
    is_genuine = connection.__class__ is expected and connection.response_class is http.client.HTTPResponse
    if _AS_READ and is_genuine and _PASSED_BY:
        connection.response_class = _Response
    return connection


#: For a ``PoolManager``.
POOLS: Final[dict[str, type[Any]]] = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
