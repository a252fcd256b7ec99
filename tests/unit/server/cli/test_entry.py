"""The quick way into `parley serve` takes the same options as the command line's library."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from parley_server.cli.entry import ServeOptions, plain_options
from parley_server.cli.root import app
from support.editor import environment


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


@pytest.mark.parametrize(
    ("arguments", "module"),
    [
        (["serve"], "parley_server.lsp.starting"),
        (["serve"], "parley_server.lsp.server"),
        (["doctor"], "parley_server.cli.root"),
        (["doctor"], "parley_server.app"),
    ],
)
def test_ctrl_c_while_a_command_begins_ends_it_without_a_stack_trace(arguments, module):
    """Here while it imports what it needs, which takes longest."""
    begun = (
        "import signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(name, *_):\n"
        f"        if name == {module!r}:\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.meta_path.insert(0, Interrupting)\n"
        f"sys.argv = ['parley', *{arguments!r}]\n"
        "from parley_server.cli import main\n"
        "main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", begun], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert (ended.returncode, ended.stderr) == (130, "")


@pytest.mark.parametrize(
    ("arguments", "closed", "code", "told"),
    [
        (("events", "import", "-"), "<&-", 1, "parley: There is no line to bring in. Was it made by"),
        (("config", "show", "--editor", "none"), "<&- >&-", 1, "parley: none: No such file or directory."),
        (("--version",), ">&-", 0, ""),
        (("config", "show"), "2>&-", 0, ""),
    ],
)
def test_a_closed_stream_is_one_that_is_empty(tmp_path, arguments, closed, code, told):
    """Its number is not given to the next file that is opened, which would then be written over."""
    shell = f'exec "$@" {closed}'
    ended = subprocess.run(
        ["/bin/sh", "-c", shell, "sh", sys.executable, "-m", "parley_server.cli", *arguments],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (ended.returncode, ended.stderr[: len(told) or None]) == (code, told)
