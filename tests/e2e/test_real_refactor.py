"""Real refactorings by the real embedded model: what it decided is executed before and after."""

from __future__ import annotations

import pytest

from parley_agent.document import Document, Span, apply_edits
from parley_agent.refactor.requests import Answered, Proposed, RefactorRequest, Routed
from parley_agent.refactor.service import RefactorService
from parley_agent.refactor.tasks import TaskClass
from parley_providers.chain import ProviderChain
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.measure import Instruments
from parley_providers.route import Route
from support.local_models import SMALL, embedded_provider, small_model
from support.scripted_models import Unobserved

__all__ = ["small_model"]

pytestmark = pytest.mark.model

CODE = """import re


def slug(title, limit=40):
    found = re.findall(r"[a-z0-9]+", title.lower())
    r = ""
    for w in found:
        t = f"{r}-{w}" if r else w
        if len(t) > limit:
            break
        r = t
    return r


def mean(values):
    total = 0
    for value in values:
        total += value
    return total / len(values)
"""
CALLS = "[slug('Hello, World!'), slug('a b c', 3), slug(''), slug(title='x' * 50), mean([1, 2, 6]), mean(values=(4,))]"


class OneModel:
    """Routes everything to the small model."""

    async def routes(self, request):
        return (Route(provider="embedded", model=SMALL, reason="configured", why="It is the configured model."),)


@pytest.fixture
async def service(small_model):
    instruments = Instruments(clock=SYSTEM_CLOCK, new_id=lambda: "record", observer=Unobserved())
    chain = ProviderChain([embedded_provider()], OneModel(), instruments)
    yield RefactorService(chain)
    await chain.aclose()


def outcome(code):
    namespace = {}
    exec(compile(code, "<code>", "exec"), namespace)  # noqa: S102 - the point of the test
    return eval(CALLS, namespace)  # noqa: S307 - the point of the test


async def refactored(service, task, at):
    start = CODE.index(at)
    document = Document(uri="file:///work/text.py", language="python", text=CODE, path="/work/text.py")
    request = RefactorRequest(document=document, selection=Span(start=start, end=start), task=task)
    events = [event async for event in service.run(request)]
    assert any(isinstance(event, Routed) and event.route.model == SMALL for event in events)
    assert all(event.usage.output_tokens for event in events if isinstance(event, Answered))
    assert isinstance(events[-1], Proposed), events[-1]
    assert events[-1].proof == "proved"
    return apply_edits(CODE, events[-1].edits)


async def test_a_real_model_renames_and_the_behaviour_stays(service):
    """At least one poor name gets a better one; what the code does is the same."""
    text = await refactored(service, TaskClass.RENAME, "found =")
    assert text != CODE
    assert outcome(text) == outcome(CODE)


async def test_a_real_model_documents_and_the_behaviour_stays(service):
    """The docstring is there; what the code does is the same."""
    text = await refactored(service, TaskClass.DOCSTRING, "total = 0")
    namespace = {}
    exec(compile(text, "<code>", "exec"), namespace)  # noqa: S102 - the point of the test
    assert len(namespace["mean"].__doc__.split()) >= 3
    assert outcome(text) == outcome(CODE)


async def test_a_real_model_hints_and_the_behaviour_stays(service):
    """At least one hint is there; what the code does is the same."""
    text = await refactored(service, TaskClass.TYPE_HINTS, "total = 0")
    namespace = {}
    exec(compile(text, "<code>", "exec"), namespace)  # noqa: S102 - the point of the test
    assert namespace["mean"].__annotations__
    assert outcome(text) == outcome(CODE)
