"""What is told of a definition in a file too long to be read whole for an offer."""

from parley_agent.document import Document, Span
from parley_agent.refactor.decision_edits import extractable_lines, has_docstring, poor_names, unhinted
from parley_agent.refactor.target import place_of

FILLER = "".join(f"def filler_{number}(a, b):\r\n    return a + b  # {number}\r\n\r\n" for number in range(2_000))
CODE = (
    "class Cart:\r\n    @property\r\n    def total(self, items):\r\n        t = 0\r\n        for x in items:\r\n"
    "            t = t + x * RATE\r\n        print(t)\r\n        print(RATE)\r\n        return t\r\n"
)


def told(before):
    text = f"RATE = 2\r\n{before}{CODE}{FILLER[:30]}pass\r\n"
    at = text.index("def total")
    place = place_of(Document(uri="file:///a.py", language="python", text=text), Span(start=at, end=at))
    above = before.count("\n")
    lines = [
        (each.first_line - above, each.last_line - above, each.reads, each.writes) for each in extractable_lines(place)
    ]
    return poor_names(place), has_docstring(place), unhinted(place), lines


def test_a_definition_is_told_of_alike_in_a_short_and_in_a_long_file():
    """Poor names, documentation, missing hints, and the lines to extract with what they read and write."""
    assert told(FILLER) == told("")
    assert told("")[0] == ("t", "x")
