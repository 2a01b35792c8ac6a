"""A request of the probe, and what came of it, to the letter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal, cast

from requests import Response

from ..bodies import json_object
from ..errors import AICError
from ..revision import Revision


@dataclass(frozen=True, slots=True)
class Answer:
    """
    An answer as it came over the wire.

    Attributes:
        status: The HTTP status.
        headers: By name, in any case.
        body: Bytes, without their coding.
        words: The server's own words, without the caller's secrets; "" if none.
        sent: The transaction id that went out.
        cookies: Name and value of each that it sets.
        afterwards: What followed on the connection of an answer without a body: ``bytes`` that would be taken for the
            next answer, its ``end``, or ``nothing``; None where nobody looked.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    words: str = ""
    sent: str = ""
    cookies: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    afterwards: Literal["bytes", "end", "nothing"] | None = None

    @classmethod
    def of(cls, response: Response, afterwards: Literal["bytes", "end", "nothing"] | None = None) -> "Answer":
        """Take down a response."""
        error = AICError.from_response(response) if response.status_code >= 300 else None
        return cls(
            response.status_code,
            response.headers,
            response.content,
            "" if error is None else _words_of(error),
            str(response.request.headers.get("X-ForgeRock-TransactionId", "")),
            tuple((cookie.name, cookie.value or "") for cookie in response.cookies),
            afterwards,
        )

    @property
    def succeeded(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people: something in front of the server, or one that is starting up."""
        return "html" in self.headers.get("Content-Type", "").lower()

    @property
    def etag(self) -> str | None:
        """The ``ETag`` as it came."""
        return self.headers.get("ETag")

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object in the body; {} where it is none."""
        return json_object(self.body)

    @property
    def revision(self) -> str | None:
        """The revision, as a session reads it: the strong ETag, or else the body's ``_rev``."""
        try:
            found = Revision.from_etag(self.etag) or Revision.from_document(self.document)
        except ValueError:
            return None
        return None if found is None else found.value

    def __str__(self) -> str:
        """Status, phrase, and the server's words."""
        try:
            phrase = f" {HTTPStatus(self.status).phrase}"
        except ValueError:
            phrase = ""
        words = self.words if len(self.words) <= 200 else f"{self.words[:200]}..."
        return f"{self.status}{phrase}" + (f": {words}" if words else "")


def _words_of(error: AICError) -> str:
    """The server's words, and which policies have failed."""
    failed = ", ".join(f"{one.get('property')}: {_policies(one)}" for one in error.failed_policies)
    return f"{error.message} ({failed})" if failed else error.message


def _policies(failure: dict[str, Any]) -> str:
    rules: object = failure.get("policyRequirements")
    if not isinstance(rules, list):
        return "?"
    names = (
        cast("dict[str, Any]", rule).get("policyRequirement")
        for rule in cast("list[object]", rules)
        if isinstance(rule, dict)
    )
    return ", ".join(str(name) for name in names)
