"""What the caller said that a prepared request has no place for."""

from dataclasses import dataclass

from requests import PreparedRequest
from requests.auth import AuthBase

from .identity import Principal

_ATTRIBUTE = "_aic_intent"


@dataclass(frozen=True, slots=True)
class Intent:
    """
    Notes on a prepared request.

    Attributes:
        declined: Headers that the caller set to None: "none this time". Lower case.
        auth_hooks: How many of its response hooks, the first ones, are its auth's own.
        principal: The lasting name that its auth gives to whoever it signs for.
    """

    declined: frozenset[str] = frozenset()
    auth_hooks: int = 0
    principal: Principal | None = None

    def attach(self, request: PreparedRequest) -> None:
        """Put the notes on the request."""
        request.__dict__[_ATTRIBUTE] = self

    @classmethod
    def of(cls, request: PreparedRequest) -> "Intent":
        """
        The notes on a request.

        One that was prepared elsewhere, or copied, has none; its auth's hooks are known by being
        methods of an auth object, as those of requests and its plug-ins are.
        """
        noted = request.__dict__.get(_ATTRIBUTE)
        if isinstance(noted, cls):
            return noted
        hooks = response_hooks(request)
        return cls(auth_hooks=sum(isinstance(getattr(hook, "__self__", None), AuthBase) for hook in hooks))


def response_hooks(request: PreparedRequest) -> list[object]:
    """The response hooks of a request as a list; requests also takes a single callable."""
    hooks = (request.hooks or {}).get("response") or []
    return [hooks] if callable(hooks) else list(hooks)
