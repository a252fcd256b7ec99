"""The wires on which a server can have a fault: how to build each one's provider, and what its server would write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from parley_providers.adapters.llama_server import LlamaServerProvider
from parley_providers.adapters.ollama import OllamaProvider
from support.vendor_wires import COMPATIBLE, WIRES

if TYPE_CHECKING:
    from support.loopback import Exchange, Handler

_TOO_LONG = (
    "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens: "
    "prompt is too long; the input token count exceeds it."
)


class _OfVendor:
    """A vendor's wire, and what its server answers when it is only looked at."""

    def __init__(self, wire: Any) -> None:
        self._wire = wire
        self.looks = {wire.models_path: wire.listed}
        self.overflow = wire.refusal(_TOO_LONG, "invalid_request_error")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wire, name)


class _Llama(_OfVendor):
    name = "llama.cpp"

    def __init__(self) -> None:
        super().__init__(COMPATIBLE)
        self.looks = {
            "/health": {"status": "ok"},
            "/v1/models": {"data": [{"id": "toy", "meta": {"n_ctx": 4096}}]},
            "/props": {},
        }
        told = {"type": "exceed_context_size_error", "message": "…", "n_prompt_tokens": 5000, "n_ctx": 4096}
        self.overflow = {"error": told}

    def build(self, url: str) -> LlamaServerProvider:
        return LlamaServerProvider(url)

    def refusal(self, message: str, word: Any = None) -> Any:
        return {"error": {"message": message, "type": word or "some_error"}}


class _Ollama:
    name, model, stop, tool_stop = "ollama", "toy:latest", "stop", "stop"

    def __init__(self) -> None:
        self.overflow = {"error": json.dumps(_Llama().overflow)}
        listed = {"name": self.model, "model": self.model, "digest": "d", "context_length": 4096}
        self.looks: dict[str, Any] = {
            "/api/version": {"version": "0.33.0"},
            "/api/ps": {"models": [listed]},
            "/api/tags": {"models": [listed]},
            "/api/show": {"capabilities": ["completion", "tools"]},
        }

    def build(self, url: str) -> OllamaProvider:
        return OllamaProvider(url)

    def text(self, pieces: Any, *, finish: str | None = None) -> list[str]:
        said = [{"message": {"content": piece}, "done": False} for piece in pieces]
        end = {"message": {"content": ""}, "done": True, "done_reason": finish, "prompt_eval_count": 70}
        return [json.dumps(line) + "\n" for line in [*said, *([end] if finish else [])]]

    def call(self, *arguments: str, finish: str | None = None) -> list[str]:
        joined = "".join(arguments)
        try:
            value = json.loads(joined)
        except ValueError:
            value = joined
        line = {"message": {"tool_calls": [{"function": {"name": "read", "arguments": value}}]}, "done": False}
        return [json.dumps(line) + "\n", *self.text([], finish=finish)]

    def error(self, message: str) -> list[str]:
        return [json.dumps({"error": message}) + "\n"]

    def refusal(self, message: str, _word: Any = None) -> Any:
        return {"error": message if _word is None else f"model {message}"}


FAULTY_WIRES: tuple[Any, ...] = (*(_OfVendor(wire) for wire in WIRES), _Llama(), _Ollama())


def answering(wire: Any) -> Handler:
    """A server without a fault: it can be looked at, and it says Hello."""

    async def handle(exchange: Exchange) -> None:
        look = wire.looks.get(exchange.path.partition("?")[0])
        if look is not None:
            await exchange.answer(look)
            return
        await exchange.start(headers={"Content-Type": "text/event-stream"})
        for line in wire.text(["Hello"], finish=wire.stop):
            await exchange.send(line)
        await exchange.end()

    return handle
