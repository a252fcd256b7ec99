"""What an editor set, taken over by a chain that runs."""

import pytest

from parley_providers.chain import ProviderChain
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.measure import Instruments
from parley_providers.requests import Deadlines
from parley_providers.resilience import Resilience
from parley_providers.route import FixedRouter, Route
from parley_providers.spending import Limits
from parley_server.app.editor_layer import EditorLayer
from parley_server.app.models import build_embedded
from parley_server.config import Sources, settings_from


class NoObserver:
    def observe(self, record):
        """Nothing is called here."""


@pytest.fixture
def resilience():
    return Resilience()


@pytest.fixture
def layer(tmp_path):
    def read(editor):
        return settings_from(
            Sources(
                path=tmp_path / "config.yaml", environment={}, command_line={"embedded.context": 1024}, editor=editor
            )
        )

    return EditorLayer(read)


@pytest.fixture
def chain(layer, resilience):
    """A chain with an embedded engine, asleep."""
    embedded = build_embedded(layer.settings())
    route = Route(provider=embedded.name, model="toy", reason="configured", why="")
    instruments = Instruments(clock=SYSTEM_CLOCK, new_id=lambda: "id", observer=NoObserver())
    return ProviderChain((embedded,), FixedRouter(route), instruments, resilience)


def test_a_running_chain_is_changed_and_not_built_again(layer, chain, resilience):
    """Deadlines and limits count from the next call on; what was spent is not forgotten."""
    spending = resilience.spending
    assert layer.take({"timeouts": {"idle_s": 5}, "budget": {"day_usd": 1}}, chain, bare=False) == ()
    assert (resilience.deadlines, resilience.spending) == (Deadlines(idle_s=5), spending)
    assert spending.limits == Limits(day_usd=1)


def test_settings_that_are_gone_leave_the_persons_own(layer, chain, resilience):
    """As if the editor had never set them."""
    layer.take({"timeouts": {"idle_s": 5}}, chain, bare=False)
    layer.take({}, chain, bare=False)
    assert resilience.deadlines == Deadlines()


def test_a_broken_file_is_told_and_changes_nothing_that_runs(layer, chain, resilience, tmp_path):
    """The person wrote it meanwhile."""
    (tmp_path / "config.yaml").write_text("modle: x\n", encoding="utf-8")
    (told,) = layer.take({"timeouts": {"idle_s": 5}}, chain, bare=False)
    assert told.startswith("The editor's settings count from the next start on: ")
    assert "Did you mean model?" in told
    assert resilience.deadlines is None


def test_bare_settings_of_another_server_take_ours_away(layer):
    """They are the whole of what the editor has, and nobody is told of what is not ours."""
    assert layer.take({"timeouts": {"idle_s": 5}}, None, bare=True) == ()
    assert (layer.settings().timeouts.idle_s, layer.settings().embedded.context) == (5, 1024)
    assert layer.take({"pylsp": {"x": 1}}, None, bare=True) == ()
    assert layer.settings().timeouts.idle_s == 30
