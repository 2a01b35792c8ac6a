"""Keys of service accounts that nobody has."""

import json
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ACCOUNT = "449d7e27-7889-47af-a736-83b6bbf97ec5"


@cache
def _numbers(name: str) -> str:
    return RSAAlgorithm.to_jwk(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def private_jwk(name: str = "k1") -> dict[str, Any]:
    """An RSA key, the same for the same name, which is its ``kid``."""
    return json.loads(_numbers(name)) | {"kid": name}


def public_jwk(name: str = "k1") -> dict[str, Any]:
    """What a server has of it."""
    return {part: value for part, value in private_jwk(name).items() if part in ("kty", "n", "e", "kid")}


def read_assertion(assertion: str, name: str = "k1") -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of an assertion, whose signature is checked; its claims are not."""
    options = {"verify_exp": False, "verify_aud": False}
    key = RSAAlgorithm.from_jwk(public_jwk(name))
    return jwt.get_unverified_header(assertion), jwt.decode(assertion, key, algorithms=["RS256"], options=options)
