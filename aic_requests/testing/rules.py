"""What a CREST server answers: one set of rules for every door."""

import base64
import binascii
import copy
import gzip
import re
from dataclasses import replace
from threading import RLock
from typing import Any, cast

from .collection import Collection, Numbers, Stored, hash_of
from .messages import DEEPEST, Answer, Document, Headers, Refusal, Request, depth_of, same, to_json
from .patching import operations_of, patched
from .pointers import parts_of, value_at
from .policies import check_policies
from .profiles import Behaviour, Profile
from .queries import query
from .reading import Operation, Reading, method_of, versions_of
from .references import References

_JSON = ("Content-Type", "application/json;charset=utf-8")
_CODING_SUFFIX = re.compile(r"--gzip(?=\"|$)")
#: What a container writes as a blank: line breaks and other controls, and what is not in ISO 8859-1 (seen on Jetty).
_NOT_IN_HEADERS = re.compile(r"[\x00-\x1f\u0100-\U0010ffff]")
_NO_PLACE = Behaviour("/")
#: Actions on a document, and what they amount to.
_OF_ONE: dict[str, Operation] = {"patch": "patch", "triggerSyncCheck": "read"}


class Rules:
    """
    Documents, and the rules for them.

    Args:
        profile: What kind of server this is.
        tokens: Bearer tokens and whose they are; None: everybody may come in.
        seed: Of the ids and opaque revisions.
    """

    def __init__(self, profile: Profile, tokens: dict[str, str] | None, seed: int) -> None:
        self.profile = profile
        self.tokens = tokens
        self.lock: RLock = RLock()
        self._numbers = Numbers(seed)
        self._collections: dict[tuple[str, ...], Collection] = {}
        self._references = References(profile, self._numbers, self.collection)

    def collection(self, path: str) -> Collection:
        """
        The collection at a path; made at its first use.

        Raises:
            KeyError: The profile has none there.
        """
        segments = tuple(part for part in path.split("/") if part)
        for behaviour in self.profile.behaviours:
            found = behaviour.matches(segments)
            if found is not None and found[1] in (None, ""):
                return self._at(behaviour, found[0])
        raise KeyError(f"no collection at {path}")

    def answer(self, request: Request) -> Answer:
        """Answer a request. Whatever it changes is changed at once, or not at all."""
        with self.lock:
            refused = self._of_container(self._stripped(request))
            if refused is not None:
                return refused
            behaviour = self._behaviour(request)
            try:
                principal = self._principal(request)
                request = self._stripped(request)
                answer = _versioned(self._carry_out(request, principal), behaviour, request)
            except Refusal as refusal:
                answer = _refused(refusal, request, behaviour, self.profile.challenge)
            except RecursionError:
                # Nothing is stored before all of it was looked at.
                answer = _refused(Refusal(400, "Nested too deeply"), request, behaviour, None)
            return self._dressed(request, answer)

    # Who and where

    def _principal(self, request: Request) -> str:
        if self.tokens is None:
            return "anonymous"
        if self.profile.sessions is not None:
            token = request.header(self.profile.sessions.lower()) or request.cookie(self.profile.sessions)
            if token not in self.tokens:
                raise Refusal(401, "Access Denied", rule="no valid session")
            return self.tokens[token]
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or token not in self.tokens:
            raise Refusal(401, "Access Denied", rule="no valid token")
        return self.tokens[token]

    def _behaviour(self, request: Request) -> Behaviour:
        for behaviour in self.profile.behaviours:
            if behaviour.matches(request.segments) is not None:
                return behaviour
        return _NO_PLACE

    def _locate(self, request: Request, reading: Reading) -> tuple[Collection, str | None]:
        for behaviour in self.profile.behaviours:
            found = behaviour.matches(request.segments)
            if found is None:
                continue
            place, resource_id = found
            if resource_id == "":
                # At any depth, what is asked for tells a collection from a resource.
                whole = reading.operation in ("query", "create", "action")
                place, resource_id = (place, None) if whole else (place[:-1], place[-1])
            if behaviour.single and reading.operation not in ("create", "action"):
                resource_id = ""
            return self._at(behaviour, place), resource_id
        above = request.segments[:-1]
        below = any(behaviour.matches(above) for behaviour in self.profile.behaviours)
        if reading.creates and (not request.segments or below):
            # The root, or below a resource: the place is there, and is none to create in.
            raise Refusal(400, "No collection to create in", rule="a create is asked of a collection")
        raise Refusal(404, f"Resource '{'/'.join(request.segments)}' not found", rule="no such place")

    def _at(self, behaviour: Behaviour, place: tuple[str, ...]) -> Collection:
        if place not in self._collections:
            self._collections[place] = Collection(behaviour, place, self._numbers, self.lock)
        return self._collections[place]

    # What is done

    def _of_container(self, request: Request) -> Answer | None:
        """What the container answers by itself, with nothing of the server's about it."""
        if request.method == "TRACE" and self.profile.trace == 405:
            return Answer(405, [], b"", "the container knows no TRACE")
        if any(part in request.path.lower() for part in self.profile.refused):
            # Jetty shows its page to those who may look at it.
            page = b"<html><body><h2>HTTP ERROR 400</h2></body></html>" if request.method in ("GET", "POST") else b""
            kind = [("Content-Type", "text/html;charset=iso-8859-1")] if page else []
            headers = [("Cache-Control", "must-revalidate,no-cache,no-store"), *kind, ("Connection", "close")]
            return Answer(400, headers, page, "the container refuses this path")
        versions = request.header("accept-api-version")
        if self.profile.plain_versions and versions is not None:
            try:
                versions_of(versions)
            except Refusal as refusal:
                text = f"Version string is in an invalid format: {versions}"
                return Answer(400, [*self.profile.headers], text.encode(), refusal.rule)
        return None

    def _carry_out(self, request: Request, principal: str) -> Answer:
        if request.method == "OPTIONS":
            allowed = ("DELETE", "GET", "HEAD", "PATCH", "PUT", "OPTIONS", "TRACE")
            return Answer(200, [("Allow", name) for name in allowed], b"", "options")
        reading = Reading.of(request)
        _version(self._behaviour(request), request)
        referring = self._references.named(request.segments)
        if referring is not None:
            return self._references.answer(*referring, reading)
        if request.segments == ("openidm", "info", "login") and reading.operation == "read":
            return self._login(reading, principal)
        collection, resource_id = self._locate(request, reading)
        if reading.operation == "query":
            return self._query(collection, resource_id, reading)
        if reading.operation == "action":
            return self._action(request, collection, resource_id, reading)
        if reading.operation == "create":
            return self._create(request, collection, resource_id, reading)
        if resource_id is None:
            status = 404 if reading.operation == "update" else 400
            raise Refusal(status, f"{reading.operation} of a collection", rule="a collection is no resource")
        do = {"read": self._read, "update": self._update, "patch": self._patch, "delete": self._delete}
        return do[reading.operation](request, collection, resource_id, reading)

    def _login(self, reading: Reading, principal: str) -> Answer:
        """Who am I: the same revision for everybody, another body for each."""
        revision = self.profile.login
        if revision is not None and reading.none_match == revision:
            return _not_modified("login")
        headers: Headers = [*self.profile.behaviours[0].headers, _JSON]
        document: Document = {"_id": "login", "authenticationId": principal, "authorization": {"id": principal}}
        if revision is not None:
            document["_rev"] = revision
            headers.append(("ETag", f'"{revision}"'))
        return Answer(200, headers, to_json(document), "login")

    def _query(self, collection: Collection, resource_id: str | None, reading: Reading) -> Answer:
        if resource_id is not None:
            raise Refusal(400, "A resource cannot be queried")
        envelope = query(collection, reading.parameters)
        envelope["result"] = [self._chosen(collection, row, reading) for row in envelope["result"]]
        body = to_json(envelope["result"] if collection.behaviour.bare else envelope, pretty=_is_pretty(reading))
        return Answer(200, [*collection.behaviour.headers, _JSON], body, f"query: {envelope['resultCount']} rows")

    def _action(self, request: Request, collection: Collection, resource_id: str | None, reading: Reading) -> Answer:
        if resource_id is None and reading.action == "clear" and "clear" in collection.behaviour.actions:
            cleared = len(collection.documents)
            collection.documents.clear()
            return Answer(200, [*collection.behaviour.headers, _JSON], to_json({"cleared": cleared}), "cleared")
        if resource_id is not None and reading.action in _OF_ONE and reading.action in collection.behaviour.actions:
            asked = replace(reading, operation=_OF_ONE[reading.action])
            if asked.operation == "patch":
                answer = self._patch(request, collection, resource_id, replace(asked, body=operations_of(reading.body)))
            else:
                answer = self._read(request, collection, resource_id, asked)
            # What an action gives back is no resource.
            return replace(answer, headers=[one for one in answer.headers if one[0] != "ETag"])
        status = collection.behaviour.unknown_action
        raise Refusal(status, f"The action '{reading.action}' is not supported", rule="unknown action")

    def _create(
        self,
        request: Request,
        collection: Collection,
        resource_id: str | None,
        reading: Reading,
        given: str | None = None,
    ) -> Answer:
        if resource_id is not None and given is None:
            raise Refusal(400, "A resource has no children to create")
        check_policies(collection, reading.body, given, "Policy validation failed")
        behaviour = collection.behaviour
        _check_rev(behaviour, reading)
        named = reading.body.get(behaviour.id_from) if behaviour.takes_ids else None
        new_id = given or (named if isinstance(named, str) and named else collection.new_id())
        if behaviour.single:
            new_id = ""
        if new_id in collection.documents and given is None and (behaviour.takes_ids or behaviour.single):
            raise Refusal(behaviour.taken, "The resource exists already", rule="an _id that is taken")
        content, wanted = self._references.apart(collection, reading.body)
        change = self._references.change(collection, new_id, wanted, new=True)
        stored = self._references.store(collection, new_id, content, None, change)
        answer = self._shown(collection, new_id, stored, reading, 201, "created")
        place = request.path.rstrip("/") if given is None else request.path.rstrip("/").rpartition("/")[0]
        if self.profile.context is not None:
            place = self.profile.context
        if behaviour.location is not None:
            place = "/" + "/".join(request.path.strip("/").split("/")[: behaviour.location])
        if behaviour.single:
            return answer
        return replace(answer, headers=[*answer.headers, ("Location", f"{request.base}{place}/{new_id}")])

    def _read(self, _request: Request, collection: Collection, resource_id: str, reading: Reading) -> Answer:
        stored = _found(collection, resource_id)
        if reading.none_match is not None and collection.tag(resource_id, stored) is not None:
            weak = collection.behaviour.revision == "weak"
            revision = self._view(collection, resource_id, stored, reading).revision
            if reading.none_match == (collection.tag(resource_id, stored) if weak else revision):
                return _not_modified(str(stored.revision))
        if reading.parameters.get("_mimetype", "application/json") != "application/json":
            return _raw(collection, resource_id, stored, reading)
        return self._shown(collection, resource_id, stored, reading, 200, f"read at {stored.revision}")

    def _update(self, request: Request, collection: Collection, resource_id: str, reading: Reading) -> Answer:
        stored = collection.documents.get(resource_id)
        _check_demand(collection, reading)
        if stored is None:
            if not reading.creates:
                _found(collection, resource_id)
            return self._create(request, collection, None, reading, resource_id)
        if reading.none_match is not None:
            raise Refusal(412, "The resource exists already", rule="If-None-Match: *, and it is there")
        content, wanted = self._references.apart(collection, _without_id(reading.body))
        if reading.match is None:
            _check_rev(collection.behaviour, reading)
        # A filter before the resource: it comes before the revision too. What merges has the rest already, unless it
        # is tried as a create first.
        partly = collection.behaviour.merges and reading.match is not None
        check_policies(collection, content, resource_id, "Policy validation failed", partly=partly)
        if collection.behaviour.merges:
            content = stored.content | content
        if reading.match is None and reading.protocol >= (2, 0):
            # An upsert's second half is made from path and body alone.
            reading = replace(reading, parameters={})
        return self._write(collection, resource_id, stored, content, reading, wanted)

    def _patch(self, _request: Request, collection: Collection, resource_id: str, reading: Reading) -> Answer:
        _check_demand(collection, reading)
        stored = _found(collection, resource_id)
        behaviour = collection.behaviour
        if behaviour.no_patch is not None:
            raise Refusal(behaviour.no_patch, "Patch not supported", rule="no PATCH here")
        if not behaviour.compares_content:
            _check_match(behaviour, stored, reading)
        start = stored.content | self._references.filled(collection, resource_id)
        content = patched(start, reading.body, inert=behaviour.inert, positions=behaviour.positions)
        content, wanted = self._references.apart(collection, _without_id(content))
        gone = dict.fromkeys(self._references.names(collection))
        return self._write(collection, resource_id, stored, content, reading, gone | wanted)

    def _write(
        self,
        collection: Collection,
        resource_id: str,
        stored: Stored,
        content: Document,
        reading: Reading,
        wanted: Document,
    ) -> Answer:
        behaviour = collection.behaviour
        if depth_of(content) > DEEPEST:
            raise Refusal(400, "The document would be nested too deeply")
        change = self._references.change(collection, resource_id, wanted)
        if behaviour.compares_content and same(content, stored.content) and not change:
            return self._echo(collection, resource_id, stored, reading)
        _check_match(behaviour, stored, _heeding_body(reading) if behaviour.heeds_body else reading)
        if reading.operation == "patch":
            check_policies(collection, content, resource_id, "Failed policy validation", partly=True)
        named = reading.body.get("_id") if behaviour.renames and reading.operation == "update" else None
        target = named if isinstance(named, str) and named not in ("", resource_id) else None
        if target in collection.documents:
            raise Refusal(412, "The resource exists already", rule="renamed to an _id that is taken")
        now = self._references.store(collection, resource_id, content, stored, change)
        if target is not None:
            # What OpenIDM makes of a body with another id: the document goes there, and is not found here.
            collection.documents[target] = collection.documents.pop(resource_id)
            raise Refusal(404, f"Object {resource_id} not found", rule=f"renamed to {target}")
        return self._shown(collection, resource_id, now, reading, 200, f"{stored.revision} became {now.revision}")

    def _echo(self, collection: Collection, resource_id: str, stored: Stored, reading: Reading) -> Answer:
        """A write that changes nothing: compared before the revision is, and answered with what was sent."""
        if reading.match is None or reading.any_match:
            answer = self._shown(collection, resource_id, stored, reading, 200, "nothing to change")
            if not self.profile.not_modified and not _sets_something(reading):
                answer = replace(answer, headers=[one for one in answer.headers if one[0] != "ETag"])
        else:
            echo = Stored(stored.content, reading.match)
            rule = f"nothing to change, echo of {reading.match}"
            answer = self._shown(collection, resource_id, echo, reading, 200, rule)
        extra = [("X-Not-Modified", "true")] if self.profile.not_modified else []
        return replace(answer, headers=[*answer.headers, *extra])

    def _delete(self, _request: Request, collection: Collection, resource_id: str, reading: Reading) -> Answer:
        _check_demand(collection, reading)
        stored = _found(collection, resource_id)
        behaviour = collection.behaviour
        # OpenIDM's delete says 412 where its update says 500, on PostgreSQL.
        _check_match(replace(behaviour, malformed=behaviour.malformed_on_delete), stored, reading)
        self._references.forget(collection, resource_id)
        del collection.documents[resource_id]
        if behaviour.farewell is not None:
            content = dict(behaviour.farewell)
            stored = Stored(content, content.pop("_rev", hash_of(content) if behaviour.revision == "hash" else None))
            return self._told(collection, resource_id, stored, reading, 200, "deleted")
        return self._shown(collection, resource_id, stored, reading, 200, "deleted")

    # How it goes out

    def _shown(
        self, collection: Collection, resource_id: str, stored: Stored, reading: Reading, status: int, rule: str
    ) -> Answer:
        return self._told(
            collection, resource_id, self._view(collection, resource_id, stored, reading), reading, status, rule
        )

    def _view(self, collection: Collection, resource_id: str, stored: Stored, reading: Reading) -> Stored:
        """A document under the revision that this answer is to show."""
        if collection.behaviour.hashes_fields:
            document = collection.shown(resource_id, Stored(stored.content, None))
            shown = _chosen(document, replace(collection.behaviour, star=False), reading)
            return replace(stored, revision=hash_of(shown))
        return collection.seen(stored)

    def _chosen(self, collection: Collection, document: Document, reading: Reading) -> Document:
        """What is asked for of a document, and of its references."""
        expanded = self._references.expanded(collection, str(document["_id"]), reading)
        if collection.behaviour.raw and reading.protocol < (2, 0):
            document = _without_id(document)
        return _chosen(document, collection.behaviour, reading) | expanded

    def _told(
        self, collection: Collection, resource_id: str, stored: Stored, reading: Reading, status: int, rule: str
    ) -> Answer:
        document = collection.shown(resource_id, stored)
        document = self._chosen(collection, document, reading)
        body = to_json(document, pretty=_is_pretty(reading))
        tag = collection.tag(resource_id, stored)
        headers: Headers = [*collection.behaviour.headers, _JSON]
        if tag is not None:
            headers.append(("ETag", tag))
        return Answer(status, headers, body, rule)

    def _stripped(self, request: Request) -> Request:
        """Take off what a container keeps to itself: empty headers, and the suffix of a compressed answer's tag."""
        if self.profile.drops_empty:
            request = replace(request, headers=tuple((name, value) for name, value in request.headers if value.strip()))
        if self.profile.gzip is None or (self.profile.gzip == "reads" and request.method != "GET"):
            return request
        headers = tuple(
            (name, _CODING_SUFFIX.sub("", value) if name.lower() in ("if-match", "if-none-match") else value)
            for name, value in request.headers
        )
        return replace(request, headers=headers)

    def _dressed(self, request: Request, answer: Answer) -> Answer:
        """What a server and what is in front of it add."""
        headers = [*self.profile.headers, *answer.headers]
        if self.profile.bare and answer.status == 304:
            headers = [one for one in headers if not one[0].startswith("Content-T") and one[0] != "Content-Length"]
        body = answer.body
        if _may_compress(self.profile.gzip, request.method, answer.status):
            headers.append(("Vary", "Accept-Encoding"))
            if body and "gzip" in (request.header("accept-encoding") or ""):
                body = gzip.compress(body, mtime=0)
                headers = [(name, f'{value[:-1]}--gzip"' if name == "ETag" else value) for name, value in headers]
                headers.append(("Content-Encoding", "gzip"))
        transaction = request.header("x-forgerock-transactionid")
        if self.profile.echoes_transactions:
            headers.append(("X-ForgeRock-TransactionId", transaction or f"{self._numbers.uuid()}-request-1"))
        if self.profile.session_cookie and answer.status != 401 and _wants_session(request):
            headers.append(("Set-Cookie", f"session-jwt={self._numbers.uuid()}; Path=/; HttpOnly"))
        # An id or a parameter may hold line breaks and letters of any kind; a header may not.
        headers = [(name, _NOT_IN_HEADERS.sub(" ", value)) for name, value in headers]
        return replace(answer, headers=headers, body=body)


def _version(behaviour: Behaviour, request: Request) -> str | None:
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


def _versioned(answer: Answer, behaviour: Behaviour, request: Request) -> Answer:
    """With the version that served it."""
    version = _version(behaviour, request) if answer.rule != "options" else None
    named = [] if version is None else [("Content-API-Version", f"resource={version}")]
    return replace(answer, headers=[*answer.headers, *named])


def _wants_session(request: Request) -> bool:
    """Who does not forbid a session gets one, if it does not come with the cookie of one alone."""
    alone = request.cookie("session-jwt") is not None and request.header("x-openidm-username") is None
    return request.header("x-openidm-nosession") != "true" and not alone


def _may_compress(kind: str | None, method: str, status: int) -> bool:
    """Jetty 12 compresses, and says in Vary that it might, what comes to a POST as well, refusals too."""
    return (kind == "strips" and method == "GET" and status == 200) or (kind == "reads" and method in ("GET", "POST"))


def _found(collection: Collection, resource_id: str) -> Stored:
    stored = collection.documents.get(resource_id)
    if stored is None:
        raise Refusal(404, f"Object {resource_id} not found", rule="no such resource")
    return stored


def _without_id(document: Document) -> Document:
    return {name: value for name, value in document.items() if name not in ("_id", "_rev")}


def _sets_something(reading: Reading) -> bool:
    """
    Whether a write that changes nothing is a PATCH with more in it than the removal of what is not there.

    OpenIDM answers the others without an ETag.
    """
    if reading.operation != "patch":
        return False
    return any(operation.kind != "remove" for operation in reading.body)


def _heeding_body(reading: Reading) -> Reading:
    """With the ``_rev`` of a PUT's body for a precondition, unless a header names a revision."""
    revision = reading.body.get("_rev") if reading.operation == "update" else None
    if not isinstance(revision, str) or not (reading.match is None or reading.any_match):
        return reading
    return replace(reading, match=revision, any_match=False)


def _check_rev(behaviour: Behaviour, reading: Reading) -> None:
    if behaviour.no_rev and "_rev" in reading.body:
        raise Refusal(400, "The field '/_rev' is read-only", rule="a _rev in what is to be created")


def _check_demand(collection: Collection, reading: Reading) -> None:
    if collection.behaviour.demands_revision and reading.match is None and reading.none_match is None:
        raise Refusal(428, "A precondition is required: send If-Match", rule="this collection demands a revision")


def _check_match(behaviour: Behaviour, stored: Stored, reading: Reading) -> None:
    if behaviour.needs_match and (reading.match is None or reading.any_match):
        raise Refusal(412, "Revision did not match", rule="a write without a revision")
    if reading.match is None or reading.any_match or behaviour.ignores_match or stored.revision is None:
        return
    if behaviour.malformed is not None and not reading.match.lstrip("-").isdigit():
        raise Refusal(behaviour.malformed, "The revision is no number", rule=f"malformed If-Match {reading.match!r}")
    if reading.match != stored.revision:
        rule = f'If-Match "{reading.match}", the resource is at "{stored.revision}"'
        raise Refusal(
            412, f"The resource could not be accessed because it did not match the version '{reading.match}'", rule=rule
        )


def _chosen(document: Document, behaviour: Behaviour, reading: Reading) -> Document:
    """The fields asked for. An unknown one is left out; ``_id`` and ``_rev`` are always there."""
    if "_fields" not in reading.parameters:
        return document
    # A revision that only the body knows is a field like any other.
    always = ["_id"] if behaviour.revision == "inside" else ["_id", "_rev"]
    if reading.protocol < (2, 0):
        always = []
    result: Document = {name: document[name] for name in always if name in document}
    for field in reading.parameters["_fields"].split(","):
        parts = [] if field == "*" and behaviour.star else parts_of(field)
        try:
            value = value_at(document, parts)
        except KeyError:
            continue
        # A nested field comes back under its last name; an empty one stands for all.
        result |= copy.deepcopy({parts[-1]: value} if parts else document)
    return result


def _raw(collection: Collection, resource_id: str, stored: Stored, reading: Reading) -> Answer:
    """``_mimeType``: one field as it is, or decoded from base64 where it is no text."""
    kind = reading.parameters["_mimetype"]
    fields = [field for field in reading.parameters.get("_fields", "").split(",") if field]
    value = collection.shown(resource_id, stored).get(fields[0])
    body = b"" if value is None else _in_java(value).encode("utf-8", "surrogatepass")
    if not kind.startswith("text/"):
        try:
            body = base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))
        except (binascii.Error, ValueError):
            body = b""
    charset = ";charset=utf-8" if kind.startswith("text/") else ";charset=UTF-8"
    headers: Headers = [*collection.behaviour.headers, ("Content-Type", kind + charset)]
    tag = collection.tag(resource_id, stored)
    return Answer(200, [*headers, ("ETag", tag)] if tag else headers, body, "raw field")


def _in_java(value: Any) -> str:
    """A value as Java's toString has it."""
    if isinstance(value, dict):
        inner = (f"{name}={_in_java(one)}" for name, one in cast("Document", value).items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_in_java, cast("list[object]", value))) + "]"
    return str(value) if isinstance(value, str | float) else to_json(value).decode()


def _is_pretty(reading: Reading) -> bool:
    return reading.parameters.get("_prettyprint", "").lower() == "true"


def _not_modified(revision: str) -> Answer:
    """CREST's 304: a bare answer that promises 67 bytes which the container drops."""
    return Answer(304, [_JSON, ("Content-Length", "67")], b"", f"still at {revision}")


def _refused(refusal: Refusal, request: Request, behaviour: Behaviour, challenge: str | None) -> Answer:
    if refusal.status == 401 and challenge is not None:
        return Answer(401, [("WWW-Authenticate", challenge)], b"", refusal.rule)
    if refusal.status == 500 and not refusal.message:
        return Answer(500, [], b"", refusal.rule)
    kind = next((value for name, value in request.parameters if name.lower() == "_mimetype"), None)
    raw = kind is not None and method_of(request).upper() == "GET"
    content_type = ("Content-Type", f"{kind};charset=UTF-8") if raw else _JSON
    body = b"" if request.method == "HEAD" else refusal.body(reason=behaviour.reasons)
    return Answer(refusal.status, [*behaviour.headers, content_type], body, refusal.rule)
