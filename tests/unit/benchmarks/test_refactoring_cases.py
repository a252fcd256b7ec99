"""The refactorings of the evaluation: sixty cases that can be read and run, and a judge that sees what is wrong."""

from collections import Counter

import pytest

from benchmarks.refactorings.behaviour import behaviour
from benchmarks.refactorings.cases import CaseError, load_cases, read_case
from benchmarks.refactorings.judge import Verdict, expected_behaviour, judge
from parley_agent.document import Diagnostic, Severity, Span
from parley_agent.refactor.tasks import TaskClass

CASES = {case.name: case for case in load_cases()}

SMALL = """A case.

task: rename
names: a b
-- one.py --
def f(a):
    return «a» + 1
-- diagnostics --
`a + 1` warning X1: what is wrong
-- driver.py --
print(1)
"""


def test_there_are_ten_cases_for_each_of_six_task_classes():
    """The evaluation is balanced."""
    assert Counter(case.task for case in CASES.values()) == {
        TaskClass.RENAME: 10,
        TaskClass.DOCSTRING: 10,
        TaskClass.TYPE_HINTS: 10,
        TaskClass.EXTRACT_FUNCTION: 10,
        TaskClass.SIMPLIFY: 10,
        TaskClass.FIX_DIAGNOSTICS: 10,
    }


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_case_is_of_realistic_size_and_runs(case):
    """The document has a definition at the selection, and its driver ends; a fix has something to fix or to tidy."""
    run = behaviour(case, case.text)
    assert 15 <= len(case.text.splitlines()) <= 60
    assert case.definition.span.contains(case.selection)
    assert run.exit_code == 0 or case.output is not None, run.complaint
    assert run.output or case.output
    assert (case.task is TaskClass.FIX_DIAGNOSTICS) == bool(case.diagnostics) == (case.output is not None)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_unchanged_document_is_no_refactoring(case):
    """Landing nothing as something is wrong, without running it."""
    assert judge(case, case.text) == Verdict(kind="wrong", reason="nothing changed")


def test_a_case_is_read_with_its_marks_taken_out():
    """Text, selection, diagnostics and drivers are where the file says."""
    case = read_case("rename/one", SMALL)
    assert case.text == "def f(a):\n    return a + 1\n"
    assert case.selection == Span(start=21, end=22)
    assert case.diagnostics == (
        Diagnostic(
            span=Span(start=21, end=26), message="what is wrong", severity=Severity.WARNING, source="check", code="X1"
        ),
    )
    assert (case.names, case.drivers, case.output) == (frozenset({"a", "b"}), {"driver.py": "print(1)\n"}, None)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("«a»", "a", "marked once"),
        ("«a»", "«a»«»", "marked once"),
        ("task: rename\n", "", "needs a task"),
        ("names:", "nmaes:", "nmaes"),
        ("one.py", "one.cobol", "no known language"),
        ("-- driver.py --", "-- other.py --", "no driver"),
        ("`a + 1`", "`a - 1`", "no diagnostic"),
    ],
)
def test_a_file_that_is_no_case_is_told(old, new, problem):
    """The message says what is missing."""
    with pytest.raises(CaseError, match=problem):
        read_case("rename/one", SMALL.replace(old, new))


def changed(name: str, *replacements: tuple[str, str]) -> Verdict:
    text = CASES[name].text
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return judge(CASES[name], text)


FLAGS = """def may_edit(user, document):
    if user is None:
        return False
    return user in ADMINS or document["owner"] == user or user in document["editors"]"""


def simplified_flags(body: str) -> str:
    case = CASES["simplify/python_flags"]
    return case.text[: case.definition.span.start] + body + case.text[case.definition.span.end :]


@pytest.mark.parametrize(
    ("name", "replacements"),
    [
        ("rename/python_word_count", [("[x]", "[word]"), ("(x,", "(word,"), ("for x", "for word")]),
        ("rename/go_stack", [("tmp", "last")]),
        ("docstring/python_slugify", [("max_length=40):\n", 'max_length=40):\n    """Make a slug."""\n')]),
        ("docstring/go_method", [("func (s *Set) Sorted", "// Sorted lists them.\nfunc (s *Set) Sorted")]),
        ("type-hints/python_repeat", [("def repeat(text, times", "def repeat(text: str, times: int")]),
        ("fix-diagnostics/python_undefined_name", [("resutl", "result")]),
        ("fix-diagnostics/python_missing_import", [("from pathlib", "import json\nfrom pathlib")]),
        (
            "extract-function/python_accumulate",
            [
                (
                    "def schedule",
                    "def interest_on(balance, rate):\n    return round(balance * rate / 12, 2)\n\n\ndef schedule",
                ),
                ("interest = round(balance * rate / 12, 2)", "interest = interest_on(balance, rate)"),
            ],
        ),
    ],
)
def test_a_good_result_is_completed(name, replacements):
    """What was asked for is there, nothing else changed, and the document does what it must."""
    assert changed(name, *replacements) == Verdict(kind="completed")


@pytest.mark.parametrize(
    ("name", "replacements", "reason"),
    [
        ("rename/python_word_count", [("limit", "most")], "names changed that may not"),
        ("rename/python_word_count", [("t = {}", "total = {}")], "behaves otherwise"),
        ("rename/python_word_count", [("max(re", "min(re")], "after the definition"),
        ("rename/python_word_count", [("import re", "import re, os")], "before the definition"),
        ("rename/go_stack", [("tmp := len(s.items) - 1", "last := len(s.items) - 1")], "behaves otherwise"),
        ("docstring/python_slugify", [("max_length=40):\n", 'max_length=9):\n    """Make a slug."""\n')], "more than"),
        ("docstring/python_slugify", [("max_length=40)", "max_length=41)")], "no docstring"),
        ("docstring/go_method", [("func (s *Set) Sorted", "var x = 1\nfunc (s *Set) Sorted")], "no doc comment"),
        ("type-hints/python_repeat", [("def repeat(text", "def repeat(words")], "no hint"),
        ("type-hints/python_repeat", [("(text, times,", "(text: str, times=2,")], "more than hints"),
        ("type-hints/python_repeat", [("def repeat(text", "def repeat(text: Text")], "behaves otherwise"),
        ("fix-diagnostics/python_undefined_name", [("return resutl", "return resutl or []")], "still there"),
        ("fix-diagnostics/python_undefined_name", [("resutl", "[]")], "behaves otherwise"),
        (
            "extract-function/python_accumulate",
            [("round(due - paid, 2)", "due - paid")],
            "instead of one",
        ),
    ],
)
def test_a_result_that_landed_wrong_is_seen(name, replacements, reason):
    """Changed behaviour, a wish unfulfilled and a change elsewhere are each told."""
    found = changed(name, *replacements)
    assert (found.kind, reason in found.reason) == ("wrong", True), found


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (FLAGS, "completed"),
        (FLAGS.replace("return False", "return True"), "wrong"),
        (FLAGS.replace("if user is None:\n        return False\n    ", ""), "completed"),
    ],
)
def test_a_simplification_is_judged_by_what_it_does(body, kind):
    """Simpler and the same is completed, simpler and different is wrong."""
    assert judge(CASES["simplify/python_flags"], simplified_flags(body)).kind == kind


def test_what_is_expected_of_a_fix_is_what_its_case_says():
    """The output before is the fault, not the goal."""
    case = CASES["fix-diagnostics/python_mutable_default"]
    assert behaviour(case, case.text).output != expected_behaviour(case).output
