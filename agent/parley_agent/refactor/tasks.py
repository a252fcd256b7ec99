"""The task classes of refactoring, and the regions of a document that each may change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TaskClass(StrEnum):
    """What kind of work a request is."""

    CUSTOM = "custom"
    RENAME = "rename"
    EXTRACT_FUNCTION = "extract-function"
    SIMPLIFY = "simplify"
    DOCSTRING = "docstring"
    TYPE_HINTS = "type-hints"
    GENERATE_TESTS = "generate-tests"
    FIX_DIAGNOSTICS = "fix-diagnostics"
    EXPLAIN = "explain"


class Region(StrEnum):
    """A part of the workspace that a refactoring may change."""

    DEFINITION = "definition"
    SIBLING = "sibling"
    IMPORTS = "imports"
    NEW_TEST_FILE = "new-test-file"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """What holds for every request of a task class: its title for a person, and what it may change."""

    title: str
    regions: frozenset[Region]


TASKS: dict[TaskClass, TaskFacts] = {
    TaskClass.CUSTOM: TaskFacts(
        title="Change as I say", regions=frozenset({Region.DEFINITION, Region.SIBLING, Region.IMPORTS})
    ),
    TaskClass.RENAME: TaskFacts(title="Rename for clarity", regions=frozenset({Region.DEFINITION})),
    TaskClass.EXTRACT_FUNCTION: TaskFacts(
        title="Extract a function", regions=frozenset({Region.DEFINITION, Region.SIBLING})
    ),
    TaskClass.SIMPLIFY: TaskFacts(title="Simplify", regions=frozenset({Region.DEFINITION, Region.IMPORTS})),
    TaskClass.DOCSTRING: TaskFacts(title="Add a docstring", regions=frozenset({Region.DEFINITION})),
    TaskClass.TYPE_HINTS: TaskFacts(title="Add type hints", regions=frozenset({Region.DEFINITION, Region.IMPORTS})),
    TaskClass.GENERATE_TESTS: TaskFacts(title="Generate tests", regions=frozenset({Region.NEW_TEST_FILE})),
    TaskClass.FIX_DIAGNOSTICS: TaskFacts(
        title="Fix this problem", regions=frozenset({Region.DEFINITION, Region.IMPORTS})
    ),
    TaskClass.EXPLAIN: TaskFacts(title="Explain", regions=frozenset()),
}
