"""The database of call records: what is kept, by whom, and what happens on bad days."""

import logging
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from parley_profiling.errors import CorruptStoreError, LockedStoreError, NewerStoreError, UnusableStoreError
from parley_profiling.stores import CallStore, Selection, read_calls
from parley_profiling.stores.files import explained, inode, move_aside, open_for_writing
from parley_profiling.stores.items import write_items
from parley_profiling.stores.rows import from_row, to_row
from parley_profiling.stores.schema import SCHEMA_VERSION
from support.records import STARTED, WARM, StoppedClock, any_record, records


@pytest.fixture
def path(tmp_path):
    return tmp_path / "parley" / "calls.db"


@pytest.fixture
def open_store(path):
    opened = []

    def open_one(**settings):
        store = CallStore(path, clock=StoppedClock(), **{"busy_s": 0.05} | settings)
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        store.close()


def _keep(path, *kept):
    store = CallStore(path, clock=StoppedClock())
    for record in kept:
        store.observe(record)
    assert store.close(timeout_s=30) == 0


def _held(path):
    """Keep a record, and lock the file until the connection is closed."""
    _keep(path, WARM)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    return holder


@given(any_record)
def test_a_record_survives_its_row(record):
    """Unknown stays unknown, zero stays zero, times keep their microseconds."""
    assert from_row(to_row(record)) == record


def test_what_was_observed_is_read_back_in_order(path):
    """Whole records come back as they were, oldest first."""
    kept = records(50)
    _keep(path, *reversed(kept))
    assert read_calls(path) == kept


def test_unknown_is_null(path):
    """A timing that was not reported is NULL in the file, never 0."""
    _keep(path, replace(WARM, wall_ns=None, cold=None))
    with sqlite3.connect(path) as connection:
        row = connection.execute("select wall_ns, cold, queue_ns, error from calls").fetchone()
    connection.close()
    assert row == (None, None, None, None)


def test_a_record_is_kept_once(path):
    """The same id again is not a second row."""
    _keep(path, WARM, WARM)
    _keep(path, WARM)
    assert read_calls(path) == (WARM,)


def test_secrets_do_not_rest(path):
    """Neither the error nor the origin nor a setting keeps a key."""
    secret = "sk-ant-api03-abcdefghijklmnop"
    _keep(
        path,
        replace(WARM, error=f"refused {secret}", origin=f"http://u:{secret}@h:1", settings={"api_key": secret}),
    )
    kept = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert secret.encode() not in kept


def test_folder_and_file_are_private(path):
    """The folder is 0700 and every file in it 0600."""
    _keep(path, WARM)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_nothing_is_opened_before_the_first_record(path, open_store):
    """Making a store touches no disk and starts no thread."""
    before = threading.active_count()
    open_store()
    assert (path.parent.exists(), threading.active_count()) == (False, before)


def test_importing_the_store_loads_no_driver():
    """A server that has not asked a model yet has not paid for sqlite-utils."""
    code = (
        "import sys; before = set(sys.modules); import parley_profiling.stores;"
        "print(sorted({'sqlite3', 'sqlite_utils'} & (set(sys.modules) - before)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("selection", "ids"),
    [
        (Selection(), ["a", "b", "c"]),
        (Selection(model="qwen"), ["a", "b"]),
        (Selection(model="qwen:1.5b"), ["b"]),
        (Selection(model="qwe"), []),
        (Selection(task_class="docstring"), ["c"]),
        (Selection(since=STARTED + timedelta(hours=1)), ["b", "c"]),
        (Selection(since=datetime(2026, 11, 21, 12, 45, tzinfo=UTC), model="qwen"), []),
    ],
)
def test_a_selection_chooses_records(path, selection, ids):
    """By model (with or without its tag), by task class, by time."""
    _keep(
        path,
        replace(WARM, record_id="a", model="qwen"),
        replace(WARM, record_id="b", model="qwen:1.5b", started_at=STARTED + timedelta(hours=1)),
        replace(WARM, record_id="c", model="phi", task_class="docstring", started_at=STARTED + timedelta(hours=2)),
    )
    assert [record.record_id for record in read_calls(path, selection)] == ids


def test_without_a_file_there_are_no_records(path):
    """Reading before anything was measured makes no file."""
    assert read_calls(path) == ()
    assert not path.exists()


def test_several_processes_share_one_file(path):
    """Four processes begin at once on a file that does not exist, and each of their records is kept once."""
    code = (
        "import sys; from dataclasses import replace; from pathlib import Path; from support.records import WARM;"
        "from parley_profiling.stores import CallStore; from parley_providers.clock import SYSTEM_CLOCK;"
        "store = CallStore(Path(sys.argv[1]), clock=SYSTEM_CLOCK, busy_s=30);"
        "[store.observe(replace(WARM, record_id=f'{sys.argv[2]}-{n}')) for n in range(100)];"
        "sys.exit(store.close(timeout_s=60))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(number)], env=environment) for number in range(4)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    expected = {f"{writer}-{number}" for writer in range(4) for number in range(100)}
    found = [record.record_id for record in read_calls(path)]
    assert (len(found), set(found)) == (400, expected)


def test_a_process_that_forgets_to_close_still_writes(path):
    """Records of a process that just ends are written on its way out."""
    code = (
        "import sys; from pathlib import Path; from support.records import WARM;"
        "from parley_profiling.stores import CallStore; from parley_providers.clock import SYSTEM_CLOCK;"
        "CallStore(Path(sys.argv[1]), clock=SYSTEM_CLOCK).observe(WARM)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code, str(path)], env=environment, check=True)
    assert read_calls(path) == (WARM,)


def test_a_lock_held_by_another_process_delays_no_answer_and_loses_nothing(path, open_store, caplog):
    """While the file is locked records wait and the log says so once; when it is free they are written."""
    holder = _held(path)
    store = open_store()
    store.observe(replace(WARM, record_id="second"))
    assert any(store.problem or store.flush(timeout_s=0.01) for _ in range(6000))
    assert "locked by another process" in store.problem
    holder.close()
    assert store.flush(timeout_s=30)
    assert store.problem is None
    assert [record.record_id for record in read_calls(path)] == ["r1", "second"]
    assert [entry.levelname for entry in caplog.records] == ["WARNING"]


def test_closing_while_locked_ends_and_reports_what_was_lost(path, open_store):
    """A lock that is never released does not hold up the end; the lost records are counted."""
    holder = _held(path)
    store = open_store()
    store.observe(replace(WARM, record_id="second"))
    assert store.close(timeout_s=0.3) == 1
    holder.close()


def test_closing_waits_for_a_lock_that_is_given_back_in_time(path, open_store):
    """As others hold it who begin the same file at the same moment: a short command's one record is not lost."""
    holder = _held(path)
    store = open_store()
    store.observe(replace(WARM, record_id="second"))
    with ThreadPoolExecutor() as threads:
        closing = threads.submit(store.close, timeout_s=60)
        assert wait([closing], timeout=0.5).not_done
        holder.close()
    assert (closing.result(), [record.record_id for record in read_calls(path)]) == (0, ["r1", "second"])


def test_a_full_queue_drops_and_counts(path, open_store, caplog):
    """No more records wait than there is room for, and the log tells of it once."""
    holder = _held(path)
    store = open_store(capacity=3, busy_s=30)
    for record in records(10):
        store.observe(record)
    holder.close()
    assert store.close(timeout_s=30) == 7
    assert sum("too many" in entry.message for entry in caplog.records) == 1


def test_observing_after_the_end_is_harmless(path, open_store):
    """A late record is dropped and counted, and nothing raises."""
    store = open_store()
    store.close()
    store.observe(WARM)
    assert (store.close(), path.exists()) == (1, False)


@pytest.mark.parametrize(
    "damage", [b"this is not a database, whatever its name says" * 100, b"SQLite format 3\x00junk"]
)
def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(path, open_store, caplog, damage):
    """The damaged bytes are kept under a new name, the record is written to a new file, the person is told."""
    path.parent.mkdir(parents=True)
    path.write_bytes(damage)
    store = open_store()
    store.observe(WARM)
    assert store.flush(timeout_s=30)
    assert read_calls(path) == (WARM,)
    assert path.with_name("calls.db.damaged-20261121T094500Z").read_bytes() == damage
    assert "was damaged. It is kept as calls.db.damaged-20261121T094500Z" in caplog.text


def test_damage_inside_a_file_in_use_is_survived(path, open_store):
    """Pages overwritten under a running store: the file is moved aside and the next record is kept."""
    store = open_store()
    for record in records(200):
        store.observe(record)
    assert store.flush(timeout_s=30)
    with sqlite3.connect(path) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    store.observe(replace(WARM, record_id="after"))
    assert store.flush(timeout_s=30)
    assert [record.record_id for record in read_calls(path)] == ["after"]


def test_a_truncated_file_is_survived(path, open_store):
    """A file cut in the middle, as after a full disk, is moved aside."""
    _keep(path, *records(500))
    os.truncate(path, path.stat().st_size // 2 + 100)
    store = open_store()
    store.observe(replace(WARM, record_id="after"))
    assert store.flush(timeout_s=30)
    assert "after" in [record.record_id for record in read_calls(path)]


def test_a_file_that_was_deleted_is_begun_again(path, open_store):
    """Removing the file while a server runs does not send its records to nowhere."""
    store = open_store()
    store.observe(WARM)
    assert store.flush(timeout_s=30)
    for file in path.parent.iterdir():
        file.unlink()
    store.observe(replace(WARM, record_id="after"))
    assert store.flush(timeout_s=30)
    assert [record.record_id for record in read_calls(path)] == ["after"]


def test_a_damaged_file_moves_with_its_side_files(path):
    """Pages that are still in the write-ahead log stay with the file they belong to."""
    path.parent.mkdir(parents=True)
    for name in ("calls.db", "calls.db-wal", "calls.db-shm"):
        path.with_name(name).write_text(name)
    move_aside(path, suffix="damaged", damaged_inode=inode(path))
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "calls.db.damaged",
        "calls.db.damaged-shm",
        "calls.db.damaged-wal",
    ]


def test_a_file_that_another_process_replaced_is_not_moved(path):
    """Two processes that see the same damage move it once: the new file of the first stays."""
    path.parent.mkdir(parents=True)
    path.write_text("the new file")
    assert move_aside(path, suffix="damaged", damaged_inode=0) is None
    assert path.read_text() == "the new file"


def test_reading_a_damaged_file_says_what_will_happen(path):
    """A reader changes nothing, and tells that the next call begins a new file."""
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(CorruptStoreError, match="moves it aside and begins a new one"):
        read_calls(path)


def test_a_file_from_a_newer_version_is_left_alone(path, open_store, caplog):
    """Nothing is written, records are dropped with one warning that says to update, and reading says the same."""
    _keep(path, WARM)
    with sqlite3.connect(path) as connection:
        connection.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    store = open_store()
    for record in records(3):
        store.observe(record)
        store.flush(timeout_s=30)
    assert store.close(timeout_s=30) == 3
    assert path.read_bytes() == before
    assert sum("by a newer Parley" in entry.message for entry in caplog.records) == 1
    with pytest.raises(NewerStoreError, match="written by a newer Parley"):
        read_calls(path)


def test_an_empty_file_is_brought_to_the_newest_schema(path):
    """Version 0 is an empty file: reading it migrates it and finds nothing."""
    path.parent.mkdir(parents=True)
    path.touch()
    assert read_calls(path) == ()
    with sqlite3.connect(path) as connection:
        (version,) = connection.execute("pragma user_version").fetchone()
    connection.close()
    assert version == SCHEMA_VERSION


def test_a_folder_that_cannot_be_made_is_told_and_survived(tmp_path, caplog):
    """Where a file stands in the folder's place, records wait, the log names the way out, closing reports the loss."""
    (tmp_path / "parley").write_text("a file, not a folder")
    store = CallStore(tmp_path / "parley" / "calls.db", clock=StoppedClock())
    store.observe(WARM)
    store.flush(timeout_s=0.5)
    assert store.close(timeout_s=30) == 1
    assert "PARLEY_DATA_DIR" in caplog.text


def test_a_full_disk_is_told_and_nothing_half_written_is_seen(path):
    """A database that may not grow says that the disk is full, and keeps what it had."""
    _keep(path, WARM)
    with pytest.raises(UnusableStoreError, match="the disk is full"):
        _fill(path)
    assert read_calls(path) == (WARM,)


def _fill(path):
    database = open_for_writing(path, busy_s=1)
    try:
        database.conn.execute("PRAGMA max_page_count = 1")
        with explained(path):
            write_items(database, list(records(5000)))
    finally:
        database.close()


def test_reading_a_locked_file_waits_then_says_so(path):
    """An exclusive lock is told as what it is."""
    _keep(path, WARM)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.executescript("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
    with pytest.raises(LockedStoreError, match="locked by another process"):
        read_calls(path, busy_s=0.05)
    holder.close()


@pytest.fixture(autouse=True)
def _log_level(caplog):
    caplog.set_level(logging.WARNING)
