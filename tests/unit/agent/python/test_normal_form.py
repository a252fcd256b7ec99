"""The normal form of function bodies: it does what the body did, and brings like bodies together."""

import ast
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley_agent.python.normal_form import normalised

ATOMS = ("p(0)", "p(1)", "p(2)", "x")


class Odd:
    """A value that notes when its truth is asked, and whose comparisons are no truths."""

    def __init__(self, log, name, truth):
        self.log, self.name, self.truth = log, name, truth

    def __bool__(self):
        self.log.append(f"bool {self.name}")
        if self.truth is None:
            raise ValueError(self.name)
        return self.truth

    def __lt__(self, other):
        self.log.append(f"{self.name} < ")
        return self

    def __eq__(self, other):
        self.log.append(f"{self.name} == ")
        return self

    def __hash__(self):
        return 1

    def __contains__(self, other):
        self.log.append(f"in {self.name}")
        return self

    def __repr__(self):
        return self.name


EXPRESSIONS = st.recursive(
    st.sampled_from((*ATOMS, "True", "False", "None", "p(0) < p(1)", "p(1) == p(2)", "p(0) is p(1)", "p(0) is not p(0)",
                     "p(1) in p(2)", "p(1) not in p(0)")),
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.tuples(inner, st.sampled_from(("and", "or")), inner).map(lambda parts: "({}) {} ({})".format(*parts)),
        st.tuples(inner, inner, inner).map(lambda parts: "({}) if ({}) else ({})".format(*parts)),
    ),
    max_leaves=5,
)  # fmt: skip


def indented(lines):
    return [f"    {line}" for line in lines]


def compound(block):
    def branch(parts):
        test, yes, no = parts
        return [f"if {test}:", *indented(yes), *(["else:", *indented(no)] if no else [])]

    def loop(parts):
        test, inside = parts
        return [f"while step() and ({test}):", *indented(inside)]

    def attempt(parts):
        inside, rest = parts
        return ["try:", *indented(inside), "except ValueError:", *indented(["p(7)"]), "finally:", *indented(rest)]

    quiet = EXPRESSIONS.map(lambda each: [f"p({each})"])
    return st.one_of(
        st.tuples(EXPRESSIONS, block, st.one_of(st.none(), block)).map(branch),
        st.tuples(EXPRESSIONS, block).map(loop),
        st.tuples(block, quiet).map(attempt),
    )


SIMPLE = st.one_of(
    EXPRESSIONS.map("return {}".format),
    EXPRESSIONS.map("p({})".format),
    EXPRESSIONS.map("x = {}".format),
    st.sampled_from(("pass", "return", "return None", "return once", "raise KeyError(1)", "break", "continue")),
    EXPRESSIONS.map("once = {}\nreturn once".format),
).map(str.splitlines)
BODIES = st.recursive(
    st.lists(SIMPLE, min_size=1, max_size=3).map(lambda found: list(chain.from_iterable(found))),
    lambda inner: st.lists(st.one_of(SIMPLE, compound(inner)), min_size=1, max_size=4).map(
        lambda found: list(chain.from_iterable(found))
    ),
    max_leaves=12,
)


def observed(tree, truths):
    """What the function does for these truths of `p(0)`, `p(1)` and `p(2)`: its log, and how it ends."""
    log, left = [], [4]

    def step():
        left[0] -= 1
        log.append("step")
        return left[0] > 0

    def p(value):
        log.append(f"p {value!r}")
        return Odd(log, f"odd{value}", truths[value % 3]) if type(value) is int else value

    names = {"p": p, "step": step}
    exec(compile(tree, "<function>", "exec"), names)  # noqa: S102 - generated above, it calls p and step
    try:
        return log, repr(names["f"](Odd(log, "x", truths[0])))
    except (KeyError, NameError, TypeError, ValueError) as error:
        return log, repr(error)


def parsed(lines):
    return ast.parse("\n".join(["def f(x):", *indented(lines)]))


@settings(max_examples=300, deadline=None)
@given(BODIES, st.lists(st.sampled_from((True, False, None)), min_size=3, max_size=3))
def test_the_normal_form_does_what_the_body_did(lines, truths):
    """Calls, truths asked, their order and number, results and errors: so what has one normal form does one thing."""
    tree = parsed(lines)
    try:
        compile(tree, "<function>", "exec")
    except SyntaxError:
        return
    normal = ast.fix_missing_locations(normalised(tree))
    assert observed(normal, truths) == observed(tree, truths)


ALIKE = [
    (["if x:", "    return 1", "else:", "    return 2"], ["if x:", "    return 1", "return 2"]),
    (["if not x:", "    return 1", "return 2"], ["return 2 if x else 1"]),
    (["if x:", "    if p(1):", "        p(2)"], ["if x and p(1):", "    p(2)"]),
    (["if not (x and p(1)):", "    p(2)"], ["if not x or not p(1):", "    p(2)"]),
    (["if x in y:", "    return True", "return False"], ["return x in y"]),
    (["if x is None:", "    return False", "else:", "    return True"], ["return x is not None"]),
    (["return True if x in y else False"], ["return x in y"]),
    (["found = p(x)", "return found"], ["return p(x)"]),
    (["p(x)", "return None"], ["p(x)"]),
    (["if x:", "    pass", "else:", "    p(1)"], ["if not x:", "    p(1)"]),
    (["while not not x:", "    p(1)"], ["while x:", "    p(1)"]),
]  # fmt: skip
APART = [
    (["if x:", "    return True", "return False"], ["return x"]),
    (["if x < 1:", "    return True", "return False"], ["return x < 1"]),
    (["return not x == True"], ["return x != True"]),
    (["if x and p(1):", "    p(2)"], ["if p(1) and x:", "    p(2)"]),
    (["found = p(x)", "p(found)", "return found"], ["return p(x)"]),
    (["found = p(x)", "locals()", "return found"], ["locals()", "return p(x)"]),
    (["if x:", "    p(1)", "return 2"], ["if x:", "    p(1)", "else:", "    return 2"]),
    (["x += p(1)"], ["x = x + p(1)"]),
    (["pass", "'no documentation'"], ["'no documentation'"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "same"), [(*each, True) for each in ALIKE] + [(*each, False) for each in APART]
)
def test_like_bodies_have_one_form_and_others_have_not(one, other, same):
    """What is not surely the same is another."""
    forms = [ast.dump(normalised(parsed(lines))) for lines in (one, other)]
    assert (forms[0] == forms[1]) is same
