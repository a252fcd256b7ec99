"""Where a generated test goes and how it reaches what it tests: conventions of pytest, node, jest, vitest and go.

What is there in the workspace is asked of a `Workspace`; nothing is written here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parley_agent.refactor.decision_edits import definition_of
from parley_agent.refactor.errors import RefactorRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley_agent.refactor.target import Place

_MAX_MANIFEST_CHARACTERS = 100_000
_SCRIPTS = frozenset({"javascript", "jsx", "javascriptreact", "typescript", "tsx", "typescriptreact"})


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:_MAX_MANIFEST_CHARACTERS]
    except OSError:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """What is asked of the file system: whether a path is there, and the text of a file ("" if there is none)."""

    root: Path | None = None
    exists: Callable[[Path], bool] = Path.exists
    text_of: Callable[[Path], str] = _text_of

    def holds(self, folder: Path) -> bool:
        """Whether the folder is there and in the workspace itself: a link may lead anywhere."""
        return self.root is not None and self.exists(folder) and folder.resolve().is_relative_to(self.root.resolve())


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTestFile:
    """A test file to be: its absolute `path`, its first lines, the framework, and the name that it tests."""

    path: Path
    head: str
    framework: str
    subject: str


def has_convention(place: Place) -> bool:
    """Whether it is known how tests are written in the document's language."""
    return place.is_python or place.language.id in _SCRIPTS or place.language.id == "go"


def new_test_file(place: Place, workspace: Workspace) -> NewTestFile:
    """Where tests of the target go; never a file that is there already.

    Raises:
        RefactorRefusedError: a test could not reach the target, or no convention is known.
    """
    definition = definition_of(place)
    if place.document.path is None:
        raise RefactorRefusedError(
            "no-file", "The buffer has no file yet, so a test could not import it. Save it first."
        )
    source = Path(place.document.path)
    subject = definition.qualified_name.split(place.language.separator)[0]
    if place.is_python:
        return _python(place, workspace, source, subject)
    if place.language.id in _SCRIPTS:
        return _script(place, workspace, source, subject)
    if place.language.id == "go":
        package = re.search(r"^package\s+(\w+)", place.document.text, re.MULTILINE)
        path = _free(workspace, source.with_name(f"{source.stem}_test.go"), definition.name, "{stem}_{name}_test.go")
        head = f'package {package[1] if package else "main"}\n\nimport "testing"'
        return NewTestFile(path=path, head=head, framework="Go's testing package", subject=definition.name)
    raise RefactorRefusedError("no-convention", f"Parley knows no convention for tests in {place.language.name} yet.")


def _python(place: Place, workspace: Workspace, source: Path, subject: str) -> NewTestFile:
    if place.target.indent and definition_of(place).kind == "function":
        raise RefactorRefusedError(
            "unreachable", f"{place.target.name} is inside another function, so a test could not import it."
        )
    package = source.parent
    parts = [source.stem] if source.stem != "__init__" else []
    while workspace.exists(package / "__init__.py"):
        parts.insert(0, package.name)
        package = package.parent
    folder = source.parent
    if workspace.root is not None and workspace.holds(workspace.root / "tests"):
        folder = workspace.root / "tests"
    path = _free(workspace, folder / f"test_{source.stem.strip('_')}.py", subject, "test_{stem}_{name}.py")
    head = f"from {'.'.join(parts)} import {subject}"
    return NewTestFile(path=path, head=head, framework="pytest", subject=subject)


def _script(place: Place, workspace: Workspace, source: Path, subject: str) -> NewTestFile:
    text = place.document.text
    stem = f"./{source.stem}" + (source.suffix if source.suffix in {".mjs", ".js"} else "")
    is_common = re.search(rf"\bexports\b[^;]*\b{subject}\b", text) is not None
    if is_common:
        reach = f"const {{ {subject} }} = require('{stem}');"
    elif re.search(rf"export\s+default\s+(?:async\s+)?(?:function|class)?\s*\*?\s*{subject}\b", text):
        reach = f"import {subject} from '{stem}';"
    elif re.search(
        rf"export\s+(?:async\s+)?(?:function\s*\*?|class|const|let)\s+{subject}\b|export\s*{{[^}}]*\b{subject}\b", text
    ):
        reach = f"import {{ {subject} }} from '{stem}';"
    else:
        raise RefactorRefusedError("unreachable", f"{subject} is not exported, so a test could not import it.")
    manifest = workspace.text_of(workspace.root / "package.json") if workspace.root is not None else ""
    suffix = source.suffix
    path = _free(workspace, source.with_name(f"{source.stem}.test{suffix}"), subject, f"{{stem}}.{{name}}.test{suffix}")
    if '"vitest"' in manifest:
        head, framework = f"import {{ expect, test }} from 'vitest';\n{reach}", "vitest"
    elif '"jest"' in manifest or '"ts-jest"' in manifest:
        head, framework = reach, "jest"
    elif is_common:
        head = f"const test = require('node:test');\nconst assert = require('node:assert');\n{reach}"
        framework = "node:test with node:assert"
    else:
        head = f"import test from 'node:test';\nimport assert from 'node:assert';\n{reach}"
        framework = "node:test with node:assert"
    return NewTestFile(path=path, head=head, framework=framework, subject=subject)


def _free(workspace: Workspace, wanted: Path, name: str, pattern: str) -> Path:
    """`wanted`, or the next path by `pattern` at which nothing is."""
    if not workspace.exists(wanted):
        return wanted
    stem = re.sub(r"^test_|_test$|\.test$", "", wanted.stem)
    plain = re.sub(r"\W", "_", name).strip("_").lower()
    for number in range(1, 100):
        path = wanted.with_name(pattern.format(stem=stem, name=plain + (f"_{number}" if number > 1 else "")))
        if not workspace.exists(path):
            return path
    raise RefactorRefusedError("no-room", f"There are a hundred test files beside {wanted} already. Remove some first.")
