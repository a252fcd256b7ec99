"""What the language server needs of the rest of Parley: a port, implemented by `parley_server.app`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping

    from parley_agent.document import Diagnostic, Document, Span
    from parley_agent.refactor.events import RefactoringEvent
    from parley_agent.refactor.requests import Offer, Proposed, Rebased, RefactorEvent, RefactorRequest, Refused
    from parley_profiling.profiles import Profile
    from parley_providers.provider import ModelFacts
    from parley_providers.route import Route
    from parley_providers.tally import Spent
    from parley_server.event_following import Told


class Services(Protocol):
    """The services, called on the worker's loop but for `offers` and `prepare`. Each builds what it needs at first."""

    def offers(self, document: Document, selection: Span, diagnostics: tuple[Diagnostic, ...]) -> tuple[Offer, ...]:
        """What could be asked for here; instant, without a model, from any one thread."""
        ...

    def prepare(self, document: Document) -> Generator[None, None, None]:
        """Read `document` ahead, so that what is offered there next comes at once; in the thread that offers.

        Each item is a step of a few milliseconds; it may be closed after any.
        """
        ...

    def refactor(self, request: RefactorRequest) -> AsyncGenerator[RefactorEvent, None]:
        """Carry out a request; the last event is `Proposed`, `Refused` or `Explained`.

        Raises:
            ProviderError: the model failed.
        """
        ...

    async def rebase(self, request: RefactorRequest, proposal: Proposed, now: Document) -> Rebased | Refused:
        """`proposal` of `request` as it is for the text of `now`, after the same checks, or why it cannot be."""
        ...

    async def models(self) -> tuple[ModelFacts, ...]:
        """Every model that could be asked."""
        ...

    async def use_model(self, name: str | None, task: str | None = None) -> None:
        """Let this model serve the requests of this session that name none, or those of one task class.

        None takes the choice back, without a task class every choice: the route decides again.

        Raises:
            ProviderError: there is no such model; nothing changed.
        """
        ...

    def spent(self, correlation_id: str) -> Spent | None:
        """What the model calls of a request used so far, from any thread; None where none ended."""

    async def configure(self, given: Mapping[str, object], *, bare: bool = False) -> tuple[str, ...]:
        """Let what an editor set count from the next request on; a sentence about each key that does not.

        With `bare`, `given` may be another server's settings: it counts only if it names a setting of Parley's.
        """
        ...

    async def workspace_problems(self, folders: tuple[str, ...]) -> tuple[str, ...]:
        """What the person should know of the settings files of these folders' workspaces."""
        ...

    async def default_route(self, task: str | None = None) -> Route:
        """What serves a request that names no model, of a task class or of those without a model of their own.

        Raises:
            NoModelError: nothing; the message says how to get a model.
        """
        ...

    async def keep(self, correlation_id: str, event: RefactoringEvent) -> None:
        """Keep what the editor alone knows of a refactoring. Never fails: what cannot be kept is told in the log."""
        ...

    async def follow_events(self, after: int | None, tell: Callable[[Told], Awaitable[None]]) -> None:
        """Tell of every event that is stored after a position, by whichever process, until this is cancelled.

        None tells only of what is stored from now on. While `tell` waits, no more are read.
        """
        ...

    async def profiles(self, model: str | None, task: str | None) -> tuple[Profile, ...]:
        """What was measured, for one model or task class or for all."""
        ...

    async def aclose(self) -> None:
        """End engines, connections and the store."""
        ...
