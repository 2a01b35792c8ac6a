"""Documents that are parsed again and again."""

import json
import marshal
from collections import OrderedDict
from threading import Lock
from typing import Any, Final, cast

import requests.models
from requests import Response

from .genuine import Genuine

#: Bytes of a body from which on it pays: reading a smaller one is not what takes the time.
SMALLEST: Final = 8 * 1024

_PASSED_BY: Final = Genuine(
    {Response: ("json", "content", "text"), requests.models: ("guess_json_utf",), json: ("loads",)}
)


class Documents:
    """
    What ``json()`` made of bodies served from the store, as blobs that ``marshal`` reads in half the time of JSON.

    Each call gets a document of its own, as from ``json()``. A blob stands for one body and its encoding; a body that
    is not equal, byte for byte, is parsed. The least recently used go first.

    Args:
        most: Bytes of bodies and blobs to hold.
    """

    #: The bound where nothing else is said.
    MOST: Final = 16 * 1024 * 1024

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = Lock()
        self._blobs: OrderedDict[tuple[str, str | None], tuple[bytes, bytes]] = OrderedDict()
        self._bytes = 0

    def lend(self, response: Response) -> None:
        """Have the response answer ``json()`` from here, where that pays."""
        if len(response.content) >= SMALLEST and type(response) is Response and _is_standard():
            response.__class__ = _FromTheStore
            response.__dict__["_documents"] = self

    def document(self, response: Response) -> Any:
        """What the response's ``json()`` answers."""
        body, name = response.content, (response.url, response.encoding)
        with self._lock:
            kept, blob = self._blobs.get(name, (None, b""))
            if kept is not None:
                self._blobs.move_to_end(name)
        # Condition: the same bytes, whoever may have put others in their place.
        if kept is not None and (kept is body or kept == body):
            return marshal.loads(blob)  # noqa: S302  # made here, in this process
        document = Response.json(response)
        self._keep(name, body, document)
        return document

    def size(self) -> int:
        """Bytes held."""
        return self._bytes

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._blobs.clear()
            self._bytes = 0

    def _keep(self, name: tuple[str, str | None], body: bytes, document: Any) -> None:
        try:
            blob = marshal.dumps(document)
        except ValueError:
            # Nested too deeply.
            return
        with self._lock:
            self._bytes -= sum(map(len, self._blobs.pop(name, ())))
            if len(body) + len(blob) <= self._most:
                self._blobs[name] = (body, blob)
                self._bytes += len(body) + len(blob)
            while self._bytes > self._most:
                self._bytes -= sum(map(len, self._blobs.popitem(last=False)[1]))


class _FromTheStore(Response):
    """A response whose body came from the store. It pickles and shows itself as any other."""

    def json(self, **kwargs: Any) -> Any:
        documents: Documents | None = self.__dict__.get("_documents")
        # Condition: no options, which make other documents.
        if kwargs or documents is None or not _is_standard():
            return super().json(**kwargs)
        return documents.document(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return Response, (), self.__getstate__()


def _is_standard() -> bool:
    """Condition: requests' own methods, and the standard library's parser behind them; simplejson may make Decimals."""
    return cast("Any", requests.models).complexjson is json and bool(_PASSED_BY)
