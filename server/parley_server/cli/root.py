"""The `parley` command itself: its help, its version, and the boundary where errors become one line and an exit code.

Exit codes: 0 done; 1 refused or failed, with the reason on standard error; 2 wrong usage; 3 waits for a yes;
130 cancelled; 143 and 129 ended by SIGTERM and SIGHUP, which are heard as Ctrl-C is.
"""

from __future__ import annotations

import typer

from parley_server.cli.boundary import run_guarded
from parley_server.cli.entry import print_version
from parley_server.cli.late import LateGroup


class Commands(LateGroup):
    """What `parley` can do."""

    summaries = {  # noqa: RUF012 - a class variable, as `LateGroup` says
        "demo": "Watch refactorings happen: a real server, driven as an editor would.",
        "refactor": "Refactor code with a model, and show what would change.",
        "ask": "Ask a model one question.",
        "serve": "Start the language server; an editor does this by itself.",
        "models": "List, fetch, remove and choose models.",
        "profile": "Show what calls of models have cost: waiting, speed and answers.",
        "usage": "Show how many tokens went to models and what they cost.",
        "events": "What happened: list, show, replay, compare, move and check it.",
        "doctor": "Look at this machine, and say how to mend what is missing.",
        "config": "Settings: what is set, whence, and what can be.",
        "trust": "Which workspaces may have settings of their own.",
        "auth": "Keys of providers: keep, remove, and see whence they come.",
    }


app = typer.Typer(
    name="parley",
    cls=Commands,
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


def main() -> None:
    """Run the command line."""
    run_guarded(app)
