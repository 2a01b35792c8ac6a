"""The private key of a service account."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

#: A JWK as AIC hands it out: its fields, its JSON text, or the path of its file.
JWK = Mapping[str, Any] | str | os.PathLike[str]

#: Characters of a key file that are read; a 4096-bit key has about 3,200.
_LONGEST = 1024 * 1024

_INSTALL = 'service accounts need PyJWT and cryptography: pip install "aic-requests[jwt]"'


class PrivateKey:
    """
    An RSA private key that signs assertions.

    Args:
        jwk: A JWK, or a set (``{"keys": [...]}``) of one.

    Attributes:
        source: What to read it from again: the absolute path where a path was given, else the key itself.

    Raises:
        ImportError: PyJWT or cryptography is missing.
        ValueError: It is no RSA private key; the message and its causes show none of it.
    """

    def __init__(self, jwk: JWK) -> None:
        try:
            from jwt import encode
            from jwt.algorithms import RSAAlgorithm
        except ImportError as error:
            raise ImportError(_INSTALL) from error
        source, found = _read(jwk)
        fields = _checked(_only_key(found))
        self.source: JWK = source
        self._encode: Callable[..., str] = encode
        self._kid: str | None = fields.get("kid")
        try:
            # cryptography holds the numbers against each other.
            key: Any = RSAAlgorithm.from_jwk(fields)
            self._key = key
            numbers = key.private_numbers()
            # Not every release of it holds "d" against the rest, which alone would sign as well.
            if any((numbers.d * numbers.public_numbers.e - 1) % (prime - 1) for prime in (numbers.p, numbers.q)):
                raise ValueError("d is that of another key")
        except Exception:  # noqa: BLE001  # whatever is wrong with the numbers, their words may repeat them
            raise ValueError("jwk is no RSA private key: its numbers make no key") from None

    def __repr__(self) -> str:
        return f"<private key, kid {self._kid!r}>"

    def signed(self, claims: Mapping[str, Any]) -> str:
        """A JWT of the *claims*, signed with RS256, that names the key by its ``kid`` where it has one."""
        header = {} if self._kid is None else {"kid": self._kid}
        return self._encode(dict(claims), self._key, algorithm="RS256", headers=header)


def _read(jwk: object) -> tuple[JWK, object]:
    """What to read again, and what it holds."""
    if isinstance(jwk, Mapping):
        fields = dict(cast("Mapping[str, Any]", jwk))
        return fields, fields
    if isinstance(jwk, str) and jwk.lstrip("\ufeff \t\r\n").startswith("{"):
        return jwk, _parsed(jwk.lstrip("\ufeff"))
    if isinstance(jwk, str) and "-----BEGIN" in jwk:
        raise ValueError("jwk is a PEM text; AIC's keys are JWKs, in JSON")
    if not isinstance(jwk, str | os.PathLike):
        raise ValueError(f"jwk is a dict, its JSON text or a path, got {type(jwk).__name__}")
    try:
        path = Path(cast("str | os.PathLike[str]", jwk)).absolute()
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(_LONGEST)
    except (OSError, ValueError, TypeError) as error:
        # A text that was meant to be the key itself would stand in the error as the name of a file.
        raise ValueError(
            f"jwk (the second argument) is neither JSON nor the path of a file that can be read ({_kind(error)})"
        ) from None
    if "-----BEGIN" in text:
        raise ValueError("jwk is a file in PEM; AIC's keys are JWKs, in JSON")
    return str(path), _parsed(text)


def _kind(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("jwk is no JSON") from None


def _only_key(found: object) -> object:
    """The key, or the only one of a set."""
    keys = _keys_in(found)
    if keys is None:
        return found
    if len(keys) != 1:
        raise ValueError(f"jwk is a set of {len(keys)} keys: pass the one that is the account's")
    return keys[0]


def _keys_in(found: object) -> list[object] | None:
    keys = cast("dict[str, object]", found).get("keys") if isinstance(found, dict) else None
    return cast("list[object]", keys) if isinstance(keys, list) else None


def _checked(found: object) -> dict[str, Any]:
    """The fields of an RSA private key, by what they are; their numbers are cryptography's to check."""
    if not isinstance(found, dict):
        raise ValueError("jwk is no JSON object")
    fields = cast("dict[str, Any]", found)
    if fields.get("kty") != "RSA":
        raise ValueError('jwk is no RSA key: its "kty" is not "RSA"')
    if "d" not in fields:
        raise ValueError('jwk is a public key, without "d": the private one is needed to sign')
    kid = fields.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise ValueError('jwk has a "kid" that is no text')
    return fields
