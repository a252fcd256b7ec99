"""The scripted provider and its file."""

from pathlib import Path

import pytest

from parley_providers.adapters.script_file import read_script
from parley_providers.adapters.scripted import ScriptedAnswer, ScriptedFault, ScriptedPiece, ScriptedProvider, says
from parley_providers.errors import (
    BadRequestError,
    DeadlineExceededError,
    ModelNotFoundError,
    RateLimitedError,
    StreamTruncatedError,
)
from parley_providers.messages import ReasoningPart, TextPart, ToolCallPart, user
from parley_providers.requests import Deadlines, FinishReason, LLMRequest
from parley_providers.usage import Timings, Usage
from support.streams import seen

HASTY = Deadlines(idle_s=0.02, total_s=0.1)


def _ask(text="hi", task_class="explain", **more):
    return LLMRequest(messages=(user(text),), task_class=task_class, **more)


async def test_answers_are_taken_in_order_and_particular_ones_by_what_they_match():
    """An answer of a task class serves that class for ever; the others are given once each."""
    provider = ScriptedProvider(
        [says("Return the area.", task_class="docstring"), says("one", times=1), says("two", times=1)]
    )
    asked = [_ask(), _ask(task_class="docstring"), _ask(), _ask(task_class="docstring")]
    answers = [(await provider.complete(request)).text for request in asked]
    assert answers == ["one", "Return the area.", "two", "Return the area."]
    assert provider.asked == tuple(asked)


async def test_an_answer_can_be_for_what_a_message_contains():
    """`contains` is looked for in every message."""
    provider = ScriptedProvider([says("yes", contains="def area"), says("no")])
    assert (await provider.complete(_ask("def area(): ..."))).text == "yes"
    assert (await provider.complete(_ask("def volume(): ..."))).text == "no"


async def test_a_used_up_script_says_so():
    """There is never an invented answer."""
    with pytest.raises(BadRequestError, match="task class 'explain'"):
        await ScriptedProvider([]).complete(_ask())


async def test_everything_an_answer_holds_comes_out():
    """Reasoning, text, tool calls, usage and timings."""
    call = ToolCallPart(call_id="c1", name="read", arguments={"path": "a"})
    answer = ScriptedAnswer(
        pieces=(ScriptedPiece(text="hm", kind="reasoning"), ScriptedPiece(text="I look")),
        tool_calls=(call,),
        usage=Usage(output_tokens=3),
        timings=Timings(decode_ns=5),
    )
    response = await ScriptedProvider([answer]).complete(_ask())
    assert response.parts == (ReasoningPart(text="hm"), TextPart(text="I look"), call)
    assert (response.finish, response.raw_finish) == (FinishReason.TOOL_CALLS, "tool_calls")
    assert (response.usage, response.timings) == (Usage(output_tokens=3), Timings(decode_ns=5))


async def test_a_fault_comes_after_as_many_pieces_as_it_says():
    """With none the request is not even accepted."""
    fault = ScriptedFault(kind="rate_limit", message="Slower.", after_pieces=1, retry_after_s=2.0)
    pieces = (ScriptedPiece(text="a"), ScriptedPiece(text="b"))
    provider = ScriptedProvider([ScriptedAnswer(pieces=pieces, fault=fault)])
    events, error = await seen(provider.stream(_ask()))
    assert [getattr(event, "text", type(event).__name__) for event in events] == ["StreamStart", "PartStart", "a"]
    assert (type(error), str(error), error.retry_after_s) == (RateLimitedError, "Slower.", 2.0)
    at_once = ScriptedProvider([ScriptedAnswer(fault=ScriptedFault(kind="rate_limit", message="No."))])
    events, error = await seen(at_once.stream(_ask()))
    assert (events, type(error)) == ([], RateLimitedError)


@pytest.mark.parametrize(
    ("ending", "error"),
    [("truncated", StreamTruncatedError), ("endless", DeadlineExceededError), ("stalled", DeadlineExceededError)],
)
async def test_bad_endings_are_the_errors_that_a_server_would_cause(ending, error):
    """Truncated, endless and silent streams."""
    answer = ScriptedAnswer(pieces=(ScriptedPiece(text="x"),), ending=ending)
    with pytest.raises(error):
        await ScriptedProvider([answer]).complete(_ask(deadlines=Deadlines() if ending == "truncated" else HASTY))


async def test_only_its_own_models_are_known():
    """A model that it does not have is not found."""
    provider = ScriptedProvider([])
    (facts,) = await provider.models()
    assert await provider.facts("script") == facts
    with pytest.raises(ModelNotFoundError):
        await provider.facts("nope")


def test_a_script_file_is_read(tmp_path: Path):
    """Text by lines, JSON values, pieces with pauses, faults; comments and blank lines are left out."""
    path = tmp_path / "script.jsonl"
    path.write_text(
        "# a comment\n\n"
        '{"task_class": "docstring", "text": "One.\\nTwo."}\n'
        '{"json": {"names": {"x": "width"}}, "delay_ms": 20}\n'
        '{"pieces": ["a", {"text": "b", "delay_ms": 5, "kind": "reasoning"}], "ending": "truncated", "times": 2}\n'
        '{"contains": "q", "error": {"kind": "server", "message": "No.", "after_pieces": 1}, "finish": "length"}\n'
        '{"tool_calls": [{"call_id": "1", "name": "f", "arguments": {"a": 1}}], "usage": {"output_tokens": 1},'
        ' "timings": {"load_ns": 2}}\n'
    )
    assert read_script(path) == (
        ScriptedAnswer(pieces=(ScriptedPiece(text="One.\n"), ScriptedPiece(text="Two.")), task_class="docstring"),
        ScriptedAnswer(pieces=(ScriptedPiece(text='{"names": {"x": "width"}}', delay_s=0.02),), times=1),
        ScriptedAnswer(
            pieces=(ScriptedPiece(text="a"), ScriptedPiece(text="b", kind="reasoning", delay_s=0.005)),
            ending="truncated",
            times=2,
        ),
        ScriptedAnswer(
            fault=ScriptedFault(kind="server", message="No.", after_pieces=1),
            finish=FinishReason.LENGTH,
            contains="q",
        ),
        ScriptedAnswer(
            tool_calls=(ToolCallPart(call_id="1", name="f", arguments={"a": 1}),),
            usage=Usage(output_tokens=1),
            timings=Timings(load_ns=2),
            times=1,
        ),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"txt": "a"}', r"bad.jsonl:1 .*txt: Extra"),
        ("\nnot json", r"bad.jsonl:2 .*the line"),
        ('{"ending": "endless"}', "needs pieces"),
    ],
)
def test_a_wrong_line_is_named_with_its_fault(tmp_path: Path, content, message):
    """File, line and field stand in the message."""
    path = tmp_path / "bad.jsonl"
    path.write_text(content)
    with pytest.raises(BadRequestError, match=message):
        read_script(path)


def test_a_missing_script_is_named(tmp_path: Path):
    """No traceback for a file that is not there."""
    with pytest.raises(BadRequestError, match=r"nowhere.jsonl cannot be read"):
        read_script(tmp_path / "nowhere.jsonl")
