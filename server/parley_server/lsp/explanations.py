"""Explanations and changes as read-only documents: virtual where the editor asks for content, else files of our own.

How they are made belongs to the agent.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Literal, TypeAlias

from parley_server.lsp.wire import CONTENT_SCHEME

Kind: TypeAlias = Literal["explanation", "change"]
_SUFFIXES: dict[Kind, str] = {"explanation": ".md", "change": ".diff"}
_MOST_KEPT = 32


class Explanations:
    """The latest explanations and changes, by the URI under which the editor may read them."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._folder: Path | None = None
        self._is_closed = False
        self._writing = threading.Lock()

    def keep(self, kind: Kind, request_id: str, text: str) -> str:
        """Keep `text` as a virtual document; its URI."""
        uri = f"{CONTENT_SCHEME}:/{kind}s/{request_id}{_SUFFIXES[kind]}"
        self._texts[uri] = text
        if len(self._texts) > _MOST_KEPT:
            self._texts.popitem(last=False)
        return uri

    def get(self, uri: str) -> str | None:
        """The text of a virtual document, unless it is forgotten."""
        return self._texts.get(uri)

    def write(self, kind: Kind, request_id: str, text: str) -> str:
        """Write `text` into a file that only its owner may read, and nobody write; its path. From any thread.

        Raises:
            RuntimeError: it is closed, and nobody is left to read anything.
        """
        with self._writing:
            if self._is_closed:
                raise RuntimeError("explanations are closed")
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="parley-"))
            path = self._folder / f"{kind}-{request_id}{_SUFFIXES[kind]}"
            path.unlink(missing_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            path.chmod(0o400)
            return str(path)

    def close(self) -> None:
        """Remove the files, and write no more."""
        with self._writing:
            self._is_closed = True
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
