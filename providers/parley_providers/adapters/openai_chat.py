"""Servers that speak OpenAI's Chat Completions (vLLM, LM Studio, OpenRouter, …): asked over plain HTTP, without an SDK.

The chunks' shape belongs to `chat_completions`. These servers agree on little beyond it, so nothing else is asked.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from parley_providers.adapters import openai_faults
from parley_providers.adapters.answer import Answer
from parley_providers.adapters.chat_completions import ChunkReader, body_of, take_line
from parley_providers.adapters.served import ServedProvider
from parley_providers.addresses import ServerAddress
from parley_providers.errors import (
    BadRequestError,
    ConnectionFailedError,
    DeadlineExceededError,
    ModelNotFoundError,
    ProviderError,
    ServerError,
)
from parley_providers.http import HttpServer, Patience
from parley_providers.provider import ModelFacts

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from parley_providers.keys import Key
    from parley_providers.refusals import Refusal
    from parley_providers.requests import LLMRequest, StreamEvent

_PROBE_S = 1.0
_FACTS_S = 5.0
_START_HINT = "Start it, or correct its address in the settings."


class OpenAIChatProvider(ServedProvider[HttpServer]):
    """A server that is compatible with OpenAI's Chat Completions.

    Args:
        key: Its key, bound to its origin; None for a server that wants none.
        base_url: Its address, such as http://127.0.0.1:1234/v1; without a path, /v1 is meant.
        name: The provider's name in routes and records.
        ca_bundle: Certificates that are trusted in place of the system's.

    Raises:
        AuthenticationError: the key is for another origin.
    """

    def __init__(
        self, key: Key | None, *, base_url: str, name: str = "openai-compatible", ca_bundle: Path | None = None
    ) -> None:
        if not urlsplit(base_url).path.strip("/"):
            base_url = base_url.rstrip("/") + "/v1"
        address = ServerAddress(provider=name, base_url=base_url, start_hint=_START_HINT, ca_bundle=ca_bundle)
        if key is not None:
            value = key.text_for(address.origin)
            address = ServerAddress(
                provider=name, base_url=base_url, api_key=value, start_hint=_START_HINT, ca_bundle=ca_bundle
            )
        super().__init__(name, HttpServer(address, self._explained))

    async def is_available(self) -> bool:
        """See `Provider`; a server that answers anything but a failure counts, since not all of them list models."""
        try:
            await self._server.get("/models", within_s=_PROBE_S)
        except (ConnectionFailedError, DeadlineExceededError, ServerError):
            return False
        except ProviderError:
            return True
        return True

    async def models(self) -> tuple[ModelFacts, ...]:
        """See `Provider`."""
        listed = await self._server.get("/models", within_s=_FACTS_S)
        entries = listed.get("data", ()) if isinstance(listed, dict) else ()
        return tuple(self._facts(entry) for entry in entries)

    async def facts(self, model: str) -> ModelFacts:
        """See `Provider`; of a server that lists nothing only the name is known."""
        listed: tuple[ModelFacts, ...] = ()
        with suppress(ModelNotFoundError, BadRequestError):
            listed = await self.models()
        for facts in listed:
            if facts.name == model:
                return facts
        if listed:
            there = ", ".join(facts.name for facts in listed[:20])
            raise ModelNotFoundError(
                f"{self._name} at {self.origin} does not serve {model!r}; it serves {there}.",
                provider=self._name,
                model=model,
            )
        return ModelFacts(name=model, provider=self._name)

    async def _answer(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """See `ServedProvider`."""
        model = request.model or ""
        reading = Answer(reader=ChunkReader(), provider=self._name, model=model)
        patience = Patience.of(request.deadlines, cold=True)  # whether it must load the model first is not told
        async with self._server.answer("/chat/completions", body_of(request, model), patience, model) as lines:
            for event in reading.begin(lines.limits):
                yield event
            async for line in lines:
                for event in take_line(reading, line, self._explained):
                    yield event
        for event in reading.end():
            yield event

    def _explained(self, refusal: Refusal, model: str) -> ProviderError:
        return openai_faults.explained(refusal, provider=self._name, model=model)

    def _facts(self, entry: dict[str, Any]) -> ModelFacts:
        """OpenRouter tells `context_length`, vLLM `max_model_len`, LM Studio `max_context_length`; others nothing."""
        window = entry.get("context_length") or entry.get("max_model_len") or entry.get("max_context_length")
        able = {"completion"}
        takes = entry.get("supported_parameters")
        if takes is not None:
            able |= {"tools"} if "tools" in takes else set()
            able |= {"json_schema"} if "structured_outputs" in takes else set()
        if "image" in ((entry.get("architecture") or {}).get("input_modalities") or ()):
            able.add("vision")
        return ModelFacts(
            name=str(entry.get("id")), provider=self._name, window_tokens=window, abilities=frozenset(able)
        )
