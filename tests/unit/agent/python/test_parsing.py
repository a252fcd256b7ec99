"""Parsing in pieces."""

import ast

import pytest

from parley_agent.python.parsing import parsed

FILLER = "".join(f"def filler_{number}(a, b):\n    return a + b  # {number}\n\n" for number in range(900))
MIDDLES = {
    "plain": "x = 1\n",
    "string with a definition in it": "TEXT = '''\ndef no(x):\n    class\n" + "z\n" * 12_000 + "def no(y):\n'''\n",
    "decorators": "@first\n@b(\n    1,\n)\n@c\nasync def f(): pass\n@last\nclass A:\n    @d\n    def m(self): ...\n",
    "condition": "if x:\n    pass\nelse:\n    def inner(): pass\n",
    "carriage returns": FILLER.replace("\n", "\r\n") + "def g(): pass\r",
    "astral": "s = '😀'; t = 'é'\n",
}


def dumped(tree):
    return ast.dump(tree, include_attributes=True)


@pytest.mark.parametrize("name", MIDDLES)
def test_the_tree_is_that_of_parsing_in_one_piece(name):
    """Every node is there, at its true position, wherever the text was cut."""
    text = FILLER + MIDDLES[name] + FILLER
    assert dumped(parsed(text)) == dumped(ast.parse(text))


def test_what_is_wrong_is_told_as_of_one_piece():
    """A syntax error in the middle has the message and the line that the whole text's has."""
    text = FILLER + "def broken(:\n    pass\n" + FILLER
    with pytest.raises(SyntaxError) as whole:
        ast.parse(text)
    with pytest.raises(SyntaxError) as pieces:
        parsed(text)
    assert (pieces.value.msg, pieces.value.lineno) == (whole.value.msg, whole.value.lineno)
