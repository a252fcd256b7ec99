"""What the machine was when figures were measured: without it a number means nothing a month later."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from benchmarks.figures import Cell

_ROOT = Path(__file__).resolve().parents[2]
_NICENESS = -10


def prefer_this_process() -> None:
    """Ask the system to run this process and its children before others, so that those disturb less what is measured.

    Where the system does not allow it nothing happens; the niceness is among `machine_facts`.
    """
    if hasattr(os, "setpriority"):
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)


def machine_facts() -> dict[str, Cell]:
    """Hardware, system and versions; None where this system does not tell."""
    memory = psutil.virtual_memory()
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "logical_processors": os.cpu_count(),
        "memory_bytes": memory.total,
        "memory_available_bytes": memory.available,
        "load_average_1_min": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "niceness": os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else None,
        "python": sys.version.split()[0],
        "parley": version("parley-ls"),
        "commit": _commit(),
    }


def _processor() -> str | None:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or None


def _commit() -> str | None:
    try:
        found = subprocess.run(
            ["git", "-C", str(_ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip() or None
