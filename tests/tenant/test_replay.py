"""The fake tenant against the recorded answers of the real CREST code."""

from dataclasses import replace

from aic_requests.testing import CREST, Tenant

from ..recordings import recordings
from .replaying import Aliases, Message, Recorded, ask, differences, judge, told_apart

HEADERS = ("etag", "location", "content-type", "allow", "content-encoding", "cache-control")

#: Differences that are wanted, by case, with their reason.
WANTED = {
    "query gz": ("body", "MemoryBackend lists in the order of its hash table, the tenant in that of creation"),
    "paged filtered 2": ("body", "MemoryBackend's cookie never ends when a filter leaves something out"),
    "paged filtered 3": ("body", "the same"),
    "paged filtered 4": ("body", "the same"),
    "paged filtered 5": ("body", "the same"),
    "paged filtered 6": ("body", "the same"),
}


def test_it_answers_as_the_real_code_did():
    """All 242 recorded requests in order: status, headers that matter, bodies apart from the texts."""
    lines = recordings("crest-observed.jsonl")
    assert len(lines) == 242
    exchanges = list(told_apart(exchange(line) for line in lines))
    differing = {}
    with Tenant(CREST) as plain, Tenant(replace(CREST, gzip="strips")) as zipped:
        for line, (name, one) in zip(lines, exchanges, strict=True):
            got = ask(zipped if line["server"] == "gzip" else plain, one, Aliases())
            if isinstance(one.answer.body, str):
                # What is no JSON was recorded by its length.
                got = replace(got, body=f"<non-json {got.all('content-length')[0]} bytes>")
            wrong = differences(one, got, Aliases(), HEADERS)
            if wrong:
                differing[name] = wrong
    judge(exchanges, differing, WANTED)


def exchange(line):
    """A recorded line as a request and its answer."""
    request, response = line["request"], line["response"]
    sent = [
        (name, value)
        for name, values in request["headers"].items()
        for value in (values if isinstance(values, list) else [values])
    ]
    answer = Message(response["status"], list(response["headers"].items()), response["body"])
    return Recorded(str(line["case"]), request["method"], request["path"], sent, request["body"], answer)
