"""The proofs: what they let pass, and that a near miss never does."""

import ast
import random
import tokenize
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley_agent.python.proof import (
    comments_kept,
    same_program,
    same_up_to_renaming,
    same_without_annotations,
    same_without_docstrings,
)
from parley_agent.python.rename import rename, renameable
from support.python_corpus import PROGRAMS
from support.python_source import span_of

RENAMED = [
    ("def f():\n    a = 1\n    return a", "def f():\n    b = 1\n    return b", True),
    ("def f():\n    a = b = 1\n    return a, b", "def f():\n    b = a = 1\n    return b, a", True),
    ("def f():\n    a = b = 1\n    return a, b", "def f():\n    b = a = 1\n    return a, b", False),
    ("def f():\n    a = b = 1\n    return a, b", "def f():\n    c = c = 1\n    return c, c", False),
    ("def f():\n    a = 1\n    return x", "def f():\n    x = 1\n    return x", False),
    ("def f():\n    a = 1\n    return a", "def f():\n    b = 1\n    return a", False),
    ("def f():\n    a = 1\n    return lambda x=a: x + a", "def f():\n    x = 1\n    return lambda x=x: x + x", False),
    ("def f():\n    a = 1\n    return [b for b in a]", "def f():\n    b = 1\n    return [b for b in b]", True),
    (
        "def f():\n    a = 1\n    return [b for b in c if a]",
        "def f():\n    b = 1\n    return [b for b in c if b]",
        False,
    ),
    ("def f(a):\n    return a", "def f(b):\n    return b", False),
    ("def f(a, /):\n    return a", "def f(b, /):\n    return b", True),
    ("def f():\n    return lambda a: a", "def f():\n    return lambda b: b", False),
    ("a = 1", "b = 1", False),
    ("def f(): pass", "def g(): pass", False),
    ("class A:\n    a = 1", "class A:\n    b = 1", False),
    ("def f(o):\n    return o.a", "def f(o):\n    return o.b", False),
    ("def f():\n    return g(a=1)", "def f():\n    return g(b=1)", False),
    ("def f():\n    import a\n    return a", "def f():\n    import b\n    return b", False),
    ("def f():\n    import a as b\n    return b", "def f():\n    import a as c\n    return c", True),
    ("def f():\n    import a as b\n    return b", "def f():\n    import c as b\n    return b", False),
    ("def f():\n    a = 1\n    return locals()", "def f():\n    b = 1\n    return locals()", False),
    ("def f():\n    a = 1\n    return f'{a=}'", "def f():\n    b = 1\n    return f'{b=}'", False),
    ("def f():\n    global a\n    a = 1", "def f():\n    global b\n    b = 1", False),
    ("def f():\n    a = 1", "def f():\n    a = 1.0", False),
    ("def f():\n    a = 0.0", "def f():\n    a = -0.0", False),
    ("def f():\n    a = 1", "def f():\n    a = True", False),
    ("def f():\n    a = 1", "def f():\n    a = (", False),
    ("def f():\n    a = 1\n    del a", "def f():\n    b = 1\n    del b", True),
    ("def f(a):\n    def g():\n        nonlocal a\n        a = 1", "def f(a):\n    def g():\n        a = 1", False),
]


@pytest.mark.parametrize(("before", "after", "same"), RENAMED)
def test_renaming_is_proved_by_what_names_mean(before, after, same):
    """Capture, merging, visible names and any other change break the proof."""
    assert same_up_to_renaming(before, after) is same


ANNOTATED = [
    ("def f(a): pass", "def f(a: int) -> None: pass", True),
    ("def f(a): pass", "from typing import Any\ndef f(a: Any): pass", True),
    ("import os\ndef f(a): pass", "import typing as t\nimport os\ndef f(a: 't.Any'): pass", True),
    ("from typing import IO\nx = IO\ndef f(a): pass", "from typing import IO, Any\nx = IO\ndef f(a: Any): pass", True),
    ("def f(a): pass", "from os import Any\ndef f(a: Any): pass", False),
    ("def f(a): pass", "from typing import Any\ndef f(a): pass", False),
    ("def f(a): return Any", "from typing import Any\ndef f(a: Any): return Any", False),
    (
        "def f(a):\n    Any = 1\n    return Any",
        "from typing import Any\ndef f(a: Any):\n    Any = 1\n    return Any",
        False,
    ),
    ("Any = 1\ndef f(a): pass", "from typing import Any\nAny = 1\ndef f(a: Any): pass", False),
    ("from m import *\ndef f(a): pass", "from typing import Any\nfrom m import *\ndef f(a: Any): pass", False),
    ("from typing import IO\nIO", "IO", False),
    ("def f(a=1): pass", "def f(a: int = 2): pass", False),
    ("def f(a, b): pass", "def f(a: int): pass", False),
    ("def f(a): pass", "def f(*, a: int): pass", False),
    ("def f():\n    global x\n    x = 1", "def f():\n    global x\n    x: int = 1", False),
    ("def f():\n    x = 1", "def f():\n    x: int = 1", False),
    ("x = 1", "x: int = 1", False),
]


@pytest.mark.parametrize(("before", "after", "same"), ANNOTATED)
def test_hints_are_proved_with_the_imports_they_brought(before, after, same):
    """Only annotations of functions differ, and only typing names that nothing else reads come in."""
    assert same_without_annotations(before, after) is same


DOCUMENTED = [
    ("def f(): pass", "def f():\n    'Doc.'\n    pass", True),
    ("class A:\n    'Old.'", "class A:\n    'New.'", True),
    ("'Old.'\nx = 1", "x = 1", True),
    ("def f(): pass", "def f():\n    f'Doc.'\n    pass", False),
    ("def f(): pass", "def f():\n    b'Doc.'\n    pass", False),
    ("def f(): pass", "def f():\n    pass\n    'Doc.'", False),
    ("def f(): pass", "def f():\n    'One.'\n    'Two.'\n    pass", False),
    ("if x: pass", "if x:\n    'Doc.'\n    pass", False),
    ("def f(): pass", "def f():\n    'Doc.'", False),
]


@pytest.mark.parametrize(("before", "after", "same"), DOCUMENTED)
def test_docstrings_are_told_from_other_strings(before, after, same):
    """A docstring is the first statement of a module, class or function, and a plain string."""
    assert same_without_docstrings(before, after) is same


COMMENTED = [
    ("x = 1 # a\n# b\n", "# b\nx = 1 # a\n", True),
    ("x = '# a'", "x = '# b'", True),
    ("x = '''\n# a\n''' # b", "x = 1 # b", True),
    ("x = f'{y}#{z}' # a", "x = 1 # a", True),
    ("x = 1 # a", "x = 1", False),
    ("x = 1 # a\n# a", "x = 1 # a", False),
    ("x = 1", "x = 1 # a", False),
    ("x = 1 # a", "x = 1 # A", False),
]


@pytest.mark.parametrize(("before", "after", "same"), COMMENTED)
def test_comments_are_counted_and_text_in_strings_is_not(before, after, same):
    """Every comment is kept as often as it was, wherever it stands."""
    assert comments_kept(before, after) is same


def _mutants(source: str, rng: random.Random) -> str:
    """`source` with one small change that makes another program of it."""
    tokens = list(tokenize.generate_tokens(StringIO(source).readline))
    names = sorted({token.string for token in tokens if token.type == tokenize.NAME and len(token.string) < 4})
    places = [token for token in tokens if token.type in (tokenize.NAME, tokenize.NUMBER, tokenize.OP)]
    token = rng.choice(places)
    if token.type == tokenize.NAME:
        new = rng.choice(names)
    elif token.type == tokenize.NUMBER:
        new = str(int(float(token.string)) + 1)
    else:
        new = rng.choice(["+", "-", "*", "<", ">", "=", "+=", "-="])
    lines = source.splitlines(keepends=True)
    row, column = token.start[0] - 1, token.start[1]
    lines[row] = lines[row][:column] + new + lines[row][token.end[1] :]
    return "".join(lines)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(PROGRAMS) - 1), st.integers(0, 2**32))
def test_a_mutated_rename_is_caught(index, seed):
    """One changed token after a rename breaks every proof, unless the token's change is itself no change."""
    rng = random.Random(seed)
    source = PROGRAMS[index].source
    span = span_of(source, "f")
    names = {each.name: f"new_{i}" for i, each in enumerate(renameable(source, span))}
    renamed = rename(source, span, names)
    mutant = _mutants(renamed, rng)
    try:
        changed = ast.dump(ast.parse(mutant)) != ast.dump(ast.parse(renamed))
    except (SyntaxError, ValueError):
        changed = True
    if not changed:
        return
    assert not same_program(renamed, mutant)
    assert not same_without_docstrings(renamed, mutant)
    # A mutant of a lone, nowhere read name can be a rename: then undoing it must give the program back.
    if same_up_to_renaming(source, mutant):
        assert _canonical(source) == _canonical(mutant)


def _canonical(source: str) -> str:
    """The bytecode of a program without the names of its locals: an oracle that is not ours."""

    def of(code: object) -> object:
        if not hasattr(code, "co_code"):
            return repr(code)
        return (code.co_code, code.co_names, code.co_argcount, tuple(map(of, code.co_consts[:-1])), code.co_flags)

    return repr(of(compile(source, "program", "exec", dont_inherit=True)))
