"""Switching the model of a session."""

from contextlib import aclosing

import pytest

from parley_providers.adapters.scripted import ScriptedProvider
from parley_providers.chain import ProviderChain
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.errors import ProviderError
from parley_providers.measure import Instruments
from parley_providers.provider import ModelFacts
from parley_providers.routing import Choices, LocalRouter
from parley_server.application import Application


class NoStore:
    def observe(self, record):
        """Nothing is called here."""

    def close(self):
        return 0


def _application():
    here = ScriptedProvider((), name="embedded", models=(ModelFacts(name="small", provider="embedded"),))
    there = ScriptedProvider((), name="box", models=(ModelFacts(name="big", provider="box"),))
    router = LocalRouter(
        servers=(there,), embedded=here, choices=Choices(model="small"), available_bytes=lambda: 10**12, advice=""
    )

    def chain(store):
        instruments = Instruments(clock=SYSTEM_CLOCK, new_id=lambda: "id", observer=store)
        return ProviderChain((here, there), router, instruments)

    return Application(open_store=NoStore, build_chain=chain, read_records=lambda model, task: ())


async def test_a_session_can_switch_its_model_and_back():
    """From then on it serves what names none; None lets the route decide again."""
    async with aclosing(_application()) as application:
        routes = []
        for name in ("box/big", "small", None):
            await application.use_model(name)
            routes.append(await application.default_route())
    assert [(route.model, route.reason) for route in routes] == [
        ("big", "requested"),
        ("small", "requested"),
        ("small", "configured"),
    ]


async def test_a_model_that_is_not_there_changes_nothing():
    """The message names it."""
    async with aclosing(_application()) as application:
        await application.use_model("box/big")
        with pytest.raises(ProviderError, match="bigg"):
            await application.use_model("bigg")
        assert (await application.default_route()).model == "big"
