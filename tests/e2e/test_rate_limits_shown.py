"""What a person sees of a server's rate limits: through a real `parley ask`, of a real server."""

import asyncio
import json

import pytest

from support.editor import PARLEY, environment
from support.loopback import serving
from support.vendor_wires import COMPATIBLE

LIMITS = {
    "x-ratelimit-limit-requests": "50",
    "x-ratelimit-remaining-requests": "12",
    "x-ratelimit-reset-requests": "30s",
    "x-ratelimit-remaining-tokens": "0",
    "x-ratelimit-reset-tokens": "6m0s",
}


async def _limited(exchange):
    if exchange.path.endswith("/models"):
        await exchange.answer({"data": [{"id": "m"}]})
        return
    await exchange.start(headers={"Content-Type": "text/event-stream", **LIMITS})
    for line in COMPATIBLE.text(("four",), finish=COMPATIBLE.stop):
        await exchange.send(line)
    await exchange.end()


@pytest.fixture
async def ask(tmp_path):
    """Runs `parley ask` against a server that answers "four" and tells its limits: standard output, and error."""

    async def run(*arguments):
        child = await asyncio.create_subprocess_exec(
            *(PARLEY, "ask", "2+2?", *arguments),
            cwd=tmp_path,
            env=environment(tmp_path) | {"PARLEY_CONFIG": str(tmp_path / "config.yaml")},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        return [said.decode() for said in await child.communicate()]

    async with serving(_limited) as server:
        settings = f"providers: {{box: {{kind: openai-compatible, url: '{server.url}/v1'}}}}\nmodel: box/m\n"
        (tmp_path / "config.yaml").write_text(settings)
        yield run


async def test_explaining_tells_what_is_left_of_each_limit(ask):
    """Below the use and the cost, on standard error; without being asked for, nothing is told."""
    (answer, told), (_, silent) = await ask("--explain"), await ask()
    assert (answer, silent) == ("four\n", "")
    assert told.splitlines()[-1] == (
        "Rate limits at box: requests: 12 of 50 left, full again in 30 s; tokens: 0 left, more in 360 s."
    )


async def test_json_has_the_limits(ask):
    """In numbers; what was not told is null."""
    answer, _ = await ask("--json")
    assert json.loads(answer)["limits"] == [
        {"of": "requests", "most": 50, "left": 12, "reset_s": 30.0},
        {"of": "tokens", "most": None, "left": 0, "reset_s": 360.0},
    ]
