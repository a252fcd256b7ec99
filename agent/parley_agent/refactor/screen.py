"""What a model is shown of a text: without hidden characters and, for a model elsewhere, without secrets.

A secret becomes a placeholder of its own at each place, so that it can be put back exactly where it was.
"""

from __future__ import annotations

import re

from parley_agent.hidden_unicode import hidden_characters, without_hidden
from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.secrets import find_secrets


class Screen:
    """Stands between the person's text and one model.

    Args:
        hides_secrets: Whether secrets become placeholders: yes for every model that is not on this machine.
        known_text: All the text that will be shown, so that no placeholder is a word of it.
    """

    def __init__(self, *, hides_secrets: bool, known_text: str) -> None:
        self._hides_secrets = hides_secrets
        self._stem = "PARLEY_SECRET"
        while self._stem in known_text:
            self._stem += "_"
        self._secrets: dict[str, str] = {}
        self.hidden_count = 0
        self.shows_secrets = False

    @property
    def secret_count(self) -> int:
        """How many secrets were replaced so far."""
        return len(self._secrets)

    def show(self, text: str) -> str:
        """`text` as the model may see it; what is a placeholder in it already stays one."""
        spans = [each for each in find_secrets(text) if text[each.start : each.end] not in self._secrets]
        if self._hides_secrets:
            for span in reversed(spans):
                placeholder = f"{self._stem}_{len(self._secrets) + 1}"
                self._secrets[placeholder] = text[span.start : span.end]
                text = text[: span.start] + placeholder + text[span.end :]
        else:
            self.shows_secrets = self.shows_secrets or bool(spans)
        self.hidden_count += len(hidden_characters(text))
        return without_hidden(text)

    def show_problem(self, text: str) -> str:
        """What was wrong with an answer, as the model may see it: it may quote secrets that were put back already."""
        for placeholder, secret in sorted(self._secrets.items(), key=lambda each: len(each[1]), reverse=True):
            text = text.replace(secret, placeholder)
        return self.show(text)

    def check_placeholders(self, answer: str, shown: str) -> None:
        """Check that `answer` has the placeholders of `shown`, the text that it replaces: each once, no others.

        Raises:
            AnswerRejectedError: one is missing or doubled, or came from elsewhere.
        """
        expected = sorted(self._placeholders(shown))
        if sorted(self._placeholders(answer)) != expected:
            wanted = ", ".join(expected) or "none"
            raise AnswerRejectedError(
                "secret-lost",
                f"Each placeholder of a secret must come back exactly once and unchanged (expected: {wanted}).",
            )

    def restored(self, answer: str) -> str:
        """`answer`, whose placeholders were checked, with the secrets put back."""
        return self._pattern.sub(lambda match: self._secrets[match[0]], answer)

    def _placeholders(self, text: str) -> list[str]:
        return self._pattern.findall(text)

    @property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"{re.escape(self._stem)}_\d+")
