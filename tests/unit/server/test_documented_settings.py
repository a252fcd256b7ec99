"""The settings that the documents show, taken as they stand."""

import json
import re
from datetime import UTC, datetime

import pytest

from parley_server.config import Sources, explained_settings
from parley_server.editor_section import section_of
from parley_server.editor_settings import entries_in
from parley_server.harmless import sifted
from parley_server.project import trust_project
from parley_server.trust import TrustStore
from support.house import ROOT

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def _blocks(document, language):
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", _blocks("README.md", "yaml"))
def test_the_settings_of_the_readme_are_all_in_force(tmp_path, block):
    """Each line of an example sets what it says."""
    path = tmp_path / "config.yaml"
    path.write_text(block, encoding="utf-8")
    found = explained_settings(Sources(path=path, environment={}, command_line={}))
    lines = {each.where.rpartition(", line ")[2] for each in found if each.where.startswith(str(path))}
    wanted = {str(number) for number, line in enumerate(block.splitlines(), start=1) if not line.endswith(":")}
    assert lines == wanted


def test_the_workspace_of_the_guide_may_set_all_that_it_sets(tmp_path):
    """Trusted, nothing of the example is refused."""
    (block,) = _blocks("docs/editors.md", "yaml")
    (tmp_path / ".parley.yaml").write_text(block, encoding="utf-8")
    project = trust_project(tmp_path, TrustStore(root=tmp_path / "trust"), NOW)
    assert (project.standing, len(project.entries), project.problems) == ("trusted", 3, ())


def test_the_settings_of_the_guide_count_in_an_editor():
    """As `settings.json` has them."""
    (block,) = (each for each in _blocks("docs/editors.md", "json") if "parley." in each)
    found = sifted(entries_in(section_of(json.loads(block))))
    assert ([each.key for each in found.entries], found.problems) == (["timeouts.idle_s", "embedded.threads"], ())
