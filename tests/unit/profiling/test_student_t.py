"""Student's t: as the tables print it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_profiling.student_t import cumulative, quantile


@pytest.mark.parametrize(
    ("probability", "degrees", "tabulated"),
    [
        (0.975, 1, 12.7062),
        (0.975, 2, 4.30265),
        (0.975, 3, 3.18245),
        (0.975, 5, 2.57058),
        (0.975, 10, 2.22814),
        (0.975, 30, 2.04227),
        (0.975, 120, 1.97993),
        (0.95, 1, 6.31375),
        (0.95, 9, 1.83311),
        (0.995, 5, 4.03214),
        (0.9995, 4, 8.61030),
        (0.9, 60, 1.29582),
        (0.75, 2, 0.81650),
    ],
)
def test_quantiles_are_those_of_printed_tables(probability, degrees, tabulated):
    """NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2, and usual textbooks."""
    assert quantile(probability, degrees) == pytest.approx(tabulated, rel=2e-5)


def test_with_many_degrees_it_is_the_normal_distribution():
    """The limit of t is the normal quantile 1.959964."""
    assert quantile(0.975, 10**7) == pytest.approx(1.959964, abs=1e-6)


@given(st.floats(1e-6, 1 - 1e-6), st.integers(1, 100_000))
def test_the_quantile_undoes_the_cumulative_distribution(probability, degrees):
    """Going there and back gives the probability again."""
    assert cumulative(quantile(probability, degrees), degrees) == pytest.approx(probability, rel=1e-7, abs=1e-11)


@given(st.floats(-1e6, 1e6), st.integers(1, 1000))
def test_one_degree_is_the_cauchy_distribution_and_all_are_symmetric(t, degrees):
    """With one degree 1/2 + atan(t)/π; P(−t) = 1 − P(t) for any."""
    assert cumulative(t, 1) == pytest.approx(0.5 + math.atan(t) / math.pi, abs=1e-12)
    assert cumulative(-t, degrees) == pytest.approx(1 - cumulative(t, degrees), abs=1e-12)


@pytest.mark.parametrize(("t", "probability"), [(math.inf, 1.0), (1e200, 1.0), (-math.inf, 0.0), (0.0, 0.5)])
def test_the_ends_and_the_middle_are_exact(t, probability):
    """No rounding at minus infinity, zero and infinity."""
    assert cumulative(t, 4) == pytest.approx(probability, abs=1e-15)


@pytest.mark.parametrize(("probability", "degrees"), [(0, 3), (1, 3), (float("nan"), 3), (0.5, 0), (0.5, -1)])
def test_what_has_no_quantile_is_refused(probability, degrees):
    """Probabilities outside (0, 1) and degrees that are not positive."""
    with pytest.raises(ValueError, match="no quantile of t"):
        quantile(probability, degrees)
