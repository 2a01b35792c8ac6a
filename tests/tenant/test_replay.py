"""The fake tenant against the recorded answers of the real CREST code."""

import gzip
import http.client
import json
from dataclasses import replace

from aic_requests.testing import CREST, Tenant

from ..recordings import recordings

#: Differences that are wanted, by case, with their reason.
WANTED = {
    "query gz": "MemoryBackend lists in the order of its hash table, the tenant in that of creation",
    "paged filtered 2": "MemoryBackend's cookie never ends when a filter leaves something out",
    "paged filtered 3": "the same",
    "paged filtered 4": "the same",
    "paged filtered 5": "the same",
    "paged filtered 6": "the same",
}


def test_it_answers_as_the_real_code_did():
    """All 242 recorded requests in order: status, headers that matter, bodies apart from the texts."""
    lines = recordings("crest-observed.jsonl")
    assert len(lines) == 242
    differing: dict[str, list[str]] = {}
    with Tenant(CREST) as plain, Tenant(replace(CREST, gzip="strips")) as zipped:
        for line in lines:
            tenant = zipped if line["server"] == "gzip" else plain
            answered = ask(tenant, line["request"])
            wrong = differences(line["response"], answered)
            if wrong:
                differing.setdefault(str(line["case"]), []).append(wrong)
    unwanted = {case: wrong for case, wrong in differing.items() if case not in WANTED}
    assert unwanted == {}
    assert set(WANTED) == set(differing), "a difference that is no difference any more"


def ask(tenant, request):
    connection = http.client.HTTPConnection(tenant.url.removeprefix("http://"), timeout=5)
    connection.putrequest(request["method"], request["path"], skip_accept_encoding=True)
    for name, value in request["headers"].items():
        for one in value if isinstance(value, list) else [value]:
            connection.putheader(name, one)
    body = request["body"]
    content = b"" if body is None else body.encode()
    if body is not None:
        connection.putheader("Content-Length", str(len(content)))
    connection.endheaders(content)
    response = connection.getresponse()
    read = response.read()
    connection.close()
    return response, read


def differences(expected, answered):
    """What is not as recorded, in words; "" if all is."""
    response, read = answered
    wrong = []
    if response.status != expected["status"]:
        wrong.append(f"status {response.status}, not {expected['status']}")
    for name in ("etag", "location", "content-type", "allow", "content-encoding", "cache-control"):
        want, got = expected["headers"].get(name), response.getheader(name)
        if normal(name, want) != normal(name, got):
            wrong.append(f"{name} {got!r}, not {want!r}")
    if response.status == 304 and response.getheader("content-length") != "67":
        wrong.append("content-length of the 304")
    if response.getheader("content-encoding") == "gzip":
        read = gzip.decompress(read)
    body, want = read.decode("utf-8", "replace"), expected["body"]
    if isinstance(want, dict):
        got = json.loads(body) if body else None
        if without_texts(want) != without_texts(got):
            wrong.append(f"body {got}, not {want}")
    elif isinstance(want, str) and want.startswith("<non-json "):
        if len(read) != int(want.split()[1]):
            wrong.append(f"{len(read)} bytes, {want}")
    elif want is None and body and response.status not in (501,):
        wrong.append(f"body {body!r}")
    return "; ".join(wrong)


def normal(name, value):
    if value is None:
        return None
    if name == "location":
        return "/" + value.split("/", 3)[3]
    if name == "content-type":
        return value.lower().replace(" ", "")
    if name == "allow":
        return sorted(part.strip() for part in value.split(","))
    return value


def without_texts(body):
    if isinstance(body, dict):
        return {name: without_texts(value) for name, value in body.items() if name not in ("message", "detail")}
    return body
