"""One engine process from its start to its end: where it listens, whether it lives, and its last words.

When it is started and ended belongs to `supervisor`; what it does belongs to `child`.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from parley_providers.child_environment import without_secrets
from parley_providers.errors import DeadlineExceededError, EngineCrashedError, EngineLoadError, ProviderError
from parley_providers.plain_text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley_providers.engine.spec import EngineSpec

COMMAND = (sys.executable, "-P", "-m", "parley_providers.engine.child")
ENDED_S = 5.0
KEPT_LINES = 40
KEPT_CHARACTERS = 400
VERBOSITY_WARNINGS = 2


class EngineProcess:
    """A started child. Made by `start_engine`, which waits until it serves.

    `users` counts the answers under way; `unused` is set while there are none.
    """

    def __init__(self, spec: EngineSpec, child: subprocess.Popen[bytes], api_key: str) -> None:
        self.spec = spec
        self.api_key = api_key
        self.address = ""
        self.users = 0
        self.unused = asyncio.Event()
        self.unused.set()
        self._child = child
        self._words: deque[str] = deque(maxlen=KEPT_LINES)
        self._gone = threading.Event()
        self._asked_to_end = False
        self._is_given_up = False
        threading.Thread(target=self._listen, name="parley-engine-stderr", daemon=True).start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return not (self._asked_to_end or self._gone.is_set())

    def end(self) -> None:
        """End it now; it holds nothing that must be saved."""
        self._asked_to_end = True
        self._child.kill()

    async def ended(self, within_s: float) -> bool:
        """Whether it is gone, waiting for that at most `within_s` seconds."""
        return await asyncio.to_thread(self._gone.wait, within_s)

    def crash(self, while_doing: str) -> EngineCrashedError:
        """The error that tells a person how it died; call it only when it is gone."""
        return EngineCrashedError(
            f"The embedded engine died while {while_doing} ({_manner(self._child.returncode)}). Nothing was changed; "
            f"the next request starts it again.{self._last_words()}",
            provider="embedded",
            model=self.spec.name,
        )

    async def read_address(self) -> None:
        """Wait until the child says where it listens.

        Raises:
            EngineLoadError: it gave up loading.
            EngineCrashedError: it was killed.
        """
        if self._child.stdout is None:
            raise RuntimeError("the child has no standard output")
        try:
            line = await asyncio.to_thread(_first_line, self._child.stdout)
        except asyncio.CancelledError:  # perhaps before any thread was free to listen
            self._is_given_up = True
            if self._gone.is_set():
                self._close()
            raise
        if not line:
            await self.ended(ENDED_S)
            raise self._load_failure()
        self.address = json.loads(line)["address"]

    def _load_failure(self) -> ProviderError:
        name, path = self.spec.name, self.spec.path
        if (self._child.returncode or 0) <= 0:
            return self.crash(f"loading {name} from {path}")
        return EngineLoadError(
            f"The embedded engine cannot load {name} from {path}.{self._last_words()} If the file is damaged, remove "
            f"it and fetch it again: parley models rm {name}; parley models pull {name}",
            provider="embedded",
            model=name,
        )

    def _last_words(self) -> str:
        words = "; ".join(list(self._words)[-3:])
        return f" Its last words: {words}." if words else ""

    def _listen(self) -> None:
        errors: IO[bytes] | None = self._child.stderr
        for line in errors or ():
            self._words.append(printable(line.decode(errors="replace")).strip()[:KEPT_CHARACTERS])
        self._child.wait()
        self._gone.set()
        self._close()

    def _close(self) -> None:
        """Once it is gone. Who listens to what it said first closes that; nobody does where it was given up."""
        unheard = self._child.stdout if self._is_given_up else None
        for pipe in (self._child.stdin, self._child.stderr, unheard):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


async def start_engine(spec: EngineSpec, *, within_s: float, command: Sequence[str] = COMMAND) -> EngineProcess:
    """Start a child that serves `spec`, and wait until it does; cancelling ends it.

    It must be called in a thread that lives as long as the child may: Linux ends the child with that thread.

    Raises:
        EngineLoadError: it cannot load the model.
        EngineCrashedError: it was killed before it served.
        DeadlineExceededError: it took longer than `within_s` seconds.
    """
    process = _launch(spec, command)
    try:
        async with asyncio.timeout(within_s):
            await process.read_address()
    except TimeoutError as error:
        process.end()
        await process.ended(ENDED_S)
        raise DeadlineExceededError(
            f"Loading {spec.name} took longer than {within_s:g} s; the engine was ended. Raise "
            "timeouts.cold_first_token_s, or use a smaller model.",
            provider="embedded",
            model=spec.name,
        ) from error
    except BaseException:
        process.end()
        raise
    return process


def _launch(spec: EngineSpec, command: Sequence[str]) -> EngineProcess:
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=spec.path.parent,
        env=without_secrets(os.environ),
        start_new_session=True,
    )
    process = EngineProcess(spec, child, secrets.token_urlsafe(32))
    _tell(child, process)
    return process


def _tell(child: subprocess.Popen[bytes], process: EngineProcess) -> None:
    from parley_providers.engine.spec import PROMPT_CACHE_MIB

    spec = process.spec
    wanted = {
        "path": str(spec.path),
        "name": spec.name,
        "api_key": process.api_key,
        "context_tokens": spec.context_tokens,
        "batch_tokens": spec.batch_tokens,
        "prompt_cache_mib": PROMPT_CACHE_MIB,
        "threads": spec.threads,
        "verbosity": VERBOSITY_WARNINGS,
        "parent_pid": os.getpid(),
    }
    if child.stdin is None:
        raise RuntimeError("the child has no standard input")
    try:
        child.stdin.write(json.dumps(wanted).encode() + b"\n")
        child.stdin.flush()
    except BrokenPipeError:
        # It died at once; `read_address` tells why.
        return


def _first_line(output: IO[bytes]) -> bytes:
    """What the child says first; nothing where nobody wants to hear it any more."""
    with suppress(ValueError), output:  # closed by then
        return output.readline()
    return b""


def _manner(returncode: int | None) -> str:
    if returncode is None:
        return "it does not say how"
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = f"signal {-returncode}"
    return f"{name}, perhaps for want of memory" if name == "SIGKILL" else name
