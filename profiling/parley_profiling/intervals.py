"""What a handful of measurements says: their mean and quantiles, how sure the mean is, and where the next may fall.

For quantities that cannot be negative, such as durations, rates and counts: lower bounds stop at zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_profiling.student_t import quantile as t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """From `low` to `high`, both included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Statistics of `count` ≥ 1 measurements, in their own unit.

    `mean_interval` holds the true mean, and `prediction` the next single measurement, each with a confidence of
    `LEVEL`, if measurements are independent and near normal; both are None for a single measurement. On public timings
    of local models the prediction interval holds what it promises from four measurements on.
    """

    count: int
    mean: float
    p50: float
    p90: float
    mean_interval: Interval | None
    prediction: Interval | None


def summarise(values: Sequence[float]) -> Summary | None:
    """The summary of `values`, which are finite and not negative; None where there are none.

    With n values of mean m and standard deviation s (n − 1 in its denominator) and t the quantile of Student's t with
    n − 1 degrees of freedom: the mean's interval is m ± t·s/√n, the prediction interval m ± t·s·√(1 + 1/n)
    (Hahn and Meeker, Statistical Intervals, 1991, sections 4.2 and 4.7).
    """
    if not values:
        return None
    count = len(values)
    mean = math.fsum(values) / count
    mean = min(max(mean, min(values)), max(values))  # rounding may not carry it outside
    mean_interval = prediction = None
    if count > 1:
        deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
        reach = t_quantile((1 + LEVEL) / 2, count - 1) * deviation
        mean_interval = _around(mean, reach / math.sqrt(count))
        prediction = _around(mean, reach * math.sqrt(1 + 1 / count))
    return Summary(
        count=count,
        mean=mean,
        p50=quantile(values, 0.5),
        p90=quantile(values, 0.9),
        mean_interval=mean_interval,
        prediction=prediction,
    )


def quantile(values: Sequence[float], fraction: float) -> float:
    """The `fraction` quantile of at least one value, interpolated (Hyndman and Fan, 1996, type 7)."""
    ordered = sorted(values)
    at = (len(ordered) - 1) * fraction
    below = math.floor(at)
    above = min(below + 1, len(ordered) - 1)
    low, high = ordered[below], ordered[above]
    return min(max(low + (high - low) * (at - below), low), high)


def _around(mean: float, reach: float) -> Interval:
    return Interval(low=max(0.0, mean - reach), high=mean + reach)
