"""What providers told of their models: remembered with its age, over restarts, and corrected by the person."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from parley_providers.adapters.scripted import ScriptedProvider, says
from parley_providers.errors import ModelNotFoundError, ServerError
from parley_providers.messages import user
from parley_providers.provider import ModelFacts
from parley_providers.remembered import FactsFile, FactsOverride, RememberingProvider
from parley_providers.requests import LLMRequest

BIG = ModelFacts(name="big", provider="away", window_tokens=1000, abilities=frozenset({"tools", "vision"}))


@dataclass
class Clock:
    moment: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self):
        return self.moment


class Counting(ScriptedProvider):
    """Counts how often it is asked for its models; may refuse."""

    asked_models = 0
    refuses = False

    async def models(self):
        if self.refuses:
            raise ServerError("It fell over.")
        self.asked_models += 1
        return await super().models()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def inner():
    return Counting([says("hello")], models=(BIG,), name="away", origin="https://away.example.com")


@pytest.fixture
def remembering(tmp_path, clock, inner):
    def build(**overrides):
        return RememberingProvider(inner, FactsFile(path=tmp_path / "new" / "facts.json"), clock, overrides)

    return build


async def test_models_are_asked_for_once_a_day_over_restarts(remembering, inner, clock):
    """A new process reads what the one before was told."""
    assert [await remembering().models() for _ in range(3)] == [(BIG,)] * 3
    assert inner.asked_models == 1
    clock.moment += timedelta(hours=24)
    await remembering().models()
    assert inner.asked_models == 2


async def test_a_clock_that_was_set_back_makes_it_stale(remembering, inner, clock):
    """Else it would be believed for years."""
    await remembering().models()
    clock.moment -= timedelta(days=400)
    await remembering().models()
    assert inner.asked_models == 2


async def test_what_was_told_stands_while_nobody_can_be_asked(remembering, inner, clock):
    """However old; without it the provider's own error is told."""
    inner.refuses = True
    with pytest.raises(ServerError):
        await remembering().models()
    inner.refuses = False
    await remembering().models()
    inner.refuses, clock.moment = True, clock.moment + timedelta(days=30)
    assert await remembering().models() == (BIG,)


async def test_the_person_corrects_what_was_told(remembering):
    """Window and abilities; what they leave out stays."""
    corrected = remembering(big=FactsOverride(window_tokens=500))
    assert await corrected.facts("big") == ModelFacts(
        name="big", provider="away", window_tokens=500, abilities=BIG.abilities
    )
    deaf = remembering(big=FactsOverride(abilities=frozenset({"tools"})))
    assert (await deaf.facts("big")).abilities == {"tools"}


async def test_a_model_that_is_not_remembered_is_asked_for(remembering):
    """It may be new."""
    with pytest.raises(ModelNotFoundError):
        await remembering().facts("newer")


@pytest.mark.parametrize("text", ["", "[]", '{"away at https://away.example.com": {"at": "x", "models": [1]}}'])
async def test_a_damaged_file_is_no_file(remembering, inner, text):
    """Everything in it can be asked again."""
    provider = remembering()
    provider.file.path.parent.mkdir()
    provider.file.path.write_text(text, encoding="utf-8")
    assert await provider.models() == (BIG,)
    assert inner.asked_models == 1


async def test_all_else_is_the_providers_own(remembering):
    """It answers as if it were asked directly."""
    provider = remembering()
    answer = await provider.complete(LLMRequest(messages=(user("hi"),), task_class="custom", model="big"))
    assert (provider.name, provider.origin, await provider.is_available(), answer.text) == (
        "away",
        "https://away.example.com",
        True,
        "hello",
    )
    await provider.aclose()
