"""What the import contracts of pyproject.toml cannot say: imports that must be late, and what starting loads."""

import ast
import json
import os
import subprocess
import sys

import pytest

from support.house import modules

MODULES = modules()

VENDORS = ("anthropic", "openai", "google.genai", "google.generativeai")
DRIVERS = ("sqlite3", "sqlite_utils", "psycopg", "psycopg_pool")
CONCRETE = (
    "parley_events.stores",
    "parley_profiling.stores.CallStore",
    "parley_providers.adapters",
    "parley_providers.engine",
)
HEAVY = ("libcst", "tree_sitter", "httpx2", "xllamacpp", "numpy", "scipy", *VENDORS, *DRIVERS)


def _imports(tree):
    """Every import as (dotted name, whether it stands inside a function or under TYPE_CHECKING)."""
    late = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((f"{node.module}.{alias.name}", id(node) in late) for alias in node.names)


def _without_types(tree):
    """The statements that run."""
    kept = [node for node in tree.body if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))]
    return ast.Module(body=kept, type_ignores=[])


def _is_of(name, packages):
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_vendor_sdks_are_imported_by_adapters_alone_and_late():
    """Who uses one vendor never pays for another's SDK."""
    found = [
        (module.name, name)
        for module in MODULES
        for name, late in _imports(module.tree)
        if _is_of(name, VENDORS) and not (late and module.name.startswith("parley_providers.adapters."))
    ]
    assert found == []


def test_the_types_of_lsp_stay_in_the_language_server():
    """Nothing else sees the wire."""
    found = [
        (module.name, name)
        for module in MODULES
        for name, _ in _imports(module.tree)
        if _is_of(name, ("pygls", "lsprotocol")) and not _is_of(module.name, ("parley_server.lsp",))
    ]
    assert found == []


def test_what_is_concrete_is_built_by_the_composition_root_alone():
    """Front ends and the agent take Protocols; they may name a concrete class only for the type checker."""
    found = [
        (module.name, name)
        for module in MODULES
        if _is_of(module.name, ("parley_server", "parley_agent"))
        and not _is_of(module.name, ("parley_server.app", "parley_server.named"))
        for name, _ in _imports(_without_types(module.tree))
        if _is_of(name, CONCRETE)
    ]
    assert found == []


def test_database_drivers_are_imported_by_stores_alone():
    """Everything else speaks to a port."""
    found = [
        (module.name, name)
        for module in MODULES
        for name, _ in _imports(module.tree)
        if _is_of(name, DRIVERS) and "stores" not in module.name.split(".")
    ]
    assert found == []


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]], ids=" ".join)
def test_asking_the_command_for_help_loads_nothing_heavy(arguments):
    """Help is as fast as the library that prints it."""
    loaded = _loaded_by("from parley_server.cli import main; main()", *arguments)
    never = (*HEAVY, "asyncio", "pygls", "lsprotocol", "pydantic", "rich")
    assert sorted(name for name in loaded if _is_of(name, never)) == []


def test_starting_the_server_loads_what_answering_initialize_needs():
    """No SDK, no driver, no grammar, no HTTP: each is loaded by the first request that needs it."""
    loaded = _loaded_by("from parley_server.cli import main; main()", "serve", typed=_session())
    assert "pygls.lsp.server" in loaded
    assert sorted(name for name in loaded if _is_of(name, (*HEAVY, "typer", "rich", "pydantic"))) == []
    assert sorted(name for name in loaded if name.startswith("tree_sitter")) == []


def _session():
    """What an editor sends that greets the server and leaves."""
    initialize = {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}}
    messages = (
        initialize,
        {"method": "initialized", "params": {}},
        {"id": 2, "method": "shutdown"},
        {"method": "exit"},
    )
    bodies = (json.dumps({"jsonrpc": "2.0", **message}) for message in messages)
    return "".join(f"Content-Length: {len(body)}\r\n\r\n{body}" for body in bodies)


def _loaded_by(code, *arguments, typed=""):
    """The modules that a Python process imports while it runs `code`, by its own account on standard error.

    It is not measured by coverage, which would import modules of its own.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code, *arguments],
        input=typed,
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines() if line.startswith("import time:")}
