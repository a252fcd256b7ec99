"""Who is asked while a model's rate limit is known to be used up, and until when; time is a number here."""

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_providers.adapters.scripted import ScriptedAnswer, ScriptedPiece, ScriptedProvider, says
from parley_providers.breaker import BreakerKey
from parley_providers.errors import RateLimitedError
from parley_providers.headroom import Headroom
from parley_providers.rate_limits import RateLimit, limits_of
from parley_providers.route import Route
from support.chain_bench import REQUEST, Bench, ManualClock, fails, scripted

FULL = RateLimit(of="requests", most=50, left=0, reset_s=30.0)
WAITS = "a/script is left out for now, since it has no room: requests: 0 of 50 left, more in"
HEADERS = (
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
    "date",
)
WRITTEN = st.one_of(
    st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), max_size=30),
    st.from_regex(r"[+-]?[0-9]{1,25}(\.[0-9]{1,9})?(ms|s|m|h|d)?", fullmatch=True),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.sampled_from(("6m0s", "nan", "inf", "-1", "1e999", "Sat, 21 Nov 2026 10:00:00 GMT", "9999-12-31T23:59:60Z")),
)


class Refusing(ScriptedProvider):
    """Has no room, and says until when."""

    async def stream(self, request):
        error = RateLimitedError("No.", retry_after_s=600.0)
        error.limits = (FULL,)
        raise error
        yield


def _key(name):
    return BreakerKey(provider=name, origin="", model="script")


def _route(name):
    return Route(provider=name, model="script", reason="configured", why="It is configured.")


def _limited(text, *limits):
    return ScriptedAnswer(pieces=(ScriptedPiece(text=text),), limits=limits)


async def _served(bench):
    return (await bench.chain.complete(REQUEST)).route


async def test_a_model_without_room_is_left_out_until_its_limit_has_more():
    """The other one says why it is asked, and with how many seconds to go."""
    bench = Bench((scripted("a", _limited("one", FULL)), scripted("b", says("two"))))
    first = await _served(bench)
    bench.clock.ns += int(10e9)
    second, shown = await _served(bench), await bench.chain.route(REQUEST)
    bench.clock.ns += int(20e9)
    third = await _served(bench)
    assert [first.provider, second.provider, third.provider] == ["a", "b", "a"]
    assert (second.reason, second.why) == ("fallback", f"{WAITS} 20 s. It is configured.")
    assert shown == second
    assert bench.kept.records[1].route_reason == "fallback"


async def test_a_model_without_room_is_asked_where_nobody_else_can_answer():
    """Alone, or after all others failed: what was told may have changed."""
    alone = Bench((scripted("a", _limited("one", FULL)),))
    assert [(await _served(alone)).provider for _ in range(2)] == ["a", "a"]
    bench = Bench((scripted("a", _limited("one", FULL)), scripted("b", fails("auth"))))
    assert [(await _served(bench)).provider for _ in range(2)] == ["a", "a"]
    assert [record.provider for record in bench.kept.records] == ["a", "b", "a"]


async def test_where_nobody_has_room_the_order_stays():
    """The first is asked, and not passed over for one that is as full."""
    bench = Bench((scripted("a", _limited("one", FULL)), scripted("b", _limited("two", FULL))))
    assert [(await _served(bench)).provider for _ in range(3)] == ["a", "b", "a"]


async def test_a_refusal_tells_limits_too():
    """The next request knows them, and why the other one answers."""
    bench = Bench((Refusing((), name="a"), scripted("b", says("two"))))
    assert (await _served(bench)).why == "a/script failed: No. It is configured."
    assert (await _served(bench)).why == f"{WAITS} 30 s. It is configured."


@pytest.mark.parametrize(
    "limits",
    [
        (RateLimit(of="requests", most=50, left=1, reset_s=30.0),),
        (RateLimit(of="requests", most=50, left=0, reset_s=None),),
        (RateLimit(of="requests", most=50, left=0, reset_s=0.0),),
        (RateLimit(of="images", most=0, left=0, reset_s=30.0),),
        (RateLimit(of="requests", most=50, left=None, reset_s=30.0),),
        (),
    ],
    ids=["one left", "nobody knows until when", "it is over", "a limit of nothing", "unknown", "none"],
)
def test_what_leaves_room_is_no_reason(limits):
    """Only a limit that is used up, until a time that was told."""
    headroom = Headroom(ManualClock())
    headroom.told(_key("a"), limits)
    assert headroom.used_up(_key("a")) is None


def test_of_several_limits_the_longest_counts_and_none_for_ever():
    """Five minutes at most, whatever a server writes; a later answer replaces an earlier one."""
    headroom = Headroom(clock := ManualClock())
    headroom.told(_key("a"), (FULL, RateLimit(of="tokens", left=0, reset_s=1e12)))
    assert headroom.used_up(_key("a")) == RateLimit(of="tokens", left=0, reset_s=300.0)
    clock.ns += int(300e9)
    assert headroom.used_up(_key("a")) is None
    headroom.told(_key("a"), (FULL,))
    headroom.told(_key("a"), ())
    assert headroom.used_up(_key("a")) == FULL
    headroom.told(_key("a"), (RateLimit(of="requests", most=50, left=50),))
    assert headroom.used_up(_key("a")) is None


@given(
    limits=st.dictionaries(st.sampled_from("abcd"), st.sampled_from(((FULL,), (), (RateLimit(of="tokens", left=2),)))),
    names=st.lists(st.sampled_from("abcd"), unique=True, min_size=1),
)
def test_nobody_is_lost_and_nobody_overtakes_without_a_reason(limits, names):
    """Those with room in their order, then those without in theirs; a model that moved up says so, no other."""
    headroom = Headroom(ManualClock())
    for name, told in limits.items():
        headroom.told(_key(name), told)
    routes = headroom.with_room_first(tuple(map(_route, names)), lambda route: _key(route.provider))
    full = [name for name in names if limits.get(name) == (FULL,)]
    room = [name for name in names if name not in full]
    assert [route.provider for route in routes] == room + full
    moved = {route.provider for route in routes if route.reason == "fallback"}
    assert moved == {name for name in room if any(names.index(each) < names.index(name) for each in full)}


@given(headers=st.dictionaries(st.sampled_from(HEADERS), WRITTEN))
def test_whatever_headers_say_they_are_read(headers):
    """Nonsense is unknown; what is known is a count, and a time that is not past."""
    for limit in limits_of(httpx2.Headers(headers)):
        assert limit.most is not None or limit.left is not None
        assert limit.reset_s is None or 0.0 <= limit.reset_s < float("inf")
        assert str(limit).startswith(f"{limit.of}: ")
