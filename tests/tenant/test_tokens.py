"""The tenant's token endpoint."""

import json
import time
import uuid

import jwt
import pytest
import requests
from jwt.algorithms import RSAAlgorithm

from aic_requests.testing import Fault, ServiceAccount, Tenant

from ..keys import ACCOUNT, private_jwk, public_jwk
from ..recordings import recordings

PATH = "/am/oauth2/access_token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
NOW = object()


@pytest.fixture(scope="module")
def tenant():
    with Tenant(service_accounts=[ServiceAccount(ACCOUNT, public_jwk())]) as tenant:
        yield tenant


def assertion(tenant, *, key="k1", kid="k1", algorithm="RS256", seconds=120, **changes):
    claims = {
        "iss": ACCOUNT,
        "sub": ACCOUNT,
        "aud": tenant.url + PATH,
        "exp": int(time.time()) + seconds,
        "jti": str(uuid.uuid4()),
    }
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    signing = None if algorithm == "none" else RSAAlgorithm.from_jwk(private_jwk(key))
    return jwt.encode(claims, signing, algorithm=algorithm, headers={} if kid is None else {"kid": kid})


def form(tenant, **changes):
    fields = {"grant_type": JWT_BEARER, "client_id": "service-account", "scope": "fr:am:* fr:idm:*"}
    fields = {**fields, "assertion": assertion(tenant), **changes}
    return {name: value for name, value in fields.items() if value is not None}


def ask(tenant, method="POST", **changes):
    return requests.request(method, tenant.url + PATH, data=form(tenant, **changes), timeout=10)


def test_a_good_assertion_gets_a_token_that_opens_the_tenant(tenant):
    """It names its owner, and without it there is no way in."""
    answer = ask(tenant)
    assert answer.headers["Cache-Control"] == "no-store"
    said = answer.json()
    assert {**said, "access_token": ""} == {
        "access_token": "",
        "scope": "fr:am:* fr:idm:*",
        "token_type": "Bearer",
        "expires_in": 899,
    }
    login = f"{tenant.url}/openidm/info/login"
    bearer = {"Authorization": f"Bearer {said['access_token']}"}
    assert requests.get(login, headers=bearer, timeout=10).json()["authenticationId"] == ACCOUNT
    assert requests.get(login, timeout=10).status_code == 401


#: What is sent by the tag of the recording that sent the same, and what OpenAM 16 said to it.
NOT_VALID = (400, "invalid_grant", "JWT is not valid")
UNEXPECTED = (
    400,
    "server_error",
    "Internal Server Error (500) - The server encountered an unexpected condition which prevented it from fulfilling "
    "the request",
)
REFUSED = {
    "jb-expired": (lambda t: {"assertion": assertion(t, seconds=-3600)}, (400, "invalid_grant", "JWT has expired")),
    "jb-toolong-10d": (lambda t: {"assertion": assertion(t, seconds=864_000)}, NOT_VALID),
    "jb-no-iss": (lambda t: {"assertion": assertion(t, iss=None)}, NOT_VALID),
    "jb-no-aud": (lambda t: {"assertion": assertion(t, aud=None)}, NOT_VALID),
    "jb-wrong-key": (lambda t: {"assertion": assertion(t, key="k2")}, NOT_VALID),
    "jb-unknown-kid": (lambda t: {"assertion": assertion(t, kid="other")}, NOT_VALID),
    "jb-no-exp": (lambda t: {"assertion": assertion(t, exp=None)}, UNEXPECTED),
    "jb-garbage": (lambda t: {"assertion": "no.such.thing"}, UNEXPECTED),
    "jb-garbage1": (lambda t: {"assertion": "garbage"}, UNEXPECTED),
    "jb-missing-assertion": (lambda t: {"assertion": None}, UNEXPECTED),
    "jb-alg-none": (
        lambda t: {"assertion": assertion(t, algorithm="none")},
        (
            400,
            "server_error",
            "server_error (400) - The authorization server encountered an unexpected condition which prevented it from "
            "fulfilling the request.",
        ),
    ),
    "jb-noclient": (lambda t: {"client_id": None}, (400, "invalid_client", "Client authentication failed")),
    "jb-unknownclient": (lambda t: {"client_id": "nope"}, (400, "invalid_client", "Client authentication failed")),
    "cc-nogrant": (lambda t: {"grant_type": None}, (400, "invalid_request", "Grant type is not set")),
    "cc-unknowngrant": (
        lambda t: {"grant_type": "urn:nope"},
        (400, "unsupported_grant_type", "Grant type is not supported"),
    ),
}


@pytest.mark.parametrize("tag", REFUSED)
def test_what_openam_refuses_is_refused(tenant, tag):
    """With its words, in its order, and no token comes of it."""
    changes, (status, error, description) = REFUSED[tag]
    answer = ask(tenant, **changes(tenant))
    body = f'{{"error_description":{json.dumps(description)},"error":"{error}"}}'
    assert (answer.status_code, answer.text) == (status, body)


@pytest.mark.parametrize("tag", REFUSED)
def test_openam_has_said_so(tag):
    """The table above is what was recorded."""
    said = {
        (line["status"], line["response_body"])
        for line in recordings("am-observed.jsonl")
        if line.get("tag") == tag and "oauth2" in line["path"]
    }
    status, error, description = REFUSED[tag][1]
    assert (status, f'{{"error_description":{json.dumps(description)},"error":"{error}"}}') in said


def test_an_assertion_need_not_name_its_key(tenant):
    """AIC takes one without ``kid``, as frodo-lib sends them and was recorded with; OpenAM 16 does not (jb-no-kid)."""
    assert ask(tenant, assertion=assertion(tenant, kid=None)).status_code == 200


UNSUPPORTED = (
    '{"error_description":"Unsupported scope for service account: fr:autoaccess:*,fr:iga:*","error":"invalid_scope"}'
)


def test_scopes_that_the_account_does_not_have(tenant):
    """Refused in the words of AIC; OpenAM has others."""
    answer = ask(tenant, scope="fr:am:* fr:autoaccess:* fr:iga:*")
    assert (answer.status_code, answer.text) == (400, UNSUPPORTED)


def test_aic_has_said_so():
    """These words were recorded."""
    lines = recordings("corpus/aic_exchanges.jsonl")
    assert UNSUPPORTED in {line["response"]["body"] for line in lines if line.get("product") == "oauth2"}


#: What OpenAM 16 takes and this does not: RFC 7523 and AIC's documentation forbid it, and AIC is not observed.
STRICTER = {
    "jb-wrong-aud": {"aud": "https://other.example.com/am/oauth2/access_token"},
    "jb-unknown-iss": {"iss": "somebody"},
    "jb-iss-ne-sub": {"sub": "somebody"},
    "jb-no-jti": {"jti": None},
    "jb-toolong-1d": {"seconds": 86_000},
    "too long by seconds": {"seconds": 190},
}


@pytest.mark.parametrize("tag", STRICTER)
def test_what_only_openam_takes_is_refused(tenant, tag):
    """A client must be right in each claim, whatever one server lets through."""
    answer = ask(tenant, assertion=assertion(tenant, **STRICTER[tag]))
    assert answer.json() == {"error": "invalid_grant", "error_description": "JWT is not valid"}


def test_an_assertion_is_good_once(tenant):
    """OpenAM 16 took it three times; RFC 7523 lets a server keep count."""
    given = assertion(tenant)
    assert [ask(tenant, assertion=given).status_code for _ in range(2)] == [200, 400]


def test_an_assertion_that_has_just_ended_is_taken(tenant):
    """By OpenAM's minute (recorded)."""
    assert ask(tenant, assertion=assertion(tenant, seconds=-50)).status_code == 200
    assert ask(tenant, assertion=assertion(tenant, seconds=-70)).status_code == 400


def test_who_asks_for_no_scope_gets_the_first(tenant):
    """As recorded."""
    assert ask(tenant, scope=None).json()["scope"] == "fr:am:*"


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_only_a_post_is_a_call_for_a_token(tenant, method):
    """405, in OAuth's shape."""
    answer = ask(tenant, method)
    said = {"error": "method_not_allowed", "error_description": f"Required Method: POST found: {method}"}
    assert (answer.status_code, answer.json()) == (405, said)


def test_json_is_no_form(tenant):
    """As recorded."""
    answer = requests.post(tenant.url + PATH, json=form(tenant), timeout=10)
    assert answer.json() == {"error": "invalid_request", "error_description": "Invalid Content Type"}


def status_with(tenant, token):
    answer = requests.get(f"{tenant.url}/openidm/info/login", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    return answer.status_code


def test_tokens_end():
    """After their life, and what the tenant was given by hand stays."""
    account = ServiceAccount(ACCOUNT, public_jwk())
    with Tenant(service_accounts=[account], tokens={"t0ken": "me"}, token_life=600) as tenant:
        token = ask(tenant).json()["access_token"]
        assert status_with(tenant, token) == 200
        tenant.clock.advance(601)
        assert (status_with(tenant, token), status_with(tenant, "t0ken")) == (401, 200)


def test_tokens_are_revoked():
    """By hand, or by a fault in the midst of the requests."""
    with Tenant(service_accounts=[ServiceAccount(ACCOUNT, public_jwk())]) as tenant:
        first = ask(tenant).json()["access_token"]
        tenant.revoke_tokens()
        second = ask(tenant).json()["access_token"]
        assert (status_with(tenant, first), status_with(tenant, second)) == (401, 200)
        tenant.faults.append(Fault("GET", after=1, revoke=True))
        assert [status_with(tenant, second) for _ in range(3)] == [200, 401, 401]


def test_the_record_shows_no_secret(tenant):
    """Neither the assertion nor the token."""
    given = assertion(tenant)
    token = ask(tenant, assertion=given).json()["access_token"]
    status_with(tenant, token)
    shown = repr(list(tenant.requests)[-2:])
    assert given not in shown
    assert token not in shown
