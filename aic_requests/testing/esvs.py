"""AIC's environment secrets and variables (ESVs): ``/environment``."""

import json
from collections.abc import Callable
from typing import Any, cast

from .clock import Clock
from .collection import Collection
from .messages import Answer, Document, Headers, Refusal, Request, to_json
from .queries import query

_JSON = ("Content-Type", "application/json")
_ENCODINGS = ("generic", "pem", "base64hmac")
_TYPES = ("string", "list", "array", "object", "bool", "int", "number", "base64encodedinlined", "keyvaluelist")
_MISSING = {
    "variables": "The variable does not exist",
    "secrets": "The secret does not exist or does not have a version",
}


class Environment:
    """
    The service that has variables, and secrets with their versions.

    Args:
        collection: The collection at a path.
        clock: What time it is.

    It is no CREST: it looks at no precondition, answers a create by PUT with 200, and lists without being asked
    a query. What is stored of a version, its value among it, is in the collection of the versions, for tests to see;
    no answer shows a secret's value. Source: 168 recorded exchanges.
    """

    def __init__(self, collection: Callable[[str], Collection], clock: Clock) -> None:
        self._collection = collection
        self._clock = clock

    def answer(self, request: Request, principal: str) -> Answer | None:
        """
        Answer a request; None where it is something else.

        Raises:
            Refusal: 400, 404 or 422.
        """
        match request.segments[1:]:
            case ["count"]:
                return _answered({kind: len(self._all(kind).ids()) for kind in ("secrets", "variables")}, "count")
            case ["startup"]:
                return self._startup(request)
            case ["variables" | "secrets" as kind]:
                return self._list(request, self._all(kind))
            case ["variables" | "secrets" as kind, name]:
                return self._one(request, kind, name, principal)
            case ["secrets", name, "versions"]:
                return self._versions(request, name)
            case ["secrets", name, "versions", number]:
                return self._version(request, name, number)
            case _:
                return None

    def _all(self, kind: str) -> Collection:
        return self._collection(f"/environment/{kind}")

    def _versions_of(self, name: str) -> Collection:
        return self._collection(f"/environment/secrets/{name}/versions")

    def _startup(self, request: Request) -> Answer:
        """Values take effect with a restart."""
        if request.method == "GET":
            return _answered({"restartStatus": "ready"}, "startup")
        _check_action(request, "restart")
        for kind in ("variables", "secrets"):
            place = self._all(kind)
            for name in place:
                loaded: Document = {"loaded": True}
                if kind == "secrets":
                    loaded["loadedVersion"] = place.read(name).get("activeVersion", "1")
                place.write(name, place.read(name) | loaded)
        return _answered({"restartStatus": "restarting"}, "restarted: every value is loaded")

    def _list(self, request: Request, place: Collection) -> Answer:
        _check_method(request, "GET")
        parameters = {name.lower(): value for name, value in request.parameters}
        page = query(place, {"_queryfilter": "true"} | parameters)
        return _answered(page, f"list: {page['resultCount']} rows")

    def _one(self, request: Request, kind: str, name: str, principal: str) -> Answer:
        place = self._all(kind)
        if request.method == "PUT":
            return self._put(request, kind, name, principal)
        if name not in place.documents:
            raise Refusal(404, _MISSING[kind], rule=f"no such {kind[:-1]}")
        if request.method == "POST":
            _check_action(request, "setDescription")
            place.write(name, place.read(name) | {"description": _body(request).get("description", "")})
            return Answer(200, [], b"", "the description is set")
        _check_method(request, "GET", "DELETE")
        document = place.read(name)
        if request.method == "DELETE":
            place.delete(name)
            versions = self._versions_of(name) if kind == "secrets" else ()
            for number in [*versions]:
                self._versions_of(name).delete(number)
        return _answered(document, "read" if request.method == "GET" else "deleted")

    def _put(self, request: Request, kind: str, name: str, principal: str) -> Answer:
        place, body = self._all(kind), _body(request)
        changed = {"lastChangeDate": self._now(), "lastChangedBy": principal, "loaded": False}
        if kind == "variables":
            former = place.read(name) if name in place.documents else {}
            _check_variable(body, former)
            return _answered(place.write(name, former | body | changed), "written")
        if name in place.documents:
            text = "Failed to create secret, the secret already exists"
            raise Refusal(400, text, rule="a secret is created once, then it gets versions")
        if body.get("encoding", "generic") not in _ENCODINGS:
            raise _Unfit(f"encoding in body should be one of [{' '.join(_ENCODINGS)}]")
        value = body.pop("valueBase64", None)
        first = {"activeVersion": "1", "encoding": "generic", "loadedVersion": "", "useInPlaceholders": True}
        made = place.write(name, first | body | changed)
        self._add_version(name, value)
        return _answered(made, "created, with a first version")

    def _add_version(self, name: str, value: Any) -> Document:
        place = self._versions_of(name)
        number = str(max((int(one) for one in place if one.isdigit()), default=0) + 1)
        stored = {"createDate": self._now(), "loaded": False, "status": "ENABLED", "version": number}
        return place.write(number, stored | {"valueBase64": value})

    def _versions(self, request: Request, name: str) -> Answer:
        place = self._versions_of(name)
        if request.method == "POST":
            _check_action(request, "create")
            secrets = self._all("secrets")
            if name not in secrets.documents:
                raise Refusal(404, "Failed to create secret version", rule="no such secret")
            made = self._add_version(name, _body(request).get("valueBase64"))
            latest = {"activeVersion": made["_id"], "loaded": False, "lastChangeDate": self._now()}
            secrets.write(name, secrets.read(name) | latest)
            return _answered(_version(made), "a new version")
        _check_method(request, "GET")
        # Newest first, as recorded.
        parameters = {key.lower(): value for key, value in request.parameters}
        page = query(place, {"_queryfilter": "true", "_sortkeys": "-createDate,-version"} | parameters)
        shown = [_version(row) for row in page["result"]]
        return Answer(200, [_JSON], to_json(shown), f"{len(shown)} versions")

    def _version(self, request: Request, name: str, number: str) -> Answer:
        place = self._versions_of(name)
        if number not in place.documents:
            raise Refusal(404, _MISSING["secrets"], rule="no such version")
        stored = place.read(number)
        if request.method == "POST":
            _check_action(request, "changestatus")
            status = _body(request).get("status")
            if status not in ("ENABLED", "DISABLED"):
                raise _Unfit("status in body should be one of [ENABLED DISABLED]")
            stored = place.write(number, stored | {"status": status})
        elif request.method == "DELETE":
            stored = place.write(number, {**stored, "status": "DESTROYED", "valueBase64": None})
        _check_method(request, "GET", "POST", "DELETE")
        return _answered(_version(stored), f"version {number} is {stored.get('status')}")

    def _now(self) -> str:
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class _Unfit(Refusal):
    """422, with the number that the service has for it."""

    def __init__(self, message: str) -> None:
        super().__init__(422, message, rule="a value that is none of those allowed")

    def body(self, *, kind: str = "code") -> bytes:  # noqa: ARG002  # it has but one kind
        return to_json({"code": 606, "message": self.message})


def _check_variable(body: Document, former: Document) -> None:
    kind = body.get("expressionType", former.get("expressionType"))
    if not kind:
        text = "Variable type required; expressionType cannot be empty when creating new variables"
        raise Refusal(400, text, rule="a new variable without expressionType")
    if kind not in _TYPES:
        raise _Unfit(f"expressionType in body should be one of [{' '.join(_TYPES)}]")


def _check_method(request: Request, *known: str) -> None:
    if request.method not in known:
        raise Refusal(405, f"method {request.method} is not allowed, but [{','.join(known)}] are")


def _check_action(request: Request, action: str) -> None:
    _check_method(request, "POST")
    if dict(request.parameters).get("_action", "create") != action:
        raise Refusal(400, f"_action is {action} here", rule="unknown action")


def _body(request: Request) -> Document:
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise Refusal(400, "parsing body failed", rule="the body is no JSON") from None
    if not isinstance(body, dict):
        raise Refusal(400, "parsing body failed", rule="the body is no object")
    return cast("Document", body)


def _version(stored: Document) -> Document:
    """A version as it is shown: by its number, and never with its value."""
    hidden = ("_id", "valueBase64")
    return {name: value for name, value in stored.items() if name not in hidden}


def _answered(body: Document, rule: str) -> Answer:
    headers: Headers = [_JSON]
    return Answer(200, headers, to_json(body, in_order=True), rule)
