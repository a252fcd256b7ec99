"""What a person reads of every fault, and what a chain does about it: told by doing it, and published as a table.

`python -m support.fault_table`, called in the folder `tests`, writes `docs/faults.md` anew.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parley_providers.adapters.ollama import OllamaProvider
from parley_providers.adapters.scripted import says
from parley_providers.breaker import BreakerKey, Breakers, BreakerStatus
from parley_providers.chain import ProviderChain
from parley_providers.errors import ProviderError
from parley_providers.measure import Instruments
from parley_providers.requests import LLMRequest, PartEnd, StreamRestarted
from parley_providers.resilience import Resilience
from parley_providers.route import Route
from support.chain_bench import FixedRouter, Kept, ManualClock, scripted
from support.faults import FAULTS, enacted
from support.faulty_wires import FAULTY_WIRES
from support.replay import NOBODY_LISTENS, Recording, replaying, request_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parley_providers.provider import Provider
    from support.faults import Fault

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
OTHER = "from another"
_LONGEST = 40
_INTRODUCTION = """# What you read when a model fails, and what Parley does about it

Every line was made by letting the fault happen, over a real connection, to a chain of two: the model of the line, then
another one. The tests do it again and compare. A fault before the first piece of an answer is mended in silence. After
it, what you saw so far is declared void (*starts again*), for nothing of a broken answer is ever used.

A model that failed three times in a row is left alone for fifteen seconds, and twice as long after each further
failure, up to five minutes; one that asked for a pause for as long as it asked, or twenty seconds. One whose key was
refused is not asked again before its key is replaced (`parley auth set`, also while a server runs), or Parley starts
anew. What is the request's fault, or that you gave it up, is never held against a model. A clock that jumps changes
none of this: within a process time is counted, not read.
"""


@dataclass(frozen=True, kw_only=True)
class Handling:
    """How a chain fared: how often it asked the first, how often what was shown became void, and what was told.

    `answer` is what the first one said, None where it did not; `error` what it failed with, as a person reads it.
    """

    asked: int
    restarts: int
    answer: str | None
    went_on: bool
    error: str | None
    status: BreakerStatus


async def handled(provider: Provider, request: LLMRequest) -> Handling:
    """What a chain of `provider` and another that answers does with `request`."""
    kept, clock = Kept(), ManualClock()

    async def sleep(seconds: float) -> None:
        clock.ns += int(seconds * 1e9)

    breakers = Breakers(clock=clock)
    order = ((provider.name, request.model or ""), ("b", "script"))
    chain = ProviderChain(
        (provider, scripted("b", says(OTHER))),
        FixedRouter(tuple(Route(provider=name, model=model, reason="set", why="So.") for name, model in order)),
        Instruments(clock=clock, new_id=lambda: "id", observer=kept, session_id="s"),
        Resilience(breakers=breakers, sleep=sleep, draw=lambda: 0.5),
    )
    said, restarts, failure = "", 0, None
    try:
        async with aclosing(chain.stream(request)) as events:
            async for event in events:
                match event:
                    case StreamRestarted():
                        said, restarts = "", restarts + 1
                    case PartEnd(part=part):
                        said += getattr(part, "text", "")
    except ProviderError as error:
        failure = str(error)
    errors = [record.error for record in kept.records if record.provider == provider.name and record.error]
    key = BreakerKey(provider=provider.name, origin=provider.origin, model=request.model or "")
    return Handling(
        asked=sum(record.provider == provider.name for record in kept.records),
        restarts=restarts,
        answer=None if errors else said,
        went_on=kept.records[-1].provider == "b",
        error=failure or (errors[0] if errors else None),
        status=breakers.state(key).status,
    )


async def handled_fault(fault: Fault, wire: object) -> Handling:
    """What becomes of a fault of the table on a wire."""
    async with enacted(fault, wire) as provider:
        return await handled(provider, fault.request(wire))


async def handled_recording(recording: Recording) -> Handling:
    """What becomes of an exchange that was recorded from a real Ollama."""
    request = request_of(recording)
    if recording.status is None:
        return await handled(OllamaProvider(NOBODY_LISTENS), request)
    async with replaying(recording, model=request.model) as server, aclosing(OllamaProvider(server.url)) as provider:
        return await handled(provider, request)


def faulty_recordings() -> tuple[Recording, ...]:
    """The recorded chats that are no whole answers."""
    return tuple(Recording.named(name) for name in RECORDED)


RECORDED = {
    "bad_keep_alive": "a keep_alive that is no duration",
    "bad_model_name": "a name that cannot be",
    "bad_option_type": "an option of the wrong type (HTTP 500)",
    "bad_origin": "asked from a foreign web page",
    "busy": "its queue is full",
    "chat_format_bad": "a schema that is none",
    "chat_format_bad_value": "a format of the wrong kind (HTTP 500)",
    "chat_image_unsupported": "an image for a model of text (HTTP 500)",
    "chat_no_such_model": "a model that is not installed",
    "chat_overflow_history": "a history that it cut in silence",
    "chat_overflow_history_refused": "a history that is too long",
    "chat_overflow_one_message": "one message that is too long",
    "chat_think_unsupported": "thinking, for a model that cannot",
    "chat_tools_unsupported": "tools, for a model that cannot",
    "chat_truncated_gguf": "a model whose file is cut in half",
    "fault_runner_killed": "its runner is killed in mid-stream",
    "fault_server_gone": "nobody listens",
    "fault_server_killed": "the whole server is killed in mid-stream",
    "shape_error_line": "its engine reports an error in mid-stream",
    "shape_no_done": "the stream ends without saying so",
    "shape_no_done_nonstream": "the same, answered in one piece",
    "shape_tool_call_bad_arguments": "a tool call whose arguments are not JSON (HTTP 500)",
    "shape_tool_call_cut": "a tool call that was cut off (HTTP 500)",
}


async def document() -> str:
    """The whole document, from doing everything in it."""
    wire = next(each for each in FAULTY_WIRES if each.name == "anthropic")
    faults = [(fault.name, await handled_fault(fault, wire)) for fault in FAULTS]
    recorded = [(RECORDED[each.name], await handled_recording(each)) for each in faulty_recordings()]
    parts = [
        _INTRODUCTION,
        "## Any provider\n\nHere Anthropic's wire; the five others differ in the words that the vendor chose.\n",
        *_table(faults),
        "\n## Ollama\n\nAs recorded from a real one, version 0.33.\n",
        *_table(recorded),
    ]
    return "\n".join(parts) + "\n"


def _table(rows: Iterable[tuple[str, Handling]]) -> list[str]:
    head = ["| what happens | what you read | what Parley does | the model afterwards |", "|---|---|---|---|"]
    return head + [
        f"| {name} | {_cell(handling.error or handling.answer or '(an empty answer)')} | {_done(handling)} | "
        f"{_AFTER[handling.status]} |"
        for name, handling in rows
    ]


_AFTER = {
    BreakerStatus.CLOSED: "is asked as before",
    BreakerStatus.OPEN: "is left alone for a while",
    BreakerStatus.DISABLED: "is not asked before its key is replaced",
}


def _done(handling: Handling) -> str:
    if handling.error is None:
        return "takes the answer"
    asked = "asks once" if handling.asked == 1 else f"asks {handling.asked} times"
    restarts = ", starts again" if handling.restarts else ""
    return f"{asked}{restarts}, {'then asks the next' if handling.went_on else 'stops, for the request is at fault'}"


def _cell(text: str) -> str:
    """As it stands in a table: on one line, without what differs from run to run."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", " ".join(text.split()))
    text = re.sub(r"\[Errno -?\d+\] [^)]*", "as the system words it", re.sub(r" \(_ssl\.c:\d+\)", "", text))
    if len(text) > _LONGEST and " " not in text[:_LONGEST]:
        text = f"{text[:3]}… ({len(text):,} characters)"
    return text.replace("|", r"\|")


if __name__ == "__main__":
    DOCUMENT.write_text(asyncio.run(document()), encoding="utf-8")
