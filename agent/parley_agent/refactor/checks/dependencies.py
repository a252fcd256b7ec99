"""Whether the imports that a change brings can be there: the language's own library, or what the file uses already."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from typing import TYPE_CHECKING

from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.syntax import imports

if TYPE_CHECKING:
    from parley_agent.refactor.context import Context
    from parley_agent.syntax import Tree

# Modules without side effects that hold what models reach for: that a name is there can be looked up.
_LOOKED_UP = frozenset(
    [
        "abc",
        "bisect",
        "collections",
        "collections.abc",
        "contextlib",
        "copy",
        "csv",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "heapq",
        "io",
        "itertools",
        "json",
        "math",
        "operator",
        "os",
        "os.path",
        "pathlib",
        "re",
        "statistics",
        "string",
        "textwrap",
        "time",
        "typing",
    ]
)
# The languages' own libraries, as their import statements name them.
_OWN_LIBRARY = {
    "go": r'"[a-z][a-z0-9]*(?:/[a-z0-9]+)*"$',
    "java": r"import\s+(?:static\s+)?javax?\.",
    "rust": r"use\s+(?:std|core|alloc|crate|super|self)\b",
    "c": r"#\s*include\s*<[a-z0-9_/]+\.h>",
    "cpp": r"#\s*include\s*<[a-z0-9_/]+(?:\.h)?>",
    "javascript": r"[\"'](?:node:|\.{1,2}/)",
    "typescript": r"[\"'](?:node:|\.{1,2}/)",
    "csharp": r"using\s+(?:static\s+)?System\b",
    "ruby": r"require\s+[\"'](?:set|json|time|date|forwardable|ostruct|securerandom|bigdecimal|stringio)[\"']",
}
_SAME_AS = {"javascriptreact": "javascript", "jsx": "javascript", "typescriptreact": "typescript", "tsx": "typescript"}


def check_dependencies(context: Context, after: Tree) -> None:
    """Check the import statements that `after` has and the document had not.

    Raises:
        AnswerRejectedError: one names something that may not be there.
    """
    known = {_squeezed(context.place.tree, at) for at in range(len(imports(context.place.tree)))}
    new = [line for at in range(len(imports(after))) if (line := _squeezed(after, at)) not in known]
    for line in new:
        missing = _missing_in_python(context, line) if context.place.is_python else _missing_elsewhere(context, line)
        if missing and missing not in context.wish.text:
            raise AnswerRejectedError(
                "dependency", f"`{line}` brings in {missing}, which may not be there. Do without it."
            )


def _missing_in_python(context: Context, line: str) -> str:
    """The module, or module and name, that cannot be relied on; "" if there is none."""
    try:
        (statement,) = ast.parse(line).body
    except (SyntaxError, ValueError):
        return line
    has = {
        word for at in range(len(imports(context.place.tree))) for word in _modules(_squeezed(context.place.tree, at))
    }
    if isinstance(statement, ast.ImportFrom):
        module = statement.module or ""
        if statement.level or (module.partition(".")[0] not in sys.stdlib_module_names and module not in has):
            return "." * statement.level + module
        gone = [alias.name for alias in statement.names if module in _LOOKED_UP and not _has(module, alias.name)]
        return f"{module}.{gone[0]}" if gone else ""
    return next((each for each in _modules(line) if each.partition(".")[0] not in sys.stdlib_module_names | has), "")


def _modules(line: str) -> list[str]:
    try:
        (statement,) = ast.parse(line).body
    except (SyntaxError, ValueError):
        return []
    if isinstance(statement, ast.ImportFrom):
        return [statement.module or ""]
    return [alias.name for alias in statement.names] if isinstance(statement, ast.Import) else []


def _has(module: str, name: str) -> bool:
    return name == "*" or hasattr(importlib.import_module(module), name)


def _missing_elsewhere(context: Context, line: str) -> str:
    language = context.place.language.id
    own = _OWN_LIBRARY.get(_SAME_AS.get(language, language), r"(?!)")
    named = re.findall(r"[\"'][^\"']*[\"']", line) or [line]
    foreign = [each for each in named if not re.match(own, each) and not re.match(own, line)]
    return max(re.findall(r"[\w./@:-]+", foreign[0]), key=len, default=line) if foreign else ""


def _squeezed(tree: Tree, at: int) -> str:
    span = imports(tree)[at]
    return " ".join(tree.text[span.start : span.end].split())
