"""Recorded answers of real servers, through the session, over a real socket."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from aic_requests import AICError, AICSession

from .recordings import recordings

SECRET = "s3cr3t-of-the-caller"

#: By hand, from the documentation: what each status must be.
CLASSES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    412: "PreconditionFailed",
    415: "UnsupportedMediaType",
    422: "UnprocessableContent",
    428: "PreconditionRequired",
    500: "InternalServerError",
    501: "NotImplementedByServer",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}


def aic():
    for line in recordings("corpus/aic_exchanges.jsonl"):
        request, response = line["request"], line["response"]
        path = "/" + request["url"].split("/", 3)[3]
        headers = [header for header in response["headers"] if header[0] != "content-encoding"]
        yield (
            line["id"],
            request["method"],
            path,
            request["headers"],
            request["body"],
            response["status"],
            headers,
            response["body"],
        )


def idm():
    for line in recordings("idm-observed.jsonl"):
        body = line["body"]
        if body is None:
            body = "null" if "null" in line["label"] else ""
        text = body if isinstance(body, str) else json.dumps(body)
        headers = [header for header in line["response_headers"] if header[0].lower() != "content-encoding"]
        yield (
            line["label"],
            line["method"],
            line["path"],
            line["request_headers"],
            line["request_body"],
            line["status"],
            headers,
            text,
        )


def am():
    for line in recordings("am-observed.jsonl"):
        if line.get("status") is None:
            continue
        headers = [header for header in line["response_headers"] if header[0].lower() != "content-encoding"]
        path = line.get("path") or "/"
        yield (
            line["tag"],
            line["method"],
            path,
            list(line["request_headers"].items()),
            line["request_body"],
            line["status"],
            headers,
            line["response_body"] or "",
        )


@contextmanager
def replaying() -> Iterator[tuple[str, list[bytes]]]:
    """A socket that answers every request with the bytes at hand, and keeps the connection."""
    message: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(connection: socket.socket) -> None:
            with connection, connection.makefile("rb") as lines:
                while True:
                    head = []
                    while (line := lines.readline()) not in (b"\r\n", b""):
                        head.append(line)
                    if not head:
                        return
                    size = [line for line in head if line.lower().startswith(b"content-length:")]
                    if size:
                        lines.read(int(size[0].split(b":")[1]))
                    connection.sendall(message[0])

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", message
        listener.shutdown(socket.SHUT_RDWR)


def message_of(method, status, headers, body):
    content = body.encode()
    ours = {"content-length", "transfer-encoding", "connection", "keep-alive"}
    lines = [f"HTTP/1.1 {status} Recorded"]
    lines += [f"{name}: {value}" for name, value in headers if name.lower() not in ours]
    if status != 304:
        lines.append(f"Content-Length: {len(content)}")
    empty = method == "HEAD" or status in (204, 304)
    return "\r\n".join([*lines, "", ""]).encode("utf-8") + (b"" if empty else content)


def words_of(body):
    """What the server says in a body, read without any code of ours."""
    try:
        said = json.loads(body)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    return said.get("message") or said.get("error_description") or said.get("errorMessage") or said.get("error")


@pytest.mark.parametrize(("source", "expected"), [(aic, 507), (idm, 766), (am, 672)], ids=["aic", "openidm", "openam"])
def test_every_recorded_exchange(source, expected):
    """The right class, the server's own words, the transaction id, and nothing altered."""
    count = 0
    with replaying() as (url, message):
        plain = requests.Session()
        for label, method, path, request_headers, request_body, status, headers, body in source():
            count += 1
            message[:] = [message_of(method, status, headers, body)]
            sent = {
                name: SECRET if "redacted" in str(value).lower() or "SSO" in str(value) else str(value)
                for name, value in request_headers
                if name.lower() not in ("content-length", "host", "connection", "accept-encoding")
            }
            content = (
                request_body if request_body is None or isinstance(request_body, str) else json.dumps(request_body)
            )
            # A new session each: what an earlier answer taught would add a condition to the recorded request.
            session = AICSession(url, retries=0)
            given = {"data": content and content.encode(), "headers": sent, "allow_redirects": False}
            plainly = plain.request(method, url + path, **given)
            try:
                response = session.request(method, url + path, **given)
            except AICError as error:
                check_error(error, label, status, headers, body, method, path)
                response = error.response
            else:
                assert status < 400, label
            assert response.status_code == status
            assert response.content == plainly.content
            assert without_dates(response.headers) == without_dates(plainly.headers), label
            assert response.encoding == plainly.encoding
            plain.cookies.clear()
    assert count == expected


def check_error(error, label, status, headers, body, method, path):
    fallback = "ClientError" if status < 500 else "ServerError"
    assert type(error).__name__ == CLASSES.get(status, fallback), label
    assert isinstance(error, requests.HTTPError)
    said = words_of(body) if method != "HEAD" else None
    if said is not None:
        assert error.message == said, label
        shown = " ".join(said.split())[:200]
        assert shown in str(error), label
    ids = [value for name, value in headers if name.lower() == "x-forgerock-transactionid"]
    if ids:
        assert error.transaction_id == ids[0]
    if body.startswith("{") and method != "HEAD":
        parsed = json.loads(body)
        assert error.code == parsed.get("code")
        assert error.detail == parsed.get("detail")
        policies = (
            (parsed.get("detail") or {}).get("failedPolicyRequirements", [])
            if isinstance(parsed.get("detail"), dict)
            else []
        )
        assert error.failed_policies == policies
    line = str(error)
    assert "\n" not in line
    assert line.startswith(str(status))
    assert SECRET not in line + repr(error) + str(error.args)
    assert "?" not in line.partition(": ")[2].partition(": ")[0], "no query in the message"


def without_dates(headers):
    return {name.lower(): value for name, value in headers.items()}
