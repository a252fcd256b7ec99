"""Every fault of the table, for every wire, over a real server: what the person reads, and what the chain does."""

from contextlib import aclosing

import pytest

from parley_providers.adapters.scripted import says
from parley_providers.breaker import BreakerKey, Breakers
from parley_providers.chain import ProviderChain
from parley_providers.collect import collect
from parley_providers.errors import ProviderError
from parley_providers.measure import Instruments
from parley_providers.requests import StreamFinish
from parley_providers.resilience import Resilience
from parley_providers.route import Route
from support.chain_bench import FixedRouter, Kept, ManualClock, scripted
from support.faults import FAULTS, enacted
from support.faulty_wires import FAULTY_WIRES
from support.streams import seen

# A key that is bound elsewhere is refused where the composition root builds these, before there is a provider.
CASES = [
    pytest.param(fault, wire, id=f"{fault.name}-{wire.name}")
    for fault in FAULTS
    for wire in FAULTY_WIRES
    if not ("another origin" in fault.name and wire.name in ("openai-compatible", "llama.cpp", "ollama"))
]
every_case = pytest.mark.parametrize(("fault", "wire"), CASES)


@every_case
async def test_the_adapter_tells_the_fault(fault, wire):
    """The error has its type and says what is wrong and what to do; what is no error is a whole answer."""
    async with enacted(fault, wire) as provider:
        events, error = await seen(provider.stream(fault.request(wire)))
    assert fault.is_meant(error), repr(error)
    assert isinstance(events[-1], StreamFinish) if error is None else not _finished(events)


@every_case
async def test_the_chain_does_what_the_table_says(fault, wire):
    """It asks so often, goes on to another or not, and leaves the breaker so; the person reads why."""
    kept, clock = Kept(), ManualClock()

    async def sleep(seconds):
        clock.ns += int(seconds * 1e9)
        clock.wall_days = 4000 if "clock" in fault.name else 0

    async with enacted(fault, wire) as provider:
        breakers = Breakers(clock=clock)
        order = [(provider.name, wire.model), ("b", "script")]
        routes = tuple(Route(provider=name, model=model, reason="configured", why="So.") for name, model in order)
        chain = ProviderChain(
            (provider, scripted("b", says("from another"))),
            FixedRouter(routes),
            Instruments(clock=clock, new_id=lambda: "id", observer=kept, session_id="s"),
            Resilience(breakers=breakers, sleep=sleep, draw=lambda: 0.5),
        )
        answer, error = await _answered(chain, fault.request(wire))
        key = BreakerKey(provider=provider.name, origin=provider.origin, model=wire.model)
        status = breakers.state(key).status
    asked = sum(record.provider == provider.name for record in kept.records)
    assert (asked, status) == (fault.asked, fault.status)
    if fault.error is None:
        assert answer.text == fault.says
    elif fault.others:
        assert (answer.text, answer.route.reason) == ("from another", "fallback")
        assert f"{provider.name}/{wire.model} failed: " in answer.route.why
    else:
        assert fault.is_meant(error)
        assert answer is None


async def _answered(chain, request):
    try:
        async with aclosing(chain.stream(request)) as events:
            return await collect(events), None
    except ProviderError as error:
        return None, error


def _finished(events):
    return any(isinstance(event, StreamFinish) for event in events)
