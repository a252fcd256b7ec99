"""What is said to and by a model: messages made of parts, as pure values.

Mapping parts to a vendor's wire format belongs to that vendor's adapter.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
JsonObject: TypeAlias = "Mapping[str, JsonValue]"


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Plain text, visible to the person."""

    text: str
    provider_meta: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningPart:
    """What a model thought before it answered; `provider_meta` must be replayed untouched."""

    text: str
    provider_meta: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallPart:
    """A model asks for a tool; `arguments` were parsed as strict JSON from a finished call."""

    call_id: str
    name: str
    arguments: JsonObject
    provider_meta: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResultPart:
    """What a tool answered to the call with the same `call_id`."""

    call_id: str
    name: str
    content: str
    is_error: bool = False
    provider_meta: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """An image as bytes, never as a path: a provider must not be made to open files."""

    media_type: str
    data: bytes
    provider_meta: JsonObject | None = None


Part: TypeAlias = TextPart | ReasoningPart | ToolCallPart | ToolResultPart | ImagePart


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn: a role and its parts, in order."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The visible text of all text parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))


def system(text: str) -> Message:
    """A system message of one text part."""
    return Message(role=Role.SYSTEM, parts=(TextPart(text=text),))


def user(text: str) -> Message:
    """A user message of one text part."""
    return Message(role=Role.USER, parts=(TextPart(text=text),))


def assistant(text: str) -> Message:
    """An assistant message of one text part."""
    return Message(role=Role.ASSISTANT, parts=(TextPart(text=text),))
