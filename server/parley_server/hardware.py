"""What this machine is called in call records: measurements are only compared with those of the same hardware."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path


@cache
def hardware_name() -> str:
    """Processor, cores and memory in one line, such as "AMD EPYC, 2 cores, 24 GB"; the same at every start."""
    import psutil

    cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    gigabytes = round(psutil.virtual_memory().total / 1e9)
    return f"{_processor()}, {cores} {'core' if cores == 1 else 'cores'}, {gigabytes} GB"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine() or "unknown processor"
