"""Reading streams of events to their end, good or bad."""

from __future__ import annotations

from contextlib import aclosing

from parley_providers.errors import ProviderError


async def seen(stream):
    """The events of a stream, and the `ProviderError` that ended it or None."""
    events = []
    try:
        async with aclosing(stream):
            async for event in stream:
                events.append(event)  # noqa: PERF401 - what came before an error is kept
    except ProviderError as error:
        return events, error
    return events, None
