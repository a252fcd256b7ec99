"""What a language's grammar tells of a text: definitions, imports, names, comments, errors; by tree-sitter.

Reading order: `language` (what is known of a language as data), `languages` (the data), `tree` (a parsed text, and
queries), `reading` (parsing, whole or in steps), `reparse` (from an older tree), `offsets` (bytes and code points),
`definitions`, `carried` (from an older tree), `names`, `locals` (which names are a definition's own), `equality` (what
can be proved of two texts), `rename` and `doc_comment` (edits made from small decisions).
"""

from __future__ import annotations

from parley_agent.syntax.carried import carry_over
from parley_agent.syntax.definitions import (
    Definition,
    changed_part,
    definitions,
    enclosing_definition,
    import_block,
    imports,
    top_level_part,
)
from parley_agent.syntax.doc_comment import can_document, has_doc_comment, set_doc_comment
from parley_agent.syntax.equality import equal_up_to_local_renaming, equal_without_comments, local_renaming
from parley_agent.syntax.language import Language
from parley_agent.syntax.languages import LANGUAGES, language_of
from parley_agent.syntax.names import Identifier, comments, identifiers, literals, unknown_names
from parley_agent.syntax.reading import Reading, parse
from parley_agent.syntax.rename import LocalName, can_rename, rename_locals, renameable_locals, usable_renames
from parley_agent.syntax.tree import Tree, reading_queries

__all__ = [
    "LANGUAGES",
    "Definition",
    "Identifier",
    "Language",
    "LocalName",
    "Reading",
    "Tree",
    "can_document",
    "can_rename",
    "carry_over",
    "changed_part",
    "comments",
    "definitions",
    "enclosing_definition",
    "equal_up_to_local_renaming",
    "equal_without_comments",
    "has_doc_comment",
    "identifiers",
    "import_block",
    "imports",
    "language_of",
    "literals",
    "local_renaming",
    "parse",
    "reading_queries",
    "rename_locals",
    "renameable_locals",
    "set_doc_comment",
    "top_level_part",
    "unknown_names",
    "usable_renames",
]
