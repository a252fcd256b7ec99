"""How long to wait before another attempt, and how many the budget allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_providers.errors import BadRequestError, RateLimitedError, ServerError
from parley_providers.retry import RetryBudget, RetrySettings, wait_s

SETTINGS = RetrySettings()


@given(attempt=st.integers(min_value=1, max_value=2), draw=st.floats(min_value=0, max_value=0.999))
def test_full_jitter_stays_below_the_exponential_ceiling(attempt, draw):
    """Between nothing and base × 2^(attempt−1)."""
    wait = wait_s(ServerError("x"), attempt, draw, SETTINGS)
    assert wait is not None
    assert 0 <= wait < 0.5 * 2 ** (attempt - 1)


@pytest.mark.parametrize(
    ("error", "attempt", "expected"),
    [
        (BadRequestError("x"), 1, None),
        (ServerError("x"), 3, None),
        (RateLimitedError("x", retry_after_s=5.0), 1, 5.25),
        (RateLimitedError("x", retry_after_s=61.0), 1, None),
        (RateLimitedError("x", retry_after_s=-3.0), 1, 0.25),
    ],
)
def test_what_the_error_says_decides(error, attempt, expected):
    """The request's fault is not retried, Retry-After is a floor, and an absurd one means: ask another."""
    assert wait_s(error, attempt, 0.5, SETTINGS) == expected


@given(st.lists(st.booleans(), max_size=400))
def test_retries_never_exceed_a_tenth_of_the_calls_and_the_start(calls):
    """However calls and retries alternate."""
    budget, sent, retried = RetryBudget(settings=SETTINGS), 0, 0
    for is_call in calls:
        if is_call:
            budget.earn()
            sent += 1
        elif budget.spend():
            retried += 1
    assert retried <= SETTINGS.budget_most + sent * SETTINGS.budget_share + 1e-6
