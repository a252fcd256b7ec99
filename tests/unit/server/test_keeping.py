"""What is kept of asking for a yes in an editor: what it was about, and what came of it, in this order."""

import asyncio
from dataclasses import replace

import pytest

from parley_agent.document import Document, NewFile, Span, TextEdit
from parley_agent.refactor.events import (
    ConsentAsked,
    ConsentGiven,
    ConsentNotGiven,
    RefactoringApplied,
    RefactoringFailed,
    RefactoringNotApplied,
    RefactoringUndone,
)
from parley_agent.refactor.recording import text_hash
from parley_agent.refactor.requests import Proposed, RefactorRequest
from parley_agent.refactor.tasks import TaskClass
from parley_server.diffs import proposal_diff
from parley_server.lsp import wire
from parley_server.lsp.applying import Wanted
from parley_server.lsp.documents import Change, Documents
from parley_server.lsp.keeping import Ended, OutcomeKeeper

BEFORE = Document(uri="file:///a.py", language="python", text="x = 1\n", version=1)
REQUEST = RefactorRequest(document=BEFORE, selection=Span(start=0, end=0), correlation_id="one")
PROPOSED = Proposed(
    task=TaskClass.SIMPLIFY,
    title="Simplify",
    edits=(TextEdit(span=Span(start=0, end=1), new_text="y"),),
    new_files=(NewFile(path="/b.py", text="z = 2\n"),),
    proof="unproved",
    evidence="So.",
)
PROVED = replace(PROPOSED, proof="proved", new_files=())
WANTED = Wanted(request=REQUEST, proposed=PROPOSED)
AGREED = replace(WANTED, agreed=True)
RESULT = text_hash("y = 1\n")
ASKED = ConsentAsked(result=RESULT, shown=text_hash(proposal_diff(BEFORE, PROPOSED.edits, PROPOSED.new_files)))


async def kept_of(outcome, wanted, *, asked=(WANTED,), later=None):
    """The events that are kept when the person is asked about `asked`, and then the request ends.

    With `later`, it was kept, and this is applied later by the person's command.
    """
    kept = []

    async def keep(request_id, event):
        await asyncio.sleep(0)
        kept.append((request_id, event))

    async with asyncio.TaskGroup() as group:
        keeper = OutcomeKeeper(group, Documents(lambda _: None), keep)
        for each in asked:
            keeper.asked(each)
        finished = wire.Finished(id="another", seq=1, outcome=outcome, message="So it ended.")
        keeper.ended(Ended(finished=finished, request=REQUEST, wanted=wanted))
        if later is not None:
            await keeper.close()
            keeper.ended(Ended(finished=replace(finished, outcome="stale"), request=REQUEST, wanted=later))
        await keeper.close()
    assert {request_id for request_id, _ in kept} == {"one"}
    return [event for _, event in kept]


def not_given(because):
    return ConsentNotGiven(result=RESULT, because=because)


def not_applied(outcome):
    return RefactoringNotApplied(outcome=outcome, reason="So it ended.")


@pytest.mark.parametrize(
    ("outcome", "wanted", "then"),
    [
        ("applied", AGREED, [ConsentGiven(result=RESULT, by="answer"), RefactoringApplied(by="editor")]),
        ("stale", AGREED, [ConsentGiven(result=RESULT, by="answer"), not_applied("stale")]),
        ("declined", WANTED, [not_given("declined"), not_applied("declined")]),
        ("diff", WANTED, [not_given("unanswered"), not_applied("diff")]),
        ("unconfirmed", WANTED, [not_given("unanswered"), not_applied("unconfirmed")]),
        ("cancelled", None, [not_given("withdrawn"), RefactoringFailed(kind="cancelled", reason="So it ended.")]),
        ("failed", None, [not_given("withdrawn")]),
    ],
)
async def test_a_question_is_kept_with_what_came_of_it(outcome, wanted, then):
    """Whichever way it ends: the bytes that were shown by their hash, then the answer, then what followed."""
    assert await kept_of(outcome, wanted) == [ASKED, *then]


async def test_a_yes_is_kept_for_what_was_shown_not_for_what_it_became():
    """The text moved on meanwhile, and the edit with it."""
    moved = replace(AGREED, request=replace(REQUEST, document=replace(BEFORE, text="x = 1\nmore\n")))
    assert (await kept_of("applied", moved))[1] == ConsentGiven(result=RESULT, by="answer")


async def test_a_question_that_is_asked_anew_takes_the_first_one_back():
    """Every question has one answer."""
    other = replace(WANTED, proposed=replace(PROPOSED, new_files=()))
    shown = text_hash(proposal_diff(BEFORE, PROPOSED.edits, ()))
    assert await kept_of("declined", other, asked=(WANTED, other)) == [
        ASKED,
        not_given("withdrawn"),
        ConsentAsked(result=RESULT, shown=shown),
        not_given("declined"),
        not_applied("declined"),
    ]


async def test_a_yes_that_comes_later_is_one_to_what_is_applied_then():
    """The question was answered with nothing before."""
    moved = replace(AGREED, request=replace(REQUEST, document=replace(BEFORE, text="x = 2\n")))
    assert await kept_of("diff", WANTED, later=moved) == [
        ASKED,
        not_given("unanswered"),
        not_applied("diff"),
        ConsentGiven(result=text_hash("y = 2\n"), by="answer"),
        not_applied("stale"),
    ]


async def test_what_was_kept_is_applied_by_a_yes_without_a_question():
    """As `parley.apply` does."""
    assert await kept_of("applied", AGREED, asked=()) == [
        ConsentGiven(result=RESULT, by="answer"),
        RefactoringApplied(by="editor"),
    ]


async def test_nobody_is_asked_about_what_is_proved():
    """Its applying alone is kept."""
    assert await kept_of("applied", replace(AGREED, proposed=PROVED), asked=()) == [RefactoringApplied(by="editor")]


@pytest.mark.parametrize("steps", range(4))
async def test_what_is_undone_just_before_the_editor_is_closed_is_kept(steps):
    """However far the watching has come by then."""
    kept, documents = [], Documents(lambda _: None)

    async def keep(request_id, event):
        await asyncio.sleep(0)
        kept.append(event)

    documents.open(uri=BEFORE.uri, language="python", version=2, text="y = 1\n")
    async with asyncio.TaskGroup() as group:
        keeper = OutcomeKeeper(group, documents, keep)
        finished = wire.Finished(id="one", seq=1, outcome="applied", message="So it ended.")
        keeper.ended(Ended(finished=finished, request=REQUEST, wanted=replace(AGREED, proposed=PROVED)))
        for _ in range(9):
            await asyncio.sleep(0)
        documents.change(BEFORE.uri, 3, [Change(text=BEFORE.text)])
        for _ in range(steps):
            await asyncio.sleep(0)
        await keeper.close()
    assert kept == [RefactoringApplied(by="editor"), RefactoringUndone()]
