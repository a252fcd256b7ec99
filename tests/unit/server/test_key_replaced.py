"""A key that `parley auth set` replaces while a server runs: over real connections, to a server that knows one key."""

import pytest

from parley_providers.errors import ProviderError
from parley_server.access import Access
from parley_server.config import Sources, settings_from
from parley_server.named import build_named
from support.chain_bench import REQUEST, Bench
from support.keys import KeptKeys
from support.loopback import serving
from support.vendor_wires import ANTHROPIC, COMPATIBLE, GEMINI, OPENAI

WIRES = [pytest.param(wire, id=wire.name) for wire in (ANTHROPIC, OPENAI, GEMINI, COMPATIBLE)]
FIRST, SECOND = "sk-first-0123456789", "sk-second-0123456789"


def _strict(wire, *, lists_to_anyone=True):
    """A server that answers whoever has the second key; to others it repeats the key that it refuses."""

    async def handle(exchange):
        sent = " ".join(exchange.headers.values())
        lists = exchange.path.partition("?")[0] == wire.models_path
        if SECOND not in sent and not (lists and lists_to_anyone):
            await exchange.answer(wire.refusal(f"Wrong key: {FIRST if FIRST in sent else 'none'}."), 401)
        elif lists:
            await exchange.answer(wire.listed)
        else:
            await exchange.start(headers={"Content-Type": "text/event-stream"})
            for event in wire.text(("welcome",), finish=wire.stop):
                await exchange.send(event)
            await exchange.end()

    return handle


class Person:
    """Keeps keys by `parley auth set`, and has a Parley that was started when she had the first one, or none."""

    def __init__(self, path, wire, url, *, named_by):
        self.path, self.store, self.environment = path, KeptKeys(), {}
        self.kind, self.url = wire.name, url + wire.base_path
        if named_by == "a key":
            self.keeps(FIRST)
        else:
            variable = "BOX_KEY" if named_by == "a variable" else "NO_KEY"
            self.environment = {"BOX_KEY": FIRST}
            entry = f"{{kind: {self.kind}, url: '{self.url}', key_variable: {variable}}}"
            path.write_text(f"providers: {{box: {entry}}}\n", encoding="utf-8")
        access = self._access()
        self.provider = build_named("box", access.settings.providers["box"], access)
        self.bench = Bench((self.provider,))
        self.bench.resilience.renewed = lambda _: self.provider.renewed()

    def keeps(self, key):
        """As `parley auth set box` does, in a process of its own."""
        named = "box" in self._access().settings.providers
        where = {} if named else {"kind": self.kind, "url": self.url}
        self._access().keep("box", key, **where)

    async def asks(self):
        """The answer, or what she reads in its place."""
        try:
            return (await self.bench.chain.complete(REQUEST)).text
        except ProviderError as error:
            return f"refused: {error}"

    @property
    def outcomes(self):
        return [record.outcome for record in self.bench.kept.records]

    def _access(self):
        settings = settings_from(Sources(path=self.path, environment={}, command_line={}))
        return Access(settings=settings, path=self.path, environment=self.environment, store=self.store)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("named_by", ["a key", "a variable", "hand"])
@pytest.mark.parametrize("lists_to_anyone", [True, False], ids=["open", "closed"])
async def test_a_key_that_was_replaced_is_used_at_the_next_question(wire, named_by, lists_to_anyone, tmp_path):
    """Without a restart: the old one is refused once, in a call or where models are listed before it."""
    async with serving(_strict(wire, lists_to_anyone=lists_to_anyone)) as server:
        person = Person(tmp_path / "config.yaml", wire, server.url, named_by=named_by)
        person.keeps(SECOND)
        answers = [await person.asks() for _ in range(2)]
        await person.provider.aclose()
    assert answers == ["welcome", "welcome"]
    # A vendor's models are not listed without a key, so that one is looked for before the call.
    met_by_the_call = lists_to_anyone and (named_by != "hand" or wire is COMPATIBLE)
    assert person.outcomes == [*(["auth"] if met_by_the_call else []), "ok", "ok"]


@pytest.mark.parametrize("wire", WIRES)
async def test_a_key_that_is_still_the_same_stays_refused_until_it_is_replaced(wire, tmp_path):
    """It is sent once and never again; the one that the person then keeps is used at once. Neither is shown."""
    async with serving(_strict(wire)) as server:
        person = Person(tmp_path / "config.yaml", wire, server.url, named_by="a key")
        told = [await person.asks()]
        sent = len(server.exchanges)
        told.append(await person.asks())
        assert len(server.exchanges) == sent
        person.keeps(SECOND)
        answer = await person.asks()
        await person.provider.aclose()
    assert (answer, person.outcomes) == ("welcome", ["auth", "ok"])
    assert "Wrong key: [your key]" in told[0]
    assert "is not asked again before its key is replaced or Parley starts anew" in told[1]
    assert not [each for each in told if FIRST in each or SECOND in each]
