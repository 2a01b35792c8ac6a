"""As much of an AM as it takes to sign in by a session whose cookie has a name of its own."""

import json
import secrets

from .wire import Answer, Sent

_JSON = [("Content-Type", "application/json")]


class OpenAM:
    """
    Answers as OpenAM 16 was recorded to; the name of its cookie is one that nobody would guess.

    Attributes:
        cookie: The name.
        sessions: Those that are good.
    """

    def __init__(self, password: str = "s3cr3t") -> None:
        self.password = password
        self.cookie = "6ac6499e9da2071"
        self.sessions: set[str] = set()

    def __call__(self, sent: Sent) -> Answer:
        path = sent.path.removeprefix("/openam/json")
        if path == "/serverinfo/*":
            return _answer(200, {"_id": "*", "cookieName": self.cookie})
        if path.endswith("/authenticate"):
            return self._authenticated(sent)
        session = self._session_of(sent)
        if session not in self.sessions:
            return _answer(401, {"code": 401, "reason": "Unauthorized", "message": "Access Denied"})
        if path.endswith("/sessions?_action=logout"):
            self.sessions.discard(session)
            return _answer(200, {"result": "Successfully logged out"})
        if path.endswith("/users?_action=idFromSession"):
            return _answer(200, {"id": "amAdmin", "realm": "/"})
        return _answer(200, {"result": [], "resultCount": 0, "pagedResultsCookie": None})

    def _authenticated(self, sent: Sent) -> Answer:
        if sent.header("X-OpenAM-Password") != self.password:
            return _answer(401, {"code": 401, "reason": "Unauthorized", "message": "Authentication Failed"})
        session = f"AQIC5w{secrets.token_urlsafe(24)}.*AAJTSQACMDE.*"
        self.sessions.add(session)
        status, headers, body = _answer(200, {"tokenId": session, "successUrl": "/openam/console", "realm": "/"})
        return status, [*headers, ("Set-Cookie", f"{self.cookie}={session}; Path=/")], body

    def _session_of(self, sent: Sent) -> str:
        pairs = [one.strip().partition("=") for one in (sent.header("Cookie") or "").split(";")]
        return sent.header(self.cookie) or next((value for name, _, value in pairs if name == self.cookie), "")


def _answer(status: int, body: dict[str, object]) -> Answer:
    return status, _JSON, json.dumps(body).encode()
