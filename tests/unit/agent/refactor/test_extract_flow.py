"""Extract a function, from request to proposal."""

from parley_agent.refactor.requests import Proposed, Refused
from parley_agent.refactor.tasks import TaskClass

REPORT = """def report(orders):
    ¦total = 0
    count = 0
    for order in orders:
        # Returned goods are free.
        if order.returned:
            continue
        total += order.price
        count += 1
    mean = total / count if count else 0
    lines = [f"total {total}", f"mean {mean}"]
    for order in orders:
        lines.append(f"{order.name}: {order.price}")
    return "\\n".join(lines)
"""


async def test_lines_that_cannot_be_moved_are_refused_without_a_model(bench):
    """No name would help."""
    case = bench("def f(xs):\n    for x in xs:\n¦        if x:\n            break\n¦    return xs\n")
    events = await case.run(TaskClass.EXTRACT_FUNCTION)
    assert [type(event) for event in events] == [Refused]


async def test_the_chosen_block_is_moved_and_called(bench):
    """The model chooses a block and a name; the tool moves the lines as they are."""
    case = bench(REPORT, '{"block": 1, "name": "count_orders"}')
    proposed = await case.last(TaskClass.EXTRACT_FUNCTION)
    assert isinstance(proposed, Proposed), proposed
    assert proposed.proof == "unproved"
    assert proposed.evidence.startswith("Not proved by comparing trees")
    text = await bench(REPORT, '{"block": 1, "name": "count_orders"}').result(TaskClass.EXTRACT_FUNCTION)
    assert text.startswith("def count_orders(")
    assert text.count("count_orders(") == 2
    assert "# Returned goods are free." in text


async def test_lines_and_name_in_the_instruction_need_no_model(bench):
    """`extract lines 2-9 into sum_orders` is carried out at once."""
    case = bench(REPORT)
    text = await case.result(instruction="extract lines 2-9 into sum_orders")
    assert "def sum_orders(orders):" in text
    assert case.models.requests == []


async def test_selected_lines_are_only_named(bench):
    """What the person selected is what is moved; the model is asked for a name alone."""
    code = REPORT.replace("¦", "").replace("    lines = [", "¦    lines = [").replace("    return", "¦    return")
    case = bench(code, '{"name": "report_lines"}')
    text = await case.result(TaskClass.EXTRACT_FUNCTION)
    assert "def report_lines(" in text
    assert list(case.models.requests[0].json_schema["properties"]) == ["name"]


async def test_a_form_feed_ends_no_line(bench):
    """The model is shown the very lines that will be moved."""
    answer = '{"block": 1, "name": "count_orders"}'
    plain, paged = bench(REPORT, answer), bench(f"\x0c\n{REPORT}", answer)
    text = await plain.result(TaskClass.EXTRACT_FUNCTION)
    assert await paged.result(TaskClass.EXTRACT_FUNCTION) == f"\x0c\n{text}"
    assert paged.models.requests[0].messages == plain.models.requests[0].messages


async def test_whole_lines_from_the_first_of_the_body_are_a_selection(bench):
    """Their indentation, which is before the body as the grammar sees it, does not make them a cursor."""
    code = REPORT.replace("    ¦total", "¦    total").replace("    count = 0\n", "    count = 0\n¦")
    case = bench(code, '{"name": "starting_values"}')
    await case.last(TaskClass.EXTRACT_FUNCTION)
    assert list(case.models.requests[0].json_schema["properties"]) == ["name"]


async def test_lines_that_cannot_be_moved_are_refused_with_the_reason(bench):
    """Half a statement is no function."""
    refused = await bench(REPORT).last(instruction="extract lines 4-6 into half")
    assert isinstance(refused, Refused)
    assert "4" in refused.reason


async def test_a_taken_name_is_told_to_the_model(bench):
    """The second answer is used."""
    case = bench(REPORT, '{"block": 1, "name": "report"}', '{"block": 1, "name": "sum_orders"}')
    assert "def sum_orders(" in await case.result(TaskClass.EXTRACT_FUNCTION)


async def test_a_function_without_blocks_is_refused(bench):
    """There is nothing to choose from."""
    refused = await bench("def f(x):\n    ¦return x\n").last(TaskClass.EXTRACT_FUNCTION)
    assert refused.code == "nothing-to-do"
