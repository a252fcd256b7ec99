"""A vendor's library that is not installed: told with the command that installs it, and nothing is asked."""

from contextlib import aclosing

import pytest

from parley_providers.adapters import anthropic
from parley_providers.adapters.vendor import SdkMissingError
from parley_providers.keys import Key
from parley_providers.messages import user
from parley_providers.requests import LLMRequest
from support.house import ROOT
from support.loopback import serving
from support.streams import seen
from support.vendor_wires import CLOUDS, KEY


@pytest.mark.parametrize("wire", CLOUDS, ids=lambda wire: wire.name)
async def test_a_library_that_is_missing_is_told_with_the_way_to_it(wire):
    """The provider is not available, and the message is a command to paste."""
    without = type("Without", (wire.provider,), {"module": "a_library_that_nobody_has"})

    async def handle(exchange):
        await exchange.answer({})

    async with serving(handle) as server:
        key = Key(origin=server.url, source="a test", text=KEY)
        async with aclosing(without(key, base_url=server.url)) as provider:
            assert not await provider.is_available()
            request = LLMRequest(messages=(user("hi"),), task_class="explain", model=wire.model)
            events, error = await seen(provider.stream(request))
    assert (events, type(error), server.exchanges) == ([], SdkMissingError, [])
    assert f"pip install 'parley-ls[{wire.name}]'" in str(error)


def test_the_provider_that_contributors_are_shown_says_all_that_a_vendor_has_to_say():
    """As it stands in CONTRIBUTING.md, with what stands around Anthropic's."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = text.partition("## A new provider")[2].partition("```python\n")[2].partition("```")[0]
    names = vars(anthropic).copy()
    exec(shown, names)  # noqa: S102 - our own words
    assert names["AcmeProvider"].__abstractmethods__ == frozenset()
