"""A server that looks like Ollama, in front of a real engine: its API and lines, llama.cpp's answers and durations.

Its shapes are checked against exchanges with a real Ollama. As there, another `num_ctx` loads the model anew.
"""

from __future__ import annotations

import json
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx2

from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.engine.spec import EngineSettings, EngineSpec, spec_of
from parley_providers.engine.supervisor import Engine
from parley_providers.models.catalog import load_catalog
from support.local_models import TINY, obtain
from support.loopback import serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from parley_providers.engine.supervisor import Serving
    from parley_providers.models.catalog import CatalogModel
    from support.loopback import Exchange, LoopbackServer

VERSION = "0.33.0"
DEFAULT_WINDOW_TOKENS = 4096
SMOLLM2 = {"smollm2:135m": TINY}
JSON = {"Content-Type": "application/json; charset=utf-8"}


@asynccontextmanager
async def ollama_shaped(models: Mapping[str, str] = SMOLLM2) -> AsyncIterator[LoopbackServer]:
    """A server with `models`: Ollama's names to those of the catalog. Its engine ends with the block."""
    shaped = OllamaShaped(models)
    async with serving(shaped.handle) as server:
        try:
            yield server
        finally:
            await shaped.engine.aclose()


@dataclass
class OllamaShaped:
    """What the server does with a request."""

    models: Mapping[str, str]
    engine: Engine = field(default_factory=lambda: Engine(idle_s=None))
    keep_alive: timedelta = timedelta(minutes=5)

    async def handle(self, exchange: Exchange) -> None:
        match exchange.method, exchange.path:
            case "GET", "/":
                await exchange.answer("Ollama is running")
            case "GET", "/api/version":
                await exchange.answer({"version": VERSION}, headers=JSON)
            case "GET", "/api/tags":
                await exchange.answer({"models": [self._tag(name) for name in self.models]}, headers=JSON)
            case "GET", "/api/ps":
                loaded = [self._running(name) for name in self.models if self._spec_loaded(name) is not None]
                await exchange.answer({"models": loaded}, headers=JSON)
            case "POST", "/api/show" | "/api/chat":
                await self._about_a_model(exchange)
            case _:
                await exchange.answer("404 page not found", 404)

    async def _about_a_model(self, exchange: Exchange) -> None:
        asked = exchange.json
        name = asked["model"]
        if name not in self.models:
            await exchange.answer({"error": f"model '{name}' not found"}, 404, JSON)
        elif exchange.path == "/api/show":
            await exchange.answer(self._show(name), headers=JSON)
        elif asked.get("tools"):
            message = f"registry.ollama.ai/library/{name} does not support tools"
            await exchange.answer({"error": message}, 400, JSON)
        elif not asked["messages"]:
            await self._load_or_unload(exchange, asked)
        else:
            await self._chat(exchange, asked)

    async def _load_or_unload(self, exchange: Exchange, asked: dict[str, Any]) -> None:
        if asked.get("keep_alive") == 0:
            await self.engine.aclose()
            reason = "unload"
        else:
            async with self.engine.serving(self._spec(asked), within_s=300):
                reason = "load"
        line = _line(asked["model"], {"role": "assistant", "content": ""}, done=True, done_reason=reason)
        await exchange.answer(line, headers=JSON)

    async def _chat(self, exchange: Exchange, asked: dict[str, Any]) -> None:
        began_ns = SYSTEM_CLOCK.monotonic_ns()
        async with self.engine.serving(self._spec(asked), within_s=300) as engine:
            load_ns = SYSTEM_CLOCK.monotonic_ns() - began_ns
            answer = _Answer(asked["model"])
            async with aclosing(_chunks(engine, _translated(asked))) as chunks:
                first = await anext(chunks)
                if "error" in first:
                    # The engine's own words, as a string that holds JSON.
                    plain = {"Content-Type": "application/json"}
                    await exchange.answer({"error": json.dumps(first)}, first["error"]["code"], plain)
                    return
                answer.take(first)
                streamed = asked.get("stream", True)
                if streamed:
                    await exchange.start(headers={"Content-Type": "application/x-ndjson"})
                async for chunk in chunks:
                    line = answer.take(chunk)
                    if line is not None and streamed:
                        await exchange.send(json.dumps(line) + "\n")
        done = answer.done(load_ns, SYSTEM_CLOCK.monotonic_ns() - began_ns, whole=not streamed)
        if streamed:
            await exchange.send(json.dumps(done) + "\n")
            await exchange.end()
        else:
            await exchange.answer(done, headers=JSON)

    def _catalogued(self, name: str) -> CatalogModel:
        return load_catalog().get(self.models[name])

    def _spec(self, asked: dict[str, Any]) -> EngineSpec:
        window = asked.get("options", {}).get("num_ctx", DEFAULT_WINDOW_TOKENS)
        model = self._catalogued(asked["model"])
        return spec_of(model, obtain(model.name), EngineSettings(context_tokens=window))

    def _spec_loaded(self, name: str) -> EngineSpec | None:
        process = self.engine.process
        return process.spec if process is not None and process.spec.name == self.models[name] else None

    def _details(self, name: str) -> dict[str, Any]:
        model = self._catalogued(name)
        return {
            "parent_model": "",
            "format": "gguf",
            "family": model.family,
            "families": [model.family],
            "parameter_size": model.parameters,
            "quantization_level": model.quantization,
        }

    def _tag(self, name: str) -> dict[str, Any]:
        model = self._catalogued(name)
        return {
            "name": name,
            "model": name,
            "modified_at": _now(),
            "size": model.size_bytes,
            "digest": model.sha256,
            "details": {**self._details(name), "context_length": model.max_window_tokens, "embedding_length": 576},
            "capabilities": ["completion"],
        }

    def _running(self, name: str) -> dict[str, Any]:
        model, spec = self._catalogued(name), self._spec_loaded(name)
        assert spec is not None
        return {
            "name": name,
            "model": name,
            "size": model.size_bytes + spec.context_tokens * spec.kv_bytes_per_token,
            "digest": model.sha256,
            "details": self._details(name),
            "expires_at": (SYSTEM_CLOCK.now() + self.keep_alive).isoformat(),
            "size_vram": 0,
            "context_length": spec.context_tokens,
        }

    def _show(self, name: str) -> dict[str, Any]:
        model = self._catalogued(name)
        info = {"general.architecture": model.family, f"{model.family}.context_length": model.max_window_tokens}
        return {
            "modelfile": f"FROM {name}",
            "template": "",
            "details": self._details(name),
            "model_info": info,
            "capabilities": ["completion"],
            "modified_at": _now(),
        }


@dataclass
class _Answer:
    model: str
    text: list[str] = field(default_factory=list)
    reason: str = "stop"
    timings: dict[str, Any] = field(default_factory=dict)

    def take(self, chunk: dict[str, Any]) -> dict[str, Any] | None:
        self.timings = chunk.get("timings", self.timings)
        for choice in chunk.get("choices", ()):
            self.reason = choice.get("finish_reason") or self.reason
            piece = choice["delta"].get("content")
            if piece:
                self.text.append(piece)
                return _line(self.model, {"role": "assistant", "content": piece}, done=False)
        return None

    def done(self, load_ns: int, total_ns: int, *, whole: bool) -> dict[str, Any]:
        content = "".join(self.text) if whole else ""
        return {
            **_line(self.model, {"role": "assistant", "content": content}, done=True, done_reason=self.reason),
            "total_duration": total_ns,
            "load_duration": load_ns,
            "prompt_eval_count": self.timings["cache_n"] + self.timings["prompt_n"],
            "prompt_eval_duration": round(self.timings["prompt_ms"] * 1e6),
            "eval_count": self.timings["predicted_n"],
            "eval_duration": round(self.timings["predicted_ms"] * 1e6),
        }


async def _chunks(engine: Serving, body: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
    """The engine's chunks, or its error alone."""
    headers = {"Authorization": f"Bearer {engine.process.api_key}"}
    async with (
        httpx2.AsyncClient(base_url=engine.process.address, headers=headers, trust_env=False, timeout=None) as client,
        client.stream("POST", "/v1/chat/completions", json=body) as response,
    ):
        if response.status_code != 200:
            yield json.loads(await response.aread())
            return
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                yield json.loads(line.removeprefix("data: "))


def _translated(asked: dict[str, Any]) -> dict[str, Any]:
    options = asked.get("options", {})
    body = {
        "messages": asked["messages"],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": options.get("num_predict", -1),
    }
    body |= {name: options[name] for name in ("temperature", "seed", "stop") if name in options}
    if isinstance(asked.get("format"), dict):
        schema = {"name": "answer", "strict": True, "schema": asked["format"]}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def _line(model: str, message: dict[str, Any], *, done: bool, **more: Any) -> dict[str, Any]:
    return {"model": model, "created_at": _now(), "message": message, "done": done, **more}


def _now() -> str:
    return SYSTEM_CLOCK.now().isoformat().replace("+00:00", "Z")
