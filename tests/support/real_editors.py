"""Real editors, headless, configured by the code blocks of docs/editors.md exactly as a person pastes them.

The command `parley` that they find on their path is the installed one, told to answer from a script where there is one.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from support.house import ROOT

PARLEY = str(Path(sys.executable).with_name("parley"))
GUIDE = ROOT / "docs" / "editors.md"
README = ROOT / "README.md"
_HERE = Path(__file__).parent
_DEADLINE_S = 590


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A folder to work in, and the environment in which an editor is started there."""

    folder: Path
    environment: dict[str, str]

    def file(self, name, text):
        """A file with `text`."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, program, arguments, result):
        """Run an editor to its end; what its steps wrote."""
        done = subprocess.run(
            [program, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_DEADLINE_S,
            check=False,
        )
        assert result.exists(), f"{program} ended with {done.returncode} and wrote nothing: {done.stdout}"
        written = json.loads(result.read_text(encoding="utf-8"))
        assert "error" not in written, f"{written['error']}\n{done.stdout}"
        return written["result"]


def desk(tmp_path, script=None, **more):
    """A desk where `parley serve` answers from `script`, a list of JSON lines; without one, from a real model."""
    folder, commands = tmp_path / "work", tmp_path / "commands"
    folder.mkdir()
    commands.mkdir()
    answers = tmp_path / "script.jsonl"
    told = ""
    if script is not None:
        answers.write_text("".join(json.dumps(line) + "\n" for line in script), encoding="utf-8")
        told = f" --scripted {shlex.quote(str(answers))}"
    command = commands / "parley"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(PARLEY)} "$@"{told}\n', encoding="utf-8")
    command.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    path = os.pathsep.join([str(commands), kept["PATH"]])
    return Desk(folder=folder, environment={**kept, "HOME": str(home), "PATH": path, **more})


def neovim(desk, steps, *, block=1):
    """What `steps`, Lua that may use `driver`, return in a Neovim whose init.lua is one block of the guide."""
    result = desk.folder.parent / "result.json"
    init = desk.folder.parent / "init.lua"
    init.write_text(blocks("lua")[block], encoding="utf-8")
    script = desk.folder.parent / "steps.lua"
    script.write_text(
        f"local driver = dofile({json.dumps(str(_HERE / 'neovim_driver.lua'))})\n"
        f"driver.main({json.dumps(str(result))}, function()\n{steps}\nend)\n",
        encoding="utf-8",
    )
    arguments = ["--headless", "-n", "-i", "NONE", "-u", str(init), "-c", f"luafile {script}", "-c", "qall!"]
    return desk.run(str(Path(sys.executable).with_name("nvim")), arguments, result)


def literal(text):
    """A string as Lua and Lisp both read it."""
    return json.dumps(text, ensure_ascii=False)


def emacs(desk, steps, *, block=0, guide=GUIDE):
    """What `steps`, Lisp that may use the driver, return in an Emacs whose init file is one block of a guide."""
    result = desk.folder.parent / "result.json"
    init = desk.folder.parent / "init.el"
    init.write_text(blocks("elisp", guide)[block], encoding="utf-8")
    script = desk.folder.parent / "steps.el"
    script.write_text(
        f";;; -*- lexical-binding: t; -*-\n(driver-main {json.dumps(str(result))} (lambda ()\n{steps}\n))\n",
        encoding="utf-8",
    )
    folders = [argument for path in emacs_packages() for argument in ("-L", str(path))]
    scripts = [str(init), str(_HERE / "emacs_driver.el"), str(script)]
    loads = [argument for path in scripts for argument in ("-l", path)]
    return desk.run(emacs_program(), ["--batch", "-Q", *folders, *loads], result)


@cache
def emacs_program():
    """Emacs; fails with the command that installs it."""
    program = shutil.which("emacs")
    assert program, "The tests need Emacs. Install it: sudo apt-get install emacs-nox elpa-eglot elpa-lsp-mode"
    return program


@cache
def emacs_packages():
    """The folders of Debian's Emacs packages, which `emacs -Q` leaves out."""
    return tuple(sorted(Path("/usr/share/emacs/site-lisp/elpa").glob("*-*")))


@cache
def blocks(language, guide=GUIDE):
    """The code blocks of `language` in the guide, in order."""
    return tuple(
        re.findall(rf"^```{language}\n(.*?)^```$", guide.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    )
