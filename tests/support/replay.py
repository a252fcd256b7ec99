"""Recorded exchanges played again over loopback, with their own chunk boundaries and their own bad ends."""

from __future__ import annotations

import json
from base64 import b64decode
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parley_providers.messages import (
    ImagePart,
    Message,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from parley_providers.requests import LLMRequest, ToolSpec
from support.loopback import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.loopback import Exchange, LoopbackServer

OLLAMA = Path(__file__).parent.parent / "recordings" / "ollama"
NOBODY_LISTENS = "http://127.0.0.1:1"


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded exchange."""

    name: str
    request: dict[str, Any]
    response: dict[str, Any]
    ended: str

    @classmethod
    def named(cls, name: str) -> Recording:
        told = json.loads((OLLAMA / f"{name}.json").read_text())
        return cls(name, told["request"], told["response"], told["ended"])

    @property
    def method(self) -> str:
        return self.request["method"]

    @property
    def path(self) -> str:
        return self.request["path"]

    @property
    def status(self) -> int | None:
        """None where nobody listened."""
        return self.response.get("status")

    @property
    def chunks(self) -> list[str]:
        return [text for _, text in self.response["chunks"]]

    @property
    def body(self) -> str:
        return "".join(self.chunks)

    @property
    def asked(self) -> dict[str, Any]:
        """The JSON that was asked, or nothing."""
        return self.request.get("json") or {}

    async def play(self, exchange: Exchange) -> None:
        """Answer `exchange` as the recorded server did; one that was not there is one that hangs up."""
        if self.status is None:
            exchange.drop()
            return
        kept = {"content-type", "content-length"}
        headers = {name: value for name, value in self.response["headers"].items() if name.lower() in kept}
        if self.method == "HEAD":  # tells the length of a body that it does not have
            headers["Content-Length"] = "0"
        await exchange.start(self.status, headers)
        for chunk in self.chunks:
            await exchange.send(chunk)
        if self.ended.startswith("dropped"):
            exchange.writer.close()
        elif self.ended.startswith("client closed"):
            await exchange.gone.wait()
        else:
            await exchange.end()


def every_recording() -> tuple[str, ...]:
    """The names of all recorded exchanges with Ollama."""
    return tuple(sorted(path.stem for path in OLLAMA.glob("*.json")))


@asynccontextmanager
async def replaying(*recordings: Recording, model: str | None = None) -> AsyncIterator[LoopbackServer]:
    """A server that answers each path by the recording of that path; with `model` also what is asked about it."""
    by_path = {recording.path: recording for recording in recordings}

    async def handle(exchange: Exchange) -> None:
        recording = by_path.get(exchange.path)
        if recording is not None:
            await recording.play(exchange)
        else:
            await exchange.answer(_about(model or "", exchange))

    async with serving(handle) as server:
        yield server


def _about(model: str, exchange: Exchange) -> Any:
    match exchange.path:
        case "/api/version":
            return json.loads(Recording.named("version").body)
        case "/api/ps":
            (entry,) = json.loads(Recording.named("ps_loaded").body)["models"]
            return {"models": [{**entry, "name": model, "model": model}]}
        case "/api/show":
            shown = {"thinker": "shape_show_thinker", "qwen2.5-coder:0.5b": "show_qwen"}.get(
                exchange.json["model"], "show_smol"
            )
            return json.loads(Recording.named(shown).body)
        case _:
            message = f"nothing was asked of {exchange.path} when this was recorded"
            raise AssertionError(message)


def request_of(recording: Recording) -> LLMRequest:
    """The request that a recorded body is the wire form of."""
    asked = recording.asked
    options = asked.get("options", {})
    schema = asked.get("format")
    return LLMRequest(
        messages=tuple(_message(wire) for wire in asked.get("messages", ())),
        task_class="explain",
        model=asked.get("model", "qwen2.5-coder:0.5b"),
        max_output_tokens=options.get("num_predict", 1024),
        temperature=options.get("temperature"),
        seed=options.get("seed"),
        stop=tuple(options.get("stop", ())),
        json_schema=schema if isinstance(schema, dict) else None,
        tools=tuple(
            ToolSpec(name=tool["name"], description=tool["description"], parameters=tool["parameters"])
            for tool in (one["function"] for one in asked.get("tools", ()))
        ),
        reasoning={True: "high", False: "off", None: None}[asked.get("think")],
    )


def _message(wire: dict[str, Any]) -> Message:
    if wire["role"] == "tool":
        result = ToolResultPart(call_id="", name=wire["tool_name"], content=wire["content"])
        return Message(role=Role.TOOL, parts=(result,))
    role = Role(wire["role"]) if wire["role"] in {role.value for role in Role} else Role.USER
    text = [TextPart(text=wire["content"])] if wire["content"] else []
    images = [ImagePart(media_type="image/png", data=b64decode(image)) for image in wire.get("images", ())]
    calls = [
        ToolCallPart(call_id="", name=call["function"]["name"], arguments=call["function"]["arguments"])
        for call in wire.get("tool_calls", ())
    ]
    return Message(role=role, parts=(*text, *images, *calls))
