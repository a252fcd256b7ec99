"""Sending an edit: the person may give up at any moment, once, twice or too late."""

import asyncio

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from parley_agent.document import Document, Span, TextEdit
from parley_agent.refactor.requests import RefactorRequest
from parley_server.lsp.client import ClientFacts
from parley_server.lsp.documents import Documents
from parley_server.lsp.feed import Feed
from parley_server.lsp.progress import Progress
from parley_server.lsp.running_request import RunningRequest, Wish
from parley_server.lsp.sending import Patience, Sender
from parley_server.lsp.to_lsp import PlannedEdit

URI = "file:///a.py"
BEFORE, AFTER = "x = 1\n", "y = 1\n"


class SlowEditor:
    """Implements `Editor`: asks its person, whose answer the test gives."""

    def __init__(self):
        self.answer = asyncio.get_running_loop().create_future()
        self.asked = asyncio.Event()

    async def apply_edit(self, params):
        """See `Editor`."""
        self.asked.set()
        return await self.answer


class Stage:
    """Implements `Stage`: keeps how the wait could be ended now, or None."""

    def __init__(self):
        self.withdraw = None
        self.returned = False
        self.withdrawals = []

    def asks(self):
        """See `Stage`."""

    def sends(self):
        """See `Stage`."""
        self.withdraw = None

    def returns(self):
        """See `Stage`."""
        self.withdraw = None
        self.returned = True

    def confirms(self, withdraw):
        """See `Stage`."""
        self.withdraw = withdraw
        self.withdrawals.append(withdraw)


async def turns(count=5):
    """Let the loop go round a few times: what is ready runs."""
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
def documents():
    made = Documents(lambda uri: None)
    made.open(uri=URI, language="python", version=1, text=BEFORE)
    return made


def sending(documents, editor, stage):
    document = Document(uri=URI, language="python", text=BEFORE, version=1)
    planned = PlannedEdit(
        document=document,
        version=1,
        edits=(TextEdit(span=Span(start=0, end=1), new_text="y"),),
        new_files=(),
        label="",
        description="proved",
        confirm=True,
    )
    patience = Patience(answer_s=30, person_s=30, change_s=30)
    sender = Sender(documents=documents, editor=editor, to_uri=str, patience=patience)
    return sender.send(planned, ClientFacts(applies_edits=True, annotates_changes=True, versioned_edits=True), stage)


async def test_giving_up_after_the_answer_changes_nothing(documents):
    """The editor carries the edit out already; who gives up in that moment is not told of a fault."""
    editor, stage = SlowEditor(), Stage()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(sending(documents, editor, stage))
        await editor.asked.wait()
        editor.answer.set_result(types.ApplyWorkspaceEditResult(applied=True))
        await turns()
        stage.withdrawals[0]()
        documents.open(uri=URI, language="python", version=2, text=AFTER)
    assert (task.result().outcome, stage.withdraw) == ("applied", None)


async def test_giving_up_again_and_again_is_giving_up_once(documents):
    """By the progress bar, by command, and by closing the document."""
    editor, stage = SlowEditor(), Stage()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(sending(documents, editor, stage))
        await editor.asked.wait()
        for count in range(4):
            stage.withdrawals[0]()
            await turns(count)
        documents.open(uri=URI, language="python", version=2, text=AFTER)
    assert (task.result().outcome, stage.withdraw) == ("applied", None)


@pytest.mark.parametrize("answer", [types.ApplyWorkspaceEditResult(applied=False), JsonRpcException("no", -1)])
async def test_an_edit_that_the_editor_did_not_take_is_with_it_no_more(documents, answer):
    """What follows, such as running a test on the moved edit, can be cancelled again."""
    editor, stage = SlowEditor(), Stage()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(sending(documents, editor, stage))
        await editor.asked.wait()
        if isinstance(answer, Exception):
            editor.answer.set_exception(answer)
        else:
            editor.answer.set_result(answer)
    assert (task.result().outcome, stage.returned) == ("declined", True)


class NoLink:
    """Implements `Link` and `ProgressLink`: nobody listens."""

    backlog = 0

    def on_drained(self, callback):
        """See `Link`."""

    def notify(self, method, params):
        """See `Link`."""

    def progress(self, params):
        """See `ProgressLink`."""

    async def create_progress(self, token):
        """See `ProgressLink`."""


def running_request():
    """A request that nothing runs yet."""
    link = NoLink()
    document = Document(uri=URI, language="python", text=BEFORE)
    wish = Wish(
        command="parley.refactor",
        title="",
        request=RefactorRequest(document=document, selection=Span(start=0, end=0)),
    )
    return RunningRequest(request_id="1", wish=wish, feed=Feed("1", link), progress=Progress(link, None, ""))


async def test_a_request_can_be_cancelled_but_while_its_edit_is_with_the_editor():
    """An edit that is carried out cannot be recalled; one that came back can be given up."""
    running = running_request()
    async with asyncio.TaskGroup() as group:
        running.task = group.create_task(asyncio.Event().wait())
        await turns()
        running.sends()
        assert running.cancel() is False
        running.returns()
        assert running.cancel() is True
    assert running.task.cancelled()


async def test_cancelling_twice_lets_a_request_close_what_it_opened():
    """The connection to an engine, which would go on for nobody."""
    running, closing, closed = running_request(), asyncio.Event(), []

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            await closing.wait()
            closed.append("the connection")

    async with asyncio.TaskGroup() as group:
        running.task = group.create_task(work())
        await turns()
        assert running.cancel() is True
        await turns()
        assert running.cancel() is True
        await turns()
        closing.set()
    assert (closed, running.task.cancelled()) == (["the connection"], True)
