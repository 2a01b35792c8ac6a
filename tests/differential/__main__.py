"""
The fake tenant beside the genuine CREST code, as long as one likes.

    python -m tests.differential --requests 10000 --seed 1

Ends with the shortest sequence of requests that the two answer differently, or with what was asked and which of the
listed differences occurred.
"""

import argparse
import random

from ..crest_server import running
from .machine import run
from .wanted import WANTED

STEPS = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000, help="for each of the two contexts")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    print(f"seed {given.seed}")
    with running() as url:
        ran = run(url, seed=given.seed, examples=max(1, given.requests // STEPS), steps=STEPS)
    for context, both in ran.items():
        print(f"{context}: {both.asked} requests, answered {dict(sorted(both.statuses.items()))}")
        for one in WANTED:
            print(f"  {both.wanted[one.reason]:6} {one.reason}")


if __name__ == "__main__":
    main()
