"""The languages that Parley parses, one module of facts for each family, and how an editor's words lead to them.

The facts are plain values: importing them loads no grammar. Reading order: any one language, after `syntax.language`.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from parley_agent.syntax.languages.bash import BASH
from parley_agent.syntax.languages.c import CPP, C
from parley_agent.syntax.languages.csharp import CSHARP
from parley_agent.syntax.languages.go import GO
from parley_agent.syntax.languages.java import JAVA
from parley_agent.syntax.languages.javascript import JAVASCRIPT, JSX
from parley_agent.syntax.languages.lua import LUA
from parley_agent.syntax.languages.php import PHP
from parley_agent.syntax.languages.python import PYTHON
from parley_agent.syntax.languages.ruby import RUBY
from parley_agent.syntax.languages.rust import RUST
from parley_agent.syntax.languages.typescript import TSX, TYPESCRIPT

if TYPE_CHECKING:
    from parley_agent.syntax.language import Language

__all__ = ["LANGUAGES", "language_of"]

LANGUAGES: tuple[Language, ...] = (
    PYTHON,
    JAVASCRIPT,
    JSX,
    TYPESCRIPT,
    TSX,
    GO,
    RUST,
    JAVA,
    C,
    CPP,
    RUBY,
    CSHARP,
    PHP,
    BASH,
    LUA,
)

_BY_LSP_ID = {lsp_id: language for language in LANGUAGES for lsp_id in language.lsp_ids}
_BY_EXTENSION = {extension: language for language in LANGUAGES for extension in language.extensions}


def language_of(language_id: str, path: str | None) -> Language | None:
    """The language of a document: by LSP's language id, else by its path's extension; None if neither is known."""
    known = _BY_LSP_ID.get(language_id.lower())
    if known is None and path is not None:
        known = _BY_EXTENSION.get(PurePath(path).suffix.lower())
    return known
