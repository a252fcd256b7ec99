"""JSON is read strictly, and complaints name the place, the value and what was expected."""

import json
from pathlib import Path
from typing import get_args

import pytest

from parley_agent.refactor.tasks import TaskClass
from parley_server.lsp import protocol_file, wire
from parley_server.lsp.shapes import ShapeError, read, write
from support.house import ROOT

ARGUMENT = {
    "textDocument": {"uri": "file:///a.py"},
    "range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 4}},
}
FIELDS = protocol_file.protocol()["$defs"]["RefactorArguments"]["properties"]


def test_a_shape_is_read_with_its_defaults():
    """What is left out has the documented default."""
    given = read(wire.RefactorArguments, {**ARGUMENT, "task": "rename", "testCommand": ["make"]}, "it")
    assert given == wire.RefactorArguments(
        text_document=wire.TextDocument(uri="file:///a.py"),
        range=wire.Range(start=wire.Position(line=1, character=0), end=wire.Position(line=1, character=4)),
        task="rename",
        test_command=("make",),
    )


def test_null_is_what_was_left_out():
    """lsp-mode sends false as null."""
    assert read(wire.RefactorArguments, {**ARGUMENT, "confirm": None, "model": None}, "it") == read(
        wire.RefactorArguments, ARGUMENT, "it"
    )


def test_what_is_written_is_read_back():
    """Writing and reading are inverse; what is unknown is left out, not null."""
    given = wire.ModelsResult(models=(wire.Model(provider="ollama", name="m", size_bytes=5, loaded=False),))
    written = write(given)
    assert written == {"models": [{"provider": "ollama", "name": "m", "loaded": False, "sizeBytes": 5}]}
    assert read(wire.ModelsResult, written, "it") == given


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"range": 5}, "it.range must be an object, not 5."),
        ({"textDocument": {}}, "it.textDocument needs the field 'uri'."),
        ({"wait": 1}, "it.wait must be true or false, not 1."),
        ({"textDocument": {"uri": "a", "version": True}}, "it.textDocument.version must be an integer, not True."),
        ({"model": 3.5}, "it.model must be a string, not 3.5."),
        ({"testCommand": "make"}, "it.testCommand must be an array, not 'make'."),
        ({"testCommand": ["make", 1]}, "it.testCommand[1] must be a string, not 1."),
        ({"task": "dance"}, f"it.task must be one of {', '.join(map(repr, get_args(wire.Task)))}, not 'dance'."),
        ({"endpoint": "http://x"}, f"it has no field 'endpoint'; its fields are {', '.join(FIELDS)}."),
    ],
)
def test_what_is_wrong_is_named(change, complaint):
    """One sentence, with the value and the way out."""
    with pytest.raises(ShapeError) as caught:
        read(wire.RefactorArguments, {**ARGUMENT, **change}, "it")
    assert str(caught.value) == complaint


def test_the_wire_knows_every_task_class():
    """A task class that the agent has can be asked for; explain has a command of its own."""
    assert set(get_args(wire.Task)) == {task.value for task in TaskClass} - {"explain"}


def test_the_protocol_file_is_current():
    """`python -m parley_server.lsp.protocol_file > editors/protocol.json` was run."""
    kept = Path(ROOT / "editors" / "protocol.json").read_text(encoding="utf-8")
    assert json.loads(kept) == protocol_file.protocol()
    assert kept == protocol_file.text()


def test_every_name_of_the_wire_is_described():
    """No command, notification or request is missing from the file that editors are written from."""
    described = protocol_file.protocol()
    assert set(described["commands"]) == set(wire.Command)
    assert set(described["notifications"]) | set(described["requests"]) == set(wire.Method)
