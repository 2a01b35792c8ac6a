"""Requests to a tenant, without a socket."""

import json

from aic_requests.testing.messages import Request

JSON = "application/json"


class Asked:
    """An answer, and its request asked with keywords: ``If_Match='"1"'`` is the header ``If-Match``."""

    def __init__(self, tenant, method, target, body=None, **headers):
        sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
        if body is not None and "Content_Type" not in headers:
            sent.append(("Content-Type", JSON))
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = [(name, value) for name, value in sent if value is not None]
        answer, _ = tenant.handle(Request(method, target, tuple(sent), content, "http://here"))
        self.status, self.content, self.rule = answer.status, answer.body, answer.rule
        self.headers = {name.lower(): value for name, value in answer.headers}
        self.date = self.headers.pop("date")
        self.tag = self.headers.get("etag")
        self.varies = sorted(value for name, value in answer.headers if name == "Vary")

    @property
    def json(self):
        return json.loads(self.content)
