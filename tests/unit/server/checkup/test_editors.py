"""Looking for editors."""

import asyncio

import pytest

from parley_server.checkup.editors import EDITORS, editors, verdict_of
from parley_server.checkup.findings import Area, Finding, Verdict
from support.event_stores import eventually
from support.processes import has_ended
from support.virtual_time import standing_until

NEOVIM = EDITORS[0]


@pytest.fixture
def install(tmp_path):
    """Puts programs that print what they are given on a search path of their own."""

    def put(**programs):
        for name, says in programs.items():
            program = tmp_path / name
            program.write_text(f"#!/bin/sh\n{says}\n")
            program.chmod(0o755)
        return str(tmp_path)

    return put


async def test_editors_are_found_with_their_versions(install):
    """Each known editor is asked for its version; one that is not there is absent, which is no fault."""
    path = install(nvim="echo 'NVIM v0.11.4'; echo 'Build type: Release'", code="echo 1.96.2; echo abcdef; echo x64")
    found = await editors(path)
    assert [(each.name, each.verdict, each.found) for each in found] == [
        ("Neovim", Verdict.OK, f"0.11.4 at {path}/nvim"),
        ("Emacs", Verdict.ABSENT, "not on the path"),
        ("VS Code", Verdict.OK, f"1.96.2 at {path}/code"),
        ("Zed", Verdict.ABSENT, "not on the path"),
    ]


async def test_an_editor_under_its_other_name_is_found(install):
    """Zed's program is called zeditor by some distributions."""
    path = install(zeditor="echo 'Zed 0.205.3 /usr/bin/zeditor'")
    assert (await editors(path))[3].found == f"0.205.3 at {path}/zeditor"


async def test_without_any_editor_the_way_out_is_told(install):
    """None at all is a warning with what to do."""
    found = await editors(install())
    assert (found[-1].verdict, found[-1].fix) == (
        Verdict.WARNING,
        "Any editor with a language client works: start `parley serve` from it. The README shows how.",
    )


async def test_an_editor_that_fails_is_told_and_not_believed(install):
    """A broken program is a warning, not a crash."""
    path = install(emacs="exit 1")
    assert (await editors(path))[1] == Finding(
        area=Area.EDITORS,
        name="Emacs",
        verdict=Verdict.WARNING,
        found=f"{path}/emacs does not tell its version",
        fix=f"Try it by hand: {path}/emacs --version",
    )


def test_an_editor_that_never_answers_is_waited_for_no_longer_than_told(install, tmp_path):
    """Nor what it started: many are scripts, whose own end closes nothing. Nothing of it is left."""
    pid_file = tmp_path / "pid"
    path = install(code=f"sleep 1000 & echo $! > {pid_file}; wait")
    found = standing_until(lambda: pid_file.exists() and pid_file.read_text() != "", editors(path))
    assert (found[2].verdict, found[2].found) == (Verdict.WARNING, f"{path}/code does not tell its version")
    asyncio.run(eventually(lambda: asyncio.to_thread(has_ended, int(pid_file.read_text())), expected=True))


def test_an_old_editor_is_told_what_it_lacks():
    """0.9 is older than 0.11, though it sorts after it as text."""
    assert verdict_of(NEOVIM, "/usr/bin/nvim", "NVIM v0.9.5") == Finding(
        area=Area.EDITORS,
        name="Neovim",
        verdict=Verdict.WARNING,
        found="0.9.5 at /usr/bin/nvim is too old: vim.lsp.config came with 0.11",
        fix="Install Neovim 0.11 or newer.",
    )
