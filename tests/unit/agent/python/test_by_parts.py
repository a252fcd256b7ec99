"""The proofs by parts: whatever changes, they say what the proofs of the whole say."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley_agent.python import by_parts, proof
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.parts import changed_parts
from parley_agent.python.scopes import undefined_names
from support.python_corpus import PROGRAMS

PROOFS = ("same_up_to_renaming", "same_without_docstrings", "same_without_annotations", "comments_kept")
PIECES = (
    *(program.source for program in PROGRAMS),
    '"""Words."""\n',
    "from typing import Any\n",
    "from typing import Any  # for hints\nfrom other import *\n",
    "import os; import re\n",
    "def sorted(xs, key): return [key(x=x) for x in xs]\n",
    "def order(xs):\n    # by itself\n    return sorted(xs, key=lambda x: x)\n",
    "@cached\n@property\ndef g(a: 'int') -> int:\n    '''Says.'''\n    b = a; c = b\n    return c\n",
    "if os:\n    x = 1\nelse:\n    x = 2\n",
    "x = (1,\n2)\n",
    "class K:\n    y = 1\n    def m(self):\n        return self.y, x\n",
    "text = '''\ndef no(): pass\n'''\n",
    "async def h():\n\tglobal x\n\tx = 3\n\n\n# the end\n",
)
LINES = (
    *("", "    a = 1", "# a remark", '"""Words."""', "    '''Words.'''", "else:", "x = \\", "def k(a, b=x):"),
    *("    return y", "from typing import Any", "import sorted", "text = '''", "    pass", "a: Any = 1", "@cached"),
    *("; a = 1", "(", "\t\tb = 2"),
)
NAMES = ("a", "x", "y", "t", "Any", "sorted", "f", "c", "_", "self")


@st.composite
def changes(draw):
    """A text, and the same with some of its lines changed, near each other or not."""
    before = "".join(draw(st.lists(st.sampled_from(PIECES), min_size=3, max_size=7)))
    lines = before.split("\n")
    at = draw(st.integers(0, len(lines) - 1))
    for _ in range(draw(st.integers(1, 3))):
        at = min(len(lines) - 1, max(0, at + draw(st.integers(-2, 3))))
        match draw(st.sampled_from(["insert", "delete", "replace", "rename", "annotate", "shift"])):
            case "insert":
                lines.insert(at, draw(st.sampled_from(LINES)))
            case "delete":
                del lines[at : at + 1]
                lines = lines or [""]
            case "replace":
                lines[at] = draw(st.sampled_from(LINES))
            case "rename":
                old, new = draw(st.sampled_from(NAMES)), draw(st.sampled_from(NAMES))
                end = at + draw(st.integers(1, 8))
                lines[at:end] = [" ".join(new if w == old else w for w in line.split(" ")) for line in lines[at:end]]
            case "annotate":
                lines[at] = lines[at].replace("):", ") -> int:").replace("(a", "(a: int")
            case _:
                lines[at] = " " + lines[at]
    after = "\n".join(lines)
    return (before, after) if draw(st.booleans()) else (after, before)


@settings(max_examples=400)
@given(changes())
def test_by_parts_is_as_by_the_whole(change):
    """Every proof, and which names became unknown, for changes that parse and that do not."""
    assert [getattr(by_parts, name)(*change) for name in PROOFS] == [getattr(proof, name)(*change) for name in PROOFS]
    before, after = change
    try:
        expected = undefined_names(after) - undefined_names(before)
    except EditRefusedError:
        with pytest.raises(EditRefusedError):
            by_parts.newly_undefined_names(before, after)
    else:
        assert by_parts.newly_undefined_names(before, after) == expected


@settings(max_examples=400)
@given(changes())
def test_a_part_stands_for_the_whole(change):
    """With the one part in the place of the other, the older tree is the newer one."""
    parts = changed_parts(*change)
    if parts is None:
        return
    before, after = change
    whole, old, new = (ast.parse(text).body for text in (before, parts.before, parts.after))
    dumped = [ast.dump(each) for each in whole]
    places = [at for at in range(len(dumped) - len(old) + 1) if dumped[at : at + len(old)] == [*map(ast.dump, old)]]
    expected = [ast.dump(each) for each in ast.parse(after).body]
    assert any([*dumped[:at], *map(ast.dump, new), *dumped[at + len(old) :]] == expected for at in places)


LONG = "".join(f"def f{number}(items):\n    t = 0\n    return t\n\n\n" for number in range(30))


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("def f9(items):\n    t = 0\n    return t", "def f9(items):\n    u = 0\n    return u", "same_up_to_renaming"),
        ("def f9(items):\n", "def f9(items):\n    '''Nothing.'''\n", "same_without_docstrings"),
        ("def f9(items):\n", "def f9(items: list) -> int:\n", "same_without_annotations"),
    ],
)
def test_only_what_changed_is_compared(old, new, name):
    """In a long file the part is the one definition."""
    after = LONG.replace(old, new)
    assert getattr(by_parts, name)(LONG, after)
    part = changed_parts(LONG, after).after
    assert (part.count("def "), new in part) == (1, True)


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("sorted(xs, key=lambda x: x)", "sorted(xs, key=lambda y: y)", "same_up_to_renaming"),
        ("'''Not of the module.'''\n", "", "same_without_docstrings"),
        ("def last(a):", "from typing import Any\n\n\ndef last(a: Any):", "same_without_annotations"),
    ],
)
def test_what_the_rest_says_of_a_part_is_heard(old, new, name):
    """A builtin that the module hides, text that only looks like a docstring, a name that an import would take."""
    before = (
        LONG
        + "def sorted(xs, key):\n    return key(x=xs)\n\n\ndef order(xs):\n    return sorted(xs, key=lambda x: x)\n"
        "'''Not of the module.'''\ndef last(a):\n    return a\n"
        + LONG.replace("t = 0", "t = Any").replace("def f", "def h")
    )
    after = before.replace(old, new)
    assert changed_parts(before, after) is not None
    assert not getattr(by_parts, name)(before, after)
