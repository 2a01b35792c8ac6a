"""
Which of these users change while you watch? Reads them again and again; what did not change is not sent again.

    python changed_users.py 42 43 44 --rounds 3 --seconds 60

Exit status 0: the report is made; 2: it could not be.
"""

import time
from typing import Any

from environment import at_least, parser_for_users, resource, run, session

from aic_requests import AICSession, NotFound


def main() -> int:
    """Report."""
    arguments = parser_for_users(__doc__)
    arguments.add_argument("ids", nargs="+", metavar="user", help="an _id")
    arguments.add_argument("--rounds", type=at_least(2), default=2, help="how often to read (default: %(default)s)")
    arguments.add_argument(
        "--seconds", type=at_least(0), default=5, help="to wait between rounds (default: %(default)s)"
    )
    given = arguments.parse_args()

    tenant = session(given.base_url)
    seen: dict[str, dict[str, Any] | None] = {}
    for number in range(given.rounds):
        if number:
            time.sleep(given.seconds)
        for user in given.ids:
            now = read(tenant, resource(given.users, user))
            if user not in seen:
                if now is None:
                    print(f"{user} is not there", flush=True)
            elif now != seen[user]:
                print(f"{user} {difference(seen[user], now)}", flush=True)
            seen[user] = now
    info = tenant.cache_info()
    print(f"{info.hits} reads were not modified; {info.bytes_saved} bytes were not sent.")
    return 0


def read(tenant: AICSession, path: str) -> dict[str, Any] | None:
    """A user; None if there is none."""
    try:
        return tenant.get(path).json()
    except NotFound as error:
        if error.code is None:
            # HTML: not CREST's word. A server that is starting up says so of users that are there.
            raise
        return None


def difference(before: dict[str, Any] | None, now: dict[str, Any] | None) -> str:
    """What happened, in words."""
    if before is None or now is None:
        return "was deleted" if now is None else "was created"
    names = [name for name in sorted((before.keys() | now.keys()) - {"_rev"}) if before.get(name) != now.get(name)]
    return f"has changed: {', '.join(names) or 'written, with no attribute changed'}"


run(main)
