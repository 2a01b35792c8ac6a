"""
A number that many machines increment, kept in a managed object.

    python counter.py /openidm/managed/alpha_counter/invoices --times 10

Prints the numbers drawn. Each increment leaves an id of its own beside its number, so that a lost answer can be
settled although others have counted on: no number is given twice, none is lost.
"""

import uuid
from typing import Any

from environment import parser, run, session

from aic_requests import AICSession, AmbiguousWrite

#: Draws that the object remembers.
KEPT = 100


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

    def increment(counter: dict[str, Any]) -> None:
        # A fresh id at every call: that is how update() knows which attempt was the one.
        ids.append(str(uuid.uuid4()))
        counter["count"] = counter.get("count", 0) + 1
        counter["drawn"] = dict([*counter.get("drawn", {}).items()][1 - KEPT :]) | {ids[-1]: counter["count"]}

    while True:
        try:
            after = tenant.update(path, increment, missing={"count": 0}, attempts=100, deadline=300.0)
        except AmbiguousWrite as error:
            # update() cannot know what a counter is; here it can be told: somebody else holds our number.
            drawn = (error.found or {}).get("drawn", {})
            if error.sent["count"] not in drawn.values() or drawn.keys() & ids:
                raise
        else:
            return next(after["drawn"][one] for one in ids if one in after["drawn"])


run(main)
