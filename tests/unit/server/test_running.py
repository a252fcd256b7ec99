"""Requests that are given up: at whichever moment, each has the outcome that is true, and disturbs no other."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from parley_agent.document import Document, Span, TextEdit
from parley_agent.refactor.requests import Proposed, RefactorRequest, Refused
from parley_agent.refactor.tasks import TaskClass
from parley_server.lsp.applying import Applied, Wanted
from parley_server.lsp.progress import Progress
from parley_server.lsp.running import Running
from parley_server.lsp.running_request import Wish

REQUEST = RefactorRequest(
    document=Document(uri="file:///a.py", language="python", text="x = 1\n", version=1), selection=Span(start=0, end=0)
)
PROPOSED = Proposed(
    task=TaskClass.SIMPLIFY,
    title="Simplify",
    edits=(TextEdit(span=Span(start=0, end=1), new_text="y"),),
    proof="proved",
    evidence="So.",
)


class Deaf:
    """Implements `Link` and `ProgressLink`, for nobody."""

    backlog = 0

    def on_drained(self, callback):
        """See `Link`."""

    def notify(self, method, params):
        """See `Link`."""

    def progress(self, params):
        """See `ProgressLink`."""


@asynccontextmanager
async def running(work):
    """All requests, whose refactorings are `work`."""
    async with asyncio.TaskGroup() as group:
        yield Running(group=group, work=work, link=Deaf(), on_outcome=lambda _: None, spent=lambda _: None)


def started(requests, wish, request_id):
    return requests.start(wish, Progress(Deaf(), None, ""), request_id)


async def test_who_asks_again_after_a_cancel_is_not_given_its_end():
    """The first takes its time to close what it opened; the second is another."""
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def work(request):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await may_end.wait()
        yield Refused(code="never", reason="It was cancelled.")

    wish = Wish(command="parley.refactor", title="Simplify", request=REQUEST)
    async with running(work) as requests:
        first = started(requests, wish, "first")
        await begun.wait()
        same_before = requests.same(wish)
        requests.cancel("first")
        same_after = requests.same(wish)
        may_end.set()
        assert (same_before, same_after, (await first.outcome).outcome) == (first, None, "cancelled")


async def test_what_is_started_after_the_end_never_begins():
    """As by a command whose document was still being read from the disk when the editor left."""

    async def work(request):
        raise AssertionError
        yield

    async with running(work) as requests:
        requests.shut_down()
        late = started(requests, Wish(command="parley.refactor", title="Simplify", request=REQUEST), "late")
        assert (await late.outcome).outcome == "cancelled"


async def test_a_kept_change_whose_applying_is_cancelled_stays_kept():
    """As while its tests run again for the text as it is now: the model's work is not lost."""

    async def apply(wanted, stage):
        await asyncio.Event().wait()

    wish = Wish(command="parley.apply", title="Simplify", request=REQUEST, proposed=PROPOSED, apply=apply)
    async with running(None) as requests:
        applying = started(requests, wish, "one")
        requests.cancel("one")
        finished = await applying.outcome
        assert (finished.outcome, finished.kept) == ("cancelled", True)


@pytest.mark.parametrize("outcome", ["applied", "unconfirmed"])
async def test_an_edit_that_landed_before_the_editor_left_is_told_as_it_ended(outcome):
    """Though its diff was not made by then."""
    landed = asyncio.Event()

    async def apply(wanted, stage):
        stage.sends()
        landed.set()
        return Applied(outcome=outcome, message="So it ended.", wanted=wanted)

    wish = Wish(command="parley.apply", title="Simplify", request=REQUEST, proposed=PROPOSED, apply=apply)
    async with running(None) as requests:
        applying = started(requests, wish, "one")
        await landed.wait()
        requests.shut_down()
        finished = await applying.outcome
        assert (finished.outcome, finished.message) == (outcome, "So it ended.")
        assert applying.applied.wanted == Wanted(request=REQUEST, proposed=PROPOSED, agreed=True)
