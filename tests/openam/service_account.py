"""A service account as AIC has them: a public client with a JWK set, signed in by a JWT."""

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from requests import Response

from aic_requests import AICSession

TOKEN_PATH = "/oauth2/access_token"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CLIENT = "service-account"
SCOPE = "fr:am:* fr:idm:*"
#: Of the fields of a client.
PREFIX = "com.forgerock.openam.oauth2provider."


@dataclass(frozen=True, slots=True)
class Key:
    """A private key and its name in the JWK set."""

    private: rsa.RSAPrivateKey
    name: str = "k1"

    @classmethod
    def new(cls) -> "Key":
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @property
    def public(self) -> dict[str, str]:
        """The JWK that the server may know."""
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**jwk, "kid": self.name, "alg": "RS256", "use": "sig"}

    @property
    def secrets(self) -> set[str]:
        """What nobody but its owner may see."""
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(self.private, as_dict=True)
        return {jwk[name] for name in ("d", "p", "q", "dp", "dq", "qi")}


def switch_on(admin: AICSession) -> None:
    """Give the root realm its OAuth 2.0 service."""
    admin.post("/json/realms/root/realm-config/services/oauth-oidc?_action=create", json={})


def register(admin: AICSession, key: Key, client: str = CLIENT, *, lifetime: int = 0) -> None:
    """Let a client in; its tokens last *lifetime* seconds, 0: the realm's hour."""
    admin.put(
        f"/json/realms/root/realm-config/agents/OAuth2Client/{client}",
        json={
            "userpassword": uuid.uuid4().hex,
            "sunIdentityServerDeviceStatus": "Active",
            f"{PREFIX}clientType": "Public",
            f"{PREFIX}tokenEndPointAuthMethod": "none",
            # Nobody asks for an ID token, but without its algorithm every grant is a server_error.
            f"{PREFIX}idTokenSignedResponseAlg": "RS256",
            f"{PREFIX}redirectionURIs": ["[0]=http://localhost/cb"],
            f"{PREFIX}scopes": ["[0]=fr:am:*", "[1]=fr:idm:*"],
            f"{PREFIX}defaultScopes": ["[0]=fr:am:*"],
            f"{PREFIX}accessTokenLifeTime": lifetime,
            f"{PREFIX}publicKeyLocation": "jwks",
            f"{PREFIX}jwks": json.dumps({"keys": [key.public]}),
        },
        headers={"If-None-Match": "*"},
    )


def assertion(key: Key, audience: str, *, algorithm: str = "RS256", **claims: Any) -> str:
    """The JWT that the account signs in with; a claim that is given as None is left out."""
    said = {
        "iss": CLIENT,
        "sub": CLIENT,
        "aud": audience,
        "exp": int(time.time()) + 180,
        "jti": uuid.uuid4().hex,
        **claims,
    }
    said = {name: value for name, value in said.items() if value is not None}
    secret = None if algorithm == "none" else key.private
    return jwt.encode(said, secret, algorithm=algorithm, headers={"kid": key.name})


def sign_in(session: AICSession, signed: str, **form: str) -> Response:
    """Ask for a token, as a service account does."""
    asked = {"grant_type": GRANT, "client_id": CLIENT, "scope": SCOPE, "assertion": signed, **form}
    return session.post(TOKEN_PATH, data=asked)
