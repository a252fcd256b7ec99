"""The one entry to every check: `nox` runs all, `nox -s unit` one.

Sessions run in the environment that `make test` installed, so that what is checked is what a developer uses.
"""

import nox

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "none"

CODE = ("server", "agent", "profiling", "providers", "events", "tests", "noxfile.py")


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
    """Who may import whom."""
    session.run("lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """Every test: unit, contract, architecture, marker, e2e; `nox -s tests -- tests/unit -k rename` for some."""
    session.run("pytest", *session.posargs)
