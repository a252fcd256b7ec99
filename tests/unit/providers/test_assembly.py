"""Putting answers together from pieces."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_providers.assembly import AnswerAssembly, ToolArgumentsError
from parley_providers.messages import ReasoningPart, TextPart, ToolCallPart
from parley_providers.requests import PartDelta, PartEnd, PartStart

pieces = st.lists(st.tuples(st.sampled_from(["text", "reasoning"]), st.text()))


@given(pieces)
def test_parts_are_what_was_said_in_turn(said):
    """Each part starts, grows and ends, in order and one at a time; nothing is lost, doubled or reordered."""
    assembly = AnswerAssembly()
    events = []
    for kind, piece in said:
        events += assembly.text(piece) if kind == "text" else assembly.reasoning(piece)
    events += assembly.end()
    turns: list[list[str]] = []
    for kind, piece in ((kind, piece) for kind, piece in said if piece):
        if turns and turns[-1][0] == kind:
            turns[-1][1] += piece
        else:
            turns.append([kind, piece])
    parts = [TextPart(text=text) if kind == "text" else ReasoningPart(text=text) for kind, text in turns]
    assert [event.part for event in events if isinstance(event, PartEnd)] == parts
    open_index = None
    for event in events:
        match event:
            case PartStart(index=index):
                assert open_index is None
                open_index = index
            case PartDelta(index=index):
                assert index == open_index
            case PartEnd(index=index):
                assert index == open_index
                open_index = None
    assert [event.index for event in events if isinstance(event, PartStart)] == list(range(len(parts)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)
)
json_objects = st.dictionaries(st.text(), json_values, max_size=4)


@given(json_objects, st.data())
def test_arguments_may_come_in_any_pieces_and_none_of_their_beginnings_is_a_call(arguments, data):
    """Whole, they are the object; cut anywhere before the end, they are an error."""
    text = json.dumps(arguments)
    cut = data.draw(st.integers(1, len(text) - 1)) if len(text) > 1 else 1
    whole, half = AnswerAssembly(), AnswerAssembly()
    for piece in (text[:cut], text[cut:]):
        whole.tool_call_piece(0, call_id="c", name="f", arguments=piece)
    (end,) = whole.end()
    assert end == PartEnd(index=0, part=ToolCallPart(call_id="c", name="f", arguments=arguments))
    half.tool_call_piece(0, call_id="c", name="f", arguments=text[:cut])
    with pytest.raises(ToolArgumentsError) as raised:
        half.end()
    assert raised.value.name == "f"


def test_calls_may_come_side_by_side_and_after_text():
    """Each keeps its place, its own id, and the name that it began with."""
    assembly = AnswerAssembly()
    events = assembly.text("Look.")
    events += assembly.tool_call_piece(0, call_id="a", name="f", arguments='{"x":')
    events += assembly.tool_call_piece(1, call_id="", name="g", arguments="")
    events += assembly.tool_call_piece(0, call_id="", name="", arguments="1}")
    events += assembly.end()
    assert [event for event in events if isinstance(event, PartEnd)] == [
        PartEnd(index=0, part=TextPart(text="Look.")),
        PartEnd(index=1, part=ToolCallPart(call_id="a", name="f", arguments={"x": 1})),
        PartEnd(index=2, part=ToolCallPart(call_id="call_1", name="g", arguments={})),
    ]


@pytest.mark.parametrize(
    "text", ["[1]", "5", '"x"', "null", "{} {}", "NaN", '{"x": NaN}', '{"x": -Infinity}', '{"x":' + "[" * 100_000]
)
def test_arguments_that_are_no_object_are_an_error(text):
    """One object, and nothing else."""
    assembly = AnswerAssembly()
    assembly.tool_call_piece(0, call_id="c", name="f", arguments=text)
    with pytest.raises(ToolArgumentsError):
        assembly.end()
