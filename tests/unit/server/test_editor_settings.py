"""What an editor's settings may say, which a repository may have written."""

import pytest

from parley_server.config import Sources, settings_from
from parley_server.config_keys import known_keys
from parley_server.config_text import Entry
from parley_server.editor_settings import WHERE, entries_in, names_a_setting
from parley_server.harmless import COUNTING, HARMLESS, Sifted, sifted

BEFORE = (
    Entry(path=("timeouts", "idle_s"), value=5, where=WHERE),
    Entry(path=("embedded", "threads"), value=2, where=WHERE),
)
OWN_HAND = "only in your own settings file, the environment or the command line"


@pytest.mark.parametrize(
    "given",
    [
        {"timeouts": {"idle_s": 5}, "embedded.threads": 2},
        {"timeouts.idle_s": 5, "embedded": {"threads": 2}, "trace": {"server": "verbose"}},
        {"timeouts": {"idle_s": 5, "total_s": None}, "embedded": {"threads": 2}, "budget": []},
    ],
)
def test_what_cannot_hurt_counts_however_it_is_written(given):
    """Nested or dotted; null and Lua's empty table say nothing, nor is the language client's own setting judged."""
    assert sifted(entries_in(given)) == Sifted(entries=BEFORE, problems=())


@pytest.mark.parametrize("key", [*sorted(set(known_keys()) - HARMLESS - {"version"}), "providers.x.url", "models.plan"])
def test_what_is_the_persons_to_set_is_refused_without_its_value(key):
    """Who wrote it is unknown, and it may be secret."""
    found = sifted(entries_in({key: "sk-secret"}))
    (told,) = found.problems
    assert told.startswith(f"the editor's settings: {key!r} cannot be set there, {OWN_HAND}: ")
    assert told.endswith(f"There can be: {COUNTING}.")
    assert (found.entries, "secret" in told) == ((), False)


@pytest.mark.parametrize("given", [{"ollama": "x"}, {"providers": "x"}, {"model": {"a": 1}}, {"a" * 99: {"b" * 99: 1}}])
def test_a_group_of_forbidden_settings_is_refused_whatever_its_shape(given):
    """No shape opens a way round."""
    found = sifted(entries_in(given))
    assert (found.entries, len(found.problems)) == ((), 1)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("timeouts.idle", "Did you mean timeouts.idle_s?"),
        ("timeouts.idleS", "Did you mean timeouts.idle_s?"),
        ("embedded.thread", "Did you mean embedded.threads?"),
        ("modle", f"Did you mean model? That cannot be set there, {OWN_HAND}."),
        ("zzz\n", f"There are: {', '.join(sorted(HARMLESS))}."),
    ],
)
def test_an_unknown_key_gets_the_nearest_right_one(key, told):
    """Of all keys, also of those that cannot be set here; nothing of the key breaks out of the sentence."""
    assert sifted(entries_in({key: 1})).problems == (f"{WHERE}: nothing is called {key!r}. {told}",)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("5", "'5': should be a valid number"),
        (-1, "-1: should be greater than 0"),
        (True, "True: should not be true or false"),
        ({"a": 1}, "{'a': 1}: should be a valid number"),
        ([1], "[1]: should be a valid number"),
        ("x" * 999, "'xxxxxxxxxxxx...xxxxxxxxxxxxx': should be a valid number"),
    ],
)
def test_a_wrong_value_is_told_and_the_one_before_stays(value, told):
    """Each key for itself: the other one counts."""
    found = sifted(entries_in({"timeouts": {"idle_s": value}, "embedded": {"threads": 3}}), BEFORE)
    assert found == Sifted(
        entries=(BEFORE[0], Entry(path=("embedded", "threads"), value=3, where=WHERE)),
        problems=(f"{WHERE}: timeouts.idle_s cannot be {told}.",),
    )


def test_a_group_that_is_no_group_leaves_its_settings_as_they_were():
    """And says what stands in it."""
    told = f"{WHERE}: embedded is a group; its settings stand indented below it, such as embedded.model."
    assert sifted(entries_in({"embedded": 5}), BEFORE) == Sifted(entries=BEFORE[1:], problems=(told,))


def test_what_is_gone_counts_no_more():
    """The settings are whole each time."""
    assert sifted(entries_in({"timeouts": {"idle_s": 5}}), BEFORE) == Sifted(entries=BEFORE[:1], problems=())


def test_settings_of_another_server_are_known_by_their_keys():
    """None of them is a setting of Parley's."""
    assert [names_a_setting(each) for each in ({"pylsp": {}}, {"timeouts": {}}, {"embedded.threads": 1}, {})] == [
        False,
        True,
        True,
        False,
    ]


def test_the_layer_wins_over_the_environment_and_not_over_the_command_line(tmp_path):
    """Its place among the sources; a budget counts only where it is lower."""
    sources = Sources(
        path=tmp_path / "none.yaml",
        environment={
            "PARLEY_TIMEOUTS_IDLE_S": "7",
            "PARLEY_TIMEOUTS_TOTAL_S": "70",
            "PARLEY_BUDGET_DAY_USD": "1",
            "PARLEY_BUDGET_SESSION_USD": "1",
        },
        editor=entries_in(
            {"timeouts": {"idle_s": 5, "total_s": 50}, "budget": {"day_usd": 0.5, "session_usd": 2}},
        ),
        command_line={"timeouts.total_s": 40},
    )
    found = settings_from(sources)
    assert (found.timeouts.idle_s, found.timeouts.total_s) == (5, 40)
    assert (found.budget.day_usd, found.budget.session_usd) == (0.5, 1)
