"""Recorded answers of real servers, where a checkout has them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest


def recordings(name: str) -> list[dict[str, Any]]:
    """The lines of a file in the folder that AIC_REQUESTS_RECORDINGS names; without it the test is skipped."""
    folder = os.environ.get("AIC_REQUESTS_RECORDINGS")
    if not folder:
        pytest.skip("AIC_REQUESTS_RECORDINGS names no folder of recordings; they are not published with the code")
    file = Path(folder) / name
    assert file.is_file(), f"AIC_REQUESTS_RECORDINGS is set, and {file.name} is not there"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
