"""How AM refuses, as the exceptions tell it."""

import pytest

from aic_requests import (
    AICError,
    BadRequest,
    Conflict,
    Forbidden,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    NotImplementedByServer,
    Unauthorized,
    UnsupportedMediaType,
)

from .server import ADMIN, PASSWORD
from .signing_in import SESSION_HEADER, session_of, token_of

AUTHENTICATE = "/json/realms/root/authenticate"
AUTHENTICATION = "/json/realms/root/realm-config/authentication"
CLIENTS = "/json/realms/root/realm-config/agents/OAuth2Client"
USERS = "/json/realms/root/users"
DEMO = f"{USERS}/demo"


# Versions


@pytest.mark.parametrize("path", [DEMO, CLIENTS + "/agent", "/json/global-config/realms/Lw"])
def test_an_unsupported_version_is_not_found(admin, path):
    """AM says 404 of what is there, if nobody there speaks that version; in CREST's shape."""
    with pytest.raises(NotFound, match="not found") as caught:
        admin.get(path, headers={"Accept-API-Version": "resource=9.0"})
    assert caught.value.code == 404
    assert caught.value.message.endswith("not found")


def test_an_unsupported_version_of_authenticate_is_an_empty_404(admin):
    """There without any body: an error with no words but the status line's."""
    with pytest.raises(NotFound) as caught:
        admin.post(AUTHENTICATE, json={}, headers={"Accept-API-Version": "resource=9.0"})
    error = caught.value
    assert (error.message, error.code, error.response.content) == ("", None, b"")
    assert str(error).startswith("404 ")
    assert error.transaction_id


@pytest.mark.parametrize("version", ["garbage", "resource=1.0;q=1", "protocol=2.1,resource=1.0 , x=1"])
def test_a_malformed_version_is_plain_text(admin, version):
    """400, text without a Content-Type: the words are the message."""
    with pytest.raises(BadRequest) as caught:
        admin.get(DEMO, headers={"Accept-API-Version": version})
    assert caught.value.message == f"Version string is in an invalid format: {version}"
    assert "Content-Type" not in caught.value.response.headers
    assert caught.value.code is None


@pytest.mark.parametrize("version", ["protocol=9.0", "protocol=2.2,resource=1.0"])
def test_an_unsupported_protocol_is_a_bad_request(admin, version):
    """400 in CREST's shape."""
    with pytest.raises(BadRequest, match=r"Unsupported m\w+ version") as caught:
        admin.get(DEMO, headers={"Accept-API-Version": version})
    assert caught.value.code == 400


# Sessions


@pytest.fixture
def ended(openam):
    token = token_of(openam, ADMIN, PASSWORD)
    with session_of(openam, token) as session:
        session.post(
            "/json/realms/root/sessions/?_action=logout", json={}, headers={"Accept-API-Version": "resource=2.0"}
        )
    return token


@pytest.mark.parametrize("path", [DEMO, AUTHENTICATION, "/json/global-config/realms/Lw"])
@pytest.mark.parametrize("which", ["none", "wrong", "ended"])
def test_without_a_session(openam, path, which, ended):
    """No, a wrong and an ended one alike: 401 "Access Denied", and no challenge to answer."""
    token = {"none": "", "wrong": "AQIC5w-is-no-token", "ended": ended}[which]
    with session_of(openam, token) as session:
        if not token:
            del session.headers[SESSION_HEADER]
        with pytest.raises(Unauthorized) as caught:
            session.get(path)
    error = caught.value
    assert (error.code, error.reason, error.message) == (401, "Unauthorized", "Access Denied")
    assert "WWW-Authenticate" not in error.response.headers
    assert not token or token not in str(error)


def test_logging_out_twice(openam, ended):
    """The second time is a 401 as well."""
    with session_of(openam, ended) as session, pytest.raises(Unauthorized, match="Access Denied"):
        session.post("/json/realms/root/sessions/?_action=logout", json={})


@pytest.mark.parametrize(
    ("version", "code"), [("resource=2.0", 401), ("resource=1.0", None)], ids=["message", "errorMessage"]
)
def test_a_wrong_password(openam, version, code):
    """401 in two shapes, one a version: the same words from both, and no password."""
    headers = {"X-OpenAM-Username": ADMIN, "X-OpenAM-Password": "not-the-pass-word", "Accept-API-Version": version}
    with session_of(openam, "") as session, pytest.raises(Unauthorized) as caught:
        session.post(AUTHENTICATE, json={}, headers=headers)
    assert (caught.value.message, caught.value.code) == ("Authentication Failed", code)
    assert "not-the-pass-word" not in str(caught.value)


def test_what_only_administrators_may(openam, user):
    """Configuration is 403 to a user; a query over the users is AM's 500 with the words of a 403."""
    with session_of(openam, token_of(openam, user.rpartition("/")[2], PASSWORD)) as session:
        with pytest.raises(Forbidden, match="insufficient privileges"):
            session.get(AUTHENTICATION)
        with pytest.raises(InternalServerError, match="Permission to perform the read operation denied"):
            session.get(USERS, params={"_queryFilter": "true"})


# Operations


@pytest.mark.parametrize(
    ("method", "path", "options", "error", "words"),
    [
        ("POST", f"{CLIENTS}?_action=nothing", {"json": {}}, Forbidden, "No privilege mapping for requested action"),
        ("POST", f"{USERS}?_action=nothing", {"json": {}}, NotImplementedByServer, "Operation is not supported."),
        ("GET", f"{CLIENTS}?_queryFilter=true&_pageSize=1", {}, NotImplementedByServer, "paging not currently"),
        ("GET", f'{CLIENTS}?_queryFilter=_id eq "x"', {}, NotImplementedByServer, "Query not supported"),
        ("GET", f"{CLIENTS}?_queryFilter=no filter at all", {}, BadRequest, "could not be parsed as a valid query"),
        ("GET", f"{CLIENTS}?_queryFilter=true&_countOnly=true", {}, BadRequest, "Unrecognized request parameter"),
        ("GET", DEMO, {"headers": {"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}}, Conflict, "not supported"),
        ("GET", f"{USERS}/nobody", {}, NotFound, "Resource cannot be found."),
        ("GET", "/json/realms/root/realm-config/nothing", {}, NotFound, "&#39;nothing&#39; not found"),
        ("GET", AUTHENTICATE, {}, MethodNotAllowed, "Method Not Allowed"),
        ("POST", AUTHENTICATE, {"data": {"a": "b"}}, UnsupportedMediaType, "Unsupported Media Type"),
        (
            "POST",
            f"{USERS}?_action=create",
            {"json": {"username": "x", "userpassword": "s"}},
            NotFound,
            "Minimum password",
        ),
    ],
)
def test_each_refusal_has_its_class(admin, method, path, options, error, words):
    """The class is that of the status, the message is AM's own, unaltered."""
    with pytest.raises(AICError) as caught:
        admin.request(method, path, **options)
    assert type(caught.value) is error
    assert words in caught.value.message
    assert caught.value.transaction_id


def test_a_bad_request_costs_a_connection_and_no_more(admin):
    """AM closes the connection after most 400s and 501s; the next request is none the worse for it."""
    for _ in range(5):
        with pytest.raises(BadRequest):
            admin.get(f"{CLIENTS}?_queryFilter=no filter at all")
        assert admin.get(DEMO).json()["_id"] == "demo"


# Pages


def test_users_come_in_one_page(admin, new_user):
    """``_pageSize`` is ignored there, and the cookie is null."""
    names = {new_user().rpartition("/")[2] for _ in range(3)}
    page = admin.get(USERS, params={"_queryFilter": "true", "_pageSize": 1}).json()
    assert names < {row["_id"] for row in page["result"]}
    assert page["resultCount"] == len(page["result"])
    assert page["pagedResultsCookie"] is None


def test_scripts_come_by_offset(admin):
    """``_pageSize`` counts, ``_pagedResultsOffset`` goes on, and the cookie is null although more is to come."""
    scripts = "/json/realms/root/scripts"
    everything = admin.get(scripts, params={"_queryFilter": "true"}).json()["result"]
    asked = {"_queryFilter": "true", "_pageSize": 2}
    pages = [admin.get(scripts, params={**asked, "_pagedResultsOffset": offset}).json() for offset in (0, 2)]
    assert [row["_id"] for page in pages for row in page["result"]] == [row["_id"] for row in everything[:4]]
    assert {page["pagedResultsCookie"] for page in pages} == {None}
    assert len(everything) > 4
