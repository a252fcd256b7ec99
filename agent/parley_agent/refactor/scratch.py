"""Running the test command that the person named, on the result, in a scratch copy of the workspace.

No file of the person's own is touched. The copy leaves out version control, caches, and what is gone before its turn
comes; a link is copied only if it leads to a place within the workspace. Folders of tools are linked: what a command
writes there, it writes into the real ones, so no result is tried on a file in them. The command runs without a shell,
in an environment of few variables, for a limited time, with its output cut; whatever it started ends with it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parley_agent.command import run
from parley_agent.refactor.errors import RefactorRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_LEFT_OUT = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".jj",
        "__pycache__",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".tox",
        ".nox",
        ".parley",
    }
)
# Large folders of tools, which a test needs and no test changes: linked, not copied.
_LINKED = frozenset({"node_modules", ".venv", "venv", "target", "vendor"})
_KEPT_VARIABLES = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
    "GOPATH",
    "GOCACHE",
    "JAVA_HOME",
)
_TAIL_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a scratch run may take: bytes and files copied, and the time of one run in seconds.

    `folder` is where copies are made; None is the system's folder for what is temporary.
    """

    copied_bytes: int = 200_000_000
    copied_files: int = 50_000
    run_s: float = 300.0
    folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended: `passed`, and the last of what it wrote."""

    passed: bool
    tail: str


class Scratch:
    """A copy of a workspace in a temporary folder, for one request."""

    def __init__(self, workspace: Path, folder: Path, limits: Limits) -> None:
        self._workspace = workspace
        self._folder = folder
        self._limits = limits

    @classmethod
    def of(cls, workspace: str, limits: Limits, given_up: Callable[[], bool] = lambda: False) -> Scratch:
        """Copy `workspace`; blocks, until it is done or `given_up` says so.

        Raises:
            RefactorRefusedError: it is no folder, too large or not to be copied, or given up.
        """
        root = Path(workspace).resolve()
        if not root.is_dir():
            raise RefactorRefusedError(
                "no-workspace", f"The workspace {workspace} is no folder, so no test can run there."
            )
        try:
            folder = Path(tempfile.mkdtemp(prefix="parley-scratch-", dir=limits.folder))
            try:
                _copy(root, folder / "workspace", limits, given_up)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        except OSError as error:
            wrong = f"The workspace cannot be copied for a test: {error}. Mend that, or go without a test command."
            raise RefactorRefusedError("not-copied", wrong) from error
        return cls(root, folder, limits)

    @property
    def root(self) -> Path:
        """The copied workspace."""
        return self._folder / "workspace"

    def write(self, texts: Mapping[str, str]) -> None:
        """Write files, given by their absolute paths in the workspace, into the copy; blocks.

        Raises:
            RefactorRefusedError: a path lies outside of the workspace, or in a folder that is not copied.
        """
        for path, text in texts.items():
            copied = self._copied(path)
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.unlink(missing_ok=True)
            copied.write_bytes(text.encode())

    def forget(self, paths: tuple[str, ...]) -> None:
        """Take files, given by their absolute paths in the workspace, out of the copy; blocks."""
        for path in paths:
            self._copied(path).unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the copy; blocks."""
        shutil.rmtree(self._folder, ignore_errors=True)

    async def run(self, command: tuple[str, ...]) -> Outcome:
        """Run `command` in the copy; a run that takes too long has not passed.

        Raises:
            RefactorRefusedError: there is no such program.
        """
        limit_s = self._limits.run_s
        environment = _environment(self._import_roots())
        try:
            ran = await run(command, environment, within_s=limit_s, folder=self.root, hears_errors=True)
        except OSError as error:
            raise RefactorRefusedError(
                "test-command", f"The test command {command[0]!r} could not be started: {error.strerror or error}."
            ) from error
        late = f"It took longer than {limit_s:.0f} seconds.\n" if ran.code is None else ""
        return Outcome(passed=ran.code == 0, tail=late + _tail(ran.output))

    def _import_roots(self) -> list[str]:
        """The folders of the copy that hold top-level Python packages, the workspace's own first."""
        packages = (path.parent.parent for path in sorted(self.root.glob("*/*/__init__.py")))
        holds = (each for each in packages if not (each / "__init__.py").exists())
        return [str(each) for each in dict.fromkeys((self.root, *holds))]

    def _copied(self, path: str) -> Path:
        real = Path(path).parent.resolve() / Path(path).name
        if not real.is_relative_to(self._workspace):
            raise RefactorRefusedError(
                "outside-workspace",
                f"{path} is outside of the workspace {self._workspace}, so no test can run on it.",
            )
        inner = real.relative_to(self._workspace)
        if apart := [name for name in inner.parts[:-1] if name in _LEFT_OUT | _LINKED]:
            raise RefactorRefusedError(
                "not-copied",
                f"{path} lies in {apart[0]}, which is linked or not copied for a test; none can run on it without "
                "a change of the file itself. Go without a test command.",
            )
        return self.root / inner


def _tail(output: bytes) -> str:
    text = output.decode(errors="replace")
    printable = "".join(each for each in text if each.isprintable() or each in "\n\t")
    return printable[-_TAIL_CHARACTERS:].strip()


def _environment(import_roots: list[str]) -> dict[str, str]:
    """A few variables of ours; no keys. Python must find the copy before an editable install of the original."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    path = os.pathsep.join(import_roots)
    return kept | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "CI": "1", "NO_COLOR": "1"}


def _copy(root: Path, copied: Path, limits: Limits, given_up: Callable[[], bool]) -> None:
    copied_bytes = files = 0
    copied.mkdir(parents=True)
    for source, is_linked in _contents(root):
        if given_up():
            raise RefactorRefusedError("cancelled", "The test was given up before it began.")
        goal = copied / source.relative_to(root)
        goal.parent.mkdir(parents=True, exist_ok=True)
        if is_linked:
            goal.symlink_to(source, target_is_directory=True)
            continue
        files += 1
        with suppress(FileNotFoundError):  # removed since its folder was listed, as what tools make for a moment is
            copied_bytes += source.stat().st_size
            if copied_bytes > limits.copied_bytes or files > limits.copied_files:
                raise RefactorRefusedError(
                    "workspace-too-large",
                    f"The workspace {root} is too large to copy for a test: more than {limits.copied_files:,} files or "
                    f"{limits.copied_bytes // 1_000_000:,} MB. Open a smaller folder, or go without a test command.",
                )
            shutil.copy2(source, goal)


def _contents(root: Path) -> Iterator[tuple[Path, bool]]:
    """The files to copy, and the folders to link (True)."""
    pending = [root]
    while pending:
        for entry in _entries(pending.pop()):
            path = Path(entry.path)
            if entry.name in _LEFT_OUT:
                continue
            if entry.is_symlink():
                real = path.resolve()
                if real.is_relative_to(root) and real.is_file():
                    yield path, False
            elif entry.is_dir():
                if entry.name in _LINKED:
                    yield path, True
                else:
                    pending.append(path)
            elif entry.is_file():
                yield path, False


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds, by name; nothing where it was removed meanwhile."""
    with suppress(FileNotFoundError):
        return sorted(os.scandir(folder), key=lambda each: each.name)
    return []
