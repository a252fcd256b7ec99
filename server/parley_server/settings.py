"""What can be set: the schema of the person's settings, as frozen values that are validated once.

Where settings come from, and what is told when one is wrong, belongs to `config`. Importing this imports pydantic, so
front ends do it when they need settings, not at start-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from parley_providers.strategies import StrategyName
from parley_providers.strategy_router import RemotePolicy

VERSION: Literal[1] = 1
OLLAMA_PORT = 11434
LLAMA_SERVER_URL = "http://127.0.0.1:8080"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
NAME = r"^[a-z][a-z0-9-]*$"
MODEL = r"^[a-z][a-z0-9-]*/.+$"


def _server_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("write it like http://127.0.0.1:11434")
    if parts.username or parts.password:
        raise ValueError("an address must not hold a user or a password")
    return url.rstrip("/")


Url: TypeAlias = Annotated[str, AfterValidator(_server_url)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=86_400)]


class Section(BaseModel):
    """A group of settings: closed, frozen, and silent about values in its messages."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_as_number(cls, value: object, info: ValidationInfo) -> object:
        """YAML reads `yes` and `true` as truth, which Python would take for the number 1."""
        if isinstance(value, bool) and cls.model_fields[info.field_name or ""].annotation is not bool:
            raise ValueError("should not be true or false")
        return value


class OllamaSettings(Section):
    """A running Ollama, which Parley finds by itself at its usual address."""

    url: Url = f"http://127.0.0.1:{OLLAMA_PORT}"


class EmbeddedSettings(Section):
    """The engine that Parley brings along. `context` is in tokens; `idle_minutes: null` never lets it sleep."""

    model: str | None = None
    context: int = Field(default=8192, ge=512, le=1_048_576)
    threads: int | None = Field(default=None, ge=1, le=1024)
    idle_minutes: float | None = Field(default=10, gt=0)


class TimeoutSettings(Section):
    """How long to wait for a model, in seconds; `cold_first_token_s` where it must be loaded first."""

    connect_s: Seconds = 5
    first_token_s: Seconds = 60
    cold_first_token_s: Seconds = 300
    idle_s: Seconds = 30
    total_s: Seconds = 600


ProviderKind: TypeAlias = Literal["ollama", "llama-server", "anthropic", "openai", "gemini", "openai-compatible"]


class ProviderSettings(Section):
    """A provider that the person names: only such a one is ever asked, whatever keys the environment holds.

    `url` is needed where a vendor does not fix it. `key_variable` names the environment variable that holds the key, in
    place of the vendor's usual one; a key in the keyring (`keyring`, as `parley auth set` writes it) goes first.
    """

    kind: ProviderKind
    url: Url | None = None
    key_variable: str | None = Field(default=None, pattern=VARIABLE)
    keyring: bool = False
    ca_bundle: Path | None = None


class PriceSettings(Section):
    """The person's own price of a model, in US dollars for a million tokens."""

    input_usd: float = Field(ge=0)
    output_usd: float = Field(ge=0)


class FactsSettings(Section):
    """What the person knows better of a model than its provider told.

    `quality` is a tier for the strategy `quality_first`, higher is better.
    """

    window_tokens: int | None = Field(default=None, ge=256)
    abilities: frozenset[str] | None = None
    quality: int | None = Field(default=None, ge=0, le=100)


class BudgetSettings(Section):
    """The most that may be spent, in US dollars; the worst case of a request is reserved before it is sent."""

    request_usd: float | None = Field(default=None, ge=0)
    session_usd: float | None = Field(default=None, ge=0)
    day_usd: float | None = Field(default=None, ge=0)


class RefactorSettings(Section):
    """What is done with the results of refactorings.

    `unproved` is for those that are neither proved nor tested: "ask" shows the change and waits for the person's yes,
    "apply" accepts them beforehand.
    """

    unproved: Literal["ask", "apply"] = "ask"


ProviderName: TypeAlias = Annotated[str, Field(pattern=NAME)]
ModelName: TypeAlias = Annotated[str, Field(pattern=MODEL)]


class Settings(Section):
    """Everything that can be set.

    `version` is of the file's form; without it, the present one.
    `model` is "provider/model" or a bare name; None lets Parley find one. `models` names another for a task class.
    `candidates` are whom the `strategy` may ask, in the person's order; `remote` says when one of them that is not on
    this machine may be asked.
    """

    version: Literal[1] = VERSION
    model: str | None = None
    models: Mapping[str, str] = Field(default_factory=dict)
    strategy: StrategyName = StrategyName.LOCAL_FIRST
    candidates: tuple[ModelName, ...] = ()
    remote: RemotePolicy = RemotePolicy.NEVER
    providers: Mapping[ProviderName, ProviderSettings] = Field(default_factory=dict)
    prices: Mapping[ModelName, PriceSettings] = Field(default_factory=dict)
    facts: Mapping[ModelName, FactsSettings] = Field(default_factory=dict)
    budget: BudgetSettings = BudgetSettings()
    models_dir: Path | None = None
    log_level: Literal["debug", "info", "warning", "error"] | None = None
    ollama: OllamaSettings = OllamaSettings()
    embedded: EmbeddedSettings = EmbeddedSettings()
    timeouts: TimeoutSettings = TimeoutSettings()
    refactor: RefactorSettings = RefactorSettings()
