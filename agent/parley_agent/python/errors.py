"""The one way an edit of Python is refused."""

from __future__ import annotations


class EditRefusedError(Exception):
    """An edit that was not made, because it could not be made safely.

    `code` is for machines ("syntax", "not-local", …); `reason` is one or more sentences for the person, and good enough
    to tell a model what was wrong with its answer.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
