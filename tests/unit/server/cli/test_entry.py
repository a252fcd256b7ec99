"""The quick way into `parley serve` takes the same options as the command line's library."""

from pathlib import Path

import pytest
import typer.main

from parley_server.cli.entry import ServeOptions, plain_options
from parley_server.cli.root import app


def test_both_ways_know_the_same_options():
    """An option that is added to one is added to the other, but what is for debugging alone: it can wait."""
    command = typer.main.get_command(app).get_command(None, "serve")
    options = {parameter.name for parameter in command.params} - {"stdio", "tcp"}
    assert options == set(ServeOptions.__annotations__)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], {}),
        (["--stdio"], {}),
        (["--stdio", "--log-file", "a"], {"log_file": Path("a")}),
        (["--scripted=b=c", "--log-file=a"], {"log_file": Path("a"), "scripted": Path("b=c")}),
        (["--log-level", "debug"], {"log_level": "debug"}),
        (["--log-level=loud"], None),
        (["--help"], None),
        (["--tcp", "127.0.0.1:0"], None),
        (["--log-file"], None),
        (["--log-file", ""], None),
        (["--stdio=yes"], None),
        (["extra"], None),
    ],
)
def test_what_is_not_plain_is_left_to_the_library(arguments, options):
    """Help and mistakes are its work."""
    assert plain_options(arguments) == options
