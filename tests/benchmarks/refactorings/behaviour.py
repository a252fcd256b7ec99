"""What a document does: its driver run in a folder of its own, with a deadline, in a process that is ended with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.refactorings.cases import Case

DEADLINE_S = 60
_COMMANDS = {
    "python": (sys.executable, "-B", "driver.py"),
    "javascript": ("node", "driver.js"),
    "go": ("go", "run", "."),
}
_INSTALLED_BY = {"node": "apt-get install nodejs", "go": "apt-get install golang-go"}
_KEPT = ("PATH", "HOME", "GOCACHE", "GOPATH", "GOROOT", "SYSTEMROOT", "TMPDIR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What a run printed and how it ended; `complaint` is what it said on standard error."""

    output: str
    exit_code: int
    complaint: str

    def same_as(self, other: Behaviour) -> bool:
        """Whether both printed the same and ended the same way; complaints hold paths and line numbers."""
        return (self.output, self.exit_code) == (other.output, other.exit_code)


def behaviour(case: Case, text: str) -> Behaviour:
    """What the case's driver does with `text` as the document; a run without an end counts as exit code -1."""
    with tempfile.TemporaryDirectory(prefix="parley-case-") as name:
        folder = Path(name)
        for file_name, content in {case.file_name: text, **case.drivers}.items():
            (folder / file_name).write_text(content)
        if case.language.id == "go":
            (folder / "go.mod").write_text("module refactoring\n\ngo 1.19\n")
        command = _COMMANDS[case.language.id]
        if shutil.which(command[0]) is None:
            raise FileNotFoundError(f"{command[0]} is missing; install it with: {_INSTALLED_BY[command[0]]}")
        environment = {key: os.environ[key] for key in _KEPT if key in os.environ}
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment | {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "PYTHONHASHSEED": "0"},
                capture_output=True,
                text=True,
                timeout=DEADLINE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Behaviour(output="", exit_code=-1, complaint=f"no end within {DEADLINE_S} s")
    return Behaviour(output=done.stdout, exit_code=done.returncode, complaint=done.stderr[-2000:])
