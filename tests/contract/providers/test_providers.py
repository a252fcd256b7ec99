"""What every provider promises, whatever its wire: the same plays on every stage, and the same outcomes."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from parley_providers.collect import collect
from parley_providers.errors import (
    BadRequestError,
    ContextWindowError,
    DeadlineExceededError,
    ModelNotFoundError,
    OverloadedError,
    ProviderError,
    ServerError,
    StreamTruncatedError,
)
from parley_providers.messages import TextPart, user
from parley_providers.provider import Provider
from parley_providers.requests import (
    Deadlines,
    FinishReason,
    LLMRequest,
    PartDelta,
    PartEnd,
    PartStart,
    StreamFinish,
    StreamStart,
    StreamUsage,
)
from parley_providers.usage import Usage
from support.provider_stages import (
    EVERY,
    MODEL,
    OUTPUT_TOKENS,
    PROMPT_TOKENS,
    SERVED,
    Play,
    embedded,
    llama_server,
    ollama,
    scripted,
)
from support.streams import seen

every_provider = pytest.mark.parametrize("stage", EVERY, ids=lambda stage: stage.__name__)
every_served_provider = pytest.mark.parametrize("stage", SERVED, ids=lambda stage: stage.__name__)


def _ask(**more):
    return LLMRequest(messages=(user("hi"),), task_class="explain", model=MODEL, **more)


async def _outcome(stage, play, folder, request=None):
    async with stage(play, folder) as staged:
        return await seen(staged.provider.stream(request or _ask()))


@every_provider
async def test_it_is_a_provider(stage, tmp_path):
    """The whole protocol is there, and there is a name and an origin."""
    async with stage(Play(), tmp_path) as staged:
        assert isinstance(staged.provider, Provider)
        assert staged.provider.name
        assert staged.provider.origin == ("" if stage in (scripted, embedded) else staged.server.url)
        assert await staged.provider.is_available()


@every_provider
async def test_events_come_in_order(stage, tmp_path):
    """The start first, a part's pieces within it, the counts, the finish last."""
    async with stage(Play(), tmp_path) as staged:
        events, error = await seen(staged.provider.stream(_ask()))
    assert error is None
    assert isinstance(events[0], StreamStart)
    assert events[0].route.model == MODEL
    assert [event for event in events[1:] if not isinstance(event, StreamUsage)] == [
        PartStart(index=0, kind="text"),
        PartDelta(index=0, text="Hel"),
        PartDelta(index=0, text="lo"),
        PartEnd(index=0, part=TextPart(text="Hello")),
        StreamFinish(reason=FinishReason.STOP, raw=staged.stop),
    ]


@every_provider
async def test_complete_is_the_stream_added_up(stage, tmp_path):
    """There is one way to an answer, not two."""
    async with stage(Play(), tmp_path) as staged:
        whole = await staged.provider.complete(_ask())
        assert (whole.text, whole.finish) == ("Hello", FinishReason.STOP)
        assert whole.usage == Usage(prompt_tokens=PROMPT_TOKENS, output_tokens=OUTPUT_TOKENS)
        streamed = await collect(staged.provider.stream(_ask()))
        assert (streamed.parts, streamed.usage, streamed.route) == (whole.parts, whole.usage, whole.route)


@every_provider
async def test_counts_that_are_not_told_stay_unknown(stage, tmp_path):
    """Unknown is not zero."""
    async with stage(Play(counts=False), tmp_path) as staged:
        assert (await staged.provider.complete(_ask())).usage == Usage()


@every_provider
@pytest.mark.parametrize("ending", ["truncated", "dropped"])
async def test_an_answer_that_does_not_finish_is_an_error(stage, ending, tmp_path):
    """Whether the stream ends cleanly or the connection breaks: no part is whole, and there is no finish."""
    events, error = await _outcome(stage, Play(ending=ending), tmp_path)
    assert type(error) is StreamTruncatedError
    assert not [event for event in events if isinstance(event, PartEnd | StreamFinish)]


@every_provider
async def test_an_error_within_an_answer_is_an_error(stage, tmp_path):
    """After 200 and some text."""
    events, error = await _outcome(stage, Play(ending="error"), tmp_path)
    assert type(error) is ServerError
    assert not [event for event in events if isinstance(event, StreamFinish)]


@every_provider
async def test_silence_within_an_answer_is_a_deadline(stage, tmp_path):
    """The idle one."""
    _, error = await _outcome(stage, Play(ending="silent"), tmp_path, _ask(deadlines=Deadlines(idle_s=0.1)))
    assert type(error) is DeadlineExceededError


@every_provider
@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        ("overloaded", OverloadedError),
        ("server", ServerError),
        ("bad_request", BadRequestError),
        ("context_window", ContextWindowError),
    ],
)
async def test_a_refusal_is_typed_and_says_whose_it_is(stage, refusal, kind, tmp_path):
    """Nothing was streamed; the error names the provider and the model."""
    async with stage(Play(refusal=refusal), tmp_path) as staged:
        events, error = await seen(staged.provider.stream(_ask()))
    assert (events, type(error)) == ([], kind)
    assert (error.provider, error.model) == (staged.provider.name, MODEL)


@every_provider
async def test_a_schema_goes_to_the_server_as_it_is(stage, tmp_path):
    """Bounds, `anyOf` and `additionalProperties` included."""
    schema = {
        "type": "object",
        "properties": {"n": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}},
        "additionalProperties": False,
    }
    async with stage(Play(pieces=('{"n"', ": 3}")), tmp_path) as staged:
        await staged.provider.complete(_ask(json_schema=schema))
        assert staged.schemas == [schema]


@every_provider
async def test_every_model_that_is_listed_can_be_looked_at(stage, tmp_path):
    """And one that is not there cannot."""
    async with stage(Play(), tmp_path) as staged:
        listed = await staged.provider.models()
        assert [facts.provider for facts in listed] == [staged.provider.name]
        assert [await staged.provider.facts(facts.name) for facts in listed] == list(listed)
        with pytest.raises(ProviderError) as raised:
            await staged.provider.facts("nope")
    assert raised.value.kind == ModelNotFoundError.kind


@every_served_provider
async def test_leaving_a_stream_closes_its_connection(stage, tmp_path):
    """The server sees it, so that it can stop."""
    async with stage(Play(ending="silent"), tmp_path) as staged:
        async with aclosing(staged.provider.stream(_ask())) as events:
            async for event in events:
                if isinstance(event, PartDelta):
                    break
        async with asyncio.timeout(5):
            await staged.server.exchanges[-1].gone.wait()


@every_served_provider
async def test_cancelling_a_task_closes_its_connection(stage, tmp_path):
    """While it waits for the next piece; the cancellation arrives as one."""
    came = asyncio.Event()

    async def read(provider):
        async with aclosing(provider.stream(_ask())) as events:
            async for event in events:
                if isinstance(event, PartDelta):
                    came.set()

    async with stage(Play(ending="silent"), tmp_path) as staged:
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(read(staged.provider))
            await came.wait()
            reading.cancel()
        assert reading.cancelled()
        async with asyncio.timeout(5):
            await staged.server.exchanges[-1].gone.wait()


@every_served_provider
async def test_two_answers_can_be_read_at_once(stage, tmp_path):
    """A provider has no state between them."""
    async with stage(Play(), tmp_path) as staged, asyncio.TaskGroup() as tasks:
        answers = [tasks.create_task(staged.provider.complete(_ask())) for _ in range(2)]
    assert [answer.result().text for answer in answers] == ["Hello", "Hello"]


@every_provider
async def test_closing_twice_is_closing(stage, tmp_path):
    """Nobody has to count."""
    async with stage(Play(), tmp_path) as staged:
        await staged.provider.complete(_ask())
        await staged.provider.aclose()
        await staged.provider.aclose()


@pytest.mark.parametrize("stage", [ollama, llama_server], ids=lambda stage: stage.__name__)
async def test_a_server_that_is_gone_is_not_available(stage, tmp_path):
    """Which is told without an error."""
    async with stage(Play(), tmp_path) as staged:
        gone = type(staged.provider)("http://127.0.0.1:1")
        assert not await gone.is_available()
        await gone.aclose()
