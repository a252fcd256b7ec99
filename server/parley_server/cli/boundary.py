"""Where errors end in the terminal: one message on standard error and an exit code, never a stack trace."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSED = 1
_SPEAKING = frozenset(
    (
        *("ProviderError", "EventStoreError", "ConfigError", "FileError", "ProfilingError"),
        *("RefactorError", "EditRefusedError"),
    )
)


def run_guarded(command: Callable[[], object]) -> None:
    """Run a command line; whatever it raises becomes a message. For developers, `PARLEY_DEBUG=1` lets it through."""
    try:
        command()
    except Exception as error:
        if os.environ.get("PARLEY_DEBUG"):
            raise
        sys.stderr.write(f"parley: {message_of(error)}\n")
        sys.exit(REFUSED)


def message_of(error: Exception) -> str:
    """What a person is told: an error of ours speaks for itself, any other is named as a fault of Parley."""
    from parley_providers.plain_text import printable

    return printable(_message_of(error))


def _message_of(error: Exception) -> str:
    # Looked up by name, so that no room is imported to report an error that it cannot have raised.
    roots = {each.__name__ for each in type(error).__mro__}
    if roots & _SPEAKING:
        return str(error)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}."
    return (
        f"this is a fault of Parley's ({type(error).__name__}: {error}). "
        "Please report it, with what PARLEY_DEBUG=1 shows."
    )
