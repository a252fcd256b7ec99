"""A small editor that drives `parley serve` over its pipes: one document, its code actions, and what the server tells.

Shows nothing itself: whoever uses it is called back. What is demonstrated belongs to `parley_server.cli.demo`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient
from pygls.protocol import default_converter

from parley_agent.document import Span, TextEdit, apply_edits
from parley_server.lsp import from_lsp, to_lsp, wire
from parley_server.lsp.positions import LineIndex, PositionEncoding
from parley_server.lsp.protocol import raw_params
from parley_server.lsp.shapes import read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import cattrs

_ENCODING = PositionEncoding.UTF_32


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedAction:
    """A code action as the editor's menu shows it; `disabled` is the reason why it cannot be chosen."""

    title: str
    kind: str
    disabled: str | None
    command: types.Command | None


class DemoEditor:
    """One file, open in an editor of its own server process.

    Args:
        path: The file; an edit that arrives is saved to it.
        on_told: Called with everything that Parley tells of a request.
    """

    def __init__(self, path: Path, on_told: Callable[[wire.Notification], None]) -> None:
        self._path = path
        self._on_told = on_told
        self._client = LanguageClient("parley-demo", version("parley-ls"), converter_factory=client_converter)
        self._finished: asyncio.Queue[wire.Finished] = asyncio.Queue()
        self._version = 1
        self.text = path.read_text(encoding="utf-8")
        self._listen()

    async def start(self, arguments: Sequence[str] = ()) -> None:
        """Start the server, and open the file in it."""
        command = (sys.executable, "-P", "-m", "parley_server.cli", "serve", *arguments)
        await self._client.start_io(command[0], *command[1:])
        folder = types.WorkspaceFolder(uri=self._path.parent.as_uri(), name=self._path.parent.name)
        await self._client.initialize_async(
            types.InitializeParams(
                capabilities=_capabilities(), process_id=os.getpid(), workspace_folders=[folder], root_uri=folder.uri
            )
        )
        self._client.initialized(types.InitializedParams())
        item = types.TextDocumentItem(uri=self._uri, language_id="python", version=self._version, text=self.text)
        self._client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    async def code_actions(self, at: int) -> tuple[OfferedAction, ...]:
        """What is offered with the cursor at an offset."""
        offered = await self._client.text_document_code_action_async(
            types.CodeActionParams(
                text_document=types.TextDocumentIdentifier(self._uri),
                range=to_lsp.span(Span(start=at, end=at), LineIndex(self.text), _ENCODING),
                context=types.CodeActionContext(diagnostics=[]),
            )
        )
        return tuple(
            OfferedAction(
                title=action.title,
                kind=str(getattr(action.kind, "value", action.kind)),
                disabled=action.disabled.reason if action.disabled else None,
                command=action.command,
            )
            for action in offered or ()
            if isinstance(action, types.CodeAction)
        )

    async def choose(self, action: OfferedAction) -> wire.Finished:
        """Choose an action, and wait for its outcome."""
        command = action.command
        if command is None:
            raise ValueError(f"{action.title} is disabled")
        await self._client.workspace_execute_command_async(
            types.ExecuteCommandParams(command=command.command, arguments=command.arguments)
        )
        return await self._finished.get()

    async def stop(self) -> None:
        """Say goodbye as an editor does; the server, and its engine, end."""
        await self._client.shutdown_async(None)
        self._client.exit(None)
        await self._client.stop()  # type: ignore[no-untyped-call] # pygls annotates no result here

    @property
    def _uri(self) -> str:
        return self._path.as_uri()

    def _listen(self) -> None:
        # pygls marks what it is given, which a bound method does not allow.
        def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            return self._apply(params)

        for shape, method in wire.METHODS.items():
            self._client.feature(method.value)(self._told_as(shape))
        self._client.feature(types.WORKSPACE_APPLY_EDIT)(apply)
        self._client.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)(_agree)
        self._client.feature(types.WINDOW_SHOW_MESSAGE)(lambda _params: None)

    def _told_as(self, shape: type[Any]) -> Callable[[Any], None]:
        def told(params: Any) -> None:  # noqa: ANN401 - JSON
            notification = read(shape, params, "a notification")
            self._on_told(notification)
            if isinstance(notification, wire.Finished):
                self._finished.put_nowait(notification)

        return told

    def _apply(self, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        for change in params.edit.document_changes or ():
            if not isinstance(change, types.TextDocumentEdit) or change.text_document.version != self._version:
                return types.ApplyWorkspaceEditResult(applied=False, failure_reason="the demo has one file open")
            index = LineIndex(self.text)
            edits = [
                TextEdit(span=from_lsp.span(each.range, index, _ENCODING), new_text=each.new_text)
                for each in change.edits
                if isinstance(each, types.TextEdit)
            ]
            self._change(apply_edits(self.text, tuple(edits)))
        return types.ApplyWorkspaceEditResult(applied=True)

    def _change(self, text: str) -> None:
        self.text = text
        self._version += 1
        self._path.write_text(text, encoding="utf-8", newline="")
        self._client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(uri=self._uri, version=self._version),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )


def _agree(params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
    """The yes of whoever started the demo, whose text is its own."""
    return next((each for each in params.actions or () if each.title == "Apply"), None)


def _capabilities() -> types.ClientCapabilities:
    return types.ClientCapabilities(
        general=types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind.Utf32]),
        workspace=types.WorkspaceClientCapabilities(
            apply_edit=True, workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True)
        ),
        text_document=types.TextDocumentClientCapabilities(
            code_action=types.CodeActionClientCapabilities(
                code_action_literal_support=types.ClientCodeActionLiteralOptions(
                    code_action_kind=types.ClientCodeActionKindOptions(value_set=[types.CodeActionKind.Refactor])
                ),
                disabled_support=True,
            )
        ),
        experimental={"parley": {"outcomes": True}},
    )


def client_converter() -> cattrs.Converter:
    """What an editor's side reads messages with; lsprotocol's own takes a code action with a command for a command."""

    def action_or_command(given: Any, _: Any) -> types.CodeAction | types.Command:  # noqa: ANN401 - JSON
        plain = isinstance(given.get("command"), str)
        shape: type[types.Command | types.CodeAction] = types.Command if plain else types.CodeAction
        return converter.structure(given, shape)

    converter: cattrs.Converter = default_converter()  # type: ignore[no-untyped-call] # pygls annotates no result here
    converter.register_structure_hook(types.Command | types.CodeAction, action_or_command)
    raw_params(converter)
    return converter
