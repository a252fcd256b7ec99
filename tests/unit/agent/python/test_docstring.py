"""Docstrings: their text made safe and well laid out, and put where they belong."""

import ast
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_agent.python.docstring import has_docstring, set_docstring
from parley_agent.python.docstring_text import cleaned
from parley_agent.python.errors import EditRefusedError
from support.python_source import span_of

CASES = [
    ("def f():\n    return 1\n", "Return one", 'def f():\n    """Return one."""\n    return 1\n'),
    ("def f(): pass\n", "Do nothing.", 'def f():\n    """Do nothing."""\n    pass\n'),
    (
        "def f(a: int = {1: 2}[1]) -> 'x:y': return a; x = 1  # c\n",
        "Go.",
        'def f(a: int = {1: 2}[1]) -> \'x:y\':\n    """Go."""\n    return a; x = 1  # c\n',
    ),
    ("def f(): \\\n  pass\n", "Go.", 'def f():\n  """Go."""\n  pass\n'),
    (
        "class f:  # note: this\n    # why\n    x = 1\n",
        "Hold x.",
        'class f:  # note: this\n    """Hold x."""\n\n    # why\n    x = 1\n',
    ),
    ("class f:\n\n    x = 1\n", "Hold x.", 'class f:\n    """Hold x."""\n\n    x = 1\n'),
    ("class f(B, k={}):\n\tpass", "Hold.", 'class f(B, k={}):\n\t"""Hold."""\n\tpass'),
    (
        "class A:\n\tasync def f(self):\r\n\t\tpass\r\n",
        "Wait.\n\nLong.",
        'class A:\n\tasync def f(self):\r\n\t\t"""Wait.\n\n\t\tLong.\n\t\t"""\n\t\tpass\r\n',
    ),
    ("def f():\r\n  return 1", "Wait.\n\nLong.", 'def f():\r\n  """Wait.\r\n\r\n  Long.\r\n  """\r\n  return 1'),
    ("def f():\n    @d\n    def g(): pass\n", "Nest.", 'def f():\n    """Nest."""\n\n    @d\n    def g(): pass\n'),
    ("def f(): return 1\n", 'Say "hi\\n" and """', 'def f():\n    """Say "hi\\\\n" and \\"\\"\\""""\n    return 1\n'),
]


TYPED = [
    ("def f(a):\n    # type: (int) -> int\n    return a\n", 3),
    ("def f(a,  # type: int\n      b):\n\n    # a note\n    #type:(...) -> int\n\n    # more\n    return a\n", 6),
    ("def f(a):  # type: (int) -> int\n    # more\n    return a\n", 2),
]


@pytest.mark.parametrize(("before", "line"), TYPED)
def test_a_docstring_is_put_below_a_type_comment(before, line):
    """Above it, the types would be no types any more (PEP 484): what is proved by comparing trees leaves them out."""
    after = set_docstring(before, span_of(before, "f"), "Go.")
    (was,), (found,) = (ast.parse(each, type_comments=True).body for each in (before, after))
    assert after.splitlines().index('    """Go."""') + 1 == line
    assert (found.type_comment, ast.get_docstring(found)) == (was.type_comment, "Go.")
    assert was.type_comment is not None


@pytest.mark.parametrize(("before", "text", "after"), CASES)
def test_a_docstring_is_put_below_the_header(before, text, after):
    """Nothing but the docstring's own lines changes, in the text's own indentation and line ends."""
    assert set_docstring(before, span_of(before, "f"), text) == after


def test_an_existing_docstring_is_replaced_only_when_asked():
    """Without `replace` the edit is refused; with it the old text goes and all else stays."""
    source = "def f():\n    r'''Old.\n\n    More.'''  # keep\n    return 1\n"
    with pytest.raises(EditRefusedError, match="has a docstring already"):
        set_docstring(source, span_of(source, "f"), "New.")
    replaced = set_docstring(source, span_of(source, "f"), "New.", replace=True)
    assert replaced == 'def f():\n    """New."""  # keep\n    return 1\n'
    assert has_docstring(source, span_of(source, "f"))


def test_what_a_model_puts_around_a_docstring_is_taken_off():
    """Fences, quotes, tabs and characters that do not print never reach the file."""
    answer = '```python\n"""Add \u202etwo\u200b numbers.\n\n\tArgs:\n\t\ta:\x07 The first.  \n\n\n\nEnd"""\n```'
    assert cleaned(answer) == "Add two numbers.\n\n    Args:\n        a: The first.\n\nEnd"


def test_long_lines_are_wrapped_and_doctests_are_not():
    """Prose is broken within the width, items hang by four, code examples stay."""
    text = (
        "Compute the sum of the first and the second number, in whatever order they have been given to it.\n\n"
        "Args:\n    first: The number that is added first, which must be given, and may be of any numeric type.\n\n"
        ">>> f(11111111111111111111111111111111111111, 222222222222222222222222222222222222222222222)\n"
    )
    assert set_docstring("def f():\n    return 1\n", span_of("def f", "f"), text) == (
        'def f():\n    """Compute the sum of the first and the second number, in whatever order\n'
        "    they have been given to it.\n\n"
        "    Args:\n        first: The number that is added first, which must be given, and may be\n"
        "            of any numeric type.\n\n"
        "    >>> f(11111111111111111111111111111111111111, 222222222222222222222222222222222222222222222)\n"
        '    """\n    return 1\n'
    )


@pytest.mark.parametrize("text", ["", "   ", "```\n```", '""""""', "\x00\u200b", "---"])
def test_an_empty_docstring_is_refused(text):
    """A model that says nothing changes nothing."""
    with pytest.raises(EditRefusedError, match="empty"):
        set_docstring("def f(): pass", span_of("def f", "f"), text)


@given(st.text(min_size=1), st.sampled_from(["def f():\n    return 1\n", "class A:\r\n\tdef f(self): pass"]))
def test_any_text_is_safe_in_a_docstring(text, source):
    """Whatever a model says, the result parses, and the docstring reads as the cleaned text, word for word."""
    try:
        result = set_docstring(source, span_of(source, "f"), f"Say {text}")
    except EditRefusedError:
        pytest.fail("a text with a letter in it is not empty")
    found = [node for node in ast.walk(ast.parse(result)) if isinstance(node, ast.FunctionDef)]
    words = inspect.cleandoc(ast.get_docstring(found[0])).rstrip(".").split()
    assert words == cleaned(f"Say {text}").rstrip(".").split()
