"""
Deactivate the users in a CSV file (column "_id"), several at a time, and keep a record of what is done.

    python deactivate_users.py leavers.csv --record leavers.done.csv

The record has a line for each user: done, missing, ambiguous (look at it by hand) or failed. Run again with the same
record, it goes on where it stopped; what failed is tried again. Needs tqdm: pip install tqdm
"""

import csv
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from environment import USERS, parser, run, session

from aic_requests import AICSession, AmbiguousWrite, NotFound

try:
    from tqdm import tqdm
except ImportError:
    sys.exit("This example shows its progress with tqdm: pip install tqdm")


def main() -> int:
    """Deactivate."""
    arguments = parser(__doc__)
    arguments.add_argument("file", type=Path, help="a CSV file with a column _id")
    arguments.add_argument("--record", type=Path, required=True, help="where to write what is done")
    arguments.add_argument("--threads", type=int, default=8, help="at a time (default: %(default)s)")
    given = arguments.parse_args()

    tenant = session(given.base_url)
    settled = (
        {row["_id"] for row in rows(given.record) if row["result"] != "failed"} if given.record.exists() else set()
    )
    wanted = [row["_id"] for row in rows(given.file, "_id")]
    todo = [user for user in dict.fromkeys(wanted) if user not in settled]
    results: Counter[str] = Counter()
    with record(given.record) as write, ThreadPoolExecutor(given.threads) as pool:
        outcomes = pool.map(lambda user: (user, *deactivate(tenant, user)), todo)
        for user, result, reason in tqdm(outcomes, total=len(todo), unit="user", file=sys.stderr):
            write(user, result, reason)
            results[result] += 1
    print(f"{len(settled)} before, now: {dict(results) or 'nothing to do'}")
    return 1 if results["failed"] or results["ambiguous"] else 0


def deactivate(tenant: AICSession, user: str) -> tuple[str, str]:
    """Deactivate one user; what became of it, and why. It can be done twice without harm."""
    try:
        tenant.update(f"{USERS}/{user}", lambda document: document | {"accountStatus": "inactive"})
    except NotFound:
        return "missing", ""
    except AmbiguousWrite as error:
        return "ambiguous", str(error)
    except requests.RequestException as error:
        return "failed", str(error)
    return "done", ""


def rows(file: Path, column: str = "result") -> list[dict[str, str]]:
    """The lines of a CSV file that must have a column."""
    with file.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        if column not in (reader.fieldnames or ()):
            raise ValueError(f"{file} has no column {column!r}")
        return [row for row in reader if row[column]]


class record:  # noqa: N801  # reads as a function
    """Appends a line for each user, on disk before the next one."""

    def __init__(self, file: Path) -> None:
        self._new = not file.exists()
        self._file = file.open("a", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)

    def __enter__(self):
        """Open it."""
        if self._new:
            self("_id", "result", "reason")
        return self

    def __exit__(self, *error: object) -> None:
        """Close it."""
        self._file.close()

    def __call__(self, *fields: str) -> None:
        """Write a line."""
        self._writer.writerow(fields)
        self._file.flush()


run(main)
