"""AIC's logs: ``/monitoring/logs``."""

import base64
import binascii
import bisect
import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any, cast

from .clock import Clock
from .filters import parse
from .messages import Answer, Document, Headers, Refusal, Request, to_json

PLACE = "/monitoring/logs"

#: As recorded; ``environment-access`` and those of WS-Federation are documented.
SOURCES = (
    *("am-access", "am-activity", "am-authentication", "am-config", "am-core", "am-everything", "environment-access"),
    *("idm-access", "idm-activity", "idm-authentication", "idm-config", "idm-core", "idm-everything"),
    *("idm-recon", "idm-sync", "ws-activity", "ws-config", "ws-core", "ws-everything"),
)
_COUNT = re.compile(r"[0-9]{1,9}")
_LARGEST = 1000
#: Before now; what a call without times and a first look at the tail reach back.
_DAY = timedelta(hours=24)
_TAIL = timedelta(seconds=15)
_JSON = ("Content-Type", "application/json; charset=utf-8")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a call wants to see, by its parameters."""

    sources: frozenset[str]
    begin: datetime
    end: datetime | None
    size: int
    skip: int
    parameters: dict[str, str]


class Logs:
    """
    Entries in the order of their time, and who may read them.

    Args:
        clock: What time it is.
        keys: Secrets by log API key; None: everybody may read.
        limit: Calls a minute; None: as many as you like.
        lock: Held while it is read and written.

    Source: docs.pingidentity.com/pingoneaic/tenants/audit-debug-logs-pull.html, and one recorded answer (the sources,
    with its headers). Not observed: the bodies of 400, 401 and 429, and whether a page of the tail begins with the last
    entry of the one before. It does here: a client must not take an entry twice.
    """

    def __init__(self, clock: Clock, keys: Mapping[str, str] | None, limit: int | None, lock: RLock) -> None:
        self._clock = clock
        self._keys = keys
        self._limit = limit
        self._lock = lock
        self._times: list[datetime] = []
        self._entries: list[Document] = []
        self._minute, self._calls = 0, 0

    @property
    def entries(self) -> list[Document]:
        """All entries, in the order of their time: a copy."""
        with self._lock:
            return [dict(entry) for entry in self._entries]

    def write(self, source: str, payload: Any, *, timestamp: datetime | None = None) -> None:
        """
        Add an entry.

        Args:
            source: Such as ``am-access``.
            payload: What is told: of an audit event an object, of a debug message perhaps a text.
            timestamp: When it was, with a zone; None: now, by the tenant's clock.

        Raises:
            ValueError: There is no such source, or the time has no zone.
        """
        moment = timestamp or self._clock.now()
        if source not in SOURCES:
            raise ValueError(f"no source {source!r}: there are {', '.join(SOURCES)}")
        if moment.tzinfo is None:
            raise ValueError(f"{moment} has no zone")
        kind = "text/plain" if isinstance(payload, str) else "application/json"
        entry = {"payload": payload, "source": source, "timestamp": _written(moment), "type": kind}
        with self._lock:
            place = bisect.bisect_right(self._times, moment)
            self._times.insert(place, moment)
            self._entries.insert(place, json.loads(to_json(entry)))

    def add(self, entry: Document) -> None:
        """
        Add an entry as the logs show it; without a ``timestamp`` it is of now.

        Raises:
            ValueError: It is none.
        """
        if not isinstance(entry.get("source"), str) or "payload" not in entry:
            raise ValueError("an entry of the logs has a source and a payload")
        time = entry.get("timestamp")
        self.write(entry["source"], entry["payload"], timestamp=None if time is None else _moment(str(time)))

    def answer(self, request: Request) -> Answer:
        """Answer a call."""
        headers: Headers = [_JSON]
        try:
            self._check_key(request)
            headers += self._counted()
            what = "/".join(request.segments[2:])
            if request.method != "GET" or what not in ("", "tail", "sources"):
                raise Refusal(404, "Not Found", rule="no such call of the logs")
            if what == "sources":
                body = _page(list(SOURCES), None) | {"totalPagedResults": 1, "remainingPagedResults": 0}
                return Answer(200, headers, to_json(body), "the sources of the logs")
            page = self._tail(request) if what == "tail" else self._between(request)
            return Answer(200, headers, to_json(page), f"{what or 'logs'}: {page['resultCount']} entries")
        except Refusal as no:
            return Answer(no.status, headers, no.body(), no.rule)

    def _check_key(self, request: Request) -> None:
        if self._keys is not None:
            secret = self._keys.get(request.header("x-api-key") or "")
            if secret is None or secret != request.header("x-api-secret"):
                raise Refusal(401, "Unauthorized", rule="no good x-api-key and x-api-secret")

    def _counted(self) -> Headers:
        """What is left of this minute, as it is recorded."""
        if self._limit is None:
            return []
        minute = int(self._clock.time() // 60)
        if minute != self._minute:
            self._minute, self._calls = minute, 0
        self._calls += 1
        left = max(0, self._limit - self._calls)
        told = {"limit": self._limit, "remaining": left, "reset": (minute + 1) * 60}
        headers = [(f"X-RateLimit-{name.title()}", str(value)) for name, value in told.items()]
        if self._calls > self._limit:
            raise _TooMany(headers)
        return headers

    def _between(self, request: Request) -> Document:
        asked = self._asked(request, self._clock.now() - _DAY)
        rows = list(self._fitting(asked))
        page = rows[asked.skip : asked.skip + asked.size]
        done = asked.skip + len(page)
        return _page(page, _cookie({"skip": done}) if done < len(rows) else None)

    def _tail(self, request: Request) -> Document:
        asked = self._asked(request, self._clock.now() - _TAIL)
        rows = list(self._fitting(asked))[asked.skip :][: asked.size]
        if not rows:
            return _page([], asked.parameters.get("_pagedResultsCookie") or _cookie({"from": _written(asked.begin)}))
        last = rows[-1]["timestamp"]
        before = [entry for entry in self._fitting(asked) if entry["timestamp"] == last]
        number = next(number for number, entry in enumerate(before) if entry is rows[-1])
        return _page(rows, _cookie({"from": last, "skip": number}))

    def _asked(self, request: Request, default: datetime) -> _Asked:
        parameters = dict(request.parameters)
        cookie = _read_cookie(parameters.get("_pagedResultsCookie", ""))
        names = [name for name in parameters.get("source", "").split(",") if name]
        if not names or not set(names) <= set(SOURCES):
            raise Refusal(400, "source is missing, or unknown")
        size = parameters.get("_pageSize", str(_LARGEST))
        if not size.isascii() or not size.isdigit() or not 0 < int(size) <= _LARGEST:
            raise Refusal(400, f"_pageSize is a number from 1 to {_LARGEST}")
        try:
            end = _moment(parameters["endTime"]) if "endTime" in parameters else None
            begin = (
                _moment(parameters["beginTime"])
                if "beginTime" in parameters
                else (default if end is None else end - _DAY)
            )
            begin = _moment(cookie["from"]) if "from" in cookie else begin
        except ValueError:
            raise Refusal(400, "beginTime and endTime are times in ISO 8601") from None
        return _Asked(_expanded(names), begin, end, int(size), int(cookie.get("skip", 0)), parameters)

    def _fitting(self, asked: _Asked) -> Iterator[Document]:
        text = asked.parameters.get("_queryFilter")
        test = parse(text) if text is not None else None
        transaction = asked.parameters.get("transactionId")
        with self._lock:
            start = bisect.bisect_left(self._times, asked.begin)
            found = list(zip(self._times[start:], self._entries[start:], strict=True))
        for moment, entry in found:
            if entry["source"] not in asked.sources or (asked.end is not None and moment >= asked.end):
                continue
            if transaction is not None and not _transaction_of(entry).startswith(transaction):
                continue
            if test is None or test(entry):
                yield entry


class _TooMany(Refusal):
    """One call too many in this minute."""

    def __init__(self, headers: Headers) -> None:
        super().__init__(429, "Too many requests", rule="more calls than the limit in this minute of the clock")
        self.headers = headers


def _page(rows: list[Any], cookie: str | None) -> Document:
    return {
        "result": rows,
        "resultCount": len(rows),
        "pagedResultsCookie": cookie,
        "totalPagedResultsPolicy": "NONE",
        "totalPagedResults": -1,
        "remainingPagedResults": -1,
    }


def _expanded(names: list[str]) -> frozenset[str]:
    """With all sources of a kind for its ``everything``."""
    kinds = {name.removesuffix("everything") for name in names if name.endswith("-everything")}
    return frozenset({*names, *(one for one in SOURCES if any(one.startswith(kind) for kind in kinds))})


def _transaction_of(entry: Document) -> str:
    payload = entry["payload"]
    return str(cast("Document", payload).get("transactionId", "")) if isinstance(payload, dict) else ""


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _written(moment: datetime) -> str:
    """As the logs write a time, to the microsecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _cookie(content: Document) -> str:
    """Something to hand back, and not to look into."""
    return base64.urlsafe_b64encode(to_json(content)).decode()


def _read_cookie(cookie: str) -> Document:
    if not cookie:
        return {}
    with contextlib.suppress(ValueError, binascii.Error):
        content = cast("object", json.loads(base64.urlsafe_b64decode(cookie.encode())))
        if isinstance(content, dict) and _COUNT.fullmatch(str(cast("Document", content).get("skip", 0))):
            return cast("Document", content)
    raise Refusal(400, "_pagedResultsCookie is none of ours")
