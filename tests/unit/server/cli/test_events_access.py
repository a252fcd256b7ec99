"""What Ctrl-C does to a command that works on a whole event store."""

import asyncio
import os
import signal

import pytest
import typer

from parley_server.cli.events_access import heard_at_once, stopped_by_ctrl_c


def test_ctrl_c_is_one_line_and_its_own_exit_code(capsys):
    """No trace, and nothing of it on standard output."""
    with pytest.raises(typer.Exit) as left, stopped_by_ctrl_c("Stopped: nothing came of it."):
        raise KeyboardInterrupt
    assert left.value.exit_code == 130
    assert capsys.readouterr() == ("", "Stopped: nothing came of it.\n")


def test_ctrl_c_ends_a_wait_that_the_loop_does_not_hear(capsys):
    """Here for a pipe into which nobody writes, which Python itself would go on waiting for."""
    ours, theirs = os.pipe()

    async def work():
        with heard_at_once():
            signal.raise_signal(signal.SIGINT)
            os.read(ours, 1)

    try:
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(work())
    finally:
        os.close(ours)
        os.close(theirs)


def test_what_is_stopped_already_does_not_begin_to_wait():
    """Ctrl-C came while the loop listened."""

    async def work():
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0)

    async def waits():
        try:
            await work()
        finally:
            with heard_at_once():
                raise AssertionError("it began")

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(waits())
