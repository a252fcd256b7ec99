"""Ollama as a provider: looks at the model, sends the request, and reads the answer."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from parley_providers.adapters.answer import Answer
from parley_providers.adapters.ollama.faults import error_of
from parley_providers.adapters.ollama.looks import (
    Look,
    OllamaSettings,
    ShownModel,
    entry_of,
    loaded_of,
    shown_of,
    window_for,
)
from parley_providers.adapters.ollama.tokens import fewest_tokens
from parley_providers.adapters.ollama.wire import AnswerReader, RunnerSettings, body_of, think_of
from parley_providers.adapters.served import ServedProvider
from parley_providers.addresses import ServerAddress
from parley_providers.errors import (
    ContextWindowError,
    ModelNotFoundError,
    ProviderError,
)
from parley_providers.http import HttpServer, Patience

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from parley_providers.adapters.ollama.looks import LoadedModel
    from parley_providers.provider import ModelFacts
    from parley_providers.refusals import Refusal
    from parley_providers.requests import LLMRequest, StreamEvent

_PROBE_S = 1.0
_LOOK_S = 10.0
_VERSION_KEPT_S = 60.0
_START_HINT = "Start Ollama (`ollama serve`, or its app), or name its address in the configuration."
_DEFAULT_SETTINGS = OllamaSettings()


class OllamaProvider(ServedProvider[HttpServer]):
    """A running Ollama.

    Args:
        base_url: Its address.
        settings: Windows and how long a model stays loaded.
        api_key: A bearer token, for an Ollama behind a proxy that wants one.
        name: The provider's name in routes and records.
        ca_bundle: Certificates that are trusted in place of the system's.
    """

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:11434",
        *,
        settings: OllamaSettings = _DEFAULT_SETTINGS,
        api_key: str | None = None,
        name: str = "ollama",
        ca_bundle: Path | None = None,
    ) -> None:
        self._settings = settings
        address = ServerAddress(
            provider=name, base_url=base_url, api_key=api_key, start_hint=_START_HINT, ca_bundle=ca_bundle
        )
        super().__init__(name, HttpServer(address, self._refused))
        self._version: tuple[float, str | None] | None = None
        self._shown: dict[str, tuple[str | None, ShownModel]] = {}
        self._windows: dict[str, int] = {}

    async def is_available(self) -> bool:
        """See `Provider`."""
        try:
            await self._server.get("/api/version", within_s=_PROBE_S)
        except ProviderError:
            return False
        return True

    async def models(self) -> tuple[ModelFacts, ...]:
        """See `Provider`: every model that is installed and can chat."""
        listed = await self._server.get("/api/tags", within_s=_LOOK_S)
        running = await self._server.get("/api/ps", within_s=_LOOK_S)
        found: list[ModelFacts] = []
        for entry in listed.get("models") or ():
            model = str(entry.get("model") or entry.get("name"))
            with suppress(ModelNotFoundError):  # it was removed in between
                look = await self._look_at(model, loaded_of(entry_of(running, model)), entry.get("digest"))
                found.append(look.facts(self._name, self._settings))
        return tuple(facts for facts in found if not facts.abilities or "completion" in facts.abilities)

    async def facts(self, model: str) -> ModelFacts:
        """See `Provider`; asked anew each time, but for what cannot change while the model's digest does not."""
        return (await self._look(model)).facts(self._name, self._settings)

    async def _answer(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """See `ServedProvider`.

        Raises:
            ContextWindowError: the prompt is too long, or an old server cut it without a word.
        """
        look = await self._look(request.model or "")
        self._windows.setdefault(look.name, look.runner.window_tokens)
        think = think_of(request, look.shown.abilities, look.shown.family)
        body = body_of(request, look.name, look.runner, think)
        two_passes = request.json_schema is not None and think not in (False, None)
        reader = AnswerReader(version=look.version, two_passes=two_passes, new_id=lambda: f"call_{uuid4().hex}")
        reading = Answer(reader=reader, provider=self._name, model=look.name)
        # On a processor, reading a long prompt takes as long as loading the model.
        patience = Patience.of(request.deadlines, cold=look.loaded is None or not look.loaded.on_gpu)
        async with self._server.answer("/api/chat", body, patience, look.name) as lines:
            for event in reading.begin(lines.limits):
                yield event
            async for line in lines:
                for event in reading.take_json(line, self._refused):
                    yield event
        last = reading.end()
        self._see_that_nothing_was_cut(reader, request, look)
        for event in last:
            yield event

    async def _look(self, model: str) -> Look:
        loaded = loaded_of(entry_of(await self._server.get("/api/ps", within_s=_LOOK_S), model))
        return await self._look_at(model, loaded, loaded.digest if loaded is not None else await self._digest(model))

    async def _look_at(self, model: str, loaded: LoadedModel | None, digest: str | None) -> Look:
        shown = await self._show(model, digest)
        window = self._windows.get(model) or window_for(loaded, shown, self._settings)
        return Look(
            name=model,
            digest=digest,
            loaded=loaded,
            shown=shown,
            version=await self._server_version(),
            runner=RunnerSettings(window_tokens=window, keep_alive=self._settings.keep_alive),
            was_asked=model in self._windows,
        )

    async def _digest(self, model: str) -> str | None:
        listed = await self._server.get("/api/tags", within_s=_LOOK_S)
        entry = entry_of(listed, model)
        if entry is None:
            there = ", ".join(str(one.get("name")) for one in listed.get("models") or ()) or "none yet"
            raise ModelNotFoundError(
                f"{self._name} has no model {model!r} (it has: {there}). Get it with `ollama pull {model}`.",
                provider=self._name,
                model=model,
            )
        digest: str | None = entry.get("digest")
        return digest

    async def _show(self, model: str, digest: str | None) -> ShownModel:
        kept = self._shown.get(model)
        if kept is None or kept[0] != digest:
            shown = await self._server.post("/api/show", {"model": model}, within_s=_LOOK_S, model=model)
            kept = self._shown[model] = (digest, shown_of(shown))
        return kept[1]

    async def _server_version(self) -> str | None:
        now = asyncio.get_running_loop().time()
        if self._version is None or now - self._version[0] > _VERSION_KEPT_S:
            told = await self._server.get("/api/version", within_s=_LOOK_S)
            self._version = (now, told.get("version"))
        return self._version[1]

    def _see_that_nothing_was_cut(self, reader: AnswerReader, request: LLMRequest, look: Look) -> None:
        counted = None if reader.usage is None else reader.usage.usage.prompt_tokens
        fewest = fewest_tokens(request.messages)
        if counted is not None and counted < fewest:
            raise ContextWindowError(
                f"{self._name} dropped a part of the prompt without saying so: it read {counted} tokens where there "
                f"were more than {fewest}. The answer was not used. Select less code, or update Ollama.",
                prompt_tokens=counted,
                window_tokens=look.runner.window_tokens,
                provider=self._name,
                model=look.name,
            )

    def _refused(self, refusal: Refusal, model: str) -> ProviderError:
        return error_of(refusal, provider=self._name, model=model)
