"""What an editor is told of events on the wire: numbered, bounded, no faster than it reads, and only if it asked."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from parley_events import Metadata
from parley_events.bus import Message
from parley_server.event_following import Standing
from parley_server.lsp.client import ClientFacts
from parley_server.lsp.feed import MOST_BACKLOG_BYTES
from parley_server.lsp.following import Following
from parley_server.lsp.to_wire import MOST_DATA_BYTES

ASKS = ClientFacts(follows_events=True, events_after=7)
STANDING = Standing(position=7, is_following=True)


def message(position, **data):
    return Message(
        topic="front-end.events",
        kind="RouteChosen",
        message_id=f"id-{position}",
        data=data,
        metadata=Metadata(correlation_id="c"),
        stream_id="refactorings",
        aggregate_id="c",
        sequence=3,
        position=position,
        created_at=datetime(2026, 11, 21, 9, 45, tzinfo=UTC),
    )


class Editor:
    """Implements `Link`: an editor that takes what it is sent when it is told to."""

    def __init__(self):
        self.sent = []
        self.backlog = 0
        self.drained = []
        self.waits = asyncio.Event()

    def on_drained(self, callback):
        self.drained.append(callback)
        self.waits.set()

    def notify(self, method, params):
        self.sent.append((method, params))


class Events:
    """What is followed: hands over what a test gives, in the order of giving."""

    def __init__(self):
        self.asked = []
        self.tell = asyncio.Future()
        self.is_over = asyncio.Event()

    async def follow(self, after, tell):
        self.asked.append(after)
        self.tell.set_result(tell)
        try:
            await asyncio.Event().wait()
        finally:
            self.is_over.set()


@asynccontextmanager
async def begun(client):
    editor, events = Editor(), Events()
    async with asyncio.TaskGroup() as group:
        following = Following(group, editor, events.follow)
        following.begin(client)
        following.begin(client)
        try:
            yield editor, events
        finally:
            following.close()


async def test_who_asks_is_told_after_the_position_it_names():
    """Where it stands and each event, under one count without gaps; once, however often it is ready."""
    async with begun(ASKS) as (editor, events):
        tell = await events.tell
        for told in (STANDING, message(8, model="m"), Standing(position=8, is_following=False, problem="It is gone.")):
            await tell(told)
    assert events.asked == [7]
    assert editor.sent == [
        ("parley/events", {"seq": 1, "following": True, "position": 7}),
        (
            "parley/event",
            {
                "seq": 2,
                "topic": "front-end.events",
                "type": "RouteChosen",
                "version": 1,
                "position": 8,
                "eventId": "id-8",
                "stream": "refactorings",
                "aggregate": "c",
                "sequence": 3,
                "time": "2026-11-21T09:45:00+00:00",
                "correlationId": "c",
                "data": {"model": "m"},
            },
        ),
        ("parley/events", {"seq": 3, "following": False, "position": 8, "problem": "It is gone."}),
    ]
    assert events.is_over.is_set()


async def test_who_does_not_ask_costs_nothing():
    """Nothing is followed for it."""
    async with begun(ClientFacts()) as (editor, events):
        pass
    assert (events.asked, editor.sent) == ([], [])


async def test_data_that_is_too_large_is_left_out_and_its_size_told():
    """What has just the size is told whole."""
    frame = len('{"text": ""}')
    async with begun(ASKS) as (editor, events):
        tell = await events.tell
        for size in (MOST_DATA_BYTES, MOST_DATA_BYTES + 1):
            await tell(message(8, text="x" * (size - frame)))
    told = [params.get("dataBytes") or len(params["data"]["text"]) + frame for _, params in editor.sent]
    assert told == [MOST_DATA_BYTES, MOST_DATA_BYTES + 1]
    assert ["data" in params for _, params in editor.sent] == [True, False]


async def test_an_editor_that_reads_slowly_is_waited_for():
    """The next event is not read before it has taken what it was sent."""
    async with begun(ASKS) as (editor, events):
        tell = await events.tell
        editor.backlog = MOST_BACKLOG_BYTES + 1

        async def tell_both():
            await tell(STANDING)
            await tell(message(8))

        async with asyncio.TaskGroup() as group:
            group.create_task(tell_both())
            await editor.waits.wait()
            for _ in range(50):  # whatever else could go on has its turn
                await asyncio.sleep(0)
            assert [method for method, _ in editor.sent] == ["parley/events"]
            editor.backlog = 0
            editor.drained.pop()()
        assert [method for method, _ in editor.sent] == ["parley/events", "parley/event"]


async def test_a_fault_in_telling_ends_only_the_telling(caplog):
    """The editor's other requests go on, and what it shows need not look as if nothing happened any more."""
    editor = Editor()

    async def follow(_after, tell):
        await tell(STANDING)
        raise ValueError("a fault")

    async with asyncio.TaskGroup() as group:
        Following(group, editor, follow).begin(ASKS)
    assert [record.getMessage() for record in caplog.records] == ["events are no longer told"]
    assert [(params["following"], params.get("problem", "")[:27]) for _, params in editor.sent] == [
        (True, ""),
        (False, "Events are no longer told, "),
    ]
