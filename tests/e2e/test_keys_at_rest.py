"""A key of the person's, followed through a real Parley: where it is sent, and that it stays nowhere.

The server is as rude as one can be: it repeats the key in refusals, in the middle of an answer, and for its models.
"""

import asyncio
import json

import pytest

from support.editor import PARLEY, environment
from support.loopback import serving

CANARY = "canary.7Q-of~no+known/shape=="
FILE = "def area(w, h):\n    x = w * h\n    return x\n"


class Rude:
    """A server that speaks Chat Completions; `manner` is what it does with a question."""

    def __init__(self, manner):
        self.manner = manner
        self.keys = []

    async def __call__(self, exchange):
        self.keys.append(exchange.headers.get("authorization", ""))
        echo = {"error": {"message": f"Incorrect API key provided: {CANARY}.", "type": "invalid_request_error"}}
        if exchange.path.endswith("/models"):
            await exchange.answer({"data": [{"id": "m"}]} if self.manner != "refuses its list" else echo, 401)
        elif self.manner == "breaks in":
            await exchange.start(headers={"Content-Type": "text/event-stream"})
            await exchange.send('data: {"choices": [{"delta": {"content": "half"}}]}\n\n')
            await exchange.send(f"data: {json.dumps(echo)}\n\n")
            await exchange.end()
        else:
            await exchange.answer(echo, 401)


@pytest.fixture
def person(tmp_path):
    """A home with a file to work on, and a Parley that runs in it."""
    (tmp_path / "area.py").write_text(FILE)

    async def run(url, *arguments, **variables):
        (tmp_path / "config.yaml").write_text(
            f"providers: {{box: {{kind: openai-compatible, url: '{url}/v1', key_variable: BOX_KEY}}}}\nmodel: box/m\n"
        )
        command = [PARLEY, *arguments]
        child = await asyncio.create_subprocess_exec(
            *command,
            cwd=tmp_path,
            env=environment(tmp_path) | {"PARLEY_CONFIG": str(tmp_path / "config.yaml"), "BOX_KEY": CANARY} | variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await child.communicate()
        return said.decode()

    return run


COMMANDS = [
    ("ask", "hi", "--explain"),
    ("ask", "hi", "--json"),
    ("refactor", "area.py:1", "rename for clarity"),
    ("models", "list"),
    ("doctor", "--json"),
    ("usage", "--by", "request", "--json"),
    ("profile", "--json"),
    ("events", "list"),
    ("events", "export", "events.jsonl"),
    ("config", "show", "--explain"),
    ("auth", "status"),
    ("serve", "--stdio", "--log-file", "server.log", "--log-level", "debug"),
]


@pytest.mark.parametrize(
    ("manner", "commands"), [("refuses", COMMANDS), ("refuses its list", COMMANDS[:4]), ("breaks in", COMMANDS[1:2])]
)
async def test_a_key_is_sent_to_its_server_and_stays_nowhere(person, tmp_path, manner, commands):
    """Not on the screen, not in a log, a record, an event or any other file, though the server repeats it."""
    rude = Rude(manner)
    async with serving(rude) as server:
        said = [await person(server.url, *command) for command in commands]
    assert f"Bearer {CANARY}" in rude.keys
    assert "Incorrect API key provided: [your key]" in said[0]
    holding = [str(path) for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert ([text for text in said if CANARY in text], holding) == ([], [])
    assert (manner != "refuses") or (tmp_path / "server.log").stat().st_size > 0
    assert any(path.name == "calls.db" for path in tmp_path.rglob("*"))
