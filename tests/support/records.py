"""Call records for tests: whole ones, with any field replaced, strategies that make any, and the clock they go by."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from parley_providers.records import CallRecord
from parley_providers.usage import Timings, Usage

STARTED = datetime(2026, 11, 21, 9, 45, tzinfo=UTC)

WARM = CallRecord(
    record_id="r1",
    correlation_id="c1",
    started_at=STARTED,
    task_class="rename",
    provider="embedded",
    origin="http://127.0.0.1:40123",
    model="qwen2.5-coder-0.5b",
    route_reason="configured",
    outcome="ok",
    model_digest="1d96",
    server_version="b10549",
    hardware="2 × Example CPU",
    window_tokens=8192,
    cold=False,
    max_output_tokens=128,
    temperature=0.0,
    constrained=True,
    settings={"n_batch": 256},
    usage=Usage(prompt_tokens=600, cached_prompt_tokens=100, output_tokens=40),
    timings=Timings(prefill_ns=5_000_000_000, decode_ns=2_000_000_000),
    first_event_ns=5_100_000_000,
    first_visible_ns=5_200_000_000,
    wall_ns=7_200_000_000,
)


class StoppedClock:
    """A clock that always shows `STARTED`."""

    def now(self) -> datetime:
        return STARTED

    def monotonic_ns(self) -> int:
        return 0


def records(count: int, **fields) -> tuple[CallRecord, ...]:
    """`count` records a second apart, with ids `r0`, `r1` and so on."""
    return tuple(
        replace(WARM, record_id=f"r{number}", started_at=STARTED + timedelta(seconds=number), **fields)
        for number in range(count)
    )


_text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
_count = st.none() | st.integers(0, 2**53)
_duration = st.none() | st.integers(0, 2**62)
_names = st.sampled_from(["n_batch", "num_ctx", "flash", "rope"])
_settings = st.dictionaries(_names, st.none() | st.booleans() | st.integers(-9, 9) | st.floats(0, 1), max_size=3)

any_record = st.builds(
    CallRecord,
    record_id=st.uuids().map(str),
    correlation_id=st.uuids().map(str),
    started_at=st.datetimes(timezones=st.just(UTC)),
    task_class=st.sampled_from(["rename", "docstring", "custom"]),
    provider=st.sampled_from(["embedded", "ollama"]),
    origin=st.just("http://127.0.0.1:1"),
    model=_text,
    route_reason=st.just("configured"),
    outcome=st.sampled_from(["ok", "length", "cancelled", "server", "timeout"]),
    error=st.none() | st.just("the server failed"),
    model_digest=st.none() | st.sampled_from(["d1", "d2"]),
    server_version=st.none() | st.just("0.33"),
    hardware=st.none() | st.just("cpu"),
    window_tokens=_count,
    size_bytes=_count,
    vram_bytes=_count,
    cold=st.none() | st.booleans(),
    max_output_tokens=_count,
    temperature=st.none() | st.floats(0, 2),
    constrained=st.booleans(),
    settings=_settings,
    usage=st.builds(
        Usage, prompt_tokens=_count, cached_prompt_tokens=_count, output_tokens=_count, reasoning_tokens=_count
    ),
    timings=st.builds(
        Timings, queue_ns=_duration, load_ns=_duration, prefill_ns=_duration, decode_ns=_duration, total_ns=_duration
    ),
    first_event_ns=_duration,
    first_visible_ns=_duration,
    wall_ns=_duration,
)
