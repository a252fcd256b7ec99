from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parley_providers.errors import ConnectionFailedError, ModelNotFoundError, NoModelError
from parley_providers.provider import ModelFacts, Provider
from parley_providers.requests import LLMRequest, LLMResponse, StreamEvent
from parley_providers.routing import Choices, LocalRouter, best_of, parameters_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from parley_providers.route import Route

GIGABYTE = 10**9


class Shelf:
    """A provider that has models and is never asked for an answer."""

    def __init__(self, name: str, *models: ModelFacts, on: bool = True, breaks: bool = False) -> None:
        self.name = name
        self.origin = ""
        self._models = models
        self._on = on
        self._breaks = breaks

    async def is_available(self) -> bool:
        return self._on

    async def models(self) -> tuple[ModelFacts, ...]:
        if self._breaks:
            raise ConnectionFailedError("gone")
        return self._models

    async def facts(self, model: str) -> ModelFacts:
        if not self._on:
            raise ConnectionFailedError("off")
        for each in self._models:
            if each.name == model:
                return each
        raise ModelNotFoundError(f"{model} is not here. Run: pull {model}", provider=self.name, model=model)

    def stream(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        raise NotImplementedError

    async def complete(self, request: LLMRequest) -> LLMResponse:
        raise NotImplementedError

    async def aclose(self) -> None:
        return


def facts(name: str, **known: object) -> ModelFacts:
    return ModelFacts(name=name, provider="ollama", **known)  # type: ignore[arg-type]


CODER = facts("qwen2.5-coder:7b", parameters="7.6B", quantization="Q4_K_M")
SMALL_CODER = facts("qwen2.5-coder:1.5b", parameters="1.5B", quantization="Q4_K_M")
HUGE_CODER = facts("qwen2.5-coder:32b", parameters="32.8B", quantization="Q4_K_M")
CHATTY = facts("llama3.2:3b", parameters="3.2B", quantization="Q4_K_M")
EMBEDDING = facts("code-embed", parameters="0.1B", abilities=frozenset({"embedding"}))
DOWNLOADED = Shelf("embedded", facts("qwen2.5-coder-1.5b"), facts("smollm2-135m"))
NOTHING_DOWNLOADED = Shelf("embedded", on=False)


def router(
    *servers: Provider, embedded: Provider = DOWNLOADED, choices: Choices | None = None, available: int = 16 * GIGABYTE
) -> LocalRouter:
    return LocalRouter(
        servers=servers,
        embedded=embedded,
        choices=choices or Choices(),
        available_bytes=lambda: available,
        advice="Fetch one.",
    )


async def routes(of: LocalRouter, model: str | None = None) -> Sequence[Route]:
    return await of.routes(LLMRequest(messages=(), task_class="custom", model=model))


def ids(found: Sequence[Route]) -> list[tuple[str, str]]:
    return [(f"{each.provider}/{each.model}", each.reason) for each in found]


async def test_a_running_ollama_with_a_fitting_coder_comes_before_a_download_which_is_the_fallback() -> None:
    """Found first, embedded second, and the reason says why."""
    found = await routes(router(Shelf("ollama", CHATTY, CODER)))
    assert ids(found) == [("ollama/qwen2.5-coder:7b", "found"), ("embedded/qwen2.5-coder-1.5b", "embedded")]
    assert found[0].why == (
        "ollama is running and has qwen2.5-coder:7b, a coder model that can be used now and fits into the 16.0 GB that "
        "are free."
    )


@pytest.mark.parametrize(
    "server",
    [Shelf("ollama", on=False), Shelf("ollama", breaks=True), Shelf("ollama"), Shelf("ollama", EMBEDDING)],
    ids=["off", "breaks", "empty", "embeds only"],
)
async def test_without_a_usable_server_the_downloaded_model_answers(server: Provider) -> None:
    """A server that is off, broken, empty, or only embeds is passed over in silence."""
    assert ids(await routes(router(server))) == [("embedded/qwen2.5-coder-1.5b", "embedded")]


async def test_nothing_is_downloaded_for_a_person_who_has_no_model() -> None:
    """The error says how to get one."""
    with pytest.raises(NoModelError, match=r"There is no model to ask\. Fetch one\."):
        await routes(router(Shelf("ollama", on=False), embedded=NOTHING_DOWNLOADED))


async def test_the_configured_model_is_the_only_route() -> None:
    """Whoever names a model gets that one or an error, never another."""
    configured = router(Shelf("ollama", CODER), choices=Choices(model="embedded/smollm2-135m"))
    assert ids(await routes(configured)) == [("embedded/smollm2-135m", "configured")]


async def test_the_requested_model_goes_before_the_configured_one() -> None:
    """A command's own option is the last word."""
    configured = router(Shelf("ollama", CODER), choices=Choices(model="embedded/smollm2-135m"))
    assert ids(await routes(configured, "ollama/qwen2.5-coder:7b")) == [("ollama/qwen2.5-coder:7b", "requested")]


async def test_a_bare_name_is_looked_up() -> None:
    """The provider that has it is found, whichever it is."""
    both = router(Shelf("ollama", CODER))
    assert ids(await routes(both, "qwen2.5-coder:7b")) == [("ollama/qwen2.5-coder:7b", "requested")]
    assert ids(await routes(both, "smollm2-135m")) == [("embedded/smollm2-135m", "requested")]


async def test_a_name_with_a_slash_that_names_no_provider_is_looked_up() -> None:
    """Ollama's own names may hold slashes."""
    theirs = facts("hf.co/someone/coder")
    assert ids(await routes(router(Shelf("ollama", theirs)), theirs.name)) == [(f"ollama/{theirs.name}", "requested")]


async def test_a_model_that_could_be_fetched_is_refused_with_the_command() -> None:
    """The embedded provider knows how to get it."""
    with pytest.raises(ModelNotFoundError, match=r"Run: pull qwen2.5-coder-0.5b"):
        await routes(router(Shelf("ollama", CODER)), "qwen2.5-coder-0.5b")


async def test_a_vendor_that_is_not_named_is_refused_with_the_way_to_name_it() -> None:
    """Whatever keys there are: nobody but the person lets it be asked."""
    with pytest.raises(NoModelError, match=r"anthropic is not named .* nothing was sent.*auth set anthropic"):
        await routes(router(), "anthropic/claude-sonnet-4-5")


async def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    """Among all that is here."""
    strict = Shelf("embedded", on=False)
    with pytest.raises(NoModelError, match=r"has a model called 'qwen2.5-coder'. Did you mean ollama/qwen2.5-coder:7b"):
        await routes(router(Shelf("ollama", CODER), embedded=strict), "qwen2.5-coder")


async def test_the_preferred_embedded_model_is_taken_where_it_is_downloaded() -> None:
    """And passed over where it is not."""
    chosen = router(choices=Choices(embedded_model="smollm2-135m"))
    missing = router(choices=Choices(embedded_model="qwen2.5-coder-0.5b"))
    assert ids(await routes(chosen)) == [("embedded/smollm2-135m", "embedded")]
    assert ids(await routes(missing)) == [("embedded/qwen2.5-coder-1.5b", "embedded")]


@pytest.mark.parametrize(
    ("here", "free_gb", "best"),
    [
        ((CHATTY, SMALL_CODER), 16, SMALL_CODER),
        ((SMALL_CODER, CODER), 16, CODER),
        ((SMALL_CODER, CODER), 4, SMALL_CODER),
        ((CODER, HUGE_CODER), 64, CODER),
        ((CHATTY, HUGE_CODER), 64, HUGE_CODER),
        ((CHATTY, HUGE_CODER), 8, CHATTY),
        ((facts("coder-of-unknown-size"), SMALL_CODER), 16, SMALL_CODER),
        ((EMBEDDING,), 16, None),
        ((CODER,), 1, None),
    ],
)
def test_coders_that_fit_come_first_and_larger_ones_while_they_are_comfortable(
    here: tuple[ModelFacts, ...], free_gb: int, best: ModelFacts | None
) -> None:
    """What a person without a graphics card would choose."""
    assert best_of(here, free_gb * GIGABYTE) == best


def test_a_loaded_model_fits_by_being_there() -> None:
    """Free memory says nothing about what is loaded already."""
    loaded = facts("qwen2.5-coder:7b", parameters="7.6B", quantization="Q4_K_M", loaded=True)
    assert best_of((loaded,), 0) == loaded


@pytest.mark.parametrize(
    ("known", "count"),
    [
        (facts("a", parameters="7.6B"), 7.6e9),
        (facts("a", parameters="494.03M"), 494.03e6),
        (facts("phi:3.8b-mini"), 3.8e9),
        (facts("mistral"), None),
    ],
)
def test_the_size_is_read_from_what_the_server_says_or_the_name(known: ModelFacts, count: float | None) -> None:
    """Unknown stays unknown."""
    assert parameters_of(known) == count
