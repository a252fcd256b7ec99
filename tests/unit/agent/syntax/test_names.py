"""Names: roles, comments, and the names that nobody knows."""

import pytest

from parley_agent.document import Span
from parley_agent.syntax import comments, identifiers, language_of, parse, unknown_names


@pytest.mark.parametrize(
    ("language_id", "text", "expected"),
    [
        (
            "python",
            "def f(a: int): b.c(k=a)\n",
            "f:definition a:definition int:type b:reference c:member k:member a:reference",
        ),
        (
            "javascript",
            "const {a, b: c} = d.e; f({a, g: 1})\n",
            "a:definition b:member c:definition d:reference e:member f:reference a:reference g:member",
        ),
        (
            "typescriptreact",
            "const x: T = <div a={y}><Foo/></div>;\n",
            "x:definition T:type div:member a:member y:reference Foo:reference div:member",
        ),
        (
            "go",
            "package p\nfunc f(a T) { b := a.c; g(b) }\n",
            "p:definition f:definition a:definition T:type b:definition a:reference c:member g:reference b:reference",
        ),
    ],
)
def test_identifiers_have_roles(language_id, text, expected):
    """Each identifier is a definition, a type, a member or a reference, in order."""
    tree = parse(text, language_of(language_id, None))
    assert " ".join(f"{each.name}:{each.role}" for each in identifiers(tree)) == expected


def test_identifiers_and_comments_of_a_span_are_those_within_it():
    """A span narrows both to what lies whole inside it."""
    text = "a = b  # one\nc = d  # two\n"
    tree = parse(text, language_of("python", None))
    second = Span(start=text.index("c"), end=len(text))
    assert [each.name for each in identifiers(tree, second)] == ["c", "d"]
    assert [text[span.start : span.end] for span in comments(tree, second)] == ["# two"]


@pytest.mark.parametrize(
    ("language_id", "before", "after", "expected"),
    [
        ("python", "def f(a): return a\n", "def f(a): return g(len(a), self)\n", ("g", "self")),
        ("python", "x = 1\ndef f(a): return a\n", "x = 1\nimport math\ndef f(a): return math.floor(a + x)\n", ()),
        (
            "javascript",
            "function f(a) { return a }",
            "function f(a) { return lodash.map(a, (q) => Math.abs(q)) }",
            ("lodash",),
        ),
        ("typescript", "let a = 1", "let a: Partial<Thing> = parse(1)", ("Thing", "parse")),
        (
            "go",
            "package p\nfunc f() {}\n",
            'package p\nimport "strings"\nfunc f() { x := strings.Join(nil, sep); _ = x }\n',
            ("sep",),
        ),
    ],
)
def test_unknown_names_are_neither_used_before_nor_declared_nor_built_in(language_id, before, after, expected):
    """What a model made up is told; builtins, imports, declarations and names of the text before are not."""
    language = language_of(language_id, None)
    found = unknown_names(parse(before, language), parse(after, language), Span(start=0, end=len(after)))
    assert found == expected
