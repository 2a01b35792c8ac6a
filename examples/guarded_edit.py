"""
Change one attribute of one user, unless somebody else has changed the user since it was read.

    python guarded_edit.py 42 mail new@example.com
    python guarded_edit.py 42 mail new@example.com --again      # if somebody did, read again and repeat
"""

from environment import USERS, parser, run, session

from aic_requests import PreconditionFailed


def main() -> int:
    """Edit."""
    arguments = parser(__doc__)
    arguments.add_argument("user", help="the user's _id")
    arguments.add_argument("attribute")
    arguments.add_argument("value")
    arguments.add_argument("--again", action="store_true", help="repeat the change on what somebody else has written")
    given = arguments.parse_args()

    tenant = session(given.base_url)
    path = f"{USERS}/{given.user}"
    if given.again:
        tenant.update(path, lambda user: user | {given.attribute: given.value})
    else:
        user = tenant.get(path).json()
        input_before_writing(user.get(given.attribute), given.value)
        try:
            tenant.put(path, json=user | {given.attribute: given.value})
        except PreconditionFailed as conflict:
            now = tenant.get(path).json()
            changed = sorted(name for name in user.keys() | now.keys() if user.get(name) != now.get(name))
            print(f"Not written: {conflict}\nChanged since it was read: {', '.join(changed)}\nRepeat with --again.")
            return 1
    print(f"{given.attribute} of {given.user} is now {given.value}.")
    return 0


def input_before_writing(old: object, new: str) -> None:
    """Let a person look at the change; Enter goes on."""
    input(f"{old} -> {new}. Enter to write. ")


run(main)
