"""The collection that is asked about, and the probe's own resources in it."""

from collections.abc import Mapping
from typing import Any, NoReturn

from ..revision import validator_of
from .answer import Answer
from .own import Own
from .template import Document, Template, altered, changing_part, new_id
from .wire import NoAnswer, Wire

#: An If-Match that no server has ever given.
NO_REVISION = '"no-such-revision"'

#: Statuses that speak of the moment and not of the server's rules.
_PASSING = frozenset({408, 429, 502, 503, 504})


class NotAsked(Exception):  # no error of the library
    """A question could not be asked; says why."""


class Unanswered(NotAsked):
    """The connection could not be made, or broke."""


class Stopped(Exception):  # no error of the library
    """There is no point in going on; says why."""


class Place:
    """
    A collection, with one resource of the probe's own that exists, and one that does not.

    Args:
        wire: Where to.
        collection: Path of the collection.
        template: What the resources are made from.
        own: Keeps account of them.

    Attributes:
        path: The resource.
        other: The one that is not there, until a question creates it.
        stale: A revision that the resource has had, and has no more; None until there is one.
        writable: Whether a PUT under the current revision is accepted, as far as is known.
        guarded: Whether a stale If-Match is refused, as far as is known.
        are_two: Whether the other one has been created.
        revision_told: What the answer to the create called the revision.
        not_modified: The first 304, since more than one question is about it.
        refused: What was refused and would have changed something, by what would have changed.
    """

    def __init__(self, wire: Wire, collection: str, template: Template, own: Own) -> None:
        self.wire = wire
        self.collection: str = collection.rstrip("/")
        self.template = template
        self.own = own
        self.id: str = new_id()
        self.other_id: str = new_id()
        self.path: str = f"{self.collection}/{self.id}"
        self.other: str = f"{self.collection}/{self.other_id}"
        self.stale: str | None = None
        self.writable = False
        self.guarded = False
        self.are_two: bool = False
        self.revision_told: str | None = None
        self.not_modified: Answer | None = None
        self.refused: list[Document] = []
        self._document: Document | None = None
        self._revision: str | None = None
        self._validator: str | None = None

    # What it is like now

    @property
    def document(self) -> Document:
        """
        The resource as it is now; read where that is not known.

        Raises:
            NotAsked: It cannot be read.
        """
        if self._document is None:
            answer = self.get()
            if answer.status != 200 or not answer.document:
                raise NotAsked(f"the resource cannot be read: {answer}")
        return dict(self._document or {})

    @property
    def revision(self) -> str:
        """
        Its revision.

        Raises:
            NotAsked: It has none, or cannot be read.
        """
        if self._document is None:
            _ = self.document
        if self._revision is None:
            raise NotAsked("the resource has no revision")
        return self._revision

    @property
    def has_revision(self) -> bool:
        """
        Whether it has a revision at all.

        Raises:
            NotAsked: It cannot be read.
        """
        return bool(self.document) and self._revision is not None

    @property
    def validator(self) -> str:
        """
        What to ask "changed since?" with, as a session does.

        Raises:
            NotAsked: Its reads give none.
        """
        if self._validator is None:
            raise NotAsked("there is no ETag to ask with")
        return self._validator

    @property
    def former(self) -> str:
        """
        A revision that is no longer current, ready for a header.

        Raises:
            NotAsked: There is none.
        """
        if self.stale is None:
            raise NotAsked("there is no revision that has been current and is no more")
        return f'"{self.stale}"'

    def altered(self) -> Document:
        """
        What to write, so that something changes.

        Raises:
            NotAsked: The server has not kept what was to be altered.
        """
        try:
            return altered(self.document)
        except LookupError as error:
            raise NotAsked(str(error)) from error

    # What is sent

    def get(self, headers: Mapping[str, str] | None = None, **options: Any) -> Answer:
        """Read the resource."""
        answer = self._ask("GET", self.path, headers, **options)
        if answer.status == 200 and not options.get("params"):
            self._learn(answer)
            self._validator = validator_of(answer.etag)
        return answer

    def create(self) -> Answer:
        """Create the resource, or not: under ``If-None-Match: *``."""
        return self.put(self.template.filled(self.id), {"If-None-Match": "*"})

    def put(self, document: Document, headers: Mapping[str, str]) -> Answer:
        """Write the resource."""
        answer = self._heard(self.own.put, self.path, document, headers)
        self._note(answer, headers, changing_part(document))
        return answer

    def patch(self, part: Document, headers: Mapping[str, str]) -> Answer:
        """Replace properties of it."""
        operations = [{"operation": "replace", "field": f"/{name}", "value": part[name]} for name in part]
        answer = self._ask("PATCH", self.path, headers, json=operations)
        self._note(answer, headers, part)
        return answer

    def delete(self, headers: Mapping[str, str]) -> Answer:
        """Delete it."""
        answer = self._heard(self.own.delete, self.path, headers)
        self._document = None
        return answer

    def put_other(self, headers: Mapping[str, str]) -> Answer:
        """Write the one that is not there."""
        answer = self._heard(self.own.put, self.other, self.template.filled(self.other_id), headers)
        self.are_two = self.are_two or answer.succeeded
        return answer

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any) -> Answer:
        """Send anything else that changes nothing."""
        return self._ask(method, path, headers, **options)

    # What is learned

    def _ask(self, method: str, path: str, headers: Mapping[str, str] | None, **options: Any) -> Answer:
        return self._heard(self.wire.ask, method, path, headers, **options)

    def _heard(self, send: Any, *arguments: Any, **options: Any) -> Answer:
        """
        Send, and take only the server's own word for an answer.

        Raises:
            Stopped: The caller is nobody.
            NotAsked: There was no answer, or none that tells anything.
        """
        try:
            answer: Answer = send(*arguments, **options)
        except NoAnswer as error:
            self._document = None
            raise Unanswered(str(error)) from error
        except BaseException:
            self._document = None
            raise
        if answer.status == 401:
            raise Stopped(
                f"the server does not know who is asking, or no longer; is AIC_TOKEN set, and valid? {answer}"
            )
        if answer.status in _PASSING:
            self._forget_and_say(f"{answer}")
        if answer.is_page:
            self._forget_and_say(f"a page for people instead of an answer: {answer}")
        return answer

    def _forget_and_say(self, why: str) -> NoReturn:
        self._document = None
        raise NotAsked(why)

    def _note(self, answer: Answer, headers: Mapping[str, str], part: Document) -> None:
        """Learn from the answer to a write."""
        known = self._document
        if not answer.succeeded:
            if known is not None and part != changing_part(known):
                self.refused.append(part)
            if answer.status >= 500:
                self._document = None
        elif answer.revision is None or answer.revision == headers.get("If-Match", "").strip('"'):
            # An echo of what was sent teaches nothing.
            self._document = None
        else:
            former = self._revision
            self._learn(answer)
            if former != self._revision:
                self.stale = former

    def _learn(self, answer: Answer) -> None:
        self._document = answer.document or None
        self._revision = answer.revision
