"""Renaming by the grammar: what may be, what is refused with which reason, and the edit."""

import pytest

from parley_agent.document import Span
from parley_agent.python.errors import EditRefusedError
from parley_agent.syntax import (
    LANGUAGES,
    definitions,
    language_of,
    parse,
    rename_locals,
    renameable_locals,
    usable_renames,
)
from parley_agent.syntax.locals import locals_of
from support.language_samples import SAMPLES


def problems(language_id: str, text: str) -> dict[str, str | None]:
    tree = parse(text, language_of(language_id, None))
    return {each.name: each.problem for each in locals_of(tree, definitions(tree)[0])}


def check_rename(language_id: str, text: str, names: dict[str, str], *, at: int = 0) -> str:
    tree = parse(text, language_of(language_id, None))
    return rename_locals(tree, definitions(tree)[at], names)


@pytest.mark.parametrize(
    ("language_id", "before", "names", "after"),
    [
        (
            "javascript",
            "function f(a) { const t = a.t; return () => t + { t: 1 }.t; }\nlet t = 2;\n",
            {"t": "size"},
            "function f(a) { const size = a.t; return () => size + { t: 1 }.t; }\nlet t = 2;\n",
        ),
        (
            "javascript",
            "function f(x) { if (x) { let x = 1; g(x); } return x; }",
            {"x": "flag"},
            "function f(flag) { if (flag) { let flag = 1; g(flag); } return flag; }",
        ),
        (
            "typescript",
            "const f = (n: number): string => { for (const q of [n]) { return `${q}`; } };",
            {"q": "item", "n": "count"},
            "const f = (count: number): string => { for (const item of [count]) { return `${item}`; } };",
        ),
        (
            "go",
            "package p\n\nfunc f(d []int) (r int) {\n\tfor _, v := range d {\n\t\tr += v\n\t}\n\treturn\n}\n",
            {"d": "values", "r": "total", "v": "value"},
            (
                "package p\n\nfunc f(values []int) (total int) {\n\tfor _, value := range values {\n"
                "\t\ttotal += value\n\t}\n\treturn\n}\n"
            ),
        ),
        (
            "rust",
            'fn f(d: &P) -> i32 { let x = d.x; println!("{} {}", x, d.x); x }',
            {"x": "width"},
            'fn f(d: &P) -> i32 { let width = d.x; println!("{} {}", width, d.x); width }',
        ),
        (
            "java",
            "class A { int t; int f(int t) { this.t = t; return o.t() + t; } }",
            {"t": "total"},
            "class A { int t; int f(int total) { this.t = total; return o.t() + total; } }",
        ),
        (
            "c",
            "int f(int n, struct s *p) { int i; for (i = 0; i < n; i++) { p->n += i; } return p->n; }",
            {"n": "count", "p": "sum"},
            "int f(int count, struct s *sum) { int i; for (i = 0; i < count; i++) { sum->n += i; } return sum->n; }",
        ),
        (
            "cpp",
            "int f(std::vector<int> v) { auto g = [&](int x) { return x + v.size(); }; return g(v[0]); }",
            {"v": "values", "x": "value"},
            (
                "int f(std::vector<int> values) { auto g = [&](int value) { return value + values.size(); }; "
                "return g(values[0]); }"
            ),
        ),
        (
            "ruby",
            'def f(a)\n  t = a.t\n  [1].each { |x| t += x }\n  "#{t} t"\nend\n',
            {"t": "total", "x": "value"},
            'def f(a)\n  total = a.t\n  [1].each { |value| total += value }\n  "#{total} t"\nend\n',
        ),
        (
            "lua",
            "local function f(a)\n  local t = { t = a }\n  return t.t\nend\n",
            {"t": "entry"},
            "local function f(a)\n  local entry = { t = a }\n  return entry.t\nend\n",
        ),
        (
            "csharp",
            'class A { int F(int a) { var t = a; return G(x => x + t, $"{t}"); } }',
            {"t": "total", "x": "item"},
            'class A { int F(int a) { var total = a; return G(item => item + total, $"{total}"); } }',
        ),
        (
            "csharp",
            "class A { F() { int L(int x) => x; return G((int x, int y) /* c */ => { return L(x) + y; }, z => z); } }",
            {"y": "n", "z": "w"},
            "class A { F() { int L(int x) => x; return G((int x, int n) /* c */ => { return L(x) + n; }, w => w); } }",
        ),
    ],
)
def test_a_local_is_renamed_wherever_it_is_meant(language_id, before, names, after):
    """Uses, closures and shadowing declarations follow; members, keys, strings and other scopes stay."""
    at = 1 if before.startswith("class") else 0
    assert check_rename(language_id, before, names, at=at) == after


@pytest.mark.parametrize(
    ("language_id", "text", "name", "reason"),
    [
        ("javascript", "function f() { t(); { const t = 1; } }", "t", "not in force"),
        ("javascript", "function f(t) { return { t }; }", "t", "spelling"),
        ("javascript", "function f(t) { return eval('t'); }", "t", "may be reached by name"),
        ("javascript", "function f() { g(t); let t = 1; }", "t", "not in force"),
        ("typescriptreact", "function f(T) { return <T/>; }", "T", "spelling"),
        ("typescript", "function f(cb: (x: number) => void) { const x = x1; return x; }", "x", None),
        ("typescript", "class A { constructor(private t: number) {} }", "t", "spelling"),
        ("go", "package p\nfunc f() { { x := x + 1; g(x) } }\n", "x", "not in force"),
        ("go", "package p\nfunc f() { A := 1; _ = P{A: A} }\n", "A", "spelling"),
        ("go", "package p\nfunc f(z any) { switch z := z.(type) { case int: g(z) } }\n", "z", None),
        ("rust", 'fn f(x: i32) { println!("{x}"); }', "x", "inside a string"),
        ("rust", 'fn f(w: usize) { println!("{:>0w$}", 1); }', "w", "inside a string"),
        ("rust", 'fn f(p: usize) { println!("{:.p$} {}", 1.5, 2); }', "p", "inside a string"),
        ("rust", 'fn f(x: i32) { println!("{:x}", x); }', "x", None),
        ("rust", "fn f(x: i32) { my_macro!(x); }", "x", "expanded elsewhere"),
        ("rust", "fn f(x: i32) -> P { P { x } }", "x", "spelling"),
        ("c", "#define M (n + 1)\nint f(int n) { return M; }", "n", "expanded elsewhere"),
        ("ruby", "def f(t)\n  t(1)\nend\n", "t", "spelling"),
        ("ruby", "def f(t)\n  binding.local_variable_get(:t)\nend\n", "t", "may be reached by name"),
        ("ruby", "def f\n  [1].each { |x| y = x }\n  y\nend\n", "y", "not in force"),
    ],
)
def test_a_name_that_is_not_surely_local_stays(language_id, text, name, reason):
    """Whatever makes a name unsure is told; what does not is no reason."""
    found = problems(language_id, text).get(name)
    assert (found or "").find(reason or "") >= 0
    assert (found is None) == (reason is None)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ({"t": "a"}, "in use"),
        ({"t": "if"}, "keyword"),
        ({"t": "1st"}, "valid name"),
        ({"t": "two words"}, "valid name"),
        ({"t": "Math"}, "builtin"),
        ({"t": "outer"}, "in use"),
        ({"f": "other"}, "visible outside"),
        ({"outer": "other"}, "declares no local"),
        ({"t": "same", "u": "same"}, "another variable"),
        ({"t": "__proto__"}, "underscores"),
        ({"documented": "other"}, "documented"),
    ],
)
def test_a_new_name_that_cannot_be_used_is_refused(names, reason):
    """Nothing is captured, hidden, doubled or left stale."""
    text = "let outer = 1;\n/** @param documented x */\n"
    text += "function f(a, documented) { let t = a, u = outer; return t + u; }\n"
    with pytest.raises(EditRefusedError, match=reason):
        check_rename("javascript", text, names)


def test_the_usable_part_of_an_answer_is_kept():
    """What passes is kept, each of the rest has its sentence, and a name that stays is not spoken of."""
    tree = parse("function f(a, b, c) { return a + b + c; }", language_of("javascript", None))
    kept, told = usable_renames(tree, definitions(tree)[0], {"a": "width", "b": "if", "c": "c", "d": "depth"})
    assert kept == {"a": "width"}
    assert told == ("b: 'if' is a keyword of JavaScript.", "d: f declares no local name like that.")


def test_only_poor_names_are_worth_a_better_one():
    """Loop indices, idioms and good names are not asked about."""
    text = "package p\nfunc f(d []int, total int) error {\n\tfor i := range d {\n"
    text += "\t\ttmp2, err := g(i)\n\t\t_ = tmp2\n\t\treturn err\n\t}\n\treturn nil\n}\n"
    tree = parse(text, language_of("go", None))
    found = {each.name: each.worth for each in renameable_locals(tree, definitions(tree)[0])}
    assert found == {"d": True, "total": False, "i": False, "tmp2": True, "err": False}


def test_counters_are_not_worth_another_name():
    """An index keeps its letter, wherever it was declared."""
    tree = parse("int f(int n) { int i; for (i = 0; i < n; i++) { g(i); } return i; }", language_of("c", None))
    assert {each.name: each.worth for each in renameable_locals(tree, definitions(tree)[0])} == {"n": True, "i": False}


def test_line_ends_and_wide_characters_survive():
    """CRLF and astral characters before a name do not shift the edit."""
    text = "// 😀\r\nfunction f(t) {\r\n\treturn '😀' + t;\r\n}\r\n"
    assert check_rename("javascript", text, {"t": "face"}) == text.replace("(t)", "(face)").replace("+ t", "+ face")


@pytest.mark.parametrize("name", [each.id for each in LANGUAGES if each.queries.locals])
def test_the_locals_of_a_definition_do_not_depend_on_the_rest_of_the_text(name):
    """A definition has the same locals wherever it stands among others."""
    language, sample = language_of(name, None), SAMPLES[name]
    alone, thrice = parse(sample, language), parse(sample * 3, language)
    own = definitions(alone)
    assert any(locals_of(alone, each) for each in own)
    for each, among in zip(own, definitions(thrice)[len(own) : 2 * len(own)], strict=True):
        assert _shifted(locals_of(alone, each), len(sample)) == _shifted(locals_of(thrice, among), 0)


def _shifted(found, by):
    return [
        (each.name, each.kind, each.problem, [Span(start=use.start + by, end=use.end + by) for use in each.uses])
        for each in found
    ]
