"""With and without the short cuts."""

import pytest

from aic_requests.shortcuts import genuine


@pytest.fixture(params=["short cuts", "requests' own way"])
def either_way(request, monkeypatch):
    """Runs a test twice: what it asserts holds of requests as well."""
    monkeypatch.setattr(genuine, "ALLOWED", [request.param == "short cuts"])
    return request.param == "short cuts"


@pytest.fixture
def shortcuts(monkeypatch):
    """Whatever the environment says."""
    monkeypatch.setattr(genuine, "ALLOWED", [True])
