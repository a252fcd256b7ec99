"""Removing secrets from text that is about to be kept: error messages, origins, settings.

It knows the shapes of keys and the places where passwords stand. Finding secrets in source code is another matter and
belongs to the agent, which must also put them back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parley_providers.messages import JsonObject, JsonValue

REDACTED = "[redacted]"

_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_USERINFO = re.compile(r"(?<=://)[^/\s@]+@")
_AUTHORIZATION = re.compile(r"(?i)\b((?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}")
_ASSIGNMENT = re.compile(
    r"""(?ix) (["']? \b [\w-]* (?:api[_-]?key|access[_-]?key|secret|token|passw(?:or)?d|authorization|credential)
        s? ["']? \s* [=:] \s* ["']?) (?!\[redacted\]|\d+\b) [^\s"',;&}\]]{6,}"""  # a count of tokens is no secret
)
_KEY_SHAPES = re.compile(
    r"""(?x) (?<![A-Za-z0-9]) (?:
      sk-[A-Za-z0-9_-]{12,}                     # OpenAI, Anthropic (sk-ant-), OpenRouter (sk-or-)
    | AIza[A-Za-z0-9_-]{30,}                    # Google
    | (?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{20,}  # GitHub
    | github_pat_[A-Za-z0-9_]{20,}
    | glpat-[A-Za-z0-9_-]{16,}                  # GitLab
    | hf_[A-Za-z0-9]{20,}                       # Hugging Face
    | xox[abeoprs]-[A-Za-z0-9-]{10,}            # Slack
    | (?:AKIA|ASIA)[A-Z0-9]{16}                 # AWS
    | gsk_[A-Za-z0-9]{20,}                      # Groq
    | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}   # a JSON Web Token
    )"""
)
_SECRET_NAME = re.compile(r"(?i)key|secret|token$|passw|authorization|credential|cookie")


def redact(text: str) -> str:
    """`text` with everything that looks like a secret replaced by `[redacted]`; idempotent."""
    text = _PRIVATE_KEY.sub(REDACTED, text)
    text = _USERINFO.sub("", text)
    text = _AUTHORIZATION.sub(rf"\1{REDACTED}", text)
    text = _KEY_SHAPES.sub(REDACTED, text)
    return _ASSIGNMENT.sub(rf"\1{REDACTED}", text)


def redact_settings(settings: JsonObject) -> JsonObject:
    """`settings` with the values of secret-sounding names and of secret-looking text replaced."""
    return {name: REDACTED if _is_secret(name, value) else _redacted(value) for name, value in settings.items()}


def _is_secret(name: str, value: JsonValue) -> bool:
    return isinstance(value, str) and _SECRET_NAME.search(name) is not None


def _redacted(value: JsonValue) -> JsonValue:
    match value:
        case str():
            return redact(value)
        case Mapping():
            return redact_settings(value)
        case Sequence():
            return [_redacted(each) for each in value]
        case _:
            return value
