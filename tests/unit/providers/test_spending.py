"""Prices and limits."""

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_providers.errors import BudgetExceededError, BudgetUnknownError
from parley_providers.messages import (
    ImagePart,
    Message,
    ReasoningPart,
    Role,
    ToolCallPart,
    ToolResultPart,
    user,
)
from parley_providers.prices import Price, Prices
from parley_providers.requests import LLMRequest
from parley_providers.spending import Claim, Limits, Spending, worst_case
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
    """A ledger that holds what one process set aside in it, beside what the day has cost already."""

    used_usd: float = 0.0
    error: Exception | None = None
    claims: dict[str, Claim] = field(default_factory=dict)
    may_answer: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    def set_aside(self, claim: Claim) -> float | None:
        self.may_answer.wait(30)
        if self.error is not None:
            raise self.error
        used = self.used_usd + sum(each.usd for each in self.claims.values())
        if used + claim.usd > claim.limit_usd:
            return used
        self.claims[claim.reservation_id] = claim
        return None

    def release(self, reservation_id: str) -> None:
        self.claims.pop(reservation_id, None)


def spending_of(book: Book | None = None, **limits: float) -> Spending:
    ids = count()
    return Spending(limits=Limits(**limits), clock=Noon(), ledger=book, new_id=lambda: str(next(ids)))


def test_a_cached_token_costs_less_than_a_new_one_and_one_that_is_put_there_more():
    """The library's price knows the difference; here for 1,000 tokens of which 500 were cached."""
    new = Usage(prompt_tokens=1000, output_tokens=100)
    costs = [
        Prices().cost_usd(provider="anthropic", origin=API, model="claude-sonnet-4-5", usage=usage)
        for usage in (USAGE, new, replace(new, written_prompt_tokens=500))
    ]
    assert costs == sorted({cost for cost in costs if cost})
    assert len(costs) == 3


def test_the_worst_case_is_the_dearest_way_to_read_a_prompt():
    """Whatever of a prompt comes from a cache, or is put there, costs no more than what was set aside."""
    worst = worst_case(LLMRequest(messages=(user("x" * 4000),), task_class="explain"))
    told = [
        replace(worst, cached_prompt_tokens=read, written_prompt_tokens=written)
        for read, written in ((0, 0), (500, 1000), (0, worst.prompt_tokens))
    ]
    price = partial(Prices().cost_usd, provider="anthropic", origin=API, model="claude-sonnet-4-5")
    assert max(price(usage=usage) for usage in told) == price(usage=worst)


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


@pytest.mark.parametrize("name", ["request", "session", "day"])
async def test_what_could_pass_a_limit_is_refused_before_it_is_sent(name):
    """The message names the limit, the setting, and that nothing was sent."""
    with pytest.raises(BudgetExceededError, match=rf"nothing was sent\. Raise budget\.{name}_usd"):
        await spending_of(**{f"{name}_usd": 0.5}).reserve(0.6, "m")


async def test_a_day_counts_what_other_processes_spent_and_set_aside():
    """As the ledger knows it; what this process set aside stands in it until it is settled."""
    book = Book(0.75)
    spending = spending_of(book, day_usd=1.0)
    with pytest.raises(BudgetExceededError, match=r"\$0\.7500 of the day budget"):
        await spending.reserve(0.5, "m")
    reservation = await spending.reserve(0.25, "m")
    assert book.claims == {"1": Claim(reservation_id="1", at=Noon().now(), usd=0.25, limit_usd=1.0)}
    spending.settle(reservation, 0.125)
    assert (book.claims, spending.session_usd) == ({}, 0.125)


async def test_an_unknown_cost_stays_in_the_book():
    """A call that broke off may have cost its worst case."""
    book = Book()
    spending = spending_of(book, day_usd=1.0)
    spending.settle(await spending.reserve(0.25, "m"), None)
    assert ([each.usd for each in book.claims.values()], spending.session_usd) == ([0.25], 0.25)


async def test_a_book_that_cannot_be_read_refuses_what_costs_and_lets_pass_what_is_free():
    """A local model answers whatever became of the records."""
    spending = spending_of(Book(error=BudgetUnknownError("unreadable")), day_usd=1.0)
    with pytest.raises(BudgetUnknownError, match="unreadable"):
        await spending.reserve(0.25, "m")
    assert (await spending.reserve(0.0, "local")).usd == 0.0
    assert (await spending_of(Book(error=BudgetUnknownError("unreadable"))).reserve(0.25, "m")).usd == 0.25


async def test_what_is_free_passes_a_budget_that_is_spent():
    """A call may cost more than its worst case was thought to be; that shuts nobody out who asks for nothing."""
    spending = spending_of(session_usd=1.0)
    spending.settle(await spending.reserve(0.5, "m"), 2.0)
    assert (await spending.reserve(0.0, "local")).usd == 0.0


async def test_a_request_that_is_given_up_while_the_book_is_slow_leaves_nothing_in_it():
    """The claim is taken out again once it is in."""
    book = Book()
    book.may_answer.clear()
    spending = spending_of(book, day_usd=1.0, session_usd=1.0)
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(spending.reserve(1.0, "m"))
        await asyncio.sleep(0)
        asked.cancel()
    assert asked.cancelled()
    book.may_answer.set()
    async with asyncio.timeout(30):
        while True:
            with suppress(BudgetExceededError):
                await spending.reserve(1.0, "m")
                break
    assert list(book.claims) == [max(book.claims, key=int)]


async def test_a_request_that_is_given_up_while_the_book_is_slow_hears_nothing_of_its_fault():
    """There is nothing to take out, and nobody is there to be told."""
    book = Book(error=BudgetUnknownError("unreadable"))
    book.may_answer.clear()
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(spending_of(book, day_usd=1.0).reserve(1.0, "m"))
        await asyncio.sleep(0)
        asked.cancel()
    book.may_answer.set()
    await asyncio.get_running_loop().shutdown_default_executor()
    assert (asked.cancelled(), book.claims) == (True, {})


async def test_all_calls_of_a_request_share_its_limit():
    """Retries, fallbacks and repairs are one request to the person who pays."""
    spending = spending_of(request_usd=1.0)
    spending.settle(await spending.reserve(0.5, "m", request="r"), 0.5)
    under_way = await spending.reserve(0.25, "m", request="r")
    with pytest.raises(BudgetExceededError, match=r"\$0\.7500 of the request budget"):
        await spending.reserve(0.5, "m", request="r")
    spending.settle(under_way, 0.0)
    await spending.reserve(0.5, "m", request="r")
    await spending.reserve(1.0, "m", request="another")


async def test_an_unknown_price_is_refused_only_under_a_budget():
    """Unknown is not zero."""
    with pytest.raises(BudgetExceededError, match="price of m is unknown"):
        await spending_of(day_usd=1.0).reserve(None, "m")
    assert (await spending_of().reserve(None, "m")).usd == 0.0


@given(st.lists(st.tuples(st.floats(0, 0.4), st.none() | st.floats(0, 1)), max_size=30))
def test_a_session_never_spends_more_than_its_limit(calls):
    """Whatever calls are made and settled, as long as none costs more than its worst case."""

    async def run():
        spending = spending_of(session_usd=1.0)
        spent = 0.0
        for worst, share in calls:
            with suppress(BudgetExceededError):
                reservation = await spending.reserve(worst, "m")
                cost = None if share is None else worst * share
                spending.settle(reservation, cost)
                spent += worst if cost is None else cost
        assert spent <= 1.0 + 1e-9
        assert spending.session_usd == pytest.approx(spent)

    asyncio.run(run())


def test_an_answer_to_a_schema_is_reserved_twice():
    """It may be asked for once more, with the first answer and the schema in words."""
    plain = LLMRequest(messages=(user("x" * 2000),), task_class="refactor", max_output_tokens=100)
    once, twice = worst_case(plain), worst_case(replace(plain, json_schema={"type": "object"}))
    assert (once.output_tokens, twice.output_tokens) == (100, 200)
    assert twice.prompt_tokens > 2 * once.prompt_tokens + 100


@pytest.mark.parametrize(
    ("part", "least"),
    [
        (ToolResultPart(call_id="c", name="read", content="x" * 9000), 4500),
        (ToolCallPart(call_id="c", name="write", arguments={"text": "x" * 9000}), 4500),
        (ReasoningPart(text="", provider_meta={"encrypted": "x" * 9000}), 4500),
        (ImagePart(media_type="image/png", data=b"x"), 1600),
    ],
    ids=["what a tool answered", "what a tool was told", "what was thought", "an image"],
)
def test_everything_that_is_sent_is_reserved_for(part, least):
    """Not only the text of a talk: what tools say is most of a long one."""
    request = LLMRequest(messages=(Message(role=Role.USER, parts=(part,)),), task_class="explain")
    assert worst_case(request).prompt_tokens >= least


def test_thinking_beyond_the_answers_limit_is_reserved_for():
    """A vendor that wants a number gets it on top."""
    plain = LLMRequest(messages=(user("hi"),), task_class="explain", max_output_tokens=100)
    reserved = [worst_case(replace(plain, reasoning=effort)).output_tokens for effort in (None, "off", "low", "high")]
    assert reserved == [100, 100, 1124, 16_484]
