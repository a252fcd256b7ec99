"""A client that never answers: every wait for it ends, told by a clock that is given."""

import asyncio

import pytest
from lsprotocol import types

from parley_agent.document import Document, Span, TextEdit
from parley_agent.refactor.requests import Proposed, RefactorRequest
from parley_agent.refactor.tasks import TaskClass
from parley_server.lsp.applying import Applier, Wanted
from parley_server.lsp.client import ClientFacts
from parley_server.lsp.documents import Documents
from parley_server.lsp.progress import Progress
from support.virtual_time import played

URI = "file:///a.py"
BEFORE, AFTER = "x = 1\n", "y = 1\n"
ASKS = ClientFacts(applies_edits=True, annotates_changes=True, versioned_edits=True)
PLAIN = ClientFacts(applies_edits=True)


class SilentEditor:
    """Implements `Person` and `ProgressLink`: takes everything and answers nothing; it may do what it was asked."""

    def __init__(self, does=lambda: None):
        self.does = does
        self.shown = []

    async def apply_edit(self, params):
        """See `Editor`."""
        self.does()
        await asyncio.Event().wait()

    async def ask(self, params):
        """See `Asking`."""
        await asyncio.Event().wait()

    async def show_diff(self, name, text):
        """See `Asking`."""

    async def create_progress(self, token):
        """See `ProgressLink`."""
        await asyncio.Event().wait()

    def progress(self, params):
        """See `ProgressLink`."""
        self.shown.append(params)


class Stage:
    """Implements `Stage`, and minds nothing."""

    def asks(self):
        """See `Stage`."""

    def sends(self):
        """See `Stage`."""

    def returns(self):
        """See `Stage`."""

    def confirms(self, withdraw):
        """See `Stage`."""


def opened():
    documents = Documents(lambda uri: None)
    documents.open(uri=URI, language="python", version=1, text=BEFORE)
    return documents


def applied(documents, editor, client, *, proof, confirm=False, on_asked=lambda _: None):
    """How applying a change of one letter ends."""
    request = RefactorRequest(
        document=Document(uri=URI, language="python", text=BEFORE, version=1), selection=Span(start=0, end=0)
    )
    edit = TextEdit(span=Span(start=0, end=1), new_text="y")
    proposed = Proposed(task=TaskClass.RENAME, title="Rename", edits=(edit,), proof=proof, evidence="So.")
    applier = Applier(documents=documents, editor=editor, to_uri=str, rebase=None, on_asked=on_asked)
    return applier.apply(Wanted(request=request, proposed=proposed, confirm=confirm), client, Stage())


@pytest.mark.parametrize(
    ("client", "proof", "outcome", "waited_s", "told"),
    [
        (PLAIN, "proved", "unconfirmed", 122, "Nobody answered"),
        (ASKS, "unproved", "unconfirmed", 902, "Nobody answered"),
        (PLAIN, "unproved", "diff", 900, "not applied without your yes"),
    ],
    ids=["an edit", "an edit that asks the person", "a question to the person"],
)
def test_the_wait_for_a_client_that_never_answers_ends(client, proof, outcome, waited_s, told):
    """Two minutes for an editor, a quarter of an hour for a person, two seconds for the change; the person is told."""
    documents = opened()
    ended, took_s = played(applied(documents, SilentEditor(), client, proof=proof))
    assert (ended.outcome, round(took_s, 6)) == (outcome, waited_s)
    assert documents.get(URI).text == BEFORE
    assert told in ended.message


@pytest.mark.parametrize(
    ("client", "proof", "asks"),
    [(PLAIN, "proved", False), (PLAIN, "unproved", True), (ASKS, "proved", False), (ASKS, "unproved", True)],
)
def test_that_a_yes_is_needed_is_told_when_the_person_is_asked(client, proof, asks):
    """By whichever way; that the person only wants to look before, is no such question."""
    asked = []
    played(applied(opened(), SilentEditor(), client, proof=proof, confirm=True, on_asked=asked.append))
    assert [each.proposed.proof for each in asked] == (["unproved"] if asks else [])


class Agreeing(SilentEditor):
    """Its person says yes, and no change of the document is ever told."""

    async def apply_edit(self, params):
        """See `Editor`."""
        return types.ApplyWorkspaceEditResult(applied=True)


@pytest.mark.parametrize(
    ("editor", "agreed"), [(Agreeing(), True), (SilentEditor(), False)], ids=["who said yes", "who said nothing"]
)
def test_a_yes_counts_as_given_though_no_change_is_seen(editor, agreed):
    """Whether it was applied, nobody can say; what the person answered is known."""
    ended, _ = played(applied(opened(), editor, ASKS, proof="unproved"))
    assert (ended.outcome, ended.wanted.agreed) == ("unconfirmed", agreed)


def test_an_edit_that_was_made_without_a_word_is_seen():
    """What the document shows counts."""
    documents = opened()
    editor = SilentEditor(lambda: documents.open(uri=URI, language="python", version=2, text=AFTER))
    ended, took_s = played(applied(documents, editor, PLAIN, proof="proved"))
    assert (ended.outcome, round(took_s, 6)) == ("applied", 120)


def test_a_progress_bar_that_is_never_accepted_is_never_waited_for():
    """Nothing is shown, and nothing is late."""
    editor = SilentEditor()

    async def work():
        progress = Progress(editor, "token", "Parley")
        async with asyncio.TaskGroup() as group:
            creating = group.create_task(progress.create())
            progress.report("reads")
            progress.end("done")
            await asyncio.sleep(0)
            creating.cancel()

    assert (played(work())[1], editor.shown) == (0, [])
