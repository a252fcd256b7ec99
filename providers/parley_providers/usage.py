"""What one call used: tokens and durations, each a value or unknown (`None`), never a zero for unknown."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts as the server reported them.

    `prompt_tokens` is the whole prompt; `cached_prompt_tokens` the part of it that came from the server's cache,
    `written_prompt_tokens` the part that was put there, which some vendors charge more for. `output_tokens` includes
    `reasoning_tokens`.
    """

    prompt_tokens: int | None = None
    cached_prompt_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    written_prompt_tokens: int | None = None

    def plus(self, other: Usage) -> Usage:
        """The usage of two calls; what one of them did not tell is unknown of both."""
        return Usage(**{each.name: _sum(getattr(self, each.name), getattr(other, each.name)) for each in fields(self)})

    def broken_off(self) -> Usage:
        """What is known of an answer without an end: some servers count ahead of it, none counts what was lost."""
        return replace(self, output_tokens=None, reasoning_tokens=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Durations in nanoseconds as the server reported them; `prefill_ns` covers uncached prompt tokens only."""

    queue_ns: int | None = None
    load_ns: int | None = None
    prefill_ns: int | None = None
    decode_ns: int | None = None
    total_ns: int | None = None

    def plus(self, other: Timings) -> Timings:
        """The durations of two calls, one after the other; see `Usage.plus`."""
        return Timings(
            **{each.name: _sum(getattr(self, each.name), getattr(other, each.name)) for each in fields(self)}
        )

    @property
    def residual_ns(self) -> int | None:
        """What `total_ns` holds beyond load, prefill and decode: waiting and templating; unknown unless all are known.

        The phases are clocked apart from the total, so that it may come out a little below zero.
        """
        if self.total_ns is None or self.load_ns is None or self.prefill_ns is None or self.decode_ns is None:
            return None
        return self.total_ns - self.load_ns - self.prefill_ns - self.decode_ns


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
