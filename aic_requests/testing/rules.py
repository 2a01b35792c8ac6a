"""What a CREST server answers: one set of rules for every door."""

from collections.abc import Mapping
from dataclasses import replace
from threading import RLock

from .clock import Clock
from .collection import Collection, Numbers, Stored, hash_of, weak_tag
from .conditions import check_demand, check_match, check_rev, heeding_body
from .container import Container
from .esvs import Environment
from .governance import in_crest
from .logs import PLACE, Logs
from .messages import DEEPEST, Answer, Document, Headers, Refusal, Request, depth_of, same, to_json
from .patching import operations_of, patched
from .policies import check_policies
from .profiles import Behaviour, Profile
from .queries import query
from .reading import Operation, Reading
from .references import References
from .representation import JSON, chosen, is_pretty, not_modified, raw_field, refused
from .versions import version_of, versioned

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
        clock: What time it is.
        log_keys: Secrets by log API key; None: everybody may read the logs.
    """

    def __init__(
        self,
        profile: Profile,
        tokens: dict[str, str] | None,
        seed: int,
        clock: Clock,
        log_keys: Mapping[str, str] | None = None,
    ) -> None:
        self.profile = profile
        self.tokens = tokens
        self.lock: RLock = RLock()
        self._numbers = Numbers(seed)
        self._collections: dict[tuple[str, ...], Collection] = {}
        self._container = Container(profile, self._numbers)
        self.references: References = References(profile, self._numbers, self.collection)
        self._environment = Environment(self.collection, clock)
        self.logs: Logs = Logs(clock, log_keys, profile.logs, self.lock)
        for path, document in profile.documents:
            self.collection(path).write(str(document["_id"]), document)

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
            by_itself = self._container.answer(self._container.stripped(request))
            if by_itself is not None:
                return by_itself
            if self.profile.logs is not None and f"{request.path}/".startswith(f"{PLACE}/"):
                return self._container.dressed(request, self.logs.answer(request))
            behaviour = self._behaviour(request)
            try:
                principal = self._principal(request, behaviour)
                request = self._container.stripped(request)
                answer = versioned(self._carry_out(request, principal), behaviour, request)
            except Refusal as refusal:
                answer = refused(refusal, request, behaviour, self.profile.challenge)
            except RecursionError:
                # Nothing is stored before all of it was looked at.
                answer = refused(Refusal(400, "Nested too deeply"), request, behaviour, None)
            return self._container.dressed(request, answer)

    # Who and where

    def _principal(self, request: Request, behaviour: Behaviour) -> str:
        if self.tokens is None or (behaviour.public and request.method == "GET"):
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

    def _is_collection(self, request: Request) -> bool:
        found = self._behaviour(request).matches(request.segments)
        return found is not None and found[1] is None

    def _at(self, behaviour: Behaviour, place: tuple[str, ...]) -> Collection:
        if place not in self._collections:
            self._collections[place] = Collection(behaviour, place, self._numbers, self.lock, self.references)
        return self._collections[place]

    # What is done

    def _carry_out(self, request: Request, principal: str) -> Answer:
        if request.method == "OPTIONS":
            allowed = ("DELETE", "GET", "HEAD", "PATCH", "PUT", "OPTIONS", "TRACE")
            return Answer(200, [("Allow", name) for name in allowed], b"", "options")
        if self.profile.environment and request.segments[:1] == ("environment",):
            answer = self._environment.answer(request, principal)
            if answer is not None:
                return answer
        if self._behaviour(request).counted:
            request = in_crest(request, self._is_collection(request))
        reading = Reading.of(request)
        version_of(self._behaviour(request), request)
        referring = self.references.named(request.segments)
        if referring is not None:
            return self.references.answer(*referring, reading)
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
            return not_modified("login")
        headers: Headers = [*self.profile.behaviours[0].headers, JSON]
        document: Document = {"_id": "login", "authenticationId": principal, "authorization": {"id": principal}}
        if revision is not None:
            document["_rev"] = revision
            headers.append(("ETag", f'"{revision}"'))
        return Answer(200, headers, to_json(document), "login")

    def _query(self, collection: Collection, resource_id: str | None, reading: Reading) -> Answer:
        if resource_id is not None:
            raise Refusal(400, "A resource cannot be queried")
        counted = {"_totalpagedresultspolicy": "EXACT"} if collection.behaviour.counted else {}
        envelope = query(collection, reading.parameters | counted)
        envelope["result"] = [self._chosen(collection, row, reading) for row in envelope["result"]]
        rule = f"query: {envelope['resultCount']} rows"
        headers: Headers = [*collection.behaviour.headers, JSON]
        if collection.behaviour.counted:
            envelope = _counted(envelope)
            headers.append(("ETag", weak_tag(to_json(envelope))))
        return Answer(200, headers, to_json(envelope, pretty=is_pretty(reading)), rule)

    def _action(self, request: Request, collection: Collection, resource_id: str | None, reading: Reading) -> Answer:
        if resource_id is None and reading.action == "clear" and "clear" in collection.behaviour.actions:
            cleared = len(collection.documents)
            collection.documents.clear()
            return Answer(200, [*collection.behaviour.headers, JSON], to_json({"cleared": cleared}), "cleared")
        if reading.action == "nextdescendents" and "nextdescendents" in collection.behaviour.actions:
            rows = self._below(request.segments)
            return Answer(200, [*collection.behaviour.headers, JSON], to_json({"result": rows}), f"{len(rows)} below")
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

    def _below(self, place: tuple[str, ...]) -> list[Document]:
        """All documents at a place and below it (AM's configuration)."""
        collections = [one for at, one in self._collections.items() if at[: len(place)] == place]
        return [collection.read(one) for collection in collections for one in collection]

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
        check_rev(behaviour, reading)
        named = reading.body.get(behaviour.id_from) if behaviour.takes_ids else None
        new_id = given or (named if isinstance(named, str) and named else collection.new_id())
        if behaviour.single:
            new_id = ""
        if new_id in collection.documents and given is None and (behaviour.takes_ids or behaviour.single):
            raise Refusal(behaviour.taken, "The resource exists already", rule="an _id that is taken")
        content, wanted = self.references.apart(collection, reading.body)
        change = self.references.change(collection, new_id, wanted, new=True)
        stored = self.references.store(collection, new_id, content, None, change)
        answer = self._shown(collection, new_id, stored, reading, behaviour.created, "created")
        place = request.path.rstrip("/") if given is None else request.path.rstrip("/").rpartition("/")[0]
        if self.profile.context is not None:
            place = self.profile.context
        if behaviour.location is not None:
            place = "/" + "/".join(request.path.strip("/").split("/")[: behaviour.location])
        if behaviour.single or behaviour.created != 201:
            return answer
        return replace(answer, headers=[*answer.headers, ("Location", f"{request.base}{place}/{new_id}")])

    def _read(self, _request: Request, collection: Collection, resource_id: str, reading: Reading) -> Answer:
        stored = _found(collection, resource_id)
        if reading.none_match is not None and collection.tag(resource_id, stored) is not None:
            weak = collection.behaviour.revision == "weak"
            revision = self._view(collection, resource_id, stored, reading).revision
            if reading.none_match == (collection.tag(resource_id, stored) if weak else revision):
                return not_modified(str(stored.revision))
        if reading.parameters.get("_mimetype", "application/json") != "application/json":
            return raw_field(collection, resource_id, stored, reading)
        return self._shown(collection, resource_id, stored, reading, 200, f"read at {stored.revision}")

    def _update(self, request: Request, collection: Collection, resource_id: str, reading: Reading) -> Answer:
        stored = collection.documents.get(resource_id)
        check_demand(collection, reading)
        if stored is None:
            if not reading.creates:
                _found(collection, resource_id)
            return self._create(request, collection, None, reading, resource_id)
        if reading.none_match is not None:
            raise Refusal(412, "The resource exists already", rule="If-None-Match: *, and it is there")
        content, wanted = self.references.apart(collection, _without_id(reading.body))
        if reading.match is None:
            check_rev(collection.behaviour, reading)
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
        check_demand(collection, reading)
        stored = _found(collection, resource_id)
        behaviour = collection.behaviour
        if behaviour.no_patch is not None:
            raise Refusal(behaviour.no_patch, "Patch not supported", rule="no PATCH here")
        if not behaviour.compares_content:
            check_match(behaviour, stored, reading)
        start = stored.content | self.references.filled(collection, resource_id)
        content = patched(start, reading.body, inert=behaviour.inert, positions=behaviour.positions)
        content, wanted = self.references.apart(collection, _without_id(content))
        gone = dict.fromkeys(self.references.names(collection))
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
        change = self.references.change(collection, resource_id, wanted)
        if behaviour.compares_content and same(content, stored.content) and not change:
            return self._echo(collection, resource_id, stored, reading)
        check_match(behaviour, stored, heeding_body(reading) if behaviour.heeds_body else reading)
        if reading.operation == "patch":
            check_policies(collection, content, resource_id, "Failed policy validation", partly=True)
        named = reading.body.get("_id") if behaviour.renames and reading.operation == "update" else None
        target = named if isinstance(named, str) and named not in ("", resource_id) else None
        if target in collection.documents:
            raise Refusal(412, "The resource exists already", rule="renamed to an _id that is taken")
        now = self.references.store(collection, resource_id, content, stored, change)
        if target is not None:
            # What OpenIDM makes of a body with another id: the document goes there, and is not found here.
            collection.documents[target] = collection.documents.pop(resource_id)
            raise Refusal(404, f"Object {resource_id} not found", rule=f"renamed to {target}")
        guard = ", and no If-Match was sent" if reading.match is None and stored.revision is not None else ""
        rule = f"{stored.revision} became {now.revision}{guard}"
        return self._shown(collection, resource_id, now, reading, 200, rule)

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
        check_demand(collection, reading)
        stored = _found(collection, resource_id)
        behaviour = collection.behaviour
        # OpenIDM's delete says 412 where its update says 500, on PostgreSQL.
        check_match(replace(behaviour, malformed=behaviour.malformed_on_delete), stored, reading)
        self.references.forget(collection, resource_id)
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
            shown = chosen(document, replace(collection.behaviour, star=False), reading)
            return replace(stored, revision=hash_of(shown))
        return collection.seen(stored)

    def _chosen(self, collection: Collection, document: Document, reading: Reading) -> Document:
        """What is asked for of a document, and of its references."""
        expanded = self.references.expanded(collection, str(document[collection.behaviour.id_name]), reading)
        if collection.behaviour.raw and reading.protocol < (2, 0):
            document = _without_id(document)
        return chosen(document, collection.behaviour, reading) | expanded

    def _told(
        self, collection: Collection, resource_id: str, stored: Stored, reading: Reading, status: int, rule: str
    ) -> Answer:
        document = collection.shown(resource_id, stored)
        document = self._chosen(collection, document, reading)
        body = to_json(document, pretty=is_pretty(reading))
        tag = collection.tag(resource_id, stored)
        headers: Headers = [*collection.behaviour.headers, JSON]
        if tag is not None:
            headers.append(("ETag", tag))
        return Answer(status, headers, body, rule)


def _counted(envelope: Document) -> Document:
    """IGA's envelope."""
    count, total = envelope["resultCount"], envelope["totalPagedResults"]
    counts = {"totalCount": count if total < 0 else total, "resultCount": count}
    return {"result": envelope["result"], "searchAfterKey": None, **counts}


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
