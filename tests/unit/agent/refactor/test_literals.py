"""Numbers and words that a simplification brings in."""

import pytest

from parley_agent.document import Document, Span
from parley_agent.refactor.checks.literals import check_literals
from parley_agent.refactor.context import Context
from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.refactor.instruction import Wish
from parley_agent.refactor.target import place_of
from parley_agent.refactor.tasks import TaskClass
from parley_agent.syntax import definitions, language_of, parse
from support.language_samples import SAMPLES

PYTHON = """LIMIT = 86


def f(self):
    # Since 1999.
    if self.n > 60 * 24:
        return "Dear " + self.name
    return 'x-y' % 7.5
"""
JAVASCRIPT = """function f(n) {
  if (n > 60 * 24) { return "Dear " + n; }
  return 'x-y';
}
"""


def problem(language, before, after, wish=""):
    document = Document(uri="file:///w/a", language=language, text=before, path="/w/a")
    at = before.index("f(")
    place = place_of(document, Span(start=at, end=at))
    context = Context(place=place, task=TaskClass.SIMPLIFY, wish=Wish(task=TaskClass.SIMPLIFY, text=wish))
    tree = parse(after, place.language)
    try:
        check_literals(context, tree, definitions(tree)[0].span)
    except AnswerRejectedError as rejection:
        return rejection.problem.partition("`")[2].partition("`")[0]
    return None


@pytest.mark.parametrize(
    ("language", "before", "new", "found"),
    [
        ("python", PYTHON, "def f(self):\n    return f'Dear {self.name}' if self.n > 1440 else 'x' + '-y'\n", None),
        ("python", PYTHON, "def f(self):\n    return self.n - 1 > LIMIT + 86 - 0\n", None),
        ("python", PYTHON, "def f(self):\n    '''Greets politely.'''\n    return self.n\n", None),
        ("python", PYTHON, "def f(self):\n    # Twelve at 17 o'clock\n    return self.n\n", None),
        ("python", PYTHON, "def f(self):\n    return f'Hello {self.name}'\n", "Hello"),
        ("python", PYTHON, "def f(self):\n    return self.n > 61\n", "61"),
        ("python", PYTHON, "def f(self):\n    return self.n > 7.25\n", "7.25"),
        ("javascript", JAVASCRIPT, "function f(n) {\n  return n > 1440 ? `Dear ${n}` : 'x-y';\n}\n", None),
        ("javascript", JAVASCRIPT, "function f(n) {\n  return n > 60 ? `Sir ${n}` : 'x-y';\n}\n", "Sir"),
        ("javascript", JAVASCRIPT, "function f(n) {\n  return n > 59 ? 'x-y' : 'Dear ';\n}\n", "59"),
    ],
)
def test_what_was_nowhere_is_found(language, before, new, found):
    """Values that are put together of old ones, docstrings and comments are not new."""
    assert problem(language, before, new) == found


def test_what_the_person_spoke_of_is_no_surprise():
    """A number in the wish may come in."""
    assert problem("python", PYTHON, "def f(self):\n    return self.n > 61\n", "compare with 61") is None


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_no_language_finds_something_new_in_what_is_the_same(name):
    """Every definition of every sample, held against itself."""
    language = language_of(name, None)
    tree = parse(SAMPLES[name], language)
    for each in definitions(tree):
        document = Document(uri="file:///w/a", language=name, text=tree.text, path="/w/a")
        place = place_of(document, each.span)
        context = Context(place=place, task=TaskClass.SIMPLIFY, wish=Wish(task=TaskClass.SIMPLIFY, text=""))
        check_literals(context, tree, each.span)
