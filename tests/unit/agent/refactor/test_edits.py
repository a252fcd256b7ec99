"""Minimal edits."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from parley_agent.document import Span, TextEdit, apply_edits
from parley_agent.refactor.edits import minimal_edits

TEXTS = st.text(alphabet="ab _\n\r\t\u2028😀é", max_size=60)
PLAIN_TEXTS = st.text(alphabet="ab _\n\t😀é", max_size=60)


@given(TEXTS, TEXTS)
def test_edits_lead_from_one_text_to_the_other(before, after):
    """Applying the edits gives the text after, for any two texts."""
    assert apply_edits(before, minimal_edits(before, after)) == after


@given(TEXTS, TEXTS)
def test_edits_are_in_order_and_apart(before, after):
    """No two edits overlap, and none changes nothing."""
    edits = minimal_edits(before, after)
    assert all(one.span.end <= other.span.start for one, other in pairwise(edits))
    assert all(before[edit.span.start : edit.span.end] != edit.new_text for edit in edits)


@given(TEXTS, PLAIN_TEXTS, PLAIN_TEXTS, TEXTS)
def test_edits_stay_between_what_is_equal(head, before, after, tail):
    """Whole lines that both texts begin and end with are never touched."""
    head, tail, before, after = head + "|\n", "\n|" + tail, f"<{before}>", f"<{after}>"
    for edit in minimal_edits(head + before + tail, head + after + tail):
        assert edit.span.start >= len(head)
        assert edit.span.end <= len(head) + len(before)


def test_no_change_makes_no_edit():
    """Equal texts need nothing."""
    assert minimal_edits("a\n", "a\n") == ()


def test_a_renamed_word_is_one_edit_of_that_word():
    """Within a line, only the words that differ are replaced."""
    assert minimal_edits("x = t + t2\n", "x = total + t2\n") == (TextEdit(span=Span(start=4, end=5), new_text="total"),)


def test_line_ends_of_a_windows_file_are_kept():
    """An edit in a CRLF file does not touch the line ends around it."""
    edits = minimal_edits("a = 1\r\nb = 2\r\nc = 3\r\n", "a = 1\r\nb = 22\r\nc = 3\r\n")
    assert edits == (TextEdit(span=Span(start=11, end=12), new_text="22"),)


def test_texts_that_have_nothing_in_common_are_replaced_whole():
    """Two large texts are not compared for ever."""
    before, after = "".join(f"a{n}\n" for n in range(3000)), "".join(f"b{n}\n" for n in range(3000))
    edits = minimal_edits(before, after)
    assert apply_edits(before, edits) == after
    assert len(edits) == 1
