"""What went wrong, in words that are fit for a screen."""

from typing import Final

from requests import RequestException, exceptions

from .errors import AICError
from .page import harmless

#: What went wrong on the way, the first that fits. Their own words may hold a header or a whole URL.
_ON_THE_WAY: Final[tuple[tuple[type[RequestException], str], ...]] = (
    (exceptions.SSLError, "TLS failed: the server's certificate is not trusted, or it speaks no TLS here"),
    (exceptions.ProxyError, "the proxy does not let this through"),
    (exceptions.Timeout, "no answer in time"),
    (exceptions.ConnectionError, "no answer from the server: is the address right, and can it be reached?"),
    (exceptions.TooManyRedirects, "the server redirects without end"),
)


def words_of(error: Exception) -> str:
    """One line without secrets: our own words are safe; those of requests may hold a header or a whole URL."""
    if isinstance(error, RequestException) and not isinstance(error, AICError):
        broken = "the answer broke on the way, or cannot be read"
        return next((words for kind, words in _ON_THE_WAY if isinstance(error, kind)), broken)
    return harmless(str(error))
