"""The commands that `parley` lists, and how they are found."""

import pytest
from typer.testing import CliRunner

from parley_server.cli.root import Commands, app


@pytest.mark.parametrize("name", Commands.summaries)
def test_every_listed_command_is_found_and_teaches(name):
    """What is listed without being imported exists, and its help says the same first word."""
    told = CliRunner().invoke(app, [name, "--help"])
    assert told.exit_code == 0, told.output
    assert f"parley {name}" in told.output or f"root {name}" in told.output
    assert Commands.summaries[name].split()[0].rstrip(":") in told.output


def test_help_lists_every_command():
    """In the order in which a person meets them."""
    told = CliRunner().invoke(app, ["--help"]).output
    places = [told.index(f"\n  {name} ") for name in Commands.summaries]
    assert places == sorted(places)


@pytest.mark.parametrize("name", ["models", "events", "config", "trust", "auth"])
def test_what_a_command_of_a_group_does_is_said_whole(name):
    """A line that is cut off teaches nobody."""
    listed = CliRunner().invoke(app, [name, "--help"]).output.partition("Commands:")[2]
    assert "..." not in listed


def test_a_slip_is_answered_with_the_nearest_command():
    """Usage errors exit with 2."""
    told = CliRunner().invoke(app, ["refacto"])
    assert (told.exit_code, "Did you mean 'refactor'?" in told.output) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "after"),
    [
        (("refactor", "a.py:1", "--as", "rename", "--test", "  "), "'--test'"),
        (("refactor", "a.py:1", "--as", "rename", "--test-command="), "'--test-command'"),
        (("refactor", "a.py:1", ""), "'a.py:1'"),
        (("events", "prune", "--older-than", "0h", "--yes", "--store", ""), "'--store'"),
        (("events", "tail", "--cursor", "\t"), "'--cursor'"),
        (("trust", "add", ""), "'add'"),
        (("models", "pull", ""), "'pull'"),
        (("serve", "--log-file="), "'--log-file'"),
        (("",), "'parley'"),
    ],
)
def test_what_is_blank_is_not_taken_for_what_was_left_out(arguments, after):
    """It would mean another store, another folder or no test where a shell's variable was empty."""
    answer = CliRunner().invoke(app, [*arguments])
    assert answer.exit_code == 2
    assert f"what comes after {after} is blank. Write it, or leave it out" in " ".join(answer.output.split())


@pytest.mark.parametrize(
    ("given", "told"), [("renam", "did you mean rename?"), ("xyz", "it can be custom, rename, extract-function")]
)
def test_a_kind_of_work_that_is_none_is_answered_with_one_that_is(given, told):
    """The nearest, or all of them."""
    answer = CliRunner().invoke(app, ["refactor", "a.py", "--as", given])
    assert answer.exit_code == 2
    assert f"'{given}' is no kind of work; {told}" in " ".join(answer.output.split())


def test_a_strategy_that_is_none_is_answered_with_the_nearest():
    """As a kind of work is."""
    answer = CliRunner().invoke(app, ["ask", "why?", "--strategy", "local"])
    assert answer.exit_code == 2
    assert "'local' is no strategy; did you mean local_first?" in " ".join(answer.output.split())


@pytest.mark.parametrize(
    ("given", "told"), [("inf", "did you mean info?"), ("loud", "it can be debug, info, warning, error")]
)
def test_a_log_level_that_is_none_is_answered_with_the_nearest(given, told):
    """And nothing is served."""
    answer = CliRunner().invoke(app, ["serve", "--log-level", given])
    assert answer.exit_code == 2
    assert f"'{given}' is no log level; {told}" in " ".join(answer.output.split())
