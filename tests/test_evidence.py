"""What an error keeps of the exchange that caused it, and what it must not."""

import base64
import json
from html import escape
from urllib.parse import quote

import pytest
from requests import Request, Response
from requests.cookies import RequestsCookieJar
from requests.structures import CaseInsensitiveDict

from aic_requests import AICError, AmbiguousWrite
from aic_requests.evidence import bare_document, bare_request, bare_response, bare_url

SECRET = "s3cr3t-Xyzzy-0123"
#: Needs quoting wherever it stands.
TRICKY = "p\u00e4\"ss&wo=rd/<1>'%+ x"


def request_of(**options):
    options = {"method": "GET", "url": "http://h/x", **options}
    return Request(**options).prepare()


def response_of(body=b"", *, status=400, request=None, headers=(), reason="Bad Request"):
    response = Response()
    response.status_code = status
    response.reason = reason
    response._content = body
    response._content_consumed = True
    response.headers = CaseInsensitiveDict(headers)
    response.encoding = "utf-8"
    response.request = request or request_of()
    response.url = response.request.url
    return response


def error_of(words, request, *, template='{"code":400,"message":"No: %s."}'):
    body = template % words
    return AICError.from_response(response_of(body if isinstance(body, bytes) else body.encode(), request=request))


# What the server repeats


@pytest.mark.parametrize(
    ("options", "secret"),
    [
        ({"headers": {"Authorization": f"Bearer {SECRET}"}}, SECRET),
        ({"headers": {"Authorization": f"Bearer {SECRET}".encode()}}, SECRET),
        ({"headers": {"authorization": SECRET}}, SECRET),
        ({"auth": ("me", SECRET)}, SECRET),
        ({"auth": ("me", SECRET)}, f"me:{SECRET}"),
        ({"auth": ("me", SECRET)}, base64.b64encode(f"me:{SECRET}".encode()).decode()),
        # requests encodes a text as latin-1, bytes as they are.
        ({"auth": ("me", "P\u00e4ssw\u00f6rt")}, "P\u00e4ssw\u00f6rt"),
        ({"auth": ("me", "P\u00e4ssw\u00f6rt".encode())}, "P\u00e4ssw\u00f6rt"),
        ({"headers": {"X-OpenIDM-Password": SECRET}}, SECRET),
        ({"headers": {"X-OpenIDM-Password": "P\u00e4ssw\u00f6rt"}}, "P\u00e4ssw\u00f6rt"),
        ({"headers": {"X-OpenIDM-Password": "P\u00e4ssw\u00f6rt".encode()}}, "P\u00e4ssw\u00f6rt"),
        ({"headers": {"x-api-key": SECRET}}, SECRET),
        ({"headers": {"6ac6499e9da2071": SECRET}}, SECRET),
        ({"cookies": {"iPlanetDirectoryPro": SECRET}}, SECRET),
        ({"cookies": {"a": "1", "session-jwt": SECRET, "b": "2"}}, SECRET),
        ({"headers": {"Cookie": f'a="{SECRET}"; b=1'}}, SECRET),
        ({"url": f"http://h/x?access_token={SECRET}"}, SECRET),
        ({"url": "http://h/x", "params": {"password": TRICKY}}, TRICKY),
        ({"url": "http://h/x", "params": {"client_secret": TRICKY}}, quote(TRICKY)),
        ({"url": f"http://me:{SECRET}@h/x"}, SECRET),
        ({"method": "POST", "json": {"password": SECRET}}, SECRET),
        ({"method": "PATCH", "json": [{"operation": "replace", "field": "/password", "value": SECRET}]}, SECRET),
        ({"method": "POST", "json": {"a": [{"clientSecret": SECRET}]}}, SECRET),
        ({"method": "POST", "data": {"grant_type": "x", "assertion": SECRET}}, SECRET),
        ({"method": "POST", "data": {"grant_type": "authorization_code", "code": SECRET}}, SECRET),
        # AM's name for its session, in a logout.
        ({"method": "POST", "json": {"tokenId": SECRET}}, SECRET),
        ({"params": {"pwd": SECRET}}, SECRET),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_what_is_repeated_is_blotted_out(options, secret):
    """A server that repeats what only the caller should know: the words keep their sense and lose the secret."""
    error = error_of(json.dumps(secret)[1:-1], request_of(**options))
    assert error.message == "No: ***."
    assert secret not in str(error)


@pytest.mark.parametrize("secret", [SECRET, TRICKY])
@pytest.mark.parametrize(
    "template",
    [
        # As JSON spells it, with or without escapes; as a directory's words come out of IDM; as a page; as text.
        lambda secret: json.dumps({"message": f"No: {secret}."}),
        lambda secret: json.dumps({"message": f"No: {secret}."}, ensure_ascii=False),
        lambda secret: json.dumps({"message": f"No: {secret}."}).replace("/", "\\/"),
        lambda secret: json.dumps({"message": f"No: {escape(secret)}."}),
        lambda secret: json.dumps({"message": "No: {}.".format(escape(secret).replace("=", "&#61;"))}),
        lambda secret: json.dumps({"message": f"No: {quote(secret, safe='')}."}),
        lambda secret: json.dumps({"message": f"No: {quote(secret)}."}),
        lambda secret: f"<title>No: {escape(secret)}.</title>",
        lambda secret: f"No: {secret}.",
    ],
    ids=["ascii", "json", "slashes", "html", "idm", "percent", "path", "page", "text"],
)
def test_every_spelling(secret, template):
    """However the server spells it."""
    request = request_of(params={"password": secret})
    error = AICError.from_response(response_of(template(secret).encode(), request=request))
    assert " ".join(error.message.split()) == "No: ***."


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_every_charset(encoding):
    """In whatever charset."""
    response = response_of(f"No: {TRICKY}.".encode(encoding), request=request_of(params={"password": TRICKY}))
    response.encoding = encoding
    assert AICError.from_response(response).message == "No: ***."


def test_everywhere_in_the_answer():
    """In detail, cause, reason, under names of its own, in the phrase, in headers, the transaction id included."""
    body = {
        **{"code": 400, "reason": f"r {SECRET}", "message": "m", "detail": {"a": [SECRET], SECRET: 1}},
        "cause": {"message": SECRET},
    }
    headers = {"X-ForgeRock-TransactionId": f"t {SECRET}", "X-Echo": SECRET, "Location": f"/x/{SECRET}?a={SECRET}"}
    request = request_of(headers={"Authorization": f"Bearer {SECRET}"})
    response = response_of(json.dumps(body).encode(), request=request, headers=headers, reason=f"Bad {SECRET}")
    error = AICError.from_response(response)
    for said in (error.reason, error.detail, error.cause, error.transaction_id, str(error)):
        assert SECRET not in str(said)
    bare = bare_response(response)
    assert SECRET not in f"{bare.headers} {bare.reason} {bare.text} {bare.url}"


def test_phrase_of_the_status_line():
    """``reason`` is the phrase where the body has none, and as little trusted."""
    request = request_of(headers={"Authorization": f"Bearer {SECRET}"})
    error = AICError.from_response(response_of(b"", request=request, reason=f"Bad {SECRET}"))
    assert error.reason == "Bad ***"


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        # Short values would blot out common words.
        ({"Authorization": "Basic eDp5"}, "x and y"),
        ({"Cookie": "amlbcookie=01; a=no"}, "01 and no"),
        # Harmless headers, and the name of the caller.
        ({"Accept": "application/json"}, "application/json only"),
        ({"X-OpenIDM-Username": "openidm-admin"}, "openidm-admin has no right"),
        ({"X-OpenAM-Username": "amAdmin"}, "amAdmin has no right"),
        ({"If-Match": '"1234567"'}, "revision 1234567 is not current"),
        ({"X-HTTP-Method-Override": "DELETE"}, "DELETE is not allowed"),
    ],
)
def test_what_is_no_secret_stays(headers, words):
    """Words that tell what went wrong stay readable."""
    assert error_of(words, request_of(headers=headers), template="%s").message == words


@pytest.mark.parametrize("cookie", ["visited=1700000000", "page=message; theme=detail"])
def test_blotting_out_leaves_json_readable(cookie):
    """A secret that looks like a number or a name of a field does not make the body unreadable."""
    body = b'{"code":404,"message":"Object not found","detail":{"at":1700000000}}'
    error = AICError.from_response(response_of(body, status=404, request=request_of(headers={"Cookie": cookie})))
    assert (error.code, error.message, error.detail) == (404, "Object not found", {"at": 1700000000})


@pytest.mark.parametrize("name", ["secretId", "tokenType", "passwordPolicyId", "secretName"])
def test_names_of_secrets_are_no_secrets(name):
    """What a document says about a secret, such as where it lies, stays readable."""
    request = request_of(method="PUT", url="http://h/mappings/am.services.mtls", json={name: "am.services.mtls"})
    error = error_of("am.services.mtls is not mapped", request, template="%s")
    assert str(error) == "400 Bad Request: PUT /mappings/am.services.mtls: am.services.mtls is not mapped"


def test_blotting_out_leaves_status_and_method():
    """A password that is a common word does not blot out what the line itself says."""
    error = error_of("m", request_of(url="http://h/openidm/managed/x", headers={"X-OpenIDM-Password": "managed"}))
    assert str(error).startswith("400 Bad Request: GET /openidm/")


# What is kept of request and response


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://t/a/b", "https://t/a/b"),
        ("https://me:pw@t:8443/a", "https://t:8443/a"),
        ("https://me@t/a", "https://t/a"),
        ("https://t/a?x=1&y=&x=2", "https://t/a?x=***&y=***&x=***"),
        ("https://t/a?loose", "https://t/a?loose=***"),
        ("https://t/a?a%20b=c%26d", "https://t/a?a%20b=***"),
        ("https://t/a#access_token=x", "https://t/a"),
        ("/relative?x=1#y", "/relative?x=***"),
        ("https://[::1]:8080/a?x=1", "https://[::1]:8080/a?x=***"),
        ("https://[broken", ""),
        ("", ""),
    ],
)
def test_bare_url(url, expected):
    """Host, path and the names of the query; no user info, no value, no fragment."""
    assert bare_url(url) == expected


def test_bare_request():
    """Method, bare URL and harmless headers: no credential, no cookie, no body, no hook."""
    request = request_of(
        method="PUT",
        url=f"https://me:{SECRET}@t/a?_fields=x",
        headers={
            **{"If-Match": '"7"', "Accept-API-Version": "resource=1.0", "X-ForgeRock-TransactionId": "t1"},
            **{"X-OpenIDM-Password": SECRET, "x-api-key": SECRET, "X-Unknown": SECRET, "Proxy-Authorization": SECRET},
        },
        cookies={"session": SECRET},
        json={"password": SECRET},
        hooks={"response": lambda response, **options: None},
    )
    bare = bare_request(request)
    assert (bare.method, bare.url, bare.body) == ("PUT", "https://t/a?_fields=***", None)
    assert set(map(str.lower, bare.headers)) == {
        *("if-match", "accept-api-version", "x-forgerock-transactionid", "content-type", "content-length"),
    }
    assert bare.hooks == {"response": []}
    assert request.headers["X-OpenIDM-Password"] == SECRET
    assert SECRET not in str(bare.__dict__)


def test_bare_response():
    """Status, phrase, headers without Set-Cookie, body, time and history; still a response to work with."""
    first = response_of(b"moved", status=302, headers={"Location": f"/b?code={SECRET}#x", "Set-Cookie": f"s={SECRET}"})
    response = response_of(
        b'{"message":"m"}',
        status=404,
        headers={"Content-Type": "application/json", "Set-Cookie": f"s={SECRET}", "Set-Cookie2": SECRET},
    )
    response.history = [first]
    response.cookies.set("s", SECRET)
    bare = bare_response(response)
    assert (bare.status_code, bare.reason, bare.json()) == (404, "Bad Request", {"message": "m"})
    assert dict(bare.headers) == {"Content-Type": "application/json"}
    assert (bare.encoding, bare.elapsed, bare.url) == (response.encoding, response.elapsed, response.url)
    assert isinstance(bare.cookies, RequestsCookieJar)
    assert not len(bare.cookies)
    assert [hop.status_code for hop in bare.history] == [302]
    assert bare.history[0].headers == {"Location": "/b?code=***"}
    assert bare.request.url == "http://h/x"
    assert response.headers["Set-Cookie"] == f"s={SECRET}"


@pytest.mark.parametrize("name", ["Location", "location", "Content-Location"])
def test_bare_location(name):
    """A URL in the answer loses its values, a relative one too, and what the caller's secrets are in it."""
    request = request_of(headers={"Authorization": f"Bearer {SECRET}"})
    bare = bare_response(response_of(request=request, headers={name: f"https://u:p@t/{SECRET}?code=1#f"}))
    assert bare.headers[name] == "https://t/***?code=***"


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "utf-16", "no-such-charset", "undefined", "a\x00b", None])
def test_bare_body_in_any_charset(charset):
    """Whatever charset is announced, the body loses the secret and nothing else, and stays the JSON it was."""
    request = request_of(headers={"Authorization": f"Bearer {SECRET}"})
    body = json.dumps({"message": f"\u00e9\u20ac {SECRET}"}, ensure_ascii=False)
    response = response_of(body.encode(), request=request)
    response.encoding = charset
    assert json.loads(bare_response(response).content) == {"message": "\u00e9\u20ac ***"}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"userName": "bob", "password": SECRET}, {"userName": "bob", "password": "***"}),
        ({"a": [{"clientSecret": SECRET}]}, {"a": [{"clientSecret": "***"}]}),
        ({"Password": {"$crypto": {"value": SECRET}}}, {"Password": "***"}),
        ({"userpassword-encrypted": SECRET}, {"userpassword-encrypted": "***"}),
        ({"private_key": SECRET, "privateKey": SECRET}, {"private_key": "***", "privateKey": "***"}),
        ({"access_token": SECRET, "apiKey": SECRET}, {"access_token": "***", "apiKey": "***"}),
        ({"mail": "x", "n": 1, "on": True, "none": None}, {"mail": "x", "n": 1, "on": True, "none": None}),
        ([], []),
        (None, None),
    ],
)
def test_bare_document(document, expected):
    """A document without what stands under names that tell a secret."""
    assert bare_document(document) == expected


def test_ambiguous_write_keeps_its_own():
    """The exception itself has the documents as they are; only what travels is bare."""
    error = AmbiguousWrite("words", sent={"password": SECRET}, found=None)
    assert (error.sent, error.found) == ({"password": SECRET}, None)
