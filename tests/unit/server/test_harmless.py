"""What counts of settings that a repository may have written."""

from fnmatch import fnmatch

import pytest

from parley_server.config import Sources, settings_from
from parley_server.config_keys import known_keys
from parley_server.config_text import Entry
from parley_server.harmless import COUNTING, HARMLESS, Sifted, sifted

WHERE = "/work/.parley.yaml, line 1"


def entry(key: str, value: object) -> Entry:
    return Entry(path=tuple(key.split(".")), value=value, where=WHERE)


def test_what_cannot_hurt_counts():
    """Whatever stands beside it."""
    good = entry("timeouts.idle_s", 5)
    found = sifted((entry("model", "remote/dear"), good))
    assert found.entries == (good,)
    assert len(found.problems) == 1


def test_the_keys_that_count_are_told_in_short():
    """And only those."""
    patterns = COUNTING.split(", ")
    assert {key for key in known_keys() if any(fnmatch(key, pattern) for pattern in patterns)} == HARMLESS


@pytest.mark.parametrize("key", [*sorted(set(known_keys()) - HARMLESS - {"version"}), "providers.x.url", "models.ask"])
def test_whatever_else_is_refused_with_a_reason(key):
    """And with what can be set there."""
    found = sifted((entry(key, "x"),))
    assert found.entries == ()
    (problem,) = found.problems
    assert problem.startswith(f"{WHERE}: {key!r} cannot be set there, only in your own settings file")
    assert "yours alone to say" in problem or "decides" in problem
    assert problem.endswith(f"There can be: {COUNTING}.")


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("timeouts.idle_s", -1, "timeouts.idle_s cannot be -1: should be greater than 0."),
        ("embedded.threads", True, "embedded.threads cannot be True: should not be true or false."),
        ("timeouts.totl_s", 5, "nothing is called 'timeouts.totl_s'. Did you mean timeouts.total_s?"),
        ("timeouts", 5, "timeouts is a group; its settings stand indented below it, such as timeouts.connect_s."),
        ("version", 2, "'version' cannot be set there"),
    ],
)
def test_a_mistake_is_told(key, value, problem):
    """As in the person's own file."""
    assert sifted((entry(key, value),)).problems[0].startswith(f"{WHERE}: {problem}")


def test_the_present_version_and_empty_groups_are_no_mistakes():
    """They say nothing."""
    assert sifted((entry("version", 1), entry("timeouts", None))) == Sifted(entries=(), problems=())


def test_layers_win_in_their_order(tmp_path):
    """File, workspace, environment, editor, command line."""
    path = tmp_path / "config.yaml"
    path.write_text("timeouts: {connect_s: 1, idle_s: 1, total_s: 1, first_token_s: 1, cold_first_token_s: 1}\n")
    sources = Sources(
        path=path,
        project=tuple(
            entry(f"timeouts.{name}", 2) for name in ("idle_s", "total_s", "first_token_s", "cold_first_token_s")
        ),
        environment={
            "PARLEY_TIMEOUTS_TOTAL_S": "3",
            "PARLEY_TIMEOUTS_FIRST_TOKEN_S": "3",
            "PARLEY_TIMEOUTS_COLD_FIRST_TOKEN_S": "3",
        },
        editor=(entry("timeouts.first_token_s", 4), entry("timeouts.cold_first_token_s", 4)),
        command_line={"timeouts.cold_first_token_s": 5},
    )
    assert settings_from(sources).timeouts.model_dump() == {
        "connect_s": 1,
        "idle_s": 2,
        "total_s": 3,
        "first_token_s": 4,
        "cold_first_token_s": 5,
    }


@pytest.mark.parametrize(("mine", "theirs", "counts"), [(5, 1, 1), (1, 5, 1), (None, 5, 5), (5, None, 5)])
def test_a_budget_from_elsewhere_counts_only_where_it_is_lower(tmp_path, mine, theirs, counts):
    """Nobody else raises what the person allowed."""
    path = tmp_path / "config.yaml"
    path.write_text(f"budget: {{day_usd: {'null' if mine is None else mine}}}\n")
    sources = Sources(path=path, environment={}, command_line={}, project=(entry("budget.day_usd", theirs),))
    assert settings_from(sources).budget.day_usd == counts
