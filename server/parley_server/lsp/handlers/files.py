"""Files and folders that get another name, or are deleted, while the person works with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from parley_agent.refactor.requests import Refused
from parley_server.lsp.documents import moved

if TYPE_CHECKING:
    from parley_server.lsp.server import ParleyServer

_ALL = types.FileOperationRegistrationOptions(
    filters=[types.FileOperationFilter(pattern=types.FileOperationPattern(glob="**/*"), scheme="file")]
)


def register(server: ParleyServer) -> None:
    """Register this family."""

    def will_rename(params: types.RenameFilesParams) -> None:
        for file in params.files:
            _expect(server, file.old_uri)

    def renamed(params: types.RenameFilesParams) -> None:
        for file in params.files:
            _rename(server, file.old_uri, file.new_uri)

    def deleted(params: types.DeleteFilesParams) -> None:
        for file in params.files:
            _forget(server, file.uri)

    def watched(params: types.DidChangeWatchedFilesParams) -> None:
        gone = [change.uri for change in params.changes if change.type is types.FileChangeType.Deleted]
        for uri in gone:
            if server.documents.get(uri) is None:
                _forget(server, uri)

    server.feature(types.WORKSPACE_WILL_RENAME_FILES, _ALL)(will_rename)
    server.feature(types.WORKSPACE_DID_RENAME_FILES, _ALL)(renamed)
    server.feature(types.WORKSPACE_DID_DELETE_FILES, _ALL)(deleted)
    server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(watched)


def _expect(server: ParleyServer, old: str) -> None:
    """An open document is closed under its old name first, which is not to end what runs."""
    for each in server.running.under(old):
        each.is_renaming = server.documents.get(each.uri) is not None


def _rename(server: ParleyServer, old: str, new: str) -> None:
    for each in server.running.under(old):
        uri = moved(each.uri, old, new) or each.uri
        each.rename(uri, server.documents.path_of(uri))
    server.kept.rename(old, new, server.documents.path_of)


def _forget(server: ParleyServer, uri: str) -> None:
    for each in server.running.under(uri):
        each.refuse(Refused(code="deleted", reason=_DELETED.format(uri=each.uri)))
    server.kept.forget(uri)


_DELETED = "{uri} was deleted while the model worked; nothing was changed, and nothing is created in its place."
