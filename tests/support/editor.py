"""A model of an editor: buffers that it alone changes, driven through a real server process over its pipes.

Its texts and positions are counted character by character, by code of its own: an oracle for the server's.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types
from pygls.uris import from_fs_path, to_fs_path
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.client import register_lsp_features

from parley_server.lsp.demo import client_converter
from parley_server.lsp.wire import METHODS

PROFILES = ("visual-studio-code@v1.65.2", "neovim@v0.11.0", "emacs@v29.1")
VSCODE, NEOVIM, EMACS = PROFILES
PARLEY = str(Path(sys.executable).with_name("parley"))
_UNIT_BYTES = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def units(text, encoding):
    """How long `text` is in units of `encoding`."""
    codec, size = _UNIT_BYTES[encoding]
    return len(text.encode(codec)) // size


def lines_of(text):
    """The lines of `text` with their ends, split where LSP splits and nowhere else."""
    lines, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\r" and text[at : at + 2] == "\r\n":
            at += 2
        elif text[at] in "\r\n":
            at += 1
        else:
            at += 1
            continue
        lines.append(text[start:at])
        start = at
    return [*lines, text[start:]]


def position_at(text, offset, encoding):
    """The position of an offset into `text`."""
    lines = lines_of(text[:offset])
    return types.Position(len(lines) - 1, units(lines[-1], encoding))


def offset_at(text, position, encoding):
    """The offset of a position that exists in `text`."""
    lines = lines_of(text)
    line = lines[position.line]
    content = line.rstrip("\r\n")
    for index in range(len(content) + 1):
        if units(content[:index], encoding) == position.character:
            return sum(map(len, lines[: position.line])) + index
    raise AssertionError(f"no such position: {position} in {line!r}")


@dataclass
class Buffer:
    """One open document."""

    uri: str
    text: str
    version: int


@dataclass
class Manners:
    """How this editor answers `workspace/applyEdit`, where it is not honest."""

    applies: bool = True
    answers: bool = True
    says_applied: bool | None = None
    before_applying: object = None
    after_applying: object = None
    versions_step: int = 1
    says: object = "Apply"
    before_saying: object = None
    released: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)


class Editor:
    """The buffers, and what the server told."""

    def __init__(self, client, manners):
        self.client = client
        self.manners = manners
        self.buffers = {}
        self.told = []
        self.applied = []
        self.questions = []
        self.content = {}
        self.encoding = "utf-16"
        self.finished = asyncio.Event()

    def open(self, path, text, language="python"):
        """Open a document that has `text`, whatever is on disk."""
        uri = from_fs_path(str(path))
        self.buffers[uri] = Buffer(uri=uri, text=text, version=3)
        item = types.TextDocumentItem(uri=uri, language_id=language, version=3, text=text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def close(self, uri):
        """Close a document."""
        del self.buffers[uri]
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    def type(self, uri, start, end, new_text):
        """Replace `text[start:end]` as a person would."""
        self.edit(uri, [(start, end, new_text)])

    def edit(self, uri, replacements):
        """Make several replacements, each in the text that the one before left, and tell the server."""
        buffer = self.buffers[uri]
        buffer.version += self.manners.versions_step
        changes = []
        for start, end, new_text in replacements:
            changes.append(types.TextDocumentContentChangePartial(range=self.range(uri, start, end), text=new_text))
            buffer.text = buffer.text[:start] + new_text + buffer.text[end:]
        identifier = types.VersionedTextDocumentIdentifier(uri=uri, version=buffer.version)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, changes))

    def range(self, uri, start, end):
        """The range of two offsets."""
        text = self.buffers[uri].text
        return types.Range(position_at(text, start, self.encoding), position_at(text, end, self.encoding))

    async def code_actions(self, uri, start, end, *, diagnostics=(), only=None):
        """What is offered at two offsets."""
        return await self.client.text_document_code_action_async(
            types.CodeActionParams(
                text_document=types.TextDocumentIdentifier(uri),
                range=self.range(uri, start, end),
                context=types.CodeActionContext(diagnostics=list(diagnostics), only=only),
            )
        )

    async def chosen(self, action):
        """A code action as it is carried out: one without a command is resolved first."""
        return action if action.command else await self.client.code_action_resolve_async(action)

    async def execute(self, command, *arguments, token=None):
        """Execute a command."""
        return await self.client.workspace_execute_command_async(
            types.ExecuteCommandParams(command=command, arguments=list(arguments), work_done_token=token)
        )

    def argument(self, uri, start, end, **more):
        """The argument of a command about two offsets."""
        found = self.range(uri, start, end)
        return {
            "textDocument": {"uri": uri, "version": self.buffers[uri].version},
            "range": {
                "start": {"line": found.start.line, "character": found.start.character},
                "end": {"line": found.end.line, "character": found.end.character},
            },
            **more,
        }

    async def until(self, method, within_s=30.0):
        """The next notification of `method`, or one that came before."""
        async with asyncio.timeout(within_s):
            while True:
                for name, params in self.told:
                    if name == method:
                        return params
                self.finished.clear()
                await self.finished.wait()

    async def hears(self, condition, within_s=30.0):
        """Wait until `condition()` holds of what the server told."""
        async with asyncio.timeout(within_s):
            while not condition():
                self.finished.clear()
                await self.finished.wait()

    def progress(self, request_id):
        """What the progress bar of a request showed so far."""
        return [each.message for each in self.client.progress_reports.get(f"parley-{request_id}", ())]

    def hear(self, method, params):
        """The server told something of Parley's own."""
        self.told.append((method, params))
        self.finished.set()

    async def say(self, params):
        """Answer `window/showMessageRequest`: what the manners say, the next of a list, or nothing until released."""
        self.questions.append(params)
        if self.manners.before_saying is not None:
            self.manners.before_saying()
        said = self.manners.says
        said = said.pop(0) if isinstance(said, list) else said
        if said is None:
            self.finished.set()
            await self.manners.released.wait()
        return next((each for each in params.actions if each.title == said), None)

    async def apply(self, params):
        """Carry out `workspace/applyEdit` by this editor's manners."""
        self.manners.asked.set()
        self.applied.append(params)
        if self.manners.before_applying is not None:
            self.manners.before_applying()
        done = self._apply(params.edit) if self.manners.applies else None
        if self.manners.after_applying is not None:
            self.manners.after_applying()
        if not self.manners.answers:
            await asyncio.Event().wait()
        said = self.manners.says_applied
        return types.ApplyWorkspaceEditResult(
            applied=bool(done) if said is None else said, failure_reason=None if done else "the editor said no"
        )

    def _apply(self, edit):
        if edit.document_changes is None:
            for uri, edits in (edit.changes or {}).items():
                self._apply_edits(uri, edits)
            return True
        for change in edit.document_changes:
            if isinstance(change, types.CreateFile):
                Path(to_fs_path(change.uri)).touch(exist_ok=False)
                self.open(to_fs_path(change.uri), "")
                continue
            version = change.text_document.version
            if version is not None and version != self.buffers[change.text_document.uri].version:
                return False
            self._apply_edits(change.text_document.uri, change.edits)
        return True

    def _apply_edits(self, uri, edits):
        """All of one document's edits at once, as one step that can be undone."""
        text = self.buffers[uri].text
        spans = [
            (
                offset_at(text, edit.range.start, self.encoding),
                offset_at(text, edit.range.end, self.encoding),
                edit.new_text,
            )
            for edit in edits
        ]
        self.edit(uri, sorted(spans, reverse=True))


@asynccontextmanager
async def editing(
    tmp_path, script, *, profile=VSCODE, manners=None, arguments=(), experimental=None, adjust=None, variables=None
):
    """An editor of one profile with a server that answers from `script`, a list of JSON lines.

    With None for the script, models are found as for a person whose environment has `variables`.
    """
    scripted = ()
    if script is not None:
        script_file = tmp_path / "script.jsonl"
        script_file.write_text("".join(json.dumps(line) + "\n" for line in script), encoding="utf-8")
        scripted = ("--scripted", str(script_file))
    client = LanguageClient(converter_factory=client_converter)
    register_lsp_features(client)
    editor = Editor(client, manners or Manners())
    _register(client, editor)
    await client.start_io(
        PARLEY, "serve", *scripted, *arguments, env=environment(tmp_path) | (variables or {}), limit=10_000_000
    )
    try:
        capabilities = client_capabilities(profile)
        capabilities.experimental = experimental
        if adjust is not None:
            adjust(capabilities)
        result = await client.initialize_session(
            types.InitializeParams(
                capabilities=capabilities,
                process_id=os.getpid(),
                workspace_folders=[types.WorkspaceFolder(uri=from_fs_path(str(tmp_path)), name="here")],
            )
        )
        chosen = result.capabilities.position_encoding or "utf-16"
        editor.encoding = str(getattr(chosen, "value", chosen))
        editor.initialized = result
        yield editor
        await client.shutdown_session()
    finally:
        if client._server.returncode is None:
            client._server.kill()
        await client.stop()


def environment(tmp_path):
    """An environment in which nothing of the person's is read or written."""
    home = str(tmp_path / "home")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PARLEY_", "XDG_"))}
    return {**kept, "HOME": home, "XDG_DATA_HOME": f"{home}/data", "XDG_CONFIG_HOME": f"{home}/config"}


def _register(client, editor):
    @client.feature(types.WORKSPACE_APPLY_EDIT)
    async def apply(params: types.ApplyWorkspaceEditParams):
        return await editor.apply(params)

    @client.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)
    async def say(params: types.ShowMessageRequestParams):
        return await editor.say(params)

    @client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams):
        return None

    for method in METHODS.values():
        _hear(client, editor, method.value)


def _hear(client, editor, method):
    @client.feature(method)
    def hear(params):
        editor.hear(method, params)
