"""Prices and limits."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_providers.errors import BudgetExceededError
from parley_providers.prices import Price, Prices
from parley_providers.spending import Limits, Spending
from parley_providers.usage import Usage

USAGE = Usage(prompt_tokens=1000, cached_prompt_tokens=500, output_tokens=100)
API = "https://api.example.com"


@dataclass
class Noon:
    def monotonic_ns(self) -> int:
        return 0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class Book:
    usd: float

    def spent_usd(self, day) -> float:
        return self.usd


def test_a_cached_token_costs_less_than_a_new_one():
    """The library's price knows the difference; 1,000 tokens of which 500 were cached cost less than 1,000 new ones."""
    new = Usage(prompt_tokens=1000, output_tokens=100)
    costs = [
        Prices().cost_usd(provider="anthropic", origin=API, model="claude-sonnet-4-5", usage=usage)
        for usage in (USAGE, new)
    ]
    assert None not in costs
    assert 0 < costs[0] < costs[1]


@pytest.mark.parametrize(
    ("prices", "origin", "model", "usage", "expected"),
    [
        (Prices(), "http://127.0.0.1:11434", "anything", Usage(), 0.0),
        (Prices(), API, "a-model-that-nobody-sells", USAGE, None),
        (Prices(), API, "claude-sonnet-4-5", Usage(prompt_tokens=5), None),
        (Prices({"mine/m": Price(input_usd=2.0, output_usd=10.0)}), API, "m", USAGE, 0.003),
    ],
)
def test_local_is_free_and_unknown_is_unknown(prices, origin, model, usage, expected):
    """An own price wins; a count or a price that is not known gives no cost, not a cost of nothing."""
    assert prices.cost_usd(provider="mine", origin=origin, model=model, usage=usage) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        (Limits(request_usd=0.5), "request"),
        (Limits(session_usd=0.5), "session"),
        (Limits(day_usd=0.5), "day"),
    ],
)
def test_what_could_pass_a_limit_is_refused_before_it_is_sent(limits, name):
    """The message names the limit, the setting, and that nothing was sent."""
    with pytest.raises(BudgetExceededError, match=rf"nothing was sent\. Raise budget\.{name}_usd"):
        Spending(limits=limits, clock=Noon()).reserve(0.6, "m")


def test_a_day_counts_what_other_processes_spent():
    """As the ledger knows it."""
    spending = Spending(limits=Limits(day_usd=1.0), clock=Noon(), ledger=Book(0.95))
    spending.learn()
    with pytest.raises(BudgetExceededError, match=r"\$0\.9500 of the day budget"):
        spending.reserve(0.1, "m")


def test_an_unknown_price_is_refused_only_under_a_budget():
    """Unknown is not zero."""
    with pytest.raises(BudgetExceededError, match="price of m is unknown"):
        Spending(limits=Limits(day_usd=1.0), clock=Noon()).reserve(None, "m")
    assert Spending(limits=Limits(), clock=Noon()).reserve(None, "m").usd == 0.0


@given(st.lists(st.tuples(st.floats(0, 0.4), st.none() | st.floats(0, 1)), max_size=30))
def test_a_session_never_spends_more_than_its_limit(calls):
    """Whatever calls are made and settled, as long as none costs more than its worst case."""
    spending = Spending(limits=Limits(session_usd=1.0), clock=Noon())
    spent = 0.0
    for worst, share in calls:
        try:
            reservation = spending.reserve(worst, "m")
        except BudgetExceededError:
            continue
        cost = None if share is None else worst * share
        spending.settle(reservation, cost)
        spent += worst if cost is None else cost
    assert spent <= 1.0 + 1e-9
    assert spending.session_usd == pytest.approx(spent)
