"""Parsing from the tree of a text that is much alike."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley_agent.syntax import language_of
from parley_agent.syntax.reparse import alikeness
from support.language_samples import SAMPLES
from support.parsed import nodes, parsed

PIECES = st.text(alphabet="a(){}[]:;\"'`#/\\ \n\té漢😀", max_size=6) | st.sampled_from(
    ["def f(x):\n    return x\n", "class A:\n", "'''", "/*", "*/", "if x:", "  "]
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_a_tree_made_from_an_older_one_is_the_tree(name, data):
    """Whatever is typed or deleted, one edit after the other, a tree without errors is that of parsing from nothing."""
    language, text = language_of(name, None), SAMPLES[name]
    tree = parsed(text, language)
    for _ in range(3):
        start, end = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
        end = min(end, start + 20)
        text = text[:start] + data.draw(PIECES) + text[end:]
        tree = parsed(text, language, like=tree)
        fresh = parsed(text, language)
        assert tree.root.has_error == fresh.root.has_error
        if not fresh.root.has_error:
            assert nodes(tree) == nodes(fresh)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [("abcdef", "abXdef", 5), ("abcdef", "abXYZf", 3), ("abcdef", "xyz", 0), ("", "a", 0)],
)
def test_texts_are_alike_when_most_is_kept(before, after, expected):
    """What is kept counts at both ends."""
    assert alikeness(before, after) == expected
