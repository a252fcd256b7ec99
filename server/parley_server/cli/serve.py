"""`parley serve`: the language server over standard input and output, or for debugging over TCP."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parley_server.cli.entry import LEVELS, LogLevel
from parley_server.cli.names import log_level as log_level_named

if TYPE_CHECKING:
    from parley_server.lsp.tcp import Address


def serve(
    tcp: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:]PORT",
            help="Serve one editor over TCP on this machine, to debug the server in a process of its own; "
            "0 takes a free port and tells it.",
        ),
    ] = None,
    stdio: Annotated[bool, typer.Option("--stdio", help="Speak over standard input and output; the default.")] = True,
    log_file: Annotated[
        Path | None, typer.Option(help="Write a log there; standard output belongs to the protocol.")
    ] = None,
    log_level: Annotated[
        LogLevel | None,
        typer.Option(
            parser=log_level_named,
            metavar="LEVEL",
            help=f"How much is logged ({', '.join(LEVELS)}); by default info in a log file, warning on standard error.",
        ),
    ] = None,
    scripted: Annotated[
        Path | None,
        typer.Option(help="Answer from this script (JSON Lines) instead of a model: for tests and demonstrations."),
    ] = None,
) -> None:
    """Start the language server; an editor does this by itself.

    In Neovim 0.11: vim.lsp.config.parley = { cmd = { "parley", "serve" } }; vim.lsp.enable("parley")
    """
    del stdio  # editors name it, though it is what holds without --tcp
    from parley_server.lsp.starting import serve_stdio, serve_tcp

    if tcp is None:
        raise typer.Exit(serve_stdio(scripted=scripted, log_file=log_file, log_level=log_level))
    raise typer.Exit(serve_tcp(_address(tcp), scripted=scripted, log_file=log_file, log_level=log_level))


def _address(given: str) -> Address:
    from parley_server.lsp.tcp import AddressError, address_of

    if sys.platform == "win32":
        raise typer.BadParameter("TCP is served on Linux and macOS only; leave --tcp out to serve standard input.")
    try:
        return address_of(given)
    except AddressError as error:
        raise typer.BadParameter(str(error), param_hint="--tcp") from error
