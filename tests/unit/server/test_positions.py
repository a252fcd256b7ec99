"""Positions become offsets and back, in every encoding, as an oracle that counts character by character has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_server.lsp.positions import LineColumn, LineIndex, PositionEncoding
from support.editor import lines_of, offset_at, position_at

ENCODINGS = st.sampled_from(PositionEncoding)
# Every kind that has ever broken a server: astral, combining, wide, separators that are no line ends here, tabs.
PIECES = st.sampled_from(
    [
        "a",
        "\t",
        "é",
        "e\u0301",
        "中",
        "😋",
        "👩‍👩‍👧",
        "\n",
        "\r\n",
        "\r",
        "\f",
        "\v",
        "\x85",
        "\u2028",
        "\x1c",
        " ",
        "\x00",
    ]
)
TEXTS = st.lists(PIECES, max_size=30).map("".join)


def inside_crlf(text, offset):
    return text[offset - 1 : offset + 1] == "\r\n" and offset > 0


@given(text=TEXTS, encoding=ENCODINGS, data=st.data())
def test_an_offset_becomes_the_position_that_an_editor_counts(text, encoding, data):
    """Both ways agree with the oracle at every offset that is no half of a line end."""
    offset = data.draw(st.integers(0, len(text)).filter(lambda at: not inside_crlf(text, at)))
    expected = position_at(text, offset, encoding)
    index = LineIndex(text)
    assert index.position(offset, encoding) == (expected.line, expected.character)
    assert index.offset(LineColumn(expected.line, expected.character), encoding) == offset
    assert offset_at(text, expected, encoding) == offset


@given(text=TEXTS, encoding=ENCODINGS, line=st.integers(-3, 40), column=st.integers(-3, 90))
def test_any_position_is_drawn_to_one_that_exists(text, encoding, line, column):
    """A position outside the text means the nearest one on its line, and never fails."""
    index = LineIndex(text)
    offset = index.offset(LineColumn(line, column), encoding)
    assert 0 <= offset <= len(text)
    if 0 <= line < len(index):
        assert index.position(offset, encoding).line == line
        assert index.position(offset, encoding).column <= max(0, column)


@given(text=TEXTS)
def test_lines_are_those_of_lsp(text):
    """Only LF, CRLF and CR end a line."""
    index = LineIndex(text)
    starts = [0]
    for line in lines_of(text)[:-1]:
        starts.append(starts[-1] + len(line))
    assert [index.line_start(line) for line in range(len(index))] == starts
    assert index.line_start(len(index)) == len(text)


@pytest.mark.parametrize(
    ("encoding", "column"), [(PositionEncoding.UTF_8, 3), (PositionEncoding.UTF_16, 2), (PositionEncoding.UTF_32, 1)]
)
def test_a_column_inside_a_character_means_its_start(encoding, column):
    """Half of an emoji is no place; one unit less than its end is its start."""
    inside = {PositionEncoding.UTF_8: 3, PositionEncoding.UTF_16: 1, PositionEncoding.UTF_32: 0}[encoding]
    assert LineIndex("😋x").offset(LineColumn(0, inside), encoding) == 0
    assert column >= inside


@given(text=TEXTS, put=TEXTS, data=st.data())
def test_lines_after_a_change_are_those_of_the_text_that_came_of_it(text, put, data):
    """Wherever something is replaced, in the middle of a CRLF too: no line is missed, and none is left over."""
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    changed = text[:start] + put + text[end:]
    found, expected = LineIndex(text).changed(start, end, changed), LineIndex(changed)
    assert [found.line_start(line) for line in range(len(found) + 1)] == [
        expected.line_start(line) for line in range(len(expected) + 1)
    ]
    assert found.position(start, PositionEncoding.UTF_32) == expected.position(start, PositionEncoding.UTF_32)
