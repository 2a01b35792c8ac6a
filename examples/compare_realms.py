"""
Compare two realms' AM configuration.

    python compare_realms.py services/baseurl services/oauth-oidc        # resource by resource
    python compare_realms.py agents/OAuth2Client/ --realms alpha bravo   # with a slash: all that is in a collection

Prints the names of what differs, revisions aside; --values prints the values too, which may be secret.
Exit status 0: the same; 1: something differs; 2: it could not be compared.
"""

from typing import Any
from urllib.parse import quote

from environment import parser, run, session

from aic_requests import AICSession, NotFound

#: Resources by name.
Found = dict[str, dict[str, Any]]


def main() -> int:
    """Compare."""
    arguments = parser(__doc__)
    arguments.add_argument("names", nargs="+", metavar="resource", help="below realm-config; a collection ends in /")
    arguments.add_argument("--realms", nargs=2, default=["alpha", "bravo"], metavar="realm")
    arguments.add_argument("--values", action="store_true", help="print what is in each realm")
    given = arguments.parse_args()

    tenant = session(given.base_url)
    differences: list[str] = []
    for name in given.names:
        one, other = (read(tenant, realm, name) for realm in given.realms)
        if not one and not other:
            raise ValueError(f"neither {given.realms[0]} nor {given.realms[1]} has {name}: is it spelt right?")
        differences += compared(one, other, given.realms, given.values)
    print("\n".join(differences) or "The same.")
    return 1 if differences else 0


def read(tenant: AICSession, realm: str, name: str) -> Found:
    """A resource, or all of a collection; empty where the realm has none."""
    path = f"/am/json/realms/root/realms/{quote(realm, safe='')}/realm-config/{name.strip('/')}"
    if not name.endswith("/"):
        try:
            return {name: tenant.get(path).json()}
        except NotFound:
            return {}
    return {f"{name}{row['_id']}": row for row in tenant.query(path)}


def compared(one: Found, other: Found, realms: list[str], values: bool) -> list[str]:
    """The differences, a line each."""
    lines: list[str] = []
    for name in sorted(one.keys() | other.keys()):
        if name not in one or name not in other:
            lines.append(f"{name} is in {realms[0] if name in one else realms[1]} only")
            continue
        here, there = one[name], other[name]
        for field in sorted((here.keys() | there.keys()) - {"_rev"}):
            if here.get(field) != there.get(field) or (field in here) != (field in there):
                shown = f": {here.get(field)!r} in {realms[0]}, {there.get(field)!r} in {realms[1]}" if values else ""
                lines.append(f"{name} {field}{shown}")
    return lines


run(main)
