"""The checks themselves: whatever made a candidate, it is held to what its task class declares."""

import pytest

from parley_agent.document import Document, NewFile, Span
from parley_agent.refactor.checks import verify
from parley_agent.refactor.context import Context
from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.refactor.forms.form import Candidate
from parley_agent.refactor.instruction import Wish
from parley_agent.refactor.target import place_of
from parley_agent.refactor.tasks import TaskClass

T = TaskClass
SHOP = """import os

LIMIT = 3


def head(rows):
    # The first ones.
    taken = rows[:LIMIT]
    return taken


class Shop:
    def size(self):
        return len(self.rows)
"""
CART = """import { sum } from './sum';

export function total(cart) {
  const prices = cart.map((item) => item.price);
  return sum(prices);
}

export function count(cart) {
  return cart.length;
}
"""


def verdict(after, task=T.CUSTOM, *, before=SHOP, wish="", language="python", new_files=(), at="return"):
    start = before.index(at)
    document = Document(uri="file:///w/a", language=language, text=before, path="/w/a")
    context = Context(
        place=place_of(document, Span(start=start, end=start)), task=task, wish=Wish(task=task, text=wish)
    )
    try:
        return verify(context, Candidate(text=after, new_files=new_files)).proof
    except AnswerRejectedError as rejection:
        return rejection.code


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("LIMIT = 3\n", "LIMIT = 3\nOTHER = 4\n"),
        ("LIMIT = 3\n", ""),
        ("self.rows", "self.items"),
        ("class Shop:\n", "class Shop:\n    x = 1\n"),
        ("def size", "def length"),
    ],
)
def test_nothing_changes_outside_of_the_declared_regions(old, new):
    """A line, a statement, another definition: each is refused, whatever happened in the target."""
    assert verdict(SHOP.replace(old, new).replace("taken", "first")) == "outside"


def test_an_import_changes_only_where_the_task_class_allows_it():
    """A docstring needs none; a custom change may bring one of the standard library."""
    after = SHOP.replace("import os\n", "import os\nimport math\n").replace("rows[:LIMIT]", "rows[: math.ceil(LIMIT)]")
    assert verdict(after) == "unproved"
    assert verdict(after, T.RENAME) == "outside"


def test_a_new_sibling_is_allowed_only_where_it_is_declared():
    """Extract makes one; simplify may not."""
    after = SHOP.replace("def head", "def first(rows):\n    # The first ones.\n    return rows[:LIMIT]\n\n\ndef head")
    after = after.replace("    # The first ones.\n    taken = rows[:LIMIT]\n", "    taken = first(rows)\n")
    assert verdict(after, T.EXTRACT_FUNCTION) == "unproved"
    assert verdict(after, T.SIMPLIFY) == "outside"


def test_a_target_that_is_gone_or_doubled_is_refused():
    """Its own name, exactly once."""
    assert verdict(SHOP.replace("def head", "def top")) == "target-lost"
    doubled = SHOP.replace("class Shop", "def head(rows):\n    return rows\n\n\nclass Shop")
    assert verdict(doubled) == "target-lost"


def test_python_reads_more_strictly_than_the_grammar():
    """`nonlocal` without an outer function parses, and is an error."""
    assert verdict(
        SHOP.replace("    return taken", "return taken").replace("# The first ones.", "# The first ones.")
    ) in {
        "syntax",
        "outside",
    }
    assert verdict(SHOP.replace("return taken", "nonlocal taken")) == "syntax"


@pytest.mark.parametrize(
    ("wish", "expected"),
    [("take more rows", "signature"), ("add a parameter called limit with a default", "unproved")],
)
def test_the_signature_changes_only_when_asked_for(wish, expected):
    """Callers elsewhere rely on it."""
    after = SHOP.replace("head(rows)", "head(rows, limit=LIMIT)").replace("[:LIMIT]", "[:limit]")
    assert verdict(after, wish=wish) == expected


def test_layout_of_a_signature_is_no_change():
    """Blanks, line breaks and a trailing comma mean nothing."""
    after = SHOP.replace("head(rows)", "head(\n    rows,\n)").replace("taken", "first")
    assert verdict(after) == "unproved"


def test_a_decorator_belongs_to_the_signature():
    """One that is lost or new is a change."""
    assert verdict(SHOP.replace("def head", "@staticmethod\ndef head")) == "signature"


def test_a_comment_may_be_dropped_when_asked():
    """Else it goes only with its code."""
    after = SHOP.replace("    # The first ones.\n", "")
    assert verdict(after) == "comments-lost"
    assert verdict(after, wish="remove the comment") == "unproved"


def test_a_new_file_is_all_that_generated_tests_may_change():
    """The document stays as it is, and no other task class makes files."""
    file = NewFile(path="/w/test_a.py", text="def test_x():\n    assert True\n")
    assert verdict(SHOP, T.GENERATE_TESTS, new_files=(file,)) == "unproved"
    assert verdict(SHOP.replace("3", "4"), T.GENERATE_TESTS, new_files=(file,)) == "outside"
    assert verdict(SHOP, T.SIMPLIFY, new_files=(file,)) == "outside"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("sum(prices)", "prices.reduce((a, b) => a + b, 0)", "unproved"),
        ("sum(prices)", "total(prices)", "unproved"),
        ("sum(prices)", "lodash.sum(prices)", "unknown-name"),
        ("export function total", "function total", "signature"),
        ("total(cart)", "total(cart, rate)", "signature"),
        ("return cart.length", "return 0", "outside"),
        ("import { sum } from './sum';\n", "", "outside"),
        ("from './sum';", "from './sum';\nimport fs from 'node:fs';", "unproved"),
        ("from './sum';", "from './sum';\nimport _ from 'lodash';", "dependency"),
        ("sum(prices);", "sum(prices;", "syntax"),
    ],
)
def test_the_grammar_carries_the_checks_to_other_languages(old, new, expected):
    """JavaScript: regions, names, signature and imports."""
    changed = CART.replace(old, new).replace("item.price", "item.cost")
    assert verdict(changed, before=CART, language="javascript") == expected


@pytest.mark.parametrize(
    ("language", "code", "line", "expected"),
    [
        ("go", 'package a\n\nimport "fmt"\n\nfunc f() {\n\tfmt.Println(1)\n}\n', 'import "strings"', "unproved"),
        (
            "go",
            'package a\n\nimport "fmt"\n\nfunc f() {\n\tfmt.Println(1)\n}\n',
            'import "github.com/x/y"',
            "dependency",
        ),
        (
            "java",
            "import java.util.List;\n\nclass A {\n  int f() { return 1; }\n}\n",
            "import java.util.Map;",
            "unproved",
        ),
        ("java", "import java.util.List;\n\nclass A {\n  int f() { return 1; }\n}\n", "import org.x.Y;", "dependency"),
        ("rust", "use std::fmt;\n\nfn f() -> i32 {\n    1\n}\n", "use std::mem;", "unproved"),
        ("rust", "use std::fmt;\n\nfn f() -> i32 {\n    1\n}\n", "use serde::Serialize;", "dependency"),
    ],
)
def test_imports_lead_to_the_languages_own_library(language, code, line, expected):
    """What may not be there is refused; what is in the language's own library is not."""
    first = next(each for each in code.splitlines() if each.startswith(("import", "use")))
    after = code.replace(first, f"{first}\n{line}").replace("1", "2")
    assert verdict(after, before=code, language=language, at="1") == expected
