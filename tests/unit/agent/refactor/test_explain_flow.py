"""Explain, from request to Markdown."""

from parley_agent.document import Span
from parley_agent.refactor.requests import Explained, Routed, Streamed
from parley_agent.refactor.tasks import TaskClass

CODE = "def total(prices):\n    ¦return sum(prices)\n\n\ndef other():\n    pass\n"


async def test_the_definition_at_the_cursor_is_explained(bench):
    """The text streams and is told whole at the end."""
    case = bench(CODE, "It **adds** the prices.")
    events = await case.run(TaskClass.EXPLAIN)
    assert events[-1] == Explained(text="It **adds** the prices.")
    assert "".join(event.text for event in events if isinstance(event, Streamed)) == "It **adds** the prices."
    assert any(isinstance(event, Routed) for event in events)
    assert "def other" not in case.models.requests[0].messages[-1].text


async def test_selected_lines_are_explained_within_their_definition(bench):
    """The lines are asked about, the definition is shown beside them."""
    case = bench(CODE, "It returns.")
    start = case.text.index("    return")
    case.selection = Span(start=start, end=case.text.index("\n\n"))
    await case.run(TaskClass.EXPLAIN)
    prompt = case.models.requests[0].messages[-1].text
    assert prompt.index("def total") < prompt.index("```python\nreturn sum(prices)\n```")


async def test_a_question_is_asked_as_it_is(bench):
    """What the person wants to know comes last."""
    case = bench(CODE, "Yes.")
    await case.run(instruction="explain whether it handles None")
    assert case.models.requests[0].messages[-1].text.endswith("explain whether it handles None Be brief.")


async def test_any_language_can_be_explained(bench):
    """No grammar is needed."""
    case = bench("¦Qapla'!", "A greeting.", language="klingon", path="/work/a.klingon")
    assert await case.last(TaskClass.EXPLAIN) == Explained(text="A greeting.")


async def test_control_characters_never_reach_a_terminal(bench):
    """Neither in the stream nor in the end."""
    case = bench(CODE, "It \x1b[31madds\x07.")
    events = await case.run(TaskClass.EXPLAIN)
    assert events[-1] == Explained(text="It [31madds.")
    assert not any("\x1b" in event.text for event in events if isinstance(event, Streamed))


async def test_nothing_is_refused(bench):
    """An empty answer and an empty file each have their reason."""
    assert (await bench(CODE, "  ").last(TaskClass.EXPLAIN)).code == "empty"
    assert (await bench("¦", "x").last(TaskClass.EXPLAIN)).code == "empty"


async def test_what_is_too_long_is_refused(bench):
    """Before the model is asked."""
    case = bench("def f():\n    ¦pass\n" + "    x = 1\n" * 900)
    assert (await case.last(TaskClass.EXPLAIN)).code == "too-long"
