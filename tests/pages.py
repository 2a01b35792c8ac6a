"""A collection that is served page by page, in whichever way a test wants."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from .wire import Answer, Sent

JSON = [("Content-Type", "application/json")]

#: Makes another answer of the envelope that would be right.
Fault = Callable[[dict[str, Any]], Mapping[str, Any] | list[Any] | Answer]


@dataclass
class Pages:
    """
    A server of rows, as plain as can be: it knows nothing of the client.

    Attributes:
        count: How many rows there are.
        cookies: It gives cookies, and takes them.
        offsets: It looks at offsets.
        sizes: It looks at page sizes.
        cap: Rows on a page at most, whatever was asked for.
        remaining: It says how many remain.
        policy: Under which it says the total; "" for none.
        bare: Answers are arrays.
        filtered: Only each so manieth row of a page is there, as of a server that filters after paging.
        faults: By the number of the request, from 1.
        asked: The parameters of each request.
    """

    count: int
    cookies: bool = True
    offsets: bool = True
    sizes: bool = True
    cap: int | None = None
    remaining: bool = False
    policy: str = ""
    bare: bool = False
    filtered: int = 1
    faults: dict[int, Fault] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """All rows, in order."""
        return [row_of(number) for number in range(0, self.count, self.filtered)]

    def __call__(self, sent: Sent) -> Answer:
        asked = dict(parse_qsl(sent.path.partition("?")[2], keep_blank_values=True))
        self.asked.append(asked)
        self.sent.append(sent)
        answer: Any = self._page(asked)
        fault = self.faults.get(len(self.asked))
        answer = fault(answer) if fault else answer
        return answer if isinstance(answer, tuple) else (200, JSON, json.dumps(answer).encode())

    def _page(self, asked: dict[str, str]) -> Any:
        start = int(asked.get("_pagedResultsOffset", 0)) if self.offsets else 0
        if self.cookies and "_pagedResultsCookie" in asked:
            start = int(asked["_pagedResultsCookie"].removeprefix("at ").removesuffix("%3D="))
        size = int(asked.get("_pageSize", 0)) if self.sizes else 0
        end = min(self.count, *([start + size] if size else []), *([start + self.cap] if self.cap else []), self.count)
        rows = [row_of(number) for number in range(start, end) if number % self.filtered == 0]
        if self.bare:
            return rows
        return {
            "result": rows,
            "resultCount": len(rows),
            "pagedResultsCookie": f"at {end}%3D=" if self.cookies and end < self.count else None,
            "totalPagedResultsPolicy": self.policy or "NONE",
            "totalPagedResults": self.count if self.policy else -1,
            "remainingPagedResults": max(0, self.count - end) if self.remaining else -1,
        }


def row_of(number: int) -> dict[str, Any]:
    return {"_id": str(number), "_rev": "1", "userName": f"user{number}"}


def refusal(status: int, message: str) -> Fault:
    """CREST's own."""
    return lambda page: (status, JSON, json.dumps({"code": status, "reason": "No", "message": message}).encode())
