"""A model's download as a person sees it: what will be fetched, a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

from contextlib import ExitStack, aclosing
from typing import TYPE_CHECKING, assert_never

import typer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from rich.progress import Progress as Bar

    from parley_providers.models.catalog import CatalogModel
    from parley_providers.models.progress import Progress, PullEvent
    from parley_providers.models.store import ModelStore


def announcement(model: CatalogModel, store: ModelStore) -> str:
    """What a person consents to: the model, its size and licence, where it comes from and where it goes."""
    from parley_providers.models.pull import name_of

    sources = ", else ".join(name_of(source) for source in model.sources)
    return (
        f"{model.title}\n  size     {model.size_bytes / 1e6:,.0f} MB\n  licence  {model.licence}\n"
        f"  from     {sources}\n"
        f"  to       {store.root}\n  sha256   {model.sha256}"
    )


async def pull_shown(model: CatalogModel, store: ModelStore, from_path: Path | None = None) -> None:
    """Fetch the model, consent given, and show how it goes.

    Raises:
        ModelStoreError: see `parley_providers.models.pull.pull`.
    """
    from parley_providers.models.pull import pull

    await show(pull(model, store, from_path=from_path), model)


async def show(events: AsyncGenerator[PullEvent, None], model: CatalogModel) -> None:
    """Show the events of a pull until their end."""
    from rich.console import Console

    from parley_providers.models.progress import Progress

    console = Console(stderr=True)
    with ExitStack() as stack:
        progress: _Bar | _Lines = _Bar(stack, model.name) if console.is_terminal else _Lines()
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Progress):
                    progress.move(event)
                else:
                    progress.say(_sentence(event, model))


class _Bar:
    """A bar that moves, in a terminal."""

    def __init__(self, stack: ExitStack, name: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
        from rich.progress import Progress as RichProgress

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        bar = RichProgress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
        self._bar: Bar = stack.enter_context(bar)
        self._task = self._bar.add_task(name, total=None)

    def move(self, progress: Progress) -> None:
        self._bar.update(self._task, completed=progress.done_bytes, total=progress.total_bytes)

    def say(self, sentence: str) -> None:
        self._bar.console.print(sentence, highlight=False, markup=False)


class _Lines:
    """One line for each tenth, in a log or a pipe."""

    def __init__(self) -> None:
        self._tenth = 0

    def move(self, progress: Progress) -> None:
        tenth = 10 * progress.done_bytes // progress.total_bytes
        if tenth > self._tenth:
            speed = "" if progress.bytes_per_s is None else f", {progress.bytes_per_s / 1e6:.1f} MB/s"
            done, total = progress.done_bytes / 1e6, progress.total_bytes / 1e6
            self.say(f"{tenth * 10}% ({done:,.0f} of {total:,.0f} MB{speed})")
        self._tenth = tenth

    def say(self, sentence: str) -> None:
        typer.echo(sentence, err=True)


def _sentence(event: PullEvent, model: CatalogModel) -> str:
    from parley_providers.models.progress import Installed, Progress, SourceChosen, SourceFailed, Verifying, Waiting

    match event:
        case Waiting():
            text = f"Another Parley is fetching {model.name}: waiting for it."
        case SourceChosen(source=source, resumed_bytes=resumed):
            text = f"Asking {source}." + (f" {resumed / 1e6:,.0f} MB are here already." if resumed else "")
        case SourceFailed(source=source, reason=reason):
            text = f"{source}: {reason}"
        case Verifying():
            text = "Checking the sha256."
        case Installed(path=path, was_there=was_there):
            text = f"{model.name} is {'here already' if was_there else 'ready'}: {path}"
        case Progress():
            text = f"{event.done_bytes:,} of {event.total_bytes:,} bytes"
        case _:
            assert_never(event)
    return text
