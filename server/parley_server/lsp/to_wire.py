"""From the agent's events and the providers' facts to Parley's own shapes on the wire.

LSP's own types belong to `to_lsp`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from parley_agent.refactor import requests
from parley_server.lsp import wire

if TYPE_CHECKING:
    from parley_agent.refactor.requests import RefactorEvent
    from parley_events.bus import Message
    from parley_profiling.intervals import Summary
    from parley_profiling.profiles import Profile
    from parley_providers.provider import ModelFacts
    from parley_providers.tally import Spent
    from parley_server.event_following import Told

MOST_DATA_BYTES = 65_536


def notification(event: RefactorEvent, request_id: str) -> wire.Notification | None:  # noqa: PLR0911 - one for each
    """What the editor is told of `event`; nothing of pieces of text and of the end, which are told elsewhere."""
    match event:
        case requests.Waiting(position=position):
            return wire.Waiting(id=request_id, seq=0, position=position)
        case requests.Asked():
            return _asked(event, request_id)
        case requests.Routed(route=route):
            return wire.RouteChosen(
                id=request_id, seq=0, provider=route.provider, model=route.model, reason=route.reason, why=route.why
            )
        case requests.Restarted(reason=reason):
            return wire.Restarted(id=request_id, seq=0, reason=reason)
        case requests.Answered():
            return _answered(event, request_id)
        case requests.Repairing(attempt=attempt, problem=problem):
            return wire.Repairing(id=request_id, seq=0, attempt=attempt, problem=problem)
        case requests.RunningTests(command=command):
            return wire.Testing(id=request_id, seq=0, command=command)
        case _:
            return None


def model(facts: ModelFacts) -> wire.Model:
    """A model as `parley.models` lists it."""
    return wire.Model(
        provider=facts.provider,
        name=facts.name,
        digest=facts.digest,
        window_tokens=facts.window_tokens,
        loaded=facts.loaded,
        size_bytes=facts.size_bytes,
        quantization=facts.quantization,
    )


def profile(found: Profile) -> wire.ProfileRow:
    """A profile as `parley.profile` lists it."""
    return wire.ProfileRow(
        provider=found.key.provider,
        model=found.model,
        task=found.key.task_class,
        constrained=found.key.constrained,
        calls=found.calls,
        answered=found.answered,
        prefill_tokens_per_s=_estimate(found.prefill),
        decode_tokens_per_s=_estimate(found.decode),
        first_visible_warm_s=_estimate(found.warm.first_visible),
        first_visible_cold_s=_estimate(found.cold.first_visible),
        whole_warm_s=_estimate(found.warm.whole),
    )


def spent(found: Spent, wall_s: float) -> wire.Spent:
    """What a request used; a sum with an unknown part is unknown."""
    counted = found.uncounted == 0
    return wire.Spent(
        shown=found.sentence(wall_s),
        remote=found.remote,
        prompt_tokens=found.prompt_tokens if counted else None,
        output_tokens=found.output_tokens if counted else None,
        cost_usd=None if found.unpriced else found.cost_usd,
        session_usd=None if found.session_unpriced else found.session_usd,
    )


def told(found: Told, seq: int) -> wire.Event | wire.Events:
    """A stored event as the editor is told of it, or how it stands with them."""
    from parley_events.bus import Message  # not at start-up

    if isinstance(found, Message):
        return _event(found, seq)
    return wire.Events(seq=seq, following=found.is_following, position=found.position, problem=found.problem or None)


def _estimate(summary: Summary | None) -> wire.Estimate | None:
    if summary is None:
        return None
    mean, following = summary.mean_interval, summary.prediction
    return wire.Estimate(
        count=summary.count,
        mean=summary.mean,
        low=mean.low if mean else None,
        high=mean.high if mean else None,
        next_low=following.low if following else None,
        next_high=following.high if following else None,
    )


def _asked(event: requests.Asked, request_id: str) -> wire.Asked:
    return wire.Asked(
        id=request_id,
        seq=0,
        attempt=event.attempt,
        task=event.task.value,
        form=event.form,
        target=event.target,
        prompt_tokens=event.prompt_tokens,
    )


def _answered(event: requests.Answered, request_id: str) -> wire.Answered:
    usage, timings = event.usage, event.timings
    return wire.Answered(
        id=request_id,
        seq=0,
        attempt=event.attempt,
        prompt_tokens=usage.prompt_tokens,
        cached_prompt_tokens=usage.cached_prompt_tokens,
        output_tokens=usage.output_tokens,
        load_ms=_ms(timings.load_ns),
        prefill_ms=_ms(timings.prefill_ns),
        decode_ms=_ms(timings.decode_ns),
    )


def _ms(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else duration_ns / 1e6


def _event(message: Message, seq: int) -> wire.Event:
    size = len(json.dumps(message.data, ensure_ascii=False).encode("utf-8", "replace"))
    is_small = size <= MOST_DATA_BYTES
    return wire.Event(
        seq=seq,
        topic=message.topic,
        type=message.kind,
        version=message.version,
        position=message.position,
        event_id=message.message_id,
        stream=message.stream_id,
        aggregate=message.aggregate_id,
        sequence=message.sequence,
        time=message.created_at.isoformat() if message.created_at else None,
        correlation_id=message.metadata.correlation_id,
        causation_id=message.metadata.causation_id,
        data=message.data if is_small else None,
        data_bytes=None if is_small else size,
    )
