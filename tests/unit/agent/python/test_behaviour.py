"""Every edit, made to small programs that are then run: what they compute must not change."""

import ast

import pytest

from parley_agent.python.docstring import set_docstring
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.extract import extract, extractable
from parley_agent.python.proof import (
    comments_kept,
    same_program,
    same_up_to_renaming,
    same_without_annotations,
    same_without_docstrings,
)
from parley_agent.python.rename import rename, renameable
from parley_agent.python.scopes import undefined_names
from parley_agent.python.type_hints import add_hints, unannotated, usable_hints
from support.python_corpus import PROGRAMS, Program
from support.python_source import span_of

programs = pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
GUESSES = ("Any", "int | None", "list[Any]", "Callable[..., Any]", "Iterator[Any]", "None", "C", "dict[str, int]")


def _outcome(source: str, program: Program) -> list[str]:
    """What the program's calls give, as text; an exception is an outcome too."""
    names: dict[str, object] = {"__name__": "program"}
    exec(compile(source, "program", "exec", dont_inherit=True), names)  # noqa: S102 -- our own corpus
    found = []
    for call in program.calls:
        try:
            found.append(repr(eval(call, names)))  # noqa: S307 -- our own corpus
        except Exception as error:  # noqa: BLE001 -- compared, not handled
            found.append(repr(error))
    return found


@programs
def test_renaming_every_local_keeps_what_a_program_computes(program):
    """All renameable names at once, by scope; the proof agrees."""
    span = span_of(program.source, "f")
    names = {each.name: f"new_{index}" for index, each in enumerate(renameable(program.source, span))}
    result = rename(program.source, span, names)
    assert _outcome(result, program) == _outcome(program.source, program)
    assert same_up_to_renaming(program.source, result)
    assert comments_kept(program.source, result)
    assert same_program(program.source, result) is not bool(names)


@programs
def test_a_docstring_keeps_what_a_program_computes(program):
    """Added, or put in place of the old one."""
    result = set_docstring(program.source, span_of(program.source, "f"), 'Do "it" \\ well.', replace=True)
    assert _outcome(result, program) == _outcome(program.source, program)
    assert same_without_docstrings(program.source, result)
    assert not same_program(program.source, result)


@programs
@pytest.mark.parametrize("guess", GUESSES)
def test_hints_keep_what_a_program_computes(program, guess):
    """Whatever of a guess is usable can be executed with the function."""
    span = span_of(program.source, "f")
    hints, problems = usable_hints(program.source, span, dict.fromkeys(unannotated(program.source, span), guess))
    result = add_hints(program.source, span, hints)
    assert _outcome(result, program) == _outcome(program.source, program)
    assert same_without_annotations(program.source, result)
    assert len(hints) + len(problems) == len(unannotated(program.source, span))


@programs
def test_every_extraction_keeps_what_a_program_computes(program):
    """Not only the candidates: every range of lines is either refused or gives the same results."""
    span = span_of(program.source, "f")
    lines = len(program.source.splitlines())
    expected = _outcome(program.source, program)
    done = set()
    for first in range(1, lines + 1):
        for last in range(first, lines + 1):
            try:
                result = extract(program.source, span, first, last, "part")
            except EditRefusedError:
                continue
            done.add((first, last))
            assert _outcome(result, program) == expected, result
            assert undefined_names(result) <= undefined_names(program.source)
            assert comments_kept(program.source, result)
    assert {(each.first_line, each.last_line) for each in extractable(program.source, span)} <= done


def test_the_corpus_exercises_what_it_claims_to():
    """The programs are many, and most of them have names, hints and lines to work on."""
    extracted = [program for program in PROGRAMS if extractable(program.source, span_of(program.source, "f"))]
    renamed = [program for program in PROGRAMS if renameable(program.source, span_of(program.source, "f"))]
    assert (len(PROGRAMS) >= 30, len(extracted) >= 18, len(renamed) >= 25) == (True, True, True)
    assert all(ast.parse(program.source) for program in PROGRAMS)
