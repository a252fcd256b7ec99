from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from parley_server.config import Sources, known_keys, settings_from, user_path, variable_of
from parley_server.config_file import ConfigError, write_entry
from parley_server.settings import BudgetSettings, PriceSettings, ProviderSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    def load(
        text: str | None = None, *, env: dict[str, str] | None = None, given: dict[str, object] | None = None
    ) -> Settings:
        path = tmp_path / "config.yaml"
        if text is not None:
            path.write_text(text, encoding="utf-8")
        return settings_from(Sources(path=path, environment=env or {}, command_line=given or {}))

    return load


def test_without_a_file_the_defaults_hold(settings: Callable[..., Settings]) -> None:
    """Nobody has to configure anything."""
    assert settings() == Settings()


def test_the_file_the_environment_and_the_command_line_override_in_that_order(
    settings: Callable[..., Settings],
) -> None:
    """Each later source wins, key by key."""
    found = settings(
        "model: a\nembedded:\n  context: 1024\n  threads: 3\ntimeouts:\n  total_s: 60\n",
        env={"PARLEY_MODEL": "b", "PARLEY_EMBEDDED_CONTEXT": "2048", "PARLEY_LOG_LEVEL": ""},
        given={"model": "c"},
    )
    assert (found.model, found.embedded.context, found.embedded.threads, found.timeouts.total_s, found.log_level) == (
        "c",
        2048,
        3,
        60,
        "warning",
    )


def test_settings_cannot_be_changed_after_they_were_read() -> None:
    """They are values."""
    with pytest.raises(ValidationError, match="frozen"):
        Settings().model = "x"  # type: ignore[misc]


def test_null_lets_the_engine_never_sleep(settings: Callable[..., Settings]) -> None:
    """Null is a value, not an absence."""
    assert settings("embedded:\n  idle_minutes: null\n").embedded.idle_minutes is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modle: x\n", r"config\.yaml, line 1: nothing is called 'modle'\. Did you mean model\?"),
        (
            "\nembedded:\n  contxt: 1\n",
            r"line 3: nothing is called 'embedded\.contxt'\. Did you mean embedded\.context",
        ),
        ("zzz: 1\n", r"nothing is called 'zzz'\. There are: model, strategy"),
        ("embedded:\n  context: many\n", r"line 2: embedded\.context cannot be 'many': should be a valid integer"),
        ("embedded:\n  context: 7\n", r"embedded\.context cannot be 7: should be greater than or equal to 512"),
        ("log_level: loud\n", r"log_level cannot be 'loud': should be 'debug', 'info', 'warning' or 'error'"),
        (
            "ollama:\n  url: 127.0.0.1\n",
            r"ollama\.url cannot be '127\.0\.0\.1': write it like http://127\.0\.0\.1:11434",
        ),
        ("ollama:\n  url: http://a:b@c\n", r"an address must not hold a user or a password"),
        ("embedded: fast\n", r"line 1: nothing is called 'embedded'\. Did you mean embedded\."),
        (
            "providers:\n  box:\n    knd: ollama\n",
            r"line 3: nothing is called 'providers\.box\.knd'\. Did you mean .*kind",
        ),
        ("providers:\n  box:\n    url: http://h\n", r"line 3: providers\.box\.kind is missing"),
        ("providers:\n  box:\n    kind: magic\n", r"line 3: providers\.box\.kind cannot be 'magic'"),
        ("providers:\n  Box:\n    kind: ollama\n", r"providers\.Box.* should match pattern"),
        (
            "prices:\n  a/b.c:\n    input_usd: -1\n    output_usd: 1\n",
            r"line 3: prices\.a/b\.c\.input_usd cannot be -1",
        ),
        ("candidates: [nowhere]\n", r"line 1: candidates cannot be \['nowhere'\]"),
        ("remote: always\n", r"remote cannot be 'always': should be 'never', 'fallback' or 'allowed'"),
        ("models:\n  explain:\n    x: y\n", r"line 3: nothing is called 'models\.explain\.x'"),
        ("- model\n", r"line 1: settings are lines like `model: embedded/"),
        ("model: [\n", r"line 2: this is not YAML"),
        ("model: a\nmodel: b\n", r"line 2: this is not YAML: found duplicate key"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_would_be_right(
    settings: Callable[..., Settings], text: str, message: str
) -> None:
    """One line that a person can act on."""
    with pytest.raises(ConfigError, match=message):
        settings(text)


def test_providers_models_prices_and_a_budget_can_be_named(settings: Callable[..., Settings]) -> None:
    """What stands below those keys is named by the person; a dot in a model's name is no step."""
    found = settings(
        "models: {explain: embedded/small}\n"
        "strategy: cost_optimized\nremote: fallback\n"
        "candidates: [embedded/small, work/gpt-4.1]\n"
        "providers:\n  work: {kind: llama-server, key_variable: WORK_KEY}\n  box: {kind: ollama, url: http://10.0.0.5:11434/}\n"
        "prices:\n  work/gpt-4.1: {input_usd: 2, output_usd: 8}\n"
        "budget: {day_usd: 5}\n"
    )
    assert found == Settings(
        models={"explain": "embedded/small"},
        strategy="cost_optimized",
        remote="fallback",
        candidates=("embedded/small", "work/gpt-4.1"),
        providers={
            "work": ProviderSettings(kind="llama-server", key_variable="WORK_KEY"),
            "box": ProviderSettings(kind="ollama", url="http://10.0.0.5:11434"),
        },
        prices={"work/gpt-4.1": PriceSettings(input_usd=2, output_usd=8)},
        budget=BudgetSettings(day_usd=5),
    )


def test_candidates_in_the_environment_are_separated_by_commas(settings: Callable[..., Settings]) -> None:
    """As lists are, there."""
    assert settings(env={"PARLEY_CANDIDATES": "a/b, c/d"}).candidates == ("a/b", "c/d")


def test_a_mistake_in_the_environment_names_the_variable(settings: Callable[..., Settings]) -> None:
    """Where it was read is where it is told."""
    with pytest.raises(ConfigError, match=r"^PARLEY_EMBEDDED_THREADS: embedded\.threads cannot be 'all'"):
        settings(env={"PARLEY_EMBEDDED_THREADS": "all"})


def test_every_key_has_a_variable_of_its_own() -> None:
    """No two keys share one."""
    assert len({variable_of(key) for key in known_keys()}) == len(known_keys())


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:1234", "http://localhost:1234"),
        ("[::1]:99", "http://[::1]:99"),
        ("gpu.example.com:11434", "http://127.0.0.1:11434"),
        ("127.0.0.1:port", "http://127.0.0.1:11434"),
    ],
)
def test_ollamas_own_variable_counts_while_it_stays_on_this_machine(
    settings: Callable[..., Settings], host: str, url: str
) -> None:
    """Another machine has to be named to Parley itself."""
    assert settings(env={"OLLAMA_HOST": host}).ollama.url == url


def test_the_file_goes_before_ollamas_own_variable(settings: Callable[..., Settings]) -> None:
    """What was said to Parley counts more than what was said to Ollama."""
    found = settings("ollama:\n  url: http://127.0.0.1:1\n", env={"OLLAMA_HOST": "127.0.0.1:2"})
    assert found.ollama.url == "http://127.0.0.1:1"


def test_the_file_can_be_named(tmp_path: Path) -> None:
    """`PARLEY_CONFIG` goes before the usual folder."""
    assert user_path({"PARLEY_CONFIG": str(tmp_path / "x.yaml")}) == tmp_path / "x.yaml"
    assert user_path({}).parts[-2:] == ("parley", "config.yaml")


def test_writing_keeps_comments_order_and_quotes(tmp_path: Path) -> None:
    """Only the one value changes."""
    path = tmp_path / "config.yaml"
    path.write_text("# mine\nlog_level: 'info'  # quiet\nmodel: a # old\n\nembedded:\n  threads: 2 # two\n")
    write_entry(path, "model", "embedded/b")
    assert path.read_text() == (
        "# mine\nlog_level: 'info'  # quiet\nmodel: embedded/b # old\n\nembedded:\n  threads: 2 # two\n"
    )


def test_writing_makes_the_file_and_its_folder(tmp_path: Path, settings: Callable[..., Settings]) -> None:
    """The first choice needs no editor."""
    path = tmp_path / "new" / "config.yaml"
    write_entry(path, "model", None)
    write_entry(path, "model", "embedded/b")
    assert settings_from(Sources(path=path, environment={}, command_line={})).model == "embedded/b"


def test_writing_goes_through_a_link(tmp_path: Path) -> None:
    """A settings file kept elsewhere stays there."""
    (tmp_path / "real.yaml").write_text("model: a\n")
    (tmp_path / "config.yaml").symlink_to(tmp_path / "real.yaml")
    write_entry(tmp_path / "config.yaml", "model", "b")
    assert (tmp_path / "real.yaml").read_text() == "model: b\n"
    assert (tmp_path / "config.yaml").is_symlink()


def test_a_file_that_cannot_be_used_is_not_written_over(tmp_path: Path) -> None:
    """What a person wrote is theirs, mistakes too."""
    path = tmp_path / "config.yaml"
    path.write_text("model: [\n")
    with pytest.raises(ConfigError, match="not YAML"):
        write_entry(path, "model", "b")
    assert path.read_text() == "model: [\n"
