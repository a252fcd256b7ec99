"""A provider whose errors never quote its key."""

import pytest

from parley_providers.adapters.scripted import ScriptedAnswer, ScriptedFault, ScriptedProvider, says
from parley_providers.discreet import DiscreetProvider
from parley_providers.errors import AuthenticationError, ProviderError
from parley_providers.provider import Provider
from support.chain_bench import REQUEST
from support.streams import seen

KEY = "k-of/any=shape"


class Telling(ScriptedProvider):
    """Quotes the key wherever it is asked, and remembers being closed."""

    closed = False

    async def models(self):
        raise AuthenticationError(f"Incorrect key: {KEY}.", provider="box", status=401)

    async def facts(self, model):
        raise AuthenticationError(f"Incorrect key: {KEY}.", provider="box", status=401)

    async def aclose(self):
        self.closed = True


def _telling(key=KEY):
    fault = ScriptedFault(kind="auth", message=f"Incorrect key: {KEY}.", after_pieces=0)
    return DiscreetProvider(Telling([ScriptedAnswer(fault=fault)], name="box", origin="https://box"), key)


async def test_no_error_quotes_the_key_whatever_was_asked():
    """Its type, its status and whose it is are kept; what it came from, which quotes the key too, is not."""
    provider = _telling()
    _, streamed = await seen(provider.stream(REQUEST))
    errors = [streamed]
    for ask in (provider.models(), provider.facts("m"), provider.complete(REQUEST)):
        with pytest.raises(ProviderError) as caught:
            await ask
        errors.append(caught.value)
    assert [str(error) for error in errors] == ["Incorrect key: [your key]."] * 4
    assert {type(error) for error in errors} == {AuthenticationError}
    assert [error.status for error in errors] == [None, 401, 401, None]
    assert [error.__suppress_context__ for error in errors] == [True] * 4


async def test_an_error_without_the_key_is_told_as_it_is():
    """So is one with a key so short that it could be any word."""
    _, other = await seen(DiscreetProvider(_telling().inner, "another key").stream(REQUEST))
    _, short = await seen(_telling("k-of").stream(REQUEST))
    assert str(other) == str(short) == f"Incorrect key: {KEY}."


async def test_all_else_is_the_providers_own():
    """Name, origin, answers and the end; the key is no part of what is shown of it."""
    inner = Telling([says("hello")], name="box", origin="https://box")
    provider = DiscreetProvider(inner, KEY)
    assert isinstance(provider, Provider)
    assert (provider.name, provider.origin, await provider.is_available()) == ("box", "https://box", True)
    assert (await provider.complete(REQUEST)).text == "hello"
    await provider.aclose()
    assert (inner.closed, KEY in repr(provider)) == (True, False)
