"""Ollama over its native HTTP API (`/api/chat`, NDJSON).

Reading order: `provider`; then `wire` (bodies and lines), `looks` (what is asked of the server about its models),
`tokens` (what its counts mean, by version), `faults` (what its refusals mean).
"""

from parley_providers.adapters.ollama.looks import OllamaSettings
from parley_providers.adapters.ollama.provider import OllamaProvider

__all__ = ["OllamaProvider", "OllamaSettings"]
