"""The real jwt-bearer grant: what signs in, what does not and in which words, and that no key is in any of them."""

import pickle
import time
import uuid

import pytest

from aic_requests import AICSession, BadRequest, Unauthorized

from .service_account import CLIENT, PREFIX, SCOPE, TOKEN_PATH, Key, assertion, register, sign_in, switch_on
from .signing_in import SESSION_HEADER, session_of

HOUR = 3600
AGENTS = "/json/realms/root/realm-config/agents/OAuth2Client"


@pytest.fixture(scope="module")
def key(openam, admin_token):
    """The key of the service account, which this has registered."""
    key = Key.new()
    with session_of(openam, admin_token) as admin:
        switch_on(admin)
        register(admin, key)
    return key


@pytest.fixture
def audience(openam):
    return openam.url + TOKEN_PATH


@pytest.fixture
def nobody(openam):
    """A session without any credential."""
    with AICSession(openam.url) as session:
        yield session


@pytest.fixture
def token(nobody, key, audience):
    return sign_in(nobody, assertion(key, audience)).json()["access_token"]


def test_the_grant(nobody, key, audience):
    """A public client, one signed assertion: a bearer token for an hour, with the scopes that were asked for."""
    answer = sign_in(nobody, assertion(key, audience)).json()
    assert answer["access_token"]
    assert answer["token_type"] == "Bearer"
    assert set(answer["scope"].split()) == set(SCOPE.split())
    assert 3000 < answer["expires_in"] <= 3600


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": lambda now: now - 60},
        {"exp": lambda now: now + 20 * HOUR},
        {"jti": lambda now: None},
        {"iss": lambda now: "somebody-else"},
        {"aud": lambda now: "https://elsewhere.example.com"},
    ],
    ids=["exp passed by a minute", "exp in hours", "no jti", "another issuer", "another audience"],
)
def test_what_signs_in_too(nobody, key, audience, claims):
    """Clocks may differ by a minute; there must be an issuer and an audience, whichever. AIC may be stricter."""
    now = int(time.time())
    signed = assertion(key, audience, **{name: value(now) for name, value in claims.items()})
    assert sign_in(nobody, signed).json()["access_token"]


def test_one_assertion_twice(nobody, key, audience):
    """A jti is not remembered: a replayed assertion is a new token."""
    signed = assertion(key, audience)
    tokens = {sign_in(nobody, signed).json()["access_token"] for _ in range(2)}
    assert len(tokens) == 2


NOT_VALID = ("invalid_grant", "JWT is not valid")
SERVER_ERROR = ("server_error", "condition which prevented it from fulfilling the request")
REFUSALS = {
    "exp passed by hours": (
        lambda key, to: assertion(key, to, exp=int(time.time()) - 3 * HOUR),
        {},
        ("invalid_grant", "JWT has expired"),
    ),
    "exp in two days": (lambda key, to: assertion(key, to, exp=int(time.time()) + 48 * HOUR), {}, NOT_VALID),
    "another key": (lambda key, to: assertion(Key.new(), to), {}, NOT_VALID),
    "an unknown kid": (lambda key, to: assertion(Key(key.private, "k2"), to), {}, NOT_VALID),
    "no iss": (lambda key, to: assertion(key, to, iss=None), {}, NOT_VALID),
    "no aud": (lambda key, to: assertion(key, to, aud=None), {}, NOT_VALID),
    "no exp": (lambda key, to: assertion(key, to, exp=None), {}, SERVER_ERROR),
    "garbage": (lambda key, to: "a-garbage.of-three.parts-here", {}, SERVER_ERROR),
    "one part": (lambda key, to: "a-garbage-of-one-part", {}, SERVER_ERROR),
    "alg none": (lambda key, to: assertion(key, to, algorithm="none"), {}, SERVER_ERROR),
    "an unknown client": (
        lambda key, to: assertion(key, to),
        {"client_id": "nobody-knows"},
        ("invalid_client", "Client authentication failed"),
    ),
    "no client": (
        lambda key, to: assertion(key, to),
        {"client_id": ""},
        ("invalid_client", "Client authentication failed"),
    ),
    "an unknown scope": (
        lambda key, to: assertion(key, to),
        {"scope": "fr:nothing"},
        ("invalid_scope", "Unknown/invalid scope(s): [fr:nothing]"),
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_does_not_sign_in(nobody, key, audience, case):
    """
    A 400 each time, ``server_error`` too: BadRequest, OAuth's error as the reason, its description as the message.

    Nothing of the assertion and nothing of the key is in the text, the repr or the pickle.
    """
    make, form, (reason, words) = REFUSALS[case]
    signed = make(key, audience)
    with pytest.raises(BadRequest) as caught:
        sign_in(nobody, signed, **form)
    error = caught.value
    assert (error.status_code, error.reason, error.code) == (400, reason, None)
    assert words in error.message
    assert f"{reason}: " in str(error)
    assert_nothing_shows(error, {signed, *signed.split("."), *key.secrets})
    # AM closes the connection after it; the session goes on.
    assert nobody.get("/json/serverinfo/*").status_code == 200


def assert_nothing_shows(error, secrets):
    """Neither in what is printed, nor in what a pickle holds, nor in what comes out of it again."""
    pickled = pickle.dumps(error)
    again = pickle.loads(pickled)
    shown = "".join([str(error), repr(error), str(again), repr(again), repr(again.__dict__), pickled.decode("latin-1")])
    assert again.request.body is None
    for secret in secrets - {""}:
        assert secret not in shown


def test_a_wrong_secret(admin, nobody, key):
    """By Basic a 401 with a challenge, in the form a 400: both OAuth's invalid_client, neither with the secret."""
    name, secret = f"c{uuid.uuid4().hex[:12]}", f"s3cret-{uuid.uuid4().hex}"
    admin.put(
        f"{AGENTS}/{name}",
        json={
            "userpassword": f"{secret}-right",
            "sunIdentityServerDeviceStatus": "Active",
            f"{PREFIX}clientType": "Confidential",
            f"{PREFIX}tokenEndPointAuthMethod": "client_secret_basic",
            f"{PREFIX}idTokenSignedResponseAlg": "HS256",
            f"{PREFIX}scopes": ["[0]=fr:am:*"],
            f"{PREFIX}redirectionURIs": ["[0]=http://localhost/cb"],
        },
    )
    asked = {"grant_type": "client_credentials", "scope": "fr:am:*"}
    with pytest.raises(Unauthorized) as by_basic:
        nobody.post(TOKEN_PATH, data=asked, auth=(name, secret))
    assert by_basic.value.response.headers["WWW-Authenticate"].startswith("Basic")
    with pytest.raises(BadRequest) as by_form:
        nobody.post(TOKEN_PATH, data={**asked, "client_id": name, "client_secret": secret})
    for error in (by_basic.value, by_form.value):
        assert (error.reason, error.message) == ("invalid_client", "Client authentication failed")
        assert_nothing_shows(error, {secret})


# The token


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_what_the_token_says(nobody, token):
    """The endpoint tokeninfo knows the client, the realm, the scopes and the grant."""
    told = nobody.get("/oauth2/tokeninfo", headers=bearer(token)).json()
    assert (told["client_id"], told["realm"]) == (CLIENT, "/")
    assert set(told["scope"]) == set(SCOPE.split())
    assert told["grant_type"].endswith("jwt-bearer")


@pytest.mark.parametrize("path", ["/oauth2/tokeninfo", "/oauth2/userinfo"])
@pytest.mark.parametrize("how", ["garbage", "cut short", "revoked"])
def test_a_token_that_does_not_count(nobody, token, path, how):
    """Token endpoints answer 401 with OAuth's invalid_token and without a challenge; the token shows nowhere."""
    if how == "revoked":
        nobody.post("/oauth2/token/revoke", data={"token": token, "client_id": CLIENT})
    wrong = {"garbage": "a-garbage-of-a-token", "cut short": token[:-2], "revoked": token}[how]
    with pytest.raises(Unauthorized) as caught:
        nobody.get(path, headers=bearer(wrong))
    error = caught.value
    assert error.reason == "invalid_token"
    assert error.message.startswith("The access token provided is expired, revoked, malformed, or invalid")
    assert "WWW-Authenticate" not in error.response.headers
    assert_nothing_shows(error, {wrong})


def test_a_token_that_has_ended(nobody, admin, key, audience):
    """After its seconds it counts as little as a wrong one, and is called the same."""
    client = f"c{uuid.uuid4().hex[:12]}"
    register(admin, key, client, lifetime=1)
    signed = assertion(key, audience, iss=client, sub=client)
    answer = sign_in(nobody, signed, client_id=client).json()
    assert answer["expires_in"] <= 1
    time.sleep(2)
    with pytest.raises(Unauthorized, match="invalid_token") as caught:
        nobody.get("/oauth2/tokeninfo", headers=bearer(answer["access_token"]))
    assert_nothing_shows(caught.value, {answer["access_token"]})


def test_a_token_in_the_query_does_not_show(nobody):
    """AM takes it there too; what is printed has the path alone."""
    with pytest.raises(Unauthorized, match="invalid_token") as caught:
        nobody.get("/oauth2/tokeninfo", params={"access_token": "a-token-in-a-query"})
    assert_nothing_shows(caught.value, {"a-token-in-a-query"})


def test_revoking_is_quiet(nobody, token):
    """200 and an empty object, the second time too."""
    for _ in range(2):
        assert nobody.post("/oauth2/token/revoke", data={"token": token, "client_id": CLIENT}).json() == {}


def test_the_json_endpoints_take_no_bearer(nobody, token, admin):
    """The open code's /json knows sessions only (AIC's takes both): a valid bearer is nobody there."""
    users = "/json/realms/root/users/demo"
    with pytest.raises(Unauthorized, match="Access Denied") as caught:
        nobody.get(users, headers=bearer(token))
    assert_nothing_shows(caught.value, {token})
    both = {**bearer(token), SESSION_HEADER: admin.headers[SESSION_HEADER]}
    assert nobody.get(users, headers=both).json()["_id"] == "demo"
