"""A provider whose key is replaced while it is in use: what it does, and what it leaves to the chain."""

import asyncio

import pytest

from parley_providers.adapters.scripted import ScriptedProvider, says
from parley_providers.errors import AuthenticationError, KeyReplacedError
from parley_providers.keys import Key
from parley_providers.rekeyed import RekeyedProvider
from support.chain_bench import REQUEST, Bench, scripted
from support.streams import seen

ORIGIN = "https://box.example.com"


class Locked(ScriptedProvider):
    """Lets in who has the second key, once; others are told no when the `door` opens, where there is one."""

    def __init__(self, key, door=None):
        super().__init__((says("welcome", times=1),), name="box", origin=ORIGIN)
        self.key = key
        self.door = door
        self.closed = False

    async def stream(self, request):
        await self.let_in()
        async for event in super().stream(request):
            yield event

    async def let_in(self):
        if self.key is None or self.key.text != "second":
            if self.door is not None:
                await self.door.wait()
            raise AuthenticationError("The key is refused.", provider="box", model="m", status=401, request_id="r1")

    async def aclose(self):
        self.closed = True


class Guarded(Locked):
    """Tells nobody else of its models either."""

    async def models(self):
        await self.let_in()
        return await super().models()

    async def facts(self, model):
        await self.let_in()
        return await super().facts(model)


class Home:
    """Where the key is kept: `provider` reads it there, and each that it builds is in `built`."""

    def __init__(self, kept, door=None, kind=Locked):
        self.key, self.read, self.built, self.door, self.kind = _key(kept), 0, [], door, kind
        self.provider = RekeyedProvider(self.key, self._build, self._read)

    def put(self, text):
        self.key = _key(text)

    def _build(self, key):
        self.built.append(self.kind(key, self.door))
        return self.built[-1]

    def _read(self):
        self.read += 1
        return self.key


def _key(text):
    return None if text is None else Key(origin=ORIGIN, source="a test", text=text)


async def _refusal(provider):
    with pytest.raises(AuthenticationError) as caught:
        await provider.complete(REQUEST)
    return caught.value


@pytest.mark.parametrize("before", ["first", None])
async def test_a_key_that_was_replaced_is_used_from_then_on(before):
    """Also where there was none before. Asking again is the chain's: the error says that it can help."""
    home = Home(before)
    home.put("second")
    error = await _refusal(home.provider)
    assert (type(error), error.retryable, error.status, error.request_id) == (KeyReplacedError, True, 401, "r1")
    assert str(error) == "The key is refused. The key was replaced meanwhile; the new one is used from now on."
    assert (await home.provider.complete(REQUEST)).text == "welcome"
    assert (home.read, len(home.built)) == (1, 2)


@pytest.mark.parametrize("after", ["first", None])
async def test_a_refusal_of_the_key_that_is_still_kept_stands(after):
    """So it does when no key is kept any more."""
    home = Home("first")
    home.put(after)
    assert type(await _refusal(home.provider)) is AuthenticationError
    assert (home.read, len(home.built), await home.provider.renewed()) == (1, 1, False)


async def test_what_is_looked_up_of_models_is_asked_again_at_once():
    """No chain would; and it costs nothing. While the key is the same, the refusal stands."""
    home = Home("first", kind=Guarded)
    with pytest.raises(AuthenticationError):
        await home.provider.facts("script")
    home.put("second")
    facts = await home.provider.facts("script")
    assert (facts.name, await home.provider.models()) == ("script", (facts,))
    assert len(home.built) == 2


async def test_two_that_are_refused_at_once_both_learn_of_the_new_key():
    """The second finds it in use already, and is no less told to ask again."""
    door = asyncio.Event()
    home = Home("first", door)
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(_refusal(home.provider)) for _ in range(2)]
        home.put("second")
        door.set()
    assert [type(each.result()) for each in asked] == [KeyReplacedError, KeyReplacedError]
    assert len(home.built) == 2


async def test_closing_closes_those_of_earlier_keys_too():
    """Their answers may have been under way when the key was replaced."""
    home = Home("first")
    home.put("second")
    assert await home.provider.renewed()
    await home.provider.aclose()
    assert [each.closed for each in home.built] == [True, True]


async def test_what_is_not_about_the_key_does_not_look_for_another():
    """The error is the server's own."""
    home = Home("second")
    assert [(await seen(home.provider.stream(REQUEST)))[1] is None for _ in range(2)] == [True, False]
    assert home.read == 0


async def test_no_key_is_in_its_repr():
    """As of every value that holds one."""
    assert "second" not in repr(Home("second").provider)


async def test_the_chain_asks_again_with_the_new_key_and_records_both():
    """One retry of its one layer; nothing is held against the model."""
    home = Home("first")
    home.put("second")
    bench = Bench((home.provider,))
    assert (await bench.chain.complete(REQUEST)).text == "welcome"
    assert [record.outcome for record in bench.kept.records] == ["auth", "ok"]
    assert bench.waits_s == [0.25]


async def test_a_model_whose_key_was_refused_is_asked_again_once_it_is_replaced():
    """Until then it is not asked, and another answers; of the new key nobody needs to tell the chain."""
    home = Home("first")
    bench = Bench((home.provider, scripted("other", says("instead"))))

    async def renewed(provider):
        return provider == "box" and await home.provider.renewed()

    bench.resilience.renewed = renewed
    answers = [await bench.chain.complete(REQUEST) for _ in range(2)]
    home.put("second")
    answers.append(await bench.chain.complete(REQUEST))
    assert [each.route.provider for each in answers] == ["other", "other", "box"]
    assert answers[1].route.why.startswith(
        "box/script failed: box/script is not asked again before its key is replaced or Parley starts anew, since it "
        "was refused: The key is refused."
    )
    assert [record.outcome for record in bench.kept.records] == ["auth", "ok", "ok", "ok"]
