"""Proofs by tree: equal up to a renaming, or up to comments."""

import pytest

from parley_agent.syntax import equal_up_to_local_renaming, equal_without_comments, language_of, parse

BEFORE = "function f(a, b) { const t = a * b; return t + o.t; }\nconst t = 1;\n"


def check_renaming(
    after: str, mapping: dict[str, str], *, before: str = BEFORE, language_id: str = "javascript"
) -> bool:
    language = language_of(language_id, None)
    return equal_up_to_local_renaming(parse(before, language), parse(after, language), mapping)


@pytest.mark.parametrize(
    ("after", "mapping", "expected"),
    [
        ("function f(a, b) { const area = a * b; return area + o.t; }\nconst t = 1;\n", {"t": "area"}, True),
        ("function f(w, h) { const t = w * h; return t + o.t; }\nconst t = 1;\n", {"a": "w", "b": "h"}, True),
        (BEFORE, {}, True),
        (BEFORE, {"t": "area"}, False),
        ("function f(a, b) { const area = a * b; return t + o.t; }\nconst t = 1;\n", {"t": "area"}, False),
        ("function f(a, b) { const area = a * b; return area + o.area; }\nconst t = 1;\n", {"t": "area"}, False),
        ("function f(a, b) { const area = a * b; return area + o.t; }\nconst area = 1;\n", {"t": "area"}, False),
        ("function f(a, b) { const b = a * b; return b + o.t; }\nconst t = 1;\n", {"t": "b"}, False),
        ("function f(x, x) { const t = x * x; return t + o.t; }\nconst t = 1;\n", {"a": "x", "b": "x"}, False),
        ("function f(a, b) { const area = a + b; return area + o.t; }\nconst t = 1;\n", {"t": "area"}, False),
        ("function f(a, b) { let area = a * b; return area + o.t; }\nconst t = 1;\n", {"t": "area"}, False),
        ("function f(a, b) { const area = (a * b); return area + o.t; }\nconst t = 1;\n", {"t": "area"}, False),
        ("function f(b, a) { const t = b * a; return t + o.t; }\nconst t = 1;\n", {"a": "b", "b": "a"}, False),
        ("function f(a, b) { const area = a * b; return area + o.t; \nconst t = 1;\n", {"t": "area"}, False),
    ],
)
def test_only_a_consistent_renaming_of_one_definition_is_equal(after, mapping, expected):
    """Equal means: every use in the definition renamed, nothing else changed, no new name in use before."""
    assert check_renaming(after, mapping) == expected


def test_a_changed_string_is_no_renaming():
    """The same word inside a string is not the name."""
    before, after = "def f(t):\n    return 't'\n", "def f(t):\n    return 'x'\n"
    assert not check_renaming(after, {"t": "x"}, before=before, language_id="python")


@pytest.mark.parametrize(
    ("language_id", "before", "after", "expected"),
    [
        ("javascript", "function f() { return 1 }", "/** Doc. */\nfunction f() { /* x */ return 1 // y\n}", True),
        ("javascript", "function f() { return 1 }", "function f() { return /*\n*/ 1 }", False),
        ("javascript", "f(1)", "// eslint-disable-next-line\nf(1)", False),
        ("javascript", 's = " "', 's = "  "', False),
        ("javascript", "s = `a ${b} c`", "s = `a ${b}  c`", False),
        ("go", "package p\n\nfunc f() {}\n", "package p\n\n// f does.\nfunc f() {}\n", True),
        ("go", "package p\n\nfunc f() {}\n", "package p\n\n//go:noinline\nfunc f() {}\n", False),
        ("go", "package p\n\nfunc f() {}\n", "package p\n\nfunc f() {\n\t// nothing\n}\n", True),
        ("python", "x = 1\n", "x = 1  # one\n", True),
        ("python", "if x:\n    y()\n    z()\n", "if x:\n    y()\nz()\n", False),
        ("python", "# a\n", "# b\n", True),
        ("python", "x = 1\n", "x = 2\n", False),
        ("python", "x = (\n", "x = (\n", False),
        ("typescript", "let a: number = 1;", "let a: string = 1;", False),
    ],
)
def test_comments_alone_may_differ(language_id, before, after, expected):
    """Comments and layout are no difference; a token, a string's space, a directive or an indentation is one."""
    language = language_of(language_id, None)
    assert equal_without_comments(parse(before, language), parse(after, language)) == expected
