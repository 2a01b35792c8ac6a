"""What must hold before a write is carried out."""

from dataclasses import replace

from .collection import Collection, Stored
from .messages import Refusal
from .profiles import Behaviour
from .reading import Reading


def heeding_body(reading: Reading) -> Reading:
    """With the ``_rev`` of a PUT's body for a precondition, unless a header names a revision."""
    revision = reading.body.get("_rev") if reading.operation == "update" else None
    if not isinstance(revision, str) or not (reading.match is None or reading.any_match):
        return reading
    return replace(reading, match=revision, any_match=False)


def check_rev(behaviour: Behaviour, reading: Reading) -> None:
    """Refuse a revision in what is to be created, where there must be none."""
    if behaviour.no_rev and "_rev" in reading.body:
        raise Refusal(400, "The field '/_rev' is read-only", rule="a _rev in what is to be created")


def check_demand(collection: Collection, reading: Reading) -> None:
    """Refuse a write without a precondition, where one is demanded: 428."""
    if collection.behaviour.demands_revision and reading.match is None and reading.none_match is None:
        raise Refusal(428, "A precondition is required: send If-Match", rule="this collection demands a revision")


def check_match(behaviour: Behaviour, stored: Stored, reading: Reading) -> None:
    """Refuse a write under another revision than the current one: 412, or what the behaviour has instead."""
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
