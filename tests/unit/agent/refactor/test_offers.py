"""What is offered at a place."""

import pytest

from parley_agent.document import Diagnostic, Document, Span
from parley_agent.refactor.offers import offers
from parley_agent.refactor.tasks import TaskClass

T = TaskClass


def offered(code, language="python", path="/work/a.py", diagnostics=()):
    at = code.index("¦")
    document = Document(uri=f"file://{path}", language=language, text=code.replace("¦", ""), path=path)
    return {each.task: each.disabled_reason for each in offers(document, Span(start=at, end=at), diagnostics)}


def test_a_poor_function_gets_everything_that_applies():
    """No model is needed to say so."""
    code = "def f(xs):\n    ¦t = 0\n    for x in xs:\n        t += x\n    u = t * 2\n    return u\n"
    assert {task for task, reason in offered(code).items() if reason is None} == {
        T.RENAME, T.EXTRACT_FUNCTION, T.SIMPLIFY, T.DOCSTRING, T.TYPE_HINTS, T.GENERATE_TESTS, T.CUSTOM, T.EXPLAIN,
    }  # fmt: skip


def test_what_does_not_apply_says_why():
    """A good function needs neither names nor docs nor hints."""
    code = 'def add(left: int, right: int) -> int:\n    """Add."""\n    ¦return left + right\n'
    reasons = offered(code)
    assert reasons[T.RENAME] == "add has no local name that is worth a better one."
    assert reasons[T.DOCSTRING] == "add has a docstring already. Delete it first if you want another one."
    assert reasons[T.TYPE_HINTS] == "add has all its type hints already."
    assert reasons[T.FIX_DIAGNOSTICS] == "No problem is reported for add."
    assert reasons[T.EXTRACT_FUNCTION] == "add has no block of lines that can become a function of its own."


def test_outside_of_a_definition_only_lines_can_be_changed():
    """The reason says where to put the cursor."""
    reasons = offered("¦x = 1\n")
    assert {task for task, reason in reasons.items() if reason is None} == {T.CUSTOM, T.EXPLAIN}
    assert "Put the cursor into one" in reasons[T.SIMPLIFY]


def test_a_class_can_be_documented_but_not_renamed_inside():
    """What needs a function says so."""
    reasons = offered("class A:\n    x¦ = 1\n")
    assert reasons[T.DOCSTRING] is None
    assert reasons[T.RENAME] == "A is a class. Put the cursor into one of its methods."


def test_a_diagnostic_offers_its_fix():
    """The one that touches the definition."""
    problem = Diagnostic(span=Span(start=17, end=22), message="Undefined name")
    assert offered("def f():\n    retu¦rn valeu\n", diagnostics=(problem,))[T.FIX_DIAGNOSTICS] is None


def test_a_syntax_error_leaves_explaining():
    """A change to a broken Python file could not be checked; the line is named."""
    reasons = offered("def f():\n    ¦t = 1\n    return t\n\n\ndef g(:\n")
    assert reasons[T.EXPLAIN] is None
    assert "Line 6 has a syntax error" in reasons[T.RENAME]


@pytest.mark.parametrize(
    ("code", "language", "path", "reason"),
    [
        ("¦" + "x = 1\n" * 200_000, "python", "/a.py", "The file has 1,200,000 characters"),
        ("¦a\0b", "python", "/a.py", "The file is binary"),
        ('¦{"cells": []}', "json", "/a.ipynb", "Parley does not change or explain notebooks"),
    ],
)
def test_a_binary_or_huge_file_or_a_notebook_gets_nothing(code, language, path, reason):
    """Every offer says the same."""
    assert all(each.startswith(reason) for each in offered(code, language, path).values())


def test_an_unknown_language_can_be_explained():
    """Without a grammar nothing could be checked."""
    reasons = offered("¦some words", "klingon", "/a.klingon")
    assert reasons.pop(T.EXPLAIN) is None
    assert all("no grammar for 'klingon'" in each for each in reasons.values())


def test_other_languages_are_offered_what_they_have():
    """JavaScript has no type hints; Go has its types."""
    script = offered(
        "function f(xs) {\n  ¦let t = 0;\n  for (const q of xs) t += q;\n  return t;\n}\n", "javascript", "/a.js"
    )
    assert script[T.RENAME] is None
    assert script[T.TYPE_HINTS] == "JavaScript has no type hints to add."
    assert offered("package a\n\nfunc f() {\n\t¦x := 1\n\t_ = x\n}\n", "go", "/a.go")[T.DOCSTRING] is None


def test_an_empty_document_is_no_error():
    """A new file offers nothing but what needs no code."""
    assert offered("¦")[T.DOCSTRING] is not None
