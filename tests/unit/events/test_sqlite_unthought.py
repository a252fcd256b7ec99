"""What nobody thought of, in the threads of a SQLite store: who waits for one hears of it, and the thread goes on."""

import asyncio
import threading

import psutil
import pytest

from parley_events import EVERYTHING
from parley_events.batches import prepare
from parley_events.feed import Feed
from parley_events.stores.sqlite.connection import create
from parley_events.stores.sqlite.reader import Reader
from parley_events.stores.sqlite.tail import SqliteTail
from parley_events.stores.sqlite.writer import Writer
from support.event_stores import Outside, eventually, happened, sqlite_store


class Odd(Feed):
    """A feed that fails once, where nothing should."""

    def __init__(self, head, tail, *, fails_in):
        super().__init__(head, tail)
        self.fails_in = fails_in

    @property
    def position(self):
        self.fail_in("position")
        return super().position

    def deliver(self, after, events):
        self.fail_in("deliver")
        super().deliver(after, events)

    def fail_in(self, what):
        if self.fails_in == what:
            self.fails_in = ""
            raise ArithmeticError(f"no {what}")


@pytest.fixture
async def path(tmp_path):
    await asyncio.to_thread(create, tmp_path / "events.db")
    return tmp_path / "events.db"


@pytest.fixture
async def writer(path):
    writer = Writer(path, lambda _rows: None, lambda _trouble: None)
    await writer.start()
    yield writer
    await writer.aclose()


def a_batch(instruments):
    return prepare(("s", "a"), [happened()], instruments, expected_sequence=None, metadata=None, advance=None)


@pytest.mark.parametrize("transaction", [True, False])
async def test_whoever_asked_hears_what_became_of_it(writer, transaction):
    """It is raised where it was asked for; who asks next is answered."""

    def odd(_connection):
        raise ArithmeticError("that is no number")

    async with asyncio.timeout(30):
        with pytest.raises(ArithmeticError, match="that is no number"):
            await writer.write(odd, transaction=transaction)
        assert await writer.write(lambda connection: connection.in_transaction) is True


async def test_whoever_appends_hears_what_became_of_it(writer):
    """So do the others of the same commit, of which nothing is stored; the next one is."""
    instruments = Outside().instruments()
    first, odd, other = (a_batch(instruments) for _ in range(3))  # the second commit is of what came during the first
    odd.advance = object()
    async with asyncio.timeout(30):
        asked = [writer.append(each) for each in (first, odd, other)]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)  # noqa: TID251 - awaited here
        assert [type(each).__name__ for each in outcomes] == ["Appended", "AttributeError", "AttributeError"]
        assert (await writer.append(a_batch(instruments))).sequence == 2


@pytest.mark.parametrize("fails_in", ["position", "deliver"])
async def test_who_follows_gets_the_events_all_the_same(path, tmp_path, fails_in):
    """The tail's thread is not gone: it reads again with the next event, at the latest."""
    outside, told = Outside(), []

    async def head():
        return 0

    async def followed():
        return [event.event_type for event in listener.events]

    async def failed():
        return [*told, *(str(trouble.error) for trouble in outside.trouble)]

    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(str(context["exception"])))
    tail = SqliteTail(path, outside.trouble.append)
    feed = Odd(head, tail, fails_in=fails_in)
    tail.attach(feed)
    listener, _ = await feed.join(EVERYTHING)
    async with sqlite_store(tmp_path, Outside()) as store:
        await store.append("s", "a", [happened("First")], expected_sequence=None)
        await eventually(failed, [f"no {fails_in}"])
        await store.append("s", "a", [happened("Second")], expected_sequence=None)
        await eventually(followed, ["First", "Second"])
    await tail.aclose()


@pytest.mark.parametrize("reads", [True, False])
async def test_a_closing_that_is_cancelled_gives_everything_back(path, reads):
    """Once what is under way has ended: the system's files are not held until the process ends."""
    go_on, under_way = threading.Event(), threading.Event()

    async def are_given_back():
        return psutil.Process().num_fds() <= before  # what others left behind may be given back meanwhile

    def work(connection):
        connection.execute("SELECT count(*) FROM events").fetchone()
        under_way.set()
        go_on.wait(30)

    await asyncio.to_thread(under_way.is_set)  # the loop's own threads and files are there
    before = psutil.Process().num_fds()
    part = Reader(path) if reads else Writer(path, lambda _rows: None, lambda _trouble: None)
    async with asyncio.TaskGroup() as group:
        if not reads:
            await part.start()
        group.create_task(part.read(work) if reads else part.write(work))
        await asyncio.to_thread(under_way.wait, 30)
        closing = group.create_task(part.aclose())
        for _ in range(3):
            await asyncio.to_thread(under_way.wait, 30)  # by now another thread waits for the end
        closing.cancel()
        await asyncio.wait([closing])
        go_on.set()
    await eventually(are_given_back, expected=True)
