"""Typed events: which class an event's type and version stand for, and how older versions are read.

A class is a frozen dataclass that names its `event_type` and `event_version`; `EventTypes` turns it into a `NewEvent`
and a `RecordedEvent` back into it. The store itself knows names only.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar, cast

from parley_events.errors import EventStoreError, InvalidEventError, UnknownEventError
from parley_events.events import NewEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydantic import TypeAdapter

    from parley_events.events import JsonObject, RecordedEvent


class Event(Protocol):
    """What a class of events tells of itself. A new shape is a new version, with an upcaster from the one before."""

    event_type: ClassVar[str]
    event_version: ClassVar[int]


EventT = TypeVar("EventT", bound=Event)
Upcaster: TypeAlias = "Callable[[JsonObject], JsonObject]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forked:
    """An aggregate begins as another one was at `sequence`; always the first event of its aggregate."""

    event_type: ClassVar[str] = "Forked"
    event_version: ClassVar[int] = 1

    parent: str
    sequence: int


class EventTypes(Generic[EventT]):
    """The classes of events that a handler or a reader knows.

    Args:
        classes: The newest version of each type. `Forked` is always known.
        upcasters: For (type, version), what turns data of that version into data of the next. They are run when an
            event is read; what is stored never changes.
        renamed: Old names of types, each with its present name.

    Raises:
        ValueError: two classes have one name, or a version is missing its upcaster.
    """

    def __init__(
        self,
        classes: Iterable[type[EventT]],
        *,
        upcasters: Mapping[tuple[str, int], Upcaster] | None = None,
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        self._classes: dict[str, type[Any]] = {Forked.event_type: Forked}
        for each in classes:
            if each.event_type in self._classes:
                raise ValueError(f"Two classes are called {each.event_type!r}.")
            self._classes[each.event_type] = each
        self._upcasters = dict(upcasters or {})
        self._renamed = dict(renamed or {})
        for name, each in self._classes.items():
            for version in range(1, each.event_version):
                if (name, version) not in self._upcasters:
                    raise ValueError(
                        f"{name} is at version {each.event_version}, but nothing upcasts version {version}."
                    )

    @property
    def names(self) -> tuple[str, ...]:
        """The types' names, old ones included: what a query for these events asks for."""
        return (*self._classes, *self._renamed)

    def new(self, event: EventT | Forked, event_id: str | None = None) -> NewEvent:
        """The event as it is appended. What no database stores in a text (NUL, half a surrogate pair) becomes U+FFFD.

        Raises:
            InvalidEventError: its class is not one of these, or its values are not what the class declares.
        """
        known = self._classes.get(event.event_type)
        if known is not type(event):
            raise InvalidEventError(f"{type(event).__name__} is not a registered event.")
        data = _storable(self._adapters[event.event_type].dump_python(event, mode="json"))
        return NewEvent(event_type=event.event_type, event_version=event.event_version, data=data, event_id=event_id)

    def read(self, recorded: RecordedEvent) -> EventT | Forked:
        """The typed event, upcast to the newest version.

        Raises:
            UnknownEventError: the type is not known, the version is newer, or the data does not have the type's shape.
            DamagedEventError: the data is no JSON object.
        """
        name = self._renamed.get(recorded.event_type, recorded.event_type)
        known = self._classes.get(name)
        if known is None or recorded.event_version > known.event_version:
            raise _unknown(
                recorded, "no type of that name and version is known here; a newer Parley may have written it"
            )
        try:
            if recorded.event_version == known.event_version:
                return cast("EventT", self._adapters[name].validate_json(recorded.data_json))
            data: JsonObject = recorded.data
            for version in range(recorded.event_version, known.event_version):
                data = self._upcasters[name, version](data)
            return cast("EventT", self._adapters[name].validate_python(data))
        except (ValueError, KeyError, TypeError) as error:
            recorded.check()
            raise _unknown(recorded, f"its data does not have the shape of that type: {error}") from error

    @cached_property
    def schema_hash(self) -> str:
        """A hash of all types, versions and shapes; it changes when a snapshot made with them may no longer hold."""
        return schema_hash(*(self._classes[name] for name in sorted(self._classes)))

    @cached_property
    def _adapters(self) -> dict[str, TypeAdapter[Any]]:
        from pydantic import TypeAdapter

        return {name: TypeAdapter(each) for name, each in self._classes.items()}


class StateCodec:
    """A state as JSON text and back, for snapshots.

    Args:
        state_type: The state's class; anything that pydantic reads and writes.
    """

    def __init__(self, state_type: type[Any]) -> None:
        self._type = state_type

    def dump(self, state: object) -> str:
        """The state as JSON."""
        return self._adapter.dump_json(state).decode()

    def load(self, text: str) -> Any:  # noqa: ANN401 - it is whatever `state_type` is
        """The state from JSON.

        Raises:
            ValueError: it has another shape.
        """
        return self._adapter.validate_json(text)

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        from pydantic import TypeAdapter

        return TypeAdapter(self._type)


def schema_hash(*types: type[Any]) -> str:
    """A hash of the JSON schemas of some types, and of the versions of those that are events."""
    from pydantic import TypeAdapter

    shapes = [[getattr(each, "event_version", 0), TypeAdapter(each).json_schema()] for each in types]
    return hashlib.sha256(json.dumps(shapes, sort_keys=True).encode()).hexdigest()


def _storable(value: Any) -> Any:  # noqa: ANN401 - the JSON edge
    if isinstance(value, str):
        if "\0" in value:
            value = value.replace("\0", "\N{REPLACEMENT CHARACTER}")
        return value if value.isascii() else value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if isinstance(value, dict):
        return {_storable(name): _storable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_storable(each) for each in value]
    return value


def _unknown(recorded: RecordedEvent, why: str) -> EventStoreError:
    return UnknownEventError(
        f"Event {recorded.position} ({recorded.event_type}, version {recorded.event_version}, number "
        f"{recorded.sequence} of {recorded.stream_id}/{recorded.aggregate_id}) cannot be read: {why}. Nothing was "
        "lost: update Parley, or look at it as it is stored with "
        f"`parley events show {recorded.stream_id}/{recorded.aggregate_id} --raw`.",
        event_type=recorded.event_type,
        event_version=recorded.event_version,
    )
