"""What came of a call, as plain JSON to be compared with what is expected."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from parley_providers.requests import PartDelta, PartEnd, StreamFinish, StreamUsage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley_providers.errors import ProviderError
    from parley_providers.requests import StreamEvent


def outcome(events: Sequence[StreamEvent], error: ProviderError | None) -> dict[str, Any]:
    """What a person would want to know of a stream: its parts, how it ended, and what it used."""
    came: dict[str, Any] = {}
    for event in events:
        match event:
            case PartEnd(part=part):
                came.setdefault("parts", []).append({"is": type(part).__name__, **_known(asdict(part))})
            case StreamUsage(usage=usage, timings=timings):
                came["usage"], came["timings"] = _known(asdict(usage)), _known(asdict(timings))
            case StreamFinish(reason=reason, raw=raw):
                came["finish"] = [reason.value, raw]
            case _:
                pass
    if error is not None:
        came["error"] = {"is": type(error).__name__, "message": str(error), **_known(vars(error))}
        came["pieces"] = [event.text for event in events if isinstance(event, PartDelta)]
    return came


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, ())}
