"""Real models for tests, obtained by the product's own download into the product's own store.

Running the tests is the consent. What is there already is used; what is not is fetched once, and its sha256 checked.
"""

from __future__ import annotations

import asyncio
import threading
from functools import cache
from typing import TYPE_CHECKING

import pytest

from parley_providers.engine.embedded import EmbeddedProvider
from parley_providers.engine.spec import EngineSettings
from parley_providers.engine.supervisor import Engine, Surroundings
from parley_providers.models.catalog import load_catalog
from parley_providers.models.pull import pull
from parley_providers.models.store import ModelStore, default_root

if TYPE_CHECKING:
    from pathlib import Path

TINY = "smollm2-135m"
SMALL = "qwen2.5-coder-0.5b"


@pytest.fixture(scope="session")
def tiny_model() -> str:
    """The name of a model for transport, streaming and cancelling: 135M, answers are nonsense."""
    obtain(TINY)
    return TINY


@pytest.fixture(scope="session")
def small_model() -> str:
    """The name of a model that renames and writes docstrings: 0.5B."""
    obtain(SMALL)
    return SMALL


@cache
def obtain(name: str) -> Path:
    """Where the weights of the named model are, fetched if need be; fails with the reason if they cannot be had."""
    store, model = ModelStore(root=default_root()), load_catalog().get(name)
    failures: list[BaseException] = []

    async def fetch() -> None:
        async for _ in pull(model, store):
            pass

    def run() -> None:
        try:
            asyncio.run(fetch())
        except BaseException as error:  # noqa: BLE001 - carried over to the thread of the test
            failures.append(error)

    # A thread of its own: the test's event loop stays untouched.
    fetching = threading.Thread(target=run, name="fetch-model")
    fetching.start()
    fetching.join()
    if failures:
        raise failures[0]
    return store.path(model)


def embedded_provider(
    *, context_tokens: int = 4096, idle_s: float | None = None, surroundings: Surroundings | None = None
) -> EmbeddedProvider:
    """The product's provider on the product's store; whoever calls closes it."""
    return EmbeddedProvider(
        Engine(idle_s=idle_s, surroundings=surroundings),
        load_catalog(),
        ModelStore(root=default_root()),
        EngineSettings(context_tokens=context_tokens, idle_s=idle_s),
    )
