"""
Export all users of a realm to a CSV file, or to JSON Lines: one user a line.

    python export_users.py users.csv --fields userName,mail,accountStatus
    python export_users.py users.jsonl --filter 'accountStatus eq "active"'

The file appears when it is whole. Until then there are FILE.partial and FILE.state; when the export is stopped, by the
server or by you, run it again with the same arguments, and it goes on where it was. Shows its progress if tqdm is
installed (pip install tqdm).

The users of a page are those of one moment, but there are many pages: a user who is created or deleted meanwhile may
make another one come twice, or be missed. Sorting by _id keeps those who are only changed where they are.

Exit status 0: the file is whole; 2: it is not, and standard error says why.
"""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests
from environment import at_least, parser_for_users, run, session

from aic_requests import AICSession, BadRequest, NotImplementedByServer

try:
    from tqdm import tqdm
except ImportError:
    tqdm = None

User = dict[str, Any]


def main() -> int:
    """Export."""
    arguments = parser_for_users(__doc__)
    arguments.add_argument("file", type=Path, help="what to write: NAME.csv or NAME.jsonl")
    arguments.add_argument(
        "--fields", type=names, default="userName,givenName,sn,mail", help="properties (default: %(default)s)"
    )
    arguments.add_argument("--filter", default="true", help="which users, as a query filter (default: all)")
    arguments.add_argument("--sort", type=names, default="_id", help="properties to sort by (default: %(default)s)")
    arguments.add_argument("--page-size", type=at_least(1), default=1000, help="users a page (default: %(default)s)")
    given = arguments.parse_args()

    written = line_of(given.file, given.fields)
    if given.file.exists():
        raise ValueError(f"{given.file} is there already: name another file, or remove it")
    tenant = session(given.base_url)
    total = how_many(tenant, given.users, given.filter)
    asked = {"users": given.users, "filter": given.filter, "fields": given.fields, "sort": given.sort}
    with Export(given.file, {"tenant": tenant.base_url, **asked}) as export:
        query = tenant.query(
            given.users,
            given.filter,
            page_size=given.page_size,
            fields=given.fields,
            sort_keys=given.sort,
            params=export.position,
        )
        if not export.position and given.file.suffix == ".csv":
            export.write(written(None))
        try:
            for user in progress(query, export.rows, total):
                if query.position != export.position:
                    # The page before this user's is whole.
                    export.save(query.position)
                export.add(written(user))
        except requests.RequestException:
            # What was asked for last has given nothing yet.
            export.save(query.position)
            raise
        export.finish()
    print(f"{export.rows} users in {given.file}")
    return 0


class Export:
    """
    A file that is written page by page, with a note from which page to go on.

    Attributes:
        rows: How many users are in it.
        position: The page to go on with, as the query has it.
    """

    def __init__(self, file: Path, asked: dict[str, Any]) -> None:
        self._file = file
        self._partial = file.with_name(f"{file.name}.partial")
        self._state = file.with_name(f"{file.name}.state")
        self._asked = asked
        noted = self._noted()
        self.rows: int = noted["rows"]
        self.position: dict[str, str] = noted["position"]
        self._out = self._partial.open("ab")
        # What came after the note is asked for again.
        self._out.truncate(noted["bytes"])
        self._out.seek(0, os.SEEK_END)

    def __enter__(self) -> "Export":
        """Nothing to do: it is open."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close it. An export that has come to nothing leaves nothing."""
        self._out.close()
        if not self.position:
            self._partial.unlink(missing_ok=True)

    def write(self, line: bytes) -> None:
        """Write a line that is no user."""
        self._out.write(line)

    def add(self, line: bytes) -> None:
        """Write a user."""
        self._out.write(line)
        self.rows += 1

    def save(self, position: dict[str, str]) -> None:
        """Note that all before this page is on disk; before the first page, nothing is worth a note."""
        if not position:
            return
        self._out.flush()
        os.fsync(self._out.fileno())
        self.position = dict(position)
        note = {"asked": self._asked, "position": position, "rows": self.rows, "bytes": self._out.tell()}
        fresh = self._state.with_suffix(".new")
        fresh.write_text(json.dumps(note), "utf-8")
        # At once: there is always a whole note, the old one or this.
        fresh.replace(self._state)

    def finish(self) -> None:
        """Give the file its name."""
        self._out.flush()
        os.fsync(self._out.fileno())
        self._partial.replace(self._file)
        self._state.unlink(missing_ok=True)

    def _noted(self) -> dict[str, Any]:
        """
        The note of an earlier run; that of a beginning where there is none.

        Raises:
            ValueError: It is of another export, or cannot be read, or what it is about is gone.
        """
        if not self._state.exists():
            return {"position": {}, "rows": 0, "bytes": 0}
        try:
            noted = json.loads(self._state.read_text("utf-8"))
            same = noted["asked"] == self._asked
            there = self._partial.stat().st_size >= noted["bytes"]
        except (ValueError, KeyError, TypeError, OSError):
            same = there = False
        if not (same and there):
            raise ValueError(f"{self._state} is of another export: remove it to begin anew, or name another file")
        return noted


def names(text: str) -> list[str]:
    """For ``type=`` of an argument: names with commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]


def line_of(file: Path, fields: list[str]) -> Callable[[User | None], bytes]:
    """
    How a user is written in a file of this kind; None is the line above the first one.

    Raises:
        ValueError: It is of no known kind.
    """
    columns = list(dict.fromkeys(["_id", *fields]))
    if file.suffix == ".csv":
        return lambda user: csv_line(columns if user is None else [cell(user.get(name)) for name in columns])
    if file.suffix == ".jsonl":
        return lambda user: json.dumps(user).encode() + b"\n"
    raise ValueError(f"{file} is neither .csv nor .jsonl")


def csv_line(cells: list[str]) -> bytes:
    """A line of a CSV file."""
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue().encode("utf-8", "backslashreplace")


def cell(value: object) -> str:
    """A value as a cell: text as it is, nothing as nothing, the rest as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def how_many(tenant: AICSession, users: str, query_filter: str) -> int | None:
    """How many users there are; None where the server does not count them."""
    counted = tenant.query(
        users, query_filter, page_size=1, fields=["_id"], params={"_totalPagedResultsPolicy": "EXACT"}
    )
    try:
        next(counted, None)
    except (BadRequest, NotImplementedByServer):
        # Not there; if it is the filter that is wrong, the export itself will hear of it.
        return None
    return counted.total


def progress(query: Iterator[User], before: int, total: int | None) -> Iterator[User]:
    """The users, with a bar where there can be one."""
    return query if tqdm is None else tqdm(query, initial=before, total=total, unit="user", disable=None)


run(main)
