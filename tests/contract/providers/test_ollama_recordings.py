"""Every exchange that was recorded from a real Ollama, played again to the adapter.

What is expected of each stands in `tests/recordings/ollama.expected.json`; a recording without an expectation fails,
and so does an expectation without a recording.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from parley_providers.adapters.ollama import OllamaProvider
from parley_providers.addresses import ServerAddress
from parley_providers.errors import DeadlineExceededError, ProviderError, StreamTruncatedError
from parley_providers.http import HttpServer, Patience
from parley_providers.requests import Deadlines, PartDelta
from support.outcomes import outcome
from support.replay import NOBODY_LISTENS, OLLAMA, Recording, every_recording, replaying, request_of
from support.streams import seen

if TYPE_CHECKING:
    from parley_providers.refusals import Refusal

EXPECTED = json.loads((OLLAMA.parent / "ollama.expected.json").read_text())
RECORDINGS = [Recording.named(name) for name in every_recording()]
CHATS = [recording for recording in RECORDINGS if recording.path == "/api/chat"]
ABOUT = [recording for recording in RECORDINGS if recording.path in ("/api/tags", "/api/ps", "/api/show")]
# What these ask for, our requests cannot ask: the answer is replayed all the same.
NOT_OURS = {"bad_role", "chat_format_bad_value", "chat_format_json", "chat_think_unsupported"}


def _named(recordings):
    return pytest.mark.parametrize("recording", recordings, ids=lambda recording: recording.name)


def test_every_recording_has_an_expectation():
    """And every expectation a recording."""
    assert set(EXPECTED) == {recording.name for recording in [*CHATS, *ABOUT]}


class _RefusedError(ProviderError):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self.status = refusal.status


@_named([recording for recording in RECORDINGS if recording.status is not None])
async def test_every_body_comes_out_of_the_transport_as_it_was_recorded(recording):
    """Line by line, whatever the chunk boundaries; a refusal with its status; a broken one as an error at its end."""
    lines: list[str] = []
    ending = None
    async with replaying(recording) as server:
        http = HttpServer(ServerAddress(provider="x", base_url=server.url), lambda refusal, _: _RefusedError(refusal))
        patience = Patience.of(Deadlines(idle_s=0.2 if "client" in recording.ended else 30.0), cold=False)
        try:
            async with http.answer(recording.path, recording.asked, patience, "m") as came:
                lines += [line.decode() async for line in came]
        except ProviderError as error:
            ending = error
        await http.aclose()
    match recording.ended.split(":")[0].split(" after")[0]:
        case _ if recording.status != 200:
            assert (ending.status, str(ending)) == (recording.status, recording.body.strip())
        case "complete":
            assert (lines, ending) == ([line for line in recording.body.split("\n") if line], None)
        case "dropped":
            assert type(ending) is StreamTruncatedError
        case "client closed":
            assert type(ending) is DeadlineExceededError


@_named([recording for recording in CHATS if recording.ended != "client closed after 5 chunks"])
async def test_every_chat_has_the_outcome_that_is_expected(recording):
    """Parts, finish, usage and timings, or the typed error with its message."""
    assert await _chat(recording) == EXPECTED[recording.name]


async def _chat(recording: Recording) -> dict[str, Any]:
    request = request_of(recording)
    if recording.status is None:
        return outcome(*await seen(OllamaProvider(NOBODY_LISTENS).stream(request)))
    async with replaying(recording, model=request.model) as server:
        provider = OllamaProvider(server.url)
        events, error = await seen(provider.stream(request))
        await provider.aclose()
    return json.loads(json.dumps(outcome(events, error)).replace(server.url, "http://SERVER"))


async def test_leaving_a_stream_closes_its_connection():
    """The recorded client left after five pieces; the server sees the connection close."""
    recording = Recording.named("cancel_stream")
    pieces: list[str] = []
    async with replaying(recording, model=recording.asked["model"]) as server:
        provider = OllamaProvider(server.url)
        async with aclosing(provider.stream(request_of(recording))) as events:
            async for event in events:
                if isinstance(event, PartDelta):
                    pieces.append(event.text)
                if len(pieces) == 5:
                    break
        async with asyncio.timeout(5):
            await server.exchanges[-1].gone.wait()
        await provider.aclose()
    assert pieces == EXPECTED[recording.name]["pieces"]


@_named(ABOUT)
async def test_every_look_at_the_models_has_the_outcome_that_is_expected(recording):
    """Facts of the models that are installed, loaded, or shown; or the typed error."""
    assert await _about(recording) == EXPECTED[recording.name]


async def _about(recording: Recording) -> Any:
    others = {"/api/tags": "tags", "/api/ps": "ps_empty"} if recording.path != "/api/show" else {}
    played = [Recording.named(name) for path, name in others.items() if path != recording.path]
    async with replaying(recording, *played, model=recording.asked.get("model")) as server:
        provider = OllamaProvider(server.url)
        try:
            if recording.path == "/api/show":
                return [_plain(asdict(await provider.facts(recording.asked["model"])))]
            return [_plain(asdict(facts)) for facts in await provider.models()]
        except ProviderError as error:
            return outcome([], error)
        finally:
            await provider.aclose()


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in facts.items()}


@_named([recording for recording in CHATS if recording.asked.get("messages") and "model" in recording.asked])
async def test_the_body_we_send_is_the_one_that_was_recorded(recording):
    """Everything that the recorded client sent is in ours; beside it only what we always send."""
    request = request_of(recording)
    async with replaying(recording, model=request.model) as server:
        provider = OllamaProvider(server.url)
        async with aclosing(provider.stream(request)) as events:
            with suppress(ProviderError):
                await anext(events)
        await provider.aclose()
    sent, asked = dict(server.exchanges[-1].json), dict(recording.asked)
    ours = {"num_ctx": sent["options"].pop("num_ctx"), "keep_alive": sent.pop("keep_alive")}
    assert ours == {"num_ctx": 4096, "keep_alive": "30m"}
    assert (sent.pop("stream"), sent.pop("truncate"), sent.pop("shift")) == (True, False, False)
    for varied in ("stream", "truncate", "shift", "keep_alive", "logprobs", "top_logprobs"):
        asked.pop(varied, None)
    asked["options"] = {"num_predict": 1024, **asked.get("options", {})}
    for varied in ("num_ctx", "frobnicate"):
        asked["options"].pop(varied, None)
    if recording.name in NOT_OURS:
        sent, asked = ({name: body[name] for name in ("model", "options")} for body in (sent, asked))
    assert _without_ids(sent) == asked


def _without_ids(value: Any) -> Any:
    """The recorded client gave no ids to tool calls; we always do."""
    match value:
        case dict():
            return {key: _without_ids(inner) for key, inner in value.items() if key not in ("id", "tool_call_id")}
        case list():
            return [_without_ids(inner) for inner in value]
        case _:
            return value
