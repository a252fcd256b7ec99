"""A command ends with all that it started, whenever it is given up."""

import asyncio
import os
from contextlib import suppress

import psutil
import pytest

from parley_agent.command import Ran, run
from support.event_stores import eventually
from support.processes import has_ended
from support.virtual_time import standing_until


@pytest.mark.parametrize("steps", range(2, 8))
async def test_a_command_that_is_given_up_while_it_starts_ends_with_all_it_started(tmp_path, steps):
    """Nor is it waited for, though what it started holds its output open: it did so before asyncio had begun to read.

    Whatever step of the loop its start has come to; in the second the process is there.
    """
    told = tmp_path / "told"
    os.mkfifo(told)
    async with asyncio.TaskGroup() as group:
        script = f"sleep 1000 & echo $$ $! > '{told}'; wait"
        running = group.create_task(run(("sh", "-c", script), os.environ, within_s=1000))
        for _ in range(steps):
            await asyncio.sleep(0)
        first, child = map(psutil.Process, map(int, told.read_text().split()))
        running.cancel()
        await asyncio.wait([running], timeout=30)
        is_over = running.done() and not psutil.pid_exists(first.pid)
        with suppress(psutil.NoSuchProcess):  # what is not over shall not hold up the next test
            await eventually(lambda: asyncio.to_thread(has_ended, child.pid), expected=is_over)
            child.kill()
    assert is_over


def test_a_command_that_takes_too_long_has_no_exit_code(tmp_path):
    """What it wrote until then is there."""
    written = tmp_path / "written"
    script = f"echo begun; touch '{written}'; sleep 1000"
    ran = standing_until(written.exists, run(("sh", "-c", script), os.environ, within_s=60))
    assert ran == Ran(code=None, output=b"begun\n")
