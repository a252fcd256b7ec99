"""Rebasing a proposal: moved where it is apart from what the person changed, and checked again as at first."""

import sys
from dataclasses import replace

import pytest

from parley_agent.document import Document, Span, apply_edits
from parley_agent.refactor.requests import Proposed, Rebased, RefactorRequest, Refused
from parley_agent.refactor.service import RefactorService
from parley_agent.refactor.tasks import TaskClass
from support.scripted_models import ScriptedModels

SOURCE = """import math


def area(w, h):
    x = w * h

    if w < 0:
        raise ValueError(w)

    return x


def other():
    return math.pi
"""
RENAME = '{"x": "product"}'
SIMPLER = "```python\ndef area(w, h):\n    if w < 0:\n        raise ValueError(w)\n\n    return w * h\n```"


async def proposal(answer, task, source=SOURCE, at="w * h", language="python", path="/work/shop.py", **more):
    """A service, a request and its proposal."""
    document = Document(uri=f"file://{path}", language=language, text=source, path=path, version=1)
    offset = source.index(at)
    request = RefactorRequest(document=document, selection=Span(start=offset, end=offset), task=task, **more)
    service = RefactorService(ScriptedModels([answer]))
    last = [event async for event in service.run(request)][-1]
    assert isinstance(last, Proposed), last
    return service, request, last


async def rebased(now, answer, task, **more):
    """What becomes of the proposal when the text is `now`, and the text that it leads to."""
    service, request, proposed = await proposal(answer, task, **more)
    told = await service.rebase(request, proposed, replace(request.document, text=now, version=2))
    return told, isinstance(told, Rebased) and apply_edits(now, told.proposed.edits)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import math\n", "import math\nimport os\n"),
        ("    return math.pi", "    return 2 * math.pi"),
        ("raise ValueError(w)", "raise TypeError(w)"),
        ("def other():", "def third():\n    return 3\n\n\ndef other():"),
    ],
    ids=["above", "below", "within the function, apart", "a new function"],
)
async def test_a_proved_rename_is_moved_and_proved_again(old, new):
    """Both changes are in the result, and the proof is as strong as it was."""
    now = SOURCE.replace(old, new)
    told, text = await rebased(now, RENAME, TaskClass.RENAME)
    assert text == now.replace("x = w", "product = w").replace("return x", "return product")
    assert (told.proposed.proof, told.request.document.text, told.request.document.version) == ("proved", now, 2)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x = w * h", "x = 2 * w * h"),
        ("    return x", "    print(h)\n    return x"),
        ("    if w < 0:", "    if x < 0:"),
        ("ValueError(w)", "ValueError(product)"),
        ("def area(w, h):", "def surface(w, h):"),
        (SOURCE, ""),
        (SOURCE, "def area(:\n"),
        ("def other():", "def area(w, h):\n    return 1\n\n\ndef other():"),
    ],
    ids=["its line", "beside it", "a new use", "the name is taken", "its function", "emptied", "broken", "twice"],
)
async def test_what_is_touched_or_fails_a_check_is_not_moved(old, new):
    """The person is told why."""
    told, _ = await rebased(SOURCE.replace(old, new), RENAME, TaskClass.RENAME)
    assert isinstance(told, Refused)
    assert told.reason


async def test_an_unproved_proposal_stays_unproved_and_is_checked_again():
    """A name that the person took away elsewhere is found missing."""
    now = SOURCE.replace("return math.pi", "return 3")
    told, text = await rebased(now, SIMPLER, TaskClass.SIMPLIFY)
    assert text == now.replace("    x = w * h\n\n", "").replace("return x", "return w * h")
    assert (told.proposed.proof, told.proposed.needs_consent) == ("unproved", True)
    broken = SOURCE.replace("def other():", "def other(:")
    told, _ = await rebased(broken, SIMPLER, TaskClass.SIMPLIFY)
    assert isinstance(told, Refused)


async def test_tests_for_code_that_changed_are_not_moved():
    """A new file was made for the definition as it was; what is elsewhere does not matter."""
    answer = "```python\nfrom shop import area\n\n\ndef test_area():\n    assert area(2, 3) == 6\n```"
    task = TaskClass.GENERATE_TESTS
    told, _ = await rebased(SOURCE.replace("raise ValueError(w)", "raise TypeError(w)"), answer, task)
    assert isinstance(told, Refused)
    told, _ = await rebased(SOURCE.replace("return math.pi", "return 3"), answer, task)
    assert isinstance(told, Rebased)


async def test_what_was_tested_is_tested_again(tmp_path):
    """The named command decides about the moved result too."""
    path = tmp_path / "shop.py"
    path.write_text(SOURCE)
    check = "import shop; assert shop.area(2, 3) == 6 and shop.other() > 3, shop.other()"
    more = {
        "path": str(path),
        "workspace_root": str(tmp_path),
        "test_command": (sys.executable, "-c", check),
    }
    now = SOURCE.replace("math.pi", "math.tau")
    told, _ = await rebased(now, SIMPLER, TaskClass.SIMPLIFY, **more)
    assert told.proposed.proof == "tested"
    told, _ = await rebased(SOURCE.replace("math.pi", "1"), SIMPLER, TaskClass.SIMPLIFY, **more)
    assert isinstance(told, Refused)


async def test_a_docstring_in_another_language_is_moved():
    """The grammar proves it as at first."""
    source = "package shop\n\nfunc Area(w int, h int) int {\n\treturn w * h\n}\n\nvar last = 1\n"
    answer = '{"docstring": "Area returns the area."}'
    more = {"source": source, "language": "go", "path": "/work/shop.go", "at": "w * h"}
    told, text = await rebased(source.replace("last = 1", "last = 2"), answer, TaskClass.DOCSTRING, **more)
    assert told.proposed.proof == "proved"
    assert "// Area returns the area." in text
    assert "last = 2" in text
