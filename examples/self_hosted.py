"""
Who am I, at a self-hosted PingIDM or OpenIDM, or a PingAM or OpenAM?

    python self_hosted.py idm
    python self_hosted.py am --context /openam

IDM: name and password go with each request, in IDM's own headers. AM: they go out once, for a session; it travels in a
header that has the name of AM's cookie, which each deployment may choose, and is ended at the end.

Exit status 0: it is said; 2: it could not be found out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from environment import parser, run, session, tenant_of, user

from aic_requests import AICSession

_EPILOG = """\
from the environment:
  AIC_BASE_URL                the server, unless --base-url names it
  AIC_USERNAME, AIC_PASSWORD  a user of it
"""


def main() -> int:
    """Say it."""
    arguments = parser(__doc__, _EPILOG)
    arguments.add_argument("kind", choices=["idm", "am"])
    arguments.add_argument("--context", default="/am", help="path of AM (default: %(default)s)")
    arguments.add_argument("--realm", default="/", help="of the user (default: the root)")
    given = arguments.parse_args()

    name, password = user()
    if not name:
        raise ValueError("which user? Set AIC_USERNAME and AIC_PASSWORD")
    if given.kind == "idm":
        # examples/environment.py has the headers.
        print(session(given.base_url).get("/openidm/info/login").json()["authenticationId"])
        return 0

    realm = f"{given.context.rstrip('/')}/json/realms/root{realm_path(given.realm)}"
    with am_session(tenant_of(given.base_url), given.context, realm, name, password) as am:
        print(am.post(f"{realm}/users", params={"_action": "idFromSession"}, json={}).json()["id"])
    return 0


def realm_path(realm: str) -> str:
    """``/alpha`` as AM has it in its paths: ``/realms/alpha``."""
    return "".join(f"/realms/{quote(part, safe='')}" for part in realm.split("/") if part)


@contextmanager
def am_session(base_url: str, context: str, realm: str, name: str, password: str) -> Iterator[AICSession]:
    """A session of AM's, for as long as it is needed."""
    with AICSession(base_url) as made:
        cookie = made.get(f"{context.rstrip('/')}/json/serverinfo/*").json()["cookieName"]
        answer = made.post(
            f"{realm}/authenticate",
            headers={
                "X-OpenAM-Username": name,
                "X-OpenAM-Password": password,
                "Accept-API-Version": "resource=2.0,protocol=1.0",
            },
            json={},
        ).json()
        if "tokenId" not in answer:
            raise ValueError("AM asks for more than name and password, which this script cannot answer")
        # What AM has set as cookies says the same, and says it to each request twice.
        made.cookies.clear()
        made.headers[cookie] = answer["tokenId"]
        try:
            yield made
        finally:
            made.post(f"{realm}/sessions", params={"_action": "logout"}, json={})


run(main)
