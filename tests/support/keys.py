"""A key store in memory."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class KeptKeys:
    """Implements `KeyStore`."""

    kept: dict[tuple[str, str], str] = field(default_factory=dict)

    def get(self, provider, origin):
        return self.kept.get((provider, origin))

    def set(self, provider, origin, text):
        self.kept[provider, origin] = text

    def delete(self, provider, origin):
        return self.kept.pop((provider, origin), None) is not None
