"""What lies around a resource: pages of queries, transaction ids, cookies."""

from typing import Any, Final, cast

from .answer import Answer
from .place import NotAsked, Place
from .question import Outcome, Question, question


@question("A query in pages of one row", assumed="a cookie, and under it the next row")
def paging(place: Place) -> Outcome:
    """With two resources of the probe's own there are two pages at least. Nobody's row is shown."""
    if not place.are_two and not place.put_other({"If-None-Match": "*"}).succeeded:
        raise NotAsked("there is no second resource")
    first = _page(place, {})
    cookie, rows = first.document.get("pagedResultsCookie"), _ids(first)
    rest = first.document.get("remainingPagedResults")
    if len(rows) != 1:
        return Outcome(
            f"{first.status} with {len(rows)} rows",
            "_pageSize is not heeded: ask for all rows at once.",
        )
    if not isinstance(cookie, str) or not cookie:
        said = f"no cookie after the first row, remainingPagedResults {rest}"
        return Outcome(
            said, "Pages end after the first, and rows are lost without a word: ask with _sortKeys, or for all at once."
        )
    second = _page(place, {"_pagedResultsCookie": cookie})
    if second.succeeded and len(_ids(second)) == 1 and _ids(second) != rows:
        return Outcome(f"a cookie of {len(cookie)} characters, and under it the next row")
    return Outcome(
        f"{second}, {'the same row again' if _ids(second) == rows else f'{len(_ids(second))} rows'}",
        "The cookie cannot be sent back as it came: ask for all rows at once, or page by _pagedResultsOffset.",
    )


@question("X-ForgeRock-TransactionId of every answer", assumed="the one that was sent")
def transaction(place: Place) -> Outcome:
    """What to name when asking for the server's logs."""
    # An answer of the container's own, or of a front end's, may lack it.
    answers = [answer for answer in place.wire.answers if answer.succeeded]
    told = [answer.headers.get("X-ForgeRock-TransactionId") for answer in answers]
    same = sum(one == answer.sent for one, answer in zip(told, answers, strict=True))
    said = f"{same} of {len(told)} repeat it, {told.count(None)} have none"
    if same == len(told):
        return Outcome(said)
    if told.count(None) == len(told):
        return Outcome(
            said, "error.transaction_id is the one that was sent; whether the server's logs know it, it does not say."
        )
    return Outcome(said, "The server gives ids of its own: error.transaction_id is that one where there is one.")


@question("Cookies", assumed="none, or the same throughout")
def cookies(place: Place) -> Outcome:
    """A cookie is a credential to a session, so another cookie is another caller."""
    seen: dict[str, set[str]] = {}
    for answer in place.wire.answers:
        for name, value in answer.cookies:
            seen.setdefault(name, set()).add(value)
    changing = sorted(name for name, values in seen.items() if len(values) > 1)
    if not changing:
        return Outcome(", ".join(sorted(seen)) or "none")
    return Outcome(
        f"{', '.join(changing)}: another with every answer",
        "Each cookie is another caller, so no read is served from memory: decline it (X-OpenIDM-NoSession: true), or "
        "session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])).",
    )


def _page(place: Place, more: dict[str, str]) -> Answer:
    query = {"_queryFilter": "true", "_pageSize": "1", "_fields": "_id", **more}
    answer = place.ask("GET", place.collection, params=query)
    if not more and (not answer.succeeded or "result" not in answer.document):
        raise NotAsked(f"the query is refused: {answer}")
    return answer


def _ids(page: Answer) -> list[Any]:
    rows: object = page.document.get("result")
    if not isinstance(rows, list):
        return []
    return [cast("dict[str, Any]", row).get("_id") for row in cast("list[object]", rows) if isinstance(row, dict)]


SURROUNDINGS: Final[tuple[Question, ...]] = (transaction, cookies)
