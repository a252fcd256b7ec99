"""`parley serve`: the language server over standard input and output."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parley_server.cli.entry import LogLevel


def serve(
    stdio: Annotated[bool, typer.Option("--stdio", help="Speak over standard input and output; the default.")] = True,
    log_file: Annotated[
        Path | None, typer.Option(help="Write a log there; standard output belongs to the protocol.")
    ] = None,
    log_level: Annotated[
        LogLevel | None,
        typer.Option(help="How much is logged: info in a log file and warning on standard error by default."),
    ] = None,
    scripted: Annotated[
        Path | None,
        typer.Option(help="Answer from this script (JSON Lines) instead of a model: for tests and demonstrations."),
    ] = None,
) -> None:
    """Start the language server; an editor does this by itself.

    In Neovim 0.11: vim.lsp.config.parley = { cmd = { "parley", "serve" } }; vim.lsp.enable("parley")
    """
    del stdio  # the one transport so far; editors name it all the same
    from parley_server.lsp.starting import serve_stdio

    raise typer.Exit(serve_stdio(scripted=scripted, log_file=log_file, log_level=log_level))
