"""Renaming local variables of Python functions."""

import pytest

from parley_agent.python.errors import EditRefusedError
from parley_agent.python.rename import LocalName, rename, renameable, usable
from support.python_source import span_of

# (what it shows, before, names, after); the function is always `f`.
CASES = [
    ("assignment", "def f():\n    a = 1\n    return a\n", {"a": "one"}, "def f():\n    one = 1\n    return one\n"),
    (
        "f-string with nested format specifications",
        "def f():\n    v = 1\n    w = 9\n    return f'{v:>{w}.{w!r}} {{v}} {v!r:^{w}}'\n",
        {"v": "value", "w": "width"},
        "def f():\n    value = 1\n    width = 9\n    return f'{value:>{width}.{width!r}} {{v}} {value!r:^{width}}'\n",
    ),
    (
        "f-string in a triple-quoted one over several lines, with implicit concatenation and non-ASCII text",
        "def f():\n    v = 'ü'\n    return ('v' rf'\\{v}' f'''ä𝒳 {\n    v}\n  {v + f\"{v}\"}''')\n",
        {"v": "value"},
        "def f():\n    value = 'ü'\n    return ('v' rf'\\{value}' f'''ä𝒳 {\n    value}\n  {value + f\"{value}\"}''')\n",
    ),
    (
        "f-string with a named character, comparisons and a dict",
        "def f():\n    v = 1\n    return f'\\N{BULLET} {v != 2} {v<=1} { {1: v}[1] } {(lambda v: v)(v)}'\n",
        {"v": "value"},
        (
            "def f():\n    value = 1\n    return f'\\N{BULLET} {value != 2} {value<=1} { {1: value}[1] } "
            "{(lambda value: value)(value)}'\n"
        ),
    ),
    (
        "walrus in a comprehension binds in the function",
        "def f(xs):\n    return [t for x in xs if (t := x)], t\n",
        {"t": "last"},
        "def f(xs):\n    return [last for x in xs if (last := x)], last\n",
    ),
    (
        "a comprehension's first iterable belongs to the scope around it",
        "def f():\n    q = [1]\n    return [q for q in q]\n",
        {"q": "queue"},
        "def f():\n    queue = [1]\n    return [queue for queue in queue]\n",
    ),
    (
        "except as, with as, for, del",
        (
            "def f():\n    for q in (1,):\n        try:\n            with open('q') as w: pass\n"
            "        except (OSError) as er:\n            raise ValueError(er) from er\n    del q\n"
        ),
        {"q": "item", "er": "error", "w": "stream"},
        (
            "def f():\n    for item in (1,):\n        try:\n            with open('q') as stream: pass\n"
            "        except (OSError) as error:\n            raise ValueError(error) from error\n    del item\n"
        ),
    ),
    (
        "match captures",
        (
            "def f(m):\n    match m:\n        case {'k': a, **r}: return a, r\n"
            "        case [a, *r] | (a, r): return a, r\n"
            "        case C(k=a) as r: return a.k, r\n"
        ),
        {"a": "first", "r": "rest"},
        (
            "def f(m):\n    match m:\n        case {'k': first, **rest}: return first, rest\n"
            "        case [first, *rest] | (first, rest): return first, rest\n"
            "        case C(k=first) as rest: return first.k, rest\n"
        ),
    ),
    (
        "nonlocal in a nested function",
        "def f():\n    c = 0\n    def step():\n        nonlocal c\n        c += 1\n    step()\n    return c\n",
        {"c": "count"},
        (
            "def f():\n    count = 0\n    def step():\n        nonlocal count\n        count += 1\n    step()\n"
            "    return count\n"
        ),
    ),
    (
        "a class body and its methods read the function around them",
        "def f():\n    a = 1\n    class C:\n        b = a\n        def m(self): return a\n    return C\n",
        {"a": "one"},
        "def f():\n    one = 1\n    class C:\n        b = one\n        def m(self): return one\n    return C\n",
    ),
    (
        "parameters of a private nested function",
        "def f():\n    def add(p, q=1): return p + q\n    return add(1, 2)\n",
        {"p": "left", "q": "right", "add": "plus"},
        "def f():\n    def plus(left, right=1): return left + right\n    return plus(1, 2)\n",
    ),
    (
        "positional-only parameters, star-args and lambda defaults",
        "def f(a, /, *b, **c):\n    return sorted(b, key=lambda d, e=a: (d, e, c))\n",
        {"a": "first", "b": "rest", "c": "options", "d": "item", "e": "bound"},
        (
            "def f(first, /, *rest, **options):\n"
            "    return sorted(rest, key=lambda item, bound=first: (item, bound, options))\n"
        ),
    ),
    (
        "keyword arguments and attributes of the same name stay",
        "def f(o):\n    x = o.x\n    return g(x=x).x, {'x': x}\n",
        {"x": "size"},
        "def f(o):\n    size = o.x\n    return g(x=size).x, {'x': size}\n",
    ),
    (
        "async and decorators",
        (
            "@d\nasync def f(xs):\n    async for x in xs:\n        async with x as y: await y\n"
            "    return [y async for y in xs]\n"
        ),
        {"y": "inner"},
        (
            "@d\nasync def f(xs):\n    async for x in xs:\n        async with x as inner: await inner\n"
            "    return [inner async for inner in xs]\n"
        ),
    ),
    (
        "import as",
        "def f():\n    import os.path as p\n    return p.join\n",
        {"p": "paths"},
        "def f():\n    import os.path as paths\n    return paths.join\n",
    ),
    (
        "CRLF, tabs, a byte order mark, a form feed and no final newline stay",
        "\ufeffx = 1\r\n\x0c\r\ndef f():\r\n\tä = 1 # ä\r\n\r\n\treturn ä + x",
        {"ä": "one"},
        "\ufeffx = 1\r\n\x0c\r\ndef f():\r\n\tone = 1 # ä\r\n\r\n\treturn one + x",
    ),
    (
        "a name that Unicode normalises is one name",
        "def f():\n    ﬁ = 1\n    return fi\n",
        {"fi": "value"},
        "def f():\n    value = 1\n    return value\n",
    ),
    (
        "a string that nobody looks names up in, and a docstring beside one that is",
        "def f(t):\n    'Of a.'\n    a = t['a']\n    return t.query('b > 1'), a\n",
        {"a": "number"},
        "def f(t):\n    'Of a.'\n    number = t['a']\n    return t.query('b > 1'), number\n",
    ),
    (
        "lone carriage returns",
        "def f():\r    a = 1\r    return a\r",
        {"a": "one"},
        "def f():\r    one = 1\r    return one\r",
    ),
]


@pytest.mark.parametrize(("_shows", "before", "names", "after"), CASES, ids=[case[0] for case in CASES])
def test_a_name_is_changed_wherever_it_means_that_variable(_shows, before, names, after):
    """Only the names change, byte for byte, and all of them do."""
    assert rename(before, span_of(before, "f"), names) == after


REFUSED = [
    ("def f(a): return a", {"a": "number"}, "a parameter, visible to callers, who may pass it by keyword"),
    ("def f(*, a): return a", {"a": "number"}, "by keyword"),
    ("@d\ndef f(*a): return a", {"a": "numbers"}, "by keyword"),
    ("def f():\n    global a\n    a = 1", {"a": "number"}, "a is visible outside of f"),
    ("a = 1\ndef f(): return a", {"a": "number"}, "a is visible outside of f"),
    ("def f(n): return n and f(n - 1)", {"f": "count"}, "f is visible outside of f"),
    ("class A:\n    b = 1\n    def f(self): return self.b", {"b": "count"}, "b is visible outside of f"),
    ("def f(): return [b for b in 'b'] and c", {"c": "count"}, "no local variable of that name"),
    ("def f():\n    a = 1\n    return locals()", {"a": "number"}, "locals"),
    ("def f():\n    a = 1\n    return eval('a')", {"a": "number"}, "eval"),
    ("def f():\n    a = 1\n    return [vars()]", {"a": "number"}, "vars"),
    ("def f():\n    a = 1\n    return currentframe()", {"a": "number"}, "currentframe"),
    ("def f(t):\n    a = 1\n    return t.query('b > @a')", {"a": "number"}, "a string that a library may look up"),
    ("def f():\n    a = g()\n    q = f'from a'\n    return duckdb.sql(q)", {"a": "rows"}, "a string that a library"),
    ("def f():\n    a = 1\n    return f'{a=}'", {"a": "number"}, "printed with its name"),
    ("def f():\n    a = 1\n    return f'{ (a) = !r:>3}'", {"a": "number"}, "printed with its name"),
    ("def f():\n    import os\n    return os", {"os": "system"}, "imported"),
    ("def f():\n    class A: pass\n    return A", {"A": "Thing"}, "class"),
    ("def f():\n    def g(a): return a\n    return g", {"a": "number"}, "by keyword"),
    ("def f():\n    def g(a): return a\n    return g(a=1)", {"a": "number"}, "by keyword"),
    ("def f():\n    def g(a): return a\n    return g", {"g": "inner"}, "passed on"),
    ("def f():\n    return lambda a: a", {"a": "number"}, "by keyword"),
    ("def f():\n    a = []  # type: list[a]\n    return a", {"a": "number"}, "type comment"),
    ("def f():\n    A = int\n    x: 'A' = 1\n    return x, A", {"A": "Number"}, "annotation written as text"),
    ("def f():\n    a = b = 1\n    return a + b", {"a": "b"}, "in use already"),
    ("def f():\n    a = b = 1\n    return a + b", {"a": "number", "b": "number"}, "given to another variable"),
    ("def f():\n    a = 1\n    return a", {"a": "list"}, "hide a builtin"),
    ("def f():\n    a = 1\n    return a", {"a": "class"}, "keyword"),
    ("def f():\n    a = 1\n    return a", {"a": "two words"}, "not a valid name"),
    ("def f():\n    a = 1\n    return g(a)", {"a": "g"}, "in use already"),
    ("g = 1\ndef f():\n    a = 1\n    return a", {"a": "g"}, "in use already"),
    ("class f:\n    a = 1", {"a": "number"}, "is a class"),
    ("def f():\n    a = 1\n    return (", {"a": "number"}, "not valid Python"),
    ("def f():\n    __a = 1\n    return __a", {"__a": "number"}, "two underscores"),
]


@pytest.mark.parametrize(("source", "names", "reason"), REFUSED)
def test_what_cannot_be_renamed_is_refused_with_the_reason(source, names, reason):
    """A name that something outside can see, and a new name that cannot be used, refuse the edit."""
    with pytest.raises(EditRefusedError, match=reason):
        rename(source, span_of(source, "f"), names)


def test_only_poor_names_are_worth_asking_about():
    """Loop indices and names that say something are renameable and not worth it; parameters are not offered."""
    source = (
        "def f(rows):\n    tmp = 0\n    for i in range(3):\n        t = rows[i]\n        tmp += t\n    total = tmp\n"
        "    data2 = [x for x in rows]\n    return total, data2\n"
    )
    assert renameable(source, span_of(source, "f")) == (
        LocalName(name="tmp", kind="local", worth=True),
        LocalName(name="i", kind="loop", worth=False),
        LocalName(name="t", kind="local", worth=True),
        LocalName(name="total", kind="local", worth=False),
        LocalName(name="data2", kind="local", worth=True),
        LocalName(name="x", kind="comprehension", worth=True),
    )


def test_the_usable_part_of_an_answer_is_kept_and_the_rest_explained():
    """Each name that does not pass has a sentence; a name kept as it is has none."""
    source = "def f(rows):\n    t = u = v = w = x = 1\n    return rows, t, u, v, w, x\n"
    answer = {"t": "total", "u": "total", "v": "vv", "w": "w", "x": "rows", "zz": "zero", "rows": "lines"}
    assert usable(source, span_of(source, "f"), answer) == (
        {"t": "total"},
        (
            "u: 'total' was given to another variable already.",
            "v: 'vv' is too short to be clearer.",
            "x: 'rows' is in use already.",
            "zz: f has no local variable of that name.",
            "rows is a parameter, visible to callers, who may pass it by keyword; only names local to f are changed.",
        ),
    )
