"""
Which of these users change while you watch? Reads them again and again; what did not change is not sent again.

    python changed_users.py 42 43 44 --rounds 3 --seconds 60
"""

import time

from environment import USERS, parser, run, session


def main() -> int:
    """Report."""
    arguments = parser(__doc__)
    arguments.add_argument("users", nargs="+", metavar="user", help="an _id")
    arguments.add_argument("--rounds", type=int, default=2, help="how often to read (default: %(default)s)")
    arguments.add_argument("--seconds", type=float, default=5.0, help="to wait between rounds (default: %(default)s)")
    given = arguments.parse_args()

    tenant = session(given.base_url)
    seen: dict[str, str] = {}
    for number in range(given.rounds):
        if number:
            time.sleep(given.seconds)
        for user in given.users:
            answer = tenant.get(f"{USERS}/{user}")
            revision = answer.json()["_rev"]
            if seen.get(user, revision) != revision:
                print(f"{user} has changed: {seen[user]} -> {revision}")
            seen[user] = revision
    info = tenant.cache_info()
    print(f"{info.hits} of {info.hits + info.misses} reads were not modified; {info.bytes_saved} bytes were not sent.")
    return 0


run(main)
