"""Adding up streams."""

import pytest

from parley_providers.collect import collect
from parley_providers.errors import StreamTruncatedError
from parley_providers.messages import TextPart
from parley_providers.requests import FinishReason, PartDelta, PartEnd, PartStart, StreamFinish, StreamStart
from parley_providers.route import Route

ROUTE = Route(provider="scripted", model="m", reason="configured", why="It is the configured model.")


async def _events(*events):
    for event in events:
        yield event


async def test_the_parts_of_a_stream_add_up_to_its_response():
    """`collect` returns final parts, not deltas."""
    answer = await collect(
        _events(
            StreamStart(route=ROUTE),
            PartStart(index=0, kind="text"),
            PartDelta(index=0, text="he"),
            PartEnd(index=0, part=TextPart(text="hello")),
            StreamFinish(reason=FinishReason.STOP, raw="stop"),
        )
    )
    assert (answer.text, answer.finish, answer.route) == ("hello", FinishReason.STOP, ROUTE)


async def test_a_stream_without_a_finish_is_truncated():
    """A clean early end is an error, never a short answer."""
    with pytest.raises(StreamTruncatedError, match="broke off"):
        await collect(_events(StreamStart(route=ROUTE)))
