"""Reading texts ahead, in steps."""

import pytest

from parley_agent.document import Document, Span
from parley_agent.python import module
from parley_agent.refactor.ahead import Ahead
from parley_agent.refactor.offers import offers
from parley_agent.refactor.target import tree_of
from parley_agent.syntax import definitions, language_of, parse
from support.parsed import nodes, parsed

FUNCTION = "export function area{n}(w: number): number {{\n  const x = w * {n};\n  return x;\n}}\n\n"
LONG = "".join(FUNCTION.format(n=number) for number in range(400))
TYPESCRIPT = language_of("typescript", None)

SUMS = "".join(f"def total_{number}(x):\n    t = x * {number}\n    return t\n\n\n" for number in range(40))


def document(text, language="typescript"):
    return Document(uri="file:///a.ts", language=language, text=text)


def test_a_text_is_read_in_several_steps_to_what_reading_it_at_once_gives():
    """Slices of the parser's work make no other tree."""
    text = f"// whole\n{LONG}"
    assert len(list(Ahead().steps(document(text)))) > 3
    assert nodes(parse(text, TYPESCRIPT)) == nodes(parsed(text, TYPESCRIPT))


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_a_text_that_is_left_half_read_leaves_nothing_behind(taken):
    """What is read afterwards, the text that came of it or the same once more, is the truth."""
    ahead, text, changed = Ahead(), f"// left {taken}\n{LONG}", f"// left {taken}\nlet é = (;\n{LONG}"
    steps = ahead.steps(document(text))
    for _ in range(taken):
        next(steps)
    steps.close()
    list(ahead.steps(document(changed)))
    for each in (changed, text):
        tree, whole = parse(each, TYPESCRIPT), parsed(each, TYPESCRIPT)
        assert tree.root.has_error == whole.root.has_error
        assert definitions(tree) == definitions(whole)


def test_who_asks_about_a_text_that_is_half_read_needs_not_wait_for_the_rest():
    """What is offered there is what is offered without reading ahead; and the reading goes on to its end."""
    ahead, text = Ahead(), f"// asked\n{LONG}"
    steps = ahead.steps(document(text))
    next(steps)
    inside = Span(start=60, end=60)
    found = ahead.offers(document(text), inside)
    list(steps)
    assert found == ahead.offers(document(text), inside) == offers(document(text), inside)
    assert found[1].target == "area0"


def test_who_asks_about_another_text_than_the_one_that_is_half_read_gets_its_own():
    """A change that came meanwhile counts at once."""
    ahead, text = Ahead(), f"// other\n{LONG}"
    steps = ahead.steps(document(text))
    next(steps)
    changed = text.replace("area0", "surface")
    assert ahead.offers(document(changed), Span(start=60, end=60))[1].target == "surface"
    list(steps)
    assert ahead.offers(document(text), Span(start=60, end=60))[1].target == "area0"


@pytest.mark.parametrize(("text", "language"), [("a\0b", "typescript"), ("anything", "cobol")])
def test_what_cannot_be_read_takes_no_step(text, language):
    """Why, is told to whoever asks for something there."""
    assert list(Ahead().steps(document(text, language))) == []


@pytest.mark.parametrize("change", ["# read\n", "é = (\n"])
def test_what_is_asked_of_a_python_text_that_was_read_ahead_is_there(change):
    """Whether it is whole or broken: no code action waits until it is parsed."""
    ahead, changed = Ahead(), document(change + SUMS, "python")
    list(ahead.steps(changed))
    parsed_so_far = [kept.cache_info().misses for kept in (tree_of, module.read)]
    at = changed.text.index("total_20")
    offered = ahead.offers(changed, Span(start=at, end=at))
    assert [kept.cache_info().misses for kept in (tree_of, module.read)] == parsed_so_far
    assert offered == offers(changed, Span(start=at, end=at))


def test_a_longer_python_text_is_not_read_whole_at_every_pause():
    """That takes longer than the pauses of a quick hand leave: whoever asks first waits for it."""
    parsed_so_far = module.read.cache_info().misses
    list(Ahead().steps(document("# longer\n" + SUMS * 12, "python")))
    assert module.read.cache_info().misses == parsed_so_far


def test_a_text_that_pythons_own_parser_refuses_is_read_as_far_as_it_can_be():
    """The grammar takes what an older Python took: why nothing can be changed there is told to whoever asks."""
    ahead, older = Ahead(), document(f'print "older"\n{SUMS}', "python")
    list(ahead.steps(older))
    rename = ahead.offers(older, Span(start=30, end=30))[1]
    assert rename.disabled_reason.startswith("Line 1 is not valid Python")
