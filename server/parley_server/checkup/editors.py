"""Looking for editors: which are on the path, in which version, and whether that version can run Parley."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from dataclasses import dataclass

from parley_agent.command import run
from parley_providers.child_environment import without_secrets
from parley_server.checkup.findings import Area, Finding, Verdict

_PATIENCE_S = 10.0
_VERSION = re.compile(r"\d+(?:\.\d+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """An editor: its programs by preference, the oldest version that works, and what is missing in an older one."""

    name: str
    programs: tuple[str, ...]
    oldest: tuple[int, ...]
    reason: str


EDITORS = (
    Editor(name="Neovim", programs=("nvim",), oldest=(0, 11), reason="vim.lsp.config came with 0.11"),
    Editor(name="Emacs", programs=("emacs",), oldest=(28, 1), reason="eglot needs 28.1, and is built in from 29"),
    Editor(
        name="VS Code", programs=("code", "codium", "code-server"), oldest=(1, 82), reason="its LSP client is older"
    ),
    Editor(name="Zed", programs=("zed", "zeditor"), oldest=(0, 150), reason="extensions could not start servers"),
)


async def editors(search_path: str | None = None) -> tuple[Finding, ...]:
    """A finding for each known editor, and a warning if there is none at all.

    Args:
        search_path: Where to look, as in PATH; None is PATH itself.
    """
    async with asyncio.TaskGroup() as group:
        looks = [group.create_task(_look(editor, search_path)) for editor in EDITORS]
    found = tuple(look.result() for look in looks)
    if any(finding.verdict is not Verdict.ABSENT for finding in found):
        return found
    none = Finding(
        area=Area.EDITORS,
        name="Editors",
        verdict=Verdict.WARNING,
        found="none of the known ones is on the path",
        fix="Any editor with a language client works: start `parley serve` from it. The README shows how.",
    )
    return (*found, none)


def verdict_of(editor: Editor, program: str, said: str | None) -> Finding:
    """What `said`, the output of the program's `--version`, means; None where it did not answer."""
    match = _VERSION.search(said or "")
    if match is None:
        return Finding(
            area=Area.EDITORS,
            name=editor.name,
            verdict=Verdict.WARNING,
            found=f"{program} does not tell its version",
            fix=f"Try it by hand: {program} --version",
        )
    number = tuple(int(part) for part in match[0].split("."))
    if number < editor.oldest:
        oldest = ".".join(map(str, editor.oldest))
        return Finding(
            area=Area.EDITORS,
            name=editor.name,
            verdict=Verdict.WARNING,
            found=f"{match[0]} at {program} is too old: {editor.reason}",
            fix=f"Install {editor.name} {oldest} or newer.",
        )
    return Finding(area=Area.EDITORS, name=editor.name, verdict=Verdict.OK, found=f"{match[0]} at {program}")


async def _look(editor: Editor, search_path: str | None) -> Finding:
    for name in editor.programs:
        if program := shutil.which(name, path=search_path):
            return verdict_of(editor, program, await _version_of(program))
    return Finding(area=Area.EDITORS, name=editor.name, verdict=Verdict.ABSENT, found="not on the path")


async def _version_of(program: str) -> str | None:
    try:
        ran = await run((program, "--version"), without_secrets(os.environ), within_s=_PATIENCE_S)
    except OSError:
        return None
    return None if ran.code is None else ran.output.decode(errors="replace")
