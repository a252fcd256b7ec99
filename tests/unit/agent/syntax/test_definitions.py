"""Definitions: where they are, what they are called, and which one a selection means."""

import pytest

from parley_agent.document import Span
from parley_agent.syntax import definitions, enclosing_definition, import_block, imports, language_of, parse
from support.language_samples import SAMPLES

PYTHON = """import os
from a import (
    b,
)

x = 1


@dec
class A:
    @property
    def m(self, a, *args, k: int = 1, **kw) -> int:
        def inner(y): return y
        return 1


async def free(): pass
"""

JAVASCRIPT = """import x from "y";

/** Adds.
 * @param a one */
export const add = async ({a, b: c}, [d] = [], ...rest) => { return a + c; };

// no doc comment
class A {
  /** Says hi. */
  greet(name = "you") { return name }
  handle = (e) => { return e };
}
exports.k = function (q) { return q };
"""

TYPESCRIPT = """import {x} from "y";

export abstract class A<T> {
  constructor(private n: number) {}

  @dec()
  m<U>(this: A, a: U = 1, ...r: U[]): void {}
}
export interface I { n: number }
namespace N { export function z() {} }
"""

GO = """package main

import "fmt"
import (
	"os"
)

// Do does.
// It does more.
func (s *Server[T]) Do(a, b int, c ...string) error { return nil }

type Point struct { X int }

func main() {}
"""


def described(text: str, language_id: str) -> list[tuple[str, str, tuple[str, ...], str]]:
    language = language_of(language_id, None)
    assert language is not None
    found = definitions(parse(text, language))
    return [(d.kind, d.qualified_name, d.parameters, text[d.signature.start : d.signature.end]) for d in found]


@pytest.mark.parametrize(
    ("language_id", "text", "expected"),
    [
        (
            "python",
            PYTHON,
            [
                ("class", "A", (), "class A:"),
                ("method", "A.m", ("self", "a", "args", "k", "kw"), "def m(self, a, *args, k: int = 1, **kw) -> int:"),
                ("function", "A.m.inner", ("y",), "def inner(y):"),
                ("function", "free", (), "async def free():"),
            ],
        ),
        (
            "javascript",
            JAVASCRIPT,
            [
                ("function", "add", ("a", "c", "rest"), "export const add = async ({a, b: c}, [d] = [], ...rest) =>"),
                ("class", "A", (), "class A"),
                ("method", "A.greet", ("name",), 'greet(name = "you")'),
                ("method", "A.handle", ("e",), "handle = (e) =>"),
                ("function", "k", ("q",), "exports.k = function (q)"),
            ],
        ),
        (
            "typescript",
            TYPESCRIPT,
            [
                ("class", "A", (), "export abstract class A<T>"),
                ("method", "A.constructor", ("n",), "constructor(private n: number)"),
                ("method", "A.m", ("a", "r"), "m<U>(this: A, a: U = 1, ...r: U[]): void"),
                ("class", "I", (), "export interface I"),
                ("function", "N.z", (), "export function z()"),
            ],
        ),
        (
            "go",
            GO,
            [
                (
                    "method",
                    "Server.Do",
                    ("a", "b", "c"),
                    "func (s *Server[T]) Do(a, b int, c ...string) error",
                ),
                ("class", "Point", (), "type Point"),
                ("function", "main", (), "func main()"),
            ],
        ),
    ],
)
def test_definitions_are_found_with_names_parameters_and_signatures(language_id, text, expected):
    """Every definition with a body is found, qualified by what it stands in, in order."""
    assert described(text, language_id) == expected


@pytest.mark.parametrize(
    ("language_id", "text", "name", "first", "last"),
    [
        ("python", PYTHON, "m", "    @property\n", "        return 1"),
        ("javascript", JAVASCRIPT, "add", "/** Adds.", "};"),
        ("javascript", JAVASCRIPT, "A", "class A {", "}"),
        ("javascript", JAVASCRIPT, "greet", "  /** Says hi. */", "return name }"),
        ("typescript", TYPESCRIPT, "m", "  @dec()\n", "void {}"),
        ("go", GO, "Do", "// Do does.\n// It", "nil }"),
    ],
)
def test_a_span_holds_decorators_and_the_doc_comment(language_id, text, name, first, last):
    """A span begins at the start of the line of what documents or decorates, and ends without the newline."""
    tree = parse(text, language_of(language_id, None))
    (span,) = [d.span for d in definitions(tree) if d.name == name]
    inside = text[span.start : span.end]
    assert (inside[: len(first)], inside[-len(last) :]) == (first, last)


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ("return y", "A.m.inner"),
        ("return 1", "A.m"),
        ("@property", "A.m"),
        ("x = 1", None),
        ("        def inner(y): return y\n", "A.m.inner"),
        ("\n\nasync def free(): pass\n", "free"),
        ("@dec\nclass A:", "A"),
    ],
)
def test_a_selection_means_the_innermost_definition_that_holds_it(selected, expected):
    """A selection inside a definition means that one; one that covers a whole definition means it."""
    tree = parse(PYTHON, language_of("python", None))
    start = PYTHON.index(selected)
    found = enclosing_definition(tree, Span(start=start, end=start + len(selected)))
    assert (found and found.qualified_name) == expected


def test_a_cursor_means_the_definition_around_it():
    """An empty selection is a cursor."""
    tree = parse(PYTHON, language_of("python", None))
    at = PYTHON.index("return 1")
    assert enclosing_definition(tree, Span(start=at, end=at)).qualified_name == "A.m"


def test_a_selection_over_two_definitions_means_neither():
    """Two top-level definitions have no definition around them."""
    tree = parse(PYTHON, language_of("python", None))
    assert enclosing_definition(tree, Span(start=0, end=len(PYTHON))) is None


@pytest.mark.parametrize(
    ("language_id", "text", "expected"),
    [
        ("python", PYTHON, ["import os", "from a import (\n    b,\n)"]),
        ("javascript", JAVASCRIPT, ['import x from "y";']),
        ("go", GO, ['import "fmt"', 'import (\n\t"os"\n)']),
        ("python", "x = 1\n", []),
    ],
)
def test_imports_are_the_top_level_ones(language_id, text, expected):
    """Imports come in order; their block reaches from the first to the end of the last."""
    tree = parse(text, language_of(language_id, None))
    found = imports(tree)
    assert [text[span.start : span.end] for span in found] == expected
    assert import_block(tree) == (Span(start=found[0].start, end=found[-1].end) if found else None)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_definitions_elsewhere_do_not_matter_to_a_selection(name):
    """The definition that any selection means is the same whether it is looked for nearby or in the whole text."""
    text = f"{SAMPLES[name]}\n{SAMPLES[name]}"
    tree = parse(text, language_of(name, None))
    for start in range(0, len(text), 3):
        for end in (start, start + 7, start + 90):
            selection = Span(start=start, end=min(end, len(text)))
            chosen = enclosing_definition(tree, selection)
            assert chosen == enclosing_definition(WholeTree(tree), selection), (text[start : start + 30], selection)


class WholeTree:
    """A tree whose every question about a part of it is answered for all of it."""

    def __init__(self, tree):
        self._tree = tree

    def top_level(self, _span):
        return self._tree.top_level(Span(start=0, end=len(self._tree.text)))

    def __getattr__(self, name):
        return getattr(self._tree, name)
