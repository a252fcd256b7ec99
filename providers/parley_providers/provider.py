"""The one way to talk to a model: the `Provider` protocol and what it tells about its models."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from parley_providers.plain_text import printable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from parley_providers.messages import JsonObject
    from parley_providers.requests import LLMRequest, LLMResponse, StreamEvent

_WORDS = ("name", "server_version", "family", "parameters", "quantization")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What a provider knows of one of its models; None is unknown.

    `digest` is the sha256 of the weights (hex) or the provider's own digest. `window_tokens` is what fits at this
    server's present setting, `max_window_tokens` what the model was made for, and `window_setting` the key of Parley's
    settings that makes the one larger, up to the other. `size_bytes` and `vram_bytes` are of the
    loaded model. `settings` are the runner options that the provider loads it with. `at_once` is how many requests it
    answers at the same time; others wait. Control characters are taken out of what a server wrote.
    """

    name: str
    provider: str
    digest: str | None = None
    window_tokens: int | None = None
    max_window_tokens: int | None = None
    abilities: frozenset[str] = frozenset()
    loaded: bool | None = None
    size_bytes: int | None = None
    vram_bytes: int | None = None
    server_version: str | None = None
    family: str | None = None
    parameters: str | None = None
    quantization: str | None = None
    settings: JsonObject = field(default_factory=dict)
    at_once: int | None = None
    window_setting: str | None = None

    def __post_init__(self) -> None:
        for name in _WORDS:
            word = getattr(self, name)
            if isinstance(word, str) and not word.isprintable():
                object.__setattr__(self, name, printable(word))


@runtime_checkable
class Provider(Protocol):
    """An authenticated way to reach models. Every method may raise `ProviderError`."""

    @property
    def name(self) -> str:
        """A short stable name: "ollama", "embedded", "anthropic"."""
        ...

    @property
    def origin(self) -> str:
        """Scheme, host and port that requests go to, or "" for an engine that is not started yet."""
        ...

    async def is_available(self) -> bool:
        """Whether a request could be sent now, within a second; never raises."""
        ...

    async def models(self) -> tuple[ModelFacts, ...]:
        """The models that this provider can serve."""
        ...

    async def facts(self, model: str) -> ModelFacts:
        """What is known of one model, asked anew or from a cache as the provider sees fit.

        Raises:
            ModelNotFoundError: it has no such model.
        """
        ...

    def stream(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """The answer in pieces: `StreamStart` first, `StreamFinish` last.

        Closing the iterator (`aclosing`) or cancelling its task closes the connection to the server.

        Raises:
            StreamTruncatedError: it ended without a finish; what came must not be used.
        """
        ...

    async def complete(self, request: LLMRequest) -> LLMResponse:
        """The whole answer; streamed below, so that cancelling frees the server."""
        ...

    async def aclose(self) -> None:
        """Close connections and end child processes."""
        ...
