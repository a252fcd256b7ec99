"""Student's t distribution: its cumulative distribution and quantiles, without a numerical library at start-up.

Formulas: NIST Digital Library of Mathematical Functions (DLMF), sections 8.17 and 26; checked against printed tables.
"""

from __future__ import annotations

import math
from functools import lru_cache

_TINY = 1e-300
_CLOSE = 1e-15


def cumulative(t: float, degrees: float) -> float:
    """The probability that a t variable with `degrees` > 0 degrees of freedom is at most `t`.

    With n degrees and t ≥ 0 the tail above is I(n / (n + t²); n/2, 1/2) / 2, and the part between 0 and t is
    I(t² / (n + t²); 1/2, n/2) / 2 (Abramowitz and Stegun, 26.7.1): whichever argument is small keeps its digits.
    """
    if math.isinf(t):
        return 1.0 if t > 0 else 0.0
    square = t * t
    if square < degrees:
        return 0.5 + math.copysign(_incomplete_beta(square / (degrees + square), 0.5, degrees / 2) / 2, t)
    tail = _incomplete_beta(degrees / (degrees + square), degrees / 2, 0.5) / 2
    return 1 - tail if t > 0 else tail


@lru_cache(maxsize=1024)
def quantile(probability: float, degrees: float) -> float:
    """The t at which `cumulative` reaches `probability`, by bisection to the last digits of a float.

    Raises:
        ValueError: `probability` is not between 0 and 1, or `degrees` is not positive.
    """
    if not 0 < probability < 1 or not degrees > 0:
        raise ValueError(f"no quantile of t at probability {probability} with {degrees} degrees of freedom")
    if probability < 0.5:
        return -quantile(1 - probability, degrees)
    low, high = 0.0, 1.0
    while cumulative(high, degrees) < probability and high < 1e300:
        low, high = high, high * 2
    while high - low > _CLOSE * max(1.0, high):
        middle = (low + high) / 2
        if cumulative(middle, degrees) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I(x; a, b); symmetry (DLMF 8.17.4) keeps the fraction convergent."""
    if x <= 0:
        return 0.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _continued_fraction(x, a, b) / a
    return 1 - front * _continued_fraction(1 - x, b, a) / b


def _continued_fraction(x: float, a: float, b: float) -> float:
    """DLMF 8.17.22, evaluated by Lentz's method as modified by Thompson and Barnett (1986)."""
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 10_000):  # pragma: no branch - it converges in the order of √max(a, b) steps
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            fraction *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return fraction


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
