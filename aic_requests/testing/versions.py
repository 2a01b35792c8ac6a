"""Resource versions: which one serves a request."""

from dataclasses import replace

from .messages import Answer, Refusal, Request
from .profiles import Behaviour
from .reading import versions_of


def version_of(behaviour: Behaviour, request: Request) -> str | None:
    """
    The resource version that serves a request: of the major one asked for the latest; None where there are none.

    Raises:
        Refusal: 404, or what the behaviour has instead; this place has no such version.
    """
    if not behaviour.versions:
        return None
    asked = versions_of(request.header("accept-api-version") or "protocol=2.1").get("resource")
    for version in reversed(behaviour.versions):
        major, minor = (int(part) for part in version.split("."))
        if asked is None or (asked[0] == major and asked[1] <= minor):
            return version
    raise Refusal(behaviour.no_version, f"Resource '{request.path}' not found", rule=f"no version {asked}")


def versioned(answer: Answer, behaviour: Behaviour, request: Request) -> Answer:
    """With the version that served it."""
    version = version_of(behaviour, request) if answer.rule != "options" else None
    named = [] if version is None else [("Content-API-Version", f"resource={version}")]
    return replace(answer, headers=[*answer.headers, *named])
