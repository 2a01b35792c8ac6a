"""The document that the probe creates, and how it changes it."""

import copy
import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

Document = dict[str, Any]

#: The ids of what the probe makes begin with this: ``_queryFilter=_id sw "a1c940be-"`` finds all of it. They are UUIDs,
#: since AIC's managed objects take no other id in a PUT.
#: Source: docs.pingidentity.com/pingoneaic/idm-rest-api/endpoints/rest-managed-users.html
NAMESPACE: Final = "a1c940be"

#: Begins the one text of a document that the probe changes.
_CHANGING: Final = "Made and removed again by python -m aic_requests probe"

#: A user who cannot sign in, at an address where nobody gets mail (RFC 2606).
_USER: Final[Document] = {
    "userName": "aic-requests-probe-{id}",
    "givenName": "aic-requests",
    "sn": "probe",
    "mail": "aic-requests-probe-{id}@example.com",
    "accountStatus": "inactive",
    "description": "{change}",
}

#: A client of AM without a secret, which no flow accepts.
_OAUTH2_CLIENT: Final[Document] = {
    "coreOAuth2ClientConfig": {"status": "Inactive"},
    "advancedOAuth2ClientConfig": {"descriptions": ["{change}"]},
}


class Template:
    """
    What the probe's documents are made from.

    Args:
        pattern: A document; ``{id}`` in its texts becomes the id, ``{change}`` a text that the probe alters.

    Raises:
        ValueError: It cannot be used.
    """

    def __init__(self, pattern: object) -> None:
        if not isinstance(pattern, dict):
            raise ValueError("the document is no JSON object")
        if {"_id", "_rev"} & pattern.keys():
            raise ValueError("the document holds _id or _rev: the id is the probe's, the revision the server's")
        if "{change}" not in json.dumps(pattern):
            raise ValueError('the document needs a text that may be altered: "description": "{change}"')
        self._pattern = cast("Document", pattern)

    @classmethod
    def read(cls, path: Path) -> "Template":
        """
        Read a template from a file.

        Raises:
            ValueError: There is none, or it cannot be used.
        """
        try:
            return cls(json.loads(path.read_text("utf-8")))
        except OSError as error:
            raise ValueError(f"cannot be read: {error.strerror}") from error
        except RecursionError as error:
            raise ValueError("nested too deeply") from error

    @classmethod
    def fitting(cls, collection: str) -> "Template":
        """The template for a collection: an OAuth 2.0 client of AM, or else a user."""
        return cls(_OAUTH2_CLIENT if collection.rstrip("/").endswith("/agents/OAuth2Client") else _USER)

    def filled(self, resource_id: str) -> Document:
        """A new document."""
        return cast(
            "Document",
            _mapped(self._pattern, lambda text: text.replace("{id}", resource_id).replace("{change}", _changing())),
        )


def new_id() -> str:
    """An id that nobody has: 90 random bits behind :data:`NAMESPACE`."""
    return f"{NAMESPACE}{str(uuid.uuid4())[8:]}"


def altered(document: Mapping[str, Any]) -> Document:
    """
    A copy of a document with another text where it may change, and without ``_rev``.

    Raises:
        LookupError: The server has not kept that text.
    """
    new = cast("Document", _mapped(dict(document), lambda text: _changing() if text.startswith(_CHANGING) else text))
    new.pop("_rev", None)
    if not changing_part(new):
        raise LookupError("the server does not give back the text that was to be altered ({change})")
    return new


def changing_part(document: Mapping[str, Any]) -> Document:
    """The property that holds the text that changes, by its name; {} where there is none."""
    return {name: value for name, value in document.items() if _CHANGING in json.dumps(value)}


def _changing() -> str:
    return f"{_CHANGING} ({uuid.uuid4().hex[:12]})"


def _mapped(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(inner, change) for inner in cast("list[object]", value)]
    if isinstance(value, dict):
        return {name: _mapped(inner, change) for name, inner in cast("Document", value).items()}
    return copy.copy(value)
