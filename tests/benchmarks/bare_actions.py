"""A pygls server that answers every request for code actions with one fixed list: what such an answer costs at least.

Started as a program with the file that holds the list as JSON. It keeps texts in step as pygls does by itself.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter


def main(listed: Path) -> None:
    """Serve standard input and output."""
    server = LanguageServer("bare", "1")
    found = json.loads(listed.read_text(encoding="utf-8"))
    actions = default_converter().structure(found, list[types.CodeAction])

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION)
    def code_actions(_: types.CodeActionParams) -> list[types.CodeAction]:
        return actions

    server.start_io()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
