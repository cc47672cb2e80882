"""Figures for people: no exponents where a person writes none, thousands set apart, as many digits as count."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import pytest
from hypothesis import given
from mlgen_runtime.core import text_table
from mlgen_runtime.core.figures import HUGE, TINY, figure, interval
from mlgen_runtime.core.page import limits
from mlgen_runtime.training.gate import Comparison


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (47168.3, "47,170"),
        (-47168.3, "-47,170"),
        (4.717e4, "47,170"),
        (123456789.5, "123,500,000"),
        (1234567.0, "1,234,567"),
        (1234567, "1,234,567"),
        (1990, "1990"),
        (9999.6, "10,000"),
        (1234.56, "1235"),
        (0.93119, "0.9312"),
        (0.931, "0.931"),
        (0.5, "0.5"),
        (0, "0"),
        (-0.0, "0"),
        (0.0004732, "0.0004732"),
        (0.00002871, "0.00002871"),
        (3.2e-9, "3.2e-09"),
        (2e16, "2e+16"),
        (99.996, "100"),
        (0.1 + 0.2, "0.3"),
        (math.nan, "nan"),
        (math.inf, "inf"),
    ],
)
def test_a_figure_is_written_as_a_person_writes_it(value: float, shown: str) -> None:
    """Rounded to four digits that count; a whole number is exact, and a year has no comma."""
    assert figure(value) == shown


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [(47168.34, 6, "47,168.3"), (0.000123456, 2, "0.00012"), (-3.899421730054339, 6, "-3.89942")],
)
def test_digits_are_as_many_as_asked_for(value: float, digits: int, shown: str) -> None:
    """Zeros in front do not count."""
    assert figure(value, digits) == shown


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 12), st.booleans())
def test_a_figure_is_the_number_to_its_digits(value: float, digits: int, sign: bool) -> None:
    """Read back it is the rounded number, whatever it is; no exponent where nobody writes one."""
    shown = figure(value, digits, sign=sign)

    whole = value.is_integer() and abs(value) < HUGE
    assert float(shown.replace(",", "")) == pytest.approx(value if whole else float(f"{value:.{digits}g}"), rel=1e-12)
    assert shown.startswith(("+", "-")) if sign else not shown.startswith("+")
    if value == 0 or TINY <= abs(value) < HUGE:
        assert "e" not in shown


def test_where_people_read_figures_they_are_written_so() -> None:
    """A comparison, an interval, a table of the terminal, and a page."""
    assert str(Comparison("a", "b", 47168.3, -120.4, 94000.0, better=True)) == "+47,170 [-120.4, +94,000]"
    assert interval(47168.3, 45000.2, 49999.9) == "47,170 [45,000, 50,000]"
    assert text_table.table([{"rmse": 47168.34}]) == ["rmse", "47,168"]
    assert limits(0.0, 4717000.0) == "0 to 4,717,000"
