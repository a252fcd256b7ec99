"""The `parley` command itself: its help, its version, and the boundary where errors become one line and an exit code.

Exit codes: 0 done; 1 refused or failed, with the reason on standard error; 2 wrong usage; 130 cancelled.
"""

from __future__ import annotations

import typer

from parley_server.cli.ask import ask
from parley_server.cli.auth import auth
from parley_server.cli.boundary import run_guarded
from parley_server.cli.config import config
from parley_server.cli.demo import demo
from parley_server.cli.doctor import doctor
from parley_server.cli.entry import print_version
from parley_server.cli.events import events
from parley_server.cli.models import models
from parley_server.cli.profile import profile
from parley_server.cli.refactor import refactor
from parley_server.cli.serve import serve
from parley_server.cli.usage import usage

app = typer.Typer(
    name="parley",
    help="A council of models, local first, behind any editor.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print_version()
        raise typer.Exit


@app.callback()
def _root(
    _version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
    ),
) -> None:
    pass


app.command()(demo)
app.command()(ask)
app.command()(refactor)
app.command()(serve)
app.add_typer(models, name="models")
app.add_typer(auth, name="auth")
app.add_typer(config, name="config")
app.add_typer(events, name="events")
app.command()(profile)
app.command()(usage)
app.command()(doctor)


def main() -> None:
    """Run the command line."""
    run_guarded(app)
