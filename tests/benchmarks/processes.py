"""The processes that benchmarks start: Parley and what it is compared with, in an environment of their own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PARLEY = str(Path(sys.executable).with_name("parley"))

BARE_SERVER = (
    sys.executable,
    "-c",
    "from pygls.lsp.server import LanguageServer; LanguageServer('bare', '1').start_io()",
)
"""A pygls server that does nothing but answer `initialize`: what any server on this foundation costs at least."""


def environment(scratch: Path, **more: str) -> dict[str, str]:
    """The present environment without anything of the person's, who has no models and no settings.

    Modules are compiled once and kept, as an installer does it, whatever the present environment says of that.
    """
    left_out = ("PARLEY_", "XDG_", "OLLAMA_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return {
        **kept,
        "HOME": str(scratch),
        "PARLEY_DATA_DIR": str(scratch / "data"),
        "PARLEY_MODELS_DIR": str(scratch / "models"),
        "PARLEY_CONFIG": str(scratch / "config.yaml"),
        **more,
    }
