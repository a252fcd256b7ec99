"""llama.cpp's llama-server, ours or the person's: Chat Completions over HTTP, with its own timings.

Starting a server belongs to the engine; the chunks' shape belongs to `chat_completions`.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from parley_providers.adapters.answer import Answer
from parley_providers.adapters.chat_completions import ChunkReader, body_of, take_line
from parley_providers.adapters.served import ServedProvider
from parley_providers.addresses import ServerAddress
from parley_providers.errors import (
    BadRequestError,
    ContextWindowError,
    DeadlineExceededError,
    ModelNotFoundError,
    OverloadedError,
    ProviderError,
)
from parley_providers.http import HttpServer, Patience
from parley_providers.provider import ModelFacts
from parley_providers.refusals import error_of_status

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from parley_providers.messages import JsonObject
    from parley_providers.refusals import Refusal
    from parley_providers.requests import LLMRequest, StreamEvent

_PROBE_S = 1.0
_FACTS_S = 5.0
_LOADING_POLL_S = 0.05
# What the person or the model did wrong although the status is 500.
_FAULTS_OF_THE_REQUEST = ("image input is not supported", "audio input is not supported", "invalid tool call")


class LoadingError(OverloadedError):
    """The server is up, but still loads its model: the adapter waits, within the cold deadline."""


class LlamaServerProvider(ServedProvider[HttpServer]):
    """A running llama-server.

    Args:
        base_url: Its address, such as http://127.0.0.1:8080.
        api_key: The key it was started with, if any.
        name: The provider's name in routes and records.
        start_hint: The sentence that tells the person how to get it running.
        ca_bundle: Certificates that are trusted in place of the system's.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        name: str = "llama.cpp",
        start_hint: str = "Start it with `llama-server -m MODEL.gguf`, or name its address in the configuration.",
        ca_bundle: Path | None = None,
    ) -> None:
        # It promises `Keep-Alive` and then closes after each streamed answer: a next request could meet the closing.
        address = ServerAddress(
            provider=name,
            base_url=base_url,
            api_key=api_key,
            start_hint=start_hint,
            keeps_connections=False,
            ca_bundle=ca_bundle,
        )
        super().__init__(name, HttpServer(address, self._refused))

    async def is_available(self) -> bool:
        """See `Provider`; a server that still loads its model counts, since a request to it waits."""
        try:
            await self._server.get("/health", within_s=_PROBE_S)
        except LoadingError:
            return True
        except ProviderError:
            return False
        return True

    async def models(self) -> tuple[ModelFacts, ...]:
        """See `Provider`; none while the server loads."""
        try:
            listed = await self._server.get("/v1/models", within_s=_FACTS_S)
            properties = await self._properties()
        except LoadingError:
            return ()
        return tuple(self._facts(entry, properties) for entry in listed.get("data", ()))

    async def facts(self, model: str) -> ModelFacts:
        """See `Provider`; while the server loads, that it is not loaded is all that is known."""
        try:
            listed = await self._server.get("/v1/models", within_s=_FACTS_S)
            properties = await self._properties()
        except LoadingError:
            return ModelFacts(name=model, provider=self._name, loaded=False)
        for entry in listed.get("data", ()):
            if model == entry.get("id") or model in entry.get("aliases", ()):
                return self._facts(entry, properties)
        served = ", ".join(str(entry.get("id")) for entry in listed.get("data", ())) or "none"
        raise ModelNotFoundError(
            f"{self._name} at {self.origin} does not serve {model!r}; it serves {served}.",
            provider=self._name,
            model=model,
        )

    async def _answer(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """See `ServedProvider`. A server that still loads its model is waited for, within the cold deadline."""
        model = request.model or ""
        # Whether a GPU reads the prompt is not told, and on a processor that takes as long as loading.
        patience = replace(Patience.of(request.deadlines, cold=True), answers=_answers)
        loading: LoadingError | None = None
        while True:
            try:
                async with aclosing(self._attempt(request, model, patience)) as events:
                    async for event in events:
                        loading = None
                        yield event
            except LoadingError as error:
                loading = error
                if asyncio.get_running_loop().time() + _LOADING_POLL_S > min(patience.first_at, patience.total_at):
                    raise
                await asyncio.sleep(_LOADING_POLL_S)
            except DeadlineExceededError:
                if loading is not None:
                    raise loading from None
                raise
            else:
                return

    async def _attempt(self, request: LLMRequest, model: str, patience: Patience) -> AsyncGenerator[StreamEvent, None]:
        reading = Answer(reader=ChunkReader(), provider=self._name, model=model)
        body = {**body_of(request, model), **_thinking(request), "return_progress": True}
        async with self._server.answer("/v1/chat/completions", body, patience, model) as lines:
            for event in reading.begin(lines.limits):
                yield event
            async for line in lines:
                for event in take_line(reading, line, self._error):
                    yield event
        for event in reading.end():
            yield event

    def _refused(self, refusal: Refusal, model: str) -> ProviderError:
        told = _told(refusal)
        if refusal.status == 503 and told.get("type") == "unavailable_error":
            return LoadingError(
                f"{self._name} is still loading its model. Try again in a moment.",
                provider=self._name,
                model=model,
                status=503,
            )
        return self._error(refusal, model)

    def _error(self, refusal: Refusal, model: str) -> ProviderError:
        told = _told(refusal)
        message = str(told.get("message") or refusal.text)
        if told.get("type") == "exceed_context_size_error":
            prompt, window = told.get("n_prompt_tokens"), told.get("n_ctx")
            return ContextWindowError(
                f"The prompt has {prompt} tokens, but {model or 'the model'} has room for {window}. Select less code.",
                prompt_tokens=prompt,
                window_tokens=window,
                provider=self._name,
                model=model,
                status=refusal.status,
            )
        if any(fault in message for fault in _FAULTS_OF_THE_REQUEST):
            refusal = replace(refusal, status=400)
        return error_of_status(refusal, message, provider=self._name, model=model)

    async def _properties(self) -> dict[str, Any]:
        """`/props`, or nothing where the server does not tell them."""
        try:
            properties = await self._server.get("/props", within_s=_FACTS_S)
        except (ModelNotFoundError, BadRequestError):
            return {}
        return properties if isinstance(properties, dict) else {}

    def _facts(self, entry: dict[str, Any], properties: dict[str, Any]) -> ModelFacts:
        meta = entry.get("meta") or {}
        window = (properties.get("default_generation_settings") or {}).get("n_ctx", meta.get("n_ctx"))
        slots = properties.get("total_slots")
        return ModelFacts(
            name=str(entry.get("id")),
            provider=self._name,
            window_tokens=window,
            max_window_tokens=meta.get("n_ctx_train"),
            abilities=_abilities(properties),
            loaded=not properties.get("is_sleeping", False),
            size_bytes=meta.get("size"),
            server_version=properties.get("build_info"),
            parameters=_billions(meta.get("n_params")),
            quantization=meta.get("ftype") or properties.get("model_ftype"),
            settings={} if slots is None else {"n_ctx": window, "slots": slots},
            at_once=slots if isinstance(slots, int) and slots > 0 else None,
        )


def _thinking(request: LLMRequest) -> JsonObject:
    """llama-server's own field for it: a variable of the model's chat template, which ignores what it does not know."""
    if request.reasoning is None:
        return {}
    return {"chat_template_kwargs": {"enable_thinking": request.reasoning != "off"}}


def _answers(line: bytes) -> bool:
    """Whether a line is of the answer itself; how far the prompt is read comes before it."""
    return b'"prompt_progress":' not in line


def _told(refusal: Refusal) -> dict[str, Any]:
    """The server's error object: `{"error": {…}}`, bare in an event, or a gateway's sentence in its place."""
    body = refusal.json()
    error = body.get("error", body) if isinstance(body, dict) else None
    if isinstance(error, str):
        return {"message": error}
    return error if isinstance(error, dict) else {}


def _abilities(properties: dict[str, Any]) -> frozenset[str]:
    able = {"completion", "json_schema"}
    if (properties.get("chat_template_caps") or {}).get("supports_tools"):
        able.add("tools")
    if (properties.get("modalities") or {}).get("vision"):
        able.add("vision")
    return frozenset(able)


def _billions(count: float | None) -> str | None:
    return None if count is None else f"{count / 1e9:.2f}B"
