"""The one entry to every check: `nox` runs all, quick ones first, and stops at the first that fails; `nox -s unit` one.

Sessions run in the environment that `make test` installed, so that what is checked is what a developer uses. Behind
`--`, a test session takes pytest's arguments: `nox -s unit -- -k rename`.
"""

import os
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "none"
nox.options.stop_on_first_error = True

CODE = ("server", "agent", "profiling", "providers", "events", "tests", "noxfile.py")

# `make test` and pre-commit call nox by its path: the tools beside it are meant, whatever PATH says.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: rules and format."""
    session.run("ruff", "check", *CODE)
    session.run("ruff", "format", "--check", *CODE)


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict, over all packages."""
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """Who may import whom, what starting imports, and how modules and classes may be called."""
    session.run("lint-imports")
    run_tests(session, "tests/architecture", "--ignore=tests/architecture/test_wheel.py")


@nox.session
def unit(session: nox.Session) -> None:
    """Each package by itself, beginning a new measurement of coverage."""
    session.run("coverage", "erase")
    run_tests(session, "tests/unit")


@nox.session
def contract(session: nox.Session) -> None:
    """Each Protocol's one suite, over all its implementations."""
    run_tests(session, "tests/contract")


@nox.session
def marker(session: nox.Session) -> None:
    """One text file for each case, by a real server; `-- --update-markers` writes what was seen."""
    run_tests(session, "tests/marker")


@nox.session
def e2e(session: nox.Session) -> None:
    """Real processes: the server over stdio, the command line, the engine, models."""
    run_tests(session, "tests/e2e")


@nox.session
def wheel(session: nox.Session) -> None:
    """What a user would install."""
    run_tests(session, "tests/architecture/test_wheel.py")


@nox.session
def coverage(session: nox.Session) -> None:
    """What the sessions before it have covered together, by branches: at least 90%, of the event store all.

    The tenth of a percent is what a race between threads may miss in one run.
    """
    session.run("coverage", "combine")
    session.run("coverage", "report")
    session.run("coverage", "report", "--include=*/parley_events/*", "--precision=2", "--fail-under=99.9")


def run_tests(session: nox.Session, *what: str) -> None:
    """Pytest: measuring coverage when a whole session runs, plainly when arguments choose some of it."""
    if session.posargs:
        session.run("pytest", *what, *session.posargs)
    else:
        session.run("coverage", "run", "-m", "pytest", *what)
