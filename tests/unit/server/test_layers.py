"""What an editor and workspaces set, taken over by a chain that runs."""

from pathlib import Path

import pytest

from parley_agent.document import Document, Span
from parley_agent.refactor.requests import RefactorRequest
from parley_providers.chain import ProviderChain
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.measure import Instruments
from parley_providers.requests import Deadlines, LLMRequest
from parley_providers.resilience import Bounds, Resilience
from parley_providers.route import FixedRouter, Route
from parley_providers.spending import Limits
from parley_server.app.layers import Layers
from parley_server.app.models import build_embedded
from parley_server.config import Sources, settings_from
from parley_server.config_text import Entry
from parley_server.project import Project

SHORT = {Path("/short"): (Entry(path=("timeouts", "idle_s"), value=3, where="/short/.parley.yaml, line 1"),)}


class NoObserver:
    def observe(self, record):
        """Nothing is called here."""


@pytest.fixture
def resilience():
    return Resilience()


@pytest.fixture
def layers(tmp_path):
    def read(project, editor):
        return settings_from(
            Sources(
                path=tmp_path / "config.yaml",
                environment={},
                command_line={"embedded.context": 1024},
                project=project,
                editor=editor,
            )
        )

    def read_project(folder):
        return Project(folder=folder, standing="trusted", entries=SHORT.get(folder, ()), problems=(f"seen {folder}",))

    return Layers(read, read_project)


@pytest.fixture
def chain(layers, resilience):
    """A chain with an embedded engine, asleep."""
    embedded = build_embedded(layers.settings())
    route = Route(provider=embedded.name, model="toy", reason="configured", why="")
    instruments = Instruments(clock=SYSTEM_CLOCK, new_id=lambda: "id", observer=NoObserver())
    return ProviderChain((embedded,), FixedRouter(route), instruments, resilience)


def request(correlation_id, *, root=None, path=None):
    document = Document(uri="file:///a.py", language="python", text="", path=path)
    return RefactorRequest(
        document=document, selection=Span(start=0, end=0), workspace_root=root, correlation_id=correlation_id
    )


def bounds(resilience, correlation_id):
    return resilience.bounds_of(LLMRequest(messages=(), task_class="rename", correlation_id=correlation_id))


def test_what_an_editor_sets_holds_for_the_next_request(layers, chain, resilience):
    """Only while it runs, and only for its own calls; what was spent is not forgotten."""
    spending = resilience.spending
    assert layers.take({"timeouts": {"idle_s": 5}, "budget": {"day_usd": 1}}, chain, bare=False) == ()
    everybodys = Bounds(deadlines=None, limits=Limits())
    with layers.bounded(chain, request("r")):
        assert bounds(resilience, "r") == Bounds(deadlines=Deadlines(idle_s=5), limits=Limits(day_usd=1))
        assert bounds(resilience, "another") == everybodys
    assert (bounds(resilience, "r"), resilience.spending) == (everybodys, spending)


def test_settings_that_are_gone_leave_the_persons_own(layers, chain, resilience):
    """As if the editor had never set them."""
    layers.take({"timeouts": {"idle_s": 5}}, chain, bare=False)
    layers.take({}, chain, bare=False)
    with layers.bounded(chain, request("r")):
        assert bounds(resilience, "r").deadlines == Deadlines()


def test_requests_of_several_folders_have_their_own_bounds_at_once(layers, chain, resilience):
    """The folder of the workspace that the document is in, else the folder of its file; a text without one has none."""
    with (
        layers.bounded(chain, request("root", root="/short")),
        layers.bounded(chain, request("file", path="/short/a.py")),
        layers.bounded(chain, request("outside", root="/plain", path="/short/a.py")),
        layers.bounded(chain, request("none")),
    ):
        idle_s = [bounds(resilience, each).deadlines.idle_s for each in ("root", "file", "outside", "none")]
    assert idle_s == [3, 3, 30, 30]


def test_a_problem_of_a_workspace_is_logged_once(layers, chain, caplog):
    """However many requests are made there, and whoever asked what there is to know."""
    assert layers.problems(("/a", "/b", "/a")) == ("seen /a", "seen /b")
    for correlation_id in ("1", "2"):
        with layers.bounded(chain, request(correlation_id, root="/a")):
            pass
    assert caplog.messages == ["seen /a"]


def test_a_broken_file_is_told_and_changes_nothing_that_runs(layers, chain, tmp_path):
    """The person wrote it meanwhile."""
    (tmp_path / "config.yaml").write_text("modle: x\n", encoding="utf-8")
    (told,) = layers.take({"timeouts": {"idle_s": 5}}, chain, bare=False)
    assert told.startswith("The editor's settings count from the next start on: ")
    assert "Did you mean model?" in told


def test_bare_settings_of_another_server_take_ours_away(layers):
    """They are the whole of what the editor has, and nobody is told of what is not ours."""
    assert layers.take({"timeouts": {"idle_s": 5}}, None, bare=True) == ()
    assert (layers.settings().timeouts.idle_s, layers.settings().embedded.context) == (5, 1024)
    assert layers.take({"pylsp": {"x": 1}}, None, bare=True) == ()
    assert layers.settings().timeouts.idle_s == 30
