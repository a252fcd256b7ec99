"""Reading an instruction: one that plainly names a task class becomes that class, and may already hold the decision.

An instruction that asks for two things, or for something else, stays a custom one. No model is asked for this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parley_agent.refactor.tasks import TaskClass

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the person asked for.

    `names` (old to new) and `lines` (first and last, 1-based, of the document) with `new_name` are decisions that the
    instruction already holds. `text` is the instruction, or "" where it says no more than the task class does.
    `of_definition`: another name is wanted for the function, method or class itself.
    """

    task: TaskClass
    text: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[int, int] | None = None
    new_name: str | None = None
    of_definition: bool = False


_IDENTIFIER = r"[^\W\d]\w*"
_PAIR = re.compile(
    rf"[`'\"]?(?P<old>{_IDENTIFIER})[`'\"]?\s*(?:\bto\b|\bas\b|\binto\b|->|=>|→)\s*[`'\"]?(?P<new>{_IDENTIFIER})[`'\"]?"
)
_PAIRS = re.compile(
    rf"rename\s+(?:the\s+)?(?:(?:local\s+)?(?:variables?|names?|locals?)\s+)?"
    rf"(?P<pairs>{_PAIR.pattern.replace('?P<old>', '').replace('?P<new>', '')}"
    rf"(?:\s*(?:,|;|and|,\s*and)\s*{_PAIR.pattern.replace('?P<old>', '').replace('?P<new>', '')})*)",
    re.IGNORECASE,
)
_LINES = r"(?:the\s+)?lines?\s+(?P<first>\d+)(?:\s*(?:-|to|through|until)\s*(?P<last>\d+))?"
_SELECTED = r"(?:this|these\s+lines|that|it|the\s+selection|the\s+selected\s+(?:code|lines))"
_CALLED = r"(?:called|named)\s+"
_AS_FUNCTION = rf"(?:(?:an?\s+)?(?:new\s+)?(?:helper\s+)?(?:function|method|helper)\s+(?:{_CALLED})?|{_CALLED})?"
_EXTRACT = re.compile(
    rf"(?:extract|move|pull)\s+(?:out\s+)?(?:{_LINES}\s+)?(?:{_SELECTED}\s+)?(?:out\s+)?"
    rf"(?:in)?to\s+{_AS_FUNCTION}[`'\"]?(?P<name>{_IDENTIFIER})[`'\"]?(?:\(\))?",
    re.IGNORECASE,
)
_NOT_NAMES = frozenset({"a", "an", "the", "function", "functions", "method", "methods", "helper", "helpers", "its"}) | {
    *("variable", "variables", "constant", "constants", "class", "module", "file", "loop", "lambda", "comprehension"),
    *("generator", "decorator", "property", "one", "two", "three", "pieces", "parts", "smaller", "top"),
}
# Ways to write names: a person who asks for one has no single name in mind.
_STYLES = frozenset({"snake_case", "camelcase", "camel_case", "pascalcase", "pascal_case", "uppercase", "lowercase"})
_NAME = rf"[`'\"]?{_IDENTIFIER}[`'\"]?(?:\(\))?"
# "The method", as "method", may be a variable of that name.
_DEFINITION_RENAMED = re.compile(
    rf"rename\s+(?:(?:(?:this|that|my)\s+(?:function|method|class)|the\s+(?:function|class))(?:\s+{_NAME})?"
    rf"|(?:the\s+)?(?:function|method|class)\s+{_NAME})\s+(?:to|as|into)\s+{_NAME}",
    re.IGNORECASE,
)
_THING = (
    r"(?:function|method|class|code|definition|selection|arguments?|parameters?|(?:local )?variables?|locals?|names?)"
)
_THIS = rf"(?:\s+(?:this|the|that|these|those|it|its|all|any|here|my)\b)*(?:\s+{_THING})?"
_BETTER = r"(?:\s+(?:better|clearer|good|more|descriptive|meaningful|readable))+"
_SOME = r"(?:\s+(?:an?|the|this|these|that|all|any|my|some|missing|more|good|short|proper|it))*"
_DOCS = r"(?:doc-?strings?|docs?|documentation|doc comments?|jsdoc|javadoc|godoc|rustdoc)"
_PART = r"(?:out|an?|this|the|these|part|some|of|it|code|lines?|selection|selected|helper|new|up|into|in|to|smaller)"
_WRITE = r"(?:add|write|create|generate|insert|give)"
# What an instruction of a task class begins with; what follows it must not name another class.
_OPENINGS: dict[TaskClass, str] = {
    TaskClass.DOCSTRING: rf"(?:{_WRITE}{_SOME}(?:\s+{_THING})?{_SOME}\s+{_DOCS}|document{_THIS}|docstring)",
    TaskClass.TYPE_HINTS: (
        rf"(?:{_WRITE}{_SOME}\s+(?:type\s+(?:hints?|annotations?)|types|annotations|typing|hints)"
        rf"|annotate{_THIS}(?:\s+types)?|type[- ]hints?)"
    ),
    TaskClass.GENERATE_TESTS: rf"(?:{_WRITE}{_SOME}\s+(?:unit[- ])?tests?|test\s+(?:this|it)\b)",
    TaskClass.EXPLAIN: r"(?:explain|what\s+(?:does|is|do)\b|how\s+does\b|describe)",
    TaskClass.SIMPLIFY: (
        rf"(?:simplify|(?:make|write){_THIS}\s+(?:simply|simpler|shorter|more\s+(?:simply|concise|readable)))"
    ),
    TaskClass.FIX_DIAGNOSTICS: (
        rf"(?:fix|solve|resolve|correct){_SOME}\s+(?:type\s+|syntax\s+|lint(?:er)?\s+)?"
        r"(?:errors?|problems?|warnings?|diagnostics?|issues?|lint)"
    ),
    TaskClass.EXTRACT_FUNCTION: rf"(?:extract|pull|split|break|move)(?:\s+{_PART})*\s+(?:functions?|methods?|helpers?)",
    TaskClass.RENAME: (
        rf"(?:rename{_THIS}|(?:use|give|choose|find|pick){_THIS}{_BETTER}(?:\s+(?:variable|local))?\s+names?"
        r"|improve(?:\s+(?:the|these|all|its))*(?:\s+(?:variable|local))?\s+names?)"
    ),
}
_MORE = r"(?:\s+(?:better|clearer|clearly|for\s+clarity|please|do|does|mean))*"
_BARE_TAIL = rf"(?:\s+(?:for|to|of|in|from|on|with)\b)?{_THIS}{_MORE}"
# Words that name a class when they stand anywhere: two classes make an instruction a custom one.
_MENTIONS: dict[TaskClass, str] = {
    TaskClass.DOCSTRING: r"\bdoc-?strings?\b|\bdocument(?:ation)?\b|\bdocs\b",
    TaskClass.TYPE_HINTS: r"\btype[- ](?:hints?|annotations?)\b|\bannotat(?:e|ions?)\b",
    TaskClass.GENERATE_TESTS: r"\btests?\b",
    TaskClass.SIMPLIFY: r"\bsimplif(?:y|ied)\b",
    TaskClass.EXTRACT_FUNCTION: r"\bextract\b",
    TaskClass.RENAME: r"\brenam(?:e|ing)\b",
    TaskClass.FIX_DIAGNOSTICS: r"\bfix(?:es)?\b",
    TaskClass.EXPLAIN: r"\bexplain\b",
}


def read_wish(instruction: str | None, task: TaskClass | None) -> Wish:
    """What `instruction` asks for; a `task` that the person chose is never overruled."""
    said = _plain(instruction or "")
    if not said:
        return Wish(task=task or TaskClass.CUSTOM)
    if task in (None, TaskClass.CUSTOM, TaskClass.RENAME):
        if _DEFINITION_RENAMED.fullmatch(said):
            return Wish(task=TaskClass.RENAME, text=said, of_definition=True)
        if names := _names(said):
            return Wish(task=TaskClass.RENAME, text=said, names=names)
    if task in (None, TaskClass.CUSTOM, TaskClass.EXTRACT_FUNCTION) and (wish := _extraction(said)):
        return wish
    named = task if task not in (None, TaskClass.CUSTOM) else _named(said)
    if named is None:
        return Wish(task=TaskClass.CUSTOM, text=said)
    is_bare = re.fullmatch(_OPENINGS.get(named, "") + _BARE_TAIL, said, re.IGNORECASE) is not None
    return Wish(task=named, text="" if is_bare else said)


def _plain(instruction: str) -> str:
    said = " ".join(instruction.split())
    said = re.sub(r"^(?:please|could you|can you|would you)\s+(?:please\s+)?", "", said, flags=re.IGNORECASE)
    return re.sub(r"(?:,?\s*please)?[\s.!?]*$", "", said, flags=re.IGNORECASE)


def _names(said: str) -> dict[str, str]:
    match = _PAIRS.fullmatch(said)
    if match is None:
        return {}
    pairs = [(pair["old"], pair["new"]) for pair in _PAIR.finditer(match["pairs"])]
    names = dict(pairs)
    is_style = any(new.lower() in _STYLES for new in names.values())
    return names if len(names) == len(pairs) and not is_style else {}


def _extraction(said: str) -> Wish | None:
    match = _EXTRACT.fullmatch(said)
    if match is None or match["name"].lower() in _NOT_NAMES:
        return None
    lines = None
    if match["first"]:
        first = int(match["first"])
        lines = (first, int(match["last"] or first))
    return Wish(task=TaskClass.EXTRACT_FUNCTION, text=said, lines=lines, new_name=match["name"])


def _named(said: str) -> TaskClass | None:
    mentioned = {task for task, words in _MENTIONS.items() if re.search(words, said, re.IGNORECASE)}
    for task, opening in _OPENINGS.items():
        if re.match(opening + r"(?!\w)", said, re.IGNORECASE) and not mentioned - {task}:
            return task
    return None
