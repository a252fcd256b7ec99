"""Reading instructions."""

import pytest

from parley_agent.refactor.instruction import Wish, read_wish
from parley_agent.refactor.tasks import TaskClass


@pytest.mark.parametrize(
    ("instruction", "task"),
    [
        ("add docs", TaskClass.DOCSTRING),
        ("Add a docstring.", TaskClass.DOCSTRING),
        ("please document this function", TaskClass.DOCSTRING),
        ("write documentation for this", TaskClass.DOCSTRING),
        ("add type hints", TaskClass.TYPE_HINTS),
        ("add types", TaskClass.TYPE_HINTS),
        ("annotate this function", TaskClass.TYPE_HINTS),
        ("simplify", TaskClass.SIMPLIFY),
        ("Simplify this function!", TaskClass.SIMPLIFY),
        ("make it simpler", TaskClass.SIMPLIFY),
        ("write unit tests", TaskClass.GENERATE_TESTS),
        ("generate tests for this function", TaskClass.GENERATE_TESTS),
        ("explain", TaskClass.EXPLAIN),
        ("What does this do?", TaskClass.EXPLAIN),
        ("fix this error", TaskClass.FIX_DIAGNOSTICS),
        ("fix the problems", TaskClass.FIX_DIAGNOSTICS),
        ("fix the syntax error", TaskClass.FIX_DIAGNOSTICS),
        ("extract a function", TaskClass.EXTRACT_FUNCTION),
        ("extract these lines into a function", TaskClass.EXTRACT_FUNCTION),
        ("rename", TaskClass.RENAME),
        ("rename the variables for clarity", TaskClass.RENAME),
        ("use better names", TaskClass.RENAME),
    ],
)
def test_a_plain_instruction_is_its_task_class(instruction, task):
    """What names a task class and nothing else is that class, with nothing left to say."""
    assert read_wish(instruction, None) == Wish(task=task)


@pytest.mark.parametrize(
    ("instruction", "task"),
    [
        ("add a docstring in German", TaskClass.DOCSTRING),
        ("simplify it with a dict comprehension", TaskClass.SIMPLIFY),
        ("explain the second loop", TaskClass.EXPLAIN),
    ],
)
def test_more_that_is_said_is_kept(instruction, task):
    """A class that is named together with a detail keeps the words for the model."""
    assert read_wish(instruction, None) == Wish(task=task, text=instruction)


@pytest.mark.parametrize(
    "instruction",
    [
        "use a set instead of a list",
        "add a docstring and simplify",
        "rename t to product and add type hints",
        "make it return None for empty input",
        "log every error",
        "documents should be sorted by date",
        "extract this into a variable",
        "extract this into variable",
        "pull the selection out into a constant",
        "move this into a class",
    ],
)
def test_anything_else_is_a_custom_instruction(instruction):
    """Two wishes at once, or another one, stay the person's own words."""
    assert read_wish(instruction, None) == Wish(task=TaskClass.CUSTOM, text=instruction)


@pytest.mark.parametrize(
    ("instruction", "names"),
    [
        ("rename t to product", {"t": "product"}),
        ("Rename `t` to `product`, x to item and y -> row.", {"t": "product", "x": "item", "y": "row"}),
        ("rename the variable d into days", {"d": "days"}),
        ("please rename x as item", {"x": "item"}),
        ("rename the method to verb", {"method": "verb"}),
    ],
)
def test_a_rename_that_is_spelled_out_is_held(instruction, names):
    """The instruction holds the decision already."""
    wish = read_wish(instruction, None)
    assert (wish.task, wish.names) == (TaskClass.RENAME, names)


@pytest.mark.parametrize(
    ("instruction", "lines", "name"),
    [
        ("extract lines 4-9 into parse_header", (4, 9), "parse_header"),
        ("extract lines 4 to 9 to a function called parse_header", (4, 9), "parse_header"),
        ("extract this into `parse_header`", None, "parse_header"),
        ("move the selection into a new function named parse_header()", None, "parse_header"),
        ("extract line 4 into shout", (4, 4), "shout"),
        ("pull this out into a helper called shout", None, "shout"),
        ("extract these lines into helper function shout", None, "shout"),
    ],
)
def test_an_extraction_that_is_spelled_out_is_held(instruction, lines, name):
    """Lines and name come from the instruction."""
    wish = read_wish(instruction, None)
    assert (wish.task, wish.lines, wish.new_name) == (TaskClass.EXTRACT_FUNCTION, lines, name)


@pytest.mark.parametrize(
    "instruction",
    [
        "rename this function to shout",
        "rename the class to Shout",
        "Rename the method `f` to `shout`.",
        "rename function f as g",
        "rename my method to shout()",
    ],
)
def test_another_name_for_the_definition_itself_is_told_apart(instruction):
    """It is no wish about local names, and holds none of them."""
    wish = read_wish(instruction, None)
    assert (wish.task, wish.of_definition, wish.names) == (TaskClass.RENAME, True, {})


def test_a_way_to_write_names_is_no_name():
    """The words go to the model; nothing is called snake_case."""
    said = "rename variables to snake_case"
    assert read_wish(said, None) == Wish(task=TaskClass.RENAME, text=said)


def test_the_chosen_task_class_is_not_overruled():
    """A person who chose simplify and wrote about docs gets simplify."""
    assert read_wish("keep the docs", TaskClass.SIMPLIFY) == Wish(task=TaskClass.SIMPLIFY, text="keep the docs")


def test_nothing_said_is_a_custom_wish_without_words():
    """Without task class and instruction there is nothing to do yet."""
    assert read_wish("  ", None) == Wish(task=TaskClass.CUSTOM)
