"""Every file of `testdata` by a real server: what a person did, what the model said, and what the document became.

`nox -s marker -- --update-markers` writes what was seen into the files; `support.marker_files` tells how to read them.
Servers are kept alive from case to case, one for each kind of editor; a case that leaves one in doubt ends it.
"""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from lsprotocol import types

from parley_server.lsp.to_lsp import KINDS
from support.editor import EMACS, NEOVIM, VSCODE, editing
from support.marker_files import WRITTEN, MarkerFile

EDITORS = {"vscode": VSCODE, "neovim": NEOVIM, "emacs": EMACS}
CASES = [MarkerFile(path) for path in sorted((Path(__file__).parent / "testdata").glob("*.txt"))]
CASES.sort(key=lambda case: (case.editor, case.encoding))

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Servers:
    """The running servers; each has the answers of its cases in the order in which the cases run."""

    def __init__(self, folder):
        self._folder = folder
        self._stacks = AsyncExitStack()
        self._running = {}

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self._stacks.aclose()

    async def editor(self, case):
        """An editor whose server will answer as `case` says next."""
        key = (case.editor, case.encoding)
        queue = [each for each in CASES if (each.editor, each.encoding) == key]
        editor, following = self._running.pop(key, (None, None))
        if following is not case:
            rest = queue[queue.index(case) :]
            folder = self._folder / case.name / "server"
            folder.mkdir(parents=True)
            script = [answer for each in rest for answer in _script(each)]
            adjust = _offering(case.encoding) if case.encoding else None
            given = editing(folder, script, profile=EDITORS[case.editor], adjust=adjust)
            editor = await self._stacks.enter_async_context(given)
            editor.folder = folder
        for told in (
            editor.told,
            editor.applied,
            editor.questions,
            editor.client.messages,
            editor.client.shown_documents,
        ):
            told.clear()
        return editor

    def give_back(self, case, editor):
        """`case` went as it should: the next one may use its server, unless an answer of this one may be left."""
        queue = [each for each in CASES if (each.editor, each.encoding) == (case.editor, case.encoding)]
        following = queue[queue.index(case) + 1 :]
        asked = sum(method == "parley/asked" for method, _ in editor.told)
        if following and asked == len(_script(case)) and not case.fault:
            self._running[case.editor, case.encoding] = (editor, following[0])


def _script(case):
    answers = [{"text": answer} for answer in case.answers]
    if case.fault:
        kind, _, message = case.fault.partition(" ")
        error = {"kind": kind, "message": message, "after_pieces": len(answers)}
        return [{**(answers[0] if answers else {}), "error": error, "times": 9}]
    return answers


def _offering(encoding):
    def adjust(capabilities):
        capabilities.general.position_encodings = [encoding]

    return adjust


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def servers(tmp_path_factory):
    async with Servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_it_goes_as_the_file_says(case, servers, request):
    """What the menu shows, the outcome, the words for the person, the document and every created file are equal."""
    editor = await servers.editor(case)
    assert not case.encoding or editor.encoding == case.encoding
    beside = {**case.named("beside"), case.file: case.place.text}
    for name, text in beside.items():
        (editor.folder / name).write_text(text, encoding="utf-8", newline="")
    seen = await _played(editor, case)
    for uri in list(editor.buffers):
        editor.close(uri)
    for name in (*beside, *seen["created"]):
        (editor.folder / name).unlink()
    servers.give_back(case, editor)
    if request.config.getoption("--update-markers", default=False):
        case.rewrite({name: seen[name] for name in WRITTEN}, _shown(case, seen))
        return
    expected = {
        "outcome": case.outcome,
        "code": case.code,
        "proof": case.proof,
        "actions": case.words("actions"),
        "question": case.words("question"),
        "message": case.words("message"),
        "created": case.named("created"),
        "text": case.golden,
    }
    assert seen == expected


def _shown(case, seen):
    sections = [(name, seen[name]) for name in ("actions", "question", "message") if seen[name] is not None]
    if seen["text"] != case.place.text:
        sections.append(("golden", case.shown(seen["text"])))
    sections += [(f"created {name}", case.shown(text)) for name, text in seen["created"].items()]
    return sections


async def _played(editor, case):
    place = case.place
    uri = editor.open(editor.folder / case.file, place.text, case.language)
    diagnostics = _diagnostics(editor, uri, case)
    seen = {"outcome": "", "code": "", "proof": "", "actions": None, "question": None, "message": None, "created": {}}
    if not case.task and not case.instruction:
        only = case.only.split() or None
        actions = await editor.code_actions(uri, *place.selection, diagnostics=diagnostics, only=only)
        seen["actions"] = "".join(map(_action_line, actions))
        return {**seen, "text": editor.buffers[uri].text}
    finished = await _finished(editor, uri, case, diagnostics)
    for created in finished.get("created", ()):
        seen["created"][created.rpartition("/")[2]] = editor.buffers[created].text
    message = finished["message"].replace(str(editor.folder), "FOLDER")
    notes = "".join(f"{note}\n" for note in finished.get("notes", ()))
    said = finished.get("text", "") if finished["outcome"] == "explained" else ""
    _check_edits(editor, uri, case, finished)
    return {
        **seen,
        **{name: finished.get(name, "") for name in ("outcome", "code", "proof")},
        "question": "".join(map(_asked, editor.questions)) or None,
        "message": f"{message}\n{notes}{said}",
        "text": editor.buffers[uri].text,
    }


async def _finished(editor, uri, case, diagnostics):
    """Choose what the case says from the menu, or execute its command; how it ended."""
    place = case.place
    command = "parley.explain" if case.task == "explain" else "parley.refactor"
    argument = editor.argument(uri, *place.selection)
    if case.via == "reversed":
        argument["range"] = {"start": argument["range"]["end"], "end": argument["range"]["start"]}
    if case.task and command == "parley.refactor":
        argument["task"] = case.task
    if case.via == "menu" and not case.instruction and not case.form:
        kind = next(kind for task, kind in KINDS.items() if task.value == case.task)
        (action,) = await editor.code_actions(uri, *place.selection, diagnostics=diagnostics, only=[kind])
        assert action.disabled is None, action.disabled.reason
        action = await editor.chosen(action)
        command, (argument,) = action.command.command, action.command.arguments
    argument |= {name: getattr(case, name) for name in ("instruction", "form") if getattr(case, name)}
    editor.manners.says = case.says.split(", ")
    if case.typed:
        editor.manners.before_applying = lambda: _type_once(editor, uri, case)
    try:
        await editor.execute(command, argument)
        return await editor.until("parley/finished")
    finally:
        editor.manners.before_applying = None


def _type_once(editor, uri, case):
    editor.manners.before_applying = None
    editor.type(uri, 0, 0, f"{case.typed}\n")


def _diagnostics(editor, uri, case):
    if not case.diagnostic:
        return []
    found = editor.range(uri, *(case.place.problem or case.place.selection))
    return [types.Diagnostic(range=found, message=case.diagnostic, severity=types.DiagnosticSeverity.Error)]


def _action_line(action):
    if isinstance(action, types.Command):
        return f"{action.command}: {action.title}\n"
    reason = f" (disabled: {action.disabled.reason})" if action.disabled else ""
    return f"{action.kind}: {action.title}{reason}\n"


def _asked(question):
    return f"{question.message} {', '.join(each.title for each in question.actions)}\n"


def _check_edits(editor, uri, case, finished):
    """An editor is asked once where something is to be applied, for the version that it showed, and else never.

    Where the person typed under the edit, it is asked again for the version of then.
    """
    tried = finished["outcome"] == "applied" or (finished["outcome"] == "declined" and not editor.questions)
    assert len(editor.applied) == tried + bool(case.typed)
    for version, params in enumerate(editor.applied, 3):
        for change in params.edit.document_changes:
            if isinstance(change, types.TextDocumentEdit) and change.text_document.uri == uri:
                assert change.text_document.version == version
