"""What a prepared request has no place for: what its caller said, and what we put on it."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from requests import PreparedRequest
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict

from .identity import Principal

#: The notes lie beside the response hooks: those are what every copy of a request shares, be it made
#: by a redirect, by an auth that answers a 401, or by a caller's hook that sends the request again.
_PLACE = "aic_requests"


class Intent(NamedTuple):
    """
    Notes on a prepared request.

    Attributes:
        declined: Headers that the caller set to None: "none this time". Lower case.
        auth_hooks: How many of its response hooks, the first ones, are its auth's own.
        principal: The lasting name that its auth gives to whoever it signs for.
        added: The conditions that a session added when it sent the request, and that are not the caller's.
    """

    declined: frozenset[str] = frozenset()
    auth_hooks: int = 0
    principal: Principal | None = None
    added: Mapping[str, str] = {}

    def attach(self, request: PreparedRequest) -> None:
        """Put the notes on the request; none where there is nothing to say."""
        if self != NOTHING:
            request.hooks = {**(request.hooks or {}), _PLACE: cast("Any", [self])}

    def signed_by(self, principal: Principal) -> "Intent":
        """The notes on a request that its auth has signed anew."""
        return self._replace(principal=principal)

    def with_added(self, condition: Mapping[str, str]) -> "Intent":
        """The notes on a request that a session has given a condition."""
        return Intent(self.declined, self.auth_hooks, self.principal, condition)

    @classmethod
    def of(cls, request: PreparedRequest) -> "Intent":
        """
        The notes on a request.

        One that was prepared elsewhere has none; its auth's hooks are known by being methods of an
        auth object, as those of requests and its plug-ins are.
        """
        noted = (request.hooks or {}).get(_PLACE)
        if noted:
            return cast("Intent", noted[0])
        hooks = response_hooks(request)
        if not hooks:
            return NOTHING
        return cls(auth_hooks=sum(isinstance(getattr(hook, "__self__", None), AuthBase) for hook in hooks))

    def theirs(self, headers: CaseInsensitiveDict[str | bytes]) -> CaseInsensitiveDict[str | bytes]:
        """A copy of a request's headers without what a session added."""
        headers = headers.copy()
        for name, value in self.added.items():
            if headers.get(name) == value:
                del headers[name]
        return headers


#: What most requests say.
NOTHING = Intent()


def response_hooks(request: PreparedRequest) -> list[object]:
    """The response hooks of a request as a list; requests also takes a single callable."""
    hooks = (request.hooks or {}).get("response") or []
    return [hooks] if callable(hooks) else list(hooks)
