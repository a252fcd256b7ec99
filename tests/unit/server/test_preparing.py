"""Reading texts ahead."""

import asyncio

import pytest

from parley_server.lsp.documents import Documents
from parley_server.lsp.preparing import PAUSE_S, Preparing
from support.virtual_time import played


class Reader:
    """Reads texts in so many steps, each when it is let, and tells which texts it began, took steps of, and read."""

    def __init__(self, *, fails_at=(), steps=1):
        self.read, self.read_at_s, self.fails_at, self.steps = [], [], fails_at, steps
        self.taken, self.closed = [], []
        self.begun, self.let = asyncio.Event(), asyncio.Event()

    def __call__(self, document):
        self.read_at_s.append(asyncio.get_running_loop().time())
        try:
            for _ in range(self.steps):
                self.taken.append(document.text)
                if document.text in self.fails_at:
                    raise ValueError(document.text)
                yield
            self.read.append((document.uri, document.text))
        finally:
            self.closed.append(document.text)

    async def aside(self, step):
        self.begun.set()
        await self.let.wait()
        return step()

    def preparing(self, group, documents):
        return Preparing(group, documents, self, self.aside)


def opened(documents, preparing, uri, text):
    documents.open(uri=uri, language="python", version=1, text=text)
    preparing.opened(uri)


def changed(documents, preparing, uri, text):
    documents.open(uri=uri, language="python", version=2, text=text)
    preparing.changed(uri)


async def typed(texts, every_s):
    """The reader of a document that is opened with the first text and changed to each other one."""
    documents, reader = Documents(lambda uri: uri), Reader()
    reader.let.set()
    async with asyncio.TaskGroup() as group:
        preparing = reader.preparing(group, documents)
        opened(documents, preparing, "a", texts[0])
        await reader.begun.wait()
        for text in texts[1:]:
            changed(documents, preparing, "a", text)
            await asyncio.sleep(every_s)
        await asyncio.sleep(PAUSE_S)
    return reader


async def test_the_text_that_was_opened_or_changed_last_is_read_next():
    """While one is read, those that are overtaken are left out, however many."""
    documents, reader = Documents(lambda uri: uri), Reader()
    async with asyncio.TaskGroup() as group:
        preparing = reader.preparing(group, documents)
        opened(documents, preparing, "d", "1")
        await reader.begun.wait()
        for uri, text in (("b", "1"), ("c", "1"), ("a", "2"), ("a", "3")):
            opened(documents, preparing, uri, text)
        reader.let.set()
    assert reader.read == [("d", "1"), ("a", "3")]


def test_changes_in_a_burst_are_read_once_when_it_pauses():
    """Each change puts reading off; the text that was opened is read at once."""
    reader, _ = played(typed("01234", PAUSE_S / 2))
    assert reader.read == [("a", "0"), ("a", "4")]
    assert reader.read_at_s == pytest.approx([0.0, 2.5 * PAUSE_S])


def test_changes_with_pauses_between_them_are_read_each():
    """Whoever types slowly finds every text read."""
    reader, _ = played(typed("012", 2 * PAUSE_S))
    assert reader.read == [("a", "0"), ("a", "1"), ("a", "2")]
    assert reader.read_at_s == pytest.approx([0.0, PAUSE_S, 3 * PAUSE_S])


async def test_a_text_that_cannot_be_read_ahead_disturbs_nothing(caplog):
    """The next one is read; the log tells."""
    documents, reader = Documents(lambda uri: uri), Reader(fails_at=("1",))
    async with asyncio.TaskGroup() as group:
        preparing = reader.preparing(group, documents)
        opened(documents, preparing, "a", "1")
        await reader.begun.wait()
        opened(documents, preparing, "a", "2")
        reader.let.set()
    assert reader.read == [("a", "2")]
    assert [record.getMessage() for record in caplog.records] == ["a could not be read ahead"]


async def test_nothing_is_read_of_a_text_that_was_closed_or_after_the_end():
    """Neither is an error."""
    documents, reader = Documents(lambda uri: uri), Reader()
    async with asyncio.TaskGroup() as group:
        preparing = reader.preparing(group, documents)
        opened(documents, preparing, "a", "1")
        documents.close("a")
        await asyncio.sleep(0)
        preparing.close()
        opened(documents, preparing, "b", "1")
    assert reader.read == []


async def test_a_text_that_changes_while_it_is_read_is_left_after_the_step():
    """What was read of it is freed, and nobody waits for the rest; the text that it became is read to its end."""
    documents, reader = Documents(lambda uri: uri), Reader(steps=3)
    async with asyncio.TaskGroup() as group:
        preparing = reader.preparing(group, documents)
        opened(documents, preparing, "a", "1")
        await reader.begun.wait()
        opened(documents, preparing, "a", "2")
        reader.let.set()
    assert (reader.taken, reader.closed) == (["1", "2", "2", "2"], ["1", "2"])
    assert reader.read == [("a", "2")]


async def test_a_text_that_is_closed_while_it_is_read_is_left_after_the_step():
    """Nobody will ask about it."""
    documents, reader = Documents(lambda uri: uri), Reader(steps=3)
    async with asyncio.TaskGroup() as group:
        preparing = reader.preparing(group, documents)
        opened(documents, preparing, "a", "1")
        await reader.begun.wait()
        documents.close("a")
        reader.let.set()
    assert (reader.taken, reader.closed, reader.read) == (["1"], ["1"], [])


async def test_a_change_of_another_text_leaves_no_reading():
    """What is open in two windows is read in both."""
    documents, reader = Documents(lambda uri: uri), Reader(steps=3)
    async with asyncio.TaskGroup() as group:
        preparing = reader.preparing(group, documents)
        opened(documents, preparing, "a", "1")
        await reader.begun.wait()
        opened(documents, preparing, "b", "2")
        reader.let.set()
    assert reader.read == [("a", "1"), ("b", "2")]


def test_what_changed_last_stays_unread_at_the_end():
    """The end does not wait for a pause, and none begins after it."""
    reader = Reader()

    async def ended():
        documents = Documents(lambda uri: uri)
        async with asyncio.TaskGroup() as group:
            preparing = reader.preparing(group, documents)
            changed(documents, preparing, "a", "1")
            preparing.close()
            changed(documents, preparing, "a", "2")
            await asyncio.sleep(2 * PAUSE_S)

    played(ended())
    assert reader.read_at_s == []
