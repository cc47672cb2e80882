"""Tests of forecasts have projects with the sample series."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def use_case() -> str:
    """The use case of a test's projects."""
    return "timeseries"
