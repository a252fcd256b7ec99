"""What an editor's settings may say, which a repository may have written."""

import pytest

from parley_server.config import Sources, known_keys, settings_from
from parley_server.config_file import ConfigError, Entry
from parley_server.harmless import HARMLESS, harmless_layer

EDITOR = "the editor's settings"


def test_harmless_settings_become_entries_however_they_are_written():
    """Nested or dotted."""
    found = harmless_layer({"timeouts": {"idle_s": 5}, "embedded.threads": 2}, EDITOR)
    assert found == (
        Entry(path=("timeouts", "idle_s"), value=5, where=EDITOR),
        Entry(path=("embedded", "threads"), value=2, where=EDITOR),
    )


@pytest.mark.parametrize("key", [*sorted(set(known_keys()) - HARMLESS), "providers.x.url", "prices.a/b", "nonsense"])
def test_whatever_else_is_refused(key):
    """With what can be set there."""
    with pytest.raises(ConfigError, match=r"cannot be set there, only in your own .* There can be: embedded\.idle"):
        harmless_layer({key: "x"}, EDITOR)


def test_a_wrong_value_is_told():
    """As in a file."""
    with pytest.raises(ConfigError, match=r"editor's settings: timeouts\.idle_s cannot be -1: should be greater than"):
        harmless_layer({"timeouts": {"idle_s": -1}}, EDITOR)


def test_the_layer_wins_over_the_environment_and_not_over_the_command_line(tmp_path):
    """Its place among the sources."""
    sources = Sources(
        path=tmp_path / "none.yaml",
        environment={"PARLEY_TIMEOUTS_IDLE_S": "7", "PARLEY_TIMEOUTS_TOTAL_S": "70"},
        editor=harmless_layer({"timeouts": {"idle_s": 5, "total_s": 50}}, EDITOR),
        command_line={"timeouts.total_s": 40},
    )
    found = settings_from(sources).timeouts
    assert (found.idle_s, found.total_s) == (5, 40)
