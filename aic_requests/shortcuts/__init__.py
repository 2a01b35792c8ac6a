"""
requests' session and adapter, without what they do again for every request.

Nothing of the library's own is in here: take this folder away, import ``Session`` and ``HTTPAdapter`` from requests
instead, and everything works as before, at twice the CPU. Each short cut overrides one method. It asks first whether
everything that it passes by is still requests' own (:class:`Genuine`), then whether the request at hand is of the kind
that it knows, and calls the inherited method where one of the two is not so.

``AIC_REQUESTS_PLAIN=1`` in the environment switches all of them off, for whoever is in doubt.
"""

from .adapter import HTTPAdapter
from .documents import Documents
from .fields import Fields, fields_of, headers_of
from .session import Session
from .url import is_spelt_out

__all__ = [
    "Documents",
    "Fields",
    "HTTPAdapter",
    "Session",
    "fields_of",
    "headers_of",
    "is_spelt_out",
]
