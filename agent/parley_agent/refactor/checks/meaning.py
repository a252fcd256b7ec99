"""Whether a change means what it should: names are known, signature and comments are kept, nothing surprises.

Fully for Python; elsewhere as far as the grammar tells. Proofs, where there are any, belong to `proofs`.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from parley_agent.document import Span
from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.refactor.tasks import TaskClass
from parley_agent.same_ends import same_ends
from parley_agent.syntax import comments, definitions, identifiers, unknown_names

if TYPE_CHECKING:
    from parley_agent.refactor.context import Context
    from parley_agent.syntax import Definition, Tree

# Instructions and diagnostics that are about the signature itself.
_ABOUT_SIGNATURE = re.compile(
    r"\b(?:parameters?|arguments?|args?|kwargs?|signatures?|defaults?|async|await|return types?|annotat\w+|typed?|types"
    r"|hints?|decorat\w+|static|public|private|export\w*|const|generic\w*|optional|nullable|keyword|rename\w*|property|classmethod)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_ABOUT_COMMENTS = re.compile(r"\b(?:comments?|docs?|docstrings?|document\w*|todo|fixme)\b", re.IGNORECASE)
# What runs, deletes or sends something: never brought in unasked.
_DANGEROUS = frozenset(
    [
        "eval",
        "exec",
        "compile",
        "__import__",
        "system",
        "popen",
        "spawn",
        "execv",
        "execve",
        "fork",
        "subprocess",
        "socket",
        "rmtree",
        "unlink",
        "remove_dir_all",
        "child_process",
        "execSync",
        "spawnSync",
        "Function",
        "ProcessBuilder",
        "Runtime",
        "XMLHttpRequest",
        "fetch",
        "urlopen",
        "requests",
        "ctypes",
        "pickle",
        "marshal",
        "Process",
        "Command",
    ]
)


def check_meaning(context: Context, after: Tree, target: Span) -> None:
    """Check what can be checked of a change whose behaviour cannot be proved.

    Raises:
        AnswerRejectedError: it fails a check.
    """
    _check_names(context, after, target)
    check_surprises(context, after)
    old = context.place.target.definition
    if old is not None and not _may_change_signature(context):
        new = next(each for each in definitions(after) if each.span == target)
        if _signature(context.place.tree, old) != _signature(after, new):
            shown = " ".join(context.place.document.text[old.signature.start : old.signature.end].split())
            raise AnswerRejectedError("signature", f"Keep the signature as it was: `{shown[:200]}`.")
    check_comments(context, after)


def check_surprises(context: Context, after: Tree) -> None:
    """Refuse names of what runs, deletes or sends something, where nobody asked for it.

    Raises:
        AnswerRejectedError: there is one.
    """
    there = {word for word in _DANGEROUS if word in after.text}  # quicker than to take a long text apart
    new = there and there & (set(_WORD.findall(after.text)) - set(_WORD.findall(context.place.document.text)))
    if not new:
        return
    used = {each.name for each in identifiers(after)}
    asked = set(re.findall(r"\w+", context.wish.text + " ".join(each.message for each in context.diagnostics)))
    if surprises := sorted((new & used) - asked):
        raise AnswerRejectedError(
            "surprise", f"The code now uses {surprises[0]}, which nobody asked for. Do without it."
        )


def check_comments(context: Context, after: Tree) -> None:
    """A comment may go only together with the code that it is about; where the behaviour must stay, it may not go.

    Raises:
        AnswerRejectedError: one is lost.
    """
    if _ABOUT_COMMENTS.search(context.wish.text):
        return
    before, own = context.place.tree, context.place.target.span
    mine = comments(before, own)
    if not mine:
        return
    was, now = _lines_that_differ(before.text, after.text, own)
    kept = Counter(_squeezed(after.text, span) for span in comments(after, now))
    kept -= Counter(_squeezed(before.text, span) for span in comments(before, was) if span not in mine)
    all_lost = not kept
    new_lines = {line.strip() for line in after.text.splitlines()}
    lost: list[str] = []
    for span in mine:
        text = _squeezed(before.text, span)
        if kept[text]:
            kept[text] -= 1
        elif context.task is TaskClass.SIMPLIFY or _subject(before.text, span) in new_lines:
            lost.append(text)
    if lost or (all_lost and context.task is not TaskClass.CUSTOM):
        named = f"`{lost[0][:80]}` is missing" if lost else "they are all gone"
        raise AnswerRejectedError("comments-lost", f"Keep the comments: {named}.")


def _lines_that_differ(before: str, after: str, own: Span) -> tuple[Span, Span]:
    """The lines of `own` and all that differ, in both texts: the comments of the others cancel each other out."""
    start, tail = same_ends(before, after)
    start, tail = min(start, own.start), min(tail, len(before) - own.end)
    start = before.rfind("\n", 0, start) + 1
    rest = before.find("\n", len(before) - tail)
    tail = 0 if rest < 0 else len(before) - rest
    return Span(start=start, end=len(before) - tail), Span(start=start, end=len(after) - tail)


def _check_names(context: Context, after: Tree, target: Span) -> None:
    place = context.place
    if place.is_python and not place.tree.errors():
        from parley_agent.python.by_parts import newly_undefined_names

        unknown = tuple(sorted(newly_undefined_names(place.document.text, after.text)))
    else:
        unknown = unknown_names(place.tree, after, target)
    if unknown:
        raise AnswerRejectedError(
            "unknown-name", f"Nothing here is called {', '.join(unknown[:5])}. Use what the file has, or import it."
        )


def _may_change_signature(context: Context) -> bool:
    match context.task:
        case TaskClass.CUSTOM | TaskClass.SIMPLIFY | TaskClass.EXTRACT_FUNCTION:
            return _ABOUT_SIGNATURE.search(context.wish.text) is not None
        case TaskClass.FIX_DIAGNOSTICS:
            definition = context.place.target.definition
            return definition is not None and any(
                each.span.start < definition.body.start or _ABOUT_SIGNATURE.search(each.message)
                for each in context.diagnostics
            )
        case TaskClass.TYPE_HINTS:
            return True
        case _:
            return False


def _signature(tree: Tree, definition: Definition) -> str:
    """Everything before the body but comments, spaced alike: decorators, modifiers, name, parameters, result."""
    start, end = definition.span.start, definition.signature.end
    pieces: list[str] = []
    for comment in comments(tree):
        if start <= comment.start and comment.end <= end:
            pieces.append(tree.text[start : comment.start])
            start = comment.end
    text = " ".join("".join([*pieces, tree.text[start:end]]).split())
    return re.sub(r",\s*([)\]}>])", r"\1", re.sub(r"\s*([()\[\]{}:,=<>*&|])\s*", r"\1", text))


def _subject(text: str, comment: Span) -> str:
    """The code that a comment is about: on its own line before it, else on the next line with code."""
    line_start = text.rfind("\n", 0, comment.start) + 1
    if before := text[line_start : comment.start].strip():
        return before
    after = text[comment.end :].split("\n")[1:]
    return next((line.strip() for line in after if line.strip()), "")


def _squeezed(text: str, span: Span) -> str:
    return " ".join(text[span.start : span.end].split())
