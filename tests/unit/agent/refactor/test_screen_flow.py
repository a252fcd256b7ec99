"""What a model is shown: no hidden characters, no secrets off this machine, and no more than its window holds."""

import sys

import pytest

from parley_agent.refactor.requests import Proposed
from parley_agent.refactor.tasks import TaskClass

SECRET = "hunter" + "22!"
OTHER = "correct" + "-horse"
CODE = f'''def connect(host):
    # The database.
    password = "{SECRET}"
    ¦if host == None:
        return open_connection("localhost", password)
    return open_connection(host, password)


def open_connection(host, password):
    return host, password


password = "{OTHER}"
'''
SIMPLER = """```python
def connect(host):
    # The database.
    password = "{}"
    return open_connection("localhost" if host is None else host, password)
```"""


async def test_a_model_elsewhere_never_sees_a_secret(bench):
    """A placeholder stands for it, and it is put back where it was."""
    case = bench(CODE, SIMPLER.format("PARLEY_SECRET_1"), loopback=False)
    text = await case.result(TaskClass.SIMPLIFY)
    sent = "".join(message.text for message in case.models.requests[0].messages)
    assert SECRET not in sent
    assert OTHER not in sent
    assert f'password = "{SECRET}"\n    return open_connection("localhost" if' in text
    assert not case.models.requests[0].loopback_only


async def test_the_person_is_told_of_hidden_secrets(bench):
    """The proposal's notes say so."""
    case = bench(CODE, SIMPLER.format("PARLEY_SECRET_1"), loopback=False)
    assert (await case.last(TaskClass.SIMPLIFY)).notes == ("1 secret was hidden from the model and put back.",)


@pytest.mark.parametrize("written", ["secret", "PARLEY_SECRET_2", "PARLEY_SECRET_1PARLEY_SECRET_1", "PARLEY_SECRET_9"])
async def test_a_placeholder_must_come_back_exactly_once(bench, written):
    """One that is lost, doubled or made up refuses the edit."""
    answer = SIMPLER.format(written)
    assert (await bench(CODE, answer, answer, loopback=False).last(TaskClass.SIMPLIFY)).code == "secret-lost"


async def test_a_model_on_this_machine_sees_the_text_as_it_is(bench):
    """And the request is bound to this machine."""
    case = bench(CODE, SIMPLER.format(SECRET), loopback=True)
    assert isinstance(await case.last(TaskClass.SIMPLIFY), Proposed)
    assert SECRET in case.models.requests[0].messages[-1].text
    assert case.models.requests[0].loopback_only


async def test_a_text_without_secrets_may_go_where_the_route_leads(bench):
    """Only what holds a secret is bound."""
    case = bench("def f():\n    ¦t = 1\n    return t\n", '{"t": "start"}')
    await case.run(TaskClass.RENAME)
    assert not case.models.requests[0].loopback_only


async def test_a_word_of_the_text_is_never_taken_for_a_placeholder(bench):
    """A file that talks of PARLEY_SECRET gets other placeholders."""
    case = bench(CODE.replace("database", "PARLEY_SECRET"), "no", "no", loopback=False)
    await case.run(TaskClass.SIMPLIFY)
    assert 'password = "PARLEY_SECRET__1"' in case.models.requests[0].messages[-1].text


async def test_hidden_characters_are_not_shown_and_told(bench):
    """The model sees the text as a person does; a decision leaves them where they are."""
    code = "def f():\n    # a\u202eb\u200bc\n    ¦t = 1\n    return t\n"
    case = bench(code, '{"t": "start"}')
    proposed = await case.last(TaskClass.RENAME)
    assert "# abc" in case.models.requests[0].messages[-1].text
    assert proposed.notes == ("2 hidden characters of the text were not shown to the model.",)
    case = bench(code, '{"t": "start"}')
    assert "# a\u202eb\u200bc" in await case.result(TaskClass.RENAME)


async def test_a_rewrite_that_would_lose_hidden_characters_is_refused(bench):
    """Since the model did not see them, it cannot give them back."""
    code = "def f(x):\n    ¦if x == 'a\u200bb':\n        return True\n    return False\n"
    answer = "```python\ndef f(x):\n    return x == 'ab'\n```"
    case = bench(code, answer, answer)
    assert (await case.last(TaskClass.SIMPLIFY)).code == "hidden-characters"
    assert case.models.requests == []


LEAK = "ghp_" + "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX"
PLAIN = "def f(x):\n    ¦if x == None:\n        return True\n    return False\n"
REWRITTEN = "```python\ndef f(x):\n    return x is None\n```"


@pytest.fixture
def telling_tests(tmp_path):
    """A workspace whose test fails at first, and prints a key and a hidden character."""
    (tmp_path / "shop.py").write_text(PLAIN.replace("¦", ""))
    told = (
        f"import pathlib, shop; print('{LEAK} a\\u200bb'); assert 'is None' not in pathlib.Path('shop.py').read_text()"
    )
    return {
        "path": str(tmp_path / "shop.py"),
        "options": {"test_command": (sys.executable, "-c", told), "workspace_root": str(tmp_path)},
    }


async def test_what_a_test_prints_is_screened_for_a_model_elsewhere(bench, telling_tests):
    """The tail of its output goes to the model with the question to answer again, but no secret does."""
    case = bench(PLAIN, REWRITTEN, REWRITTEN, loopback=False, path=telling_tests["path"])
    await case.run(TaskClass.SIMPLIFY, **telling_tests["options"])
    told = case.models.requests[1].messages[-1].text
    assert "PARLEY_SECRET_1" in told
    assert "ab" in told
    assert LEAK not in told


async def test_a_secret_that_was_put_back_is_hidden_again_in_what_was_wrong(bench):
    """A check quotes the line as it is in the file; the model is told of it with the placeholder that it knows."""
    broken = SIMPLER.format("PARLEY_SECRET_1").replace('SECRET_1"', 'SECRET_1" if')
    case = bench(CODE, broken, broken, loopback=False)
    await case.run(TaskClass.SIMPLIFY)
    told = case.models.requests[1].messages[-1].text
    assert 'password = "PARLEY_SECRET_1" if' in told
    assert SECRET not in told


async def test_a_secret_that_a_test_prints_binds_the_request_to_this_machine(bench, telling_tests):
    """The text held none, so the first request could go anywhere; the repair cannot."""
    case = bench(PLAIN, REWRITTEN, REWRITTEN, loopback=True, path=telling_tests["path"])
    await case.run(TaskClass.SIMPLIFY, **telling_tests["options"])
    assert LEAK in case.models.requests[1].messages[-1].text
    assert [request.loopback_only for request in case.models.requests] == [False, True]


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\U000e0041"])
async def test_a_model_brings_no_hidden_characters_in(bench, hidden):
    """Code that reads otherwise than it runs is refused."""
    answer = f"```python\ndef f(x):\n    # so{hidden}\n    return x is None\n```"
    refused = await bench(PLAIN, answer, answer).last(TaskClass.SIMPLIFY)
    assert refused.code == "control-characters"


TOTAL = """import os
import json


def total(prices):
    ¦s = 0
    for p in prices:
        s = s + p
    return s


"""


def with_neighbours(count):
    neighbour = "def neighbour_{}(first, second, third):\n    return first\n\n\n"
    return TOTAL + "".join(neighbour.format(number) for number in range(count))


GOOD = "```python\ndef total(prices):\n    return sum(prices)\n```"


async def test_neighbours_are_left_out_first_then_imports(bench):
    """A smaller window keeps what matters more."""
    shown = {}
    for window in range(900, 300, -20):
        case = bench(with_neighbours(20), GOOD, window_tokens=window)
        await case.run(TaskClass.SIMPLIFY)
        prompt = "".join(message.text for request in case.models.requests for message in request.messages)
        if prompt:
            shown["neighbour_3" in prompt, "import json" in prompt] = None
    assert list(shown) == [(True, True), (False, True), (False, False)]


async def test_a_definition_that_does_not_fit_is_refused_before_the_model_is_asked(bench):
    """The message says how much it needs, how much there is, and the way out."""
    case = bench(with_neighbours(0), window_tokens=200)
    refused = await case.last(TaskClass.SIMPLIFY)
    assert refused.code == "too-long"
    assert "window has 200" in refused.reason
    assert case.models.requests == []


async def test_an_unknown_window_is_taken_for_a_small_one(bench):
    """Nobody told: 4,096 tokens are assumed."""
    body = "".join(f"    value_{n} = compute_something({n})\n" for n in range(400))
    case = bench(f"def total():\n    ¦s = 0\n{body}    return s\n", window_tokens=None)
    assert "window has 4,096" in (await case.last(TaskClass.SIMPLIFY)).reason


async def test_an_input_that_shows_a_difference_tells_no_secret(bench):
    """Inputs are made from the words of the code: where one of them is a secret, the model is shown none."""
    wrong = SIMPLER.format("PARLEY_SECRET_1").replace('"localhost" if host is None else host', 'host or "localhost"')
    case = bench(CODE, wrong, SIMPLER.format("PARLEY_SECRET_1"), loopback=False)
    assert isinstance(await case.last(TaskClass.SIMPLIFY), Proposed)
    told = case.models.requests[1].messages[-1].text
    assert (
        told
        == "For some input it no longer gives the same. Do the same for all input.\nAnswer again, in the same form."
    )
