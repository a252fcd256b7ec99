"""How modules and classes are called, and what their docstrings tell."""

import ast
import re

import pytest

from support.house import ROOT, modules

VAGUE_MODULES = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
DOERS = re.compile(r"(Manager|Helpers?|Utils?|Utilities|Doer|Impl|Wrapper|Processor|Performer)$")

MODULES = modules()


def test_no_module_has_a_vague_name():
    """A name says what is inside."""
    assert [module.name for module in MODULES if module.name.rpartition(".")[2].lstrip("_") in VAGUE_MODULES] == []


def test_no_class_is_named_for_doing():
    """Classes are named for what they are; what is only done is a function."""
    found = [
        f"{module.name}.{node.name}"
        for module in MODULES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and DOERS.search(node.name)
    ]
    assert found == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_says_what_it_owns(module):
    """Every module has a docstring whose first line is a sentence."""
    docstring = ast.get_docstring(module.tree)
    assert docstring is not None
    assert re.search(r"[.:!?]$", docstring.split("\n\n")[0].strip())


def test_a_long_module_says_what_it_leaves_to_others():
    """Above 200 lines a first sentence is not enough to know what belongs inside."""
    found = [
        module.name
        for module in MODULES
        if len(module.text.splitlines()) > 200
        and not module.is_package
        and len(re.findall(r"[.!?;:](?:\s|$)", ast.get_docstring(module.tree) or "")) < 2
    ]
    assert found == []


def test_modules_stay_short():
    """The aim is 300 lines; one of more than 350 is two modules, unless it is named here with the reason."""
    one_thing = {
        "parley_server.lsp.wire": "every shape of the wire stands in one place, read by people who write editors"
    }
    found = [module.name for module in MODULES if len(module.text.splitlines()) > 350]
    assert sorted(set(found) - set(one_thing)) == []


def test_a_package_with_several_modules_gives_their_reading_order():
    """A newcomer is told where to begin, and where each module belongs; of modules that are alike, that any will do."""
    silent = []
    for module in MODULES:
        if module.is_package:
            inside = {path.stem for path in module.path.parent.glob("*.py")} - {"__init__", "__main__"}
            order = (ast.get_docstring(module.tree) or "").partition("eading order: ")[2]
            unsaid = [name for name in sorted(inside) if f"`{name}`" not in order]
            if len(inside) > 2 and not (order and (unsaid == [] or re.search(r"\bany (one|command)\b", order))):
                silent.append((module.name, unsaid))
    assert silent == []


def test_every_folder_of_tests_is_run_by_a_session():
    """A folder that no nox session names would never run."""
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    folders = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("test_*.py")}
    assert sorted(folder for folder in folders if f'"tests/{folder}"' not in noxfile) == []
