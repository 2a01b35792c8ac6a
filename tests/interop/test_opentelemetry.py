"""OpenTelemetry's instrumentation (it wraps `Session.send`) sees one client span for each call of AICSession."""

import pytest
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from aic_requests import AICSession, NotFound, ServiceAccountAuth
from aic_requests.testing import ServiceAccount, Tenant

from ..keys import ACCOUNT, private_jwk

USER = "/openidm/managed/alpha_user/42"


@pytest.fixture
def spans():
    """What is finished so far: a function."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = RequestsInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    yield exporter.get_finished_spans
    instrumentor.uninstrument()
    provider.shutdown()


def status_of(span) -> int:
    """The attribute has an old and a new name, and OpenTelemetry is between them."""
    return span.attributes.get("http.response.status_code", span.attributes.get("http.status_code"))


def test_each_call_is_one_span(crest_url, spans):
    """Read, read again (304 on the wire), write: three client spans with the statuses that the caller sees."""
    with AICSession(crest_url) as session:
        session.get(USER)
        again = session.get(USER)
        session.put(USER, json={"userName": "grace"})

    assert (again.status_code, again.from_cache) == (200, True)
    assert [span.kind for span in spans()] == [SpanKind.CLIENT] * 3
    assert [status_of(span) for span in spans()] == [200, 200, 200]


def test_an_error_is_one_span(crest_url, spans):
    """A status that raises leaves one span, marked as an error, with the status."""
    with AICSession(crest_url) as session, pytest.raises(NotFound):
        session.get("/openidm/managed/alpha_user/43")

    (span,) = spans()
    assert (span.kind, span.status.status_code, status_of(span)) == (SpanKind.CLIENT, StatusCode.ERROR, 404)


def test_trace_context_reaches_the_server(crest_url, spans):
    """The trace's id goes out with the request, under which a server files its part of the trace."""
    with AICSession(crest_url) as session:
        response = session.get(USER)

    (span,) = spans()
    assert f"{span.context.trace_id:032x}" in response.request.headers["traceparent"]


def test_signing_in_is_a_span_of_its_own(spans):
    """The call for a token, then the request: no secret in either."""
    with Tenant(service_accounts=[ServiceAccount(ACCOUNT, private_jwk())]) as tenant:
        response = AICSession(tenant.url, auth=ServiceAccountAuth(ACCOUNT, private_jwk())).get("/openidm/info/login")

    token = response.request.headers["Authorization"].split()[1]
    assert [status_of(span) for span in spans()] == [200, 200]
    assert token not in str([span.to_json() for span in spans()])
    assert "eyJ" not in str([span.to_json() for span in spans()])
