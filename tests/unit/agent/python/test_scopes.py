"""Scope analysis, against the interpreter's own, and the questions asked of it."""

import ast
import symtable
from pathlib import Path

import pytest

from parley_agent.document import Span
from parley_agent.python.bindings import analyse
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.module import read
from parley_agent.python.scopes import free_names, public_signature, undefined_names
from support.python_corpus import PROGRAMS
from support.python_source import span_of

STANDARD = sorted(Path(ast.__file__).parent.glob("*.py"))[::9]
NAMES = {"ListComp": "listcomp", "SetComp": "setcomp", "DictComp": "dictcomp", "GeneratorExp": "genexpr"}


def _ours(source: str) -> list[tuple[str, tuple[str, ...]]]:
    found = []
    for scope in analyse(read(source)).scopes:
        if scope.kind != "module":
            name = NAMES.get(type(scope.node).__name__) or getattr(scope.node, "name", "lambda")
            names = {each for each in scope.variables if scope.kind != "class" or scope.variables[each].sites}
            found.append((name, tuple(sorted(each for each in names if "__" not in each))))
    return sorted(found)


def _interpreters(source: str) -> list[tuple[str, tuple[str, ...]]]:
    found = []
    pending = symtable.symtable(source, "source", "exec").get_children()
    while pending:
        table = pending.pop()
        pending += table.get_children()
        names = [each.get_name() for each in table.get_symbols() if each.is_local() and not each.is_declared_global()]
        found.append((table.get_name(), tuple(sorted(each for each in names if "__" not in each and each[0] != "."))))
    return sorted(found)


@pytest.mark.parametrize("path", STANDARD, ids=lambda path: path.name)
def test_scopes_agree_with_the_interpreter(path):
    """Every scope of a sample of the standard library owns exactly the names that `symtable` says."""
    source = path.read_text(encoding="utf-8")
    assert _ours(source) == _interpreters(source)


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_small_programs_have_no_undefined_names(program):
    """Every name is the program's own or a builtin."""
    assert (_ours(program.source), undefined_names(program.source)) == (_interpreters(program.source), frozenset())


def test_undefined_names_are_those_that_nothing_binds():
    """A name that a class body binds is not seen by its methods; a star import makes all names possible."""
    source = "class A:\n    x = 1\n    y = [x for _ in x]\n    def f(self): return x, __class__, __name__, missing\n"
    assert undefined_names(source) == {"x", "missing"}
    assert undefined_names("from m import *\n" + source) == frozenset()


def test_free_names_are_what_code_needs_from_around_it():
    """Names of the function and of the module count, builtins and the span's own names do not."""
    source = "import os\ndef f(a):\n    b = a\n    c = os.sep + b + len(d)\n    return c\n"
    start = source.index("c = os")
    assert free_names(source, Span(start=start, end=source.index("    return"))) == {"os", "b", "d"}
    assert free_names(source, Span(start=0, end=len(source))) == {"d"}


def test_a_public_signature_ignores_layout_and_private_members():
    """What callers rely on, normalised."""
    source = (
        "class f(B, k=1):\n    x: int = 1\n    _y = z = 2\n    def _p(self): ...\n"
        "    @property\n    async def m(self, a , *, b:int=1)->str: ...\n    class I: pass\n"
    )
    assert public_signature(source, span_of(source, "f")).splitlines() == [
        "class f(B, k=1)",
        "    x: int",
        "    z",
        "    @property",
        "    async def m(self, a, *, b: int=1) -> str",
        "    class I()",
    ]


def test_text_that_does_not_parse_is_refused_with_its_line():
    """The reason names the line, what is wrong, and the way out."""
    with pytest.raises(EditRefusedError, match=r"Line 2 is not valid Python 3\.\d+ .*Fix it first"):
        undefined_names("x = 1\ny = (\n")
    with pytest.raises(EditRefusedError, match="could not be parsed"):
        undefined_names("x = '\ud800'\n")
    with pytest.raises(EditRefusedError, match=r"\."):
        undefined_names("x = 1\0\n")
    with pytest.raises(EditRefusedError, match=r"\."):
        undefined_names("x = " + "(" * 5000 + ")" * 5000)
    with pytest.raises(EditRefusedError, match="nested too deeply"):
        undefined_names("x = " + "+".join(["y"] * 1500))


def test_a_place_without_a_definition_is_refused():
    """The reason names the line."""
    with pytest.raises(EditRefusedError, match="no function, method or class at line 2"):
        public_signature("x = 1\ny = 2\n", Span(start=7, end=7))


def test_a_text_in_use_keeps_its_variables_however_many_are_analysed_meanwhile():
    """Another request's thread analyses its own texts; what is told apart by identity stays the same."""
    module = read("def area(w, h):\n    x = w * h\n    return x\n")
    first = analyse(module)
    others = [analyse(read(f"name_{number} = 1\n")) for number in range(50)]
    assert analyse(module) is first
    assert first not in others
