"""Two versions of a function, held against each other by an interpreter of our own."""

import ast
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_agent.python.errors import EditRefusedError
from parley_agent.python.interpreted import counterexample
from parley_agent.python.interpreted.frames import Frame, GivenUpError, Run
from parley_agent.python.interpreted.statements import Function
from parley_agent.python.rename import rename, renameable
from support.python_corpus import PROGRAMS
from support.python_source import span_of

programs = pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
INITIALS = """
def f(name):
    result = ""
    for part in name.split(" "):
        if len(part) > 0:
            result = result + part[0].upper() + "."
    return result
"""
MEAN = """
LIMIT = 100

def f(readings):
    total = 0
    count = 0
    for reading in readings:
        if reading is not None:
            if reading < LIMIT:
                total = total + reading
                count = count + 1
    if count == 0:
        return None
    return total / count
"""
IN_LIMIT = "each < LIMIT]\n    return sum(kept) / len(kept) if kept else None"
MOONS = """
def f(planet):
    if planet.lower() == "venus":
        return 0
    elif planet.lower() == "earth":
        return 1
    else:
        return -1
"""
MAY_EDIT = """
ADMINS = {"root", "ann"}

def f(user, document):
    if user is None:
        return False
    if user in ADMINS:
        return True
    return document["owner"] == user
"""
CHECKED = """
def f(items, most):
    if most < 0:
        raise ValueError("most is negative")
    kept = []
    for item in items:
        if item not in kept and len(kept) < most:
            kept.append(item)
    return kept
"""


def run_for_real(source, call):
    """What Python itself gives, as text; an exception is an outcome too."""
    names = {"__name__": "program"}
    exec(compile(source, "program", "exec", dont_inherit=True), names)  # noqa: S102 -- our own corpus
    try:
        return repr(eval(call, names))  # noqa: S307 -- our own corpus
    except Exception as error:  # noqa: BLE001 -- compared, not handled
        return type(error).__name__


def interpreted(source, call):
    """What the interpreter gives for a call of `f`, as text; None where it gives up."""
    tree = ast.parse(f"{source}\ndef called():\n    return {call}\n")
    top_level = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    run = Run(
        top_level=top_level,
        make_function=lambda node, around: Function(node=node, around=around),
        steps=10_000,
        is_model=False,
    )
    try:
        return repr(Function(node=top_level["called"], around=Frame(run=run))())
    except GivenUpError:
        return None
    except Exception as error:  # noqa: BLE001 -- compared, not handled
        return type(error).__name__


@pytest.mark.parametrize(
    ("before", "new", "shown"),
    [
        (INITIALS, 'return ".".join(part[0].upper() for part in name.split(" "))', "f('b.')"),
        (INITIALS, 'return "".join(part[0].upper() + "." for part in name.split(" "))', "IndexError"),
        (MEAN, f"kept = [each for each in readings if each and {IN_LIMIT}", "f(["),
        (MOONS, 'return {"venus": -1, "earth": 1}.get(planet.lower(), -1)', "gives 0 gives -1"),
        (MAY_EDIT, 'return user and (user in ADMINS or document["owner"] == user)', "f(None"),
        (CHECKED, "return list(dict.fromkeys(items))[:most]", "ValueError"),
        (CHECKED, 'if most < 0:\n        raise ValueError("most is negative")\n    return items[:most]', "gives"),
        ("def f(xs):\n    return sorted(xs)\n", "xs.sort()\n    return xs", "leaves its arguments"),
        ("def f(n):\n    return n * 2\n", "return n + n + 1", "f("),
    ],
)  # fmt: skip
def test_what_no_longer_does_the_same_is_shown_by_an_input(before, new, shown):
    """The usual mistakes: a case that is dropped, a falsy value taken for None, a check gone, an argument changed."""
    after = before[: before.index(":\n", before.index("def f")) + 2] + f"    {new}\n"
    found, _ = counterexample(before, after, "f")
    assert found is not None
    assert shown in f"{found.call} {found.before} {found.after}"
    if "arguments" not in found.before:
        assert run_for_real(before, found.call) != run_for_real(after, found.call)


@pytest.mark.parametrize(
    ("before", "new"),
    [
        (INITIALS, 'return "".join(f"{part[0].upper()}." for part in name.split(" ") if part)'),
        (MEAN, f"kept = [each for each in readings if each is not None and {IN_LIMIT}"),
        (MOONS, 'return {"venus": 0, "earth": 1}.get(planet.lower(), -1)'),
        (MAY_EDIT, 'return user is not None and (user in ADMINS or document["owner"] == user)'),
        (CHECKED, 'if most < 0:\n        raise ValueError("no")\n    return list(dict.fromkeys(items))[:most]'),
        ("def f(done):\n    if done == True:\n        return 1\n    return 2\n", "return 1 if done else 2"),
        ("def f(xs):\n    if len(xs) == 0:\n        return None\n    return xs[0]\n", "return xs[0] if xs else None"),
        ("def f(a, b):\n    if a > b:\n        return a\n    return b\n", "return max(b, a)"),
    ],
)  # fmt: skip
def test_a_right_simplification_passes(before, new):
    """What differs only for input that the code was not written for is no difference."""
    after = before[: before.index(":\n", before.index("def f")) + 2] + f"    {new}\n"
    found, agreed = counterexample(before, after, "f")
    assert (found, agreed > 20) == (None, True)


@programs
def test_the_same_program_never_differs_from_itself(program):
    """Nor from itself with other names for its locals."""
    assert counterexample(program.source, program.source, "f")[0] is None
    with contextlib.suppress(EditRefusedError):
        span = span_of(program.source, "f")
        names = {each.name: f"new_{index}" for index, each in enumerate(renameable(program.source, span))}
        assert counterexample(program.source, rename(program.source, span, names), "f")[0] is None


@programs
def test_what_is_interpreted_is_what_python_gives(program):
    """For all programs of the corpus: the same value or exception, or none at all."""
    for call in program.calls:
        assert interpreted(program.source, call) in {None, run_for_real(program.source, call)}


NAMES = st.sampled_from(["a", "b", "xs", "0", "2", "-1", "'b'", "[]", "None", "True"])
VALUES = st.recursive(
    NAMES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "//", "==", "<", "and", "or", "in"]), inner).map(
            lambda parts: "({} {} {})".format(*parts)
        ),
        st.tuples(inner, inner, inner).map(lambda parts: "({} if {} else {})".format(*parts)),
        st.tuples(inner, inner).map(lambda parts: "[{} for a in [{}, b]]".format(*parts)),
        st.tuples(st.sampled_from(["len", "str", "bool", "abs", "sorted", "max"]), inner).map("{0[0]}({0[1]})".format),
        st.tuples(inner, inner).map("[{0[0]}][-1][{0[1]}]".format),
        inner.map("({}).upper()".format),
        inner.map("(lambda b: {})(a)".format),
        st.tuples(inner, st.sampled_from(["", ":>4", ":.2f", ":05d", ":,", "!r", ":s"])).map(
            lambda parts: "f'{{({}){}}}'".format(parts[0].replace("'", '"'), parts[1])
        ),
    ),
    max_leaves=6,
)


@given(VALUES, VALUES, VALUES)
def test_any_small_function_gives_what_python_gives(test, one, other):
    """Loops, branches and expressions over numbers, text and lists."""
    source = f"""
def f(a, b, xs):
    seen = []
    for each in xs:
        if {test}:
            seen.append(each)
            continue
        try:
            a = {one}
        except TypeError:
            break
    else:
        b = {other}
    return a, b, seen
"""
    for call in ("f(1, 2, [1, 2])", "f('a', 'b', ['b'])", "f([1], 0, [])"):
        assert interpreted(source, call) in {None, run_for_real(source, call)}


@pytest.mark.parametrize(
    "body",
    [
        "import os\n    return os.getcwd()",
        "return open('made-by-a-test', 'w')",
        "return ().__class__.__base__.__subclasses__()",
        "while True:\n        pass",
        "return 'x' * 10**12",
        "return 9 ** 9 ** 9 ** 9",
        "xs = [1]\n    xs.extend(map(str, xs))\n    return xs",
        "xs = [1]\n    xs += map(str, xs)\n    return xs",
        "xs = [1]\n    for _ in range(100):\n        xs = [xs, xs]\n    return str(xs)",
        "return list(range(10**9))",
        "return '{0.__class__}'.format(1)",
        "return f()",
        "xs = []\n    xs.append(xs)\n    return xs",
        "yield 1",
        "return str([lambda: 1])",
        "return f'{map(str, [1])}'",
        "return __import__('os')",
    ],
)
def test_what_goes_beyond_plain_values_is_given_up(body):
    """Nothing is touched, nothing grows without end, and nothing is said."""
    source = f"def f():\n    {body}\n"
    assert counterexample(source, "def f():\n    return 1\n", "f") == (None, 0)
    assert counterexample("def f():\n    return 1\n", source, "f") == (None, 0)


def test_the_order_of_a_set_is_never_relied_on():
    """It differs from one run of Python to the next."""
    source = 'def f(word):\n    return [each for each in {"a", "b", word}]\n'
    assert counterexample(source, source.replace("[each", "[word + each"), "f") == (None, 0)
