"""What Parley knows of a programming language as data: its names, its grammar's wheel, and queries over its trees.

One value per language, in `languages`; the code that reads them asks no language's name. A query is text in
tree-sitter's query language; which captures it may use is said at each field. Its patterns are read up to an empty line
at a time, which stops all threads: there are empty lines where that would take long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class DocStyle(StrEnum):
    """How a comment that documents a definition is written."""

    JSDOC = "jsdoc"  # /** … */ with `*` before each line: JavaScript, TypeScript, Java, PHP, C, C++
    SLASHES = "slashes"  # // before each line: Go
    TRIPLE_SLASHES = "triple-slashes"  # /// before each line: Rust
    XML = "xml"  # /// <summary> … </summary>: C#
    HASHES = "hashes"  # before each line: Ruby, Bash
    DASHES = "dashes"  # --- before each line: Lua


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """Where the compiled grammar is: a wheel's module, imported at first use, and the function that returns it."""

    module: str
    function: str = "language"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    """What is looked for in a tree.

    `structure` captures each definition whole as @function, @method or @class, with its @name, and where there are such
    its @parameters (the list), @body and @receiver (the type that a method belongs to, where it stands outside of it);
    a @container with its @container.name qualifies names without being a definition; each @parameter together with the
    @list that it stands in; each top-level @import.
    `names` captures identifiers as @reference, @definition, @member or @type; where several match one identifier, the
    last in this order of precedence counts: reference, type, definition, member.
    `locals` captures each name that is declared inside a function as @parameter, @variable or @loop, with the node
    after whose end it is visible as @after and, where that is not the nearest of the language's scopes, the @scope in
    which it is; @unsure is an identifier that may be more than a use of a variable. Empty: names of this language are
    not renamed by the grammar alone.
    `opaque` captures as @opaque each node, wherever it stands in the text, that may use names of any function in a way
    that the grammar does not show.
    """

    structure: str
    names: str
    locals: str = ""
    opaque: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language. `line_comment` starts a comment to the line's end; `fence_tags` are what models write after ```."""

    id: str
    name: str
    line_comment: str
    fence_tags: tuple[str, ...]
    grammar: Grammar = field(repr=False)
    queries: Queries = field(repr=False)
    lsp_ids: tuple[str, ...] = field(repr=False)
    extensions: tuple[str, ...] = field(repr=False)
    comments: frozenset[str] = field(default=frozenset({"comment"}), repr=False)
    """Node types of comments."""
    directive: str = field(default=r"(?!)", repr=False)
    """A regular expression for comments that the language's own tools obey."""
    wrappers: frozenset[str] = field(default=frozenset(), repr=False)
    """Node types that hold one definition and belong to it, such as a decorated or exported one."""
    attached: frozenset[str] = field(default=frozenset(), repr=False)
    """Node types that belong to the definition after them, such as an attribute."""
    doc_comment: str = field(default=r"(?!)", repr=False)
    """A regular expression for comments that document the definition directly below them."""
    doc_style: DocStyle | None = field(default=None, repr=False)
    scopes: frozenset[str] = field(default=frozenset(), repr=False)
    """Node types that end the life of the names declared directly inside them."""
    separator: str = field(default=".", repr=False)
    builtins: frozenset[str] = field(default=frozenset(), repr=False)
    keywords: frozenset[str] = field(default=frozenset(), repr=False)
    identifier: str = field(default=r"[^\W\d]\w*", repr=False)
    """A regular expression for a name that a local may be given."""


def words(text: str) -> frozenset[str]:
    """The set of the words in `text`: how the languages' tables write theirs."""
    return frozenset(text.split())
