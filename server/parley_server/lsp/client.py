"""What the editor at the other end can do, as far as Parley minds: a frozen value, read once at `initialize`.

Reading it from the wire belongs to `from_lsp`.
"""

from __future__ import annotations

from dataclasses import dataclass

from parley_server.lsp.positions import PositionEncoding


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFacts:
    """What the client announced.

    `versioned_edits`: it reads `documentChanges`. `creates_files`: it carries out the create operation.
    `annotates_changes`: it shows change annotations. `marks_refactorings`: it reads an edit's metadata.
    `shows_disabled`: it shows code actions that are disabled, with the reason. `tags_llm`: it knows the code action tag
    for what a model makes. `code_action_literals`: it reads code actions, not only commands. `creates_progress`: it
    lets the server begin progress. `reads_content`: it asks `workspace/textDocumentContent`. `asks_for_instructions`:
    it registered `parley.ask`. `shows_outcomes`: it tells the person itself how a request ended. `skips_version_zero`:
    it takes an edit for version 0 without a look at the version that it has. `answers_configuration`: it can be asked
    for its settings. `registers_configuration`: it has to be asked to tell when they change. `follows_events`: it shows
    what is stored, after the position `events_after` or, with None, from now on. `resolves`: what of a code action it
    asks for only when the person looks at it or chooses it.
    """

    name: str = ""
    encoding: PositionEncoding = PositionEncoding.UTF_16
    applies_edits: bool = False
    versioned_edits: bool = False
    creates_files: bool = False
    annotates_changes: bool = False
    marks_refactorings: bool = False
    shows_disabled: bool = False
    tags_llm: bool = False
    code_action_literals: bool = False
    creates_progress: bool = False
    shows_documents: bool = False
    reads_content: bool = False
    asks_for_instructions: bool = False
    shows_outcomes: bool = False
    skips_version_zero: bool = False
    answers_configuration: bool = False
    registers_configuration: bool = False
    follows_events: bool = False
    events_after: int | None = None
    resolves: frozenset[str] = frozenset()
    workspace_roots: tuple[str, ...] = ()

    @property
    def asks_with_edits(self) -> bool:
        """Whether it asks the person before it applies an edit that says so."""
        return self.annotates_changes and self.versioned_edits
