"""The container that a server runs in, and what is in front of it."""

import gzip
import re
from dataclasses import replace

from .collection import Numbers
from .messages import Answer, Refusal, Request
from .profiles import Profile
from .reading import versions_of

_CODING_SUFFIX = re.compile(r"--gzip(?=\"|$)")
#: What a container writes as a blank: line breaks and other controls, and what is not in ISO 8859-1 (seen on Jetty).
_NOT_IN_HEADERS = re.compile(r"[\x00-\x1f\u0100-\U0010ffff]")


class Container:
    """
    Takes requests to the server, and adds to its answers.

    Args:
        profile: What kind of server it is.
        numbers: Where transaction ids and cookies come from.
    """

    def __init__(self, profile: Profile, numbers: Numbers) -> None:
        self._profile = profile
        self._numbers = numbers

    def answer(self, request: Request) -> Answer | None:
        """What the container answers by itself, with nothing of the server's about it."""
        if request.method == "TRACE" and self._profile.trace == 405:
            return Answer(405, [], b"", "the container knows no TRACE")
        if any(part in request.path.lower() for part in self._profile.refused):
            # Jetty shows its page to those who may look at it.
            page = b"<html><body><h2>HTTP ERROR 400</h2></body></html>" if request.method in ("GET", "POST") else b""
            kind = [("Content-Type", "text/html;charset=iso-8859-1")] if page else []
            headers = [("Cache-Control", "must-revalidate,no-cache,no-store"), *kind, ("Connection", "close")]
            return Answer(400, headers, page, "the container refuses this path")
        versions = request.header("accept-api-version")
        if self._profile.plain_versions and versions is not None:
            try:
                versions_of(versions)
            except Refusal as refusal:
                text = f"Version string is in an invalid format: {versions}"
                return Answer(400, [*self._profile.headers], text.encode(), refusal.rule)
        return None

    def stripped(self, request: Request) -> Request:
        """Take off what a container keeps to itself: empty headers, and the suffix of a compressed answer's tag."""
        if self._profile.drops_empty:
            request = replace(request, headers=tuple((name, value) for name, value in request.headers if value.strip()))
        if self._profile.gzip is None or (self._profile.gzip == "reads" and request.method != "GET"):
            return request
        headers = tuple(
            (name, _CODING_SUFFIX.sub("", value) if name.lower() in ("if-match", "if-none-match") else value)
            for name, value in request.headers
        )
        return replace(request, headers=headers)

    def dressed(self, request: Request, answer: Answer) -> Answer:
        """What a server and what is in front of it add."""
        headers = [*self._profile.headers, *answer.headers]
        if self._profile.bare and answer.status == 304:
            headers = [one for one in headers if not one[0].startswith("Content-T") and one[0] != "Content-Length"]
        body = answer.body
        if _may_compress(self._profile.gzip, request.method, answer.status):
            headers.append(("Vary", "Accept-Encoding"))
            if body and "gzip" in (request.header("accept-encoding") or ""):
                body = gzip.compress(body, mtime=0)
                headers = [(name, f'{value[:-1]}--gzip"' if name == "ETag" else value) for name, value in headers]
                headers.append(("Content-Encoding", "gzip"))
        transaction = request.header("x-forgerock-transactionid")
        if self._profile.echoes_transactions:
            headers.append(("X-ForgeRock-TransactionId", transaction or f"{self._numbers.uuid()}-request-1"))
        if self._profile.session_cookie and answer.status != 401 and _wants_session(request):
            headers.append(("Set-Cookie", f"session-jwt={self._numbers.uuid()}; Path=/; HttpOnly"))
        # An id or a parameter may hold line breaks and letters of any kind; a header may not.
        headers = [(name, _NOT_IN_HEADERS.sub(" ", value)) for name, value in headers]
        return replace(answer, headers=headers, body=body)


def _wants_session(request: Request) -> bool:
    """Who does not forbid a session gets one, if it does not come with the cookie of one alone."""
    alone = request.cookie("session-jwt") is not None and request.header("x-openidm-username") is None
    return request.header("x-openidm-nosession") != "true" and not alone


def _may_compress(kind: str | None, method: str, status: int) -> bool:
    """Jetty 12 compresses, and says in Vary that it might, what comes to a POST as well, refusals too."""
    return (kind == "strips" and method == "GET" and status == 200) or (kind == "reads" and method in ("GET", "POST"))
