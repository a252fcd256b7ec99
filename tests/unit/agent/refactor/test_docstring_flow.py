"""Add a docstring, from request to proposal."""

import json

import pytest

from parley_agent.refactor.requests import Proposed, Refused
from parley_agent.refactor.tasks import TaskClass
from support.scripted_models import CUT

ADD = "class Cart:\n    def add(self, item):\n        ¦self.items.append(item)\n"


async def test_the_text_is_set_where_the_language_wants_it(bench):
    """A one-line docstring at the body's indentation, proved to change nothing else."""
    case = bench(ADD, '{"docstring": "Append an item to the cart."}')
    proposed = await case.last(TaskClass.DOCSTRING)
    assert isinstance(proposed, Proposed)
    assert proposed.proof == "proved"
    case = bench(ADD, '{"docstring": "Append an item to the cart."}')
    assert await case.result(TaskClass.DOCSTRING) == (
        'class Cart:\n    def add(self, item):\n        """Append an item to the cart."""\n'
        "        self.items.append(item)\n"
    )


async def test_windows_line_ends_stay(bench):
    """A CRLF file gets CRLF."""
    case = bench(ADD.replace("\n", "\r\n"), '{"docstring": "Append an item."}')
    result = await case.result(TaskClass.DOCSTRING)
    assert result.count("\n") == result.count("\r\n") == 4


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("", "not-json"),
        ("Here is the docstring: it adds.", "not-json"),
        ('{"docstring": "Adds an it' + CUT, "cut"),
        ('{"docstring": ""}', "empty"),
        ('{"docstring": 7}', "empty"),
        ('{"docstring": "a b", "docstring": "c d"}', "not-json"),
        (json.dumps({"docstring": "word " * 500}), "too-long"),
        (json.dumps({"docstring": "It adds:\n```python\nx\n```"}), "code-in-prose"),
    ],
)
async def test_an_answer_that_will_not_do_is_refused(bench, answer, code):
    """Each is named, and nothing is changed."""
    refused = await bench(ADD, answer, answer).last(TaskClass.DOCSTRING)
    assert isinstance(refused, Refused)
    assert refused.code == code
    assert "nothing was changed" in refused.reason


async def test_quotes_and_backslashes_cannot_break_out(bench):
    """Text that would end the string early is escaped; the proof holds."""
    case = bench(ADD, json.dumps({"docstring": 'Say """hi""" and \\N{x} \\'}))
    assert (await case.last(TaskClass.DOCSTRING)).proof == "proved"


async def test_a_documented_function_is_refused_without_a_model(bench):
    """There is nothing to add."""
    case = bench('def f():\n    """Do."""¦\n')
    assert (await case.last(TaskClass.DOCSTRING)).code == "nothing-to-do"
    assert case.models.requests == []
