"""What the tests of refactoring share: running a request against scripted answers."""

from __future__ import annotations

import pytest

from parley_agent.document import Document, Span, apply_edits
from parley_agent.refactor.requests import RefactorRequest
from parley_agent.refactor.service import RefactorService
from support.scripted_models import ScriptedModels


class Bench:
    """One refactoring: `code` with the selection between two `¦`, or one as the cursor."""

    def __init__(self, code, *answers, language="python", path="/work/shop.py", **models):
        first = code.index("¦")
        last = code.rindex("¦") - (code.count("¦") - 1)
        self.text = code.replace("¦", "")
        self.document = Document(uri=f"file://{path}", language=language, text=self.text, path=path, version=1)
        self.selection = Span(start=first, end=last)
        self.models = ScriptedModels(list(answers), **models)

    async def run(self, task=None, instruction=None, **options):
        """The events of the request."""
        request = RefactorRequest(
            document=self.document, selection=self.selection, task=task, instruction=instruction, **options
        )
        return [event async for event in RefactorService(self.models).run(request)]

    async def last(self, task=None, instruction=None, **options):
        """The event that it ended with."""
        return (await self.run(task, instruction, **options))[-1]

    async def result(self, task=None, instruction=None, **options):
        """The text after the proposal."""
        return apply_edits(self.text, (await self.last(task, instruction, **options)).edits)


@pytest.fixture
def bench():
    return Bench
