"""A SQLite store on bad days: damaged, too new, full, read-only, locked, moved, on a network file system."""

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from parley_events import (
    Query,
    StoreBehindError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
    StoreLocationError,
    StoreMissingError,
    StoreReadOnlyError,
    StoreTooNewError,
    StoreUnavailableError,
)
from parley_events.batches import prepare
from parley_events.stores.sqlite.faults import translated
from parley_events.stores.sqlite.location import check_location, file_system
from parley_events.stores.sqlite.schema import MIGRATIONS, migrate
from parley_events.stores.sqlite.writer import Writer
from parley_events.verify import verified
from support import event_writer
from support.event_stores import Outside, eventually, happened, sqlite_store


async def _filled(tmp_path, count=3, size=10):
    async with sqlite_store(tmp_path, Outside()) as store:
        await store.append("s", "a", [happened(text="x" * size) for _ in range(count)], expected_sequence=0)
    return tmp_path / "events.db"


async def test_opening_a_store_twice_leaves_the_locks_of_the_first_alone(tmp_path):
    """Else another process that closes the file believes to be the last, and takes away what the first one wrote."""
    look = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM events'); c.close()"
    async with sqlite_store(tmp_path, Outside()) as store:
        await store.append("s", "a", [happened()], expected_sequence=0)
        async with sqlite_store(tmp_path, Outside()):
            pass
        path = tmp_path / "events.db"
        await asyncio.to_thread(subprocess.run, [sys.executable, "-c", look, str(path)], check=True, timeout=60)
        assert path.with_name("events.db-wal").exists()


async def test_another_file_is_no_event_store(tmp_path):
    """The message says that it is another, and how to go on."""
    (tmp_path / "events.db").write_bytes(b"not a database, but a text of some length" * 50)
    with pytest.raises(StoreCorruptError, match=r"is no event store: it is another file.*move this file away"):
        async with sqlite_store(tmp_path, Outside()):
            pass


async def test_a_database_of_another_program_is_left_alone(tmp_path):
    """It is neither migrated nor written."""
    path = tmp_path / "events.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (a)")
    other.close()
    for read_only in (False, True):
        with pytest.raises(StoreCorruptError, match="another program"):
            async with sqlite_store(tmp_path, Outside(), read_only=read_only):
                pass


async def test_a_newer_store_is_refused_unchanged(tmp_path):
    """Nothing is written by who does not know what it means."""
    path = await _filled(tmp_path)
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    for read_only in (False, True):
        with pytest.raises(StoreTooNewError, match="newer Parley"):
            async with sqlite_store(tmp_path, Outside(), read_only=read_only):
                pass


async def test_a_truncated_store_is_told_when_it_is_opened(tmp_path):
    """What was cut off is missed, and the message says what to do."""
    path = await _filled(tmp_path, count=500, size=400)
    os.truncate(path, path.stat().st_size // 2)
    for read_only in (False, True):
        with pytest.raises(StoreCorruptError, match="is damaged"):
            async with sqlite_store(tmp_path, Outside(), read_only=read_only):
                pass


async def test_a_scribbled_page_is_an_error_not_an_answer(tmp_path):
    """Damage in the middle is met by whoever reads it."""
    path = await _filled(tmp_path, count=500, size=400)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 3)
        file.write(os.urandom(20_000))
    async with sqlite_store(tmp_path, Outside(), read_only=True) as store:
        assert (await verified(store)).problems != []


async def test_a_store_that_does_not_exist_is_not_made_by_reading(tmp_path):
    """Looking changes nothing."""
    with pytest.raises(StoreMissingError, match="no event store"):
        async with sqlite_store(tmp_path, Outside(), read_only=True):
            pass
    assert list(tmp_path.iterdir()) == []


async def test_an_empty_file_is_no_store_to_read(tmp_path):
    """It has no tables yet."""
    (tmp_path / "events.db").touch()
    with pytest.raises(StoreCorruptError, match="empty file"):
        async with sqlite_store(tmp_path, Outside(), read_only=True):
            pass


async def test_a_store_that_is_read_refuses_to_write(tmp_path):
    """And reads."""
    await _filled(tmp_path)
    async with sqlite_store(tmp_path, Outside(), read_only=True) as store:
        assert len(await store.load(Query())) == 3
        with pytest.raises(StoreReadOnlyError, match="only to be read"):
            await store.append("s", "a", [happened()], expected_sequence=3)


async def test_a_place_where_no_folder_can_be_is_told(tmp_path):
    """Here a file stands where the folder would be."""
    (tmp_path / "taken").touch()
    with pytest.raises(StoreReadOnlyError, match="cannot be created or written"):
        async with sqlite_store(tmp_path / "taken", Outside()):
            pass


async def test_a_link_to_nowhere_is_no_place(tmp_path):
    """It is not followed, so nothing is made where nobody named it."""
    (tmp_path / "events.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(StoreReadOnlyError, match="cannot be created or written"):
        async with sqlite_store(tmp_path, Outside()):
            pass
    assert not (tmp_path / "elsewhere.db").exists()


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


class Holding:
    """Another process that holds the write lock until it is released."""

    def __init__(self, path):
        self._process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout.readline() == "held\n"

    def release(self):
        self._process.communicate()


async def test_a_lock_is_waited_for_and_nothing_is_lost(tmp_path):
    """Appends that come while another process holds the lock are stored when it lets go, in order; it is reported."""
    path = await _filled(tmp_path)
    outside = Outside(prefix="new")

    async def reported():
        return len(outside.trouble)

    async with sqlite_store(tmp_path, outside) as store:
        holding = Holding(path)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(store.append("s", "a", [happened(number=number)], expected_sequence=3 + number))
                for number in range(5)
            ]
            await eventually(reported, 1)
            holding.release()
        assert [task.result().sequence for task in tasks] == [4, 5, 6, 7, 8]


async def test_a_lock_that_stays_is_told(tmp_path):
    """After the patience is over, and with nothing stored."""
    path = await _filled(tmp_path)
    async with sqlite_store(tmp_path, Outside(prefix="new"), patience_s=0.0) as store:
        holding = Holding(path)
        with pytest.raises(StoreBusyError, match="Another process holds"):
            await store.append("s", "a", [happened()], expected_sequence=3)
        holding.release()
        assert (await store.append("s", "a", [happened()], expected_sequence=3)).sequence == 4


async def test_a_full_store_takes_nothing_in_half(tmp_path):
    """SQLite says that there is no room: nothing of the append is seen, and it can be done again when there is."""
    path, outside = await _filled(tmp_path), Outside(prefix="new")
    writer = Writer(path, lambda _rows: None, outside.trouble.append)
    await writer.start()

    def batch(count):
        events = [happened(text="x" * 4_000) for _ in range(count)]
        return prepare(("s", "a"), events, outside.instruments(), expected_sequence=3, metadata=None, advance=None)

    async def bounded(pages):
        await writer.write(lambda within: within.execute(f"PRAGMA max_page_count = {pages}").fetchall())

    await bounded(1)  # which means: no page more than there are
    with pytest.raises(StoreFullError, match=r"is full.*what was stored before is safe.*parley events prune"):
        await writer.append(batch(100))
    async with sqlite_store(tmp_path, outside, read_only=True) as store:
        assert [event.sequence for event in await store.load(Query())] == [1, 2, 3]
    await bounded(10_000)
    assert (await writer.append(batch(100))).sequence == 103
    await writer.aclose()


UNPRIVILEGED = """
import asyncio, os, sys
import psutil  # used later, when Python's own folder may be out of reach
from datetime import UTC, datetime
from pathlib import Path
from parley_events import EventStoreError, Instruments, NewEvent, Query
from parley_events.stores.sqlite import SqliteStore


async def main(path):
    instruments = Instruments(now=lambda: datetime(2026, 1, 1, tzinfo=UTC), new_id=lambda: "id")
    try:
        async with SqliteStore(path, instruments) as store:
            await store.append("s", "a", [NewEvent(event_type="Happened", data={})], expected_sequence=None)
    except EventStoreError as error:
        print(type(error).__name__, error)
    async with SqliteStore(path, instruments, read_only=True) as store:
        print(len(await store.load(Query())))


if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.fixture
def open_folder():
    """A folder that every user may enter and read."""
    with tempfile.TemporaryDirectory(prefix="parley-read-only-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


async def test_a_folder_of_somebody_else_is_read_and_not_written(open_folder):
    """A process that may not write there is told so; it can read, and what is there stays as it was."""
    path = await _filled(open_folder)
    before = path.read_bytes()
    path.chmod(0o444)
    open_folder.chmod(0o555)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", UNPRIVILEGED, str(path)), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, trace = await process.communicate()
    told, read = out.decode().splitlines()
    assert told.startswith(f"StoreReadOnlyError The event store {path} cannot be"), trace
    assert (read, path.read_bytes()) == ("3", before)


async def test_a_store_that_lost_events_is_told_to_who_resumes(tmp_path):
    """An old backup took its place: whoever resumes after an event that it lacks must not wait in silence."""
    path = await _filled(tmp_path)
    shutil.copy(path, tmp_path / "backup.db")
    async with sqlite_store(tmp_path, Outside(prefix="new")) as store:
        await store.append("s", "a", [happened()], expected_sequence=3)
    shutil.move(tmp_path / "backup.db", path)
    async with sqlite_store(tmp_path, Outside()) as store, store.subscribe(after=4) as events:
        with pytest.raises(StoreBehindError, match="ends at position 3, but events up to 4 were seen"):
            await anext(events)


def test_a_disk_that_refuses_leaves_only_what_was_acknowledged(tmp_path):
    """A process whose file may not grow further fails with a message; all that it had acknowledged is there."""
    path = tmp_path / "events.db"
    done = subprocess.run(
        [sys.executable, event_writer.__file__, str(path), "", "w0", "0", "100000"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000)),
    )
    assert done.returncode != 0
    assert "did not do what it was asked" in done.stderr or "is full" in done.stderr
    acknowledged = {int(line) for line in done.stdout.split()}
    with sqlite3.connect(path) as connection:
        stored = {row[0] for row in connection.execute("SELECT json_extract(data, '$.number') FROM events")}
    connection.close()
    assert len(acknowledged) > 10
    assert acknowledged <= stored


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_BUSY, StoreBusyError),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreBusyError),
        (sqlite3.SQLITE_FULL, StoreFullError),
        (sqlite3.SQLITE_IOERR_SHMSIZE, StoreFullError),
        (sqlite3.SQLITE_READONLY_DIRECTORY, StoreReadOnlyError),
        (sqlite3.SQLITE_CANTOPEN, StoreReadOnlyError),
        (sqlite3.SQLITE_CORRUPT_INDEX, StoreCorruptError),
        (sqlite3.SQLITE_IOERR_FSYNC, StoreUnavailableError),
        (None, StoreUnavailableError),
    ],
)
def test_every_error_of_sqlite_has_a_meaning(code, kind):
    """Extended codes mean what their primary code means; the path is in each message."""
    error = sqlite3.OperationalError("it says so")
    if code is not None:
        error.sqlite_errorcode = code
    assert type(translated(error, "/there/events.db")) is kind
    assert "/there/events.db" in str(translated(error, "/there/events.db"))


MOUNTS = [("/", "ext4"), ("/home", "nfs4"), ("/home/me/local", "btrfs"), ("/mnt", "ext4"), ("/mnt", "fuse.sshfs")]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/var/x.db", "ext4"), ("/home/me/x.db", "nfs4"), ("/home/me/local/x.db", "btrfs"), ("/mnt/x", "fuse.sshfs")],
)
def test_the_innermost_mount_decides(path, kind):
    """Of two mounts on one point, the later one."""
    assert file_system(Path(path), MOUNTS) == kind


async def test_a_network_file_system_is_refused(tmp_path):
    """The message points to PostgreSQL."""
    with pytest.raises(StoreLocationError, match=r"nfs file system.*PostgreSQL"):
        async with sqlite_store(tmp_path, Outside(), mounts=[("/", "nfs")]):
            pass
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StoreLocationError, match="network"):
        check_location(Path("\\\\server\\share\\events.db"), [])


def test_migrations_go_forwards_one_by_one(tmp_path):
    """A store of version 1 gets what is new; one that has it is left alone."""
    path = str(tmp_path / "events.db")
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, path)
    later = (*MIGRATIONS, "ALTER TABLE cursors ADD COLUMN note TEXT")
    migrate(connection, path, later)
    migrate(connection, path, later)
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    assert [row[1] for row in connection.execute("PRAGMA table_info(cursors)")] == ["name", "position", "note"]
    with pytest.raises(StoreTooNewError):
        migrate(connection, path)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, path, (*later, "CREATE TABLE half (a); CREATE TABLE half (a)"))
    assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").fetchone() == (0,)
    connection.close()
