"""
Deactivate the users in a CSV file (column "_id"), several at a time, and keep a record of what is done.

    python deactivate_users.py leavers.csv --record leavers.done.csv

The record gets a line as soon as a user is dealt with: done, missing, ambiguous (look at it by hand) or failed. Run
again with the same record, it goes on where it stopped; what failed is tried again. A token that is not accepted
stops it at once. Needs tqdm: pip install tqdm

Exit status 0: all are done (or missing); 1: some are not; 2: it could not be tried, or was stopped by the server.
"""

import csv
import io
import os
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import requests
from environment import at_least, parser_for_users, resource, run, session

from aic_requests import AICSession, AmbiguousWrite, NotFound, Unauthorized

#: The columns of the record.
COLUMNS = ("_id", "result", "reason")

try:
    from tqdm import tqdm
except ImportError:
    print("This example shows its progress with tqdm: pip install tqdm", file=sys.stderr)
    sys.exit(2)


def main() -> int:
    """Deactivate."""
    arguments = parser_for_users(__doc__)
    arguments.add_argument("file", type=Path, help="a CSV file with a column _id")
    arguments.add_argument("--record", type=Path, required=True, help="where to write what is done")
    arguments.add_argument("--threads", type=at_least(1), default=8, help="at a time (default: %(default)s)")
    given = arguments.parse_args()

    tenant = session(given.base_url)
    wanted = dict.fromkeys(row["_id"] for row in rows(given.file, "_id"))
    with Record(given.record) as record:
        todo = [user for user in wanted if user not in record.settled]
        results = deactivate_all(tenant, given.users, todo, record, given.threads)
    print(f"{len(wanted) - len(todo)} before, now: {dict(sorted(results.items())) or 'nothing to do'}")
    return 1 if results["failed"] or results["ambiguous"] else 0


class Record:
    """
    What has become of each user, a line each.

    Attributes:
        settled: The users that earlier runs are through with.

    A line is appended as a whole, and one that a crash has cut short does not count.
    """

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        has_lines = is_record(file)
        # The last line of a user counts: what failed once may be done by now.
        results = {row["_id"]: row["result"] for row in rows(file, "_id", "result")} if has_lines else {}
        self.settled = {user for user, result in results.items() if result != "failed"}
        # Unbuffered: each line is written by one call.
        self._file = file.open("ab", buffering=0)
        if not has_lines:
            self.write(*COLUMNS)

    def __enter__(self) -> "Record":
        """Nothing to do: it is open."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close it."""
        self._file.close()

    def write(self, user: str, result: str, reason: str) -> None:
        """Append a line, on disk before the next one."""
        line = io.StringIO(newline="")
        csv.writer(line).writerow([user, result, " ".join(reason.split())])
        with self._lock:
            self._file.write(line.getvalue().encode())
            os.fsync(self._file.fileno())


def is_record(file: Path) -> bool:
    """
    Whether there is a record; what a crash has left behind its last whole line is cut off.

    Raises:
        ValueError: It is another file, which is left as it is.
    """
    content = file.read_bytes() if file.exists() else b""
    lines = content.splitlines(keepends=True)
    header = ",".join(COLUMNS).encode()
    if lines and lines[0].strip() != header and not header.startswith(content.strip()):
        raise ValueError(f"{file} is there, and is no record of this script: name another file")
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(file, whole)
    return whole > 0


def deactivate_all(tenant: AICSession, users: str, todo: list[str], record: Record, threads: int) -> Counter[str]:
    """Deactivate them; how many ended how."""

    def work(user: str) -> str:
        result, reason = deactivate(tenant, users, user)
        # Here and not where the results are counted: an interrupted run still records what it has done.
        record.write(user, result, reason)
        return result

    pool = ThreadPoolExecutor(threads)
    try:
        running = [pool.submit(work, user) for user in todo]
        bar = tqdm(as_completed(running), total=len(todo), unit="user", disable=None)
        return Counter(one.result() for one in bar)
    finally:
        pool.shutdown(cancel_futures=True)


def deactivate(tenant: AICSession, users: str, user: str) -> tuple[str, str]:
    """
    Deactivate one user; what became of it, and why. It can be done twice without harm.

    Raises:
        Unauthorized: The next one would fare no better.
    """
    try:
        tenant.update(resource(users, user), lambda document: document | {"accountStatus": "inactive"})
    except Unauthorized:
        raise
    except NotFound as error:
        # HTML instead of CREST's JSON: a server that is starting up.
        return ("failed", str(error)) if error.code is None else ("missing", "")
    except AmbiguousWrite as error:
        return "ambiguous", str(error)
    except (requests.RequestException, ValueError) as error:
        return "failed", str(error)
    return "done", ""


def rows(file: Path, *columns: str) -> list[dict[str, str]]:
    """
    The lines of a CSV file.

    Raises:
        ValueError: It is none, or has not these columns, or a line has no text there.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines, strict=True)
            for column in columns:
                if column not in (reader.fieldnames or ()):
                    raise ValueError(f"{file} has no column {column!r}")
            found: list[dict[str, str]] = []
            for row in reader:
                chosen = {column: (row[column] or "").strip() for column in columns}
                if not all(text and text.isprintable() for text in chosen.values()):
                    raise ValueError(f"{file}, line {reader.line_num}: no text in column {' or '.join(columns)}")
                found.append(chosen)
            return found
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file} is no CSV file in UTF-8: {error}") from error


run(main)
