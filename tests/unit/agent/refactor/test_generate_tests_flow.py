"""Generate tests, from request to a new file."""

from pathlib import Path

import pytest

from parley_agent.document import Document, NewFile, Span
from parley_agent.refactor.errors import RefactorRefusedError
from parley_agent.refactor.new_test_file import Workspace, new_test_file
from parley_agent.refactor.requests import Proposed, Refused
from parley_agent.refactor.target import place_of
from parley_agent.refactor.tasks import TaskClass
from support.scripted_models import CUT

CODE = "def is_even(number):\n    ¦return number % 2 == 0\n"
TESTS = "def test_two_is_even():\n    assert is_even(2)\n\n\ndef test_three_is_not():\n    assert not is_even(3)"


def fenced(code, tag="python"):
    return f"```{tag}\n{code}\n```"


async def test_the_tests_are_a_new_file_and_the_document_stays(bench, tmp_path):
    """The import of what is tested is ours."""
    path = tmp_path / "shop.py"
    proposed = await bench(CODE, fenced(TESTS), path=str(path)).last(TaskClass.GENERATE_TESTS)
    assert isinstance(proposed, Proposed)
    assert proposed.edits == ()
    assert proposed.new_files == (
        NewFile(path=str(tmp_path / "test_shop.py"), text=f"from shop import is_even\n\n\n{TESTS}\n"),
    )
    assert (proposed.proof, proposed.evidence[:8]) == ("unproved", "Not run:")


async def test_a_folder_of_tests_that_leads_out_of_the_workspace_is_left_alone(bench, tmp_path):
    """A repository may link it anywhere; the tests go beside what they test."""
    workspace, elsewhere = tmp_path / "workspace", tmp_path / "elsewhere"
    workspace.mkdir()
    elsewhere.mkdir()
    (workspace / "tests").symlink_to(elsewhere)
    case = bench(CODE, fenced(TESTS), path=str(workspace / "shop.py"))
    proposed = await case.last(TaskClass.GENERATE_TESTS, workspace_root=str(workspace))
    assert [file.path for file in proposed.new_files] == [str(workspace / "test_shop.py")]


@pytest.mark.parametrize(
    "answer",
    [
        fenced(f"from your_module import is_even\n\n\n{TESTS}"),
        fenced(f"from shop import is_even\n\n\n{TESTS}"),
        fenced(f"def is_even(number):\n    return number % 2 == 0\n\n\n{TESTS}"),
        f"```python\n{TESTS}\n\n\ndef test_fou" + CUT,
    ],
)
async def test_another_way_to_the_subject_is_replaced(bench, tmp_path, answer):
    """A made-up import, a copy of the code and a test that broke off are left out."""
    proposed = await bench(CODE, answer, path=str(tmp_path / "shop.py")).last(TaskClass.GENERATE_TESTS)
    assert proposed.new_files[0].text == f"from shop import is_even\n\n\n{TESTS}\n"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (fenced("def test_x(:\n"), "syntax"),
        (fenced("print(is_even(2))"), "no-test"),
        (fenced("def test_nothing():\n    assert True"), "no-check"),
        (fenced("def test_two():\n    is_even(2)"), "no-check"),
        (fenced("def test_two():\n    assert is_even(two)"), "unknown-name"),
        (fenced("import subprocess\n\n\ndef test_two():\n    assert is_even(subprocess.call('x'))"), "surprise"),
        ("def test_tw" + CUT, "cut"),
    ],
)
async def test_a_file_that_tests_nothing_is_refused(bench, tmp_path, answer, code):
    """It must be a test, call the subject and check what comes back."""
    refused = await bench(CODE, answer, answer, path=str(tmp_path / "shop.py")).last(TaskClass.GENERATE_TESTS)
    assert isinstance(refused, Refused)
    assert refused.code == code


def place(code, language, path):
    at = code.index("¦")
    document = Document(uri="file:///x", language=language, text=code.replace("¦", ""), path=path)
    return place_of(document, Span(start=at, end=at))


def found(code, language, path, there=(), manifest=""):
    workspace = Workspace(root=Path("/w"), exists=lambda each: str(each) in there, text_of=lambda each: manifest)
    file = new_test_file(place(code, language, path), workspace)
    return str(file.path), file.head


PY = "def f(x):\n    ¦return x\n"


@pytest.mark.parametrize(
    ("there", "path", "head"),
    [
        ((), "/w/src/test_shop.py", "from shop import f"),
        (("/w/tests",), "/w/tests/test_shop.py", "from shop import f"),
        (("/w/src/test_shop.py",), "/w/src/test_shop_f.py", "from shop import f"),
        (("/w/src/test_shop.py", "/w/src/test_shop_f.py"), "/w/src/test_shop_f_2.py", "from shop import f"),
        (("/w/src/__init__.py",), "/w/src/test_shop.py", "from src.shop import f"),
    ],
)
def test_a_python_test_goes_where_pytest_looks(there, path, head):
    """Never over a file that is there; the import follows the packages."""
    assert found(PY, "python", "/w/src/shop.py", there) == (path, head)


@pytest.mark.parametrize(
    ("code", "manifest", "head"),
    [
        ("export function f(x) {\n  ¦return x;\n}\n", '{"vitest": "1"}', "import { expect, test } from 'vitest';"),
        ("export function f(x) {\n  ¦return x;\n}\n", '{"jest": "1"}', "import { f } from './shop.js';"),
        ("export default function f(x) {\n  ¦return x;\n}\n", '{"jest": "1"}', "import f from './shop.js';"),
        ("function f(x) {\n  ¦return x;\n}\nmodule.exports = { f };\n", "", "const test = require('node:test');"),
        ("function f(x) {\n  ¦return x;\n}\nexport { f };\n", "", "import test from 'node:test';"),
    ],
)
def test_a_script_is_tested_as_its_project_does(code, manifest, head):
    """vitest, jest or node's own; import or require."""
    path, begins = found(code, "javascript", "/w/shop.js", manifest=manifest)
    assert (path, begins.splitlines()[0]) == ("/w/shop.test.js", head)


def test_a_go_test_stands_beside_its_file():
    """In the same package."""
    assert found("package shop\n\nfunc F() {\n\t¦_ = 1\n}\n", "go", "/w/shop.go") == (
        "/w/shop_test.go",
        'package shop\n\nimport "testing"',
    )


@pytest.mark.parametrize(
    ("code", "language", "path", "reason"),
    [
        ("def f():\n    def g():\n        ¦return 1\n    return g\n", "python", "/w/a.py", "inside another function"),
        ("function f() {\n  ¦return 1;\n}\n", "javascript", "/w/a.js", "not exported"),
        ("fn f() {\n    ¦let x = 1;\n}\n", "rust", "/w/a.rs", "no convention"),
        (PY, "python", None, "Save it first"),
    ],
)
def test_what_no_test_can_reach_is_refused(code, language, path, reason):
    """The reason says why."""
    with pytest.raises(RefactorRefusedError, match=reason):
        new_test_file(place(code, language, path), Workspace(exists=lambda each: False, text_of=lambda each: ""))
