"""Models whose answers are written down: what refactoring asks of a chain, without one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parley_providers.messages import TextPart
from parley_providers.provider import ModelFacts
from parley_providers.requests import (
    FinishReason,
    PartDelta,
    PartEnd,
    PartStart,
    StreamFinish,
    StreamStart,
    StreamUsage,
)
from parley_providers.route import Route
from parley_providers.usage import Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from parley_providers.requests import LLMRequest, StreamEvent

ROUTE = Route(provider="scripted", model="pen-and-paper", reason="configured", why="It is the configured model.")


@dataclass
class ScriptedModels:
    """Gives `answers` in order and keeps what it was asked; an answer that is an error is raised.

    An answer that ends in `CUT` was stopped by the limit of tokens; `ENDLESS` streams until it is closed.
    """

    answers: list[str | Exception]
    window_tokens: int | None = 4096
    loopback: bool = True
    requests: list[LLMRequest] = field(default_factory=list)
    closed: int = 0

    async def route(self, request):
        return ROUTE

    async def facts_of(self, route):
        return ModelFacts(name=route.model, provider=route.provider, window_tokens=self.window_tokens)

    def is_on_loopback(self, route):
        return self.loopback

    async def stream(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        self.requests.append(request)
        answer = self.answers[len(self.requests) - 1]
        if isinstance(answer, Exception):
            raise answer
        try:
            yield StreamStart(route=ROUTE)
            yield PartStart(index=0, kind="text")
            while answer == ENDLESS:
                await asyncio.sleep(0)
                yield PartDelta(index=0, text="for ever and ever ")
            text = answer.removesuffix(CUT)
            for at in range(0, len(text), 7):
                yield PartDelta(index=0, text=text[at : at + 7])
            yield PartEnd(index=0, part=TextPart(text=text))
            yield StreamUsage(usage=Usage(output_tokens=len(text) // 4))
            reason = FinishReason.LENGTH if answer.endswith(CUT) else FinishReason.STOP
            yield StreamFinish(reason=reason, raw=reason.value)
        finally:
            self.closed += 1


CUT = "\0cut"
ENDLESS = "\0endless"


class Unobserved:
    """An observer of calls that keeps nothing."""

    def observe(self, record):
        """See `CallObserver`."""
