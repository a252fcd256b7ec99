"""One play, every provider: what a server should do, and for each adapter a stage whose server does so on its wire."""

from __future__ import annotations

import json
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from parley_providers.adapters.llama_server import LlamaServerProvider
from parley_providers.adapters.ollama import OllamaProvider
from parley_providers.adapters.scripted import ScriptedAnswer, ScriptedFault, ScriptedPiece, ScriptedProvider
from parley_providers.engine.embedded import EmbeddedProvider
from parley_providers.engine.spec import EngineSettings
from parley_providers.engine.supervisor import Engine, Surroundings
from parley_providers.models.catalog import Catalog, LocalSource
from parley_providers.models.pull import pull
from parley_providers.models.store import ModelStore
from parley_providers.usage import Usage
from support.loopback import serving
from support.toy_engine import child
from support.toy_models import WEIGHTS, toy_model
from support.vendor_wires import ANTHROPIC, COMPATIBLE, GEMINI, OPENAI

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from parley_providers.provider import Provider
    from support.loopback import Exchange, LoopbackServer
    from support.vendor_wires import Wire

MODEL = "toy"
PROMPT_TOKENS, OUTPUT_TOKENS = 70, 2

Ending = Literal["finish", "cut", "truncated", "dropped", "silent", "error"]
RefusalKind = Literal["overloaded", "server", "bad_request", "context_window", "schema"]


@dataclass(frozen=True, kw_only=True)
class Play:
    """What the server does with a request: says pieces and ends so, or refuses. With `counts` it tells its counts.

    `headers` go before the pieces. `then` is what it does with the next request; without it, it does the same again.
    """

    pieces: tuple[str, ...] = ("Hel", "lo")
    ending: Ending = "finish"
    refusal: RefusalKind | None = None
    counts: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    then: Play | None = None


class _Plays:
    """The plays of one stage, one for each request; the last is played again and again."""

    def __init__(self, first: Play) -> None:
        self._next = first

    def take(self) -> Play:
        play = self._next
        self._next = play.then or play
        return play


@dataclass(frozen=True)
class Stage:
    """A provider whose server does what the play says; a script has no server. `stop` is its word for an end."""

    provider: Provider
    server: LoopbackServer | None
    stop: str = "stop"

    @property
    def schemas(self) -> list[Any]:
        """The JSON schemas that arrived with requests."""
        if self.server is None:
            assert isinstance(self.provider, ScriptedProvider)
            return [request.json_schema for request in self.provider.asked]
        chats = [exchange for exchange in self.server.exchanges if exchange.path.partition("?")[0].endswith(_CHATS)]
        return [_schema(exchange.json) for exchange in chats]


_CHATS = ("/api/chat", "/v1/chat/completions", "/v1/messages", "/v1/responses", ":streamGenerateContent")


def _schema(body: Any) -> Any:
    """The JSON schema in a request's body, wherever its vendor wants it."""
    match body:
        case {"format": schema} | {"response_format": {"json_schema": {"schema": schema}}}:
            return schema
        case {"output_config": {"format": {"schema": schema}}} | {"text": {"format": {"schema": schema}}}:
            return schema
        case {"generationConfig": {"responseJsonSchema": schema}}:
            return schema


@asynccontextmanager
async def scripted(play: Play, _folder: Path) -> AsyncIterator[Stage]:
    """The script itself."""
    fault = None
    if play.refusal is not None:
        fault = ScriptedFault(kind=play.refusal, message="No.")
    elif play.ending == "error":
        fault = ScriptedFault(kind="server", message="It fell over.", after_pieces=len(play.pieces))
    endings = {"finish": "finish", "cut": "finish", "error": "finish", "silent": "stalled", "truncated": "truncated"}
    counts = Usage(prompt_tokens=PROMPT_TOKENS, output_tokens=OUTPUT_TOKENS) if play.counts else Usage()
    answer = ScriptedAnswer(
        pieces=tuple(ScriptedPiece(text=piece) for piece in play.pieces),
        ending=endings.get(play.ending, "truncated"),
        fault=fault,
        usage=counts,
    )
    (default,) = await ScriptedProvider([]).models()
    provider = ScriptedProvider([answer], models=(replace(default, name=MODEL),))
    yield Stage(provider, None)


@asynccontextmanager
async def ollama(play: Play, _folder: Path) -> AsyncIterator[Stage]:
    """Ollama's lines."""
    plays = _Plays(play)

    async def handle(exchange: Exchange) -> None:
        listed = {"name": MODEL + ":latest", "model": MODEL + ":latest", "digest": "d", "context_length": 4096}
        known = {
            "/api/version": {"version": "0.33.0"},
            "/api/ps": {"models": [listed]},
            "/api/tags": {"models": [listed]},
            "/api/show": {"capabilities": ["completion"]},
        }
        if exchange.path in known:
            await exchange.answer(known[exchange.path])
        else:
            act = plays.take()
            await _act(exchange, act, _ollama_lines(act), "application/x-ndjson")

    async with serving(handle) as server, aclosing(OllamaProvider(server.url)) as provider:
        yield Stage(provider, server)


@asynccontextmanager
async def llama_server(play: Play, _folder: Path) -> AsyncIterator[Stage]:
    """llama.cpp's server-sent events."""
    async with serving(_llama(play)) as server, aclosing(LlamaServerProvider(server.url)) as provider:
        yield Stage(provider, server)


@asynccontextmanager
async def embedded(play: Play, folder: Path) -> AsyncIterator[Stage]:
    """The embedded engine, whose child sends to a server of ours in llama.cpp's place."""
    weights = folder / "toy.gguf"
    weights.write_bytes(WEIGHTS)
    model, store = toy_model(LocalSource(path=str(weights))), ModelStore(root=folder / "models")
    async with aclosing(pull(model, store)) as events:
        async for _ in events:
            pass
    async with serving(_llama(play)) as server:
        told = json.dumps({"address": server.url})
        program = f"import sys; sys.stdin.readline(); print({told!r}, flush=True); sys.stdin.read()"
        provider = EmbeddedProvider(
            Engine(idle_s=None, surroundings=Surroundings(command=child(program))),
            Catalog(default=model.name, models=(model,)),
            store,
            EngineSettings(),
        )
        async with aclosing(provider):
            yield Stage(provider, server)


def _stage_of(wire: Wire, name: str) -> Callable[[Play, Path], AbstractAsyncContextManager[Stage]]:
    """The stage of a vendor's wire; its `__name__` is in the names of cases."""

    @asynccontextmanager
    async def stage(play: Play, _folder: Path) -> AsyncIterator[Stage]:
        listed = json.loads(json.dumps(wire.listed).replace(wire.model, MODEL))
        plays = _Plays(play)

        async def handle(exchange: Exchange) -> None:
            if exchange.path.partition("?")[0] == wire.models_path:
                await exchange.answer(listed)
                return
            act = plays.take()
            if act.refusal is not None:
                status, message = _VENDOR_REFUSALS[act.refusal]
                await exchange.answer(wire.refusal(message), status)
            else:
                await _act(exchange, act, _vendor_lines(wire, act), "text/event-stream")

        async with serving(handle) as server, aclosing(wire.build(server.url)) as provider:
            yield Stage(provider, server, wire.stop)

    stage.__name__ = name
    return stage


anthropic = _stage_of(ANTHROPIC, "anthropic")
openai = _stage_of(OPENAI, "openai")
gemini = _stage_of(GEMINI, "gemini")
compatible = _stage_of(COMPATIBLE, "compatible")


def _vendor_lines(wire: Wire, play: Play) -> list[str]:
    finish = {"finish": wire.stop, "cut": wire.cut}.get(play.ending)
    lines = wire.text(play.pieces, finish=finish, counts=play.counts)
    return lines + wire.error("It fell over.") if play.ending == "error" else lines


_VENDOR_REFUSALS = {
    "overloaded": (503, "no room"),
    "server": (500, "compute error"),
    "bad_request": (400, "nonsense"),
    "context_window": (413, "too long"),
    "schema": (400, "the json_schema has a keyword that is not supported"),
}


def _llama(play: Play) -> Callable[[Exchange], Awaitable[None]]:
    plays = _Plays(play)

    async def handle(exchange: Exchange) -> None:
        known = {
            "/health": {"status": "ok"},
            "/v1/models": {"data": [{"id": MODEL, "meta": {"n_ctx": 4096}}]},
            "/props": {"build_info": "b1"},
        }
        if exchange.path in known:
            await exchange.answer(known[exchange.path])
        else:
            act = plays.take()
            await _act(exchange, act, _llama_lines(act), "text/event-stream")

    return handle


async def _act(exchange: Exchange, play: Play, lines: list[str], content_type: str) -> None:
    if play.refusal is not None:
        status, body = _REFUSALS[play.refusal]
        # Ollama hands its engine's words on as a string.
        await exchange.answer({"error": json.dumps(body) if "ndjson" in content_type else body["error"]}, status)
        return
    await exchange.start(headers={"Content-Type": content_type, **play.headers})
    for line in lines:
        await exchange.send(line)
    match play.ending:
        case "silent":
            await exchange.gone.wait()
        case "dropped":
            exchange.writer.close()
        case _:
            await exchange.end()


_REFUSALS: dict[str, tuple[int, Any]] = {
    "overloaded": (503, {"error": {"code": 503, "message": "no room", "type": "busy"}}),
    "server": (500, {"error": {"code": 500, "message": "compute error", "type": "server_error"}}),
    "bad_request": (400, {"error": {"code": 400, "message": "nonsense", "type": "invalid_request_error"}}),
    "context_window": (
        400,
        {"error": {"type": "exceed_context_size_error", "message": "…", "n_prompt_tokens": 9, "n_ctx": 8}},
    ),
    "schema": (
        400,
        {"error": {"code": 400, "message": "failed to parse grammar", "type": "invalid_request_error"}},
    ),
}


_WORDS = {"finish": "stop", "cut": "length"}


def _ollama_lines(play: Play) -> list[str]:
    lines: list[dict[str, Any]] = [{"message": {"content": piece}, "done": False} for piece in play.pieces]
    if play.ending == "error":
        lines.append({"error": "compute error"})
    if play.ending in ("finish", "cut"):
        counts = {"prompt_eval_count": PROMPT_TOKENS, "eval_count": OUTPUT_TOKENS} if play.counts else {}
        lines.append({"message": {"content": ""}, "done": True, "done_reason": _WORDS[play.ending], **counts})
    return [json.dumps(line) + "\n" for line in lines]


def _llama_lines(play: Play) -> list[str]:
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "finish_reason": None, "delta": {"content": piece}}]} for piece in play.pieces
    ]
    if play.ending == "error":
        chunks.append({"error": {"code": 500, "message": "compute error", "type": "server_error"}})
    if play.ending in ("finish", "cut"):
        chunks.append({"choices": [{"index": 0, "finish_reason": _WORDS[play.ending], "delta": {}}]})
        if play.counts:
            chunks.append(
                {"choices": [], "usage": {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": OUTPUT_TOKENS}}
            )
    done = ["data: [DONE]\n\n"] if play.ending in ("finish", "cut") else []
    return [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + done


SERVED = (ollama, llama_server, embedded, anthropic, openai, gemini, compatible)
EVERY = (scripted, *SERVED)
