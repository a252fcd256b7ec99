"""Rename for clarity, from request to proposal."""

import json

from parley_agent.document import Span, TextEdit
from parley_agent.refactor.requests import Answered, Asked, Proposed, Refused, Repairing, Routed, Streamed
from parley_agent.refactor.tasks import TaskClass

TOTAL = "def total(prices):\n    ¦t = 0\n    for price in prices:\n        t += price\n    return t\n"


async def test_a_good_name_is_proposed_and_proved(bench):
    """The model names, the tool renames by scope, and the proof is told."""
    events = await bench(TOTAL, '{"t": "total_price"}').run(TaskClass.RENAME)
    assert [type(event) for event in events if not isinstance(event, Streamed)] == [Asked, Routed, Answered, Proposed]
    proposed = events[-1]
    assert proposed.edits == tuple(
        TextEdit(span=Span(start=at, end=at + 1), new_text="total_price") for at in (23, 62, 84)
    )
    assert (proposed.proof, proposed.notes) == ("proved", ())


async def test_what_passed_is_taken_and_the_rest_is_told(bench):
    """A name that hides a builtin is left, with the reason; the good one is applied."""
    code = "def f(a, /):\n    ¦t = 0\n    d = 1\n    return t + d\n"
    case = bench(code, '{"a": "list", "t": "subtotal", "d": "deposit"}')
    proposed = await case.last(TaskClass.RENAME)
    assert "subtotal = 0" in await bench(code, '{"a": "list", "t": "subtotal", "d": "deposit"}').result(
        TaskClass.RENAME
    )
    assert [note.partition(":")[0] for note in proposed.notes] == ["a"]


async def test_only_poor_names_are_offered(bench):
    """The schema asks for the names that are worth a better one, with a pattern for identifiers."""
    case = bench(TOTAL, '{"t": "total_price"}')
    await case.run(TaskClass.RENAME)
    assert case.models.requests[0].json_schema == {
        "type": "object",
        "properties": {"t": {"type": "string", "pattern": "^[a-z][a-z0-9_]{2,29}$"}},
        "required": ["t"],
        "additionalProperties": False,
    }
    assert case.models.requests[0].temperature == 0.0


async def test_a_bad_answer_is_repaired_with_what_was_wrong(bench):
    """The conversation goes on: the answer, what was wrong with it, and a second try."""
    case = bench(TOTAL, '{"t": "prices"}', '{"t": "total_price"}')
    events = await case.run(TaskClass.RENAME)
    (repairing,) = [event for event in events if isinstance(event, Repairing)]
    assert repairing.attempt == 1
    assert "prices" in repairing.problem
    said = [message.text for message in case.models.requests[1].messages[-2:]]
    assert said[0] == '{"t": "prices"}'
    assert repairing.problem in said[1]
    assert isinstance(events[-1], Proposed)


async def test_an_answer_that_repeats_itself_ends_the_repairs(bench):
    """At temperature 0 the same answer again means that asking more is in vain."""
    case = bench(TOTAL, '{"t": "prices"}', '{"t": "prices"}', '{"t": "good_name"}')
    refused = await case.last(TaskClass.RENAME)
    assert isinstance(refused, Refused)
    assert len(case.models.requests) == 2


async def test_two_repairs_are_the_most(bench):
    """After three answers that will not do, the person is told what was wrong at last."""
    case = bench(TOTAL, "{}", "nonsense", '{"x": "y"}')
    refused = await case.last(TaskClass.RENAME)
    assert refused.code == "not-json"
    assert "3 answers" in refused.reason
    assert len(case.models.requests) == 3


async def test_a_spelled_out_rename_asks_no_model(bench):
    """`rename t to product` holds the decision."""
    case = bench(TOTAL)
    assert await case.result(instruction="rename t to product") == case.text.replace("t = 0", "product = 0").replace(
        "t +=", "product +="
    ).replace("return t", "return product")
    assert case.models.requests == []


async def test_a_name_that_others_see_is_refused_with_that_reason(bench):
    """A parameter can be passed by keyword, so it is not renamed."""
    refused = await bench(TOTAL).last(instruction="rename prices to amounts")
    assert isinstance(refused, Refused)
    assert "prices" in refused.reason


async def test_another_name_for_the_definition_itself_is_refused_with_that_reason(bench):
    """No model is asked, and no other name changes in its place."""
    case = bench(TOTAL)
    refused = await case.last(instruction="rename this function to grand_total")
    assert (refused.code, case.models.requests) == ("rename", [])
    assert refused.reason.startswith("total is visible outside of its own lines")


async def test_nothing_worth_renaming_is_said_without_a_model(bench):
    """Good names are left alone."""
    case = bench("def total(prices):\n    ¦amount = sum(prices)\n    return amount\n")
    assert (await case.last(TaskClass.RENAME)).code == "nothing-to-do"
    assert case.models.requests == []


async def test_a_value_that_is_no_name_is_refused(bench):
    """JSON of another shape is told to the model as such."""
    case = bench(TOTAL, json.dumps({"t": 3}), json.dumps({"t": ["x"]}), json.dumps({"t": None}))
    assert isinstance(await case.last(TaskClass.RENAME), Refused)
