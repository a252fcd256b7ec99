"""The embedded provider where its engine is missing: told before anything starts, with the command that installs it."""

from contextlib import aclosing

import pytest

from parley_providers.engine.embedded import INSTALL_ENGINE, EmbeddedProvider
from parley_providers.engine.spec import EngineSettings
from parley_providers.engine.supervisor import Engine
from parley_providers.errors import ModelNotFoundError
from parley_providers.messages import user
from parley_providers.models.catalog import Catalog
from parley_providers.models.store import ModelStore
from parley_providers.requests import LLMRequest
from support.toy_models import WEIGHTS, toy_model

TOY = toy_model()


@pytest.fixture
async def provider(tmp_path):
    """A downloaded model, and no engine that could run it."""
    store = ModelStore(root=tmp_path)
    store.prepare()
    store.partial(TOY).write_bytes(WEIGHTS)
    store.accept(TOY, store.partial(TOY))
    catalog = Catalog(default=TOY.name, models=(TOY,))
    made = EmbeddedProvider(Engine(idle_s=None), catalog, store, EngineSettings(), is_installed=lambda: False)
    async with aclosing(made):
        yield made


async def test_a_downloaded_model_without_an_engine_is_listed_and_serves_nobody(provider):
    """It need not be fetched again; what is missing is the engine."""
    assert [each.name for each in await provider.models()] == ["toy"]
    assert not await provider.is_available()


async def test_who_names_such_a_model_is_told_what_installs_the_engine(provider):
    """Where it is looked at, as `parley doctor` does, and where it is asked."""
    told = f"The embedded engine, which runs toy, is not installed. Run: {INSTALL_ENGINE}"
    with pytest.raises(ModelNotFoundError) as looked:
        await provider.facts("toy")
    with pytest.raises(ModelNotFoundError) as asked:
        await provider.complete(LLMRequest(messages=(user("Hello"),), model="toy", task_class="custom"))
    assert (str(looked.value), str(asked.value)) == (told, told)
