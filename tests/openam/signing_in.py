"""Sessions of AM's own kind: a token that travels in a header."""

from aic_requests import AICSession

from .server import OpenAM

#: The name is the server's choice; hosted tenants have one each.
SESSION_HEADER = "iPlanetDirectoryPro"


def token_of(openam: OpenAM, name: str, password: str) -> str:
    """Sign in, as a script does."""
    with AICSession(openam.url) as session:
        answer = session.post(
            "/json/realms/root/authenticate",
            json={},
            headers={
                "X-OpenAM-Username": name,
                "X-OpenAM-Password": password,
                "Accept-API-Version": "resource=2.0, protocol=1.0",
            },
        )
    return answer.json()["tokenId"]


def session_of(openam: OpenAM, token: str, **options: object) -> AICSession:
    """A session that sends the token with every request."""
    session = AICSession(openam.url, **options)
    session.headers[SESSION_HEADER] = token
    return session
