"""The order in which each strategy asks."""

from pathlib import Path

import pytest

from parley_providers import strategies
from parley_providers.messages import user
from parley_providers.requests import LLMRequest
from parley_providers.strategies import STRATEGIES, Candidate, Situation, StrategyName, cost_usd

LOCAL = Candidate(provider="ollama", model="small", local=True, quality=1)
CHEAP = Candidate(provider="a", model="cheap", local=False, quality=2, input_usd=1.0, output_usd=2.0)
BEST = Candidate(provider="b", model="best", local=False, quality=3, input_usd=10.0, output_usd=30.0)
UNPRICED = Candidate(provider="c", model="unpriced", local=False)
ALL = (BEST, UNPRICED, CHEAP, LOCAL)


def situation(*sick: Candidate, turn: int = 0) -> Situation:
    request = LLMRequest(messages=(user("hi"),), task_class="explain", max_output_tokens=1000)
    return Situation(request=request, prompt_tokens=2000, healthy=[each for each in ALL if each not in sick], turn=turn)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (StrategyName.PRIMARY_WITH_FALLBACK, (BEST, UNPRICED, CHEAP, LOCAL)),
        (StrategyName.ROUND_ROBIN, (BEST, UNPRICED, CHEAP, LOCAL)),
        (StrategyName.COST_OPTIMIZED, (LOCAL, CHEAP, BEST, UNPRICED)),
        (StrategyName.QUALITY_FIRST, (BEST, CHEAP, LOCAL, UNPRICED)),
        (StrategyName.LOCAL_FIRST, (LOCAL, BEST, UNPRICED, CHEAP)),
    ],
)
def test_each_strategy_has_its_order(name, expected):
    """With everyone healthy."""
    assert STRATEGIES[name](ALL, situation()) == expected


@pytest.mark.parametrize("name", list(StrategyName))
def test_the_sick_stand_last_and_nobody_is_lost(name):
    """A strategy reorders, it never drops; no candidates give no order."""
    ordered = STRATEGIES[name](ALL, situation(BEST, LOCAL))
    assert (set(ordered), set(ordered[2:])) == (set(ALL), {BEST, LOCAL})
    assert STRATEGIES[name]((), situation()) == ()


def test_the_strategy_that_contributors_are_shown_is_one():
    """As it stands in CONTRIBUTING.md, with nothing but the module around it."""
    text = (Path(__file__).parents[3] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = text.partition("## A new strategy")[2].partition("```python\n")[2].partition("```")[0]
    names = vars(strategies).copy()
    exec(shown, names)  # noqa: S102 - our own words
    assert names["best_local"](ALL, situation()) == (LOCAL, BEST, CHEAP, UNPRICED)
    assert names["best_local"](ALL, situation(LOCAL)) == (BEST, CHEAP, UNPRICED, LOCAL)


def test_round_robin_begins_with_the_next():
    """Turn by turn, and round."""
    firsts = [STRATEGIES[StrategyName.ROUND_ROBIN](ALL, situation(turn=turn))[0] for turn in range(5)]
    assert firsts == [BEST, UNPRICED, CHEAP, LOCAL, BEST]


def test_an_unknown_price_is_not_a_free_one():
    """Unknown is not zero; a local model is free."""
    costs = [cost_usd(each, situation()) for each in (LOCAL, CHEAP, UNPRICED)]
    assert costs == [0.0, pytest.approx(0.004), None]
