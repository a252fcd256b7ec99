"""Type hints, decisions in other languages, and what a provider may do meanwhile."""

import pytest

from parley_agent.refactor.requests import Proposed, Reading, Refused, Restarted, Routed, Streamed
from parley_agent.refactor.tasks import TaskClass
from parley_agent.refactor.turn import Turn
from parley_providers.errors import ServerError, StreamTruncatedError
from parley_providers.messages import TextPart
from parley_providers.requests import (
    FinishReason,
    LLMRequest,
    PartDelta,
    PartEnd,
    PartStart,
    StreamFinish,
    StreamReading,
    StreamRestarted,
    StreamStart,
)
from support.scripted_models import ROUTE

PICK = "def pick(rows, key, default=None):\n    ¦return rows.get(key, default)\n"


async def test_hints_are_written_and_proved(bench):
    """A type for each name; imports come along."""
    answer = '{"rows": "dict[str, int]", "key": "str", "default": "int | None", "return": "int | None"}'
    proposed = await bench(PICK, answer).last(TaskClass.TYPE_HINTS)
    assert proposed.proof == "proved"
    assert (await bench(PICK, answer).result(TaskClass.TYPE_HINTS)).startswith(
        "def pick(rows: dict[str, int], key: str, default: int | None = None) -> int | None:\n"
    )


async def test_a_value_is_no_type(bench):
    """It is left out and told; the types beside it are written."""
    answer = '{"rows": "Hello", "key": "str", "default": "None", "return": "int"}'
    proposed = await bench(PICK, answer).last(TaskClass.TYPE_HINTS)
    assert isinstance(proposed, Proposed)
    assert any("rows" in note for note in proposed.notes)


async def test_no_type_at_all_is_refused(bench):
    """After the repairs the person is told why."""
    answer = '{"rows": "Hello", "key": "What", "default": "Ever", "return": "Else"}'
    assert (await bench(PICK, answer, answer).last(TaskClass.TYPE_HINTS)).code == "no-good-type"


async def test_names_of_another_language_are_changed_by_its_grammar(bench):
    """JavaScript: camel case is asked for, and the renaming is proved."""
    code = "function f(rows) {\n  let ¦t = 0;\n  for (const row of rows) {\n    t += row.price;\n  }\n  return t;\n}\n"
    case = bench(code, '{"t": "totalPrice"}', language="javascript", path="/w/a.js")
    assert "totalPrice += row.price;" in await case.result(TaskClass.RENAME)
    assert case.models.requests[0].json_schema["properties"]["t"]["pattern"] == "^[a-z][A-Za-z0-9]{2,29}$"


async def test_another_language_is_documented_its_own_way(bench):
    """Go: a comment above the function, proved to change nothing else."""
    code = "package a\n\nfunc Add(x int) int {\n\t¦return x + 1\n}\n"
    case = bench(code, '{"docstring": "Add returns x plus one."}', language="go", path="/w/a.go")
    assert "// Add returns x plus one.\nfunc Add" in await case.result(TaskClass.DOCSTRING)


async def test_a_failure_of_the_model_is_raised(bench):
    """Its message is the provider's, for the person."""
    with pytest.raises(ServerError, match="The engine died"):
        await bench(PICK, ServerError("The engine died.")).run(TaskClass.TYPE_HINTS)


class Events:
    """A stream of given events."""

    def __init__(self, *events):
        self._events = events

    async def stream(self, request):
        for event in self._events:
            yield event


def asked(*events):
    return Turn(Events(*events), LLMRequest(messages=(), task_class="rename"), 1)


async def test_a_restart_voids_what_was_streamed():
    """Only the second provider's words count."""
    turn = asked(
        StreamStart(route=ROUTE),
        PartStart(index=0, kind="text"),
        PartDelta(index=0, text="half"),
        StreamRestarted(route=ROUTE, reason="The first one failed."),
        PartStart(index=0, kind="text"),
        PartDelta(index=0, text="whole"),
        PartEnd(index=0, part=TextPart(text="whole")),
        StreamFinish(reason=FinishReason.STOP, raw="stop"),
    )
    events = [event async for event in turn.events()]
    assert [type(event) for event in events[:5]] == [Routed, Streamed, Restarted, Routed, Streamed]
    assert turn.answer.text == "whole"


async def test_how_far_the_prompt_is_read_is_a_share():
    """Of what there is to read; of nothing there is none."""
    turn = asked(
        StreamStart(route=ROUTE),
        StreamReading(read_tokens=0, unread_tokens=8),
        StreamReading(read_tokens=6, unread_tokens=2),
        StreamReading(read_tokens=0, unread_tokens=0),
        StreamFinish(reason=FinishReason.STOP, raw="stop"),
    )
    assert [event async for event in turn.events()][1:-1] == [Reading(share=0.0), Reading(share=0.75)]


async def test_what_a_model_thinks_is_no_answer():
    """Reasoning is neither shown nor used."""
    turn = asked(
        StreamStart(route=ROUTE),
        PartStart(index=0, kind="reasoning"),
        PartDelta(index=0, text="hm"),
        PartStart(index=1, kind="text"),
        PartDelta(index=1, text="yes"),
        StreamFinish(reason=FinishReason.STOP, raw="stop"),
    )
    assert [event.text async for event in turn.events() if isinstance(event, Streamed)] == ["yes"]
    assert turn.answer.text == "yes"


async def test_an_answer_that_breaks_off_is_an_error():
    """Nothing of it is used."""
    turn = asked(StreamStart(route=ROUTE), PartStart(index=0, kind="text"), PartDelta(index=0, text="half"))
    with pytest.raises(StreamTruncatedError, match="nothing was changed"):
        [event async for event in turn.events()]


async def test_a_selection_behind_the_end_is_refused(bench):
    """The message says where the document ends."""
    case = bench(PICK)
    case.selection = type(case.selection)(start=9_000, end=9_000)
    refused = await case.last(TaskClass.RENAME)
    assert isinstance(refused, Refused)
    assert "behind the document's end" in refused.reason


async def test_a_fix_of_what_no_tool_reported_is_the_persons_own_wish(bench):
    """Without a diagnostic the words say what is wrong; with none left to say, there is nothing to fix."""
    case = bench("def half(n):\n    ¦return n / 0\n", "```python\ndef half(n):\n    return n / 2\n```")
    proposed = await case.last(instruction="fix the error in the division")
    assert (proposed.task, proposed.proof) == (TaskClass.CUSTOM, "unproved")
    assert (await case.last(instruction="fix this error")).code == "nothing-to-do"


@pytest.mark.parametrize(("language", "named"), [("cobol", "'cobol'"), ("", "this kind of file")])
async def test_a_language_without_a_grammar_is_refused_by_its_name(bench, language, named):
    """Where it has none, nothing stands in its place."""
    refused = await bench("¦root:x:0:0\n", language=language, path="/etc/passwd").last(TaskClass.DOCSTRING)
    assert refused.reason.startswith(f"Parley has no grammar for {named}, so no change could be checked.")
