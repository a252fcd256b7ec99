"""The provider "embedded": models of our own store, run by our own engine.

The protocol with llama.cpp's server belongs to `adapters.llama_server`, starting it to `supervisor`.
"""

from __future__ import annotations

import importlib.util
from contextlib import aclosing
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from parley_providers.collect import collect
from parley_providers.engine.spec import spec_of
from parley_providers.errors import (
    ConnectionFailedError,
    ModelNotFoundError,
    ServerError,
    StreamTruncatedError,
)
from parley_providers.provider import ModelFacts
from parley_providers.requests import StreamUsage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from parley_providers.adapters.llama_server import LlamaServerProvider
    from parley_providers.engine.process import EngineProcess
    from parley_providers.engine.spec import EngineSettings, EngineSpec
    from parley_providers.engine.supervisor import Engine, Serving
    from parley_providers.models.catalog import Catalog, CatalogModel
    from parley_providers.models.store import ModelStore
    from parley_providers.requests import LLMRequest, LLMResponse, StreamEvent

NAME = "embedded"
PACKAGE = "xllamacpp"
INSTALL_ENGINE = "pip install 'parley-ls[local]'"
# A crash closes the connection a moment before the process is gone.
CRASH_SEEN_S = 2.0


def engine_is_installed() -> bool:
    """Whether the extra `[local]` is there; imports nothing."""
    return importlib.util.find_spec(PACKAGE) is not None


def engine_version() -> str | None:
    """The engine's package and version, as call records keep it."""
    try:
        return f"{PACKAGE} {version(PACKAGE)}"
    except PackageNotFoundError:
        return None


class EmbeddedProvider:
    """Downloaded models on this machine, at most one loaded at a time.

    Args:
        engine: Owned from here on: `aclose` ends it.
        catalog: The models that are known.
        store: Where the downloaded ones are.
        settings: The window, the threads, and when the engine sleeps.
        is_installed: Tells whether the engine's package is there.
    """

    def __init__(
        self,
        engine: Engine,
        catalog: Catalog,
        store: ModelStore,
        settings: EngineSettings,
        *,
        is_installed: Callable[[], bool] = engine_is_installed,
    ) -> None:
        self._is_installed = is_installed
        self._engine = engine
        self._catalog = catalog
        self._store = store
        self._settings = settings
        self._connected: tuple[EngineProcess, LlamaServerProvider] | None = None

    @property
    def name(self) -> str:
        """See `Provider`."""
        return NAME

    @property
    def origin(self) -> str:
        """See `Provider`: another port at each start, "" while the engine sleeps."""
        process = self._engine.process
        return "" if process is None else process.address

    def set_settings(self, settings: EngineSettings) -> None:
        """Run models so from the next request on: it switches an engine that runs otherwise."""
        self._settings = settings
        self._engine.set_idle(settings.idle_s)

    async def is_available(self) -> bool:
        """See `Provider`: the engine's package is installed, and so is a model."""
        return self._is_installed() and bool(self._store.installed(self._catalog))

    async def models(self) -> tuple[ModelFacts, ...]:
        """See `Provider`: the models that are downloaded."""
        return tuple(self._facts(model) for model in self._store.installed(self._catalog))

    async def facts(self, model: str) -> ModelFacts:
        """See `Provider`."""
        return self._facts(self._installed(model))

    async def stream(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """See `Provider`. The request that starts the engine reports the time as `load_ns`.

        Raises:
            EngineCrashedError: the engine died; the next request starts it again.
            NotEnoughMemoryError: the model does not fit now.
        """
        spec = self._spec(self._installed(request.model or ""))
        deadlines = request.deadlines
        # Reading a long prompt on a processor takes minutes; whether the engine lives is seen without a deadline.
        patient = replace(deadlines, first_token_s=max(deadlines.first_token_s, deadlines.cold_first_token_s))
        asked = replace(request, model=spec.name, deadlines=patient)
        async with self._engine.serving(spec, within_s=deadlines.cold_first_token_s) as serving:
            adapter = await self._adapter(serving.process)
            try:
                async with aclosing(adapter.stream(asked)) as events:
                    async for event in events:
                        yield _with_load(event, serving)
            except (ConnectionFailedError, StreamTruncatedError, ServerError) as error:
                if await serving.process.ended(CRASH_SEEN_S):
                    raise serving.process.crash("answering") from error
                raise

    async def complete(self, request: LLMRequest) -> LLMResponse:
        """See `Provider`."""
        return await collect(self.stream(request))

    async def aclose(self) -> None:
        """See `Provider`: ends the engine."""
        connected, self._connected = self._connected, None
        if connected is not None:
            await connected[1].aclose()
        await self._engine.aclose()

    async def _adapter(self, process: EngineProcess) -> LlamaServerProvider:
        if self._connected is not None and self._connected[0] is process:
            return self._connected[1]
        from parley_providers.adapters.llama_server import LlamaServerProvider

        old, adapter = self._connected, LlamaServerProvider(process.address, api_key=process.api_key, name=NAME)
        self._connected = (process, adapter)
        if old is not None:
            await old[1].aclose()
        return adapter

    def _installed(self, name: str) -> CatalogModel:
        model = self._catalog.get(name)
        if not self._is_installed():
            raise ModelNotFoundError(
                f"The embedded engine, which runs {model.name}, is not installed. Run: {INSTALL_ENGINE}",
                provider=NAME,
                model=model.name,
            )
        match self._store.state(model):
            case "installed":
                return model
            case "unverified":
                problem = "has changed since its sha256 was checked"
            case "absent":
                problem = "is not on this machine"
        raise ModelNotFoundError(
            f"{model.name} {problem}. Run: parley models pull {model.name}", provider=NAME, model=model.name
        )

    def _spec(self, model: CatalogModel) -> EngineSpec:
        return spec_of(model, self._store.path(model), self._settings)

    def _facts(self, model: CatalogModel) -> ModelFacts:
        spec = self._spec(model)
        return ModelFacts(
            name=model.name,
            provider=NAME,
            digest=model.sha256,
            window_tokens=spec.context_tokens,
            max_window_tokens=model.max_window_tokens,
            abilities=frozenset(model.abilities),
            loaded=self._engine.serves(spec),
            size_bytes=model.size_bytes,
            server_version=engine_version(),
            family=model.family,
            window_setting="embedded.context",
            parameters=model.parameters,
            quantization=model.quantization,
            settings=spec.settings,
            at_once=1,
        )


def _with_load(event: StreamEvent, serving: Serving) -> StreamEvent:
    """The time of loading, put into what the server reports of the call that paid for it."""
    match event:
        case StreamUsage(timings=timings) if serving.load_ns is not None:
            return replace(event, timings=replace(timings, load_ns=serving.load_ns))
        case _:
            return event
