"""The rewrite, from request to proposal: what is read safely, and what is refused."""

import re

import pytest

from parley_agent.document import Diagnostic, Severity, Span, apply_edits
from parley_agent.refactor.requests import Proposed, Refused, Repairing
from parley_agent.refactor.tasks import TaskClass
from support.scripted_models import CUT, ENDLESS

FILE = """import os
import math


def area(radius):
    return math.pi * radius**2


def evens(numbers):
    # Keep the order.
    result = []
    for number in numbers:
        if number % 2 == 0:
            ¦result.append(number)
    return result


def odds(numbers):
    return [number for number in numbers if number % 2]
"""
GOOD = "def evens(numbers):\n    # Keep the order.\n    return [number for number in numbers if number % 2 == 0]"
AFTER = FILE.replace("¦", "").replace(
    """    result = []
    for number in numbers:
        if number % 2 == 0:
            result.append(number)
    return result
""",
    "    return [number for number in numbers if number % 2 == 0]\n",
)
WHOLE_FILE = AFTER
CART = """class Cart:
    def size(self):
        n = 0
        for _ in self.items:
            ¦n += 1
        return n
"""
SCRIPT = """function evens(numbers) {
  const r = [];
  for (const n of numbers) {
    if (n % 2 === 0) ¦r.push(n);
  }
  return r;
}
"""


def fenced(code, tag="python"):
    return f"```{tag}\n{code}\n```"


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        fenced(GOOD),
        fenced(GOOD, ""),
        fenced(GOOD, "py"),
        f"Sure! Here is the simpler function:\n\n{fenced(GOOD)}\n\nIt uses a list comprehension.",
        f"<|im_start|>assistant\n{fenced(GOOD)}<|im_end|>",
        f"<think>The loop is a filter.</think>\n{fenced(GOOD)}",
        fenced(WHOLE_FILE),
        fenced("import math\n\n\n" + GOOD),
        fenced("    " + GOOD.replace("\n", "\n    ")),
        fenced(GOOD).replace("\n", "\r\n"),
        f"~~~python\n{GOOD}\n~~~",
        f"```python\n{GOOD}",
    ],
)
async def test_an_answer_that_holds_the_code_plainly_is_used(bench, answer):
    """Fences, prose around, chat markers, a thought, the whole file, imports and indentation are read safely."""
    case = bench(FILE, answer)
    assert await case.result(TaskClass.SIMPLIFY) == AFTER


SYNTAX = "def evens(numbers):\n    # Keep the order.\n    return [number for number in numbers if"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("", "empty"),
        ("<|im_end|>", "empty"),
        ("```python\n```", "empty"),
        ("I cannot help with that.", "target-lost"),
        ("The function filters even numbers. It could use a comprehension.", "target-lost"),
        (fenced(SYNTAX), "syntax"),
        (fenced(GOOD[:60]) + CUT, "cut"),
        (fenced(GOOD, "javascript"), "other-language"),
        (fenced("function evens(numbers) {\n  return numbers.filter((n) => n % 2 === 0);\n}", ""), "target-lost"),
        (fenced("--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n-a\n+b"), "diff"),
        (fenced("-a\n+b", "diff"), "diff"),
        (fenced(GOOD.replace("evens", "only_evens")), "target-lost"),
        (fenced(GOOD + "\n\n\n" + GOOD), "several"),
        (fenced(GOOD) + "\nor\n" + fenced(GOOD), "several-blocks"),
        (fenced("def evens(numbers):\n    # Keep the order.\n    # ... rest unchanged"), "elided"),
        (fenced("def evens(numbers):\n    # Keep the order.\n    ...\n    return result"), "elided"),
        (fenced("def evens(numbers):\n    # existing code here\n    return result"), "elided"),
        (fenced(GOOD.replace("% 2", "% 2 <|im_end|>")), "chat-markers"),
        (fenced(GOOD.replace("order.", "order.\x1b[31m")), "control-characters"),
        (fenced(GOOD.replace("order.", "order.\0")), "control-characters"),
        (fenced(GOOD.replace("(numbers)", "(numbers, strict=False)")), "signature"),
        (fenced(GOOD.replace("    # Keep the order.\n", "")), "comments-lost"),
        (fenced(GOOD.replace("for number in numbers", "for number in filtered(numbers)")), "unknown-name"),
        (fenced(GOOD.replace("number % 2 == 0", "eval('number % 2 == 0')")), "surprise"),
        (fenced("import numpy\n\n\n" + GOOD.replace("% 2 == 0", "in numpy.arange(9)")), "dependency"),
        (fenced("from math import iseven\n\n\n" + GOOD.replace("number % 2 == 0", "iseven(number)")), "dependency"),
        (fenced(GOOD + "\n\n\nprint(evens([1, 2]))"), "stray"),
        (fenced(GOOD + "\n\n\ndef odds(numbers):\n    return []"), "outside"),
        (fenced(GOOD + "\n\n\ndef is_even(number):\n    return number % 2 == 0"), "outside"),
        (fenced(FILE.replace("¦", "")), "no-change"),
        (fenced(AFTER.replace("math.pi", "3.14")), "outside"),
    ],
)
async def test_an_answer_that_will_not_do_is_refused(bench, answer, code):
    """Each kind of bad answer has its name; the document stays as it is."""
    refused = await bench(FILE, answer, answer).last(TaskClass.SIMPLIFY)
    assert isinstance(refused, Refused)
    assert refused.code == code


async def test_a_refused_answer_is_repaired(bench):
    """What was wrong is told to the model, and its second answer is used."""
    case = bench(FILE, fenced(GOOD[:70] + "\n    # ... rest unchanged"), fenced(GOOD))
    events = await case.run(TaskClass.SIMPLIFY)
    assert [event.attempt for event in events if isinstance(event, Repairing)] == [1]
    assert apply_edits(case.text, events[-1].edits) == AFTER


async def test_a_model_that_streams_for_ever_is_stopped(bench):
    """Its stream is closed once it has said far more than it may."""
    case = bench(FILE, ENDLESS, ENDLESS)
    assert (await case.last(TaskClass.SIMPLIFY)).code == "cut"
    assert case.models.closed == 2


async def test_an_import_that_is_needed_comes_with_the_code(bench):
    """A new import of the standard library goes among the imports."""
    code = GOOD.replace("    return", "    _ = sqrt(4)\n    return")
    case = bench(FILE, fenced(f"from math import sqrt\n\n\n{code}"))
    text = await case.result(instruction="call sqrt first")
    assert text.startswith("import os\nimport math\nfrom math import sqrt\n\n\ndef area")


async def test_an_import_that_comes_leaves_the_comment_of_the_one_before(bench):
    """What a comment says of an import, such as that a linter is to look away, is not said of another."""
    file = FILE.replace("import math\n", "import math  # noqa: F401\n")
    code = GOOD.replace("    return", "    _ = sqrt(4)\n    return")
    text = await bench(file, fenced(f"from math import sqrt\n\n\n{code}")).result(instruction="call sqrt first")
    assert text.startswith("import os\nimport math  # noqa: F401\nfrom math import sqrt\n\n\ndef area")


async def test_a_custom_change_is_labelled_unproved(bench):
    """What cannot be proved says so."""
    proposed = await bench(FILE, fenced(GOOD)).last(instruction="use a comprehension")
    assert isinstance(proposed, Proposed)
    assert proposed.proof == "unproved"
    assert proposed.evidence.startswith("Not proved")


JOINED = "def f¦(words):\n    text = ''\n    for word in words:\n        text = text + word + '.'\n    return text\n"


async def test_a_simplification_that_gives_something_else_is_repaired_with_the_input_that_shows_it(bench):
    """The model is told for which call; what then gives the same says for how many inputs it did."""
    case = bench(
        JOINED,
        fenced("def f(words):\n    return '.'.join(words)"),
        fenced("def f(words):\n    return ''.join(f'{word}.' for word in words)"),
    )
    events = await case.run(TaskClass.SIMPLIFY)
    (repairing,) = [each for each in events if isinstance(each, Repairing)]
    assert re.match(r"`f\(.*\)` gives '.*' in the old code, but (gives|raises) .* in the new\.", repairing.problem)
    assert re.search(r"Worked out for \d+ inputs, old and new gave the same\.$", events[-1].evidence)


async def test_a_method_is_rewritten_at_its_indentation(bench):
    """A method is shown and answered flush left; siblings of a method stay in the class."""
    code = CART
    case = bench(code, fenced("def size(self):\n    return len(self.items)"))
    assert await case.result(TaskClass.SIMPLIFY) == "class Cart:\n    def size(self):\n        return len(self.items)\n"
    assert "\nclass Cart" not in case.models.requests[0].messages[-1].text.replace("The file also has:", "")


async def test_a_method_may_come_back_in_its_class(bench):
    """The class around the method is left out."""
    code = CART.replace("Cart:\n", "Cart:\n    x = 1\n\n")
    answer = fenced("class Cart:\n    def size(self):\n        return len(self.items)")
    assert await bench(code, answer).result(TaskClass.SIMPLIFY) == (
        "class Cart:\n    x = 1\n\n    def size(self):\n        return len(self.items)\n"
    )


async def test_a_crlf_file_keeps_its_line_ends(bench):
    """The new lines end as the file's do."""
    case = bench(FILE.replace("\n", "\r\n"), fenced(GOOD))
    assert await case.result(TaskClass.SIMPLIFY) == AFTER.replace("\n", "\r\n")


async def test_a_diagnostic_is_told_and_fixed(bench):
    """The problem is shown with its line in the definition."""
    code = "def total(prices):\n    return sum(¦price)\n"
    text = code.replace("¦", "")
    at = text.index("price)")
    problem = Diagnostic(span=Span(start=at, end=at + 5), message="Undefined name `price`", severity=Severity.ERROR)
    case = bench(code, fenced("def total(prices):\n    return sum(prices)"))
    assert await case.result(TaskClass.FIX_DIAGNOSTICS, diagnostics=(problem,)) == text.replace("(price)", "(prices)")
    assert "line 2 at `price`: Undefined name `price`" in case.models.requests[0].messages[-1].text


async def test_a_syntax_error_can_be_fixed(bench):
    """Fixing is the one change that a broken file allows; afterwards it must be less broken."""
    code = "def total(prices)\n    return sum(¦prices)\n"
    text = code.replace("¦", "")
    problem = Diagnostic(span=Span(start=17, end=17), message="expected ':'")
    case = bench(code, fenced("def total(prices):\n    return sum(prices)"))
    case.selection = Span(start=0, end=len(text))
    assert await case.result(TaskClass.FIX_DIAGNOSTICS, diagnostics=(problem,)) == text.replace(")\n    r", "):\n    r")


async def test_selected_lines_outside_of_a_definition_can_be_changed(bench):
    """A custom change works on whole lines where there is no definition."""
    case = bench("import os\n\n¦LIMITS = [1, 2]\n¦NAME = 'x'\n", fenced("LIMITS = (1, 2)"))
    assert await case.result(instruction="make it a tuple") == "import os\n\nLIMITS = (1, 2)\nNAME = 'x'\n"


async def test_another_language_is_rewritten_by_its_grammar(bench):
    """JavaScript: the same checks, as far as its grammar carries."""
    code = SCRIPT
    good = "function evens(numbers) {\n  return numbers.filter((n) => n % 2 === 0);\n}"
    case = bench(code, fenced(good, "js"), language="javascript", path="/work/a.js")
    assert await case.result(TaskClass.SIMPLIFY) == good + "\n"
    bad = good.replace("numbers.filter", "lodash.filter")
    case = bench(code, fenced(bad, "js"), fenced(bad, "js"), language="javascript", path="/work/a.js")
    assert (await case.last(TaskClass.SIMPLIFY)).code == "unknown-name"


@pytest.mark.parametrize("answered", ["", "/** Even ones, told anew. */\n"])
async def test_a_comment_above_a_definition_stays_where_the_answer_has_none(bench, answered):
    """It is not part of the code that was asked for; one that the answer has in its place is held to it."""
    good = "function evens(numbers) {\n  return numbers.filter((n) => n % 2 === 0);\n}"
    comment = "/** Only the even ones, in order. */\n"
    answers = [fenced(answered + good, "js")] * 3
    case = bench(comment + SCRIPT, *answers, language="javascript", path="/work/a.js")
    if answered:
        assert (await case.last(TaskClass.SIMPLIFY)).code == "comments-lost"
    else:
        assert await case.result(TaskClass.SIMPLIFY) == comment + good + "\n"


async def test_a_rewritten_rename_must_be_proved(bench):
    """As the measured alternative, a rewrite is held to the same proof as the decision."""
    code = "def f(xs):\n    ¦t = 0\n    for x in xs:\n        t += x\n    return t\n"
    good = fenced(code.replace("¦", "").replace("t =", "total =").replace("t +=", "total +=").replace("n t", "n total"))
    proposed = await bench(code, good).last(TaskClass.RENAME, form="rewrite")
    assert proposed.proof == "proved"
    bad = fenced("def f(xs):\n    total = sum(xs)\n    return total")
    assert (await bench(code, bad, bad).last(TaskClass.RENAME, form="rewrite")).code == "changed-behaviour"


@pytest.mark.parametrize(
    ("answer", "proof"),
    [
        ("def known(name, names):\n    return name in names", "proved"),
        ("def known(name, names):\n    return names.count(name) > 0", "unproved"),
    ],
)
async def test_a_simpler_function_with_the_same_normal_form_is_proved(bench, answer, proof):
    """What only brings branches into another shape needs nobody's yes."""
    code = "def known(name, names):\n    ¦if not name in names:\n        return False\n    else:\n        return True\n"
    proposed = await bench(code, fenced(answer)).last(TaskClass.SIMPLIFY)
    assert (proposed.proof, proposed.needs_consent) == (proof, proof == "unproved")


POP = "package p\n\nfunc pop(s []int) int {\n\t¦tmp := len(s) - 1\n\treturn s[tmp]\n}\n"


async def test_a_rewritten_rename_is_proved_by_the_grammar(bench):
    """In every language that renames by decision; more than names is refused, not offered."""

    async def last(*answers):
        case = bench(POP, *(fenced(each, "go") for each in answers), language="go", path="/work/p.go")
        return await case.last(TaskClass.RENAME, form="rewrite")

    code = POP.replace("¦", "").removeprefix("package p\n\n")
    assert (await last(code.replace("tmp", "top"))).proof == "proved"
    more = code.replace("tmp := len(s) - 1", "top := len(s)").replace("s[tmp]", "s[top-1]")
    merged = code.replace("tmp", "s")
    assert [(await last(each, each)).code for each in (more, merged)] == ["changed-behaviour"] * 2


HINTED = "def halve(xs):\n    ¦return xs[::2], xs[1::2]\n"


@pytest.mark.parametrize(
    ("head", "hints", "ending"),
    [
        ("", "(xs: list) -> tuple[list, list]", "proved"),
        ("from typing import Tuple\n\n\n", "(xs: list) -> Tuple[list, list]", "proved"),
        ("from __future__ import annotations\n\n\n", "(xs: list[Later]) -> tuple[list, list]", "proved"),
        ("", "(xs: 'list[Later]') -> tuple[list, list]", "proved"),
        ("", "(xs: list[Later]) -> tuple[list, list]", "unknown-type"),
        ("", "(xs: List) -> Tuple[List, List]", "unknown-type"),
        ("", "(xs: Sequence) -> tuple", "unknown-type"),
        ("", "(xs: exit()) -> tuple", "not-a-type"),
        ("import click\n\n\n@click.command()\n", "(xs: list) -> tuple", "decorator"),
    ],
)
async def test_rewritten_hints_must_be_there_when_they_are_read(bench, head, hints, ending):
    """A hint is evaluated when the function is defined: an unknown or later name would end the program there."""
    later = "\n\nclass Later:\n    pass\n"
    decorator = head[head.index("@") :] if "@" in head else ""
    answer = fenced(f"{decorator}def halve{hints}:\n    return xs[::2], xs[1::2]\n")
    last = await bench(head + HINTED + later, answer, answer).last(TaskClass.TYPE_HINTS, form="rewrite")
    assert (last.proof if isinstance(last, Proposed) else last.code) == ending


async def test_a_custom_wish_without_words_is_refused(bench):
    """There is nothing to ask."""
    assert (await bench(FILE).last(TaskClass.CUSTOM)).code == "no-instruction"


BROKEN = "def greet(name)\n    ¦return f'Hello, {name}'\n\n\ndef main():\n    print(greet('you'))\n"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("def main():\n    greet(name)", "too-much"),
        ("def greet(name)\n    return f'Hello, {name}!'", "syntax"),
        ("def greets(name):\n    return f'Hello, {name}'", "outside"),
        ("def greet(name):\n    return f'Hello, {main_name}'", "unknown-name"),
        ("def greet(name):\n    return f'Hello, {main}'\n\ndef main(): pass", "outside"),
    ],
)
async def test_a_fix_of_broken_code_keeps_everything_else(bench, answer, code):
    """Where the grammar sees no definition, a fix may still not replace or lose one."""
    at = BROKEN.index(")")
    problem = Diagnostic(span=Span(start=at + 1, end=at + 1), message="Expected ':'")
    case = bench(BROKEN, fenced(answer), fenced(answer))
    refused = await case.last(TaskClass.FIX_DIAGNOSTICS, diagnostics=(problem,))
    assert refused.code == code


async def test_a_fix_must_fix(bench):
    """An unknown name that the diagnostic names may not be there afterwards."""
    code = "def f(values):\n    return sum(valeus) + ¦0\n"
    at = code.index("valeus")
    problem = Diagnostic(span=Span(start=at, end=at + 6), message="Undefined name `valeus`")
    answer = fenced("def f(values):\n    return sum(valeus)")
    assert (await bench(code, answer, answer).last(TaskClass.FIX_DIAGNOSTICS, diagnostics=(problem,))).code == (
        "unknown-name"
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("    return list(set(numbers))", "comments-lost"),
        ("    # Keep the order.\n    return list(set(numbers))", "changed-behaviour"),
    ],
)
async def test_a_simpler_function_that_is_not_the_same_is_refused(bench, body, code):
    """A set forgets the order that the comment asks for: a model's favourite mistake."""
    answer = fenced(f"def evens(numbers):\n{body}")
    assert (await bench(FILE, answer, answer).last(TaskClass.SIMPLIFY)).code == code
