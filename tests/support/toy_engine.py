"""Engine processes without an engine: small programs in the place of the real child, one for each way to behave."""

from __future__ import annotations

import sys
from pathlib import Path

from parley_providers.engine.spec import EngineSpec

SERVES = "import json, sys; sys.stdin.readline(); print(json.dumps({'address': 'http://127.0.0.1:9'}), flush=True)\n"


def child(program: str) -> tuple[str, ...]:
    """The command line of a child that runs `program`."""
    return (sys.executable, "-c", program)


OBEDIENT = child(f"{SERVES}sys.stdin.read()")
FAILING = child("import sys; sys.stdin.readline(); sys.stderr.write('no such\\x1b[31m file\\n'); sys.exit(3)")
SILENT = child("import sys; sys.stdin.read()")


def toy_spec(name: str = "toy") -> EngineSpec:
    """A spec that needs next to nothing."""
    return EngineSpec(
        name=name,
        path=Path("/nowhere.gguf"),
        size_bytes=1,
        kv_bytes_per_token=1,
        context_tokens=128,
        batch_tokens=64,
        threads=1,
    )
