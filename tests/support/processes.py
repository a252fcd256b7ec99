"""Whether processes are there that a test did not start itself, so that it cannot wait for them."""

from __future__ import annotations

import psutil


def has_ended(pid):
    """Whether the process of that id is gone, or done and only not waited for by whoever inherited it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
