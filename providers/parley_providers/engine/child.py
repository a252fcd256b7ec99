"""The program of the engine's process: reads one line of JSON, serves until its standard input ends.

It ends when its parent is gone, however the parent went: the pipe on standard input closes, and on Linux the kernel
sends SIGKILL besides. The key comes over that pipe, since arguments can be read by every user of the machine. One line
of JSON goes to standard output, the address; all that libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import suppress
from typing import Any

LOAD_FAILED = 3


def main() -> None:
    """Serve as the line on standard input says."""
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    wanted = json.loads(sys.stdin.buffer.readline())
    _die_with_parent(wanted["parent_pid"])
    watch = threading.Thread(target=_wait_for_parent, name="parley-engine-parent")
    watch.start()
    try:
        server = _serve(wanted)
    except Exception as error:  # noqa: BLE001 - the boundary of a process: its parent reads this line
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(LOAD_FAILED)
    report.write(json.dumps({"address": server.listening_address}) + "\n")
    report.close()
    watch.join()


def _serve(wanted: dict[str, Any]) -> Any:  # noqa: ANN401 - xllamacpp has no types
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = wanted["path"]
    params.model_alias = {wanted["name"]}
    params.api_keys = [wanted["api_key"]]
    params.hostnames = ["127.0.0.1"]
    # Port 0: the system picks a free one as it is bound, so that no other process can take it between.
    params.port = 0
    params.n_ctx = wanted["context_tokens"]
    params.n_batch = params.n_ubatch = wanted["batch_tokens"]
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = wanted["threads"]
    params.cache_ram_mib = wanted["prompt_cache_mib"]
    params.ctx_shift = False
    params.endpoint_slots = False
    params.offline = True
    params.ui = False
    params.warmup = False
    params.verbosity = wanted["verbosity"]
    return xllamacpp.Server(params)


def _die_with_parent(parent_pid: int) -> None:
    """Linux: be killed with the thread that started us, or at once if it is gone already."""
    if sys.platform != "linux":
        return
    import ctypes
    import signal

    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(0)


def _wait_for_parent() -> None:
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    os._exit(0)


if __name__ == "__main__":
    main()
