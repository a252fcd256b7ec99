"""What the documents name is there: files, headings, modules, commands, targets, variables, and the tests of claims."""

import ast
import importlib
import re
import shlex
from functools import cache

import pytest
from typer.main import get_command

from parley_server.cli.root import app
from parley_server.config_keys import known_keys, variable_of
from support.house import ROOT, modules, packages

DOCUMENTS = {path.relative_to(ROOT).as_posix(): path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))}
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in DOCUMENTS.items()}
EVENTS = TEXTS["docs/events.md"]
KEPT = {"records/model-facts.json"}  # in the data folder; what is kept where is tested beside the document of it
UNRELEASED = {"parley_planner"}  # ARCHITECTURE.md says that it is to come


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\btest_\w+(?!\w|\.py)", EVENTS))))
def test_every_test_that_the_document_names_is_there(name):
    """A test that was renamed or removed leaves a claim without its proof."""
    files = (ROOT / "tests").rglob("test_*.py")
    assert any(f"def {name}(" in file.read_text(encoding="utf-8") for file in files)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\b(?:e2e|unit|contract)/[\w/]+\.py", EVENTS))))
def test_every_file_of_tests_that_the_document_names_is_there(path):
    """The same for a whole file."""
    assert (ROOT / "tests" / path).is_file()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document):
    """A file of the repository, and a heading in it where one is named."""
    links = re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", _prose(TEXTS[document]))
    assert [link for link in links if not link[0].startswith("http") and not _leads(DOCUMENTS[document], *link)] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(document):
    """From the root, from the tests, from a room, or in what a room holds."""
    where = [ROOT, ROOT / "tests", *(place for each in packages() for place in (each.parent, each))]
    named = set(re.findall(r"`((?:[\w-]+/)+[\w.-]+\.(?:py|md|json|el|lua))`", TEXTS[document])) - KEPT
    assert sorted(path for path in named if not any((place / path).exists() for place in where)) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_module_that_a_document_names_is_there(document):
    """With what is named in it."""
    named = set(re.findall(r"`(parley_\w+(?:\.\w+)*)`", TEXTS[document])) - UNRELEASED
    assert sorted(name for name in named if not _resolves(name)) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_member_of_a_class_that_a_document_names_is_there(document):
    """`Class.member`, where the class is one of the product."""
    members = _members()
    named = re.findall(r"`([A-Z]\w+)\.(\w+)", TEXTS[document])
    assert [each for each in named if each[0] in members and each[1] not in members[each[0]]] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_a_document_shows_is_there(document):
    """With the options that it shows."""
    assert [shown for shown in _shown_commands(TEXTS[document]) if _problem_of(shown)] == []


def test_every_command_that_a_message_names_is_there():
    """What a person is told to type can be typed."""
    named = {(module.name, shown) for module in modules() for shown in re.findall(r"`parley ([^`\n]+)`", module.text)}
    assert sorted(each for each in named if _problem_of(each[1])) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_target_of_make_that_a_document_names_is_there(document):
    """`make` and one word."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", TEXTS[document], re.MULTILINE))
    assert sorted(name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_variable_that_a_document_names_is_read(document):
    """A setting's, or one that the code asks for by name."""
    read = {variable_of(key) for key in known_keys()}
    read |= {name for module in modules() for name in re.findall(r"\"(PARLEY_[A-Z_]+)\"", module.text)}
    named = set(re.findall(r"\bPARLEY_[A-Z]+(?:_[A-Z]+)*\b", TEXTS[document]))
    assert sorted(named - read) == []


def test_decisions_say_where_they_stand():
    """Each has its number before its title and a status below; one that is superseded names by which."""
    form = re.compile(r"# (\d{4})\. \S.*\n\nStatus: (accepted|superseded by (\d{4}))\b.*\. Date: \d{4}-\d\d-\d\d\.\n")
    decisions = {name: text for name, text in TEXTS.items() if "/adr/" in name and "0000-template" not in name}
    found = {name: form.match(text) for name, text in decisions.items()}
    assert [name for name, match in found.items() if match is None or f"/{match[1]}-" not in name] == []
    numbers = {match[1] for match in found.values() if match}
    assert [name for name, match in found.items() if match and match[3] and match[3] not in numbers] == []


def test_every_decision_that_is_referred_to_is_there():
    """`ADR 0032`, in documents and in the product's sources."""
    numbers = {path.name[:4] for path in (ROOT / "docs" / "adr").glob("*.md")}
    texts = {**TEXTS, **{module.name: module.text for module in modules()}}
    found = [(name, number) for name, text in texts.items() for number in re.findall(r"\bADR (\d{4})\b", text)]
    assert [each for each in found if each[1] not in numbers] == []


def _prose(text):
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def _leads(document, path, heading):
    target = document.parent / path if path else document
    if not target.exists() or not heading:
        return target.exists()
    headings = re.findall(r"^#+ (.*)$", _prose(target.read_text(encoding="utf-8")), re.MULTILINE)
    return heading in {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def _resolves(dotted):
    """Whether the longest importable beginning of a name has what the rest names."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


@cache
def _members():
    """What the classes of each name have."""
    found = {}
    for node in (node for module in modules() for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)):
        for inside in node.body:
            names = {inside.name} if isinstance(inside, ast.FunctionDef | ast.AsyncFunctionDef) else set()
            names |= {each.id for each in ast.walk(inside) if isinstance(each, ast.Name)} if not names else set()
            found.setdefault(node.name, set()).update(names)
    return found


def _shown_commands(text):
    """What follows `parley` in code within a line, and at the beginning of a line of a block."""
    within = re.findall(r"`parley ([^`\n]+)`", text)
    lines = re.findall(r"^(?: {4})?(?:PARLEY_\w+=\S+ )?parley ([^\n]+)$", "\n".join(_blocks(text)), re.MULTILINE)
    return [re.split(r" [|>#]|  +", shown)[0] for shown in (*within, *lines)]


def _blocks(text):
    return [*re.findall(r"```sh\n(.*?)```", text, re.DOTALL), *re.findall(r"^ {4}\S.*$", _prose(text), re.MULTILINE)]


def _problem_of(shown):
    """What `parley` would not know of a command line that is shown; nothing if it knows all."""
    words = shlex.split(shown)
    names = words[0].split("|") if words else []
    found = _commands_of(get_command(app), names)
    rest = words[1:]
    if rest and not rest[0].startswith("-") and all(getattr(each, "commands", None) for each in found):
        found = [inner for each in found for inner in _commands_of(each, rest[0].split("|"))]
    if None in found:
        return f"no such command: {shown}"
    known = {option for each in found for parameter in each.params for option in parameter.opts} | {"--help"}
    known |= {option for each in found for parameter in each.params for option in parameter.secondary_opts}
    return [word for word in rest if word.startswith("--") and word not in known]


def _commands_of(group, names):
    return [get_command(app) if name.startswith("-") else group.get_command(None, name) for name in names]
