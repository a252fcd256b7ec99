"""A process that spends of a day's budget as it is told, by JSON lines on standard input; each is answered by one.

    {"do": "begin", "path": "calls.db", "limit_usd": 1.0}   another file, as a process that has just started
    {"do": "reserve", "usd": 0.25}                           → {"id": 3}, or {"refused": "…"}
    {"do": "settle", "id": 3, "cost_usd": 0.125}             the call ended; null: without telling its cost
    {"do": "ask", "requests": 50}                            → {"answered": 12}: that many requests through a chain

`Spender` is such a process seen from a test.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from parley_profiling.stores import CallStore
from parley_providers.adapters.scripted import ScriptedAnswer, ScriptedPiece, ScriptedProvider
from parley_providers.chain import ProviderChain
from parley_providers.errors import BudgetExceededError, ProviderChainExhaustedError
from parley_providers.measure import Instruments
from parley_providers.messages import user
from parley_providers.prices import Price, Prices
from parley_providers.records import CallRecord
from parley_providers.requests import LLMRequest
from parley_providers.resilience import Resilience
from parley_providers.route import FixedRouter, Route
from parley_providers.spending import Limits, Spending
from parley_providers.usage import Usage

if TYPE_CHECKING:
    from parley_providers.spending import Reservation

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
# A million tokens out for a million dollars, and nothing for those in: an answer of n tokens costs n dollars.
PRICES = Prices({"away/script": Price(input_usd=0.0, output_usd=1e6)})
# As few as a request can be reserved for: no vendor takes a smaller limit.
MOST_TOKENS, USED_TOKENS = 16, 8


@dataclass
class Noon:
    def monotonic_ns(self) -> int:
        return 0

    def now(self) -> datetime:
        return NOON


class Process:
    """What the process keeps between two lines."""

    def begin(self, path: str, limit_usd: float) -> dict[str, Any]:
        self.store = CallStore(Path(path), clock=Noon(), busy_s=30)
        self.spending = Spending(limits=Limits(day_usd=limit_usd), clock=Noon(), ledger=self.store)
        self.reserved: dict[int, Reservation] = {}
        self.ids = count()
        return {}

    async def reserve(self, usd: float) -> dict[str, Any]:
        try:
            reservation = await self.spending.reserve(usd, "away/script")
        except BudgetExceededError as error:
            return {"refused": str(error)}
        number = next(self.ids)
        self.reserved[number] = reservation
        return {"id": number}

    async def settle(self, number: int, cost_usd: float | None) -> dict[str, Any]:
        self.store.observe(_record(cost_usd))
        self.spending.settle(self.reserved.pop(number), cost_usd)
        return {"written": await asyncio.to_thread(self.store.flush, timeout_s=60)}

    async def ask(self, requests: int) -> dict[str, Any]:
        usage = Usage(prompt_tokens=1, output_tokens=USED_TOKENS)
        answer = ScriptedAnswer(pieces=(ScriptedPiece(text="yes", delay_s=0.002),), usage=usage)
        provider = ScriptedProvider([answer], name="away", origin="https://away.example.com")
        route = Route(provider="away", model="script", reason="configured", why="It is configured.")
        instruments = Instruments(clock=Noon(), new_id=lambda: uuid4().hex, observer=self.store, prices=PRICES)
        resilience = Resilience(spending=self.spending)
        chain = ProviderChain((provider,), FixedRouter(route), instruments, resilience)
        answered = 0

        async def one() -> None:
            nonlocal answered
            try:
                await chain.complete(
                    LLMRequest(messages=(user("hi"),), task_class="custom", max_output_tokens=MOST_TOKENS)
                )
            except (BudgetExceededError, ProviderChainExhaustedError):
                return
            answered += 1

        async with asyncio.TaskGroup() as group:
            for _ in range(requests):
                group.create_task(one())
        await asyncio.to_thread(self.store.flush, timeout_s=60)
        return {"answered": answered}


def _record(cost_usd: float | None) -> CallRecord:
    return CallRecord(
        record_id=uuid4().hex,
        correlation_id="",
        started_at=NOON,
        task_class="custom",
        provider="away",
        origin="https://away.example.com",
        model="script",
        route_reason="configured",
        outcome="ok",
        cost_usd=cost_usd,
    )


class Spender:
    """Such a process, seen from a test."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "support.spending_process"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
        )

    def send(self, do: str, **more: Any) -> None:
        self._process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        return json.loads(self._process.stdout.readline())

    def __call__(self, do: str, **more: Any) -> dict[str, Any]:
        self.send(do, **more)
        return self.answer()

    def kill(self) -> None:
        """As `kill -9` does."""
        self._process.kill()
        self.wait()

    def wait(self) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)


async def main() -> None:
    process = Process()
    while line := await asyncio.to_thread(sys.stdin.readline):
        told = json.loads(line)
        match told.pop("do"):
            case "begin":
                answer = process.begin(**told)
            case "reserve":
                answer = await process.reserve(**told)
            case "settle":
                answer = await process.settle(told["id"], told["cost_usd"])
            case _:
                answer = await process.ask(**told)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
