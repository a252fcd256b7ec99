"""A process that hosts an engine, to be killed: `python parley_host.py MODEL` asks once and prints the engine's pid."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from parley_providers.messages import user
from parley_providers.requests import LLMRequest
from support.local_models import embedded_provider


async def main(model: str) -> None:
    """Start the engine by one request, tell its pid, and stay."""
    provider = embedded_provider(context_tokens=512)
    await provider.complete(
        LLMRequest(messages=(user("Hi"),), task_class="custom", model=model, max_output_tokens=1),
    )
    engine = provider._engine.process
    assert engine is not None
    sys.stdout.write(f"{engine.pid}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
