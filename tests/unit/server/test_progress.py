"""What a progress bar shows of a request: messages, and a percentage of what can be counted."""

import asyncio

import pytest

from parley_agent.document import Document, Span
from parley_agent.refactor.requests import Reading, RefactorRequest, Refused
from parley_server.lsp.progress import Progress
from parley_server.lsp.running import Running
from parley_server.lsp.running_request import Wish
from support.virtual_time import played

LONG_S = 1.0


class Screen:
    """Implements `Link` and `ProgressLink`: keeps what a bar shows."""

    backlog = 0

    def __init__(self):
        self.shown = []

    def on_drained(self, callback):
        """See `Link`."""

    def notify(self, method, params):
        """See `Link`."""

    def progress(self, params):
        """See `ProgressLink`."""
        self.shown.append((params.value.kind, params.value.message, getattr(params.value, "percentage", None)))

    async def create_progress(self, token):
        """See `ProgressLink`."""


def shown_of(*shares):
    """What the bar of a request shows whose model reads so far, and is refused."""
    screen = Screen()

    async def work(request):
        for share in shares:
            yield Reading(share=share)
            await asyncio.sleep(LONG_S)
        yield Refused(code="none", reason="No.")

    async def run():
        request = RefactorRequest(document=Document(uri="u", language="", text=""), selection=Span(start=0, end=0))
        progress = Progress(screen, "token", "Parley")
        progress.begin()
        async with asyncio.TaskGroup() as group:
            running = Running(group=group, work=work, link=screen, on_outcome=lambda _: None, spent=lambda _: None)
            running.start(Wish(command="parley.refactor", title="", request=request), progress, "1")

    played(run())
    return screen.shown[1:-1]


@pytest.mark.parametrize(
    ("shares", "percentages"),
    [
        ((0.0, 0.504, 1.0), (0, 50, 100)),
        ((0.5, 0.2, 0.7), (50, None, 70)),
        ((), ()),
    ],
    ids=["as it is counted", "never falling", "nothing that is not counted"],
)
def test_the_percentage_is_of_what_the_model_has_read(shares, percentages):
    """Rising, as LSP asks: a second attempt that begins again is told in words alone."""
    words = [f"the model reads: {share:.0%}" for share in shares]
    assert shown_of(*shares) == [("report", *each) for each in zip(words, percentages, strict=True)]
