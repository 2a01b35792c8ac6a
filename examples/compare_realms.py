"""
Compare a piece of two realms' AM configuration, resource by resource.

    python compare_realms.py services/baseurl services/oauth-oidc --realms alpha bravo

Prints what differs, revisions aside. Exit status 0: the same; 1: something differs.
"""

from environment import parser, run, session

from aic_requests import AICSession, NotFound


def main() -> int:
    """Compare."""
    arguments = parser(__doc__)
    arguments.add_argument("resources", nargs="+", metavar="resource", help="below realm-config")
    arguments.add_argument("--realms", nargs=2, default=["alpha", "bravo"], metavar="realm")
    given = arguments.parse_args()

    tenant = session(given.base_url)
    different = False
    for resource in given.resources:
        one, other = (read(tenant, realm, resource) for realm in given.realms)
        for name in sorted(one.keys() | other.keys()):
            if one.get(name) != other.get(name):
                different = True
                here, there = given.realms
                print(f"{resource} {name}: {one.get(name)!r} in {here}, {other.get(name)!r} in {there}")
    if not different:
        print("The same.")
    return int(different)


def read(tenant: AICSession, realm: str, resource: str) -> dict[str, object]:
    """A resource without its revision; empty where the realm has none."""
    try:
        document = tenant.get(f"/am/json/realms/root/realms/{realm}/realm-config/{resource}").json()
    except NotFound:
        return {}
    return {name: value for name, value in document.items() if name != "_rev"}


run(main)
