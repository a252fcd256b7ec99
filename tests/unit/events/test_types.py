"""Typed events, upcasters and ids."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_events import (
    DamagedEventError,
    EventTypes,
    Forked,
    InvalidEventError,
    NewEvent,
    RecordedEvent,
    UnknownEventError,
)
from parley_events.events import Metadata, Query, from_microseconds, read_metadata, to_microseconds
from parley_events.ids import id_maker, uuid7
from parley_events.types import StateCodec, schema_hash
from support.event_stores import START
from support.ledger import LEDGER_EVENTS, Deposited, Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    event_type: ClassVar[str] = "Renamed"
    event_version: ClassVar[int] = 3

    old: str
    new: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    event_type: ClassVar[str] = "Listed"
    event_version: ClassVar[int] = 1

    names: tuple[str, ...]
    more: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Namesake:
    event_type: ClassVar[str] = "Held"
    event_version: ClassVar[int] = 1


def _from_1(data):
    old, _, new = data["names"].partition(">")
    return {"old": old, "new": new}


def _from_2(data):
    return {**data, "at": "2026-11-21T00:00:00Z"}


UPCASTERS = {("Renamed", 1): _from_1, ("Renamed", 2): _from_2}
TYPES = EventTypes([Renamed], upcasters=UPCASTERS, renamed={"NameChanged": "Renamed"})
AT = datetime(2026, 11, 21, tzinfo=UTC)


def _recorded(event_type, version, data_json):
    return RecordedEvent(1, "s", event_type, "a", 1, version, data_json, "{}", 0, "id")


@pytest.mark.parametrize(
    ("event_type", "version", "data"),
    [
        ("Renamed", 3, '{"old":"a","new":"b","at":"2026-11-21T00:00:00Z"}'),
        ("Renamed", 2, '{"old":"a","new":"b"}'),
        ("Renamed", 1, '{"names":"a>b"}'),
        ("NameChanged", 1, '{"names":"a>b"}'),
    ],
)
def test_every_version_reads_as_the_newest(event_type, version, data):
    """Old versions and old names are upcast when they are read."""
    assert TYPES.read(_recorded(event_type, version, data)) == Renamed(old="a", new="b", at=AT)


@pytest.mark.parametrize(
    ("event_type", "version", "data"),
    [
        ("Unheard", 1, "{}"),
        ("Renamed", 4, '{"old":"a","new":"b","at":"2026-11-21T00:00:00Z"}'),
        ("Renamed", 3, '{"old":"a"}'),
        ("Renamed", 1, "{}"),
    ],
)
def test_what_cannot_be_read_is_named(event_type, version, data):
    """An unknown type, a newer version or another shape is an error that says which event and what to do."""
    with pytest.raises(
        UnknownEventError, match=r"Nothing was lost: update Parley, or look.*events show s/a --raw"
    ) as caught:
        TYPES.read(_recorded(event_type, version, data))
    assert (caught.value.event_type, caught.value.event_version) == (event_type, version)


@pytest.mark.parametrize("data", ["no json", '{"old":"a', "[1]", "null", "[" * 100_000])
@pytest.mark.parametrize("version", [1, 3])
def test_data_that_is_damaged_is_named_as_such(version, data):
    """No newer Parley would read it: what helps is to look at it, and to save the rest."""
    with pytest.raises(DamagedEventError) as caught:
        TYPES.read(_recorded("Renamed", version, data))
    said = str(caught.value)
    assert said.startswith("The data of event 1 (Renamed, number 1 of s/a) is damaged: ")
    assert said.endswith(
        "`parley events show s/a --raw` shows it as it is stored, `parley events verify` finds every such event, and "
        "`parley events export --salvage` saves what comes before."
    )


@pytest.mark.parametrize("metadata", ["no json", "[1]", "null", '{"extra":1}'])
def test_metadata_that_is_damaged_is_named_as_such(metadata):
    """The data beside it can be read."""
    event = _recorded("Renamed", 1, '{"a":1}')._replace(metadata_json=metadata)
    assert event.data == {"a": 1}
    for read in (lambda: event.metadata, event.check):
        with pytest.raises(DamagedEventError, match=r"^The metadata of event 1 .* is damaged"):
            read()


def test_an_event_is_written_with_its_type_and_version():
    """The class says both."""
    assert TYPES.new(Renamed(old="a", new="b", at=AT), "id-7") == NewEvent(
        event_type="Renamed",
        event_version=3,
        data={"old": "a", "new": "b", "at": "2026-11-21T00:00:00Z"},
        event_id="id-7",
    )


def test_every_set_of_types_knows_forks():
    """`Forked` is the store's own and needs no registration."""
    assert LEDGER_EVENTS.read(_recorded("Forked", 1, '{"parent":"p","sequence":3}')) == Forked(parent="p", sequence=3)
    assert LEDGER_EVENTS.new(Forked(parent="p", sequence=3)).data == {"parent": "p", "sequence": 3}
    assert LEDGER_EVENTS.names == ("Forked", "Deposited", "Withdrawn", "Held")
    assert TYPES.names == ("Forked", "Renamed", "NameChanged")


def test_a_class_that_is_not_registered_is_refused():
    """Nothing is stored that could not be read again."""
    with pytest.raises(InvalidEventError, match="Renamed is not a registered event"):
        LEDGER_EVENTS.new(Renamed(old="a", new="b", at=AT))
    with pytest.raises(InvalidEventError, match="Namesake is not a registered event"):
        LEDGER_EVENTS.new(Namesake())


def test_a_version_needs_its_upcaster():
    """A missing step is found at start-up, not when an old event is read."""
    with pytest.raises(ValueError, match="nothing upcasts version 2"):
        EventTypes([Renamed], upcasters={("Renamed", 1): _from_1})
    with pytest.raises(ValueError, match="nothing upcasts version 1"):
        EventTypes([Renamed], upcasters={("Renamed", 2): _from_2})
    with pytest.raises(ValueError, match="Two classes"):
        EventTypes([Deposited, Deposited])


def test_what_no_database_stores_is_replaced_not_lost():
    """NUL and half a surrogate pair become U+FFFD in a typed event."""
    assert LEDGER_EVENTS.new(Held(hold="a\0b grün", amount=1)).data == {"hold": "a\ufffdb grün", "amount": 1}
    listed = EventTypes([Listed]).new(Listed(names=("a\0", "b\ud800"), more={"c\0": ("d",)}))
    assert listed.data == {"names": ["a\ufffd", "b\ufffd\ufffd\ufffd"], "more": {"c\ufffd": ["d"]}}


@given(hold=st.text(), amount=st.integers(-(2**63), 2**63 - 1))
def test_any_event_survives_the_way_through_json(hold, amount):
    """Reading gives what was written, but for what no database stores."""
    event = Held(hold=hold.replace("\0", "\ufffd"), amount=amount)
    data = LEDGER_EVENTS.new(event).data
    recorded = _recorded("Held", 1, json.dumps(data))
    assert LEDGER_EVENTS.read(recorded) == event


def test_the_schema_hash_changes_with_shapes_and_versions():
    """A snapshot made with other types is not used."""

    @dataclass(frozen=True)
    class Other:
        old: int

    assert LEDGER_EVENTS.schema_hash == LEDGER_EVENTS.schema_hash != TYPES.schema_hash
    assert schema_hash(Other) != schema_hash(Renamed)


def test_the_schema_hash_changes_with_a_version_alone():
    """A new version of the same shape may mean something else."""

    def made(version):
        return dataclass(type("Same", (), {"event_type": "Same", "event_version": version}))

    assert schema_hash(made(1)) == schema_hash(made(1)) != schema_hash(made(2))


def test_the_schema_hash_does_not_change_with_the_order_of_the_types():
    """Snapshots are not lost to a list that was sorted."""
    assert EventTypes([Deposited, Held]).schema_hash == EventTypes([Held, Deposited]).schema_hash


def test_a_state_comes_back_from_its_json():
    """A codec writes and reads any state that pydantic knows."""
    codec = StateCodec(dict[str, tuple[int, ...]])
    assert codec.load(codec.dump({"a": (1, 2)})) == {"a": (1, 2)}
    with pytest.raises(ValueError, match="tuple"):
        codec.load('{"a": 1}')


@given(moment=st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1), max_value=datetime(9999, 1, 1)))  # noqa: DTZ001
def test_microseconds_are_exact(moment):
    """A time survives its way through microseconds."""
    assert from_microseconds(to_microseconds(moment)) == moment


def test_a_time_needs_a_zone():
    """A naive time is refused rather than guessed at."""
    with pytest.raises(ValueError, match="no time zone"):
        to_microseconds(datetime(2026, 1, 1))  # noqa: DTZ001


def test_metadata_keeps_what_it_does_not_know():
    """Metadata written by others is not dropped."""
    text = '{"correlation_id":"c","trace":"t","extra":{"e":1}}'
    assert read_metadata(text) == Metadata(correlation_id="c", extra={"trace": "t", "e": 1})


def test_an_aggregate_is_named_within_its_stream():
    """A query for an aggregate alone would mean several."""
    with pytest.raises(ValueError, match="must name its stream"):
        Query(aggregate_id="a")


def test_ids_are_uuids_of_version_7_that_sort_by_time():
    """RFC 9562: version, variant, and the order of time down to the microsecond."""
    ids = [uuid7(START + timedelta(microseconds=number * 7), 2**62 - 1 - number) for number in range(1000)]
    parsed = uuid.UUID(ids[0])
    assert (parsed.version, parsed.variant, parsed.int >> 80) == (7, uuid.RFC_4122, int(START.timestamp() * 1000))
    assert ids == sorted(ids)


def test_an_id_maker_uses_what_it_was_given():
    """Time and chance come from outside."""
    assert id_maker(lambda: START, lambda bits: 5)() == uuid7(START, 5)
