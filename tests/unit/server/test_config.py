from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from parley_server.config import Sources, settings_from, user_path
from parley_server.config_file import ConfigError, write_entry
from parley_server.config_keys import known_keys, variable_of
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
        None,
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
        ("zzz: 1\n", r"nothing is called 'zzz'\. There are: version, model, strategy"),
        ("embedded:\n  context: many\n", r"line 2: embedded\.context cannot be 'many': should be a valid integer"),
        ("embedded:\n  context: 7\n", r"embedded\.context cannot be 7: should be greater than or equal to 512"),
        ("log_level: loud\n", r"log_level cannot be 'loud': should be 'debug', 'info', 'warning' or 'error'"),
        (
            "ollama:\n  url: 127.0.0.1\n",
            r"ollama\.url cannot be '127\.0\.0\.1': write it like http://127\.0\.0\.1:11434",
        ),
        ("ollama:\n  url: http://a:b@c\n", r"an address must not hold a user or a password"),
        (
            "embedded: fast\n",
            r"line 1: embedded is a group; its settings stand indented below it, such as embedded\.model",
        ),
        (
            "providers:\n  box:\n    knd: ollama\n",
            r"line 3: nothing is called 'providers\.box\.knd'\. Did you mean .*kind",
        ),
        ("providers:\n  box:\n    url: http://h\n", r"line 3: providers\.box\.kind is missing"),
        ("providers:\n  box:\n    kind: magic\n", r"line 3: providers\.box\.kind cannot be 'magic'"),
        (
            "providers:\n  Box:\n    kind: ollama\n",
            r"line 3: nothing in providers can be called 'Box': write it like my-box",
        ),
        (
            "prices:\n  a/b.c:\n    input_usd: -1\n    output_usd: 1\n",
            r"line 3: prices\.a/b\.c\.input_usd cannot be -1",
        ),
        ("candidates: [nowhere]\n", r"line 1: candidates cannot be \['nowhere'\]"),
        ("remote: always\n", r"remote cannot be 'always': should be 'never', 'fallback' or 'allowed'"),
        ("models:\n  explain:\n    x: y\n", r"line 3: nothing is called 'models\.explain\.x'"),
        ("- model\n", r"line 1: settings are lines like `model: embedded/"),
        ("model: [\n", r"line 2: this is not YAML"),
        ("model: a\nmodel: b\n", r"line 2: this is not YAML: this key stands here a second time"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_would_be_right(
    settings: Callable[..., Settings], text: str, message: str
) -> None:
    """One line that a person can act on."""
    with pytest.raises(ConfigError, match=message):
        settings(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"embedded:\n\tcontext: 1\n", r"line 2: this is not YAML: a tab indents here; indent with spaces\.$"),
        (b"model: a\nx: 'b\n", r"line 2: this is not YAML: a quote is opened and never closed\.$"),
        (b"model: a\n---\nmodel: b\n", r"line 2: this is not YAML: a second document begins with `---`"),
        ("model: ä\n".encode("utf-16"), r"line 1: this is not UTF-8 text; save the file as UTF-8\.$"),
        (b"# fine\nmodel: caf\xe9\n", r"line 2: this is not UTF-8 text"),
        (b"model: \x1b[31m\n", r"config\.yaml holds the control character U\+001B; settings are plain text\.$"),
        (b"\0\0", r"control character U\+0000"),
        (b"model:a\n", r"settings are lines like `model: embedded/.*`, with a blank after :\.$"),
        (b"model: " + b"[" * 5000, r"line 1: this is nested deeper than any setting\.$"),
        (b"model: !!python/object/apply:os.system [ls]\n", r"line 1: tag:.*os\.system is no plain value"),
        (b"a: &a\n  <<: *a\n", r"this cannot be read as settings"),
        (b"#" * 200_001, r"is larger than 200 kB; these are no settings\.$"),
        (
            b"version: 7\nnew_things: 1\n",
            r"line 1: these settings are of version 7, and this Parley reads version 1\. Upd",
        ),
        (b"models: fast\n", r"line 1: models is a group; its settings stand indented below it, such as models\.NAME"),
        (
            b"embedded:\n  threads: yes please\n",
            r"line 2: embedded\.threads cannot be 'yes please': should be a valid int",
        ),
        (b"embedded:\n  threads: true\n", r"line 2: embedded\.threads cannot be True: should not be true or false\.$"),
        (b"candidates: a/b\n", r"candidates cannot be 'a/b': should be a list, such as \[one, two\]\.$"),
        (b"modle: 1\nstratgy: 2\n", r"'modle'\. Did you mean model\?\n.*line 2: nothing is called 'stratgy'"),
    ],
)
def test_a_file_that_is_no_settings_is_told_in_a_persons_words(tmp_path: Path, content: bytes, message: str) -> None:
    """Where, what, and what to do; never a decoder's or a parser's own words."""
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        settings_from(Sources(path=path, environment={}, command_line={}))


@pytest.mark.parametrize(
    "content",
    [b"", b"# nothing yet\n", b"\xef\xbb\xbfversion: 1\r\n", b"version: 1\n", b"embedded:\nmodels:\n"],
)
def test_a_file_that_says_nothing_is_no_mistake(tmp_path: Path, content: bytes) -> None:
    """Empty, comments, a mark of byte order, and groups with nothing below them."""
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    assert settings_from(Sources(path=path, environment={}, command_line={})) == Settings()


def test_a_folder_in_the_files_place_is_told(tmp_path: Path) -> None:
    """With the way out."""
    with pytest.raises(ConfigError, match=r"is a folder; settings are a file\. Move it away, or name a file"):
        settings_from(Sources(path=tmp_path, environment={}, command_line={}))


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("providers:\n  anthropic:\n    kind: anthropic\n    api_key: sk-ant-api03-abcdefghijklmnop\n", "abcdefgh"),
        ("ollama:\n  url: http://me:hunter2@box:1\n", "hunter2"),
    ],
)
def test_a_mistake_that_holds_a_secret_is_told_without_it(
    settings: Callable[..., Settings], text: str, secret: str
) -> None:
    """Messages end in logs."""
    with pytest.raises(ConfigError) as told:
        settings(text)
    assert secret not in str(told.value)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(settings: Callable[..., Settings]) -> None:
    """Keys that there are not, and values that cannot be, with the nearest of either."""
    text = "strategy: cheapest\nmodle: x\nproviders: {box: {kind: olama}}\ncandidates: [box]\nbudget: {day_usd: -1}\n"
    with pytest.raises(ConfigError) as caught:
        settings(text)
    told = [line.partition("line ")[2] for line in str(caught.value).splitlines()]
    assert [line[:52] for line in told] == [
        "1: strategy cannot be 'cheapest': should be 'primary",
        "2: nothing is called 'modle'. Did you mean model?",
        "3: providers.box.kind cannot be 'olama': should be '",
        "4: candidates cannot be ['box']: write it like anthr",
        "5: budget.day_usd cannot be -1: should be greater th",
    ]
    assert told[2].endswith("Did you mean ollama?")


def test_a_key_in_the_file_is_told_where_it_belongs(settings: Callable[..., Settings]) -> None:
    """Not merely that it is unknown."""
    with pytest.raises(ConfigError, match=r"line 4: keys do not stand in files\. .* parley auth set work"):
        settings("providers:\n  work:\n    kind: openai\n    api_key: x\n")


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
