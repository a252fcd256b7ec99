"""A model from a file that the person has: copied, never moved, never changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, BinaryIO

from parley_providers.models.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from parley_providers.models.catalog import LocalSource

CHUNK_BYTES = 16 * 1024 * 1024


async def copy_file(source: LocalSource, target: Path, total_bytes: int) -> AsyncGenerator[int, None]:
    """Copy the source to `target`, anew; yields the bytes copied so far.

    Raises:
        SourceError: the source cannot be read, or is shorter than `total_bytes`.
    """
    try:
        reader = await asyncio.to_thread(open, source.path, "rb")
    except OSError as error:
        raise SourceError(f"{source.path} cannot be read: {error.strerror}.") from error
    done = 0
    with reader, target.open("wb") as writer:
        while copied := await asyncio.to_thread(_copy_some, reader, writer, total_bytes - done):
            done += copied
            yield done
    if done < total_bytes:
        raise SourceError(f"{source.path} ends at {done:,} of {total_bytes:,} bytes.")


def _copy_some(reader: BinaryIO, writer: BinaryIO, most: int) -> int:
    return writer.write(reader.read(min(CHUNK_BYTES, most)))
