"""Adding up a stream of events to a whole response: what every provider's `complete` is made of."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from parley_providers.errors import StreamTruncatedError
from parley_providers.requests import (
    LLMResponse,
    PartEnd,
    StreamFinish,
    StreamLimits,
    StreamRestarted,
    StreamStart,
    StreamUsage,
)
from parley_providers.usage import Timings, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from parley_providers.messages import Part
    from parley_providers.rate_limits import RateLimit
    from parley_providers.requests import StreamEvent
    from parley_providers.route import Route


async def collect(events: AsyncGenerator[StreamEvent, None]) -> LLMResponse:
    """The response that `events` add up to; the generator is closed in every case.

    Raises:
        StreamTruncatedError: the events ended without `StreamFinish`.
    """
    route: Route | None = None
    finish: StreamFinish | None = None
    parts: dict[int, Part] = {}
    usage, timings = Usage(), Timings()
    limits: tuple[RateLimit, ...] = ()
    async with aclosing(events):
        async for event in events:
            match event:
                case StreamStart(route=route):
                    pass
                case StreamRestarted(route=route):
                    parts, usage, timings, limits = {}, Usage(), Timings(), ()
                case StreamLimits(limits=limits):
                    pass
                case PartEnd(index=index, part=part):
                    parts[index] = part
                case StreamUsage(usage=usage, timings=timings):
                    pass
                case StreamFinish():
                    finish = event
                case _:
                    pass
    if finish is None or route is None:
        raise StreamTruncatedError("The answer broke off before it was complete; nothing of it was used. Try again.")
    return LLMResponse(
        parts=tuple(parts[index] for index in sorted(parts)),
        finish=finish.reason,
        raw_finish=finish.raw,
        usage=usage,
        timings=timings,
        route=route,
        limits=limits,
    )
