"""What `parley events` shows of an event, of an aggregate and of a refactoring that is replayed."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from parley_agent.refactor.events import REFACTORING_EVENTS, AnswerRejected, RefactoringAsked, RefactoringProposed
from parley_agent.refactor.events import KeptEdit as Edit
from parley_agent.refactor.recording import text_hash
from parley_events.lines import Imported
from parley_events.store import AggregateSummary, Removal
from parley_profiling.totals import Total
from parley_server.cli.events_replayed import cost_lines, replay, replay_lines
from parley_server.cli.events_view import event_line, imported_line, removed_lines, summary_line, tail_line
from support.event_stores import START, Outside, happened, memory_store

BEFORE = b"x = 1\n"
PROPOSED = RefactoringProposed(
    task="rename",
    title="Rename",
    edits=(Edit(start=0, end=1, new_text="total"),),
    new_files=(),
    result=text_hash("total = 1\n"),
    proof="proved",
    evidence="It is the same tree.",
    notes=(),
)


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """Nothing is cut, but where a test says so."""
    monkeypatch.setenv("COLUMNS", "500")


@pytest.fixture
async def store(tmp_path):
    async with memory_store(tmp_path, Outside()) as opened:
        yield opened


async def _recorded(store, *events, aggregate="a"):
    await store.append("refactorings", aggregate, events, expected_sequence=0)
    return [event async for event in store.load_all()]


async def _replayed(store, proposed, text=BEFORE):
    name = await store.put_blob(text)
    asked = RefactoringAsked(uri="file:///x.py", language="python", text=name, selection_start=0, selection_end=0)
    kept = [REFACTORING_EVENTS.new(each) for each in (asked, AnswerRejected(attempt=1, problem="No."), proposed)]
    return await replay(store, await _recorded(store, *kept))


async def test_a_replay_makes_the_change_again_and_checks_its_hash(store):
    """Step by step, then what failed a check, how it ended, and the change."""
    found = await _replayed(store, PROPOSED)
    assert found.same is True
    assert [*replay_lines(found)][3:] == [
        "",
        "The answer failed a check: No.",
        "proposed: It is the same tree.",
        "--- file:///x.py",
        "+++ file:///x.py",
        "@@ -1 +1 @@",
        "-x = 1",
        "+total = 1",
        f"\nReplayed: the text has the hash that was kept, {PROPOSED.result[:19]}.",
    ]


async def test_a_replay_that_leads_elsewhere_says_so(store):
    """Both hashes are named."""
    kept = text_hash("something else")
    found = await _replayed(store, replace(PROPOSED, result=kept))
    assert found.same is False
    assert [*replay_lines(found)][-1] == f"\nNot the same: the hash is {PROPOSED.result}, kept was {kept}."


@pytest.mark.parametrize(
    ("edits", "text", "said"),
    [
        ((Edit(start=0, end=3, new_text="a"), Edit(start=2, end=4, new_text="b")), b"x = 1\n", "overlapping edits at"),
        (PROPOSED.edits, b"\xff", "can't decode byte 0xff"),
    ],
)
async def test_a_change_that_cannot_be_made_again_is_no_fault_of_the_reader(store, edits, text, said):
    """Another program may have kept it."""
    found = await _replayed(store, replace(PROPOSED, edits=edits), text)
    assert found.same is False
    assert said in [*replay_lines(found)][-1]


@pytest.mark.parametrize(
    ("spent", "said"),
    [
        (Total(group=""), []),
        (
            Total(group="", calls=1, prompt_tokens=1_200, output_tokens=30),
            ["1 call of models: 1,200 prompt tokens, 30 output tokens, US$ 0.0000."],
        ),
        (
            Total(group="", calls=2, prompt_tokens=7, output_tokens=3, cost_usd=0.25, uncounted=1, unpriced=1),
            ["2 calls of models: 7+ prompt tokens, 3+ output tokens, US$ 0.2500+."],
        ),
        (Total(group="", calls=1, uncounted=1, unpriced=1), ["1 call of models: tokens unknown, price unknown."]),
    ],
)
def test_what_a_refactoring_cost_is_told_as_far_as_it_is_known(spent, said):
    """Unknown is not zero."""
    assert [*cost_lines(spent)] == said


async def test_a_text_that_is_not_kept_any_more_is_said(store):
    """The steps are shown all the same, and nothing is called different."""
    name = await store.put_blob(BEFORE)
    asked = RefactoringAsked(uri="file:///x.py", language="", text=name, selection_start=0, selection_end=0)
    events = await _recorded(store, *map(REFACTORING_EVENTS.new, (asked, PROPOSED)))
    await store.remove(Removal(seen=2, blobs=(name,), blobs_before=datetime(2100, 1, 1, tzinfo=UTC)))
    found = await replay(store, events)
    assert found.same is None
    assert [*replay_lines(found)][-1].startswith("The text is not kept any more: The store has no bytes called")


async def test_what_a_terminal_would_obey_is_not_shown(store):
    """Neither shortened nor as it is stored."""
    [event] = await _recorded(store, happened(text="a\x1b[2J\u202eb\x9bc"))
    assert "text=a[2Jbc" in event_line(event, whole=False)
    assert not {"\x1b", "\u202e", "\x9b"} & set(event_line(event, whole=True))


async def test_times_that_were_measured_are_shown_in_seconds(store):
    """What is not known, and what is empty, is left out."""
    [event] = await _recorded(store, happened(decode_ns=1_234_000_000, total_ns=None, notes=[], task="rename"))
    assert event_line(event, whole=False).split()[4:] == ["decode=1.23s", "task=rename"]


async def test_a_line_is_as_wide_as_the_terminal(store, monkeypatch):
    """And says that it goes on."""
    monkeypatch.setenv("COLUMNS", "60")
    [event] = await _recorded(store, happened(text="words " * 20), aggregate="plan-2026-1")
    assert (len(event_line(event, whole=False)), event_line(event, whole=False)[-1]) == (60, "…")
    assert (len(tail_line(event)), "refactorings/plan-2026-1 " in tail_line(event)) == (60, True)


@pytest.mark.parametrize(
    ("aggregate", "columns", "shown"),
    [
        ("0123456789abcdef" * 2, "120", "s/0123456789abcdef0123456789abcdef  about"),
        ("0123456789abcdef" * 2, "60", "s/01234567  about"),
        ("a-name-that-a-person-gave", "60", "s/a-name-that-a-person-gave  about"),
    ],
)
def test_a_random_name_is_shortened_where_there_is_no_room(monkeypatch, aggregate, columns, shown):
    """Its beginning will do wherever a name is asked for; a name that a person gave is kept."""
    monkeypatch.setenv("COLUMNS", columns)
    summary = AggregateSummary(
        stream_id="s", aggregate_id=aggregate, events=1, first_at=START, last_at=START, last_position=1
    )
    assert summary_line(summary, "about").endswith(f"   1 event  {shown}")


def test_many_aggregates_that_would_go_are_counted():
    """The newest are named."""
    every = [
        AggregateSummary(stream_id="s", aggregate_id=f"a{n}", events=1, first_at=START, last_at=START, last_position=n)
        for n in range(30)
    ]
    removal = Removal(seen=30, aggregates=tuple(("s", f"a{n}") for n in range(25)))
    lines = [*removed_lines(removal, every)]
    assert (lines[0], len(lines)) == ("… and 5 older ones", 21)
    assert [line.split()[-1] for line in (lines[1], lines[-1])] == ["s/a5", "s/a24"]


@pytest.mark.parametrize(
    ("masked", "more"),
    [
        (0, ""),
        (1, "\n1 blob held what this Parley takes for a secret: it was masked, and events name what is kept."),
    ],
)
def test_an_import_says_what_it_masked(masked, more):
    """A person may wonder why a hash is another than it was."""
    brought = Imported(events=1200, repeated=1, blobs=2, masked=masked)
    assert imported_line(brought) == f"1,200 events and 2 blobs; 1 event was there already.{more}"
