"""What may travel of the exchange that caused an error: enough to understand it, nothing to steal."""

from typing import Any, cast
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from requests import PreparedRequest, Response
from requests.structures import CaseInsensitiveDict

from .blots import BLOT, SECRET_FIELD, Blots
from .bodies import charset_of, error_body, give_body
from .headers import HARMLESS, as_text


def transaction_id_of(response: Response, request: PreparedRequest | None, blots: Blots) -> str | None:
    """The id in the server's logs: the one that it names, else the one that it was given; None if unknown."""
    name = "X-ForgeRock-TransactionId"
    given = request.headers.get(name, "") if request is not None and request.headers else ""
    return blots.text(response.headers.get(name) or as_text(given)) or None


def bare_url(url: str) -> str:
    """
    A URL without user info, and with the names but not the values of its query.

    >>> bare_url("https://me:pw@tenant.example.com/am/json?_action=logout&tokenId=AQIC5w")
    'https://tenant.example.com/am/json?_action=***&tokenId=***'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    names = [quote(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    query = "&".join(f"{name}={BLOT}" for name in names)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def bare_request(request: PreparedRequest) -> PreparedRequest:
    """A request as a pickle may hold it: no credential, no cookie, no query value, no body."""
    bare = PreparedRequest()
    bare.method = request.method
    bare.url = Blots(request).text(bare_url(request.url or ""))
    bare.headers = CaseInsensitiveDict(
        {name: value for name, value in (request.headers or {}).items() if name.lower() in HARMLESS}
    )
    return bare


def bare_response(response: Response) -> Response:
    """An answer as a pickle may hold it: no Set-Cookie, nothing that repeats the caller's secrets."""
    request: PreparedRequest | None = getattr(response, "request", None)
    blots = Blots(request)
    bare = Response()
    bare.status_code = response.status_code
    bare.reason = blots.text(str(response.reason or ""))
    bare.url = blots.text(bare_url(response.url or ""))
    bare.encoding = response.encoding
    bare.elapsed = response.elapsed
    bare.headers = CaseInsensitiveDict(
        {
            name: blots.text(bare_url(value) if name.lower() in ("location", "content-location") else value)
            for name, value in response.headers.items()
            if not name.lower().startswith("set-cookie")
        }
    )
    give_body(bare, _bare_body(response, blots))
    bare.history = [bare_response(earlier) for earlier in response.history]
    if request is not None:
        bare.request = bare_request(request)
    return bare


def _bare_body(response: Response, blots: Blots) -> bytes:
    """The body as it is where it repeats nothing."""
    body = error_body(response)
    charset = charset_of(body, response.encoding)
    text = body.decode(charset)
    blotted = blots.text(text)
    return body if blotted == text else blotted.encode(charset)


def bare_document(value: Any) -> Any:
    """
    A JSON value without what stands under names such as ``password``.

    >>> bare_document({"userName": "bob", "password": "Secret12"})
    {'userName': 'bob', 'password': '***'}
    """
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {name: BLOT if SECRET_FIELD.search(name) else bare_document(inner) for name, inner in fields.items()}
    if isinstance(value, list):
        return [bare_document(inner) for inner in cast("list[object]", value)]
    return value
