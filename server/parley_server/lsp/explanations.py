"""Explanations as read-only documents: a virtual one where the editor asks for content, else a file of our own.

How an explanation is made belongs to the agent.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import OrderedDict
from pathlib import Path

from parley_server.lsp.wire import CONTENT_SCHEME

_MOST_KEPT = 32


class Explanations:
    """The latest explanations, by the URI under which the editor may read them."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._folder: Path | None = None

    def keep(self, request_id: str, text: str) -> str:
        """Keep `text` as a virtual document; its URI."""
        uri = f"{CONTENT_SCHEME}:/explanations/{request_id}.md"
        self._texts[uri] = text
        if len(self._texts) > _MOST_KEPT:
            self._texts.popitem(last=False)
        return uri

    def get(self, uri: str) -> str | None:
        """The text of a virtual document, unless it is forgotten."""
        return self._texts.get(uri)

    def write(self, request_id: str, text: str) -> str:
        """Write `text` into a file that only its owner may read, and nobody write; its path."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="parley-"))
        path = self._folder / f"explanation-{request_id}.md"
        path.write_text(text, encoding="utf-8", newline="\n")
        path.chmod(0o400)
        return str(path)

    def close(self) -> None:
        """Remove the files."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
