"""Why a refactoring ends without an edit.

RefactorError
├── RefactorRefusedError    nothing that a model says can help: tell the person `reason`
└── AnswerRejectedError     the model's answer will not do: tell the model `problem` and ask again
"""

from __future__ import annotations


class RefactorError(Exception):
    """The root of what this package raises.

    Args:
        code: A short stable word for machines, such as "too-large".
        message: What was wrong, with the value, and the way out.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class RefactorRefusedError(RefactorError):
    """The request cannot be carried out here."""

    @property
    def reason(self) -> str:
        """The sentence for the person."""
        return str(self)


class AnswerRejectedError(RefactorError):
    """What the model answered was not used."""

    @property
    def problem(self) -> str:
        """What was wrong, in words that both the model and the person understand."""
        return str(self)
