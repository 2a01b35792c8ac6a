"""
Change one text attribute of one user, unless somebody else has changed the user since you looked.

    python guarded_edit.py 42 mail new@example.com            # shows old and new, and asks
    python guarded_edit.py 42 mail new@example.com --yes      # does not ask
    python guarded_edit.py 42 mail new@example.com --again    # after a conflict: make the change on what is there now

Exit status 0: changed; 1: not changed, somebody else wrote first, or you said no; 2: it could not be tried.
"""

from typing import Any

from environment import parser_for_users, resource, run, session

from aic_requests import PreconditionFailed


def main() -> int:
    """Edit."""
    arguments = parser_for_users(__doc__)
    arguments.add_argument("user", help="the user's _id")
    arguments.add_argument("attribute")
    arguments.add_argument("value")
    how = arguments.add_mutually_exclusive_group()
    how.add_argument("--yes", action="store_true", help="do not ask")
    how.add_argument("--again", action="store_true", help="whoever else has written: change what is there now")
    given = arguments.parse_args()

    tenant = session(given.base_url)
    path = resource(given.users, given.user)
    if given.again:
        tenant.update(path, lambda user: changed(user, given.attribute, given.value))
    else:
        user = tenant.get(path).json()
        wanted = changed(user, given.attribute, given.value)
        if not (given.yes or is_confirmed(user.get(given.attribute), given.value)):
            print("Not written.")
            return 1
        try:
            # Under the _rev of what was shown: a change that nobody here has seen is a 412.
            tenant.put(path, json=wanted)
        except PreconditionFailed as conflict:
            print(f"Not written: {conflict.message}")
            report(user, tenant.get(path).json())
            print("To make your change on what is there now, repeat with --again.")
            return 1
    print(f"{given.attribute} of {given.user} is now {given.value}.")
    return 0


def changed(user: dict[str, Any], attribute: str, value: str) -> dict[str, Any]:
    """The user with the change."""
    if attribute.startswith("_"):
        raise ValueError(f"{attribute} is the server's, not yours to change")
    if not isinstance(user.get(attribute), str | None):
        raise ValueError(f"{attribute} is no text but {type(user[attribute]).__name__}: this script writes texts only")
    return user | {attribute: value}


def is_confirmed(old: object, new: str) -> bool:
    """Let a person look at the change; Enter goes on."""
    try:
        return input(f"{old} -> {new}. Enter to write, n to leave it: ").strip().lower() in ("", "y", "yes")
    except EOFError:
        raise ValueError("nobody is there to ask: give --yes") from None


def report(before: dict[str, Any], now: dict[str, Any]) -> None:
    """What somebody else has changed."""
    print("Somebody else has changed:")
    for name in sorted((before.keys() | now.keys()) - {"_rev"}):
        if before.get(name) != now.get(name):
            print(f"  {name}: {before.get(name)!r:.40} -> {now.get(name)!r:.40}")


run(main)
