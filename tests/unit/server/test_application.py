"""The services of one process: switching the model of a session, and keeping events."""

import asyncio
from contextlib import aclosing

import pytest

from parley_agent.refactor.events import RefactoringUndone
from parley_events import StoreBusyError
from parley_providers.adapters.scripted import ScriptedProvider
from parley_providers.chain import ProviderChain
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.errors import ProviderError
from parley_providers.measure import Instruments
from parley_providers.provider import ModelFacts
from parley_providers.routing import Choices, LocalRouter
from parley_server.application import Application


class NoStore:
    def observe(self, record):
        """Nothing is called here."""

    def close(self):
        return 0


def _application(**more):
    here = ScriptedProvider((), name="embedded", models=(ModelFacts(name="small", provider="embedded"),))
    there = ScriptedProvider((), name="box", models=(ModelFacts(name="big", provider="box"),))
    router = LocalRouter(
        servers=(there,), embedded=here, choices=Choices(model="small"), available_bytes=lambda: 10**12, advice=""
    )

    def chain(store):
        instruments = Instruments(clock=SYSTEM_CLOCK, new_id=lambda: "id", observer=store)
        return ProviderChain((here, there), router, instruments)

    return Application(open_store=NoStore, build_chain=chain, read_records=lambda model, task: (), **more)


async def test_a_session_can_switch_its_model_and_back():
    """From then on it serves what names none; None lets the route decide again."""
    async with aclosing(_application()) as application:
        routes = []
        for name in ("box/big", "small", None):
            await application.use_model(name)
            routes.append(await application.default_route())
    assert [(route.model, route.reason) for route in routes] == [
        ("big", "requested"),
        ("small", "requested"),
        ("small", "configured"),
    ]


class SlowToOpen:
    """An event store that takes its time to open."""

    def __init__(self):
        self.asked = asyncio.Event()
        self.may_open = asyncio.Event()
        self.appended = []

    async def __aenter__(self):
        self.asked.set()
        await self.may_open.wait()
        return self

    async def __aexit__(self, *_):
        """Nothing to close."""

    async def append(self, stream, aggregate, events, **_):
        """See `EventStore`."""
        self.appended.append((aggregate, [event.event_type for event in events]))


async def test_giving_up_while_the_event_store_opens_keeps_the_next_events():
    """The first request of a session is often given up; those after it are kept all the same."""
    store = SlowToOpen()
    async with aclosing(_application(open_events=lambda: store)) as application, asyncio.TaskGroup() as group:
        first = group.create_task(application.keep("one", RefactoringUndone()))
        await store.asked.wait()
        first.cancel()
        await asyncio.wait([first])
        store.may_open.set()
        await application.keep("two", RefactoringUndone())
    assert store.appended == [("two", ["RefactoringUndone"])]


class Troubled(SlowToOpen):
    """An event store that opens, and does not store the first append."""

    async def append(self, stream, aggregate, events, **_):
        """See `EventStore`."""
        if not self.may_open.is_set():
            self.may_open.set()
            raise StoreBusyError("It is locked.")
        await super().append(stream, aggregate, events)

    async def __aenter__(self):
        return self


async def test_a_refactoring_that_was_given_up_stays_so(caplog):
    """What became of it would stand alone in the store; that the rest is not kept is told once. Others are kept."""
    store = Troubled()
    async with aclosing(_application(open_events=lambda: store)) as application:
        for name in ("one", "one", "two"):
            await application.keep(name, RefactoringUndone())
    assert store.appended == [("two", ["RefactoringUndone"])]
    assert caplog.messages == ["the rest of refactoring one is not kept: It is locked."]


async def test_what_became_of_a_refactoring_that_was_not_kept_is_not_kept():
    """The store could not be opened in time for its beginning."""
    store = SlowToOpen()
    async with aclosing(_application(open_events=lambda: store)) as application, asyncio.TaskGroup() as group:
        first = group.create_task(application.keep("one", RefactoringUndone()))
        await store.asked.wait()
        first.cancel()
        await asyncio.wait([first])
        store.may_open.set()
        for name in ("one", "two"):
            await application.keep(name, RefactoringUndone())
    assert store.appended == [("two", ["RefactoringUndone"])]


async def test_a_model_that_is_not_there_changes_nothing():
    """The message names it."""
    async with aclosing(_application()) as application:
        await application.use_model("box/big")
        with pytest.raises(ProviderError, match="bigg"):
            await application.use_model("bigg")
        assert (await application.default_route()).model == "big"
