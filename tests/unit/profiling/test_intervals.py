"""Intervals of a mean and of the next measurement."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_profiling.intervals import Interval, Summary, quantile, summarise

_values = st.lists(st.floats(0, 1e9), min_size=1, max_size=50)


def test_a_summary_is_what_a_textbook_computes():
    """Five values, mean 3, s = √2.5, t(0.975; 4) = 2.776445: worked by hand."""
    summary = summarise([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (summary.count, summary.mean, summary.p50, summary.p90) == (5, 3.0, 3.0, 4.6)
    assert (summary.mean_interval.low, summary.mean_interval.high) == pytest.approx((1.036757, 4.963243), abs=1e-6)
    assert (summary.prediction.low, summary.prediction.high) == pytest.approx((0.0, 7.808944), abs=1e-6)


def test_one_measurement_has_no_interval():
    """Nothing is known of its spread, so nothing is claimed."""
    assert summarise([2.5]) == Summary(count=1, mean=2.5, p50=2.5, p90=2.5, mean_interval=None, prediction=None)


def test_no_measurement_has_no_summary():
    """Unknown is not zero."""
    assert summarise([]) is None


def test_equal_measurements_have_intervals_without_width():
    """No spread, no doubt."""
    point = Interval(low=0.1, high=0.1)
    assert summarise([0.1] * 7) == Summary(count=7, mean=0.1, p50=0.1, p90=0.1, mean_interval=point, prediction=point)


@given(_values)
def test_intervals_hold_the_mean_and_nest(values):
    """The mean lies among the values and in its interval, which lies in the prediction interval; none is negative."""
    summary = summarise(values)
    assert min(values) <= summary.mean <= max(values)
    if len(values) > 1:
        inner, outer = summary.mean_interval, summary.prediction
        assert 0 <= outer.low <= inner.low <= summary.mean <= inner.high <= outer.high


@given(_values, st.floats(0.001, 1000))
def test_a_change_of_unit_changes_only_the_unit(values, factor):
    """Summaries in milliseconds are those in seconds, times a thousand."""
    one, other = summarise(values), summarise([value * factor for value in values])
    assert (other.mean, other.p50, other.p90) == pytest.approx(
        (one.mean * factor, one.p50 * factor, one.p90 * factor), rel=1e-9, abs=1e-9
    )


@given(_values, st.floats(0, 1), st.floats(0, 1))
def test_quantiles_grow_and_stay_among_the_values(values, one, other):
    """A larger fraction never gives a smaller quantile."""
    low, high = sorted((one, other))
    assert min(values) <= quantile(values, low) <= quantile(values, high) <= max(values)


@pytest.mark.parametrize("count", [4, 8, 20])
def test_prediction_intervals_hold_what_they_promise(count):
    """Of 2,000 seeded draws the next value falls inside in 95%, and the true mean inside the mean's interval."""
    draw = random.Random(count)
    inside = mean_inside = 0
    for _ in range(2000):
        values = [draw.gauss(100, 5) for _ in range(count)]
        summary = summarise(values)
        inside += summary.prediction.low <= draw.gauss(100, 5) <= summary.prediction.high
        mean_inside += summary.mean_interval.low <= 100 <= summary.mean_interval.high
    assert (inside / 2000, mean_inside / 2000) == pytest.approx((0.95, 0.95), abs=0.02)
