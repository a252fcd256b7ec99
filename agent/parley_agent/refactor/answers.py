"""Reading what a model answered: code out of fences and chat, and JSON of a schema.

What cannot be read safely is a named problem, in words that help the model to mend it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.refactor.still_markdown import still
from parley_providers.plain_text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from parley_agent.refactor.forms.form import Answer
    from parley_agent.syntax import Language

_CHAT_MARKERS = re.compile(
    r"<\|[a-z_]+\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<\uff5c[^\uff5c>]+\uff5c>|<\|?(?:fim_\w+|file_sep|endoftext)\|?>"
)
_THOUGHT = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_FENCE = re.compile(
    r"^[ \t]*(?P<mark>`{3,}|~{3,})[ \t]*(?P<tag>[\w+#.\-]*)[^\n]*\n(?P<code>.*?)(?:^[ \t]*(?P=mark)[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_COMMENT_OPENING = r"(?:#|//|--|/\*+|\*|;|<!--)\s*"
_ELIDED = re.compile(
    rf"{_COMMENT_OPENING}[\[(<]*\s*(?:\.\.\.|…)"
    rf"|{_COMMENT_OPENING}.*(?:\.\.\.|…)\s*[\])>]*\s*(?:\*/|-->)?\s*$"
    rf"|{_COMMENT_OPENING}[\[(<.…\s]*(?:the\s+)?(?:rest|remainder|remaining|previous|existing|original|unchanged|other|same)\b.*"
    r"(?:code|unchanged|same|before|above|function|method|class|body|implementation|lines|file|remains?|here)"
    rf"|{_COMMENT_OPENING}(?:your|insert|add|put)\b.*\b(?:code|logic|implementation)\b.*\bhere\b"
    rf"|{_COMMENT_OPENING}(?:implementation|code|body)\s+(?:goes\s+here|here|omitted|unchanged)"
    r"|^\s*(?:\.\.\.|…)\s*;?\s*$",
    re.IGNORECASE,
)
_DIFF_LINE = re.compile(r"^(?:@@ .*@@|--- \S|\+\+\+ \S|diff --git )", re.MULTILINE)
_TAGS = """python py python3 javascript js jsx typescript ts tsx go golang rust rs java c cpp c++ csharp cs ruby rb php
bash sh lua kotlin swift scala perl r sql html css haskell"""
_OTHER_TAGS = frozenset(_TAGS.split())


def read_code(answer: Answer, language: Language, before: str) -> str:
    """The code of `answer`, with plain newlines; `before` is the code that was shown.

    Raises:
        AnswerRejectedError: there is none, or it is not plainly one whole piece of code of `language`.
    """
    if answer.cut:
        raise AnswerRejectedError(
            "cut", "The answer was too long and broke off. Answer with the code alone, and keep it short."
        )
    text = _spoken(answer.text)
    if not text.strip():
        raise AnswerRejectedError("empty", "The answer was empty. Answer with the whole code.")
    code = _one_block(text, language)
    for refuse in (_refuse_diff, _refuse_control_characters, _refuse_chat_markers, refuse_elisions):
        refuse(code, before)
    if not code.strip():
        raise AnswerRejectedError("empty", "The code in the answer was empty. Answer with the whole code.")
    return code


def read_prose(answer: Answer) -> str:
    """Markdown for the person, freed of chat markers, control characters, images and HTML."""
    return still(printable(_CHAT_MARKERS.sub("", _spoken(answer.text))).strip())


def read_choices(answer: Answer, keys: Iterable[str]) -> Mapping[str, object]:
    """The JSON object of `answer`: some of `keys`, each once, nothing else.

    Raises:
        AnswerRejectedError: it is no such object.
    """
    known = list(keys)
    if answer.cut:
        raise AnswerRejectedError(
            "cut", f"The JSON broke off. Answer with {_named(known)} only, and keep the values short."
        )
    text = _spoken(answer.text).strip()
    fenced = _FENCE.fullmatch(text)
    try:
        value = json.loads(fenced["code"] if fenced else text, object_pairs_hook=_without_duplicates)
    except ValueError as error:
        raise AnswerRejectedError("not-json", f"That is not one JSON object with {_named(known)}: {error}.") from error
    if not isinstance(value, dict) or not value or not set(value) <= set(known):
        raise AnswerRejectedError("not-json", f"Answer with one JSON object with {_named(known)}, and no other keys.")
    return value


def without_controls(text: str) -> str:
    """`text` without control characters other than tabs, newlines and form feeds: safe to show in a terminal."""
    return _CONTROL.sub("", text)


def refuse_elisions(code: str, before: str) -> None:
    """Refuse code in which the model left something out.

    Raises:
        AnswerRejectedError: a line that `before` does not have stands for code that is not there.
    """
    known = {line.strip() for line in before.splitlines()}
    for line in code.splitlines():
        if line.strip() not in known and _ELIDED.search(line):
            raise AnswerRejectedError(
                "elided", f"The line `{line.strip()[:80]}` stands for code that was left out. Write every line in full."
            )


def _spoken(text: str) -> str:
    """`text` without a leading thought, and without chat markers around it."""
    text = _THOUGHT.sub("", text.replace("\r\n", "\n"), count=1)
    while True:
        trimmed = text.strip("\n")
        for marker in _CHAT_MARKERS.finditer(trimmed):
            if not trimmed[: marker.start()].strip():
                trimmed = trimmed[marker.end() :]
                break
            if not trimmed[marker.end() :].strip():
                trimmed = trimmed[: marker.start()]
                break
        if trimmed == text:
            return text
        text = trimmed


def _one_block(text: str, language: Language) -> str:
    blocks = [match for match in _FENCE.finditer(text) if match["code"].strip()]
    if not blocks:
        if "```" in text:
            raise AnswerRejectedError(
                "empty", "The code block was empty. Answer with the whole code in one code block."
            )
        return text
    if len(blocks) > 1:
        raise AnswerRejectedError(
            "several-blocks",
            f"The answer had {len(blocks)} code blocks. Answer with one code block that holds the whole new code.",
        )
    tag = blocks[0]["tag"].lower()
    if tag in {"diff", "patch"}:
        raise AnswerRejectedError("diff", "That is a diff. Answer with the whole new code instead.")
    if tag in _OTHER_TAGS and tag not in language.fence_tags:
        raise AnswerRejectedError("other-language", f"That is {tag}. Answer in {language.name}.")
    return blocks[0]["code"].removesuffix("\n")


def _refuse_diff(code: str, before: str) -> None:
    if _DIFF_LINE.search(code) and not _DIFF_LINE.search(before):
        raise AnswerRejectedError("diff", "That is a diff. Answer with the whole new code instead.")


def _refuse_control_characters(code: str, before: str) -> None:
    if new := set(_CONTROL.findall(code)) - set(_CONTROL.findall(before)):
        named = ", ".join(f"U+{ord(character):04X}" for character in sorted(new))
        raise AnswerRejectedError(
            "control-characters", f"The code holds control characters ({named}). Write plain text."
        )


def _refuse_chat_markers(code: str, before: str) -> None:
    if new := set(_CHAT_MARKERS.findall(code)) - set(_CHAT_MARKERS.findall(before)):
        raise AnswerRejectedError(
            "chat-markers", f"The code holds {min(new)!r}, which is no code. Answer with code only."
        )


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key is there twice")
    return value


def _named(keys: list[str]) -> str:
    return ("the key " if len(keys) == 1 else "the keys ") + ", ".join(f'"{key}"' for key in keys)
