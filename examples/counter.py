"""
A number that many machines increment, kept in a managed object.

    python counter.py /openidm/managed/alpha_counter/invoices --times 10

Prints the numbers drawn. Each increment leaves an id of its own among the last hundred, so that a lost answer can
be settled although others have counted on: no number is given twice, none is lost.
"""

import uuid

from environment import parser, run, session

from aic_requests import AICSession


def main() -> int:
    """Count."""
    arguments = parser(__doc__)
    arguments.add_argument("path", help="the object that holds the counter; it is made if it is not there")
    arguments.add_argument("--times", type=int, default=1, help="how many numbers to draw (default: %(default)s)")
    given = arguments.parse_args()

    tenant = session(given.base_url)
    for _ in range(given.times):
        print(draw(tenant, given.path), flush=True)
    return 0


def draw(tenant: AICSession, path: str) -> int:
    """Increment the counter; the number that is ours."""
    ids: list[str] = []

    def increment(counter: dict[str, object]) -> None:
        # A fresh id at every call: that is how update() knows which attempt was the one.
        ids.append(str(uuid.uuid4()))
        drawn = counter.get("drawn", {})
        assert isinstance(drawn, dict)
        counter["count"] = int(str(counter.get("count", 0))) + 1
        counter["drawn"] = dict([*drawn.items()][-99:]) | {ids[-1]: counter["count"]}

    after = tenant.update(path, increment, missing={"count": 0}, attempts=100, deadline=300.0)
    return next(int(after["drawn"][one]) for one in ids if one in after["drawn"])


run(main)
