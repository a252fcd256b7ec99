"""A model from one address over HTTP: resumed by range, redirected only to https.

Trying other sources and checking the sha256 belong to `pull`.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import httpx2

from parley_providers.models.errors import SourceError
from parley_providers.models.growing import cut, size_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from parley_providers.models.catalog import HttpSource

REDIRECTS = 5


async def fetch_http(
    source: HttpSource, target: Path, total_bytes: int, *, connect_s: float, read_s: float
) -> AsyncGenerator[int, None]:
    """Grow `target` to `total_bytes` from where it is; yields its size as it grows.

    Raises:
        SourceError: nobody answers, the answer is not the file, or it broke off.
    """
    start = size_of(target)
    if start >= total_bytes:
        yield start
        return
    timeout = httpx2.Timeout(read_s, connect=connect_s)
    done = start
    try:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(httpx2.AsyncClient(timeout=timeout, follow_redirects=False))
            response = await _answer(client, source.url, start, stack)
            done = _offset(response, start, total_bytes)
            cut(target, done)
            file = stack.enter_context(await asyncio.to_thread(target.open, "ab", 0))
            async for chunk in response.aiter_raw():
                done += len(chunk)
                if done > total_bytes:
                    raise SourceError(f"it sent more than the {total_bytes:,} bytes of the model.")
                file.write(chunk)
                yield done
    except httpx2.TimeoutException as error:
        raise SourceError(_silent(done, total_bytes, connect_s, read_s), made_progress=done > start) from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise SourceError(_broken(error, done, total_bytes), made_progress=done > start) from error
    if done < total_bytes:
        raise SourceError(f"the download ended at {done:,} of {total_bytes:,} bytes.", made_progress=done > start)


async def _answer(client: httpx2.AsyncClient, url: str, start: int, stack: AsyncExitStack) -> httpx2.Response:
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    origin = _origin(httpx2.URL(url))
    for _ in range(REDIRECTS + 1):
        response = await stack.enter_async_context(client.stream("GET", url, headers=headers))
        if not response.has_redirect_location:
            return response
        next_url = httpx2.URL(url).join(response.headers["Location"])
        if next_url.scheme != "https" and _origin(next_url) != origin:
            raise SourceError(f"it redirects to {next_url.scheme}://{next_url.host}, which is not https; not followed.")
        url = str(next_url)
    raise SourceError(f"it redirects more than {REDIRECTS} times.")


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _offset(response: httpx2.Response, start: int, total_bytes: int) -> int:
    """Where the answer's body begins in the file."""
    match response.status_code:
        case 200:
            length = response.headers.get("Content-Length")
            if length is not None and length != str(total_bytes):
                raise SourceError(f"it offers {int(length):,} bytes instead of {total_bytes:,}: another file.")
            return 0
        case 206:
            wanted = f"bytes {start}-{total_bytes - 1}/{total_bytes}"
            told = response.headers.get("Content-Range", "")
            if re.sub(r"\s+", " ", told.strip()) != wanted:
                raise SourceError(f"it offers {told or 'an unnamed range'} instead of {wanted}: another file.")
            return start
        case status:
            raise SourceError(f"it answers HTTP {status} {response.reason_phrase}.")


def _silent(done: int, total_bytes: int, connect_s: float, read_s: float) -> str:
    if done == 0:
        return f"no answer within {connect_s:g} s."
    return f"nothing came for {read_s:g} s, at {done:,} of {total_bytes:,} bytes."


def _broken(error: Exception, done: int, total_bytes: int) -> str:
    if isinstance(error, httpx2.ConnectError):
        return f"cannot be reached ({str(error) or type(error).__name__})."
    reason = str(error) or type(error).__name__
    return f"the download broke off at {done:,} of {total_bytes:,} bytes ({reason})."
