"""What every provider makes of an answer to a schema: it is of it, or was asked for once more, or is an error."""

from __future__ import annotations

import json

import pytest

from parley_providers.collect import collect
from parley_providers.errors import BadRequestError, SchemaNotHeldError
from parley_providers.messages import user
from parley_providers.requests import FinishReason, LLMRequest, PartDelta, StreamRestarted
from parley_providers.usage import Usage
from support.provider_stages import MODEL, OUTPUT_TOKENS, PROMPT_TOKENS, SERVED, Play
from support.streams import seen

every_served_provider = pytest.mark.parametrize("stage", SERVED, ids=lambda stage: stage.__name__)

SCHEMA = {
    "type": "object",
    "properties": {"lines": {"type": "array", "items": {"type": "integer"}}},
    "required": ["lines"],
    "additionalProperties": False,
}
RIGHT = Play(pieces=('{"lines": ', "[1, 2]}"))
WRONG = Play(pieces=('{"lines": ', '"both"}'))
ASK = LLMRequest(messages=(user("Which lines?"),), task_class="refactor", model=MODEL, json_schema=SCHEMA)


async def _seen(stage, play, folder):
    """The events and the error of one request, and the bodies that were asked with."""
    async with stage(play, folder) as staged:
        events, error = await seen(staged.provider.stream(ASK))
        return events, error, [exchange.body.decode() for exchange in staged.server.exchanges if exchange.body][-2:]


async def _whole(events):
    async def replayed():
        for event in events:
            yield event

    return await collect(replayed())


@every_served_provider
async def test_an_answer_of_the_schema_streams_as_it_comes(stage, tmp_path):
    """Nothing is held back, and nothing is asked twice."""
    events, error, _ = await _seen(stage, RIGHT, tmp_path)
    assert error is None
    assert [event.text for event in events if isinstance(event, PartDelta)] == ['{"lines": ', "[1, 2]}"]
    assert not [event for event in events if isinstance(event, StreamRestarted)]


@every_served_provider
async def test_an_answer_of_another_schema_is_asked_for_once_more(stage, tmp_path):
    """The model reads what is wrong, the person that what was shown is void; the tokens of both calls count."""
    wrong = Play(pieces=WRONG.pieces, then=RIGHT)
    events, error, bodies = await _seen(stage, wrong, tmp_path)
    assert error is None
    whole = await _whole(events)
    assert (json.loads(whole.text), whole.finish) == ({"lines": [1, 2]}, FinishReason.STOP)
    assert whole.usage == Usage(prompt_tokens=2 * PROMPT_TOKENS, output_tokens=2 * OUTPUT_TOKENS)
    (restarted,) = [event for event in events if isinstance(event, StreamRestarted)]
    assert restarted.reason == "The answer was not of its schema (at $.lines: 'both' is not of type 'array')."
    assert "'both' is not of type 'array'" not in bodies[0]
    assert "at $.lines: 'both' is not of type 'array'" in bodies[1]


@every_served_provider
async def test_a_second_answer_of_another_schema_is_an_error(stage, tmp_path):
    """Nobody is asked a third time."""
    events, error, bodies = await _seen(stage, WRONG, tmp_path)
    assert type(error) is SchemaNotHeldError
    assert "(at $.lines: 'both' is not of type 'array'). Nothing of it was used. Try again, or choose" in str(error)
    assert (error.provider, error.model) == (events[0].route.provider, MODEL)
    assert len(bodies) == 2


@every_served_provider
async def test_a_server_that_refuses_the_schema_is_asked_in_words(stage, tmp_path):
    """The person sees the value alone, whatever the model put around it."""
    said = ("Here it is:\n```json\n", '{"lines": [1, 2]}', "\n```\nGood luck!")
    events, error, bodies = await _seen(stage, Play(refusal="schema", then=Play(pieces=said)), tmp_path)
    assert error is None
    assert [event.text for event in events if isinstance(event, PartDelta)] == ['{"lines": [1, 2]}']
    asked = bodies[1].encode().decode("unicode_escape")
    assert "Answer with one JSON value of this JSON Schema" in asked
    assert json.dumps(SCHEMA) in asked.replace('\\"', '"')


@every_served_provider
async def test_a_server_that_refused_a_schema_is_not_asked_with_one_again(stage, tmp_path):
    """Of this model; the next answer is of its schema all the same, and costs one request."""
    play = Play(refusal="schema", then=RIGHT)
    async with stage(play, tmp_path) as staged:
        first, second = [await collect(staged.provider.stream(ASK)) for _ in range(2)]
        sent = [schema is not None for schema in staged.schemas]
    assert (json.loads(first.text), json.loads(second.text)) == ({"lines": [1, 2]}, {"lines": [1, 2]})
    assert sent == [True, False, False]


@every_served_provider
async def test_another_refusal_is_what_it_is(stage, tmp_path):
    """A wrong request does not become right by asking for less."""
    events, error, bodies = await _seen(stage, Play(refusal="bad_request"), tmp_path)
    assert (events, type(error)) == ([], BadRequestError)
    assert "nonsense" in bodies[-1] or "nonsense" in str(error)


@every_served_provider
async def test_words_around_the_value_are_taken_off(stage, tmp_path):
    """A server that ignores the schema in silence: what was streamed is void, and the value stands alone."""
    fenced = Play(pieces=("```json\n", '{"lines": []}', "\n```"))
    events, error, _ = await _seen(stage, fenced, tmp_path)
    assert error is None
    whole = await _whole(events)
    assert (whole.text, whole.usage.output_tokens) == ('{"lines": []}', OUTPUT_TOKENS)


@every_served_provider
async def test_an_answer_that_was_cut_is_passed_on(stage, tmp_path):
    """It says that it was cut; the same limit would cut a second one."""
    events, error, _ = await _seen(stage, Play(pieces=('{"lines": [1,',), ending="cut"), tmp_path)
    assert error is None
    whole = await _whole(events)
    assert (whole.text, whole.finish) == ('{"lines": [1,', FinishReason.LENGTH)
