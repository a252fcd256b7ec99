"""Extracting statements into a function of their own: what moves, and what is refused."""

import pytest

from parley_agent.document import Span
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.extract import LineRange, extract, extractable
from support.python_source import span_of

SUMS = """\
import math


# about f
@cache
def f(items: list[int], scale=1) -> float:
    \"\"\"Doc.\"\"\"
    # add up
    total = 0
    for item in items:
        total += item * scale  # scaled
    text = '''a
  b'''
    return total, text
"""

CASES = [
    ("what is read goes in and what is used afterwards comes back", SUMS, (8, 11), """\
import math


def part(items: list[int], scale):
    # add up
    total = 0
    for item in items:
        total += item * scale  # scaled
    return total


# about f
@cache
def f(items: list[int], scale=1) -> float:
    \"\"\"Doc.\"\"\"
    total = part(items, scale)
    text = '''a
  b'''
    return total, text
"""),
    ("the end of a function is returned, strings over several lines stay", SUMS, (12, 14), """\
import math


def part(total) -> float:
    text = '''a
  b'''
    return total, text


# about f
@cache
def f(items: list[int], scale=1) -> float:
    \"\"\"Doc.\"\"\"
    # add up
    total = 0
    for item in items:
        total += item * scale  # scaled
    return part(total)
"""),
    ("a nested block is dedented, a value that may stay is passed through",
     "def f(a):\n    b = 0\n    while a:\n        a -= 1\n        if a > 2:\n            b = a\n    return b\n", (5, 6),
     ("def part(a, b):\n    if a > 2:\n        b = a\n    return b\n\n\n"
     "def f(a):\n    b = 0\n    while a:\n        a -= 1\n        b = part(a, b)\n    return b\n")),
    ("a method's part is a method", ("class A:\n\tdef f(self, a):\n\t\tb = self.x + a\n\t\tself.y = b\n"
     "\t\treturn a\n\n\tz = 1"),
     (3, 4),
     ("class A:\n\tdef f(self, a):\n\t\tself.part(a)\n\t\treturn a\n\n\tdef part(self, a):\n\t\tb = self.x + a\n"
     "\t\tself.y = b\n\n\tz = 1")),
    ("a method's part that does not use the object is static",
     "class A:\r\n  def f(self, a):\r\n    b = a\r\n    c = b\r\n    return c", (3, 4),
     ("class A:\r\n  def f(self, a):\r\n    c = self.part(a)\r\n    return c\r\n\r\n  @staticmethod\r\n"
      "  def part(a):\r\n"
     "    b = a\r\n    c = b\r\n    return c")),
    ("a class method's part is a class method",
     "class A:\n    @classmethod\n    def f(cls, a):\n        b = a\n        return cls(b)\n", (4, 5),
     ("class A:\n    @classmethod\n    def f(cls, a):\n        return cls.part(a)\n\n    @classmethod\n"
      "    def part(cls, a):\n"
     "        b = a\n        return cls(b)\n")),
    ("what waits is asynchronous", "async def f(a):\n    b = await a\n    c = b + 1\n    return c\n", (2, 3),
     ("async def part(a):\n    b = await a\n    c = b + 1\n    return c\n\n\n"
     "async def f(a):\n    c = await part(a)\n    return c\n")),
    ("beside a nested function, the names around it are still seen",
     "def g(k):\n    def f(a):\n        b = a + k\n        print(b)\n    return f\n", (3, 4),
     ("def g(k):\n    def part(a):\n        b = a + k\n        print(b)\n\n    def f(a):\n        part(a)\n"
      "    return f\n")),
    ("a try as a whole", ("def f(a):\n    try:\n        b = int(a)\n    except ValueError as e:\n"
     "        b = 0\n    return b\n"),
     (2, 5), ("def part(a):\n    try:\n        b = int(a)\n    except ValueError as e:\n        b = 0\n"
      "    return b\n\n\n"
     "def f(a):\n    b = part(a)\n    return b\n")),
]  # fmt: skip


@pytest.mark.parametrize(("_shows", "before", "lines", "after"), CASES, ids=[case[0] for case in CASES])
def test_lines_become_a_function_beside_the_one_they_come_from(_shows, before, lines, after):
    """The lines are the same in their new place, and a call stands where they were."""
    assert extract(before, span_of(before, "f"), *lines, "part") == after


REFUSED = [
    ("def f(a):\n    for b in a:\n        if b:\n            break\n    return a\n", (3, 4), "break or continue"),
    ("def f(a):\n    for b in a:\n        if b:\n            return b\n    return a\n", (2, 4), "return in some cases"),
    ("def f(a):\n    yield a\n    b = a\n    return b\n", (2, 3), "they yield"),
    ("def f(a):\n    global b\n    b = a\n    c = b\n    return c\n", (3, 4), "belongs to the code around"),
    ("def f(a):\n    if a:\n        b = 1\n    c = 2\n    print(b, c)\n    return a\n", (4, 5), "b may have no value"),
    ("def f(a):\n    if a:\n        b = 1\n    print(a)\n    return b\n", (2, 4), "b may have no value"),
    (("def f(a):\n    b = 0\n    try:\n        b = a\n        c = b / 0\n    except E:\n        return b\n"
     "    return c\n"),
     (4, 5), "when an exception is handled"),
    ("def f(a):\n    b = 0\n    def g(): return b\n    b = 1\n    c = g()\n    return c\n",
     (4, 5), "shared with a nested"),
    ("def f(a):\n    b = 0\n    def g():\n        nonlocal b\n        b += 1\n    g()\n    print(b)\n",
     (6, 7), "shared with"),
    ("def f(a):\n    b = 1\n    c = lambda: b\n    print(c)\n    b = 2\n    return c, b\n",
     (3, 4), "shared with a nested"),
    ("def f(a):\n    b = a\n    del a\n    c = a = b\n    return a, c\n", (2, 3), "they delete a"),
    ("def f(a):\n    b = a\n    c = locals()\n    return c\n", (2, 3), r"locals\(\)"),
    ("def f(a):\n    b = 1\n    c = a.query('d > @b')\n    return c\n", (3, 3), "for a library to look it up"),
    ("def f(a):\n    if a:\n        b = 1\n    elif a > 1:\n        b = 2\n    return b\n", (4, 5), "elif"),
    ("def f(a):\n    if a:\n        b = 1\n        c = 2\n    return a\n", (2, 3), "not whole statements"),
    ("def f(a):\n    b = 1; c = 2\n    d = 3\n    return a\n", (3, 30), "not whole statements"),
    ("def f(a): b = a; return b\n", (1, 1), "not whole statements"),
    ("class A:\n    @staticmethod\n    def f(a):\n        b = a\n        return b\n", (4, 5), "static method"),
    ("def part(): pass\ndef f(a):\n    b = a\n    c = b\n    return c\n", (3, 4), "in use already"),
    ("def f(a):\n    print(z)\n    b = a\n    z = b\n    return z\n", (2, 3), "z may have no value"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "lines", "reason"), REFUSED)
def test_what_cannot_move_unchanged_is_refused_with_the_reason(source, lines, reason):
    """Jumps, shared variables, values that may be missing or would be lost keep the lines where they are."""
    with pytest.raises(EditRefusedError, match=reason):
        extract(source, span_of(source, "f"), *lines, "part")


@pytest.mark.parametrize("name", ["class", "print", "2", "", "f", "math", "item", "__x"])
def test_the_new_name_must_be_free(name):
    """A keyword, a builtin and a name in use are refused."""
    with pytest.raises(EditRefusedError, match=r"."):
        extract(SUMS, span_of(SUMS, "f"), 8, 11, name)


def test_candidates_tell_what_goes_in_and_comes_out():
    """Every candidate can be extracted; single lines, the docstring and the whole body are none."""
    found = extractable(SUMS, span_of(SUMS, "f"))
    assert found == (
        LineRange(first_line=9, last_line=11, reads=("items", "scale"), writes=("total",)),
        LineRange(first_line=9, last_line=13, reads=("items", "scale"), writes=("total", "text")),
        LineRange(first_line=10, last_line=11, reads=("items", "total", "scale"), writes=("total",)),
        LineRange(first_line=10, last_line=13, reads=("items", "total", "scale"), writes=("total", "text")),
        LineRange(first_line=10, last_line=14, reads=("items", "total", "scale"), writes=()),
        LineRange(first_line=12, last_line=13, reads=(), writes=("text",)),
        LineRange(first_line=12, last_line=14, reads=("total",), writes=()),
    )
    for each in found:
        assert "part(" in extract(SUMS, span_of(SUMS, "f"), each.first_line, each.last_line, "part")


OVERLOADED = """\
from typing import overload


# about f
@overload
def f(a: int) -> int: ...
@overload
def f(a: str) -> str: ...
def f(a):
    b = a * 2
    b = b + b
    return b
"""
PROPERTY = """\
class C:
    @property
    def f(self):
        b = self.a * 2
        b = b + b
        return b

    @f.setter
    def f(self, value):
        self.a = value
    # about the setter

    other = 1
"""


def test_a_function_is_put_above_the_overloads_of_the_one_it_comes_from():
    """Between them and what implements them, no type checker takes the one for the other's."""
    at = OVERLOADED.index("f(a):")
    span = Span(start=at, end=at)
    assert (
        extract(OVERLOADED, span, 10, 11, "part")
        == """\
from typing import overload


def part(a):
    b = a * 2
    b = b + b
    return b


# about f
@overload
def f(a: int) -> int: ...
@overload
def f(a: str) -> str: ...
def f(a):
    b = part(a)
    return b
"""
    )


def test_a_method_is_put_below_the_setter_of_the_property_it_comes_from():
    """Between the two, type checkers take the setter for another definition of the name."""
    after = extract(PROPERTY, span_of(PROPERTY, "f"), 4, 5, "part")
    assert after.index("def f(self, value)") < after.index("def part(self)") < after.index("other = 1")
