"""Looking for models."""

from dataclasses import dataclass, field, replace

import pytest

from parley_profiling.errors import LockedStoreError
from parley_profiling.stores import DayTotal
from parley_providers.errors import ConnectionFailedError, NoModelError
from parley_providers.provider import ModelFacts
from parley_providers.route import Route
from parley_providers.spending import Limits
from parley_server.checkup.findings import Verdict
from parley_server.checkup.models import budget, downloaded, engine, servers, serving

ROUTE = Route(provider="ollama", model="coder", reason="found", why="ollama is running and has coder.")
NEXT = Route(provider="embedded", model="small", reason="embedded", why="small is downloaded.")
SPENT = DayTotal(spent_usd=0.42)
ADVICE = "Fetch one: parley models pull coder"
LOCKED = LockedStoreError("It is locked.")
FACTS = ModelFacts(name="coder", provider="ollama", window_tokens=4096, server_version="0.33.0")


@dataclass
class Routed:
    """A chain with one route and one for its failure, or an error in their place; the first may be `silent`."""

    error: Exception | None = None
    window_tokens: int | None = 4096

    silent: Exception | None = None

    async def routes(self, request):
        if self.error is not None:
            raise self.error
        return (ROUTE, NEXT)

    async def facts_of(self, route):
        if route is ROUTE and self.silent is not None:
            raise self.silent
        return ModelFacts(name=route.model, provider=route.provider, window_tokens=self.window_tokens)


@dataclass
class Server:
    """The part of a provider that is looked at."""

    name: str = "ollama"
    origin: str = "http://127.0.0.1:11434"
    answers: bool = True
    error: Exception | None = None
    found: tuple[ModelFacts, ...] = field(default=(FACTS,))

    async def is_available(self):
        return self.answers

    async def models(self):
        if self.error is not None:
            raise self.error
        return self.found


async def test_who_would_serve_is_told_with_the_reason():
    """The route's own words, and the window."""
    found = await serving(Routed(), ADVICE)
    assert (found.verdict, found.found) == (
        Verdict.OK,
        "served by ollama/coder, window 4,096 tokens. ollama is running and has coder.",
    )


async def test_an_unknown_window_is_not_told():
    """Unknown is left out, not shown as nothing."""
    assert (await serving(Routed(window_tokens=None), ADVICE)).found.startswith("served by ollama/coder. ")


async def test_without_a_model_it_is_a_problem_with_a_way_out():
    """What nobody can serve is the one problem that matters; how to get a model is told once."""
    found = await serving(Routed(NoModelError(f"There is no model to ask. {ADVICE}")), ADVICE)
    assert (found.verdict, found.found, found.fix) == (Verdict.PROBLEM, "There is no model to ask.", ADVICE)


async def test_what_keeps_the_named_model_from_serving_is_told_with_its_own_way_out():
    """To fetch some model would not help who named another one."""
    found = await serving(Routed(NoModelError("No provider here has a model called 'x'. Did you mean y?")), ADVICE)
    assert (found.verdict, found.found, found.fix) == (
        Verdict.PROBLEM,
        "No provider here has a model called 'x'. Did you mean y?",
        None,
    )


async def test_one_that_does_not_answer_leaves_the_next_to_serve():
    """As a request would find it; what is wrong with the first is told beside it."""
    found = await serving(Routed(silent=ConnectionFailedError("Nothing answers there.")), ADVICE)
    assert (found.verdict, found.found) == (
        Verdict.WARNING,
        "served by embedded/small, window 4,096 tokens. small is downloaded. Nothing answers there.",
    )


@pytest.mark.parametrize(("version", "verdict"), [("xllamacpp 1", Verdict.OK), (None, Verdict.ABSENT)])
def test_the_engine_is_optional(version, verdict):
    """Who uses Ollama needs none."""
    found = engine(version, "pip install 'parley-ls[local]'")
    assert (found.verdict, found.fix is None) == (verdict, version is not None)


@pytest.mark.parametrize(
    ("server", "verdict", "told"),
    [
        (Server(), Verdict.OK, "0.33.0 at http://127.0.0.1:11434: coder"),
        (Server(answers=False), Verdict.ABSENT, "nothing answers at http://127.0.0.1:11434"),
        (
            Server(origin="https://api.example.com", answers=False, error=ConnectionFailedError("there is no key")),
            Verdict.WARNING,
            "there is no key",
        ),
        (Server(found=()), Verdict.WARNING, "http://127.0.0.1:11434, without a model that can answer"),
        (Server(error=ConnectionFailedError("it dropped the connection")), Verdict.WARNING, "it dropped"),
        (
            Server(found=tuple(ModelFacts(name=f"m{number}", provider="ollama", loaded=True) for number in range(7))),
            Verdict.OK,
            "m4 (loaded) and 2 more",
        ),
    ],
    ids=["answers", "is off", "is elsewhere", "is empty", "fails", "has many"],
)
async def test_a_server_is_looked_at(server, verdict, told):
    """On or off, empty or full, with its version and its models."""
    (found,) = await servers([server])
    assert found.verdict is verdict
    assert told in found.found


@pytest.mark.parametrize(("named", "setting"), [((), "`ollama.url`"), (("ollama",), "`providers.ollama.url`")])
async def test_a_server_that_is_off_is_told_with_the_setting_of_its_address(named, setting):
    """One that was found by itself has another than one that the person named."""
    (found,) = await servers([Server(answers=False)], named)
    assert setting in found.fix


@pytest.mark.parametrize(
    ("embedded", "verdict", "told"),
    [
        (Server(), Verdict.OK, "coder"),
        (Server(found=()), Verdict.ABSENT, "none; `parley models list` shows what can be fetched"),
        (Server(error=NoModelError("x")), Verdict.WARNING, "x"),
    ],
)
async def test_downloaded_models_are_listed_or_where_to_see_some(embedded, verdict, told):
    """That there is none needs no mending where another serves, and is told with the requests where nobody does."""
    found = await downloaded(embedded)
    assert (found.verdict, found.found, found.fix) == (verdict, told, None)


@pytest.mark.parametrize(
    ("limits", "today", "verdict", "found"),
    [
        (Limits(), SPENT, Verdict.OK, "no limit; $0.4200 spent today"),
        (
            Limits(request_usd=0.1, day_usd=5),
            SPENT,
            Verdict.OK,
            "at most $0.10 a request, $5.00 a day; $0.4200 spent today",
        ),
        (Limits(day_usd=0.4), SPENT, Verdict.WARNING, "at most $0.40 a day; $0.4200 spent today"),
        (
            Limits(day_usd=0.5),
            replace(SPENT, reserved_usd=0.08),
            Verdict.WARNING,
            "at most $0.50 a day; $0.4200 spent and $0.0800 set aside today",
        ),
        (
            Limits(day_usd=5),
            replace(SPENT, whole=False),
            Verdict.WARNING,
            "at most $5.00 a day; $0.4200 spent today, and more, since records of today were damaged",
        ),
        (Limits(), LOCKED, Verdict.OK, "no limit; what was spent today cannot be told: It is locked."),
        (
            Limits(day_usd=5),
            LOCKED,
            Verdict.WARNING,
            "at most $5.00 a day; what was spent today cannot be told: It is locked.",
        ),
    ],
)
def test_the_budget_and_what_is_used_of_it_are_told(limits, today, verdict, found):
    """A day that is spent, or of which nobody knows, is a warning: what costs anything is refused until it ends."""
    told = budget(limits, today)
    assert (told.verdict, told.found) == (verdict, found)
