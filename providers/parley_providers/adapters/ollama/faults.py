"""What Ollama's refusals mean. The status does not classify: a wrong request may be a 500, so the words come first."""

from __future__ import annotations

from typing import Any

from parley_providers.adapters.ollama.looks import WINDOW_SETTING
from parley_providers.errors import (
    AuthenticationError,
    BadRequestError,
    ContextWindowError,
    ModelNotFoundError,
    OverloadedError,
    ProviderError,
)
from parley_providers.refusals import IN_BAND, Refusal, error_of_status, json_or_none

# Said of what the request or the model did wrong, whatever the status.
_FAULTS_OF_THE_REQUEST = (
    "does not support",
    "input is not supported",
    "invalid format",
    "invalid tool call arguments",
    "must be of type",
    "Unable to generate parser",
)
_MOST_SAID = 200
_NO_MEMORY = "requires more system memory"


def error_of(refusal: Refusal, *, provider: str, model: str) -> ProviderError:
    """The error that a refusal, or an error line within an answer, is."""
    told = _told(refusal)
    message = str(told.get("message", ""))
    if told.get("type") == "exceed_context_size_error":
        return _too_long(told, refusal, provider=provider, model=model)
    if refusal.status == 404:
        return _missing(message, provider=provider, model=model)
    if refusal.status == 403 and not message:
        return AuthenticationError(
            f"{provider} refused to be asked under this address. Its OLLAMA_HOST and OLLAMA_ORIGINS say who may.",
            status=403,
            provider=provider,
            model=model,
        )
    if _NO_MEMORY in message:
        return OverloadedError(
            f"{provider} has not enough memory for {model}: {message}. Choose a smaller model, or close something.",
            status=refusal.status,
            provider=provider,
            model=model,
        )
    if told.get("type") == "invalid_request_error" or any(fault in message for fault in _FAULTS_OF_THE_REQUEST):
        return BadRequestError(
            f"{provider} refused the request: {message}.", status=_status(refusal), provider=provider, model=model
        )
    return error_of_status(refusal, message, provider=provider, model=model)


def _told(refusal: Refusal) -> dict[str, Any]:
    """The fields of the error: `{"error": "…"}`, whose text may itself be JSON of the engine's, or plain text."""
    body = refusal.json()
    told = body.get("error") if isinstance(body, dict) else refusal.text
    inner = json_or_none(told) if isinstance(told, str) else None
    if isinstance(inner, dict):
        told = inner.get("error", inner)
    return told if isinstance(told, dict) else {"message": str(told or "")}


def _too_long(told: dict[str, Any], refusal: Refusal, *, provider: str, model: str) -> ContextWindowError:
    prompt, window = told.get("n_prompt_tokens"), told.get("n_ctx")
    return ContextWindowError(
        f"The prompt has {prompt} tokens, but {model} is loaded with room for {window}. Select less code, or set "
        f"{WINDOW_SETTING} higher.",
        prompt_tokens=prompt,
        window_tokens=window,
        provider=provider,
        model=model,
        status=_status(refusal),
    )


def _missing(message: str, *, provider: str, model: str) -> ProviderError:
    if "model" not in message:
        said = f" ({message.strip()[:_MOST_SAID]})" if message.strip() else ""
        return BadRequestError(
            f"The server that was asked as {provider} does not know Ollama's requests{said}: "
            "it seems to be another server. Give it Ollama's own address.",
            provider=provider,
            model=model,
            status=404,
        )
    return ModelNotFoundError(
        f"{provider} has no model {model!r}. Get it with `ollama pull {model}`, or see what there is: "
        f"`parley models list`.",
        provider=provider,
        model=model,
        status=404,
    )


def _status(refusal: Refusal) -> int | None:
    return None if refusal.status == IN_BAND else refusal.status
