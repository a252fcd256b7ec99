"""Profiles: what a handful of records says."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from parley_profiling.profiles import decode_rate, prefill_rate, profiles_of
from parley_providers.usage import Timings, Usage
from support.records import STARTED, WARM, any_record, records


def test_rates_count_uncached_tokens_only():
    """600 prompt tokens, 100 of them cached, in 5 s are 100 tokens/s, not 120; 40 tokens in 2 s are 20."""
    assert (prefill_rate(WARM), decode_rate(WARM)) == (100.0, 20.0)


def test_a_prefill_rate_needs_the_cached_count():
    """A server that does not tell what it had cached gives no rate, rather than a wrong one."""
    assert prefill_rate(replace(WARM, usage=Usage(prompt_tokens=600))) is None
    assert prefill_rate(replace(WARM, usage=Usage(cached_prompt_tokens=0))) is None


def test_few_uncached_tokens_give_no_prefill_rate():
    """63 tokens are fixed cost; 64 are a rate."""
    assert prefill_rate(replace(WARM, usage=Usage(prompt_tokens=100, cached_prompt_tokens=37))) is None
    assert prefill_rate(replace(WARM, usage=Usage(prompt_tokens=100, cached_prompt_tokens=36))) == 12.8


def test_unknown_or_zero_durations_give_no_rate():
    """Nothing is divided by what is unknown."""
    for timings in (Timings(), Timings(prefill_ns=0, decode_ns=0)):
        record = replace(WARM, timings=timings)
        assert (prefill_rate(record), decode_rate(record)) == (None, None)


def test_cold_and_warm_calls_are_kept_apart():
    """A load of many seconds does not slow the warm figure, and a call of unknown state is in neither."""
    (profile,) = profiles_of(
        [
            replace(WARM, cold=False, first_event_ns=1_000_000_000),
            replace(WARM, cold=True, first_event_ns=9_000_000_000, timings=Timings(load_ns=8_000_000_000)),
            replace(WARM, cold=None, first_event_ns=4_000_000_000),
        ]
    )
    assert [(each.calls, each.first_event.mean) for each in (profile.warm, profile.cold, profile.either)] == [
        (1, 1.0),
        (1, 9.0),
        (1, 4.0),
    ]
    assert (profile.cold.load.mean, profile.warm.load) == (8.0, None)


def test_a_cancelled_call_has_a_first_token_but_no_whole_answer():
    """What a person broke off says nothing about how long the whole would have taken."""
    (profile,) = profiles_of([replace(WARM, outcome="cancelled")])
    assert (profile.warm.first_event.count, profile.warm.whole, profile.output_tokens) == (1, None, None)
    assert (profile.outcomes, profile.answered) == ({"cancelled": 1}, 0)


def test_outcomes_are_counted():
    """Every call counts once, the most frequent outcome first."""
    (profile,) = profiles_of([*records(3), *records(1, outcome="length"), *records(2, outcome="timeout")])
    assert list(profile.outcomes.items()) == [("ok", 3), ("timeout", 2), ("length", 1)]
    assert (profile.calls, profile.answered) == (6, 4)


def test_any_change_of_what_matters_is_another_profile():
    """Digest, task class, hardware, server version, window, offload, settings and the form of the answer."""
    changed = [
        replace(WARM, model_digest="other"),
        replace(WARM, task_class="docstring"),
        replace(WARM, hardware="another machine"),
        replace(WARM, server_version="b10600"),
        replace(WARM, window_tokens=4096),
        replace(WARM, size_bytes=100, vram_bytes=50),
        replace(WARM, settings={"n_batch": 512}),
        replace(WARM, constrained=False),
        replace(WARM, provider="ollama"),
    ]
    assert len(profiles_of([WARM, *changed])) == len(changed) + 1


def test_one_digest_under_two_names_is_one_profile_by_its_newest_name():
    """Weights are what is measured, whatever they are called."""
    (profile,) = profiles_of(
        [replace(WARM, model="new", started_at=STARTED + timedelta(days=1)), replace(WARM, model="old")]
    )
    assert (profile.model, profile.calls) == ("new", 2)


def test_without_a_digest_the_name_tells_models_apart():
    """Two remote models are two profiles."""
    found = profiles_of([replace(WARM, model_digest=None, model=name) for name in ("a", "b")])
    assert [profile.model for profile in found] == ["a", "b"]


@given(st.lists(any_record, max_size=20), st.randoms(use_true_random=False))
def test_every_record_counts_once_in_any_order(found, shuffle):
    """Calls add up, cold + warm + unknown add up, and the order of the records does not matter."""
    profiles = profiles_of(found)
    assert sum(profile.calls for profile in profiles) == len(found)
    for profile in profiles:
        assert sum(profile.outcomes.values()) == profile.calls
        assert profile.warm.calls + profile.cold.calls + profile.either.calls == profile.calls
    shuffled = list(found)
    shuffle.shuffle(shuffled)
    assert [(each.key, each.calls) for each in profiles_of(shuffled)] == [(each.key, each.calls) for each in profiles]
