"""Code points that a person does not see but a model reads: tags, controls of writing direction, zero-width characters.

They can carry instructions to a model ("Rules File Backdoor", 2025), so a model is not shown them and the person is
told.
"""

from __future__ import annotations

import re

_EMOJI = r"\u2190-\u2bff\U0001f000-\U0001faff"
# A zero-width joiner inside an emoji sequence is visible in its effect and stays. What is looked for comes first: a
# pattern that begins with a set of characters skips all others six times as fast as one that looks around first.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    rf"(?:(?<!\u200d)|(?<![{_EMOJI}\ufe0f]\u200d)|(?![{_EMOJI}]))"
)


def hidden_characters(text: str) -> tuple[str, ...]:
    """The hidden code points of `text`, in order."""
    return () if text.isascii() else tuple(_HIDDEN.findall(text))


def without_hidden(text: str) -> str:
    """`text` as a person sees it."""
    return text if text.isascii() else _HIDDEN.sub("", text)
