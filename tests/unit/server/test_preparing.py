"""Reading texts ahead."""

import asyncio

from parley_server.lsp.documents import Documents
from parley_server.lsp.preparing import Preparing


class Reader:
    """Reads texts, each when it is let."""

    def __init__(self, *, fails_at=()):
        self.read, self.fails_at = [], fails_at
        self.begun, self.let = asyncio.Event(), asyncio.Event()

    async def __call__(self, document):
        self.begun.set()
        await self.let.wait()
        self.read.append((document.uri, document.text))
        if document.text in self.fails_at:
            raise ValueError(document.text)


def opened(documents, preparing, uri, text):
    documents.open(uri=uri, language="python", version=1, text=text)
    preparing.wants(uri)


async def test_the_text_that_was_opened_or_changed_last_is_read_next():
    """While one is read, those that are overtaken are left out, however many."""
    documents, reader = Documents(lambda uri: uri), Reader()
    async with asyncio.TaskGroup() as group:
        preparing = Preparing(group, documents, reader)
        opened(documents, preparing, "a", "1")
        await reader.begun.wait()
        for uri, text in (("b", "1"), ("c", "1"), ("a", "2"), ("a", "3")):
            opened(documents, preparing, uri, text)
        reader.let.set()
    assert reader.read == [("a", "1"), ("a", "3")]


async def test_a_text_that_cannot_be_read_ahead_disturbs_nothing(caplog):
    """The next one is read; the log tells."""
    documents, reader = Documents(lambda uri: uri), Reader(fails_at=("1",))
    async with asyncio.TaskGroup() as group:
        preparing = Preparing(group, documents, reader)
        opened(documents, preparing, "a", "1")
        await reader.begun.wait()
        opened(documents, preparing, "a", "2")
        reader.let.set()
    assert reader.read == [("a", "1"), ("a", "2")]
    assert [record.getMessage() for record in caplog.records] == ["a could not be read ahead"]


async def test_nothing_is_read_of_a_text_that_was_closed_or_after_the_end():
    """Neither is an error."""
    documents, reader = Documents(lambda uri: uri), Reader()
    async with asyncio.TaskGroup() as group:
        preparing = Preparing(group, documents, reader)
        opened(documents, preparing, "a", "1")
        documents.close("a")
        await asyncio.sleep(0)
        preparing.close()
        opened(documents, preparing, "b", "1")
    assert reader.read == []
