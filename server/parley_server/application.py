"""Parley's services as front ends use them: each part is built at its first use, so that starting costs nothing.

Which parts there are is decided in `app`; what each does belongs to its own room.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, ExitStack, aclosing, contextmanager
from typing import TYPE_CHECKING, Protocol

from parley_agent.refactor.recorders import Recorders
from parley_server.event_keeping import EventKeeping

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from parley_agent.document import Diagnostic, Document, Span
    from parley_agent.refactor.ahead import Ahead
    from parley_agent.refactor.events import RefactoringEvent
    from parley_agent.refactor.requests import (
        Offer,
        Proposed,
        Rebased,
        RefactorEvent,
        RefactorRequest,
        Refused,
        Unproved,
    )
    from parley_agent.refactor.service import RefactorService
    from parley_events.store import EventStore
    from parley_profiling.profiles import Profile
    from parley_profiling.stores import CallStore
    from parley_providers.chain import ProviderChain
    from parley_providers.provider import ModelFacts
    from parley_providers.records import CallRecord
    from parley_providers.route import Route
    from parley_providers.tally import Spent
    from parley_server.event_following import Connect, Told


class SettingsLayers(Protocol):
    """The settings that can change while the process runs, or differ between the folders that it serves."""

    def take(self, given: Mapping[str, object], chain: ProviderChain | None, *, bare: bool) -> tuple[str, ...]:
        """Let `given`, from an editor, count from the next request on; a sentence about each key that does not.

        With `bare`, it may be another server's: it counts only if it names a setting of Parley's.
        """
        ...

    def bounded(self, chain: ProviderChain, request: RefactorRequest) -> AbstractContextManager[None]:
        """While the block runs, what the request's folder may set holds for its calls.

        Raises:
            ConfigError: the settings cannot be used; the message says where and why.
        """
        ...

    def problems(self, folders: Iterable[str]) -> tuple[str, ...]:
        """What the person should know of the settings files of these folders' workspaces."""
        ...


class Application:
    """The services of one process. All but `offers`, `prepare` and `profiles` belong to one event loop.

    Args:
        open_store: Opens the store of call records.
        build_chain: Builds the chain, whose calls, breakers and costs the store keeps.
        read_records: The kept records of a model, a task class, or all.
        open_events: Opens the event store; None keeps no events.
        connect_events: Makes the router for its events, and the bus; None tells nobody of them.
        read_unproved: What the person's settings say of unproved results.
        spent: What the calls of a request used so far, by its correlation id.
        layers: What an editor or a workspace may set.
    """

    def __init__(  # noqa: PLR0913 - the composition root names each part
        self,
        *,
        open_store: Callable[[], CallStore],
        build_chain: Callable[[CallStore], ProviderChain],
        read_records: Callable[[str | None, str | None], tuple[CallRecord, ...]],
        open_events: Callable[[], AbstractAsyncContextManager[EventStore]] | None = None,
        connect_events: Connect | None = None,
        read_unproved: Callable[[], Unproved] = lambda: "ask",
        spent: Callable[[str], Spent | None] = lambda _: None,
        layers: SettingsLayers | None = None,
    ) -> None:
        self._open_store = open_store
        self._build_chain = build_chain
        self._read_records = read_records
        self._read_unproved = read_unproved
        self._spent = spent
        self._layers = layers
        self._events = EventKeeping(open_events)
        self._recorders = Recorders(self._events.store)
        self._connect_events = connect_events
        self._closing = AsyncExitStack()
        self._closing.push_async_callback(self._events.aclose)
        self._store: CallStore | None = None
        self._chain: ProviderChain | None = None
        self._service: RefactorService | None = None
        self._ahead: Ahead | None = None

    def offers(self, document: Document, selection: Span, diagnostics: tuple[Diagnostic, ...]) -> tuple[Offer, ...]:
        """What could be asked for here; instant, without a model."""
        return self._reader().offers(document, selection, diagnostics)

    def prepare(self, document: Document) -> Generator[None, None, None]:
        """Read `document` ahead, a step at each item, so that what is offered there next comes at once."""
        yield from self._reader().steps(document)

    async def refactor(self, request: RefactorRequest) -> AsyncGenerator[RefactorEvent, None]:
        """Carry out `request`; the last event is `Proposed`, `Refused` or `Explained`.

        Raises:
            ProviderError: the model failed.
        """
        from parley_agent.refactor.events import RefactoringFailed
        from parley_agent.refactor.recording_behind import RecordingBehind
        from parley_providers.errors import ProviderError

        service = self._refactoring()
        async with AsyncExitStack() as held:
            held.enter_context(self._bounded(request))
            recorded = await held.enter_async_context(
                RecordingBehind(lambda: self._recorders.of(request.correlation_id))
            )
            recorded.asked(request)
            try:
                async with aclosing(service.run(request)) as events:
                    async for event in events:
                        await recorded.happened(event)
                        yield event
            except ProviderError as error:
                await recorded.keep(RefactoringFailed(kind=error.kind, reason=str(error)))
                raise

    async def rebase(self, request: RefactorRequest, proposal: Proposed, now: Document) -> Rebased | Refused:
        """`proposal` of `request` as it is for the text of `now`, after the same checks, or why it cannot be."""
        from parley_agent.refactor.requests import Rebased

        told = await self._refactoring().rebase(request, proposal, now)
        if isinstance(told, Rebased):
            await (await self._recorders.soon(request.correlation_id)).rebased(told)
        return told

    async def keep(self, correlation_id: str, event: RefactoringEvent) -> None:
        """Keep what a front end alone knows of a refactoring, such as that its edit was applied or undone."""
        await (await self._recorders.soon(correlation_id)).keep(event)

    async def follow_events(self, after: int | None, tell: Callable[[Told], Awaitable[None]]) -> None:
        """Tell of every event that is stored after a position, by whichever process, until this is cancelled.

        None tells only of what is stored from now on. While `tell` waits, no more are read.
        """
        from parley_server.event_following import EventFollowing

        if self._connect_events is not None:
            await EventFollowing(self._events, self._connect_events, tell, after=after).run()

    async def models(self) -> tuple[ModelFacts, ...]:
        """Every model that could be asked."""
        return await self.chain.models()

    async def use_model(self, name: str | None, task: str | None = None) -> None:
        """Let this model serve the requests of this process that name none, or those of one task class.

        None takes the choice back, without a task class every choice: the route decides again.

        Raises:
            ProviderError: there is no such model; nothing changed.
        """
        if name is not None:
            from parley_providers.requests import LLMRequest

            route = await self.chain.route(LLMRequest(messages=(), task_class="custom", model=name))
            await self.chain.facts_of(route)
        self.chain.choose(name, task)

    def spent(self, correlation_id: str) -> Spent | None:
        """What the model calls of a request used so far, from any thread; None where none ended."""
        return self._spent(correlation_id)

    async def configure(self, given: Mapping[str, object], *, bare: bool = False) -> tuple[str, ...]:
        """Let what an editor set count from the next request on; a sentence about each key that does not.

        With `bare`, `given` may be another server's settings: it counts only if it names a setting of Parley's.
        """
        return () if self._layers is None else self._layers.take(given, self._chain, bare=bare)

    async def workspace_problems(self, folders: tuple[str, ...]) -> tuple[str, ...]:
        """What the person should know of the settings files of these folders' workspaces."""
        return () if self._layers is None else self._layers.problems(folders)

    async def default_route(self, task: str | None = None) -> Route:
        """What serves a request that names no model, of a task class or of those without a model of their own.

        Raises:
            NoModelError: nothing; the message says how to get a model.
        """
        from parley_providers.requests import LLMRequest

        return await self.chain.route(LLMRequest(messages=(), task_class=task or "custom"))

    async def profiles(self, model: str | None, task: str | None) -> tuple[Profile, ...]:
        """What was measured, for one model or task class or for all, this process's latest calls included."""
        from parley_profiling.profiles import profiles_of

        if self._store is not None:
            await asyncio.to_thread(self._store.flush, timeout_s=1.0)
        return profiles_of(await asyncio.to_thread(self._read_records, model, task))

    async def aclose(self) -> None:
        """End engines and connections, and write the last records."""
        try:
            if self._chain is not None:
                await self._chain.aclose()
        finally:
            await self._closing.aclose()
            if self._store is not None:
                await asyncio.to_thread(self._store.close)

    @property
    def chain(self) -> ProviderChain:
        """The way to every model.

        Raises:
            NoModelError: the settings are wrong; the message says where.
        """
        if self._chain is None:
            store = self._store or self._open_store()
            self._store = store
            self._chain = self._built(store)
        return self._chain

    def _reader(self) -> Ahead:
        if self._ahead is None:
            from parley_agent.refactor.ahead import Ahead

            self._ahead = Ahead()
        return self._ahead

    def _refactoring(self) -> RefactorService:
        if self._service is None:
            from parley_agent.refactor.service import RefactorService

            self._service = RefactorService(self.chain, unproved=self._unproved())
            self._closing.callback(self._service.close)
        return self._service

    @contextmanager
    def _bounded(self, request: RefactorRequest) -> Iterator[None]:
        with ExitStack() as held:
            if self._layers is not None and request.correlation_id:
                with _settings_told():
                    held.enter_context(self._layers.bounded(self.chain, request))
            yield

    def _unproved(self) -> Unproved:
        with _settings_told():
            return self._read_unproved()

    def _built(self, store: CallStore) -> ProviderChain:
        with _settings_told():
            return self._build_chain(store)


@contextmanager
def _settings_told() -> Iterator[None]:
    """Settings that cannot be used leave no model to ask."""
    from parley_providers.errors import NoModelError
    from parley_server.config_file import ConfigError

    try:
        yield
    except ConfigError as error:
        raise NoModelError(str(error)) from error
