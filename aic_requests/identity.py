"""Who a request speaks for, as a hash."""

from hashlib import blake2b
from typing import NamedTuple

from requests import PreparedRequest

from .headers import SELECTING, as_text, credentials
from .shortcuts import fields_of

Certificate = str | tuple[str, str] | None


class Principal(NamedTuple):
    """
    A lasting name that an auth object gives to whoever it signs for (its ``identity``).

    Attributes:
        name: The name.
        authorization: The ``Authorization`` it stands for. Where the request carries another one,
            somebody else has signed it, and the name does not count.
    """

    name: str
    authorization: str


class Identity(NamedTuple):
    """
    Who a request speaks for.

    Attributes:
        principal: Hash of every header that may tell the caller, but cookies, and of the client
            certificate. An answer may set a cookie; the caller stays the same.
        whole: The same with cookies: what a server may have made the body for.
    """

    principal: bytes
    whole: bytes

    @classmethod
    def of(
        cls,
        request: PreparedRequest,
        *,
        key: bytes,
        certificate: Certificate = None,
        principal: Principal | None = None,
    ) -> "Identity":
        """
        Hash the identity of a request.

        Args:
            request: As it goes out.
            key: Secret of the hash, so that a store says nothing about tokens.
            certificate: The TLS client certificate.
            principal: The name its auth object gives, if any.
        """
        said = credentials(request.headers.lower_items())
        # No header has a blank in its name, so none can be mistaken for these.
        if certificate:
            said["client certificate"] = repr(certificate)
        if principal is not None and principal.authorization == said.get("authorization"):
            said["lasting name"] = principal.name
            del said["authorization"]
        cookies = said.pop("cookie", None)
        known = _hash(sorted(said.items()), key)
        return cls(known, known if cookies is None else _hash((known, cookies), key))

    def variant(self, request: PreparedRequest, *, key: bytes) -> bytes:
        """Name the variant of a resource that this request reads: who, the query, the Accept headers."""
        fields = fields_of(request.headers)
        chosen = [as_text(fields[name][1]) if name in fields else None for name in SELECTING]
        return _hash((self.whole, (request.url or "").partition("#")[0], *chosen), key)


def _hash(said: object, key: bytes) -> bytes:
    # repr keeps "a" + "bc" apart from "ab" + "c".
    return blake2b(repr(said).encode("utf-8", "surrogatepass"), key=key, digest_size=16).digest()
