"""Looking at the machine: Python and Parley, terminal, memory, folders, and the database of call records."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from parley_profiling.errors import NewerStoreError, StoreError
from parley_profiling.stores import check_calls
from parley_server.checkup.findings import Area, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from parley_server.config_text import Entry
    from parley_server.project import Project
    from parley_server.settings import Settings


def installation(environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """Which Parley runs on which Python, and in what terminal."""
    return (
        Finding(
            area=Area.INSTALLATION,
            name="Parley",
            verdict=Verdict.OK,
            found=f"{version('parley-ls')} in {sys.prefix}, on {platform.platform(terse=True)}",
        ),
        Finding(
            area=Area.INSTALLATION,
            name="Python",
            verdict=Verdict.OK,
            found=f"{platform.python_version()} at {sys.executable}",
        ),
        _terminal(environment),
    )


def settings(project: tuple[Entry, ...] = ()) -> tuple[Settings, Finding]:
    """The person's settings, or the defaults where they have a mistake, and where they come from."""
    from parley_server.config import load_settings, user_path
    from parley_server.config_file import ConfigError
    from parley_server.settings import Settings

    path = user_path()
    try:
        loaded = load_settings(project=project)
    except ConfigError as error:
        found = f"{error} The defaults are looked at instead."
        return Settings(), Finding(
            area=Area.INSTALLATION,
            name="Settings",
            verdict=Verdict.WARNING,
            found=found,
            fix="Mend that line; until then Parley refuses to start a model.",
        )
    found = f"read from {path}" if path.exists() else f"defaults; {path} does not exist, and need not"
    return loaded, Finding(area=Area.INSTALLATION, name="Settings", verdict=Verdict.OK, found=found)


def workspace(project: Project) -> Finding:
    """Whether this workspace has settings of its own, and whether they are read."""
    match project.standing:
        case "absent" | "trusted" if not project.problems:
            trust = "trusted" if project.is_trusted else "not trusted"
            own = "its settings are read" if project.standing == "trusted" else "without settings of its own"
            return Finding(
                area=Area.INSTALLATION,
                name="Workspace",
                verdict=Verdict.OK,
                found=f"{project.folder} is {trust}, {own}",
            )
        case "untrusted" | "changed":
            verdict, fix = Verdict.ABSENT, f"To use it, look at it, then: parley trust add {project.folder}"
        case _:
            verdict, fix = Verdict.WARNING, f"Mend {project.file}, then: parley trust add {project.folder}"
    return Finding(area=Area.INSTALLATION, name="Workspace", verdict=verdict, found=" ".join(project.problems), fix=fix)


def memory(available_bytes: int, needed_bytes: int) -> Finding:
    """Whether the default embedded model would fit into the memory that is free now."""
    free = f"{available_bytes / 1e9:.1f} GB free"
    if available_bytes >= needed_bytes:
        return Finding(area=Area.STORAGE, name="Memory", verdict=Verdict.OK, found=free)
    return Finding(
        area=Area.STORAGE,
        name="Memory",
        verdict=Verdict.WARNING,
        found=f"{free}; the recommended model needs about {needed_bytes / 1e9:.1f} GB",
        fix="Close something, or use a smaller model: parley models list",
    )


def folder(name: str, path: Path, variable: str, *, wanted_bytes: int = 0) -> Finding:
    """Whether `path`, which need not exist yet, can be written to and has room for `wanted_bytes` more."""
    existing = path
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not (existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)):
        return Finding(
            area=Area.STORAGE,
            name=name,
            verdict=Verdict.PROBLEM,
            found=f"{path} cannot be written to ({existing} is not a writable folder)",
            fix=f"Make {existing} writable, or name another folder in {variable}.",
        )
    free = shutil.disk_usage(existing).free
    if free < wanted_bytes:
        return Finding(
            area=Area.STORAGE,
            name=name,
            verdict=Verdict.WARNING,
            found=f"{path} has {free / 1e9:.1f} GB left; a download needs {wanted_bytes / 1e9:.1f} GB",
            fix=f"Make room there, or name another folder in {variable}.",
        )
    return Finding(
        area=Area.STORAGE, name=name, verdict=Verdict.OK, found=f"{path} ({free / 1e9:.0f} GB free on its disk)"
    )


def database(path: Path) -> Finding:
    """Whether the call records can be read, and how many there are."""
    try:
        count = check_calls(path)
    except StoreError as error:
        problem = Verdict.PROBLEM if isinstance(error, NewerStoreError) else Verdict.WARNING
        return Finding(area=Area.STORAGE, name="Call records", verdict=problem, found=str(error))
    if count is None:
        found = f"none yet; the first call of a model begins {path}"
        return Finding(area=Area.STORAGE, name="Call records", verdict=Verdict.OK, found=found)
    return Finding(area=Area.STORAGE, name="Call records", verdict=Verdict.OK, found=f"{count:,} healthy in {path}")


def _terminal(environment: Mapping[str, str]) -> Finding:
    name = environment.get("TERM_PROGRAM") or environment.get("TERM") or "none"
    encoding = sys.stdout.encoding or "unknown"
    found = f"{name}, {encoding}, {shutil.get_terminal_size().columns} columns"
    if encoding.replace("-", "").lower() == "utf8":
        return Finding(area=Area.INSTALLATION, name="Terminal", verdict=Verdict.OK, found=found)
    return Finding(
        area=Area.INSTALLATION,
        name="Terminal",
        verdict=Verdict.WARNING,
        found=found,
        fix="Tables and diffs need UTF-8: set LC_ALL=C.UTF-8, or PYTHONUTF8=1.",
    )
