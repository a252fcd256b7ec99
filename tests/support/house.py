"""The product's own sources, for tests about how the house is kept."""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One source file of a package, parsed."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"


def packages() -> tuple[Path, ...]:
    """The folders of the import packages, as the wheel's configuration names them."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return tuple(ROOT / each for each in configuration["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


@cache
def modules() -> tuple[Module, ...]:
    """Every module of every package."""
    found = []
    for package in packages():
        for path in sorted(package.rglob("*.py")):
            parts = path.relative_to(package.parent).with_suffix("").parts
            text = path.read_text(encoding="utf-8")
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.append(Module(name=name, path=path, text=text, tree=ast.parse(text, str(path))))
    return tuple(found)
