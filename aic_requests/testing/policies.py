"""IDM's policies: what a document must have, and what its properties must look like."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .collection import Collection
from .messages import Document, Refusal
from .profiles import Behaviour

_TYPES = {str: "string", bool: "boolean", int: "number", float: "number", list: "array", dict: "object"}


@dataclass(frozen=True, slots=True)
class _Failure:
    property: str
    requirement: str
    parameters: tuple[tuple[str, Any], ...] = ()

    def shown(self) -> Document:
        """As IDM writes it."""
        requirement: Document = {"policyRequirement": self.requirement}
        if self.parameters:
            requirement["params"] = dict(self.parameters)
        return {"property": self.property, "policyRequirements": [requirement]}


def check_policies(
    collection: Collection, content: Document, resource_id: str | None, message: str, *, partly: bool = False
) -> None:
    """
    Look at what is about to be stored.

    Args:
        collection: Where.
        content: What.
        resource_id: The document's own id: it may keep what must be unique.
        message: Of the refusal: a PUT's and a PATCH's differ.
        partly: What is required may be missing altogether: a PATCH may take it away.

    Raises:
        Refusal: 403 with every failure, or what the behaviour has instead.

    Source: OpenIDM policyFilter.js, ManagedObjectSet.java.
    """
    behaviour = collection.behaviour
    failures = list(_failures(behaviour, content, partly=partly))
    for name in behaviour.unique:
        others = (other.content.get(name) for one, other in collection.documents.items() if one != resource_id)
        if content.get(name) is not None and content[name] in others:
            failures.append(_Failure(name, "UNIQUE"))
    if failures:
        told = {"result": False, "failedPolicyRequirements": [failure.shown() for failure in failures]}
        detail = told if behaviour.unfit == 403 else None
        rule = ", ".join(f"{failure.property} {failure.requirement}" for failure in failures)
        raise Refusal(behaviour.unfit, message, detail=detail, rule=f"a policy failed: {rule}")


def _failures(behaviour: Behaviour, content: Document, *, partly: bool) -> Iterator[_Failure]:
    """Property by property, what is required first."""
    for name in dict.fromkeys((*behaviour.required, *(policy.property for policy in behaviour.policies))):
        value = content.get(name)
        if name in behaviour.required and value in (None, "") and not (partly and name not in content):
            yield _Failure(name, "REQUIRED")
        if value is None:
            continue
        for policy in behaviour.policies:
            if policy.property != name:
                continue
            if _TYPES[type(value)] != policy.kind:
                kinds = (("invalidType", _TYPES[type(value)]), ("validTypes", [policy.kind]))
                yield _Failure(name, "VALID_TYPE", kinds)
                break
            if policy.kind == "string" and not re.search(policy.pattern, value):
                yield _Failure(name, policy.requirement, policy.parameters)
