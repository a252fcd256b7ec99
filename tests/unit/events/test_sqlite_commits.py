"""Commits by one guarded statement: what one connection remembers is not believed after another has committed."""

from __future__ import annotations

from parley_events import Instruments, NewEvent
from parley_events.batches import prepare
from parley_events.events import from_microseconds
from parley_events.stores.sqlite.commits import commit_at_once, commit_within
from parley_events.stores.sqlite.connection import LOG_PAGES, connect_writer, create, reserve_log
from parley_events.stores.sqlite.statements import Heads

KEY = ("plans", "p1")


def batch(name: str):
    instruments = Instruments(now=lambda: from_microseconds(1), new_id=lambda: name)
    return prepare(KEY, [NewEvent(event_type="Done")], instruments, expected_sequence=None, metadata=None, advance=None)


def within(connection, name: str, heads: Heads) -> None:
    connection.execute("BEGIN IMMEDIATE")
    heads.committed(commit_within(connection, [batch(name)], heads))
    connection.execute("COMMIT")


def rows(connection):
    return connection.execute("SELECT position, sequence, event_id FROM events ORDER BY position").fetchall()


def test_nothing_is_stored_at_once_after_another_connection_committed(tmp_path):
    """The statement follows its own commits, and stores nothing once somebody else's lies between."""
    path = tmp_path / "events.db"
    create(path)
    ours, theirs, heads = connect_writer(path), connect_writer(path), Heads()
    assert commit_at_once(ours, [batch("a")], heads) is None
    within(ours, "a", heads)
    planned = commit_at_once(ours, [batch("b")], heads)
    assert planned is not None
    heads.committed(planned)
    within(theirs, "c", Heads())
    assert commit_at_once(ours, [batch("d")], heads) is None
    assert rows(ours) == [(1, 1, "a"), (2, 2, "b"), (3, 3, "c")]
    within(ours, "d", heads)
    assert rows(theirs)[-1] == (4, 4, "d")
    ours.close()
    theirs.close()


def test_an_event_id_that_is_stored_already_stores_nothing_at_once(tmp_path):
    """A repeated append is left to the transaction that looks its ids up, and nothing of it is stored before."""
    path = tmp_path / "events.db"
    create(path)
    connection, heads = connect_writer(path), Heads()
    within(connection, "a", heads)
    assert commit_at_once(connection, [batch("b"), batch("a")], heads) is None
    assert rows(connection) == [(1, 1, "a")]
    connection.close()


def test_the_log_gets_its_room_and_nothing_else_is_changed(tmp_path):
    """After room was made the log is as long as it will get, and no blob is stored."""
    path = tmp_path / "events.db"
    create(path)
    connection = connect_writer(path)
    reserve_log(connection, path)
    assert path.with_name("events.db-wal").stat().st_size >= LOG_PAGES * 4096
    assert connection.execute("SELECT count(*) FROM blobs").fetchone() == (0,)
    connection.close()
