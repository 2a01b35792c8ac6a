"""One request at a time, as it is, and the answer as it comes."""

import uuid
from collections.abc import Mapping
from typing import Any, Final, Literal

from requests import PreparedRequest, RequestException, Response, Session

from ..base_url import BaseURL
from ..blots import Blots
from ..mishaps import words_of
from .answer import Answer

#: Seconds to wait for a connection, and for each piece of the answer.
TIMEOUT: Final = (5.0, 30.0)


class NoAnswer(Exception):  # no error of the library
    """The connection could not be made, or broke. Whether the request was carried out, nobody knows."""


class Wire:
    """
    A plain ``requests.Session`` to one origin: an AICSession would hide what the probe is after.

    It follows no redirect, repeats nothing, and asks no netrc.

    Args:
        base_url: Where every path is found.
        credential: Headers that say who is asking.
        patience: Seconds in which what follows a 304 must have come.

    Attributes:
        answers: What came, in order.
        sent: How many requests went out.

    Raises:
        ValueError: *base_url* makes no sense.
    """

    def __init__(self, base_url: str, credential: Mapping[str, str], *, patience: float = 0.3) -> None:
        self._base = BaseURL.parse(base_url)
        self._session = Session()
        # An auth that does nothing: without one, requests looks into netrc and may replace the credential.
        self._session.auth = _as_it_is
        self._session.headers["X-Requested-With"] = "aic-requests"
        self._session.headers.update(credential)
        self._patience = patience
        self._blots = Blots(None)
        self.answers: list[Answer] = []
        self.sent: int = 0

    def url_of(self, path: str) -> str:
        """
        The whole URL of a path.

        Raises:
            ForeignOrigin: It is none below the base URL.
        """
        return self._base.join(path)

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        json: Any = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """
        Send a request.

        Args:
            method: HTTP's.
            path: Below the base URL.
            headers: Those of this request.
            json: A document, or the operations of a patch.
            params: The query.

        Raises:
            NoAnswer: There was none.
        """
        self.sent += 1
        # After a 304 its connection is looked at, and closed: what lies on it may spoil the next answer.
        watch = "If-None-Match" in (headers or {})
        own = {"X-ForgeRock-TransactionId": str(uuid.uuid4()), **(headers or {})}
        try:
            response = self._session.request(
                method,
                self.url_of(path),
                params=dict(params or {}),
                headers=own,
                json=json,
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=watch,
            )
            afterwards = _afterwards(response, self._patience) if response.status_code == 304 else None
            answer = Answer.of(response, afterwards)
            response.close()
        except RequestException as error:
            raise NoAnswer(words_of(error)) from error
        self._blots = Blots(response.request)
        self.answers.append(answer)
        return answer

    def blotted(self, text: str) -> str:
        """A text without the caller's credential, whatever a server has repeated of it."""
        return self._blots.text(text)


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    return request


def _afterwards(response: Response, patience: float) -> Literal["bytes", "end", "nothing"] | None:
    """
    What follows the headers of an answer that has no body.

    http.client takes a 304 for finished at the end of its headers. If a body comes all the same, it stays on the
    connection, where the next answer is expected.
    """
    raw: Any = response.raw
    lines = getattr(getattr(raw, "_original_response", None), "fp", None)
    sock = getattr(getattr(raw, "connection", None), "sock", None)
    if lines is None or sock is None:
        return None
    sock.settimeout(patience)
    try:
        return "bytes" if lines.peek(1) else "end"
    except TimeoutError:
        return "nothing"
    except OSError:
        return "end"
