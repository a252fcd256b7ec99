"""Obtaining a model: every source in order, resumed where possible, kept only under the right sha256.

The person's consent comes before the call; how a source gives its bytes is for `http_source`, `registry_source` and
`local_source`.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.models.catalog import HttpSource, LocalSource, RegistrySource
from parley_providers.models.errors import DiskFullError, DownloadFailedError, SourceError, WrongHashError
from parley_providers.models.growing import cut, size_of
from parley_providers.models.progress import Installed, Progress, SourceChosen, SourceFailed, Verifying, Waiting
from parley_providers.models.store import free_bytes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping
    from pathlib import Path

    from parley_providers.clock import Clock
    from parley_providers.models.catalog import CatalogModel, Source
    from parley_providers.models.progress import PullEvent
    from parley_providers.models.store import ModelStore

SPARE_BYTES = 64 * 1024 * 1024
LOCK_POLL_S = 0.25
RESUMES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PullOptions:
    """What a pull takes from outside.

    `connect_s` is how long an address may take to answer, `read_s` how long it may be silent, in seconds. `environment`
    is what pip sees (None: this process's).
    """

    connect_s: float = 5.0
    read_s: float = 30.0
    environment: Mapping[str, str] | None = None
    free_bytes: Callable[[Path], int] = free_bytes
    clock: Clock = field(default=SYSTEM_CLOCK)


async def pull(
    model: CatalogModel, store: ModelStore, *, from_path: Path | None = None, options: PullOptions | None = None
) -> AsyncGenerator[PullEvent, None]:
    """Make `model` usable, telling what happens; the last event is `Installed`.

    With `from_path` that file is the only source. Closing the generator or cancelling it keeps what can be resumed.

    Raises:
        DiskFullError: there is no room.
        WrongHashError: `from_path` is another file than the model's.
        DownloadFailedError: no source gave the model.
    """
    options = options or PullOptions()
    if store.state(model) == "installed":
        yield Installed(path=store.path(model), was_there=True)
        return
    store.prepare()
    from filelock import FileLock, Timeout

    lock = FileLock(store.lock(model), thread_local=False)
    waiting = False
    while not lock.is_locked:
        try:
            lock.acquire(blocking=False)
        except Timeout:
            if not waiting:
                yield Waiting()
            waiting = True
            yield Progress(done_bytes=size_of(store.partial(model)), total_bytes=model.size_bytes)
            await asyncio.sleep(LOCK_POLL_S)
    try:
        async with aclosing(_pull_alone(model, store, from_path, options)) as events:
            async for event in events:
                yield event
    finally:
        lock.release()


def name_of(source: Source) -> str:
    """A source as a person knows it."""
    match source:
        case HttpSource(url=url):
            return f"official ({url.split('/')[2]})"
        case RegistrySource(distribution=distribution):
            return f"mirror (package registry, {distribution.replace('-part{part}', '')})"
        case LocalSource(path=path):
            return path
        case _:
            assert_never(source)


async def sha256_of(path: Path) -> str:
    """The sha256 of a file in hex, computed in a thread."""
    return await asyncio.to_thread(_sha256, path)


async def _pull_alone(
    model: CatalogModel, store: ModelStore, from_path: Path | None, options: PullOptions
) -> AsyncGenerator[PullEvent, None]:
    await asyncio.to_thread(store.sweep, model)
    match store.state(model):
        case "installed":
            yield Installed(path=store.path(model), was_there=True)
            return
        case "unverified":
            yield Verifying()
            if await sha256_of(store.path(model)) == model.sha256:
                yield Installed(path=store.accept(model, store.path(model)), was_there=True)
                return
        case _:
            pass
    if from_path is not None:
        sources: tuple[Source, ...] = (LocalSource(path=str(from_path)),)
        target = store.copied(model)
        await _check_local(model, from_path)
    else:
        sources, target = model.sources, store.partial(model)
    _check_room(model, target, options)
    failures: list[SourceFailed] = []
    try:
        for source in sources:
            async with aclosing(_from_source(source, model, target, options)) as events:
                async for event in events:
                    if isinstance(event, SourceFailed):
                        failures.append(event)
                    yield event
            if size_of(target) == model.size_bytes and not (failures and failures[-1].source == name_of(source)):
                yield Installed(path=store.accept(model, target), was_there=False)
                return
    except OSError as error:
        raise _disk_error(error, model, target, options) from error
    raise DownloadFailedError(_all_failed(model, store, failures), model=model.name)


async def _from_source(
    source: Source, model: CatalogModel, target: Path, options: PullOptions
) -> AsyncGenerator[PullEvent, None]:
    """One source until the file is whole and verified, or `SourceFailed`; a resumed file may be begun anew once."""
    for attempt in range(2):
        resumed = size_of(target)
        try:
            async with aclosing(_fill(source, model, target, options)) as events:
                async for event in events:
                    yield event
        except SourceError as error:
            yield SourceFailed(source=name_of(source), reason=str(error))
            return
        yield Verifying()
        digest = await sha256_of(target)
        if digest == model.sha256:
            return
        await asyncio.to_thread(cut, target, 0)
        if resumed == 0 or attempt == 1:
            yield SourceFailed(source=name_of(source), reason=_wrong_hash(digest, model))
            return


async def _fill(
    source: Source, model: CatalogModel, target: Path, options: PullOptions
) -> AsyncGenerator[PullEvent, None]:
    """Grow `target` to the model's size; a source that breaks off after giving some bytes is resumed."""
    start, began_ns = size_of(target), options.clock.monotonic_ns()
    yield SourceChosen(source=name_of(source), resumed_bytes=start)
    for resume in range(RESUMES + 1):
        try:
            async with aclosing(_bytes_from(source, target, model.size_bytes, options)) as sizes:
                async for done in sizes:
                    elapsed_s = (options.clock.monotonic_ns() - began_ns) / 1e9
                    speed = (done - start) / elapsed_s if elapsed_s > 0 and done > start else None
                    yield Progress(done_bytes=done, total_bytes=model.size_bytes, bytes_per_s=speed)
        except SourceError as error:
            if not error.made_progress or resume == RESUMES:
                raise
        else:
            return


def _bytes_from(source: Source, target: Path, total_bytes: int, options: PullOptions) -> AsyncGenerator[int, None]:
    match source:
        case HttpSource():
            from parley_providers.models.http_source import fetch_http

            return fetch_http(source, target, total_bytes, connect_s=options.connect_s, read_s=options.read_s)
        case RegistrySource():
            from parley_providers.models.registry_source import fetch_parts

            return fetch_parts(source, target, total_bytes, options.environment)
        case LocalSource():
            from parley_providers.models.local_source import copy_file

            return copy_file(source, target, total_bytes)
        case _:
            assert_never(source)


async def _check_local(model: CatalogModel, path: Path) -> None:
    try:
        digest = await sha256_of(path)
    except OSError as error:
        raise DownloadFailedError(f"{path} cannot be read: {error.strerror}.", model=model.name) from error
    size = size_of(path)
    if size != model.size_bytes:
        raise WrongHashError(
            f"{path} is not {model.name}: it has {size:,} bytes instead of {model.size_bytes:,}. Nothing was changed."
        )
    if digest != model.sha256:
        raise WrongHashError(f"{path}: {_wrong_hash(digest, model)} Nothing was changed.")


def _check_room(model: CatalogModel, target: Path, options: PullOptions) -> None:
    needed = model.size_bytes - size_of(target) + SPARE_BYTES
    free = options.free_bytes(target.parent)
    if free < needed:
        raise DiskFullError(
            f"{model.name} needs {_megabytes(needed)} in {target.parent}, where {_megabytes(free)} are free. "
            "Make room, or name another folder in PARLEY_MODELS_DIR.",
            model=model.name,
        )


def _disk_error(error: OSError, model: CatalogModel, target: Path, options: PullOptions) -> DownloadFailedError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        kept = _megabytes(size_of(target))
        return DownloadFailedError(
            f"The disk of {target.parent} is full ({_megabytes(options.free_bytes(target.parent))} free). "
            f"Make room and run it again: the {kept} that are here are kept.",
            model=model.name,
        )
    return DownloadFailedError(f"{model.name} cannot be kept in {target.parent}: {error}.", model=model.name)


def _all_failed(model: CatalogModel, store: ModelStore, failures: list[SourceFailed]) -> str:
    tried = "".join(f"\n  {each.source}: {each.reason}" for each in failures)
    address = next((source.url for source in model.sources if isinstance(source, HttpSource)), None)
    kept = size_of(store.partial(model))
    again = f" ({_megabytes(kept)} are kept, and will not be fetched again)" if kept else ""
    elsewhere = f"fetch {address} on another machine and run" if address else "if you have the file, run"
    return (
        f"{model.name} could not be fetched from any source:{tried}\n"
        f"Run it again when the network is back{again}; or {elsewhere}\n"
        f"  parley models pull {model.name} --from PATH"
    )


def _wrong_hash(digest: str, model: CatalogModel) -> str:
    return f"the sha256 is {digest[:16]}…, but that of {model.name} is {model.sha256[:16]}…: these are other bytes."


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
