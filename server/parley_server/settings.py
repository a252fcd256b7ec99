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
Tokens: TypeAlias = Annotated[int, Field(ge=512, le=1_048_576)]
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

    url: Url = Field(default=f"http://127.0.0.1:{OLLAMA_PORT}", description="Its address.")
    context: Tokens | None = Field(
        default=None,
        description="The window, in tokens, with which models of every Ollama are loaded, as far as they can have it. "
        "null: what is loaded already is kept, and else 8192 is asked for.",
    )


class EmbeddedSettings(Section):
    """The engine that Parley brings along."""

    model: str | None = Field(
        default=None,
        description="The downloaded model that answers where no other is chosen. null: the first there is.",
    )
    context: Tokens = Field(
        default=8192,
        description="The window, in tokens: what fits of prompt and answer at once. A larger one takes more memory.",
    )
    threads: int | None = Field(
        default=None, ge=1, le=1024, description="How many threads it computes with. null: one for each physical core."
    )
    idle_minutes: float | None = Field(
        default=10, gt=0, description="After how many minutes without a request it gives its memory back. null: never."
    )


class TimeoutSettings(Section):
    """How long to wait for a model, in seconds."""

    connect_s: Seconds = Field(default=5, description="Seconds until a connection stands.")
    first_token_s: Seconds = Field(default=60, description="Seconds until an answer begins.")
    cold_first_token_s: Seconds = Field(
        default=300, description="Seconds until an answer begins where the model must be loaded first."
    )
    idle_s: Seconds = Field(default=30, description="Seconds between two pieces of an answer.")
    total_s: Seconds = Field(default=600, description="Seconds until an answer is whole.")


ProviderKind: TypeAlias = Literal["ollama", "llama-server", "anthropic", "openai", "gemini", "openai-compatible"]


class ProviderSettings(Section):
    """A provider that the person names: only such a one is ever asked, whatever keys the environment holds."""

    kind: ProviderKind = Field(description="What it speaks: a vendor's protocol, or that of a server of your own.")
    url: Url | None = Field(
        default=None, description="Its address. null: the vendor's own, or the usual one of a server on this machine."
    )
    key_variable: str | None = Field(
        default=None,
        pattern=VARIABLE,
        description="The environment variable that holds its key. null: the vendor's usual one.",
    )
    keyring: bool = Field(
        default=False,
        description="Whether its key is in the keyring, which goes first; `parley auth set` writes it.",
    )
    ca_bundle: Path | None = Field(
        default=None, description="A file of the certificates that are trusted in place of the system's."
    )


class PriceSettings(Section):
    """The person's own price of a model, in US dollars for a million tokens."""

    input_usd: float = Field(ge=0, description="US dollars for a million tokens of prompts.")
    output_usd: float = Field(ge=0, description="US dollars for a million tokens of answers.")


class FactsSettings(Section):
    """What the person knows better of a model than its provider told."""

    window_tokens: int | None = Field(
        default=None,
        ge=256,
        description="How many tokens of prompt and answer fit at once. It only tells: what makes a window larger is "
        "`ollama.context` and `embedded.context`.",
    )
    abilities: frozenset[str] | None = Field(
        default=None, description="What it can do, such as completion, tools, vision, thinking."
    )
    quality: int | None = Field(
        default=None, ge=0, le=100, description="Its tier for the strategy `quality_first`; higher is better."
    )


class BudgetSettings(Section):
    """The most that may be spent, in US dollars; the worst case of a request is reserved before it is sent."""

    request_usd: float | None = Field(default=None, ge=0, description="US dollars for one request. null: no limit.")
    session_usd: float | None = Field(
        default=None, ge=0, description="US dollars for one run of the server, or of a command. null: no limit."
    )
    day_usd: float | None = Field(
        default=None, ge=0, description="US dollars for a day (UTC), of all processes together. null: no limit."
    )


class RefactorSettings(Section):
    """What is done with the results of refactorings."""

    unproved: Literal["ask", "apply"] = Field(
        default="ask",
        description="What becomes of those that are neither proved nor tested: `ask` shows the change and waits for "
        "your yes, `apply` accepts them beforehand.",
    )


ProviderName: TypeAlias = Annotated[str, Field(pattern=NAME)]
ModelName: TypeAlias = Annotated[str, Field(pattern=MODEL)]


class Settings(Section):
    """Everything that can be set."""

    version: Literal[1] = Field(default=VERSION, description="Of this file's form; without it, the present one.")
    model: str | None = Field(
        default=None, description="The model that answers: PROVIDER/MODEL, or a bare name. null: Parley finds one."
    )
    models: Mapping[str, str] = Field(
        default_factory=dict, description="Models of their own for kinds of work, such as `rename: PROVIDER/MODEL`."
    )
    strategy: StrategyName = Field(
        default=StrategyName.LOCAL_FIRST, description="In which order the candidates are asked."
    )
    candidates: tuple[ModelName, ...] = Field(
        default=(), description="The models that the strategy may ask, as PROVIDER/MODEL, in your order."
    )
    remote: RemotePolicy = Field(
        default=RemotePolicy.NEVER,
        description="When a candidate that is not on this machine may be asked: `never`, as a `fallback` after every "
        "local one failed, or, `allowed`, as the strategy orders.",
    )
    providers: Mapping[ProviderName, ProviderSettings] = Field(
        default_factory=dict, description="The providers that you name, by the names that you give them."
    )
    prices: Mapping[ModelName, PriceSettings] = Field(
        default_factory=dict, description="Your own prices of models, by PROVIDER/MODEL."
    )
    facts: Mapping[ModelName, FactsSettings] = Field(
        default_factory=dict, description="What you know better of models than their providers, by PROVIDER/MODEL."
    )
    budget: BudgetSettings = BudgetSettings()
    models_dir: Path | None = Field(
        default=None, description="The folder of downloaded models. null: one in your data folder."
    )
    log_level: Literal["debug", "info", "warning", "error"] | None = Field(
        default=None,
        description="From which level on the server logs. null: info in a log file, warning on standard error.",
    )
    ollama: OllamaSettings = OllamaSettings()
    embedded: EmbeddedSettings = EmbeddedSettings()
    timeouts: TimeoutSettings = TimeoutSettings()
    refactor: RefactorSettings = RefactorSettings()
