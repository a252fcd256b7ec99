"""Whatever a file looks like, what an edit is not about survives byte for byte."""

import re

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from parley_agent.python.docstring import has_docstring, set_docstring
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.module import read
from parley_agent.python.rename import rename, renameable
from parley_agent.python.type_hints import RETURN, add_hints, unannotated, usable_hints
from support.python_corpus import PROGRAMS
from support.python_source import span_of


@st.composite
def _sources(draw):
    """A corpus program in another dress: line ends, tabs, a byte order mark, odd comments, no final newline."""
    source = draw(st.sampled_from(PROGRAMS)).source
    comment = draw(st.sampled_from(["# ä𝒳 \u2028 'quote", '# """', "#\t\x0c", ""]))
    source = f"{comment}\n\x0c\n{source}" if comment else source
    if draw(st.booleans()):
        source = re.sub(r"(?m)^((?:    )+)", lambda found: "\t" * (len(found.group()) // 4), source)
    if draw(st.booleans()):
        source = source.rstrip("\n")
    source = source.replace("\n", draw(st.sampled_from(["\n", "\r\n", "\r"])))
    source = draw(st.sampled_from(["", "\ufeff"])) + source
    try:
        read(source)
    except EditRefusedError:
        assume(condition=False)
    return source


@settings(max_examples=120, deadline=None)
@given(_sources())
def test_a_rename_changes_names_only(source):
    """Taking the mark off the new names gives the file back."""
    names = {each.name: f"{each.name}_marked" for each in renameable(source, span_of(source, "f"))}
    assert rename(source, span_of(source, "f"), names).replace("_marked", "") == source


@settings(max_examples=120, deadline=None)
@given(_sources(), st.sampled_from(["One.", "One.\n\nTwo."]))
def test_a_docstring_is_one_insertion(source, text):
    """Before and after the new docstring stands the old file, whole."""
    assume(not has_docstring(source, span_of(source, "f")))
    result = set_docstring(source, span_of(source, "f"), text)
    head = _common(source, result)
    tail = _common(source[head:][::-1], result[head:][::-1])
    assert source[head : len(source) - tail].strip(" \t\r\n") == ""
    assert result[head : len(result) - tail].strip().strip('"').split() == text.split()


@settings(max_examples=120, deadline=None)
@given(_sources())
def test_hints_only_insert(source):
    """Taking the hints and their import out gives the file back, spaces around `=` apart."""
    span = span_of(source, "f")
    hints, _ = usable_hints(
        source, span, {name: "None" if name == RETURN else "Any" for name in unannotated(source, span)}
    )
    result = add_hints(source, span, hints)
    bare = re.sub(r"from typing import Any\s+", "", result).replace(": Any", "").replace(" -> None", "")
    assert re.sub(r" = ", "=", bare) == re.sub(r" = ", "=", source)


def _common(one, other):
    """The length of the beginning that two texts share."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
