"""What Ollama tells of its models: `/api/tags`, `/api/ps` and `/api/show` as values, and the settings that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parley_providers.provider import ModelFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley_providers.adapters.ollama.wire import RunnerSettings
    from parley_providers.refusals import WireJson


LEAST_WINDOW_TOKENS = 4096
WINDOW_SETTING = "ollama.context"


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaSettings:
    """How Parley uses a person's Ollama.

    A model that is loaded already keeps its window if that is at least `least_window_tokens`; one that has to be loaded
    gets `window_tokens`, or what it was made for if that is less. `keep_alive` is how long it stays loaded after a
    request (None: as the server has it). Who wants a certain window says it for both (`with_window`).
    """

    window_tokens: int = 8192
    least_window_tokens: int = LEAST_WINDOW_TOKENS
    keep_alive: str | None = "30m"

    @staticmethod
    def with_window(tokens: int | None) -> OllamaSettings:
        """Every model gets this window, or keeps a larger one; None is the usual way."""
        return OllamaSettings() if tokens is None else OllamaSettings(window_tokens=tokens, least_window_tokens=tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model in memory; `vram_bytes` of its `size_bytes` are on a GPU."""

    digest: str | None
    window_tokens: int | None
    size_bytes: int | None
    vram_bytes: int | None

    @property
    def on_gpu(self) -> bool:
        """Whether all of it is known to be on a GPU."""
        return self.size_bytes is not None and self.vram_bytes is not None and self.vram_bytes >= self.size_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownModel:
    """What a model is, loaded or not."""

    max_window_tokens: int | None = None
    abilities: frozenset[str] = frozenset()
    family: str | None = None
    parameters: str | None = None
    quantization: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen of one model at one moment; `was_asked` if it was loaded for us before, with `runner`."""

    name: str
    digest: str | None
    loaded: LoadedModel | None
    shown: ShownModel
    version: str | None
    runner: RunnerSettings
    was_asked: bool

    def facts(self, provider: str, settings: OllamaSettings) -> ModelFacts:
        """What `Provider.facts` tells."""
        loaded = self.loaded
        return ModelFacts(
            name=self.name,
            provider=provider,
            digest=self.digest,
            window_tokens=self._window_now(settings),
            max_window_tokens=self.shown.max_window_tokens,
            abilities=self.shown.abilities,
            loaded=loaded is not None,
            size_bytes=None if loaded is None else loaded.size_bytes,
            vram_bytes=None if loaded is None else loaded.vram_bytes,
            server_version=self.version,
            family=self.shown.family,
            parameters=self.shown.parameters,
            quantization=self.shown.quantization,
            settings={"num_ctx": self.runner.window_tokens, "keep_alive": self.runner.keep_alive, "shift": False},
            at_once=1,  # its default (OLLAMA_NUM_PARALLEL), which it does not tell
            window_setting=WINDOW_SETTING,
        )

    def _window_now(self, settings: OllamaSettings) -> int:
        """What fits: less than we asked for where the server had to shrink it to load the model at all."""
        asked = self.runner.window_tokens
        now = None if self.loaded is None else self.loaded.window_tokens
        least = min(settings.least_window_tokens, LEAST_WINDOW_TOKENS)  # less is what another client loaded since
        return min(now, asked) if self.was_asked and now is not None and now >= least else asked


def full_name(model: str) -> str:
    """A model's name with its tag, which Ollama takes to be `latest` where there is none."""
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"


def entry_of(listed: WireJson, model: str) -> dict[str, Any] | None:
    """The entry of `model` in what `/api/tags` or `/api/ps` answered."""
    for entry in listed.get("models") or ():
        if full_name(str(entry.get("model") or entry.get("name"))) == full_name(model):
            return dict(entry)
    return None


def loaded_of(entry: Mapping[str, Any] | None) -> LoadedModel | None:
    """A model of `/api/ps`."""
    if entry is None:
        return None
    return LoadedModel(
        digest=entry.get("digest"),
        window_tokens=entry.get("context_length"),
        size_bytes=entry.get("size"),
        vram_bytes=entry.get("size_vram"),
    )


def shown_of(shown: Mapping[str, Any]) -> ShownModel:
    """The answer of `/api/show`, or an entry of `/api/tags`, which tells less and only in newer versions."""
    details = shown.get("details") or {}
    info = shown.get("model_info") or {}
    window = info.get(f"{info.get('general.architecture')}.context_length", details.get("context_length"))
    return ShownModel(
        max_window_tokens=window,
        abilities=frozenset(shown.get("capabilities") or ()),
        family=details.get("family") or None,
        parameters=details.get("parameter_size") or None,
        quantization=details.get("quantization_level") or None,
    )


def window_for(loaded: LoadedModel | None, shown: ShownModel, settings: OllamaSettings) -> int:
    """The window to ask for, decided once for each model: another value would load it anew."""
    most = shown.max_window_tokens or settings.window_tokens
    if loaded is not None and (loaded.window_tokens or 0) >= min(settings.least_window_tokens, most):
        return loaded.window_tokens or 0
    return min(settings.window_tokens, most)
