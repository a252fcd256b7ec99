"""The entry of the `parley` command: the server and the version do not wait for the command line's library.

Every other command, and every option of `serve` that is not plain, goes to `root`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, get_args

if TYPE_CHECKING:
    from collections.abc import Sequence

LogLevel = Literal["debug", "info", "warning", "error"]
CANCELLED = 130
LEVELS: tuple[LogLevel, ...] = get_args(LogLevel)


class ServeOptions(TypedDict, total=False):
    """The options of `parley serve` that were given."""

    log_file: Path
    log_level: LogLevel
    scripted: Path


def main() -> None:
    """Run the command line; Ctrl-C while it begins ends it without a word, as the commands themselves do."""
    try:
        open_closed_streams()
        _run()
    except KeyboardInterrupt:
        sys.exit(CANCELLED)


def open_closed_streams() -> None:
    """Put nothing in the place of a closed standard stream (`<&-`), whose number would be the next file's."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nothing = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, open(nothing, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


def print_version() -> None:
    """Print the version of this installation."""
    from importlib.metadata import version

    sys.stdout.write(f"parley {version('parley-ls')}\n")


def plain_options(arguments: Sequence[str]) -> ServeOptions | None:
    """The options of `parley serve` among `arguments`; None where there is anything else to read or to complain of."""
    options = ServeOptions()
    rest = list(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name == "--stdio" and not equals:
            continue
        if name not in ("--log-file", "--log-level", "--scripted") or (not equals and not rest):
            return None
        given = value if equals else rest.pop(0)
        if not given.strip():
            return None
        if name == "--log-file":
            options["log_file"] = Path(given)
        elif name == "--scripted":
            options["scripted"] = Path(given)
        elif level := next((each for each in LEVELS if each == given), None):
            options["log_level"] = level
        else:
            return None
    return options


def _run() -> None:
    if sys.argv[1:2] == ["serve"] and (options := plain_options(sys.argv[2:])) is not None:
        from parley_server.cli.boundary import run_guarded
        from parley_server.lsp.starting import serve_stdio

        run_guarded(lambda: sys.exit(serve_stdio(**options)))
    if sys.argv[1:] == ["--version"]:
        print_version()
    else:
        from parley_server.cli.ended import ended_as_by_ctrl_c

        with ended_as_by_ctrl_c():
            from parley_server.cli.root import main as root

            root()
