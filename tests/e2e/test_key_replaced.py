"""A person who replaces a key while her editor's server runs: real processes, and a server that knows one key."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.editor import PARLEY, editing, environment
from support.file_keyring import VARIABLES
from support.loopback import serving
from support.vendor_wires import COMPATIBLE

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = "def area(w, h):\n    return w * h\n"
ANSWER = "It gives the area."
FIRST, SECOND = "sk-first-0123456789", "sk-second-0123456789"


class Strict:
    """A server that speaks Chat Completions with whoever has the one `key`; `sent` came with questions."""

    def __init__(self):
        self.key, self.sent = FIRST, []

    async def __call__(self, exchange):
        key = exchange.headers.get("authorization", "").removeprefix("Bearer ")
        listing = exchange.path.endswith("/models")
        if not listing:
            self.sent.append(key)
        if key != self.key:
            await exchange.answer(COMPATIBLE.refusal("Wrong key."), 401)
        elif listing:
            await exchange.answer({"data": [{"id": "m"}]})
        else:
            await exchange.start(headers={"Content-Type": "text/event-stream"})
            for line in COMPATIBLE.text((ANSWER,), finish=COMPATIBLE.stop):
                await exchange.send(line)
            await exchange.end()


@dataclass
class Person:
    """Her editor and the terminal beside it: `explains` asks what a function does, `auth_set` keeps a key."""

    explains: Callable
    auth_set: Callable


@asynccontextmanager
async def _working(tmp_path, strict):
    """A person whose editor's server answered a question with the first key, and runs since."""
    variables = VARIABLES | {"KEYRING_FILE": str(tmp_path / "keyring.json"), "PARLEY_MODEL": "box/m"}

    async def auth_set(key, *more):
        child = await asyncio.create_subprocess_exec(
            *(PARLEY, "auth", "set", "box", *more),
            cwd=tmp_path,
            env=environment(tmp_path) | variables,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await child.communicate(key.encode())
        assert said.decode().startswith("The key for box is in the keyring."), said.decode()

    async with serving(strict) as server:
        await auth_set(FIRST, "--kind", "openai-compatible", "--url", f"{server.url}/v1")
        async with editing(tmp_path, None, variables=variables) as editor:
            uri = editor.open(tmp_path / "area.py", SOURCE)

            async def explains():
                asked = editor.argument(uri, 5, 5, show=False, wait=True)
                told = await editor.execute("parley.explain", asked)
                return told.get("text", told["message"])

            assert await explains() == ANSWER
            yield Person(explains, auth_set)


async def test_a_key_that_was_replaced_is_used_at_the_next_question(tmp_path):
    """She sees nothing of it; the server in her editor was not started again."""
    strict = Strict()
    async with _working(tmp_path, strict) as person:
        strict.key = SECOND
        await person.auth_set(SECOND)
        answers = [await person.explains() for _ in range(2)]
    assert answers == [ANSWER, ANSWER]
    assert strict.sent == [FIRST, SECOND, SECOND]


async def test_after_a_refusal_the_new_key_is_taken_without_a_restart(tmp_path):
    """Until it is set, each question is answered with what to do."""
    strict = Strict()
    async with _working(tmp_path, strict) as person:
        strict.key = SECOND
        told = [await person.explains() for _ in range(2)]
        await person.auth_set(SECOND)
        answer = await person.explains()
    assert told == ["box refused the key: Wrong key. Set a valid one, or one that may do this."] * 2
    assert (answer, strict.sent) == (ANSWER, [FIRST, SECOND])
