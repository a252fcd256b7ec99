"""Moving edits to the text that a person has made of the document meanwhile."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from parley_agent.document import Span, TextEdit, apply_edits
from parley_agent.refactor.moving import Movement

ENDS = st.sampled_from(["\n", "\r\n"])


@st.composite
def changes(draw, count, most=3):
    """Replacements of whole lines of a text of `count` lines, in order: (first, end, number of new lines)."""
    cuts = sorted(draw(st.lists(st.integers(0, count), max_size=2 * most, unique=True)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return [(first, draw(st.sampled_from([first, end])), draw(st.integers(0, 2))) for first, end in pairs]


@st.composite
def situations(draw):
    """A text whose lines all differ, what a person replaces in it, and what we would."""
    count = draw(st.integers(1, 14))
    end = draw(ENDS)
    lines = [f"line {number} 😋{end}" for number in range(count)]
    if draw(st.booleans()):
        lines[-1] = lines[-1].removesuffix(end)
    return "".join(lines), lines, draw(changes(count)), draw(changes(count))


def edits_of(lines, replaced, name):
    """Replacements of lines as edits of the text."""
    starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]
    return tuple(
        TextEdit(
            span=Span(start=starts[first], end=starts[end]),
            new_text="".join(f"{name} {first} {number}\n" for number in range(count)),
        )
        for first, end, count in replaced
        if end > first or count
    )


def are_apart(mine, theirs):
    return all(one[1] < other[0] or other[1] < one[0] for one in mine for other in theirs)


@given(situations())
def test_edits_that_are_apart_give_the_same_text_in_either_order(situation):
    """What the person did and what we do commute, and both are whole in the result."""
    base, lines, mine, theirs = situation
    my_edits, their_edits = edits_of(lines, mine, "mine"), edits_of(lines, theirs, "theirs")
    now = apply_edits(base, my_edits)
    moved = Movement(base, now).moved_edits(their_edits)
    if moved is None:
        return
    assert apply_edits(now, moved) == apply_edits(base, my_edits + their_edits)
    mine_again = Movement(base, apply_edits(base, their_edits)).moved_edits(my_edits)
    if mine_again is not None:
        assert apply_edits(apply_edits(base, their_edits), mine_again) == apply_edits(now, moved)


@given(situations())
def test_every_edit_that_is_apart_is_moved(situation):
    """With an unchanged line between, nothing is given up."""
    base, lines, mine, theirs = situation
    assume(lines[-1].endswith("\n"))
    effective = [each for each in theirs if each[1] > each[0] or each[2]]
    assume(are_apart(mine, effective))
    now = apply_edits(base, edits_of(lines, mine, "mine"))
    assert Movement(base, now).moved_edits(edits_of(lines, theirs, "theirs")) is not None


@given(st.text(alphabet="ab\n", max_size=40), st.text(alphabet="ab\n", max_size=40), st.data())
def test_what_the_person_wrote_is_never_changed(base, now, data):
    """For any two texts: the moved edit replaces the very text that it was made for, at the same place of its line."""
    start = data.draw(st.integers(0, len(base)))
    end = data.draw(st.integers(start, len(base)))
    edit = TextEdit(span=Span(start=start, end=end), new_text="X")
    moved = Movement(base, now).moved_edits((edit,))
    if moved is None:
        return
    (there,) = moved
    assert now[there.span.start : there.span.end] == base[start:end]
    assert now[: there.span.start].rpartition("\n")[2] == base[:start].rpartition("\n")[2]
    assert now[there.span.end :].partition("\n")[0] == base[end:].partition("\n")[0]


@pytest.mark.parametrize(
    ("now", "moves"),
    [
        ("a\nb\nc\nd\ne\n", True),
        ("new\na\nb\nc\nd\ne\n", True),
        ("a\nb\nc\nd\nE\n", True),
        ("A\nb\nc\nd\ne\nf", True),
        ("a\nB\nc\nd\ne\n", False),
        ("a\nb\nc\nD\ne\n", False),
        ("a\nb\nC\nd\ne\n", False),
        ("a\nc\nd\ne\n", False),
        ("a\nb\nnew\nc\nd\ne\n", False),
        ("a\nb\nc\nnew\nd\ne\n", False),
        ("", False),
    ],
)
def test_an_edit_moves_only_with_an_unchanged_line_between(now, moves):
    """Its own line changed, or the one beside it, or a line put next to it: it stays."""
    edit = TextEdit(span=Span(start=4, end=5), new_text="X")
    moved = Movement("a\nb\nc\nd\ne\n", now).moved_edits((edit,))
    assert (moved is not None) == moves
    if moved:
        assert apply_edits(now, moved) == now.replace("c", "X")


def test_a_doubled_block_is_a_change_of_both():
    """Which of two equal functions is the new one nobody can tell: an edit to either is given up."""
    block = "def f():\n    return 1\n\n"
    other = "def g():\n    return 2\n\n"
    edit = TextEdit(span=Span(start=13, end=14), new_text="X")
    assert Movement(block + other, block + block + other).moved_edits((edit,)) is None


def test_a_span_moves_with_its_lines():
    """A span beside which nothing changed is found again; one that was changed is not."""
    movement = Movement("a\nb\nc\nd\n", "new\na\nb\nc\nd\n")
    assert movement.moved_span(Span(start=4, end=6)) == Span(start=8, end=10)
    assert movement.moved_span(Span(start=0, end=1)) is None
