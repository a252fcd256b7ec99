"""What a language's grammar tells of a text: definitions, imports, names, comments, errors; by tree-sitter.

Reading order: `language` (what is known of a language as data), `languages` (the data), `tree` (parsing and queries),
`offsets` (bytes and code points), `definitions`, `names`, `equality` (what can be proved of two texts).
"""

from __future__ import annotations

from parley_agent.syntax.definitions import Definition, definitions, enclosing_definition, import_block, imports
from parley_agent.syntax.equality import equal_up_to_local_renaming, equal_without_comments
from parley_agent.syntax.language import Language
from parley_agent.syntax.languages import LANGUAGES, language_of
from parley_agent.syntax.names import Identifier, comments, identifiers, unknown_names
from parley_agent.syntax.tree import Tree, parse

__all__ = [
    "LANGUAGES",
    "Definition",
    "Identifier",
    "Language",
    "Tree",
    "comments",
    "definitions",
    "enclosing_definition",
    "equal_up_to_local_renaming",
    "equal_without_comments",
    "identifiers",
    "import_block",
    "imports",
    "language_of",
    "parse",
    "unknown_names",
]
