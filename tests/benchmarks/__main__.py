"""The benchmarks' entry: `python -m tests.benchmarks [--out FILE] [--only NAME…] [--quick] [--list]`.

Puts `tests` on the path, as pytest does, so that benchmarks import `benchmarks.figures` and `support.<name>`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.harness import main
from benchmarks.machine import prefer_this_process

if __name__ == "__main__":
    prefer_this_process()
    sys.exit(main())
