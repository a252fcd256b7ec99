"""Recording beside the work."""

import asyncio
from contextlib import suppress

from parley_agent.document import Document, Span
from parley_agent.refactor.recording_behind import RecordingBehind
from parley_agent.refactor.requests import RefactorRequest, Refused, Repairing, Streamed


class SlowRecorder:
    """A recorder that writes only after `may_write`, and tells what it wrote."""

    def __init__(self):
        self.may_write = asyncio.Event()
        self.written = []

    async def opened(self):
        """The recorder of a store that is open."""
        return self

    async def asked(self, request):
        await self._wrote(request)

    async def happened(self, event):
        await self._wrote(event)

    async def keep(self, event):
        await self._wrote(event)

    async def _wrote(self, what):
        await self.may_write.wait()
        self.written.append(what)


REQUEST = RefactorRequest(
    document=Document(uri="file:///a.py", language="python", text="x = 1\n"), selection=Span(start=0, end=0)
)
PIECES = (Streamed(text="a"), Streamed(text="b"), Repairing(attempt=1, problem="no"))
OUTCOME = Refused(code="empty", reason="nothing")


async def test_work_goes_on_while_events_are_written():
    """What is not an outcome does not wait for the disk."""
    recorder = SlowRecorder()
    async with RecordingBehind(recorder.opened) as recorded:
        recorded.asked(REQUEST)
        for piece in PIECES:
            await recorded.happened(piece)
        before = list(recorder.written)
        recorder.may_write.set()
    assert (before, recorder.written) == ([], [REQUEST, *PIECES])


async def test_an_outcome_is_told_after_all_that_led_to_it_is_written():
    """`happened` returns for an outcome when it, and everything before it, is stored, in order."""
    recorder = SlowRecorder()
    async with RecordingBehind(recorder.opened) as recorded, asyncio.TaskGroup() as group:
        recorded.asked(REQUEST)
        telling = group.create_task(recorded.happened(OUTCOME))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waited = not telling.done()
        recorder.may_write.set()
        await telling
        assert (waited, recorder.written) == (True, [REQUEST, OUTCOME])


async def test_cancelled_work_leaves_nothing_unwritten():
    """Whatever happened before a cancel is written before the context is left."""
    recorder = SlowRecorder()

    async def work():
        async with RecordingBehind(recorder.opened) as recorded:
            recorded.asked(REQUEST)
            await recorded.happened(PIECES[-1])
            recorder.may_write.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        working = group.create_task(work())
        await recorder.may_write.wait()
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
    assert recorder.written == [REQUEST, PIECES[-1]]


class Unreachable:
    """A store that does not open before `may_open`."""

    def __init__(self):
        self.recorder = SlowRecorder()
        self.recorder.may_write.set()
        self.may_open = asyncio.Event()

    async def opened(self):
        await self.may_open.wait()
        return self.recorder


async def test_work_goes_on_while_the_store_is_being_opened():
    """What happened meanwhile is written when it is open, in order."""
    store = Unreachable()
    async with RecordingBehind(store.opened) as recorded, asyncio.TaskGroup() as group:
        recorded.asked(REQUEST)
        for piece in PIECES:
            await recorded.happened(piece)
        telling = group.create_task(recorded.happened(OUTCOME))
        await asyncio.sleep(0)
        assert (store.recorder.written, telling.done()) == ([], False)
        store.may_open.set()
    assert store.recorder.written == [REQUEST, *PIECES, OUTCOME]


async def test_an_outcome_does_not_wait_for_a_store_that_does_not_open(caplog):
    """It is told that nothing of this is kept, once; and nothing more is waited for."""
    store = Unreachable()
    async with RecordingBehind(store.opened, opening_s=0.01) as recorded:
        recorded.asked(REQUEST)
        await recorded.happened(OUTCOME)
        await recorded.keep(OUTCOME)
    assert store.recorder.written == []
    assert caplog.messages == ["this refactoring is not kept: the event store was not open after 0.01 s"]


async def test_cancelled_work_lets_go_of_a_store_that_does_not_open():
    """Also when it is cancelled again while it waits for that."""
    store = Unreachable()
    begun = asyncio.Event()

    async def work():
        async with RecordingBehind(store.opened, opening_s=3600) as recorded:
            recorded.asked(REQUEST)
            begun.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        working = group.create_task(work())
        await begun.wait()
        working.cancel()
        await asyncio.sleep(0)
        working.cancel()
        await asyncio.wait([working])
    assert working.cancelled()
